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
from importlib import metadata, resources
from typing import Any

# Set by R, in take_over.R.
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


def make(source: str, kind: str) -> tuple[Callable, list[str]]:
    """What calls the R function of that text, and the names of its arguments.

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
    state, value, _ = _make(source, kind)
    if state != "value":
        raise ValueError(
            f"`source` must be an R function; R says: {value}. "
            f"Received: {source}"
        )
    called, arguments = value

    def call(*args: Any, **kwargs: Any) -> Any:
        check_thread()
        state, value, messages = called(
            list(args), list(kwargs), list(kwargs.values())
        )
        for message in messages:
            warnings.warn(f"R warns: {message}", RuntimeWarning, stacklevel=2)
        if state == "wrong":
            raise ValueError(
                f"The R function must return {value}. It is: {source}"
            )
        if state == "failed":
            raise RuntimeError(
                f"The R function failed: {value}. It is: {source}"
            )
        return value

    return call, arguments


def _refuse_an_r_that_hosts_python():
    if f"PID={os.getpid()}:" in os.environ.get("R_SESSION_INITIALIZED", ""):
        raise RuntimeError(
            "R runs this Python already, so softkeras.r can't start another. "
            "Call the R package softkeras from there."
        )


def _rpy2():
    try:
        from rpy2 import situation

        version = metadata.version("rpy2-rinterface")
    except ImportError:
        raise ImportError(
            "softkeras.r needs rpy2 >= 3.6, which starts R. With R 4.5 or "
            "later run: pip install 'softkeras[r]'; with an earlier R: "
            "pip install 'softkeras[r-before-4-5]'"
        ) from None
    try:
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
    """Runs take_over.R with Python's lock kept."""
    code = (
        resources.files(__package__).joinpath("take_over.R").read_text("utf-8")
    )
    for name in ("R_ParseEvalString", "R_tryEvalSilent", "STRING_ELT"):
        getattr(libr, name).restype = ctypes.c_void_p
    libr.R_CHAR.restype = ctypes.c_char_p
    everywhere = ctypes.c_void_p.in_dll(libr, "R_GlobalEnv")
    # First as a call that isn't run, since only a try may fail.
    quoted = f"quote({{\n{code}}})".encode()
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
            f"says: {message.rstrip('.')}.{_of_a_static_python(message)} The "
            "library that holds them can be named in R_LIBS before Python is "
            "started."
        )


def _restore(environment, interrupts):
    """Undoes what R and reticulate changed of what was set before.

    The variables that R itself needs stay. reticulate sets some behind Python's
    back, which would go to the processes that Python starts.
    """
    os.environ.update(
        {k: v for k, v in environment.items() if not k.startswith("R_")}
    )
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
    # In a fork the files are its parent's.
    if _is_over or os.getpid() != process:
        return
    _is_over = True
    libr.R_RunExitFinalizers()
    libr.Rf_KillAllDevices()
    libr.R_CleanTempDir()
    if _library is not None:
        _stop_polling()


def _stop_polling():
    """Stops what reticulate would have a dying Python do.

    A thread of it asks Python, several times a second and as long as there is
    the process, to look after R's events. Older versions have no way to end it;
    so it is given another function to call, one that does nothing.
    """
    asks = ctypes.c_void_p.in_dll(
        ctypes.CDLL(_library), "_ZN10reticulate9libpython17Py_AddPendingCallE"
    )
    harmless = ctypes.pythonapi.Py_IsInitialized
    asks.value = ctypes.cast(harmless, ctypes.c_void_p).value
    # What it had asked for before is done here, while it can be.
    time.sleep(0.001)
    ctypes.pythonapi.Py_MakePendingCalls()
