"""Values that Python's types hold and R's do not, and the other way round."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np


def for_r(value: Any) -> Any:
    """The same, with whole numbers that R would cut as floats.

    R's are of 32 bits, without the smallest, which is its NA.

    Raises:
        OverflowError: if a float can't hold them either.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        each = np.empty(value.size, object)
        each[:] = [for_r(one) for one in value.flat]
        return each.reshape(value.shape)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        least, most = (int(f(value, initial=0)) for f in (np.min, np.max))
    elif isinstance(value, numbers.Integral):
        least = most = int(value)
    else:
        return value
    if least > -(2**31) and most < 2**31:
        return value
    if least < -(2**53) or most > 2**53:
        raise OverflowError(
            "R's numbers hold whole ones from -2^53 to 2^53. Received: "
            f"{least if least < -(2**53) else most}. Give a float, which is "
            "rounded, or a string."
        )
    if isinstance(value, np.ndarray):
        return value.astype("float64")
    return float(value)


def with_none(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Strings of R with None where they are NA."""
    values = values.astype(object)
    values[missing] = None
    return values


def call(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What the function gives, by a call that R can make of any."""
    return function(*args, **kwargs)
