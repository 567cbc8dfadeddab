"""Gradients that are cut, zero, or zero on a part of the inputs."""

import keras
import numpy as np
from keras import ops

from gallery._case import OF_SCALARS, broken

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

EPSILON = 1e-7
# keras.ops of comparisons, and what they are called in a trace.
COMPARED = ("greater", "less", "equal", "gt", "ge", "lt", "le", "eq", "cast")
COUNTED = ("gradient_zero", *OF_SCALARS, "one_class_batch")
# JAX compiles no random numbers without a seed, and so fit() fails.
UNSEEDED = ("random", "fails")


# https://github.com/keras-team/keras/issues/4175
# K.round(y_pred) in a custom loss: "None values not supported".
@broken("gradient_none", where="round", remedy="soft_round")
def rounded_error(y_true, y_pred):
    return ops.mean(ops.square(y_true - ops.round(y_pred)), axis=-1)


# https://github.com/keras-team/keras/pull/17753
# The loss as a whole is rounded: warn the user before training.
@broken("gradient_none", where="round", remedy="soft_round", form="real")
def rounded_square(y_true, y_pred):
    return ops.round(ops.square(y_true - y_pred) * 4.0)


# https://stackoverflow.com/questions/48356029
# Precision as a loss, from R, with the round that it needs to count.
@broken("gradient_none", where="round", remedy="soft_round", also=COUNTED)
def precision_loss(y_true, y_pred):
    positive = ops.round(ops.clip(y_pred, 0, 1))
    truth = ops.round(ops.clip(y_true, 0, 1))
    tp = ops.sum(truth * positive)
    fp = ops.sum((1 - truth) * positive)
    return 1 - tp / (tp + fp + EPSILON)


# https://github.com/keras-team/keras/issues/6507
# F1 made of K.round'ed counts, for the loss and not only the metrics.
@broken("gradient_none", where="round", remedy="soft_round", also=COUNTED)
def f1_of_rounded(y_true, y_pred):
    called = ops.round(y_pred)
    tp = ops.sum(y_true * called)
    precision = tp / (ops.sum(called) + EPSILON)
    recall = tp / (ops.sum(y_true) + EPSILON)
    return 1 - 2 * precision * recall / (precision + recall + EPSILON)


# https://github.com/keras-team/keras/issues/5400
# Matthews' correlation of rounded predictions, passed on as a loss.
@broken("gradient_none", where="round", remedy="soft_round", also=COUNTED)
def matthews_of_rounded(y_true, y_pred):
    yes = ops.round(ops.clip(y_pred, 0, 1))
    no = 1 - yes
    tp, tn = ops.sum(y_true * yes), ops.sum((1 - y_true) * no)
    fp, fn = ops.sum((1 - y_true) * yes), ops.sum(y_true * no)
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return 1 - (tp * tn - fp * fn) / (ops.sqrt(below) + EPSILON)


# https://stackoverflow.com/questions/46926809
# "I need the index of the highest value and am therefore using argmax."
@broken("gradient_none", where="argmax", remedy="soft_argmax", form="one_hot")
def distance_of_classes(y_true, y_pred):
    predicted = ops.cast(ops.argmax(y_pred, axis=-1), "float32")
    wanted = ops.cast(ops.argmax(y_true, axis=-1), "float32")
    return ops.abs(wanted - predicted)


# https://github.com/tensorlayer/TensorLayer/issues/891
# Sørensen-Dice loss after the arg-max of a segmentation's logits.
@broken(
    "gradient_none",
    where=("argmax", "one_hot"),
    remedy="soft_",
    form="one_hot",
    also=OF_SCALARS,
)
def dice_of_argmax(y_true, y_pred):
    mask = ops.one_hot(ops.argmax(y_pred, axis=-1), 4)
    overlap = ops.sum(y_true * mask)
    return 1 - (2 * overlap + 1) / (ops.sum(y_true) + ops.sum(mask) + 1)


# https://github.com/keras-team/keras/issues/5537
# A Lambda layer that turns the softmax into a one-hot vector.
@broken(
    "gradient_none",
    where=("argmax", "one_hot"),
    remedy="soft_one_hot",
    form="rows",
)
def softmax_to_one_hot(x):
    return ops.one_hot(ops.argmax(ops.softmax(x), axis=-1), 4)


# https://github.com/keras-team/keras/issues/16663
# Distance of rank orders by two argsorts: "No gradients provided".
@broken("gradient_none", where=("argsort", "sort", "TopK"), form="vector")
def distance_of_ranks(y_true, y_pred):
    wanted = ops.argsort(ops.argsort(y_true))
    predicted = ops.argsort(ops.argsort(y_pred))
    return ops.sum(ops.cast(ops.abs(wanted - predicted), "float32"), axis=-1)


# https://github.com/rstudio/keras3/issues/193
# Mean directional accuracy (do the signs of the steps agree?) as a loss, in R.
@broken(
    "gradient_none",
    where=(*COMPARED, "sign"),
    remedy="soft_sign",
    form="vector",
)
def directional_accuracy(y_true, y_pred):
    up = ops.sign(y_true[:, 1:] - y_true[:, :-1])
    predicted_up = ops.sign(y_pred[:, 1:] - y_pred[:, :-1])
    return 1 - ops.mean(ops.cast(up == predicted_up, "float32"), axis=-1)


# https://github.com/tensorflow/tensorflow/issues/58614
# The share of rounded predictions that equal the labels, with count_nonzero.
@broken(
    "gradient_none",
    where=(*COMPARED, "round", "count_nonzero", "not_equal"),
    remedy="soft_round",
    also=(*COUNTED, "sum_not_mean"),
)
def share_of_mistakes(y_true, y_pred):
    wrong = ops.not_equal(ops.round(y_pred), y_true)
    return ops.cast(ops.count_nonzero(wrong), "float32") / 6.0


# https://stackoverflow.com/questions/40752801
# May a loss be piece-wise with if and else? The perceptron's unit step.
@broken("gradient_none", where=COMPARED, remedy="soft_step", form="signs")
def perceptron_step(y_true, y_pred):
    step = ops.cast(y_pred > 0, "float32")
    return ops.mean(ops.square((y_true + 1) / 2 - step), axis=-1)


# https://github.com/pytorch/pytorch/issues/2774
# Intersection over union of boxes by the grid points inside: gradient None.
@broken("gradient_none", where=COMPARED, remedy="soft_step", form="vector")
def iou_of_boxes(y_true, y_pred):
    grid = ops.convert_to_tensor(np.linspace(-2, 2, 9, dtype="float32"))

    def inside(box):
        left = ops.minimum(box[:, 0:1], box[:, 1:2])
        right = ops.maximum(box[:, 0:1], box[:, 1:2])
        return ops.cast(ops.logical_and(grid >= left, grid <= right), "float32")

    a, b = inside(y_true), inside(y_pred)
    overlap = ops.sum(a * b, axis=-1)
    return 1 - (overlap + 1) / (ops.sum(a + b - a * b, axis=-1) + 1)


# https://github.com/tensorflow/tensorflow/issues/17794
# The area under the ROC curve as an objective: cast of comparisons.
@broken(
    "gradient_none",
    where=COMPARED,
    remedy="soft_",
    also=COUNTED,
)
def auc_of_comparisons(y_true, y_pred):
    above = ops.cast(y_pred > ops.transpose(y_pred), "float32")
    pairs = y_true * ops.transpose(1 - y_true)
    return 1 - ops.sum(pairs * above) / (ops.sum(pairs) + EPSILON)


# https://github.com/snap-stanford/GEARS/issues/52
# A loss of the direction by sign: no error is raised, and nothing is learnt.
@broken("gradient_zero", where="sign", remedy="soft_sign", form="vector")
def direction_by_sign(y_true, y_pred):
    return ops.mean(ops.square(ops.sign(y_true) - ops.sign(y_pred)), axis=-1)


# https://github.com/itayhubara/BinaryNet.pytorch/issues/25
# "tensor.sign? no backward?": binary activations.
@broken("gradient_zero", where="sign", remedy="soft_sign", form="activation")
def binary_activation(x):
    return ops.sign(x)


# https://github.com/keras-team/keras/issues/7370
# How to make a step function an activation: 0, 1/2 and 1 by thresholds.
@broken(
    "gradient_none",
    where=("where", "select", *COMPARED),
    remedy="soft_staircase",
    form="activation",
)
def buy_hold_sell(x):
    high = ops.where(x > 0.66, ops.ones_like(x), 0.5 * ops.ones_like(x))
    return ops.where(x < 0.33, ops.zeros_like(x), high)


# https://github.com/keras-team/keras/issues/8526
# A quantisation layer of 32 levels by ceil.
@broken("gradient_none", where="ceil", remedy="soft_ceil", form="activation")
def quantised(x):
    return ops.ceil(x * 32.0) / 32.0


# https://github.com/tensorflow/tensorflow/issues/8625
# A threshold by floor before the mean absolute error: "No gradients".
@broken("gradient_none", where="floor", remedy="soft_floor")
def error_of_floor(y_true, y_pred):
    return ops.mean(ops.abs(y_true - ops.floor(y_pred + 0.5)), axis=-1)


# https://github.com/keras-team/keras/issues/7246
# A Lambda layer that goes through int32 and back.
@broken(
    "gradient_none",
    where=("cast", "convert"),
    remedy="soft_",
    form="activation",
)
def through_integers(x):
    return ops.cast(ops.cast(4.0 * x, "int32"), "float32") / 4.0


# https://github.com/keras-team/keras/issues/5521
# Stochastic rounding by floor(x + noise) in a custom layer.
@broken(
    "gradient_none",
    where="floor",
    remedy="soft_floor",
    form="activation",
    also=UNSEEDED,
)
def floor_sampling(x):
    return ops.floor(x + keras.random.uniform(ops.shape(x)))


# https://github.com/tensorflow/tensorflow/issues/44125
# Binarised by a random threshold: "No gradients provided".
@broken(
    "gradient_none",
    where=COMPARED,
    remedy="soft_step",
    form="activation",
    also=UNSEEDED,
)
def random_binarize(x):
    p = ops.sigmoid(x)
    return ops.cast(keras.random.uniform(ops.shape(x)) <= p, "float32")


# https://github.com/keras-team/keras/issues/13502
# stop_gradient on the way from the prediction: "None for gradient".
@broken("gradient_none", where=("stop_gradient", "StopGradient"), form="real")
def error_of_stopped(y_true, y_pred):
    fixed = ops.stop_gradient(y_pred)
    return ops.mean(ops.square(y_true - fixed), axis=-1)


# https://stackoverflow.com/questions/51257037
# Why must a loss be based on the output? A loss of a hidden layer alone.
@broken("unused_prediction", form="real", also=("unused_target", *OF_SCALARS))
def loss_of_hidden_layer(y_true, y_pred):
    hidden = ops.convert_to_tensor(np.ones((6, 2), "float32"))
    return ops.sum(hidden)


# https://github.com/rstudio/keras3/issues/257
# k_mean(y_true) as a loss, in R: "None values not supported".
@broken("unused_prediction", form="real")
def mean_of_target(y_true, y_pred):
    return ops.mean(y_true, axis=-1)


# https://github.com/keras-team/keras/issues/12443
# "No use for y_true" in the guide's mean_pred.
@broken("unused_target", form="real", also="wrong_direction")
def mean_pred(y_true, y_pred):
    return ops.mean(y_pred, axis=-1)


# https://github.com/tensorflow/tensorflow/issues/35713
# Spearman's correlation by a NumPy function of the ranks: no gradient.
@broken(
    "gradient_none",
    where=("numpy_function", "PyFunc"),
    remedy="score_function_loss",
    form="vector",
    backends="tensorflow",
    also="fails",
)
def spearman_by_numpy(y_true, y_pred):
    def ranks(x):
        return np.argsort(np.argsort(x)).astype("float32")

    wanted = tf.numpy_function(ranks, [y_true], tf.float32)
    predicted = tf.numpy_function(ranks, [y_pred], tf.float32)
    return tf.reduce_mean(tf.square(wanted - predicted), axis=-1)


# https://github.com/tensorflow/tensorflow/issues/1095
# How to have a gradient of a Python function: here py_function gives zeros.
@broken(
    "gradient_zero",
    where=("py_function", "PyFunc"),
    remedy="score_function_loss",
    form="vector",
    backends="tensorflow",
    also=("fails", "gradient_none"),
)
def error_by_py_function(y_true, y_pred):
    def error(a, b):
        return np.abs(a.numpy() - b.numpy()).mean(-1)

    value = tf.py_function(error, [y_true, y_pred], tf.float32)
    return tf.reshape(value, [-1])


# https://github.com/tensorflow/tensorflow/issues/17735
# The prediction is put into a variable, and assign has no gradient.
@broken(
    "gradient_none",
    where=("Variable", "assign"),
    form="real",
    backends="tensorflow",
    also="fails",
)
def error_of_variable(y_true, y_pred):
    kept = tf.Variable(tf.zeros_like(y_pred))
    kept.assign(y_pred)
    return tf.reduce_mean(tf.square(y_true - kept), axis=-1)


# https://github.com/keras-team/keras/issues/3687
# All predictions are zero: a ReLU on the output, with squared errors.
@broken(
    "gradient_partly_zero",
    where="relu",
    form="positive",
    show=lambda: (
        np.full((4, 1), 2.0, "float32"),
        np.array([[-2], [-0.5], [0.5], [1]], "float32"),
    ),
)
def error_of_relu(y_true, y_pred):
    return ops.mean(ops.square(y_true - ops.relu(y_pred)), axis=-1)


# https://stackoverflow.com/questions/48356029
# The same question's way out: a ramp that is centred at 0 and not at 1/2, so
# that it is 1, and flat, from p = 1/16 on.
@broken(
    "gradient_partly_zero",
    where=("clip", "minimum", "maximum"),
    remedy="soft_round",
    also=COUNTED,
    show=lambda: (
        np.array([[1], [0], [1], [0]], "float32"),
        np.array([[0.01], [0.02], [0.4], [0.9]], "float32"),
    ),
)
def precision_by_wrong_ramp(y_true, y_pred):
    called = ops.maximum(0.0, ops.minimum(1.0, (y_pred + 0.0625) / 0.125))
    tp = ops.sum(y_true * called)
    return 1 - tp / (tp + ops.sum((1 - y_true) * called) + EPSILON)


# https://github.com/tensorflow/tensorflow/issues/89110
# "safe" sigmoid: logits clipped, and no gradient where they are most wrong.
@broken(
    "gradient_partly_zero",
    where="clip",
    form="binary_logits",
    show=lambda: (
        np.array([[1], [0], [1], [0]], "float32"),
        np.array([[-20], [30], [1], [-1]], "float32"),
    ),
)
def crossentropy_of_clipped(y_true, y_pred):
    p = ops.sigmoid(ops.clip(y_pred, -10, 10))
    likelihood = y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p)
    return -ops.mean(likelihood, axis=-1)
