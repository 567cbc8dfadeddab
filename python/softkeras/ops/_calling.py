"""How an op takes its arguments: tensors, arrays, KerasTensors, ragged ones.

Every public op is a function of tensors of float32 or float64, and `@op` or
`@elementwise` makes of it what users call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from softkeras import _backend, _checks, steps
from softkeras._backend import ops
from softkeras._gradients import widen

_OPS: dict[str, Callable] = {}


@keras.saving.register_keras_serializable(package="softkeras")
class OpCall(keras.Operation):
    """An op with its arguments, as a node of a functional model."""

    def __init__(self, op: str, arguments: dict, name: str | None = None):
        super().__init__(name or f"{op}_{keras.backend.get_uid(op)}")
        self.op = op
        self.arguments = {
            key: keras.saving.deserialize_keras_object(value)
            if isinstance(value, dict)
            else value
            for key, value in arguments.items()
        }

    def call(self, **tensors):
        return _OPS[self.op](**tensors, **self.arguments)

    def compute_output_spec(self, **tensors):
        spec = super().compute_output_spec(**tensors)
        if any(getattr(x, "ragged", False) for x in tensors.values()):
            return keras.KerasTensor(spec.shape, spec.dtype, ragged=True)
        return spec

    def get_config(self):
        arguments = {
            key: steps.serialize(value)
            if isinstance(value, steps.Step)
            else value
            for key, value in self.arguments.items()
        }
        return {"op": self.op, "arguments": arguments, "name": self.name}


def op(*tensors: str, keep_dtype: bool = True) -> Callable:
    """Decorator: `tensors` are the names of the arguments that are tensors.

    They arrive as tensors of float32 or float64, the first as it is and the
    others cast to its dtype (`None` stays `None`; booleans stay booleans).
    Integers become Keras's floatx, float16 and bfloat16 become float32. The
    result is cast back to the narrower type unless `keep_dtype` is false.
    """

    def decorate(function):
        return _public(function, tensors, keep_dtype, _refuse_ragged)

    return decorate


def elementwise(*tensors: str, keep_dtype: bool = True) -> Callable:
    """The same for a function of each element, which may also be ragged."""

    def decorate(function):
        return _public(function, tensors, keep_dtype, _each_flat)

    return decorate


def _public(function, tensors, keep_dtype, of_ragged):
    signature = inspect.signature(function)
    name = function.__name__

    @functools.wraps(function)
    def public(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        given = {key: arguments.pop(key) for key in tensors}
        if any(isinstance(x, keras.KerasTensor) for x in given.values()):
            return OpCall(name, arguments)(**given)
        if any(_backend.is_ragged(x) for x in given.values()):
            return of_ragged(public, given, arguments)
        dtype, given = _same_floats(given)
        result = function(**given, **arguments)
        return ops.cast(result, dtype) if keep_dtype else result

    _OPS[name] = public
    # So that a model saves a layer whose activation it is.
    return keras.saving.register_keras_serializable(package="softkeras")(public)


def _same_floats(given: dict[str, Any]):
    """The dtype of the first tensor, and all of them wide and of one dtype."""
    first, *_ = given
    x = _floats(first, given[first])
    dtype = keras.backend.standardize_dtype(x.dtype)
    wide = _checks.wide(dtype)

    def same(key, value):
        if value is None:
            return None
        # Python's floats would become float32, of which 0.1 is not that of
        # float64.
        is_float = any(isinstance(v, float) for v in keras.tree.flatten(value))
        value = _checks.tensor(key, value, wide if is_float else None)
        if keras.backend.standardize_dtype(value.dtype) == "bool":
            return value
        return ops.cast(widen(_floats(key, value)), wide)

    rest = {key: same(key, value) for key, value in given.items()}
    return dtype, {**rest, first: widen(x)}


def _floats(name, x):
    x = _checks.tensor(name, x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" in dtype:
        return x
    if dtype == "bool" or "int" in dtype:
        return ops.cast(x, keras.backend.floatx())
    raise ValueError(
        f"`{name}` must hold numbers. Received: {name} of dtype {dtype}"
    )


def _refuse_ragged(public, given, arguments):
    name = next(key for key, x in given.items() if _backend.is_ragged(x))
    raise ValueError(
        f"{public.__name__} does not take ragged tensors, because rows of "
        f"different lengths have no common axis. Received: a ragged `{name}`. "
        f"Use {name}.to_tensor(default_value) and, where it is taken, a mask."
    )


def _each_flat(public, given, arguments):
    return _backend.map_flat_values(
        lambda **flat: public(**flat, **arguments), given
    )
