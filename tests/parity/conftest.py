"""Python hosts R in this process; reticulate then attaches to this Python.

So both languages see the same modules and objects, and what an R wrapper gives
can be compared with what its Python twin does without a file in between.
"""

from __future__ import annotations

import os
import pathlib

import keras
import numpy as np
import pytest

import softkeras.r

ROOT = pathlib.Path(__file__).parents[2]
os.environ.setdefault("R_LIBS_USER", str(ROOT / ".Rlib"))

try:
    softkeras.r.start()
except ImportError as error:
    pytest.skip(str(error), allow_module_level=True)


class R:
    """R, with softkeras attached."""

    def call(self, function, *args, **kwargs):
        """Calls an R function; numbers and lists come back as Python's."""
        return softkeras.r.function(function)(*args, **kwargs)

    def defaults(self, name):
        """The arguments of an R function and their defaults, in order."""
        names = self.call(f"function() as.list(names(formals({name})))")
        return {
            key: self.call(
                f"function() if (nzchar(deparse(formals({name})[['{key}']])))"
                f" eval(formals({name})[['{key}']]) else '<missing>'"
            )
            for key in names
            if key != "..."
        }


@pytest.fixture(scope="session")
def r():
    return R()


@pytest.fixture
def data():
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, (12, 3)).astype(float)
    p = rng.random((12, 3)).astype("float32").astype(float)
    w = rng.random(12).astype("float32").astype(float)
    return y, p, w


def tensor(x):
    return keras.ops.convert_to_tensor(np.asarray(x, "float32"))
