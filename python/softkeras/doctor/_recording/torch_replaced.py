"""The same torch function with one kind of call put in its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import keras
import torch
from torch.overrides import TorchFunctionMode, resolve_name

from softkeras.doctor._recording._data import matches
from softkeras.doctor._recording.torch import (
    is_tensor,
    parameters_of,
    tensors_in,
    word_of,
)

# Their second argument stands on the left.
_REFLECTED = ("__rdiv__", "__rtruediv__", "__rsub__", "__rpow__", "rsub")


# What else is said by name is how, and not of what.
_OPERANDS = ("input", "other", "exponent", "min", "max")


def replaced(function: Callable, wanted, replacement: Callable) -> Callable:
    """See `softkeras.doctor._recording.replaced`."""

    def run(x):
        x = keras.ops.convert_to_tensor(x)
        with _Replacing(x, wanted, replacement):
            return function(x)

    return run


class _Replacing(TorchFunctionMode):
    """Runs a replacement instead of one kind of call."""

    def __init__(self, x, wanted, replacement):
        super().__init__()
        self.wanted, self.replacement = wanted, replacement
        self.kept = [x]
        self.depends = {id(x)}
        # Floats where there were integers or booleans.
        self.soft: set[int] = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = resolve_name(func) or getattr(func, "__name__", str(func))
        word = word_of(name)
        given = tensors_in((args, kwargs))
        if not any(id(t) in self.depends for t in given):
            return func(*args, **kwargs)
        dtypes = [
            "soft" if id(t) in self.soft else str(t.dtype)[len("torch.") :]
            for t in given
        ]
        if matches(self.wanted, name, word, dtypes):
            made = self._instead(func, word, args, kwargs)
        elif any(id(t) in self.soft for t in given):
            made = self._soft(func, word, args, kwargs)
        else:
            made = func(*args, **kwargs)
        for t in tensors_in(made):
            self.kept.append(t)
            self.depends.add(id(t))
        return made

    def _instead(self, func, word, args, kwargs):
        hard = func(*args, **kwargs)
        given = parameters_of(word, args, kwargs)
        names = inspect.signature(self.replacement).parameters
        values = [*args, *(v for k, v in kwargs.items() if k in _OPERANDS)]
        if func.__name__ in _REFLECTED:
            values = values[::-1]
        like = next(t for t in tensors_in(values) if t.is_floating_point())
        values = [
            v if is_tensor(v) else torch.as_tensor(v, dtype=like.dtype)
            for v in values
            if is_tensor(v) or (not given and _is_number(v))
        ]
        made = self.replacement(
            *values, **{k: v for k, v in given.items() if k in names}
        )
        if not hard.is_floating_point():
            self.soft.add(id(made))
        return made

    def _soft(self, func, word, args, kwargs):
        """What becomes of a call on booleans and integers that are floats."""
        if word == "cast":
            made = func(*args, **kwargs)
            if made.is_floating_point():
                return made
            return args[0]
        if word == "where" and id(args[0]) in self.soft:
            return args[0] * args[1] + (1 - args[0]) * args[2]
        if word == "logical_not":
            made = 1 - args[0]
        elif word == "logical_and":
            made = args[0] * args[1]
        elif word == "logical_or":
            made = args[0] + args[1] - args[0] * args[1]
        else:
            made = func(*args, **kwargs)
        for t in tensors_in(made):
            self.soft.add(id(t))
        return made


def _is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)
