"""Losses of precision and recall, one at a level of the other.

The threshold is found anew in every batch, and the gradient goes through it.
"""

from __future__ import annotations

from softkeras import _labels
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses import _at_constraint
from softkeras.losses._constrained import Constrained, ConstrainedLoss, public
from softkeras.steps import StepLike

__all__ = [
    "SoftPrecisionAtRecall",
    "SoftRecallAtPrecision",
    "soft_precision_at_recall",
    "soft_recall_at_precision",
]


@public
def soft_precision_at_recall(
    y_true: TensorLike,
    y_pred: TensorLike,
    recall: float,
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
    """1 - soft precision, at the threshold with a recall that is given.

    Formula: 1 - tp(τ)/(tp(τ) + fp(τ)) with tp(τ) = Σ w·y·F(x - τ) and
    fp(τ) = Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ such that
    tp(τ)/Σ w·y is the recall. With step="hard", 1 - the highest precision of
    all thresholds whose recall is at least that, as in
    `keras.metrics.PrecisionAtRecall`.

    {gradient}

    Args:
        {data}
        recall: The recall, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_precision_at_recall
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_precision_at_recall(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.3333
    >>> round(float(soft_precision_at_recall(y_true, y_pred, 0.8)), 4)
    0.3913
    """
    constrained = Constrained(
        _at_constraint.PRECISION_AT_RECALL,
        "recall",
        recall,
        average,
        empty,
        step,
        sharpness,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@public
def soft_recall_at_precision(
    y_true: TensorLike,
    y_pred: TensorLike,
    precision: float,
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
    """1 - soft recall, at the threshold with a precision that is given.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), fp(τ) =
    Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ the smallest with
    tp(τ)/(tp(τ) + fp(τ)) equal to the precision. With step="hard", 1 - the
    highest recall of all thresholds whose precision is at least that, as in
    `keras.metrics.RecallAtPrecision`, and 1 where there is none.

    The precision need not rise with τ, so 80 thresholds are tried, from all
    called positive on, and the first root lies before the first of them at
    which it is reached. Where it is not reached at a recall of 0.1 or more
    (such as at the start of a training) the loss is 1 - 0.1·P/precision, P
    being the precision at the recall 0.1: it joins the other without a jump,
    and trains towards where the precision is reached. Where calling all
    positive is precise enough, loss and gradient are 0.

    {gradient}

    Args:
        {data}
        precision: The precision, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_recall_at_precision
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_recall_at_precision(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_recall_at_precision(y_true, y_pred, 0.8)), 4)
    0.7593
    """
    constrained = Constrained(
        _at_constraint.RECALL_AT_PRECISION,
        "precision",
        precision,
        average,
        empty,
        step,
        sharpness,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@public
class SoftPrecisionAtRecall(ConstrainedLoss):
    """1 - soft precision at a given recall, as a Keras loss.

    Formula: 1 - tp(τ)/(tp(τ) + fp(τ)) with tp(τ) = Σ w·y·F(x - τ) and
    fp(τ) = Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ such that
    tp(τ)/Σ w·y is the recall. With step="hard", 1 - the highest precision of
    all thresholds whose recall is at least that, as in
    `keras.metrics.PrecisionAtRecall`.

    {gradient}

    Args:
        recall: The recall, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_precision_at_recall`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftPrecisionAtRecall
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftPrecisionAtRecall(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftPrecisionAtRecall(recall=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.3333
    """

    def __init__(
        self,
        recall: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_precision_at_recall",
        dtype: DTypeLike = None,
    ):
        constrained = Constrained(
            _at_constraint.PRECISION_AT_RECALL,
            "recall",
            recall,
            average,
            empty,
            step,
            sharpness,
            from_logits,
            _labels.get(labels, sparse, ignore_class),
        )
        super().__init__(constrained, reduction, name, dtype)


@public
class SoftRecallAtPrecision(ConstrainedLoss):
    """1 - soft recall at a given precision, as a Keras loss.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), fp(τ) =
    Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ the smallest with
    tp(τ)/(tp(τ) + fp(τ)) equal to the precision. With step="hard", 1 - the
    highest recall of all thresholds whose precision is at least that, as in
    `keras.metrics.RecallAtPrecision`, and 1 where there is none.

    The precision need not rise with τ, so 80 thresholds are tried, from all
    called positive on, and the first root lies before the first of them at
    which it is reached. Where it is not reached at a recall of 0.1 or more
    (such as at the start of a training) the loss is 1 - 0.1·P/precision, P
    being the precision at the recall 0.1: it joins the other without a jump,
    and trains towards where the precision is reached. Where calling all
    positive is precise enough, loss and gradient are 0.

    {gradient}

    Args:
        precision: The precision, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_recall_at_precision`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftRecallAtPrecision
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftRecallAtPrecision(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftRecallAtPrecision(precision=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        precision: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_recall_at_precision",
        dtype: DTypeLike = None,
    ):
        constrained = Constrained(
            _at_constraint.RECALL_AT_PRECISION,
            "precision",
            precision,
            average,
            empty,
            step,
            sharpness,
            from_logits,
            _labels.get(labels, sparse, ignore_class),
        )
        super().__init__(constrained, reduction, name, dtype)
