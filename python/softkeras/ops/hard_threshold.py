"""Hard thresholding: what is small becomes 0, the rest stays as it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from softkeras import _checks, steps
from softkeras._ops import ops
from softkeras._shapes import SHAPES
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import elementwise
from softkeras.ops.gradients import straight_through
from softkeras.steps import Step, StepLike

__all__ = ["hard_threshold"]

ALLOWED = "numbers from 0 to infinity"


def check_threshold(threshold: Any) -> None:
    """Raises a ValueError if one of the numbers is negative or NaN."""
    numbers = np.asarray(threshold, "float64")
    if not np.all(numbers >= 0):
        raise ValueError(
            f"`threshold` must hold {ALLOWED}: it is compared with the "
            f"absolute value of x. Received: threshold={threshold!r}"
        )


def get_surrogate(surrogate: Any) -> Step | None:
    """The step on the scale of x that `surrogate` stands for."""
    if surrogate is None:
        return None
    step = (
        Step(surrogate, sharpness=1.0)
        if isinstance(surrogate, str)
        else steps.get(surrogate)
    )
    if step.is_hard:
        raise ValueError(
            "A hard step has no gradient to give. Received: surrogate="
            f"{surrogate!r}; use surrogate='sigmoid' or another soft step, or "
            "None for the exact gradient."
        )
    return Step(step.shape, step.sharpness, "probability", anchored=False)


def _checked(function: Callable) -> Callable:
    """Checks what is known now, which in a graph may be nowhere later."""

    @functools.wraps(function)
    def public(x, threshold, surrogate=None):
        if not (
            ops.is_tensor(threshold)
            or isinstance(threshold, (keras.KerasTensor, keras.Variable))
        ):
            check_threshold(threshold)
        return function(x, threshold, get_surrogate(surrogate))

    return public


@_checked
@elementwise("x", "threshold")
def hard_threshold(
    x: TensorLike, threshold: TensorLike, surrogate: StepLike | None = None
) -> Tensor:
    """Zero where `abs(x)` is at most the threshold, and x elsewhere.

    Formula: f(x) = x·1[abs(x) > λ]. So f(±λ) = 0, and f(±inf) = ±inf for a
    finite λ. NaN stays NaN.

    Gradient: df/dx = 1 where abs(x) > λ, else 0: exactly so, also at ±λ, 0 and
    ±inf (1 at NaN); df/dλ = 0. With a surrogate S, a soft step, the value is
    the same and the gradient is that of

        x·S(u), u = abs(x) - λ:
        df/dx = S(u) + abs(x)·S'(u), df/dλ = -x·S'(u).

    That is the gradient of the mean of f over a random threshold with the
    distribution P(threshold - λ <= u) = S(u), so a trainable λ learns, and an
    x below it learns that it would be kept above. Near the jump it is as
    large as λ·s, s the sharpness. Where x is infinite it is the exact one.

    Args:
        x: Numbers of any shape.
        threshold: λ >= 0, in the units of x: a number, or a tensor that
            broadcasts with `x`, such as one of shape (channels,) for a
            threshold a channel, the last axis.
        surrogate: `None` for the exact gradient; or a soft step: a name (with
            the sharpness 1), a `softkeras.steps.Step`, its configuration, or a
            callable. Of a `Step`, the shape and the sharpness count, the
            latter as the slope per unit of x: it moves mostly within
            1/sharpness of the threshold. Its scale and anchor belong to
            probabilities and do not matter.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: if a threshold is negative or NaN, or the surrogate
            unknown or hard. Where XLA compiles and the threshold is a tensor,
            its values can't be looked at: there the result is NaN instead.

    Reference: Donoho & Johnstone, Ideal spatial adaptation by wavelet
    shrinkage, https://doi.org/10.1093/biomet/81.3.425; for the surrogate,
    Bengio et al., https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.hard_threshold import hard_threshold
    >>> x = np.array([-6.0, -5.0, 1.0, 5.0, 14.0], "float32")
    >>> np.array(hard_threshold(x, 5.0)).tolist()
    [-6.0, 0.0, 0.0, 0.0, 14.0]
    """
    fine = _checks.within("threshold", threshold, 0, float("inf"), ALLOWED)
    if fine is not None:
        threshold = ops.where(fine, threshold, float("nan"))
        x = ops.where(fine, x, float("nan"))
    # Not `where(abs(x) > λ, x, 0)`, which makes 0 of NaN.
    hard = ops.where(ops.abs(x) <= threshold, 0.0, x)
    return hard if surrogate is None else _soft(hard, x, threshold, surrogate)


def _soft(hard, x, threshold, step):
    """`hard` with the gradient of x·S(abs(x) - λ) where they differ in it.

    Where S is 0 or 1 as far as floats go, they do not; but automatic
    differentiation would multiply by a large x first, and by S' = 0 then.
    """
    shape = SHAPES.get(step.shape)
    cdf = shape.cdf if shape else lambda u, slope: step.shape(slope * u)
    is_finite = ops.abs(x) < float("inf")
    finite = ops.where(is_finite, x, 0.0)
    decision = cdf(ops.abs(finite) - threshold, step.slope(x.dtype))
    between = ops.logical_and(decision > 0, decision < 1)
    between = ops.logical_and(between, is_finite)
    product = ops.where(between, finite, 0.0) * decision
    return ops.where(between, straight_through(hard, product), hard)
