"""Checks of arguments. A message says what came and what is allowed."""

from __future__ import annotations

import functools
import math
import numbers

import keras
import numpy as np
from keras import ops

from softkeras import _backend


def one_of(name, value, allowed):
    if value not in allowed:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, allowed))}. "
            f"Received: {name}={value!r}"
        )
    return value


def _number(name, value, allowed):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(
            f"`{name}` must be a number {allowed}. Received: {name}={value!r}"
        )
    return float(value)


def positive(name, value):
    """`value` as a float above 0, or the scalar tensor that it is."""
    if ops.is_tensor(value) or isinstance(value, keras.Variable):
        return value
    number = _number(name, value, "above 0")
    if math.isnan(number) or number <= 0:
        raise ValueError(
            f"`{name}` must be above 0. Received: {name}={value!r}"
        )
    return number


def probability(name, value):
    number = _number(name, value, "between 0 and 1")
    if not 0 < number < 1:
        raise ValueError(
            f"`{name}` must be between 0 and 1, both excluded. "
            f"Received: {name}={value!r}"
        )
    return number


def boolean(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(
            f"`{name}` must be True or False. Received: {name}={value!r}"
        )
    return bool(value)


def tensor(name, x, dtype=None):
    """`x` as a tensor, which must hold numbers."""
    try:
        if x is None or (not ops.is_tensor(x) and _is_text(x)):
            raise TypeError
        return ops.convert_to_tensor(x, dtype)
    except (TypeError, ValueError):
        raise ValueError(
            f"`{name}` must be an array or a tensor of numbers. Received: "
            f"{name} of type {type(x).__name__}: {x!r:.80}"
        ) from None


def _is_text(x):
    return (
        not isinstance(x, keras.KerasTensor)
        and np.asarray(x).dtype.kind in "OSU"
    )


def floating(name, x):
    """`x` as a tensor, which must hold floats."""
    x = tensor(name, x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" not in dtype:
        raise ValueError(
            f"`{name}` must hold floats: probabilities, or logits with "
            f"from_logits=True. Received: {name} of dtype {dtype}; a decision "
            "that has already been rounded has no gradient."
        )
    return x


def wide(dtype):
    """The dtype that is computed in for `dtype`: float32 at least."""
    dtype = keras.backend.standardize_dtype(dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def serializable(name, function):
    """The configuration of a registered function, else a ValueError."""
    registered = keras.saving.get_registered_name(function)
    if keras.saving.get_registered_object(registered) is not function:
        raise ValueError(
            f"`{name}` is a function that a saved model could not find again: "
            f"{function!r}. Put "
            '@keras.saving.register_keras_serializable(package="mine") above '
            "its definition."
        )
    return keras.saving.serialize_keras_object(function)


def within(name, values, low, high, allowed, or_nan=False):
    """Makes sure that all values are from `low` to `high`, or NaN if `or_nan`.

    Where values can be looked at, a ValueError says that they are not, and a
    TensorFlow graph fails with the same words when it runs. In a graph that
    another compiler takes, nothing can fail: only there is something returned,
    whether each value is fine. Where it is not, the caller must compute NaN, so
    that no wrong number comes out quietly.
    """
    if 0 in values.shape:
        return None
    message = f"`{name}` must hold {allowed}."
    least = functools.partial(ops.min, values)
    most = functools.partial(ops.max, values)

    def holds():
        if or_nan:
            return ops.logical_not(ops.logical_or(least() < low, most() > high))
        return ops.logical_and(least() >= low, most() <= high)

    if _backend.is_concrete(values):
        if not bool(holds()):
            raise ValueError(
                f"{message} Received: {name} with values from "
                f"{float(least())} to {float(most())}."
            )
    elif not _backend.assert_in_graph(holds, message, least, most):
        return ops.logical_and(values >= low, values <= high)
    return None
