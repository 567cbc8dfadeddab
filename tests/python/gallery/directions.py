"""Steps that lead away from the target, and gradients that are wrong."""

from keras import ops

from gallery._case import OF_SCALARS, broken

COUNTED = (*OF_SCALARS, "one_class_batch")


# https://github.com/IAmSuyogJadhav/3d-mri-brain-tumor-segmentation-using-autoencoder-regularization/issues/7
# "Shouldn't the dice coefficient loss be negative?" The minus is forgotten.
@broken("wrong_direction", form="mask", also=COUNTED)
def dice_coefficient(y_true, y_pred):
    axes = (1, 2, 3)
    overlap = ops.sum(y_true * y_pred, axis=axes)
    size = ops.sum(y_true**2, axis=axes) + ops.sum(y_pred**2, axis=axes)
    return 2 * overlap / (size + 1e-8)


# https://github.com/rstudio/keras3/issues/1271
# A Tversky loss from R that returns the index and not one minus it.
@broken("wrong_direction", also=COUNTED)
def tversky_index(y_true, y_pred, alpha=0.7):
    tp = ops.sum(y_true * y_pred)
    fn = ops.sum(y_true * (1 - y_pred))
    fp = ops.sum((1 - y_true) * y_pred)
    return (tp + 1) / (tp + alpha * fn + (1 - alpha) * fp + 1)


# https://github.com/chemprop/chemprop/pull/332
# Matthews' correlation is minimised as it is, where it is to be maximised.
@broken("wrong_direction", also=COUNTED)
def matthews_score(y_true, y_pred):
    tp, tn = ops.sum(y_true * y_pred), ops.sum((1 - y_true) * (1 - y_pred))
    fp, fn = ops.sum((1 - y_true) * y_pred), ops.sum(y_true * (1 - y_pred))
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / ops.sqrt(below + 1e-3)


# https://github.com/tensorflow/tensorflow/issues/2403
# A cross-entropy without its minus: the error runs away.
@broken("wrong_direction")
def log_likelihood(y_true, y_pred):
    p = ops.clip(y_pred, 1e-6, 1 - 1e-6)
    return ops.mean(
        y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1
    )


# https://github.com/jax-ml/jax/pull/29485
# The documented example of a custom gradient: x² with g·x, a factor short.
@broken("gradient_wrong", where="custom", form="real")
def square_with_half_gradient(y_true, y_pred):
    @ops.custom_gradient
    def square(x):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return upstream * x

        return x * x, gradient

    return ops.mean(square(y_pred - y_true), axis=-1)


# https://github.com/apache/mxnet/issues/11111
# Linear regression of one's own diverges: backward is label − output.
@broken("gradient_wrong", where="custom", form="real", also="wrong_direction")
def square_with_wrong_sign(y_true, y_pred):
    @ops.custom_gradient
    def half_square(x):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return -upstream * x

        return x * x / 2, gradient

    return ops.mean(half_square(y_pred - y_true), axis=-1)


# https://github.com/tensorflow/tensorflow/pull/41927
# What is dy in a custom gradient? Here it is left out, and with it 1/10.
@broken("gradient_wrong", where="custom", form="vector")
def log1pexp_without_upstream(y_true, y_pred):
    @ops.custom_gradient
    def log1pexp(x):
        def gradient(*args, upstream=None):
            return ops.sigmoid(x)

        return ops.softplus(x), gradient

    margin = ops.abs(y_true - y_pred)
    return 0.1 * ops.mean(log1pexp(margin), axis=-1)
