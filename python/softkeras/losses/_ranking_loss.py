"""What the losses of ranks have in common: data, options, docstrings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from softkeras import _checks, _labels, steps
from softkeras._ops import ops
from softkeras._pairs import Comparison
from softkeras._types import Decorator, DTypeLike, Tensor, TensorLike
from softkeras.counts import LARGEST, ROUNDING, leading
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses._documentation import ERRORS, fill

STEP_ARGUMENTS = """\
        step: The shape of the soft comparison: `"sigmoid"`, `"softsign"`,
            `"ramp"`, `"hard"`, a `softkeras.steps.Step`, or a callable. A step
            on "logit" (the names' scale) compares log-odds, one on
            "probability" probabilities, never anchored. A straight-through
            step gives the hard value and the soft gradient.
        sharpness: If given, in place of the step's own: four times the slope of
            the comparison of two equal predictions on "logit", so that the
            sigmoid is σ(sharpness·difference), and the slope itself on
            "probability"; infinite is hard.
        from_logits: Whether `y_pred` holds logits{logits}."""
EMPTY_ARGUMENT = """\
        empty: What {what} does: `"skip"` leaves the mean (nothing left: loss
            and gradient are exactly 0), `"one"` counts as perfect, `"zero"` as
            worthless."""
LOSS_ARGUMENTS = """\
        reduction: {reduction}.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx. Sums over narrower
            predictions are accumulated in float32."""


def documented(**texts: str) -> Decorator:
    """Fills texts into a docstring, each in place of its indented {key}."""

    def decorate(thing):
        for key, text in {"errors": ERRORS, **texts}.items():
            fill(thing, f"{{{key}}}", text)
        return thing

    return decorate


class Elements(NamedTuple):
    """What is ranked. All of one shape but the weight, which may be None."""

    label: Any
    prediction: Any
    weight: Any


def weights(
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
    like: Any,
    relative: bool = True,
) -> Any:
    """The product of both, of `like`'s shape, checked; or None.

    Where only their ratios count (`relative`), they are divided by the largest:
    products of two can't overflow then.
    """
    parts = []
    if sample_weight is not None:
        parts.append(leading("sample_weight", sample_weight, like))
    if mask is not None:
        parts.append(leading("mask", ops.cast(mask, "bool"), like))
    if not parts:
        return None
    weight = ops.broadcast_to(math.prod(parts), ops.shape(like))
    allowed = "finite weights of 0 or more"
    fine = _checks.within("sample_weight", weight, 0, LARGEST, allowed)
    if 0 in weight.shape:
        return weight
    if relative:
        largest = ops.max(weight)
        weight = weight / ops.where(largest > 0, largest, 1.0)
    return weight if fine is None else ops.where(fine, weight, float("nan"))


def sound(
    label: Any,
    prediction: Any,
    weight: Any,
    from_logits: bool,
    highest: float = 1.0,
    allowed: str = _labels.ALLOWED,
) -> Elements:
    """Labels and predictions that are checked.

    What counts nowhere may hold anything, as padding does; what a compiled
    graph finds out of range becomes NaN.
    """
    if weight is not None:
        prediction = ops.where(weight > 0, prediction, 0.5)
        label = ops.where(weight > 0, label, 0.0)
    fine = _checks.within("y_true", label, 0, highest, allowed)
    if fine is not None:
        label = ops.where(fine, label, float("nan"))
    return Elements(label, probable(prediction, from_logits), weight)


def probable(prediction: Any, from_logits: bool) -> Any:
    """The predictions, after a look at whether they are in their range."""
    if from_logits:
        return prediction
    fine = _checks.within(
        "y_pred",
        prediction,
        -ROUNDING,
        1 + ROUNDING,
        "probabilities from 0 to 1; for logits or any other scores, set "
        "from_logits=True",
        or_nan=True,
    )
    if fine is None:
        return prediction
    return ops.where(fine, prediction, float("nan"))


def count(name: str, value: Any) -> int:
    """A number of ranks: a whole number of 1 or more."""
    whole = not isinstance(value, bool) and hasattr(value, "__index__")
    if not whole or value < 1:
        raise ValueError(
            f"`{name}` must be a whole number of 1 or more. Received: "
            f"{name}={value!r}"
        )
    return int(value)


class RankingLoss(BatchLoss):
    """A loss of a whole batch, made of comparisons between predictions.

    Args:
        compare: The comparison.
        from_logits: Whether predictions are logits.
        reduction, name, dtype: as in Keras.
        **options: Further arguments of `function`, checked.
    """

    function: Callable

    def __init__(
        self,
        compare: Comparison,
        from_logits: bool,
        reduction: str | None,
        name: str,
        dtype: DTypeLike,
        **options: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.step = compare.step
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self.options = options

    def evaluate(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        return type(self).function(
            y_true,
            y_pred,
            sample_weight,
            mask,
            **self.options,
            step=self.step,
            from_logits=self.from_logits,
        )

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name} step={self.step}>"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self.options,
            "step": steps.serialize(self.step),
            "from_logits": self.from_logits,
        }
