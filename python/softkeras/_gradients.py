"""Functions with a gradient of their own."""

from __future__ import annotations

from collections.abc import Callable

import keras

from softkeras import _checks
from softkeras._backend import ops


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
