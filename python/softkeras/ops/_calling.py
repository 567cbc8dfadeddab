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
import numpy as np

from softkeras import _backend, _checks, steps
from softkeras._gradients import widen
from softkeras._ops import ops
from softkeras._types import Decorator, Tensor

_OPS: dict[str, Callable] = {}


@keras.saving.register_keras_serializable(package="softkeras")
class OpCall(keras.Operation):
    """An op with its arguments, as a node of a functional model."""

    def __init__(self, op: str, arguments: dict, name: str | None = None):
        super().__init__(name or f"{op}_{keras.backend.get_uid(op)}")
        self.op = op
        self.arguments = {
            key: _from_config(value) for key, value in arguments.items()
        }
        for key, value in self.arguments.items():
            sharpness = getattr(value, "sharpness", None)  # of a step
            for each in (value, sharpness):
                if ops.is_tensor(each) or isinstance(each, keras.Variable):
                    raise ValueError(
                        f"{op} in a functional model takes no tensor or "
                        f"variable as `{key}`: a model would neither train nor "
                        f"save it. Received: {key}={value!r}; give a number, "
                        "or call it in a layer of your own."
                    )

    def call(self, **tensors) -> Tensor:
        return _OPS[self.op](**tensors, **self.arguments)

    def compute_output_spec(self, **tensors):
        spec = super().compute_output_spec(**tensors)
        if any(getattr(x, "ragged", False) for x in tensors.values()):
            return keras.KerasTensor(spec.shape, spec.dtype, ragged=True)
        return spec

    def get_config(self) -> dict[str, Any]:
        arguments = {
            key: _to_config(key, value) for key, value in self.arguments.items()
        }
        return {"op": self.op, "arguments": arguments, "name": self.name}


def _to_config(name, value):
    if isinstance(value, steps.Step):
        return steps.serialize(value)
    if not callable(value):
        return value
    # Keras does not find its own operations again when it loads a model.
    own = getattr(value, "__name__", "")
    if getattr(ops, own, None) is value:
        return {"keras_op": own}
    return _checks.serializable(name, value)


def _from_config(value):
    if not isinstance(value, dict):
        return value
    if "keras_op" in value:
        return getattr(ops, value["keras_op"])
    return keras.saving.deserialize_keras_object(value)


def op(*tensors: str, keep_dtype: bool = True) -> Decorator:
    """Decorator: `tensors` are the names of the arguments that are tensors.

    They arrive as tensors of float32 or float64, the first as it is and the
    others cast to its dtype (`None` stays `None`; booleans stay booleans).
    Integers become Keras's floatx, float16 and bfloat16 become float32. The
    result is cast back to the narrower type unless `keep_dtype` is false.
    """

    def decorate(function):
        return _public(function, tensors, keep_dtype, _refuse_ragged)

    return decorate


def elementwise(*tensors: str, rows: tuple[str, ...] = ()) -> Decorator:
    """The same for a function of each element, which may also be ragged.

    Tensors broadcast with the first, but for those in `rows`.
    """

    def decorate(function):
        return _public(
            function, tensors, True, functools.partial(_each_flat, rows), rows
        )

    return decorate


def _public(function, tensors, keep_dtype, of_ragged, rows=None):
    signature = inspect.signature(function)
    name = function.__name__
    parameters = signature.parameters.values()
    flags = [p.name for p in parameters if isinstance(p.default, bool)]
    needed = [
        key for key in tensors if signature.parameters[key].default is not None
    ]

    @functools.wraps(function)
    def public(*args, **kwargs):
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}{signature}: {error}") from None
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        for key in flags:
            arguments[key] = _checks.boolean(key, arguments[key])
        given = {key: arguments.pop(key) for key in tensors}
        for key in needed:
            if given[key] is None:
                _checks.tensor(key, None)
        if any(isinstance(x, keras.KerasTensor) for x in given.values()):
            return OpCall(name, arguments)(**given)
        if any(_backend.is_ragged(x) for x in given.values()):
            return of_ragged(public, given, arguments)
        dtype, given = _same_floats(given)
        if rows is not None:
            _check_broadcast(
                {key: x for key, x in given.items() if key not in rows}
            )
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
        return _exact(name, x, dtype)
    raise ValueError(
        f"`{name}` must hold numbers. Received: {name} of dtype {dtype}"
    )


def _exact(name, x, dtype):
    """Integers as Keras's floats, in which they must be the same numbers."""
    floatx = keras.backend.floatx()
    last = 2 ** {"float16": 11, "bfloat16": 8, "float32": 24}.get(floatx, 53)
    number = ops.cast(x, floatx)
    if dtype == "bool" or np.iinfo(dtype).max <= last:
        return number
    fine = _checks.within(
        name,
        x,
        max(-last, int(np.iinfo(dtype).min)),
        last,
        f"integers of at most {last}, which {floatx} holds exactly; cast "
        "larger ones to a wider float",
    )
    return number if fine is None else ops.where(fine, number, float("nan"))


def _check_broadcast(given):
    """Makes sure that the shapes broadcast to that of the first."""
    first, *others = given
    shape = _known_shape(given[first])
    for key in others:
        own = _known_shape(given[key])
        pairs = zip(reversed(shape), reversed(own))
        if any(a != b and not {a, b} & {1, None} for a, b in pairs):
            raise ValueError(
                f"`{key}` must be a number or of a shape that broadcasts with "
                f"that of `{first}`. Received: {key} of shape {own}, {first} "
                f"of shape {shape}."
            )


def _known_shape(x):
    """Of a tensor; of `None` and where nothing is known, that of a number."""
    if x is None or getattr(x.shape, "rank", 0) is None:
        return ()
    return tuple(x.shape)


def _refuse_ragged(public, given, arguments):
    name = next(key for key, x in given.items() if _backend.is_ragged(x))
    raise ValueError(
        f"{public.__name__} does not take ragged tensors, because rows of "
        f"different lengths have no common axis. Received: a ragged `{name}`. "
        f"Use {name}.to_tensor(default_value) and, where it is taken, a mask."
    )


def _each_flat(rows, public, given, arguments):
    arguments = {**arguments, **{key: given.pop(key) for key in rows}}
    return _backend.map_flat_values(
        lambda **flat: public(**flat, **arguments), given
    )
