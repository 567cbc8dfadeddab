"""Which line of the user's code an operation or an exception comes from."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sysconfig
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

_LIBRARIES = (
    "keras",
    "tensorflow",
    "tf_keras",
    "jax",
    "jaxlib",
    "torch",
    "numpy",
    "opt_einsum",
    "optree",
    "softkeras",
    "rpytools",
    "reticulate",
)
# Where functions live that users call, and what they call them.
_PUBLIC = (
    ("softkeras", ("ops", "losses", "counts", "confusion", "scores", "steps")),
    ("keras", ("ops", "activations", "losses", "metrics", "random")),
)


@dataclass(frozen=True)
class Place:
    """A line of the user's code."""

    file: str
    line: int
    function: str
    source: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"


def place(
    frames: Sequence[tuple[str, int, str]],
) -> tuple[Place | None, str | None]:
    """The innermost line of the user and what of a library was called there.

    `frames` are (file, line, function), the outermost first. What is outside
    of the doctor's own frames has called it, and is not what it looks at.
    """
    doctor = [k for k, frame in enumerate(frames) if _is_doctor(frame[0])]
    first = doctor[0] if doctor else 0
    users = [
        k
        for k, frame in enumerate(frames)
        if k >= first and not _is_library(frame[0])
    ]
    if not users:
        return None, _called(frames[first:])
    file, line, function = frames[users[-1]]
    source = linecache.getline(file, line).strip()
    return Place(file, line, function, source), _called(frames[users[-1] + 1 :])


def user_line(of: BaseException | traceback.StackSummary) -> Place | None:
    """The innermost line of the user in an exception or a stack.

    Args:
        of: An exception that was caught, or what `traceback.extract_stack()`
            returns.

    Returns:
        A `Place` with file, line, function and source, or `None` if all lines
        are of libraries.
    """
    if isinstance(of, BaseException):
        of = traceback.extract_tb(of.__traceback__)
    return place([(f.filename, f.lineno or 0, f.name) for f in of])[0]


@cache
def _folders() -> tuple[str, ...]:
    found = []
    for name in _LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is not None:
            found += spec.submodule_search_locations or []
    return tuple(os.path.realpath(folder) + os.sep for folder in found)


@cache
def _is_library(file: str) -> bool:
    if file.startswith("<frozen"):
        return True
    file = os.path.realpath(file)
    if file.startswith(_folders()):
        return True
    # Packages of users may be installed below the standard library.
    standard = os.path.realpath(sysconfig.get_paths()["stdlib"]) + os.sep
    installed = {
        f"{os.sep}site-packages{os.sep}",
        f"{os.sep}dist-packages{os.sep}",
    }
    return file.startswith(standard) and not any(s in file for s in installed)


@cache
def _is_doctor(file: str) -> bool:
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    return os.path.realpath(file).startswith(own + os.sep)


@cache
def _public_name(file: str, function: str) -> str | None:
    """`keras.ops.round` for the function round in keras/src/ops/numpy.py."""
    for package, modules in _PUBLIC:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = os.path.dirname(os.path.realpath(spec.origin)) + os.sep
        file = os.path.realpath(file)
        if not file.startswith(folder):
            continue
        parts = file[len(folder) :].removesuffix(".py").split(os.sep)
        for module in modules:
            if module not in parts or function.startswith("_"):
                continue
            public = importlib.import_module(f"{package}.{module}")
            if callable(getattr(public, function, None)):
                return f"{package}.{module}.{function}"
    return None


def _called(frames) -> str | None:
    for file, _, function in frames:
        name = _public_name(file, function)
        if name:
            return name
    return None
