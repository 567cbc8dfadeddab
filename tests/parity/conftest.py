"""Python hosts R in this process; reticulate then attaches to this Python.

So both languages see the same modules and objects, and what an R wrapper gives
can be compared with what its Python twin does without a file in between.

rpy2 only starts R: it lets go of Python's lock while R runs, and if R then
collects garbage and frees a Python object of reticulate's, the process ends.
From there on Python calls R through reticulate, which keeps the lock.
"""

from __future__ import annotations

import atexit
import os
import pathlib
import sys
import types

import keras
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
os.environ.setdefault("R_LIBS_USER", str(ROOT / ".Rlib"))
# So much room that R collects no garbage before reticulate has taken over.
os.environ.setdefault("R_NSIZE", "5000000")
os.environ.setdefault("R_VSIZE", "256M")

try:
    import rpy2.rinterface as rinterface
    import rpy2.robjects as robjects
except Exception as error:  # no rpy2, or no R for it: ImportError, OSError, ...
    pytest.skip(f"rpy2 or R is not there: {error}", allow_module_level=True)

# R's finalizers and Python's exit wait for each other otherwise.
atexit.unregister(rinterface.endr)


def pytest_sessionfinish(session, exitstatus):
    session.config.exitstatus = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Ends the process here and now.

    A thread of reticulate's asks Python to look after R's events for as long as
    the process lives, and a Python that is being taken down crashes on that.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(getattr(config, "exitstatus", pytest.ExitCode.USAGE_ERROR))


exchange = types.ModuleType("softkeras_exchange")
sys.modules[exchange.__name__] = exchange

TAKE_OVER = """
library(softkeras)
local({
  library(reticulate)
  values <- c("str", "float", "int", "bool", "NoneType")
  values <- c(paste0("python.builtin.", values), "numpy.ndarray")
  value <- function(x) if (inherits(x, values)) py_to_r(x) else x
  items <- function(x) {
    lapply(seq_len(py_len(x)) - 1L, function(i) value(x$`__getitem__`(i)))
  }
  # Plain values and arrays as R's own; any other object as it is.
  call <- function(name, positional, keys, named) {
    keys <- vapply(items(keys), identity, "")
    f <- eval(parse(text = py_to_r(name)))
    do.call(f, c(items(positional), stats::setNames(items(named), keys)))
  }
  exchange <- import("softkeras_exchange", convert = FALSE)
  py_set_attr(exchange, "call", r_to_py(call, convert = FALSE))
})
"""


class R:
    """R, with softkeras attached."""

    def __init__(self):
        robjects.r(TAKE_OVER)

    def call(self, function, *args, **kwargs):
        """Calls an R function; numbers and lists come back as Python's."""
        keys, values = list(kwargs), list(kwargs.values())
        return exchange.call(function, list(args), keys, values)

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
