"""Losses of groups of items in order: NDCG and precision at k."""

from __future__ import annotations

import math
from typing import Any

from softkeras import _checks
from softkeras._ops import ops
from softkeras._pairs import (
    Comparison,
    above,
    at_or_above,
    top_share,
    weight_above,
)
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.counts import LARGEST
from softkeras.losses._empty import is_empty, no_losses
from softkeras.losses._groups import read_groups
from softkeras.losses._named import register
from softkeras.losses._ranking_loss import (
    EMPTY_ARGUMENT,
    LOSS_ARGUMENTS,
    STEP_ARGUMENTS,
    RankingLoss,
    count,
    documented,
)
from softkeras.scores import averaging
from softkeras.steps import StepLike

__all__ = [
    "SoftNDCG",
    "SoftPrecisionAtK",
    "soft_ndcg",
    "soft_precision_at_k",
]

GAINS = ("linear", "exponential")

_documented = documented(
    scores="""\
        y_pred: Scores of items, the higher the better: floats of shape
            (groups, items) or (groups, items, 1); probabilities, or with
            `from_logits` any numbers.
        sample_weight: Weights >= 0: of shape (groups,) or (groups, 1) those of
            groups in the mean; of shape (groups, items) those of items in the
            sums of their group, while ranks and k count items.
        mask: Booleans of such a shape. An item where it is false is not in the
            ranking, nor is one of weight 0; such a group does not count.""",
    gain="""\
        gain: `"linear"` for the grade, as in scikit-learn; `"exponential"` for
            2^grade - 1.""",
    step=STEP_ARGUMENTS.format(logits=""),
    empty=EMPTY_ARGUMENT.format(what="a group without any gain"),
    loss=LOSS_ARGUMENTS.format(
        reduction="As in Keras; the loss is one number, so there is\n"
        "            nothing to reduce"
    ),
)


@register
@_documented
def soft_ndcg(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    k: int | None = None,
    gain: str = "linear",
    empty: str = "skip",
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Tensor:
    """1 - the normalized discounted cumulative gain of groups, with soft ranks.

    Formula: 1 - Σᵢ wᵢ·gᵢ·φᵢ/log₂(1 + rᵢ)/ideal, averaged over groups, where
    gᵢ is the gain, rᵢ = ½ + Σⱼ H(xⱼ - xᵢ) the soft rank (j = i included, which
    adds ½), φᵢ the share of the item that is among the top k, φᵢ = H(xᵢ - τ)
    with Σ φ = k (1 without k), and ideal the same sum for items in the order of
    w·g. x are log-odds or logits, H(d) = σ(s·d) or another step.

    Gradient: through rᵢ, ∂rᵢ/∂xⱼ = H'(xⱼ - xᵢ) and ∂rᵢ/∂xᵢ = -Σⱼ H'(xⱼ - xᵢ)
    (j ≠ i), and through φᵢ, in closed form; H' is the density of the step.

    Args:
        y_true: Grades >= 0 of the items, of the shape of `y_pred`.
        {scores}
        k: How many ranks count. Default: all.
        {gain}
        {empty}
        {step}

    Returns:
        The loss, a scalar. With step="hard" it is 1 - scikit-learn's
        `ndcg_score`, in which ties share their discounts equally
        (scikit-learn calls a group without gain 0, which is empty="zero").

    Raises:
        {errors}

    Reference: Qin, Liu & Li, A general approximation framework for direct
    optimization of information retrieval measures, 2010
    (https://doi.org/10.1007/s10791-009-9124-x); Järvelin & Kekäläinen, 2002.

    Example:

    >>> from softkeras.losses import soft_ndcg
    >>> y_true, y_pred = [[10.0, 0.0, 5.0]], [[0.1, 0.9, 0.4]]
    >>> round(float(soft_ndcg(y_true, y_pred, step="hard")), 4)
    0.3801
    """
    losses, counting = ndcg_losses(
        y_true,
        y_pred,
        sample_weight,
        mask,
        k=k,
        gain=gain,
        empty=empty,
        step=step,
        sharpness=sharpness,
        from_logits=from_logits,
    )
    return averaging.mean(losses, counting, 0.0)


def ndcg_losses(
    y_true,
    y_pred,
    sample_weight,
    mask,
    *,
    k=None,
    gain="linear",
    empty="skip",
    step="sigmoid",
    sharpness=None,
    from_logits=False,
    relative=True,
) -> tuple[Any, Any]:
    """The losses of the groups, and their weights in the mean.

    Args:
        relative: Whether the weights may be divided by the largest.
    """
    _checks.one_of("empty", empty, averaging.EMPTY)
    exponential = _checks.one_of("gain", gain, GAINS) == "exponential"
    compare = Comparison(step, sharpness)
    k = None if k is None else count("k", k)
    allowed = "finite grades of 0 or more"
    prediction = _checks.floating("y_pred", y_pred)
    if is_empty(prediction):
        return no_losses(prediction)
    groups = read_groups(
        y_true,
        y_pred,
        sample_weight,
        mask,
        from_logits,
        relative,
        LARGEST,
        allowed,
    )
    gains = groups.weight * _gains(groups.label, exponential)
    table = _discounts(groups.label, k)
    ideal = ops.sum(ops.flip(ops.sort(gains, axis=-1), axis=-1) * table, -1)
    vacant = ideal <= 0
    ideal = ops.where(vacant, 1.0, ideal)

    def evaluate(compare):
        x = compare.line(groups.prediction, from_logits)
        discount = _discount_of(x, gains > 0, groups.there, table, k, compare)
        losses = 1 - ops.sum(gains * discount, axis=-1) / ideal
        return ops.where(vacant, 1.0 if empty == "zero" else 0.0, losses)

    counting = groups.group_weight
    if empty == "skip":
        counting = ops.where(vacant, 0.0, counting)
    return compare.evaluate(evaluate), counting


def _gains(grade, exponential):
    """The gains of each group, in units that make none of them infinite."""
    best = ops.max(grade, axis=-1, keepdims=True)
    if exponential:
        log2 = math.log(2)
        return ops.exp(log2 * (grade - best)) - ops.exp(-log2 * best)
    return grade / ops.where(best > 0, best, 1.0)


def _discounts(like, k):
    """1/log₂(1 + rank) for each rank from 1 on, 0 beyond k."""
    rank = ops.cast(ops.arange(1, ops.shape(like)[-1] + 1), like.dtype)
    table = math.log(2) / ops.log(1 + rank)
    return table if k is None else ops.where(rank <= k, table, 0.0)


def _discount_of(x, asked, there, table, k, compare):
    """The discount of each item that is asked for."""
    columns = [there]
    if not compare.is_hard:
        (higher,) = weight_above(x, columns, asked, compare)
        # Of what is not asked for, or not there, the rank may be anything.
        rank = ops.where(asked, 0.5 + higher, 1.0)
        discount = math.log(2) / ops.log(1 + rank)
        if k is None:
            return discount
        budget = ops.full_like(x[:, :1], k)
        return discount * top_share(x, there, budget, compare)
    # The mean over the ranks of a tie, from sums over all ranks before.
    (higher,) = weight_above(x, columns, asked, compare, above)
    (reached,) = weight_above(x, columns, asked, compare, at_or_above)
    ranks = ops.cumsum(ops.concatenate([ops.zeros_like(table[:1]), table]))
    known = ops.logical_and(asked, ops.logical_not(ops.isnan(higher)))
    ends = [
        ops.take(ranks, ops.cast(ops.where(known, end, 0.0), "int32"))
        for end in (higher, reached)
    ]
    tied = ops.where(asked, reached - higher, 1.0)
    discount = (ends[1] - ends[0]) / tied
    return ops.where(ops.isnan(higher), higher, discount)


@register
@_documented
def soft_precision_at_k(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    k: int,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Tensor:
    """1 - precision at k: the share of what is relevant among the top k.

    Formula: 1 - Σⱼ wⱼ·yⱼ·φⱼ/Σⱼ wⱼ·φⱼ, averaged over groups, where
    φⱼ = H(xⱼ - τ) is the share of the item that is among the top k, τ such that
    Σ φ = k. x are log-odds or logits, H(d) = σ(s·d) or another step.

    Gradient: with h = H'(x - τ), ∂φⱼ/∂xₗ = hⱼ·(δⱼₗ - hₗ/Σ h): to lift an item
    is to push all others at the edge down. It is 0 for a group of k items or
    less, which are all in.

    Args:
        y_true: Relevance of the items, from 0 to 1, of the shape of `y_pred`.
        {scores}
        k: How many items are in the top, 1 or more; all of a group that has
            no more.
        {step}

    Returns:
        The loss, a scalar from 0 to 1; 0 if there is no item. With step="hard"
        items that are tied at the edge are in by the same share.

    Raises:
        {errors}

    Reference: Blondel, Martins & Niculae, Learning with Fenchel-Young losses,
    https://arxiv.org/abs/1901.02324, for φ as the regularized choice of k;
    McSherry & Najork, 2008, for the ties.

    Example:

    >>> from softkeras.losses import soft_precision_at_k
    >>> y_true, y_pred = [[1.0, 0.0, 1.0, 0.0]], [[0.9, 0.8, 0.3, 0.1]]
    >>> float(soft_precision_at_k(y_true, y_pred, k=2, step="hard"))
    0.5
    """
    losses, counting = precision_at_k_losses(
        y_true,
        y_pred,
        sample_weight,
        mask,
        k=k,
        step=step,
        sharpness=sharpness,
        from_logits=from_logits,
    )
    return averaging.mean(losses, counting, 0.0)


def precision_at_k_losses(
    y_true,
    y_pred,
    sample_weight,
    mask,
    *,
    k,
    step="sigmoid",
    sharpness=None,
    from_logits=False,
    relative=True,
) -> tuple[Any, Any]:
    """The losses of the groups, and their weights in the mean.

    Args:
        relative: Whether the weights may be divided by the largest.
    """
    k = count("k", k)
    compare = Comparison(step, sharpness)
    prediction = _checks.floating("y_pred", y_pred)
    if is_empty(prediction):
        return no_losses(prediction)
    groups = read_groups(
        y_true, y_pred, sample_weight, mask, from_logits, relative
    )

    def evaluate(compare):
        x = compare.line(groups.prediction, from_logits)
        budget = ops.full_like(x[:, :1], k)
        share = groups.weight * top_share(x, groups.there, budget, compare)
        total = ops.sum(share, axis=-1)
        missed = ops.sum(share * (1 - groups.label), axis=-1)
        return missed / ops.where(total <= 0, 1.0, total)

    nothing = ops.sum(groups.weight, axis=-1) <= 0
    counting = ops.where(nothing, 0.0, groups.group_weight)
    return compare.evaluate(evaluate), counting


@register
@_documented
class SoftNDCG(RankingLoss):
    """1 - normalized discounted cumulative gain, softly, as a Keras loss.

    Formula: 1 - Σᵢ wᵢ·gᵢ·φᵢ/log₂(1 + rᵢ)/ideal, averaged over groups, with the
    gain g, the soft rank r and the share φ of the item that is among the top k.
    See `soft_ndcg`.

    Gradient: through rᵢ, ∂rᵢ/∂xⱼ = H'(xⱼ - xᵢ), and through φᵢ; H' is the
    density of the step.

    Args:
        k: How many ranks count. Default: all.
        {gain}
        {empty}
        {step}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in `soft_ndcg`;
    the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        {errors}

    Reference: Qin, Liu & Li, A general approximation framework for direct
    optimization of information retrieval measures, 2010
    (https://doi.org/10.1007/s10791-009-9124-x).

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftNDCG
    >>> model = keras.Sequential([keras.layers.Dense(1)])  # of each item
    >>> model.compile(optimizer="adam", loss=SoftNDCG(k=10, from_logits=True))
    >>> y_true, y_pred = [[10.0, 0.0, 5.0]], [[0.1, 0.9, 0.4]]
    >>> round(float(SoftNDCG(step="hard")(y_true, y_pred)), 4)
    0.3801
    """

    function = staticmethod(soft_ndcg)

    def __init__(
        self,
        k: int | None = None,
        *,
        gain: str = "linear",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_ndcg",
        dtype: DTypeLike = None,
    ):
        super().__init__(
            Comparison(step, sharpness),
            from_logits,
            reduction,
            name,
            dtype,
            k=None if k is None else count("k", k),
            gain=_checks.one_of("gain", gain, GAINS),
            empty=_checks.one_of("empty", empty, averaging.EMPTY),
        )


@register
@_documented
class SoftPrecisionAtK(RankingLoss):
    """1 - precision at k of grouped items, softly, as a Keras loss.

    Formula: 1 - Σⱼ wⱼ·yⱼ·φⱼ/Σⱼ wⱼ·φⱼ, averaged over groups, φ being the share
    of the item that is among the top k, Σ φ = k. See `soft_precision_at_k`.

    Gradient: with h = H'(x - τ), ∂φⱼ/∂xₗ = hⱼ·(δⱼₗ - hₗ/Σ h).

    Args:
        k: How many items are in the top, 1 or more; all of a group that has
            no more.
        {step}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in
    `soft_precision_at_k`; the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        {errors}

    Reference: Blondel, Martins & Niculae, Learning with Fenchel-Young losses,
    https://arxiv.org/abs/1901.02324.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftPrecisionAtK
    >>> model = keras.Sequential([keras.layers.Dense(1)])  # of each item
    >>> model.compile(loss=SoftPrecisionAtK(k=10, from_logits=True))
    >>> y_true, y_pred = [[1.0, 0.0, 1.0, 0.0]], [[0.9, 0.8, 0.3, 0.1]]
    >>> float(SoftPrecisionAtK(k=2, step="hard")(y_true, y_pred))
    0.5
    """

    function = staticmethod(soft_precision_at_k)

    def __init__(
        self,
        k: int,
        *,
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_precision_at_k",
        dtype: DTypeLike = None,
    ):
        super().__init__(
            Comparison(step, sharpness),
            from_logits,
            reduction,
            name,
            dtype,
            k=count("k", k),
        )
