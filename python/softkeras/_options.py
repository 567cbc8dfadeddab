"""What losses and metrics were made with, also what no configuration holds."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from softkeras import steps
from softkeras._foreign import ForeignFunction
from softkeras._labels import Labels
from softkeras.losses._constrained import SHARPNESS, ConstrainedLoss
from softkeras.steps import Step


def options(thing: Any) -> dict[str, dict[str, Any]]:
    """The arguments of a loss or a metric: `value`, and whether `changed`.

    In the order of its signature. Unlike `get_config` it takes functions that
    can't be saved. What has no default counts as changed.
    """
    found = _values(thing)
    parameters = inspect.signature(type(thing)).parameters
    listed = {}
    for name, parameter in parameters.items():
        if parameter.kind == parameter.VAR_KEYWORD:
            own = getattr(holder(thing), "score_args", {})
            for key in own:
                listed[key] = {"value": plain(own[key]), "changed": True}
        elif name in found:
            value, default = plain(found[name]), plain(parameter.default)
            if isinstance(value, Step):
                same = vars(value) == vars(_default_step(thing, default))
            else:
                same = _same(value, default)
            listed[name] = {"value": value, "changed": not same}
    return listed


def holder(thing: Any) -> Any:
    """The part of a loss or a metric that has its step and its options."""
    for name in ("scoring", "constrained"):
        if hasattr(thing, name):
            return getattr(thing, name)
    return thing


def _values(thing):
    part = holder(thing)
    found = {**vars(thing), **vars(part), "name": thing.name}
    found.update(getattr(thing, "options", {}))
    found.update(getattr(part, "score_args", {}))
    if hasattr(thing, "constrained"):
        found[part.name] = part.level
    if isinstance(found.get("labels"), Labels):
        found.update(found["labels"].get_config())
    return found


def plain(value: Any) -> Any:
    """Functions by their names, arrays and tuples as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, functools.partial):
        return plain(value.func)
    is_function = isinstance(value, ForeignFunction) or inspect.isroutine(value)
    return _function_name(value) if is_function else value


# What a function is called that has no name.
NAMELESS = (
    "<lambda>",
    "python_function",
    "score",
    "shape",
    "step",
    "loss_from_function",
)


def _function_name(function):
    name = getattr(function, "__name__", NAMELESS[0])
    return "a function" if name in NAMELESS else name


def _default_step(thing, name):
    constrained = isinstance(thing, ConstrainedLoss)
    return steps.get(name, SHARPNESS if constrained else None)


def _same(value, default):
    if isinstance(value, bool) or isinstance(default, bool):
        return value is default
    return bool(value == default)
