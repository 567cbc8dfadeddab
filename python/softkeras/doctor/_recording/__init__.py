"""What a function is made of, operation by operation, and which is to blame."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from softkeras.doctor._recording._data import NotRecorded, Operation, Recording
from softkeras.doctor._recording._places import Place, user_line

__all__ = [
    "NotRecorded",
    "Operation",
    "Place",
    "Recording",
    "record",
    "replaced",
    "user_line",
]


def record(function: Callable, x: Any) -> Recording:
    """Runs `function` on `x` and keeps all that it does.

    Args:
        function: A function of one tensor that returns one, of any shape.
        x: A NumPy array of floats.

    Returns:
        A `Recording`.

    Raises:
        NotRecorded: if the function can't be traced or fails; it holds what
            was raised and the user's line.
    """
    return _backend().record(function, np.asarray(x))


def replaced(
    function: Callable, wanted: str | Operation, replacement: Callable
) -> Callable:
    """The same function with one kind of operation computed in another way.

    Only where it depends on the function's tensor: not on labels, say. What
    gives floats where there were booleans or integers stays soft through the
    casts, sums and choices that follow.

    Args:
        function: A function of one tensor that returns one.
        wanted: The name of an operation, plain or the backend's own; or a
            recorded `Operation`, for all that have its name and take its
            dtypes.
        replacement: A function of the operation's inputs, and of its
            parameters (such as `axis`) by name where it takes them.

    Returns:
        A function of a tensor.
    """
    return _backend("_replaced").replaced(function, wanted, replacement)


def _backend(part=""):
    name = keras.backend.backend()
    return importlib.import_module(f"{__name__}.{name}{part}")
