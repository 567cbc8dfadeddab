"""What runs eagerly and fails in fit(), or gives another number there."""

import keras
import numpy as np
from keras import ops

from gallery._case import OF_SCALARS, broken

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


# https://github.com/keras-team/keras/issues/8508
# `if c3 == 0: return 0` in an F1 of the batch.
@broken(
    "fails",
    where=("if", "bool"),
    mode="graph",
    backends=("tensorflow", "jax"),
    also=("gradient_zero", "one_class_batch", *OF_SCALARS),
)
def f1_with_if(y_true, y_pred):
    tp = ops.sum(y_true * y_pred)
    actual = ops.sum(y_true)
    if actual == 0:
        return 0.0 * tp
    return 1 - 2 * tp / (actual + ops.sum(y_pred))


# https://github.com/keras-team/keras/issues/2994
# A Dice loss that asks `if sum:` of a tensor made of the prediction.
@broken(
    "fails",
    where=("if", "bool"),
    mode="graph",
    backends=("tensorflow", "jax"),
    also=("gradient_zero", "one_class_batch", *OF_SCALARS),
)
def dice_with_if(y_true, y_pred):
    size = ops.sum(y_true) + ops.sum(y_pred)
    if size > 0:
        return 1 - 2 * ops.sum(y_true * y_pred) / size
    return size


# https://github.com/tensorflow/tensorflow/issues/40508
# err.numpy() in the loss: 'Tensor' object has no attribute 'numpy'.
@broken(
    "fails",
    where="numpy",
    mode="graph",
    form="real",
    backends="tensorflow",
)
def error_that_is_looked_at(y_true, y_pred):
    error = y_true - y_pred
    assert error.numpy().ndim == 2
    return tf.reduce_mean(tf.square(error), axis=-1)


# https://github.com/keras-team/keras/issues/12057
# y_pred.numpy() goes to an external program, and its result is added.
@broken(
    "fails",
    where="numpy",
    mode="graph",
    form="real",
    backends="tensorflow",
    also=("mixes_samples",),
)
def error_and_external_score(y_true, y_pred):
    outside = float(np.abs(y_pred.numpy()).max())
    return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1) + outside


# https://github.com/keras-team/keras/issues/4781
# np.log of a tensor in a custom loss.
@broken(
    "fails",
    where=("numpy", "np.log", "array"),
    mode="graph",
    form="one_hot",
    backends=("tensorflow", "jax"),
    also="gradient_none",
)
def crossentropy_by_numpy(y_true, y_pred):
    likelihood = np.log(y_pred + 1e-7)
    return -ops.sum(y_true * likelihood, axis=-1)


# https://github.com/tensorflow/tensorflow/issues/30190
# A loop over the rows that collects float(loss): the gradient is None.
@broken(
    "fails",
    where="float",
    mode="graph",
    form="real",
    backends=("tensorflow", "jax"),
    also=("gradient_none", *OF_SCALARS),
)
def mean_of_floats(y_true, y_pred):
    rows = ops.mean(ops.square(y_true - y_pred), axis=-1)
    losses = [float(rows[i]) for i in range(len(rows))]
    return ops.convert_to_tensor(sum(losses) / len(losses), "float32")


# https://github.com/keras-team/keras/issues/15956
# Works for some batch sizes only: shape[0] is None while fit() traces.
@broken(
    "fails",
    where=("shape", "None"),
    mode="unknown_batch",
    form="vector",
    backends="tensorflow",
)
def explained_variance(y_true, y_pred):
    mean = tf.reshape(tf.reduce_mean(y_pred, axis=1), (y_pred.shape[0], 1))
    error = tf.reduce_sum(tf.square(y_pred - y_true), axis=1)
    spread = tf.reduce_sum(tf.square(y_pred - mean), axis=1)
    return error / (spread + 1.0)


# https://github.com/jax-ml/jax/issues/38097
# XLA makes x of log(exp(x)): finite there, inf or nan without it.
@broken(
    "modes_differ",
    where=("exp", "log"),
    form="activation",
    backends=("tensorflow", "jax"),
    also=("value_not_finite", "gradient_not_finite", "gradient_partly_zero"),
    show=lambda: (np.array([[100, 1, 2]], "float32"),),
)
def log_of_exp(x):
    return ops.log(ops.exp(x))
