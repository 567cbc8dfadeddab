"""The R of this process: how it starts, is called and ends.

rpy2 only starts R. It lets go of Python's lock while R runs, and where R then
collects garbage and frees a Python object of reticulate's, the process ends. So
the first R code is run from here with the lock kept; it makes reticulate take
hold of this Python and hands over a function, through which Python calls R from
then on: reticulate keeps the lock, too.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any

# Gives "" or what went wrong. An answer of R is a list of "value", "wrong" (not
# what may be returned) or "failed", the value or a message, and R's warnings.
TAKE_OVER = r"""
tryCatch(suppressPackageStartupMessages(local({
  session <- reticulate::import("softkeras.r._session", convert = FALSE)
  reticulate::py_set_attr(session, "_library", getLoadedDLLs()[["reticulate"]][["path"]])
  library(softkeras)
  softkeras:::py_softkeras() # An error if it is of another version.

  to_python <- function(f) reticulate::r_to_py(f, convert = FALSE)
  # Plain values and arrays as R's own; any other object as it is.
  values <- c("str", "float", "int", "bool", "NoneType")
  values <- c(paste0("python.builtin.", values), "numpy.ndarray", "numpy.generic")
  from_python <- function(x) if (inherits(x, values)) reticulate::py_to_r(x) else x
  items <- function(x) {
    lapply(seq_len(reticulate::py_len(x)) - 1L, function(i) x$`__getitem__`(i))
  }

  # Where it arose is told, unless it is here or in reticulate.
  here <- c("f", "parse", "eval", "py_call_impl")
  message_of <- function(e) {
    call <- conditionCall(e)
    unknown <- is.null(call) || as.character(call[1]) %in% here
    where <- if (unknown) "" else paste0("in ", deparse(call)[1], ": ")
    paste0(where, softkeras:::python_says(e))
  }
  wrong <- function(...) {
    stop(structure(
      class = c("wrong_value", "error", "condition"),
      list(message = paste0(...), call = NULL)
    ))
  }
  answer <- function(code) {
    warnings <- list()
    tryCatch(
      withCallingHandlers(
        {
          value <- code
          list("value", value, warnings)
        },
        warning = function(w) {
          warnings <<- c(warnings, message_of(w))
          invokeRestart("muffleWarning")
        }
      ),
      wrong_value = function(e) list("wrong", conditionMessage(e), warnings),
      error = function(e) list("failed", message_of(e), warnings)
    )
  }

  # How a function of R is called from Python, by what it is for.
  callers <- list(
    loss = function(f) function(y_true, y_pred) answer(of_tensors(f(y_true, y_pred))),
    score = function(f) function(tp, fp, fn, tn, keys, named) answer({
      counts <- lapply(list(tp = tp, fp = fp, fn = fn, tn = tn), from_python)
      value <- do.call(f, c(list(counts), by_name(keys, named)))
      if (all(vapply(counts, is.numeric, NA))) of_numbers(value) else of_tensors(value)
    }),
    `function` = function(f) function(positional, keys, named) answer({
      do.call(f, c(lapply(items(positional), from_python), by_name(keys, named)))
    })
  )
  by_name <- function(keys, named) {
    stats::setNames(lapply(items(named), from_python), reticulate::py_to_r(keys))
  }
  of_tensors <- function(value) {
    if (!inherits(value, "python.builtin.object")) {
      wrong("a tensor made of those that it is given. Received: R's ", typeof(value))
    }
    value
  }
  # As an array, which is one in Python whatever its length.
  of_numbers <- function(value) {
    if (!is.numeric(value)) {
      wrong("numbers. Received: R's ", typeof(value))
    }
    if (is.null(dim(value))) array(value) else value
  }

  make <- function(source, kind) answer({
    code <- parse(text = reticulate::py_to_r(source), keep.source = FALSE)
    f <- eval(code, new.env(parent = globalenv()))
    if (!is.function(f)) {
      wrong("the text gives no function but R's ", typeof(f))
    }
    to_python(callers[[reticulate::py_to_r(kind)]](f))
  })

  reticulate::py_set_attr(session, "_make", to_python(make))
  ""
})), error = conditionMessage)
"""

# Set by R: makes a function of a text; the file of reticulate's compiled code.
_make: Callable | None = None
_library: str | None = None
_thread: int | None = None
_is_over = False


def start() -> None:
    """Starts R where that has not been done; see `softkeras.r.start`."""
    global _thread
    if _thread is not None:
        return check_thread()
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "R must be started from Python's main thread. Received: "
            f"{threading.current_thread().name}. Call softkeras.r.start() "
            "there, before other threads are started."
        )
    _refuse_an_r_that_hosts_python()
    rinterface, path = _rpy2()
    libr = ctypes.PyDLL(path)  # PyDLL keeps Python's lock.
    environment = dict(os.environ)
    interrupts = signal.getsignal(signal.SIGINT)
    rinterface.initr(interactive=False)
    # It would end R without the lock, which R's finalizers then wait for.
    atexit.unregister(rinterface.endr)
    atexit.register(_end, libr, os.getpid())
    _take_over(libr)
    _restore(environment, interrupts)
    _thread = threading.get_ident()


def check_thread() -> None:
    """Makes sure that R may be called here and now."""
    if _is_over:
        raise RuntimeError("R has ended, because Python is about to.")
    if threading.get_ident() != _thread:
        raise RuntimeError(
            "R can be called from Python's main thread only. Received: "
            f"{threading.current_thread().name}. Call fit() and evaluate() in "
            "the main thread; what runs losses in threads of its own, such as "
            "tf.distribute, needs a loss that is written in Python."
        )


def make(source: str, kind: str) -> Callable:
    """A Python function that calls the R function of that text.

    Args:
        source: The text.
        kind: `"loss"`, `"score"` or `"function"`: what it is called with.

    Raises:
        ValueError: if the text is not a function; it says why.
    """
    if not isinstance(source, str):
        raise ValueError(
            "`source` must be the text or the name of an R function. "
            f"Received: {source!r}"
        )
    start()
    state, called, _ = _make(source, kind)
    if state != "value":
        raise ValueError(
            f"`source` must be an R function; R says: {called}. "
            f"Received: {source}"
        )

    def call(*args: Any) -> Any:
        check_thread()
        state, value, messages = called(*args)
        for message in messages:
            warnings.warn(f"R warns: {message}", RuntimeWarning, stacklevel=3)
        if state == "wrong":
            raise ValueError(
                f"The R function must return {value}. It is: {source}"
            )
        if state == "failed":
            raise RuntimeError(f"The R function failed: {value}. It is: {source}")
        return value

    return call


def _refuse_an_r_that_hosts_python():
    if f"PID={os.getpid()}:" in os.environ.get("R_SESSION_INITIALIZED", ""):
        raise RuntimeError(
            "R runs this Python already, so softkeras.r can't start another. "
            "Call the R package softkeras from there."
        )


def _rpy2():
    try:
        version = metadata.version("rpy2-rinterface")
    except metadata.PackageNotFoundError:
        raise ImportError(
            "softkeras.r needs rpy2 >= 3.6, which starts R. With R 4.5 or later "
            "run: pip install 'softkeras[r]'; with an earlier R: "
            "pip install 'softkeras[r-before-4-5]'"
        ) from None
    try:
        from rpy2 import situation

        path = situation.get_rlib_path(
            situation.get_r_home() or "", platform.system()
        )
        if not os.path.exists(path):
            raise OSError(f"there is no {path}")
        import rpy2.rinterface as rinterface
    except Exception as error:  # ImportError, OSError, ValueError, ...
        raise ImportError(_why_not(version, error)) from error
    return rinterface, path


def _why_not(version, error):
    if "R_getVar" in str(error):
        return (
            f"rpy2 {version} needs R 4.5 or later, and the R that was found is "
            "older. Run: pip install 'softkeras[r-before-4-5]'"
        )
    return (
        f"softkeras.r needs R as a shared library; rpy2 {version} says: "
        f"{error}. Install R, or put the folder of its program R into PATH, or "
        "set R_HOME."
    )


def _take_over(libr):
    """Runs TAKE_OVER in R with Python's lock kept."""
    for name in ("R_ParseEvalString", "R_tryEvalSilent", "STRING_ELT"):
        getattr(libr, name).restype = ctypes.c_void_p
    libr.R_CHAR.restype = ctypes.c_char_p
    everywhere = ctypes.c_void_p.in_dll(libr, "R_GlobalEnv")
    # First as a call that isn't run, since only a try may fail.
    quoted = f"quote({TAKE_OVER})".encode()
    call = ctypes.c_void_p(libr.R_ParseEvalString(quoted, everywhere))
    failed = ctypes.c_int(0)
    said = libr.R_tryEvalSilent(call, everywhere, ctypes.byref(failed))
    if failed.value:
        raise RuntimeError("R failed while softkeras.r was started.")
    text = libr.STRING_ELT(ctypes.c_void_p(said), ctypes.c_ssize_t(0))
    message = libr.R_CHAR(ctypes.c_void_p(text)).decode(errors="replace")
    if message:
        raise ImportError(
            "softkeras.r needs the R packages softkeras and reticulate. R "
            f"says: {message.rstrip('.')}.{_of_a_static_python(message)} The library "
            "that holds them can be named in R_LIBS before Python is started."
        )


def _restore(environment, interrupts):
    """Undoes what R and reticulate changed of what was set before.

    The variables that R itself needs stay. reticulate sets some behind Python's
    back, which would go to the processes that Python starts.
    """
    os.environ.update(environment)
    for name in {"LD_LIBRARY_PATH", "VIRTUAL_ENV"} - set(environment):
        os.environ.pop(name, None)
        os.unsetenv(name)
    if interrupts is not None:
        signal.signal(signal.SIGINT, interrupts)


def _of_a_static_python(message):
    """reticulate takes such a Python, by what it was called, for a library."""
    if f"{sys.orig_argv[0]} - " not in message:
        return ""
    return (
        " This Python is no shared library; call it by its full path, "
        f"{sys.executable}."
    )


def _end(libr, process):
    """Ends R as rpy2 would, but with Python's lock kept.

    R's memory stays: Python still frees what it holds of it.
    """
    global _is_over
    if os.getpid() != process:  # A fork: the files are its parent's.
        return
    _is_over = True
    if _library is not None:
        _stop_polling()
    libr.R_RunExitFinalizers()
    libr.Rf_KillAllDevices()
    libr.R_CleanTempDir()


def _stop_polling():
    """Stops what reticulate would have a dying Python do.

    A thread of it asks Python, several times a second and as long as there is
    the process, to look after R's events. reticulate has no way to end it; so it
    is given another function to call, one that does nothing.
    """
    asks = ctypes.c_void_p.in_dll(
        ctypes.CDLL(_library), "_ZN10reticulate9libpython17Py_AddPendingCallE"
    )
    harmless = ctypes.pythonapi.Py_IsInitialized
    asks.value = ctypes.cast(harmless, ctypes.c_void_p).value
    # What it had asked for before is done here, while it can be.
    time.sleep(0.001)
    ctypes.pythonapi.Py_MakePendingCalls()
