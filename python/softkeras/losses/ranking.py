"""Losses of the order of labels: AUC (ROC) and average precision."""

from __future__ import annotations

from softkeras import _checks, _labels
from softkeras._ops import ops
from softkeras._pairs import (
    Comparison,
    above,
    at_or_above,
    top_share,
    weight_above,
)
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.counts import AVERAGES
from softkeras.losses._documentation import LABEL_ARGUMENTS
from softkeras.losses._empty import is_empty, no_loss
from softkeras.losses._named import register
from softkeras.losses._ranking_loss import (
    EMPTY_ARGUMENT,
    LOSS_ARGUMENTS,
    STEP_ARGUMENTS,
    RankingLoss,
    documented,
)
from softkeras.losses._rows import read_rows
from softkeras.scores import averaging
from softkeras.steps import StepLike

__all__ = [
    "SoftAUC",
    "SoftAveragePrecision",
    "soft_auc",
    "soft_average_precision",
]

_documented = documented(
    data="""\
        y_true: Labels from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together. A label between counts as a
            positive of that weight and a negative of the rest.
        y_pred: Probabilities, or logits: floats of shape (n,) or
            (n, ..., labels).
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_pred` or one that broadcasts to it. They go into the pairs, so
            one number for all changes nothing.
        mask: Booleans of such a shape; elements where it is false count
            nowhere.""",
    average="""\
        average: `"macro"` for the mean over labels, `"weighted"` for that mean
            weighted by how often each label occurs, `"micro"` for all elements
            in one ranking, `"samples"` for the mean over samples of the
            ranking of their labels, `None` for one loss a label.""",
    step=STEP_ARGUMENTS.format(logits="") + "\n" + LABEL_ARGUMENTS,
    loss=LOSS_ARGUMENTS.format(
        reduction='For `average=None`: `"sum_over_batch_size"` is the mean\n'
        '            over labels (a skipped one adds 0), `"sum"` their sum,\n'
        '            `"none"` one loss a label. A loss that is one number has\n'
        "            nothing to reduce"
    ),
    empty_auc=EMPTY_ARGUMENT.format(
        what="a label, sample or batch without a positive or\n"
        "            without a negative"
    ),
    empty_ap=EMPTY_ARGUMENT.format(
        what="a label, sample or batch without a positive"
    ),
)


@register
@_documented
def soft_auc(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    max_fpr: float | None = None,
    average: str | None = "macro",
    empty: str = "skip",
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Tensor:
    """1 - the area under the ROC curve, with soft comparisons.

    Formula: the share of the pairs of a positive and a negative that are in
    the wrong order, Σᵢⱼ uᵢ·vⱼ·H(xⱼ - xᵢ)/(Σ u·Σ v), with u = w·y, v = w·(1 - y)
    and H(d) = σ(s·d), or another step, in place of 0, ½ (a tie) and 1. x are
    the log-odds, because differences of probabilities all but vanish where
    positives are rare, and so that the loss is one for probabilities and
    logits. With `max_fpr` = b, 1 - the standardized partial area (McClish) over
    false positive rates from 0 to b: vⱼ is multiplied by the share φⱼ of the
    negative that is among the top b of them, φⱼ = H(xⱼ - τ) with Σ v·φ = b·Σ v,
    and the loss divided by b·(2 - b), which makes ½ of chance.

    Gradient: ∂/∂xᵢ = -uᵢ·Σⱼ vⱼ·H'(xⱼ - xᵢ)/(Σ u·Σ v) for a positive, with the
    opposite sign for a negative, in closed form; H' is the density of the step.
    Pairs are computed in blocks, twice: memory is O(n), time is O(n·positives).

    Args:
        {data}
        max_fpr: The largest false positive rate that counts, in (0, 1], as in
            scikit-learn's `roc_auc_score`. `None` and 1 are the whole area.
        {average}
        {empty_auc}
        {step}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a label.
        With step="hard" it is 1 - scikit-learn's `roc_auc_score`.

    Raises:
        {errors}

    Reference: Yan et al., Optimizing classifier performance via an
    approximation to the Wilcoxon-Mann-Whitney statistic, ICML 2003; McClish,
    Analyzing a portion of the ROC curve, 1989; for the soft top of the
    negatives, Zhu et al., When AUC meets DRO,
    https://arxiv.org/abs/2203.00176.

    Example:

    >>> from softkeras.losses import soft_auc
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(soft_auc(y_true, y_pred, step="hard")), 4)
    0.25
    >>> round(float(soft_auc(y_true, y_pred)), 4)
    0.3951
    """
    _checks.one_of("empty", empty, averaging.EMPTY)
    compare = Comparison(step, sharpness)
    max_fpr = _rate(max_fpr)
    prediction = _checks.floating("y_pred", y_pred)
    if is_empty(prediction):
        return no_loss(prediction, average)
    rows = read_rows(
        y_true,
        y_pred,
        sample_weight,
        mask,
        average,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    positive, negative = rows.positive, rows.negative
    vacant = ops.logical_or(rows.positives <= 0, rows.negatives <= 0)
    pairs = rows.positives * rows.negatives
    pairs = ops.where(vacant, 1.0, pairs)

    def evaluate(compare):
        x = compare.line(rows.prediction, from_logits)
        if max_fpr != 1 and compare.is_hard:
            wrong = _wrong_in_part(x, rows, max_fpr, compare)
        else:
            against = negative
            if max_fpr != 1:
                budget = max_fpr * rows.negatives[:, None]
                against = negative * top_share(x, negative, budget, compare)
            (wrong,) = weight_above(x, [against], positive > 0, compare)
            wrong = positive * wrong
        loss = ops.sum(wrong, axis=-1) / pairs / (max_fpr * (2 - max_fpr))
        return rows.mean(loss, vacant, empty)

    return compare.evaluate(evaluate)


def _wrong_in_part(x, rows, max_fpr, compare):
    """The weight of wrong pairs of each negative, in part of the ROC curve.

    Where positives and negatives are tied, the curve is a diagonal. Of a tie at
    the end of the part, the share φ is within it, and over that the curve is at
    φ/2 of the tied positives on the mean.
    """
    columns, asked = [rows.positive], rows.negative > 0
    (higher,) = weight_above(x, columns, asked, compare, above)
    (reached,) = weight_above(x, columns, asked, compare, at_or_above)
    budget = max_fpr * rows.negatives[:, None]
    share = top_share(x, rows.negative, budget, compare)
    found = higher + 0.5 * share * (reached - higher)
    return rows.negative * share * (rows.positives[:, None] - found)


@register
@_documented
def soft_average_precision(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Tensor:
    """1 - average precision, with soft comparisons.

    Formula: 1 - Σᵢ uᵢ·Aᵢ/(Aᵢ + Bᵢ)/Σ u, the mean over positives of the
    precision at their own threshold, where Aᵢ = uᵢ/2 + Σⱼ uⱼ·H(xⱼ - xᵢ) is the
    weight of positives that are as high and Bᵢ the same with v, that of
    negatives; u = w·y, v = w·(1 - y), x the log-odds and H(d) = σ(s·d), or
    another step. (An element is as high as itself, which H(0) = ½ half says.)

    Gradient: uᵢ·(Bᵢ·∂Aᵢ - Aᵢ·∂Bᵢ)/(Aᵢ + Bᵢ)²/Σ u, summed over i and with a
    minus, where ∂Aᵢ/∂xⱼ = uⱼ·H'(xⱼ - xᵢ), in closed form; H' is the density of
    the step. Pairs are computed in blocks, twice: memory is O(n), time is
    O(n·positives).

    Args:
        {data}
        {average}
        {empty_ap}
        {step}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a label.
        With step="hard" it is 1 - scikit-learn's `average_precision_score`, in
        which ties count as high (scikit-learn calls a label without positives
        0, which is empty="zero").

    Raises:
        {errors}

    Reference: Brown et al., Smooth-AP: smoothing the path towards large-scale
    image retrieval, https://arxiv.org/abs/2007.12163.

    Example:

    >>> from softkeras.losses import soft_average_precision
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(soft_average_precision(y_true, y_pred, step="hard")), 4)
    0.1667
    """
    _checks.one_of("empty", empty, averaging.EMPTY)
    compare = Comparison(step, sharpness)
    prediction = _checks.floating("y_pred", y_pred)
    if is_empty(prediction):
        return no_loss(prediction, average)
    rows = read_rows(
        y_true,
        y_pred,
        sample_weight,
        mask,
        average,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    columns = [rows.positive, rows.negative]
    asked = rows.positive > 0
    vacant = rows.positives <= 0
    positives = ops.where(vacant, 1.0, rows.positives)

    def evaluate(compare):
        x = compare.line(rows.prediction, from_logits)
        hits, alarms = weight_above(x, columns, asked, compare, at_or_above)
        if not compare.is_hard:
            hits = hits + 0.5 * rows.positive
            alarms = alarms + 0.5 * rows.negative
        hits = ops.where(asked, hits, 1.0)
        alarms = ops.where(asked, alarms, 0.0)
        loss = ops.sum(rows.positive * (alarms / (hits + alarms)), axis=-1)
        return rows.mean(loss / positives, vacant, empty)

    return compare.evaluate(evaluate)


def _rate(max_fpr):
    if max_fpr is None:
        return 1.0
    max_fpr = _checks.positive("max_fpr", max_fpr)
    if max_fpr > 1:
        raise ValueError(
            f"`max_fpr` must be in (0, 1]. Received: max_fpr={max_fpr!r}"
        )
    return max_fpr


@register
@_documented
class SoftAUC(RankingLoss):
    """1 - the area under the ROC curve, softly, as a Keras loss.

    Formula: Σᵢⱼ uᵢ·vⱼ·H(xⱼ - xᵢ)/(Σ u·Σ v) over the pairs of a positive and a
    negative of the batch, with u = w·y, v = w·(1 - y), x the log-odds and
    H(d) = σ(s·d), or another step. With `max_fpr` the standardized partial
    area. See `soft_auc`.

    Gradient: ∂/∂xᵢ = -uᵢ·Σⱼ vⱼ·H'(xⱼ - xᵢ)/(Σ u·Σ v) for a positive, with the
    opposite sign for a negative; memory is O(n), time is O(n·positives).

    Args:
        max_fpr: The largest false positive rate that counts, in (0, 1], as in
            scikit-learn's `roc_auc_score`. `None` and 1 are the whole area.
        {average}
        {empty_auc}
        {step}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in `soft_auc`; the
    mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: Yan et al., Optimizing classifier performance via an
    approximation to the Wilcoxon-Mann-Whitney statistic, ICML 2003.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftAUC
    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile(optimizer="adam", loss=SoftAUC(from_logits=True))
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(SoftAUC(step="hard")(y_true, y_pred)), 4)
    0.25
    """

    function = staticmethod(soft_auc)

    def __init__(
        self,
        max_fpr: float | None = None,
        *,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_auc",
        dtype: DTypeLike = None,
    ):
        _rate(max_fpr)
        super().__init__(
            Comparison(step, sharpness),
            from_logits,
            reduction,
            name,
            dtype,
            max_fpr=max_fpr,
            average=_checks.one_of("average", average, AVERAGES),
            empty=_checks.one_of("empty", empty, averaging.EMPTY),
            **_labels.get(labels, sparse, ignore_class).get_config(),
        )


@register
@_documented
class SoftAveragePrecision(RankingLoss):
    """1 - average precision, softly, as a Keras loss.

    Formula: 1 - Σᵢ uᵢ·Aᵢ/(Aᵢ + Bᵢ)/Σ u over the positives of the batch, where
    Aᵢ = uᵢ/2 + Σⱼ uⱼ·H(xⱼ - xᵢ) is the weight of positives that are as high and
    Bᵢ the same with v, that of negatives; u = w·y, v = w·(1 - y), x the
    log-odds and H(d) = σ(s·d), or another step. See `soft_average_precision`.

    Gradient: uᵢ·(Bᵢ·∂Aᵢ - Aᵢ·∂Bᵢ)/(Aᵢ + Bᵢ)²/Σ u, summed over i and with a
    minus; memory is O(n), time is O(n·positives).

    Args:
        {average}
        {empty_ap}
        {step}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in
    `soft_average_precision`; the mask is the one that Keras attached to
    `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: Brown et al., Smooth-AP: smoothing the path towards large-scale
    image retrieval, https://arxiv.org/abs/2007.12163.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftAveragePrecision
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftAveragePrecision())
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(SoftAveragePrecision(step="hard")(y_true, y_pred)), 4)
    0.1667
    """

    function = staticmethod(soft_average_precision)

    def __init__(
        self,
        *,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_average_precision",
        dtype: DTypeLike = None,
    ):
        super().__init__(
            Comparison(step, sharpness),
            from_logits,
            reduction,
            name,
            dtype,
            average=_checks.one_of("average", average, AVERAGES),
            empty=_checks.one_of("empty", empty, averaging.EMPTY),
            **_labels.get(labels, sparse, ignore_class).get_config(),
        )
