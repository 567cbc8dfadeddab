"""Shapes, axes, rows that mix, sums, weights and masks."""

import keras
import numpy as np
from keras import ops

from gallery._case import OF_SCALARS, broken
from softkeras._backend import set_keras_mask


# https://github.com/keras-team/keras/issues/8813
# Pairs of examples by a reshape in the loss: half as many losses as rows.
@broken("wrong_shape", where="reshape", form="signs", also="mixes_samples")
def loss_of_pairs(y_true, y_pred):
    wanted = ops.softmax(ops.reshape(y_true, (-1, 2)))
    logits = ops.reshape(y_pred, (-1, 2))
    return ops.categorical_crossentropy(wanted, logits, from_logits=True)


# https://github.com/keras-team/keras/issues/10408
# Euclidean distance with axis=0: [5] against [32]; with -1 it works.
@broken(
    "wrong_axis",
    where=("sum", "axis"),
    form="vector",
    also=(
        "gradient_not_finite",
        "mixes_samples",
        "batch_not_mean",
        "sum_not_mean",
    ),
)
def distance_over_batch(y_true, y_pred):
    return ops.sqrt(ops.sum(ops.square(y_pred - y_true), axis=0))


# https://github.com/keras-team/keras/issues/19732
# Squares summed over axis 0, to be divided by a batch size that is None.
@broken(
    "wrong_axis",
    where=("sum", "axis"),
    form="vector",
    also=("sum_not_mean", "mixes_samples", "batch_not_mean"),
)
def squares_over_batch(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred), axis=0)


class SquaredError(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


# https://github.com/tensorflow/tensorflow/issues/37770
# MSE of [128] and [128, 1] differs from that of equal shapes.
@broken(
    "broadcasts",
    form="flat",
    given=True,
    is_maker=True,
    also=("mixes_samples", "batch_not_mean", "sample_weight_ignored"),
)
def squared_error_of_flat_targets():
    return SquaredError()


# https://github.com/mahmoodlab/PathomicFusion/pull/9
# Cox's loss: the risks are flat, the censoring is a column.
@broken(
    "broadcasts",
    form="survival",
    given=True,
    also=OF_SCALARS,
    # JAX's trace writes an axis that is added as one that was asked for.
    backends=("tensorflow", "torch"),
)
def cox_of_flat_events(y_true, y_pred):
    risk = y_pred[:, 0]
    # As in the question: events of shape (n, 1), risks of shape (n,).
    events = ops.expand_dims(ops.reshape(y_true, (-1,)), -1)
    total = ops.logsumexp(risk)
    return -ops.mean((risk - total) * events)


# https://github.com/DeepReinforcementLearning/DeepReinforcementLearningInAction/issues/32
# Softmax(dim=0) is right for one state and wrong for a batch of them.
@broken("mixes_samples", where="softmax", form="rows")
def softmax_over_batch(x):
    return ops.softmax(x, axis=0)


# https://github.com/tensorflow/tensorflow/issues/48647
# "Softmax layer unexpected behaviour for axis=0".
@broken("mixes_samples", where="softmax", form="rows", is_maker=True)
def softmax_layer_over_batch():
    return keras.layers.Softmax(axis=0)


# https://github.com/tomdbar/eco-dqn/issues/9
# Divided by the maximum of the whole batch, where each has its own.
@broken(
    "mixes_samples",
    where="max",
    form="positive",
    also=("wrong_direction", "value_not_finite"),
)
def error_relative_to_batch(y_true, y_pred):
    scale = ops.max(y_pred)
    return ops.mean(ops.square(y_true - y_pred) / scale, axis=-1)


# https://github.com/keras-team/keras/issues/8921
# A penalty of the largest sum over the batch is added to every row's loss.
@broken(
    "mixes_samples",
    where=("max", "sum"),
    form="one_hot_logits",
)
def crossentropy_and_batch_penalty(y_true, y_pred):
    own = ops.categorical_crossentropy(y_true, y_pred, from_logits=True)
    return own + 0.01 * ops.max(ops.sum(ops.abs(y_pred), axis=0))


# https://github.com/umbertogriffo/focal-loss-keras/issues/5
# "Different batchsize, different loss value": K.sum for K.mean.
@broken("sum_not_mean", where="sum", remedy="mean", also=OF_SCALARS)
def focal_sum(y_true, y_pred):
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    one = y_true * ops.square(1 - p) * ops.log(p)
    zero = (1 - y_true) * ops.square(p) * ops.log(1 - p)
    return -ops.sum(0.25 * one + 0.75 * zero)


def _weighted():
    y_true = np.array([[1], [2], [3], [4]], "float32")
    y_pred = np.array([[1.5], [2], [5], [3]], "float32")
    return y_true, y_pred, np.array([1, 1, 0, 1], "float32")


class ZeroMeanR2(keras.losses.Loss):
    def call(self, y_true, y_pred):
        total = ops.sum(ops.square(y_true)) + 1e-6
        return ops.sum(ops.square(y_true - y_pred)) / total


# https://github.com/tensorflow/tensorflow/issues/85174
# Sample weights do not come into a custom R² loss.
@broken(
    "sample_weight_ignored",
    form="real",
    show=_weighted,
    given=True,
    is_maker=True,
    also=(*OF_SCALARS, "one_class_batch"),
)
def r2_of_weighted_rows():
    return ZeroMeanR2()


def _masked():
    """Two sequences, the second of which has one step, by its Keras mask."""
    y_true = np.zeros((2, 3, 1), "float32")
    y_pred = np.array([[[1], [2], [3]], [[1], [50], [50]]], "float32")
    y_pred = ops.convert_to_tensor(y_pred)
    set_keras_mask(
        y_pred, ops.convert_to_tensor([[True] * 3, [True, False, False]])
    )
    return y_true, y_pred


class MeanOverSteps(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))


# https://github.com/keras-team/keras/issues/8342
# How to mask padded steps in a loss of one's own: the mean is over them all.
@broken(
    "mask_ignored",
    form="sequence",
    show=_masked,
    given=True,
    is_maker=True,
    also=OF_SCALARS,
)
def mean_over_padding():
    return MeanOverSteps()
