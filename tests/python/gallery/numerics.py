"""Values and gradients that are not finite, and what float16 can't hold."""

import numpy as np
from keras import ops

from gallery._case import OF_SCALARS, broken


def _arrays(*rows):
    return tuple(np.array(x, "float32") for x in rows)


def _perfect():
    """A prediction that is right to the last bit, and one that is not."""
    return _arrays([[1, 2], [0.5, -1]], [[1, 2], [0, -1]])


# https://github.com/keras-team/keras/issues/6644
# A custom RMSE becomes nan after some iterations: sqrt at 0.
@broken("gradient_not_finite", where="sqrt", form="vector", show=_perfect)
def root_mean_squared_error(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_pred - y_true), axis=-1))


# https://github.com/keras-team/keras/issues/9097
# nan in a Siamese network when its two inputs are the same: Euclidean distance.
@broken(
    "gradient_not_finite",
    where="sqrt",
    form="pairs",
    given=True,
    show=lambda: _arrays([[0], [1]], [[1, 2, 1, 2], [1, 2, 3, 4]]),
)
def contrastive_loss(y_true, y_pred):
    a, b = ops.split(y_pred, 2, axis=-1)
    distance = ops.sqrt(ops.sum(ops.square(a - b), axis=-1, keepdims=True))
    apart = ops.square(ops.maximum(1.0 - distance, 0.0))
    return ops.mean(
        y_true * ops.square(distance) + (1 - y_true) * apart, axis=-1
    )


# https://github.com/tensorflow/tensorflow/issues/30199
# Triplet loss: one positive like its anchor makes the whole gradient nan.
@broken(
    "gradient_not_finite",
    where=("norm", "sqrt"),
    form="pairs",
    given=True,
    also="unused_target",
    show=lambda: _arrays([[0]], [[1, 2, 1, 2, 1, 2.5, 0, 0]]),
    backends=("tensorflow", "jax"),  # 0 on torch
)
def triplet_of_norms(y_true, y_pred):
    anchor, positive, negative = (
        y_pred[:, :2],
        y_pred[:, 2:4],
        y_pred[:, 4:6],
    )
    near = ops.norm(anchor - positive, axis=-1)
    far = ops.norm(anchor - negative, axis=-1)
    return ops.maximum(near - far + 1.0, 0.0)


# https://github.com/tensorflow/tensorflow/issues/12071
# The gradient of a norm is nan at 0; here rows are scaled to length one.
@broken(
    "value_not_finite",
    where=("divide", "div"),
    form="rows",
    also="gradient_not_finite",
    show=lambda: _arrays([[0, 0, 0], [3, 4, 0]]),
)
def unit_length(x):
    return x / ops.norm(x, axis=-1, keepdims=True)


# https://github.com/tensorflow/tensorflow/issues/20355
# An activation of two formulas in tf.where: nan from the one not chosen.
@broken(
    "gradient_not_finite",
    where=("where", "select", "log", "div"),
    remedy="safe_where",
    form="activation",
    show=lambda: _arrays([[1, -1, 0.5, 3]]),
)
def transfer(x):
    return ops.where(x < 0, 1 / (1 - x) - 1, ops.log(x + 1))


# https://github.com/tensorflow/tensorflow/issues/20091
# A division by zero in the branch of tf.where that is not used.
@broken(
    "gradient_not_finite",
    where=("where", "select", "div"),
    remedy="safe_where",
    form="real",
    show=lambda: _arrays([[0], [2]], [[1], [1]]),
)
def relative_error(y_true, y_pred):
    ratio = ops.abs((y_true - y_pred) / y_true)
    return ops.mean(ops.where(y_true == 0, 0.0, ratio), axis=-1)


# https://github.com/jax-ml/jax/issues/347
# np.where behind a square root: nan for rows of zeros (TensorFlow has a sqrt
# whose gradient is 0 where nothing comes from above).
@broken(
    "gradient_not_finite",
    where=("where", "select", "sqrt"),
    remedy="safe_where",
    form="rows",
    backends=("jax", "torch"),
    show=lambda: _arrays([[1, 2], [3, 4], [0, 0]]),
)
def length_or_one(x):
    length = ops.sqrt(ops.sum(ops.square(x), axis=-1))
    return ops.where(length > 0.5, length, ops.ones_like(length))


# https://stackoverflow.com/questions/79042404
# 1/(1 - exp(-x)) - 1/x with f(0) = 1/2 by tf.where: nan after 30 epochs.
@broken(
    "gradient_not_finite",
    where=("where", "select", "div", "exp"),
    remedy="exp_ratio",
    form="activation",
    show=lambda: _arrays([[0, -200, 1, 5]]),
)
def mean_of_exponential(x):
    formula = 1 / (1 - ops.exp(-x)) - 1 / x
    return ops.where(ops.abs(x) < 0.1, 0.5 + x / 12, formula)


# https://github.com/aymericdamien/TensorFlow-Examples/issues/383
# Cross-entropy written out: nan once a softmax output is exactly 0.
@broken(
    "value_not_finite",
    where="log",
    form="one_hot",
    also="gradient_not_finite",
    show=lambda: _arrays([[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0.2, 0.5, 0.3]]),
)
def crossentropy_by_hand(y_true, y_pred):
    return -ops.sum(y_true * ops.log(y_pred), axis=-1)


# https://github.com/keras-team/keras/issues/8993
# y_pred and y_true the wrong way round; by hand it is log(0) at once.
@broken(
    "value_not_finite",
    where="log",
    form="one_hot",
    also="gradient_not_finite",
)
def crossentropy_reversed(y_true, y_pred):
    smooth = -ops.mean(ops.log(y_pred + 1e-7), axis=-1)
    return -0.9 * ops.sum(y_pred * ops.log(y_true), axis=-1) + 0.1 * smooth


# https://github.com/mkocabas/focal-loss-keras/issues/17
# Focal loss without an epsilon: nan for confident predictions.
@broken(
    "value_not_finite",
    where="log",
    also="gradient_not_finite",
    show=lambda: _arrays([[1], [0], [1]], [[0], [0], [0.7]]),
)
def focal_without_epsilon(y_true, y_pred):
    one = y_true * ops.square(1 - y_pred) * ops.log(y_pred)
    zero = (1 - y_true) * ops.square(y_pred) * ops.log(1 - y_pred)
    return -ops.mean(one + zero, axis=-1)


# https://github.com/kornia/kornia/issues/918
# Focal loss with gamma < 1: the value has its epsilon, the power has not.
@broken(
    "gradient_not_finite",
    where="pow",
    # XLA computes 1 - p + 1e-8 as (1 + 1e-8) - p, which is 0 at p = 1.
    also="value_not_finite",
    show=lambda: _arrays([[1], [0], [1]], [[1], [0], [0.7]]),
)
def focal_with_small_gamma(y_true, y_pred):
    one = y_true * ops.power(1 - y_pred, 0.5) * ops.log(y_pred + 1e-8)
    zero = (1 - y_true) * ops.power(y_pred, 0.5) * ops.log(1 - y_pred + 1e-8)
    return -ops.mean(one + zero, axis=-1)


# https://github.com/netrack/keras-metrics/issues/14
# F1 becomes nan: neither precision nor recall has an epsilon.
@broken(
    "value_not_finite",
    where=("divide", "div"),
    also=("gradient_not_finite", "one_class_batch", *OF_SCALARS),
    show=lambda: _arrays([[1], [0], [1]], [[0], [0], [0]]),
)
def f1_without_epsilon(y_true, y_pred):
    tp = ops.sum(y_true * y_pred)
    precision = tp / ops.sum(y_pred)
    recall = tp / ops.sum(y_true)
    return 1 - 2 * precision * recall / (precision + recall)


# https://github.com/tracel-ai/burn/issues/5373
# softplus as log(1 + exp(x)): inf for large inputs, and nan gradients.
@broken(
    "value_not_finite",
    where="exp",
    remedy="softplus",
    form="activation",
    also="gradient_not_finite",
    show=lambda: _arrays([[200, 1, -200]]),
)
def softplus_by_hand(x):
    return ops.log(1 + ops.exp(x))


# https://github.com/psychopa4/PFNL/issues/9
# softmax by hand, exp over its sum, goes to inf and then nan in training.
@broken(
    "value_not_finite",
    where="exp",
    remedy="softmax",
    form="rows",
    also="gradient_not_finite",
    show=lambda: _arrays([[300, 1, 2], [1, 2, 3]]),
)
def softmax_by_hand(x):
    f = ops.exp(x)
    return f / ops.sum(f, axis=-1, keepdims=True)


# https://github.com/keras-team/keras/pull/8524
# Keras's own logcosh once: log of (exp(x) + exp(-x))/2.
@broken(
    "value_not_finite",
    where="exp",
    remedy="log_cosh",
    form="real",
    also="gradient_not_finite",
    show=lambda: _arrays([[0], [1]], [[300], [1.5]]),
)
def logcosh_by_hand(y_true, y_pred):
    x = y_pred - y_true
    return ops.mean(ops.log((ops.exp(x) + ops.exp(-x)) / 2), axis=-1)


# https://github.com/pytorch/pytorch/issues/8069
# nan by acos(): the angle between unit vectors, where they agree.
@broken(
    "gradient_not_finite",
    where=("arccos", "acos"),
    form="vector",
    given=True,
    show=lambda: _arrays([[1, 0], [0, 1]], [[1, 0], [0.6, 0.8]]),
    also=("gradient_partly_zero",),
)
def angle(y_true, y_pred):
    cosine = ops.sum(y_true * y_pred, axis=-1)
    return ops.arccos(ops.clip(cosine, -1.0, 1.0))


# https://github.com/NVIDIA-Genomics-Research/AtacWorks/pull/104
# nan from a Pearson correlation as a loss: a constant prediction.
@broken(
    "value_not_finite",
    where=("divide", "div"),
    form="vector",
    also="gradient_not_finite",
    show=lambda: _arrays([[1, 2, 3], [0, 1, 0]], [[0.5, 0.5, 0.5], [1, 2, 0]]),
)
def pearson(y_true, y_pred):
    x = y_true - ops.mean(y_true, axis=-1, keepdims=True)
    y = y_pred - ops.mean(y_pred, axis=-1, keepdims=True)
    below = ops.sqrt(ops.sum(x * x, axis=-1) * ops.sum(y * y, axis=-1))
    return 1 - ops.sum(x * y, axis=-1) / below


# https://github.com/keras-team/keras/issues/2960
# K.std is the root of a variance: no finite gradient for a constant row.
@broken(
    "gradient_not_finite",
    where=("std", "sqrt"),
    form="vector",
    show=lambda: _arrays([[1, 2], [0, 1]], [[0.5, 0.5], [1, 3]]),
    backends=("tensorflow", "jax"),  # 0 on torch
)
def difference_of_spread(y_true, y_pred):
    spread = ops.std(y_true, axis=-1) - ops.std(y_pred, axis=-1)
    return ops.abs(spread) + ops.mean(ops.abs(y_true - y_pred), axis=-1)


# https://github.com/dmlc/xgboost/issues/7586
# The percentage error is nan for a target of 0 that is met, else inf.
@broken(
    "value_not_finite",
    where=("divide", "div"),
    form="real",
    also="gradient_not_finite",
    show=lambda: _arrays([[0], [2]], [[0], [1]]),
)
def percentage_error(y_true, y_pred):
    return 100 * ops.mean(ops.abs((y_true - y_pred) / y_true), axis=-1)


# https://github.com/keras-team/keras/issues/13203
# K.sqrt behind a ReLU: the loss is nan on the CPU, and right on the GPU. Other
# backends choose 0 in ReLU's gradient, where TensorFlow multiplies by it.
@broken(
    "gradient_not_finite",
    where=("sqrt", "pow"),
    form="activation",
    backends="tensorflow",
    show=lambda: _arrays([[0, -1, 4]]),
)
def root_of_relu(x):
    return ops.sqrt(ops.relu(x))


# https://github.com/liupei101/TFDeepSurv/issues/15
# The loss is divided by the number of events: nan for a batch without one.
@broken(
    "one_class_batch",
    where=("divide", "div"),
    also=("value_not_finite", "gradient_not_finite", *OF_SCALARS),
    show=lambda: _arrays([[0], [0], [0]], [[0.2], [0.4], [0.6]]),
)
def mean_over_events(y_true, y_pred):
    of_events = y_true * ops.square(1 - y_pred)
    others = (1 - y_true) * ops.square(y_pred)
    return ops.sum(of_events) / ops.sum(y_true) + ops.mean(others)


# https://github.com/lisa-lab/DeepLearningTutorials/pull/86
# An epsilon of 1e-8 is 0 in float16, so the logarithm is not protected.
@broken(
    "float16",
    where="log",
    show=lambda: _arrays([[1], [0], [1]], [[0], [1], [0.7]]),
)
def crossentropy_with_tiny_epsilon(y_true, y_pred):
    p = ops.clip(y_pred, 1e-8, 1.0)
    q = ops.clip(1 - y_pred, 1e-8, 1.0)
    likelihood = y_true * ops.log(p) + (1 - y_true) * ops.log(q)
    return -ops.mean(likelihood, axis=-1)


# https://github.com/qubvel-org/segmentation_models.pytorch/issues/463
# Dice of an image in float16: the sum of its pixels is beyond 65504.
@broken(
    "float16",
    where=("sum", "div"),
    given=True,
    also=OF_SCALARS,
    show=lambda: (
        np.ones((1, 70000), "float32"),
        np.full((1, 70000), 0.99, "float32"),
    ),
)
def dice_of_pixels(y_true, y_pred):
    overlap = ops.sum(y_true * y_pred)
    return 1 - (2 * overlap + 1) / (ops.sum(y_true) + ops.sum(y_pred) + 1)
