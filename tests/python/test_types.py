"""No public name lacks types; tests/typing is what a checker makes of them."""

from __future__ import annotations

import importlib
import inspect
import pathlib
from typing import Any

import pytest

import softkeras

MODULES = sorted(
    path.stem.removesuffix(".py")
    for path in pathlib.Path(softkeras.__file__).parent.iterdir()
    if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
)
# What is handed on to, or comes from, what knows its type: a model of the user,
# Matplotlib, and keyword arguments of Keras and of scores.
OPEN = {"axes", "data", "kwargs", "options", "score_args", "target", "x", "y"}
NUMBERS = ("Step.slope", "Step.sharpness_now")  # or tensors


def methods(cls):
    """Those that softkeras wrote, its private bases too, by their names."""
    for base in cls.__mro__:
        if not base.__module__.startswith("softkeras"):
            continue
        for name, member in vars(base).items():
            if name.startswith("_") and not name.startswith("__"):
                continue
            member = getattr(member, "fget", member)
            member = getattr(member, "__func__", member)
            # Not what a named tuple or a dataclass has made.
            if inspect.isfunction(member) and "softkeras" in (
                inspect.unwrap(member).__code__.co_filename
            ):
                yield f"{base.__module__}.{member.__qualname__}", member


def functions():
    """All that a user can call, each once."""
    found = {}
    for module in MODULES:
        module = importlib.import_module(f"softkeras.{module}")
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing):
                found.update(methods(thing))
            elif callable(thing):
                found[f"{module.__name__}.{name}"] = thing
    return found


FUNCTIONS = functions()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_arguments_and_results_have_types(name):
    function = inspect.unwrap(FUNCTIONS[name])
    code = function.__code__
    # Of the code, as a signature may show what `**options` stands for.
    arguments = inspect.getargs(code)
    names = {*arguments.args, arguments.varargs, arguments.varkw}
    wanted = names - {"self", "cls", None}
    if function.__name__ not in ("__init__", "__repr__", "__post_init__"):
        wanted.add("return")
    missing = sorted(wanted - set(function.__annotations__))
    assert not missing, (
        f"{code.co_filename}:{code.co_firstlineno}: give types to {missing}"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_any_is_meant_to_be(name):
    function = inspect.unwrap(FUNCTIONS[name])
    found = {
        argument
        for argument, type_ in function.__annotations__.items()
        if type_ in (Any, "Any") and not name.endswith(NUMBERS)
    }
    assert found <= OPEN, f"{name}: say what {sorted(found - OPEN)} may be"


def test_the_marker_of_types_is_there():
    assert (pathlib.Path(softkeras.__file__).parent / "py.typed").exists()
