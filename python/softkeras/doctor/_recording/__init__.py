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


def replaced(function: Callable, name: str, replacement: Callable) -> Callable:
    """The same function with one kind of operation computed in another way.

    Args:
        function: A function of one tensor that returns one.
        name: The name of an operation, plain or the backend's own.
        replacement: A function of the operation's inputs, and of its
            parameters by name where it takes them.

    Returns:
        A function of a tensor.
    """
    return _replaced()(function, name, replacement)


def _backend():
    name = keras.backend.backend()
    return importlib.import_module(f"{__name__}.{name}")


def _replaced():
    name = keras.backend.backend()
    if name == "tensorflow":
        from softkeras.doctor._recording import tensorflow_replaced

        return tensorflow_replaced.replaced
    return _backend().replaced
