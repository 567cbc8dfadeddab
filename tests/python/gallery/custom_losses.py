"""Losses and activations by hand that are well, and that look as if not."""

import math

import keras
from keras import ops

from gallery._case import OF_SCALARS, add, healthy
from softkeras.ops import safe_where


@healthy("signs")
def hinge_by_hand(y_true, y_pred):
    """Flat where the margin is kept: satisfied, not dead."""
    return ops.mean(ops.maximum(0.0, 1.0 - y_true * y_pred), axis=-1)


@healthy("one_hot_logits")
def max_margin(y_true, y_pred):
    """The largest wrong score against the right one: max has a gradient."""
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max(y_pred - 1e4 * y_true, axis=-1)
    return ops.relu(1.0 + wrong - right)


@healthy("real")
def epsilon_insensitive(y_true, y_pred):
    """Flat within epsilon of the target, on purpose."""
    return ops.mean(ops.relu(ops.abs(y_true - y_pred) - 0.1), axis=-1)


@healthy("pairs", infos="unused_target")
def triplet(y_true, y_pred):
    """Flat where the negative is far enough; squares, so no norm at 0."""
    anchor, positive, negative = (
        y_pred[:, :2],
        y_pred[:, 2:4],
        y_pred[:, 4:6],
    )
    near = ops.sum(ops.square(anchor - positive), axis=-1)
    far = ops.sum(ops.square(anchor - negative), axis=-1)
    return ops.relu(near - far + 1.0)


@healthy("pairs")
def contrastive_with_epsilon(y_true, y_pred):
    """A root, but never of 0."""
    a, b = ops.split(y_pred, 2, axis=-1)
    squared = ops.sum(ops.square(a - b), axis=-1, keepdims=True)
    far = ops.relu(1.0 - ops.sqrt(squared + 1e-6))
    return ops.mean(y_true * squared + (1 - y_true) * ops.square(far), axis=-1)


@healthy("vector")
def mean_of_largest(y_true, y_pred):
    """Top-k of the errors: the others have a zero gradient, as they should."""
    errors = ops.square(y_true - y_pred)
    return ops.mean(ops.top_k(errors, k=2)[0], axis=-1)


@healthy("binary_logits", infos=OF_SCALARS)
def hardest_examples(y_true, y_pred):
    """Online hard example mining: half of the rows are left out each time."""
    losses = ops.binary_crossentropy(y_true, y_pred, from_logits=True)
    return ops.mean(ops.top_k(losses[:, 0], k=3)[0])


@healthy("real")
def quantile(y_true, y_pred):
    """A kink at the target, and a different slope on each side."""
    error = y_true - y_pred
    return ops.mean(ops.maximum(0.9 * error, -0.1 * error), axis=-1)


@healthy("binary_logits", is_exact=False)
def focal_with_stopped_weight(y_true, y_pred):
    """stop_gradient on the weight alone: the loss keeps its gradient."""
    p = ops.sigmoid(y_pred)
    weight = ops.stop_gradient(ops.square(ops.abs(y_true - p)))
    loss = ops.binary_crossentropy(y_true, y_pred, from_logits=True)
    return ops.mean(weight * loss, axis=-1)


@healthy("one_hot", infos="float16")
def argmax_of_target(y_true, y_pred):
    """argmax, one_hot and cast, but of the target."""
    wanted = ops.one_hot(ops.argmax(y_true, axis=-1), 4, dtype=y_pred.dtype)
    return -ops.sum(wanted * ops.log(y_pred + 1e-7), axis=-1)


@healthy("real")
def weight_by_rounded_target(y_true, y_pred):
    """round, sign and a cast to int, of the target: they are a factor."""
    weight = (
        1
        + ops.abs(ops.round(y_true))
        + ops.cast(ops.cast(y_true > 0, "int32"), y_pred.dtype)
    )
    return ops.mean(weight * ops.square(y_true - y_pred), axis=-1)


@healthy("real")
def asymmetric(y_true, y_pred):
    """A comparison of the prediction, but only as a mask of the weights."""
    below = ops.cast(y_pred < y_true, y_pred.dtype)
    return ops.mean((1 + 9 * below) * ops.square(y_true - y_pred), axis=-1)


@healthy("real")
def huber_by_where(y_true, y_pred):
    """where of two formulas, both of which are finite everywhere."""
    error = ops.abs(y_true - y_pred)
    near = 0.5 * ops.square(error)
    return ops.mean(ops.where(error < 1.0, near, error - 0.5), axis=-1)


@healthy("real")
def relative_error_of_nonzero(y_true, y_pred):
    """where with an input that is safe in the branch that divides."""
    nonzero = y_true != 0
    divisor = ops.where(nonzero, y_true, 1.0)
    ratio = ops.abs((y_true - y_pred) / divisor)
    return ops.mean(ops.where(nonzero, ratio, ops.abs(y_pred)), axis=-1)


@healthy("binary", infos="float16")
def crossentropy_clipped_at_the_ends(y_true, y_pred):
    """Clipped, but only beyond what a sigmoid gives."""
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    likelihood = y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p)
    return -ops.mean(likelihood, axis=-1)


@healthy("binary_logits")
def smoothed_crossentropy(y_true, y_pred):
    """Label smoothing: at the target itself the loss is not 0."""
    smooth = y_true * 0.9 + 0.05
    return ops.mean(ops.softplus(y_pred) - smooth * y_pred, axis=-1)


@healthy("real")
def logcosh_stable(y_true, y_pred):
    """log-cosh without an exp that overflows."""
    x = ops.abs(y_pred - y_true)
    return ops.mean(x + ops.softplus(-2.0 * x) - math.log(2.0), axis=-1)


@healthy("one_hot_logits")
def self_adjusting_dice(y_true, y_pred):
    """A weight that the prediction itself sets, with its gradient."""
    p = ops.softmax(y_pred)
    weighted = (1 - p) * p
    overlap = ops.sum(weighted * y_true, axis=-1)
    size = ops.sum(weighted + y_true, axis=-1)
    return 1 - (2 * overlap + 1) / (size + 1)


@healthy("one_hot")
def dice_of_rows(y_true, y_pred):
    """A ratio of sums within each row, with an epsilon."""
    overlap = ops.sum(y_true * y_pred, axis=-1)
    size = ops.sum(y_true, axis=-1) + ops.sum(y_pred, axis=-1)
    return 1 - (2 * overlap + 1e-6) / (size + 1e-6)


@healthy("binary", infos=(*OF_SCALARS, "one_class_batch", "float16"))
def soft_f1(y_true, y_pred):
    """Counts of the batch without a round."""
    tp = ops.sum(y_true * y_pred)
    return 1 - (2 * tp + 1e-6) / (ops.sum(y_true) + ops.sum(y_pred) + 1e-6)


@healthy("vector", infos="float16")
def cosine_with_epsilon(y_true, y_pred):
    """Norms, with an epsilon under each root."""
    a = y_true / ops.sqrt(
        ops.sum(ops.square(y_true), axis=-1, keepdims=True) + 1e-6
    )
    b = y_pred / ops.sqrt(
        ops.sum(ops.square(y_pred), axis=-1, keepdims=True) + 1e-6
    )
    return 1 - ops.sum(a * b, axis=-1)


@healthy("one_hot_logits")
def crossentropy_by_log_softmax(y_true, y_pred):
    """Negative below no bound but 0, and no clip."""
    return -ops.sum(y_true * ops.log_softmax(y_pred), axis=-1)


@healthy("vector")
def gaussian_likelihood(y_true, y_pred):
    """Goes below 0 and has no lowest value at the target alone."""
    mean, log_variance = ops.split(y_pred, 2, axis=-1)
    wanted = y_true[:, :2]
    squared = ops.square(wanted - mean) * ops.exp(-ops.tanh(log_variance))
    return ops.mean(squared + ops.tanh(log_variance), axis=-1)


@healthy("activation", infos="straight_through")
def straight_through_round(x):
    """x + stop_gradient(round(x) - x): the gradient of x, on purpose."""
    return x + ops.stop_gradient(ops.round(x) - x)


@healthy("activation", infos="straight_through")
def straight_through_sign(x):
    """sign with the gradient of a clipped identity, as in binary nets."""
    clipped = ops.clip(x, -1.0, 1.0)
    return clipped + ops.stop_gradient(ops.sign(x) - clipped)


@healthy("activation")
def exp_ratio_by_safe_where(x):
    """Two formulas, of which neither sees what it can't take."""
    return safe_where(
        ops.abs(x) < 0.1,
        lambda x: 0.5 + x / 12,
        lambda x: ops.sigmoid(x),
        x,
        0.0,
        1.0,
    )


@healthy("activation")
def relu_by_where(x):
    """Zero below zero, as ReLU."""
    return ops.where(x > 0, x, ops.zeros_like(x))


@healthy("activation")
def saw_tooth(x):
    """floor is cut, but the rest of x goes through: the slope is 1."""
    return x - ops.floor(x)


@healthy("rows")
def scaled_by_own_maximum(x):
    """A maximum, but of each row's own."""
    return x / (1.0 + ops.max(ops.abs(x), axis=-1, keepdims=True))


class CustomError(keras.losses.Loss):
    """A loss class of (n, 1) and (n, 1), one number a row."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


add("CustomError", CustomError, "real")


@healthy("real")
def regression_to_half(y_true, y_pred):
    """Halved errors: any factor is right."""
    return 0.5 * ops.mean(ops.square(y_true - y_pred), axis=-1)
