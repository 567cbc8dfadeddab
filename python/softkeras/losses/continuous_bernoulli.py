"""The loss for targets that are proportions: the continuous Bernoulli."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _backend, _checks, _replicas
from softkeras._gradients import differentiable, widen
from softkeras._ops import ops
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses._batch_loss import gather_rows
from softkeras.losses._named import register
from softkeras.losses.weighted_sum import Arithmetic
from softkeras.ops.exp_ratio import log_exprel_below

__all__ = ["ContinuousBernoulli", "continuous_bernoulli"]

# As in softkeras.steps: stands in for λ(1 - λ), and for λ and 1 - λ, where
# those are smaller.
TINY = 1e-30


@differentiable
def _log_odds(p):
    """log(p/(1 - p)), relatively exact also next to p = ½.

    It is ±log(1 + |2p - 1|/min(p, 1 - p)), in which 2p - 1 has no rounding
    error next to ½ and 1 - p none above.
    """
    no = 1 - p
    excess = ops.abs(2 * p - 1) / ops.maximum(ops.minimum(p, no), TINY)
    size = ops.log1p(excess)
    return (
        ops.where(p < 0.5, -size, size),
        lambda g: g / ops.maximum(p * no, TINY),
    )


@register
def continuous_bernoulli(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = True
) -> Tensor:
    """Negative log-likelihood of proportions: the continuous Bernoulli.

    For targets anywhere in [0, 1] (proportions, soft labels, grey pixels),
    where binary cross-entropy is the negative logarithm of something that is
    no density.

    Formula: -log p(y), where p(y) = C(λ)·λ^y·(1 - λ)^(1 - y) on 0 <= y <= 1
    with C(λ) = 2·artanh(1 - 2λ)/(1 - 2λ), and C(½) = 2; averaged over the last
    axis. In the logit x = log(λ/(1 - λ)) it is log((e^x - 1)/x) - y·x, which
    is what is computed, for x > 0 as (1 - y)·x + log((1 - e^-x)/x), in which
    nothing cancels. As the logarithm of a density it is 0 at x = 0, and below
    0 where the density is above 1.

    Gradient: with respect to x it is exp_ratio(x) - y, in which exp_ratio(x) =
    1/(1 - e^-x) - 1/x is the mean of the distribution; with respect to λ that
    divided by λ(1 - λ), which counts as at least 1e-30. With respect to y it
    is -x.

    Args:
        y_true: Targets from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together.
        y_pred: Logits x, any floats, or with `from_logits=False` the λ, from 0
            to 1: λ is not the mean, which is exp_ratio of the logit of λ. Where
            λ is 0 or 1 it counts as 1e-30 next to it.
        from_logits: Whether `y_pred` holds logits.

    Returns:
        The losses, of the shape of `y_pred` without its last axis; float32 if
        that is narrower.

    Raises:
        ValueError: for ragged tensors, shapes that do not match, predictions
            that are not floats, targets outside [0, 1], or with
            `from_logits=False` predictions outside [0, 1]; the message says
            what came and what is allowed. (In a graph that XLA or another
            backend compiles, values can't be looked at: there the loss is NaN
            instead.)

    Reference: Loaiza-Ganem & Cunningham, The continuous Bernoulli: fixing a
    pervasive error in variational autoencoders, 2019,
    https://arxiv.org/abs/1907.06845.

    Example:

    >>> from softkeras.losses import continuous_bernoulli
    >>> y_true, y_pred = [[0.1, 0.5, 0.9]], [[-7.0, 0.0, 12.0]]
    >>> [round(float(v), 4) for v in continuous_bernoulli(y_true, y_pred)]
    [-0.8439]
    """
    if _backend.is_ragged(y_true) or _backend.is_ragged(y_pred):
        raise ValueError(
            "`continuous_bernoulli` does not take ragged tensors, because a "
            "mean over rows of different lengths can be meant in two ways. "
            "Received: a ragged `y_true` or `y_pred`. Use y_true.flat_values "
            "and y_pred.flat_values for the mean over all elements."
        )
    y_pred = widen(_checks.floating("y_pred", y_pred))
    y_true = _checks.labels(y_true, y_pred)
    fine = [_checks.within("y_true", y_true, 0, 1, "targets from 0 to 1")]
    x = y_pred
    if not from_logits:
        fine.append(
            _checks.within(
                "y_pred",
                y_pred,
                0,
                1,
                "probabilities from 0 to 1, with from_logits=False",
            )
        )
        x = _log_odds(y_pred)
    # For x >= 0 this is (1 - y)·x + log_exprel(x) - x.
    loss = x * ops.where(x < 0, -y_true, 1 - y_true) + log_exprel_below(x)
    for each in fine:
        if each is not None:
            loss = ops.where(each, loss, float("nan"))
    return ops.mean(loss, axis=-1)


@register
class ContinuousBernoulli(Arithmetic, keras.losses.Loss):
    """Negative log-likelihood of proportions, as a Keras loss.

    Formula: log((e^x - 1)/x) - y·x for the logit x and the target y, averaged
    over the last axis; the negative logarithm of the density
    C(λ)·λ^y·(1 - λ)^(1 - y), x = log(λ/(1 - λ)), of the continuous Bernoulli
    distribution. See `continuous_bernoulli`.

    Gradient: exp_ratio(x) - y, with exp_ratio(x) = 1/(1 - e^-x) - 1/x the mean
    of the distribution.

    Args:
        from_logits: Whether `y_pred` holds logits (the default) or the λ, from
            0 to 1.
        reduction: `"sum_over_batch_size"` for the mean over samples,
            `"sum"`, `"mean"`, `"mean_with_sample_weight"`, or `"none"` for one
            loss a sample, as in Keras.
        name: Name of the loss.
        dtype: Dtype that is computed in. Default: Keras's floatx.

    Call arguments: `y_true`, `y_pred` as in `continuous_bernoulli`, and
    `sample_weight`, one weight a sample.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        ValueError: as `continuous_bernoulli` does.

    Reference: Loaiza-Ganem & Cunningham, The continuous Bernoulli: fixing a
    pervasive error in variational autoencoders, 2019,
    https://arxiv.org/abs/1907.06845.

    Example:

    >>> import keras
    >>> from softkeras.losses import ContinuousBernoulli
    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile(optimizer="adam", loss=ContinuousBernoulli())
    >>> y_true, y_pred = [[0.1, 0.5, 0.9]], [[-7.0, 0.0, 12.0]]
    >>> round(float(ContinuousBernoulli()(y_true, y_pred)), 4)
    -0.8439
    """

    def __init__(
        self,
        from_logits: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "continuous_bernoulli",
        dtype: DTypeLike = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = _checks.boolean("from_logits", from_logits)

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        if _replicas.count() == 1 or self.reduction in (None, "none"):
            return super().__call__(y_true, y_pred, sample_weight)
        # Keras would take the mean of the replicas' means, which is another
        # number where they have different numbers of rows.
        mask = _backend.get_keras_mask(y_pred)
        y_pred = ops.cast(_checks.floating("y_pred", y_pred), self.dtype)
        y_true, y_pred, sample_weight, mask = gather_rows(
            y_true, y_pred, sample_weight, mask
        )
        if mask is not None:
            _backend.set_keras_mask(y_pred, mask)
        loss = super().__call__(y_true, y_pred, sample_weight)
        # Keras has divided means, but neither sums nor what had one axis only.
        whole = self.reduction == "sum" or len(y_pred.shape) == 1
        return _replicas.share(loss) if whole else loss

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return continuous_bernoulli(y_true, y_pred, self.from_logits)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dtype": self.dtype,
            "from_logits": self.from_logits,
        }
