"""Functions with a gradient of their own."""

from __future__ import annotations

from collections.abc import Callable

import keras

from softkeras import _backend, _checks
from softkeras._ops import ops


def differentiable(function: Callable) -> Callable:
    """Gives a function its derivative in closed form.

    `function(x)` returns the value and a function that multiplies what comes
    from above by the derivative, which is run in the backward pass only. With
    more tensors than x it gives back as many gradients.
    """

    return ops.custom_gradient(function)


def widen(x):
    """Casts float16 and bfloat16 to float32.

    A gradient on its way back is cut to the range of the narrow type, in which
    it could be infinite.
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if dtype == _checks.wide(dtype):
        return x
    largest = 65504.0 if dtype == "float16" else 3.3895314e38

    def function(x):
        return ops.cast(x, "float32"), lambda g: ops.cast(
            ops.clip(g, -largest, largest), dtype
        )

    return differentiable(function)(x)


def choose(condition, first: Callable, second: Callable, x, both=False):
    """first(x) where a scalar condition holds, else second(x).

    The other one is not computed where that can be had, unless `both` are to
    be. Its gradient is not multiplied by 0 but left out, so that it may be
    infinite or NaN.
    """
    if not both and _backend.is_concrete(condition):
        return first(x) if bool(condition) else second(x)
    if not both and _backend.can_branch():
        return ops.cond(condition, lambda: first(x), lambda: second(x))
    x = ops.convert_to_tensor(x)
    return ops.where(
        condition,
        first(_gate(x, condition)),
        second(_gate(x, ops.logical_not(condition))),
    )


def _gate(x, is_open):
    """`x`, whose gradient is cut off where a condition does not hold."""

    def function(x):
        return ops.copy(x), lambda g: ops.where(is_open, g, ops.zeros_like(g))

    gated = differentiable(function)(x)
    mask = _backend.get_keras_mask(x)
    if mask is not None:
        _backend.set_keras_mask(gated, mask)
    return gated
