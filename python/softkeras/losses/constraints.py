"""Losses: 1 - the best rate at which another rate is as high as asked.

The threshold is part of them: it is found inside the graph, in every batch, and
its gradient is that of the implicit function theorem (see `_at_constraint`). So
there are no multipliers to train, nothing has a state, and the loss is that of
the order of the predictions and the distances between them: adding a number to
all log-odds does not change it. After training,
`softkeras.thresholds.best_threshold(..., at_least=...)` finds the threshold to
decide by.
"""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _labels
from softkeras.losses import _at_constraint
from softkeras.losses._constrained import Constrained, ConstrainedLoss
from softkeras.losses._documentation import (
    DATA_ARGUMENTS,
    ERRORS,
    LABEL_ARGUMENTS,
    LOSS_ARGUMENTS,
    WEIGHT_ARGUMENTS,
)

__all__ = [
    "SoftPrecisionAtRecall",
    "SoftRecallAtPrecision",
    "SoftSensitivityAtSpecificity",
    "SoftSpecificityAtSensitivity",
    "soft_precision_at_recall",
    "soft_recall_at_precision",
    "soft_sensitivity_at_specificity",
    "soft_specificity_at_sensitivity",
]

# What all of them say in the same words.
_DOCUMENTED = {
    "{data}": DATA_ARGUMENTS,
    "{weights}": WEIGHT_ARGUMENTS,
    "{decision}": """\
        average: `"macro"` for the mean over classes, each at a threshold of
            its own, `"weighted"` for that mean weighted by how often each
            class occurs, `"micro"` for one threshold of all, `"samples"` for
            the mean over samples, `None` for one loss a class.
        empty: What a class, sample or batch does whose score is undefined:
            without positive labels, or where a specificity is meant, without
            negative ones. `"skip"` leaves the mean (nothing left: loss and
            gradient are exactly 0), `"one"` counts as perfect, `"zero"` as
            worthless.
        step: The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
            another name, with the sharpness 1; `"hard"` for the best of all
            cut points, exactly; or a `softkeras.steps.Step` with the name of a
            shape and scale="logit".
        sharpness: If given, in place of the step's own: its slope, per unit of
            probability where that is ½, so 4 times that per unit of log-odds;
            infinite is hard.
        from_logits: Whether `y_pred` holds logits.
"""
    + LABEL_ARGUMENTS,
    "{loss}": LOSS_ARGUMENTS,
    "{errors}": ERRORS,
    "{gradient}": """\
    Gradient: that of the formula, dτ/dx included, which by the implicit
    function theorem is v·F'(x - τ)/Σ v·F'(x - τ), v being the weights of the
    elements in the equation for τ. With step="hard" it is 0.""",
    "{reference}": """\
    Reference: Kumar, Narasimhan & Cotter, Implicit rate-constrained
    optimization of non-decomposable objectives,
    https://arxiv.org/abs/2107.10960; Eban et al., Scalable learning of
    non-decomposable objectives, https://arxiv.org/abs/1608.04802, solve it
    with multipliers.""",
}


def _public(thing):
    for key, text in _DOCUMENTED.items():
        for indent in (" " * 4, " " * 8):
            thing.__doc__ = thing.__doc__.replace(indent + key, text, 1)
    return keras.saving.register_keras_serializable("softkeras")(thing)


@_public
def soft_precision_at_recall(
    y_true: Any,
    y_pred: Any,
    recall: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Any:
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


@_public
def soft_recall_at_precision(
    y_true: Any,
    y_pred: Any,
    precision: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Any:
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


@_public
def soft_sensitivity_at_specificity(
    y_true: Any,
    y_pred: Any,
    specificity: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Any:
    """1 - soft sensitivity, at the threshold with a specificity that is given.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), F the step on
    the log-odds x, and τ such that Σ w·(1 - y)·(1 - F(x - τ))/Σ w·(1 - y) is
    the specificity. With step="hard", 1 - the highest sensitivity of all
    thresholds whose specificity is at least that, as in
    `keras.metrics.SensitivityAtSpecificity`.

    {gradient}

    Args:
        {data}
        specificity: The specificity, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_sensitivity_at_specificity
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_sensitivity_at_specificity(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_sensitivity_at_specificity(y_true, y_pred, 0.8)), 4)
    0.5143
    """
    constrained = Constrained(
        _at_constraint.SENSITIVITY_AT_SPECIFICITY,
        "specificity",
        specificity,
        average,
        empty,
        step,
        sharpness,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
def soft_specificity_at_sensitivity(
    y_true: Any,
    y_pred: Any,
    sensitivity: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Any:
    """1 - soft specificity, at the threshold with a sensitivity that is given.

    Formula: Σ w·(1 - y)·F(x - τ)/Σ w·(1 - y), F the step on the log-odds x,
    and τ such that Σ w·y·F(x - τ)/Σ w·y is the sensitivity. With step="hard",
    1 - the highest specificity of all thresholds whose sensitivity is at least
    that, as in `keras.metrics.SpecificityAtSensitivity`.

    {gradient}

    Args:
        {data}
        sensitivity: The sensitivity, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_specificity_at_sensitivity
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_specificity_at_sensitivity(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_specificity_at_sensitivity(y_true, y_pred, 0.8)), 4)
    0.5143
    """
    constrained = Constrained(
        _at_constraint.SPECIFICITY_AT_SENSITIVITY,
        "sensitivity",
        sensitivity,
        average,
        empty,
        step,
        sharpness,
        from_logits,
        _labels.get(labels, sparse, ignore_class),
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
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
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_precision_at_recall",
        dtype: Any = None,
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


@_public
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
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_recall_at_precision",
        dtype: Any = None,
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


@_public
class SoftSensitivityAtSpecificity(ConstrainedLoss):
    """1 - soft sensitivity at a given specificity, as a Keras loss.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), F the step on
    the log-odds x, and τ such that Σ w·(1 - y)·(1 - F(x - τ))/Σ w·(1 - y) is
    the specificity. With step="hard", 1 - the highest sensitivity of all
    thresholds whose specificity is at least that, as in
    `keras.metrics.SensitivityAtSpecificity`.

    {gradient}

    Args:
        specificity: The specificity, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_sensitivity_at_specificity`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftSensitivityAtSpecificity
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftSensitivityAtSpecificity(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftSensitivityAtSpecificity(specificity=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        specificity: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_sensitivity_at_specificity",
        dtype: Any = None,
    ):
        constrained = Constrained(
            _at_constraint.SENSITIVITY_AT_SPECIFICITY,
            "specificity",
            specificity,
            average,
            empty,
            step,
            sharpness,
            from_logits,
            _labels.get(labels, sparse, ignore_class),
        )
        super().__init__(constrained, reduction, name, dtype)


@_public
class SoftSpecificityAtSensitivity(ConstrainedLoss):
    """1 - soft specificity at a given sensitivity, as a Keras loss.

    Formula: Σ w·(1 - y)·F(x - τ)/Σ w·(1 - y), F the step on the log-odds x,
    and τ such that Σ w·y·F(x - τ)/Σ w·y is the sensitivity. With step="hard",
    1 - the highest specificity of all thresholds whose sensitivity is at least
    that, as in `keras.metrics.SpecificityAtSensitivity`.

    {gradient}

    Args:
        sensitivity: The sensitivity, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_specificity_at_sensitivity`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftSpecificityAtSensitivity
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftSpecificityAtSensitivity(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftSpecificityAtSensitivity(sensitivity=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        sensitivity: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_specificity_at_sensitivity",
        dtype: Any = None,
    ):
        constrained = Constrained(
            _at_constraint.SPECIFICITY_AT_SENSITIVITY,
            "sensitivity",
            sensitivity,
            average,
            empty,
            step,
            sharpness,
            from_logits,
            _labels.get(labels, sparse, ignore_class),
        )
        super().__init__(constrained, reduction, name, dtype)
