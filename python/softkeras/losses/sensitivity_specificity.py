"""Losses of sensitivity and specificity, one at a level of the other.

The threshold is found anew in every batch, and the gradient goes through it.
"""

from __future__ import annotations

from softkeras import _labels
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses import _at_constraint
from softkeras.losses._constrained import Constrained, ConstrainedLoss, public
from softkeras.steps import StepLike

__all__ = [
    "SoftSensitivityAtSpecificity",
    "SoftSpecificityAtSensitivity",
    "soft_sensitivity_at_specificity",
    "soft_specificity_at_sensitivity",
]


@public
def soft_sensitivity_at_specificity(
    y_true: TensorLike,
    y_pred: TensorLike,
    specificity: float,
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


@public
def soft_specificity_at_sensitivity(
    y_true: TensorLike,
    y_pred: TensorLike,
    sensitivity: float,
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


@public
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
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_sensitivity_at_specificity",
        dtype: DTypeLike = None,
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


@public
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
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_specificity_at_sensitivity",
        dtype: DTypeLike = None,
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
