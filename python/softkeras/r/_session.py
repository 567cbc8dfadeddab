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
import logging
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

from softkeras.r._values import for_r

# Packages whose lines no warning is to point at.
CALLERS = {"softkeras", "keras", "tensorflow", "jax", "torch"}

# Set by R, in take_over.R.
_make: Callable | None = None
_library: str | None = None
_libr: ctypes.PyDLL | None = None
_thread: int | None = None
_is_over = False


def start() -> None:
    """Starts R where that has not been done; see `softkeras.r.start`."""
    global _libr, _thread
    if _thread is not None:
        return check_thread()
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "R must be started from Python's main thread. Received: "
            f"{threading.current_thread().name}. Call softkeras.r.start() "
            "there, before other threads are started."
        )
    _refuse_an_r_that_hosts_python()
    rinterface, callbacks, path = _rpy2()
    libr = _libr = ctypes.PyDLL(path)  # PyDLL keeps Python's lock.
    callbacks.consolewrite_warnerror = _write_message
    environment = dict(os.environ)
    interrupts = signal.getsignal(signal.SIGINT)
    rinterface.initr(interactive=False)
    # It would end R without the lock, which R's finalisers then wait for.
    atexit.unregister(rinterface.endr)
    atexit.register(_end, libr, os.getpid())
    _take_over(libr)
    _restore(environment, interrupts)
    _thread = threading.get_ident()
    return None


def check_thread() -> None:
    """Makes sure that R may be called here and now."""
    if _is_over:
        raise RuntimeError("R has ended, because Python is about to.")
    if threading.get_ident() != _thread:
        raise RuntimeError(
            "R can be called from Python's main thread only. Received: "
            f"{threading.current_thread().name}. Call fit() and evaluate() in "
            "the main thread; what runs losses in threads of its own, such as "
            "tf.distribute.MirroredStrategy even with one device, needs a "
            "loss that is written in Python."
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
    state, value, _ = _interruptible(_make, source, kind)
    if state != "value":
        raise ValueError(
            f"`source` must be an R function; R says: {value}. "
            f"Received: {source}"
        )
    called, arguments = value

    def call(*args: Any, **kwargs: Any) -> Any:
        check_thread()
        given = [for_r(each) for each in args]
        named = [for_r(each) for each in kwargs.values()]
        state, value, messages = _interruptible(
            called, given, list(kwargs), named
        )
        for message in messages:
            warnings.warn(
                f"R warns: {message}",
                RuntimeWarning,
                stacklevel=_level_of_caller(),
            )
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


def _interruptible(called, *args):
    """Calls R so that Ctrl-C ends what it does.

    R looks after its events through a function of rpy2's, and that is where
    Python learns of Ctrl-C. An exception would be lost there, so R is told.
    """
    pending = ctypes.c_int.in_dll(_libr, "R_interrupts_pending")
    before = signal.getsignal(signal.SIGINT)

    def interrupt(number, frame):
        try:
            before(number, frame)
        except KeyboardInterrupt:
            where = frame.f_globals.get("__name__", "")
            if where.partition(".")[0] != "rpy2":
                raise
            pending.value = 1

    if callable(before):
        signal.signal(signal.SIGINT, interrupt)
    try:
        answer = called(*args)
    finally:
        if callable(before):
            signal.signal(signal.SIGINT, before)
    if answer[0] == "interrupted" or pending.value:
        pending.value = 0
        raise KeyboardInterrupt
    return answer


def _level_of_caller():
    """The `stacklevel` of the code that calls us, or calls what calls losses.

    It is counted from the function that calls this one.
    """
    frame, level = sys._getframe(1), 1
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in CALLERS:
            return level
        frame, level = frame.f_back, level + 1
    return 2


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
        # Without its log: the error says what is wrong.
        log = logging.getLogger(situation.__name__)
        log.addFilter(_is_logged)
        try:
            home = situation.get_r_home() or ""
        finally:
            log.removeFilter(_is_logged)
        path = situation.get_rlib_path(home, platform.system())
        if not os.path.exists(path):
            raise OSError(f"there is no {path}")
        import rpy2.rinterface as rinterface
        from rpy2.rinterface_lib import callbacks
    except Exception as error:  # ImportError, OSError, ValueError, ...
        raise ImportError(_why_not(version, error)) from error
    return rinterface, callbacks, path


def _is_logged(record):
    return False


def _write_message(text):
    """A message of R's, where R would write it."""
    sys.stderr.write(text)
    sys.stderr.flush()


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
