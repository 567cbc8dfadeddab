"""`softkeras.r` in a Python of its own: its start, its end, what is missing."""

import inspect
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from fits import SQUARES, assert_trains_alike, clouds, fitted, squares

import softkeras.r
from softkeras.losses import soft_jaccard


def python(code, *arguments, **environment):
    """That code in a Python of its own."""
    package = pathlib.Path(softkeras.__file__).parents[1]
    folders = [environment.pop("first", None), str(package)]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return subprocess.run(
        [sys.executable, *arguments, *([] if code is None else ["-c", code])],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


START = "import softkeras.r; softkeras.r.start()\n"


INTERRUPTED = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
def after(seconds, code, *arguments):
    begun = time.monotonic()
    timer = threading.Timer(
        seconds, signal.pthread_kill,
        (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    try:
        softkeras.r.function(code)(*arguments)
    except KeyboardInterrupt:
        print(time.monotonic() - begun < 20)
def wait():
    for _ in range(600): time.sleep(0.1)
after(1, "function() {end <- Sys.time() + 60; while (Sys.time() < end) 1}")
after(1, "function(f) f()", wait)
after(1, "function(f) lapply(1:2, function(i) f())", wait)
print(softkeras.r.function("function() 1")())
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_ctrl_c_ends_what_r_does():
    run = python(START + INTERRUPTED)
    assert run.stdout.split() == ["True"] * 3 + ["1.0", "True"], run.stderr
    assert "Exception ignored" not in run.stderr


def test_messages_and_plots_of_r_leave_nothing_behind(tmp_path):
    run = python(
        START + "import os\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "softkeras.r.function('function() {message(\"hello\"); plot(1)}')()\n"
        "softkeras.r.function('function() cat(\"out\\n\")')()"
    )
    assert run.returncode == 0
    assert run.stdout == "out\n"
    assert "hello" in run.stderr.splitlines()
    assert "R callback" not in run.stderr
    assert not list(tmp_path.iterdir())


def test_a_device_of_the_user_s_is_kept(tmp_path):
    profile = tmp_path / "profile"
    profile.write_text("options(device = function(...) pdf('mine.pdf'))\n")
    run = python(
        START + "import os\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "softkeras.r.function('function() plot(1)')()",
        R_PROFILE_USER=str(profile),
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "mine.pdf").exists()


def test_to_import_it_starts_nothing():
    run = python(
        "import sys, softkeras\n"
        "assert 'softkeras.r' not in sys.modules\n"
        "from softkeras import r\n"
        "print(r.loss.__name__, 'rpy2' in sys.modules)"
    )
    assert run.stdout.split() == ["loss", "False"], run.stderr


ENDS = {
    "of itself": ("", 0),
    "by sys.exit": ("import sys; sys.exit(3)", 3),
    "by an error": ("raise ValueError('mine')", 1),
}


@pytest.mark.parametrize("end", ENDS)
def test_python_ends_as_without_r(end, tmp_path):
    code, status = ENDS[end]
    folder = tmp_path / "r"
    folder.mkdir()
    run = python(
        START
        + inspect.getsource(clouds)
        + inspect.getsource(fitted)
        + "import keras, time, numpy as np\n"
        + f"fitted(softkeras.r.loss({SQUARES!r}))\n"
        + "draw = softkeras.r.function('function(f) { pdf(f); plot(1) }')\n"
        + f"draw({str(tmp_path / 'plot.pdf')!r})\n"
        # Python runs on while it ends, and R's events are still asked for.
        + "class Slow:\n"
        "    def __del__(self, sleep=time.sleep):\n"
        "        for _ in range(30): sleep(0.05)\n"
        "keras.slow = Slow()\n"
        "print('done')\n" + code,
        TMPDIR=str(folder),
    )
    assert run.returncode == status, run.stderr
    assert run.stdout.splitlines()[-1] == "done"
    assert ("ValueError: mine" in run.stderr) == (status == 1)
    assert "Fatal" not in run.stderr
    assert not list(folder.glob("Rtmp*")), "R's temporary files are left"
    assert (tmp_path / "plot.pdf").read_bytes().rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("status", [0, 1])
def test_pytest_ends_as_without_r(status, tmp_path):
    file = tmp_path / "test_it.py"
    file.write_text(
        "import softkeras.r\n"
        "def test_it():\n"
        "    assert softkeras.r.function('function() 0L')() == "
        f"{status}\n"
    )
    run = python(None, "-m", "pytest", "-q", str(file))
    assert run.returncode == status, run.stdout + run.stderr


def test_it_trains_on_jax():
    pytest.importorskip("jax")
    run = python(
        START
        + "import keras, numpy as np\n"
        + inspect.getsource(clouds)
        + inspect.getsource(fitted)
        + inspect.getsource(squares)
        + inspect.getsource(assert_trains_alike)
        + "assert keras.backend.backend() == 'jax'\n"
        + f"loss = softkeras.r.loss({SQUARES!r})\n"
        "for eagerly in (False, True):\n"
        "    assert_trains_alike(loss, squares, run_eagerly=eagerly)\n"
        "print('alike')",
        KERAS_BACKEND="jax",
    )
    assert run.stdout.split() == ["alike"], run.stderr


FAILURES = {
    "no rpy2": (
        "import sys; sys.modules['rpy2'] = None\n",
        {},
        "needs rpy2 >= 3.6.*softkeras.r.*softkeras.r-before-4-5",
    ),
    "no R": ("", {"PATH": "", "R_HOME": ""}, "there is no .*Install R"),
    "a wrong R_HOME": ("", {"R_HOME": "/nowhere"}, "there is no /nowhere/lib"),
    "no R package": (
        "",
        {"R_LIBS": "", "R_LIBS_USER": "/nowhere"},
        "no package called .softkeras.*R_LIBS before Python is started",
    ),
    "in a thread": (
        (
            "import threading; from concurrent.futures import *\n"
            "import softkeras.r; pool = ThreadPoolExecutor(1)\n"
            "pool.submit(softkeras.r.start).result()\n"
        ),
        {},
        "must be started from Python's main thread",
    ),
    "R is the host": (
        (
            "import os; os.environ['R_SESSION_INITIALIZED'] = "
            "f'PID={os.getpid()}:NAME=\"reticulate\"'\n"
        ),
        {},
        "R runs this Python already",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_is_missing_is_said(case):
    before, environment, says = FAILURES[case]
    run = python(before + START, **environment)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(("ImportError: ", "RuntimeError: "))
    assert re.search(says, last), last
    assert "Unable to determine R home" not in run.stderr


def test_an_rpy2_that_is_too_new_for_r_is_named(tmp_path):
    fake = tmp_path / "rpy2"
    fake.mkdir()
    (fake / "__init__.py").write_text("")
    (fake / "situation.py").write_text(
        "def get_r_home(): return ''\ndef get_rlib_path(*_): return __file__"
    )
    (fake / "rinterface.py").write_text(
        "raise ImportError(\"symbol 'R_getVar' not found\")"
    )
    run = python(START, first=str(tmp_path))
    assert run.returncode == 1
    assert "needs R 4.5 or later" in run.stderr
    assert "softkeras[r-before-4-5]" in run.stderr.splitlines()[-1]


def test_a_wrong_reticulate_python_does_no_harm():
    run = python(
        START + "import os; print(os.environ['RETICULATE_PYTHON'])",
        RETICULATE_PYTHON="/nowhere/python",
    )
    assert run.stdout.split() == ["/nowhere/python"], run.stderr


def test_the_code_in_the_readme_runs():
    root = pathlib.Path(__file__).parents[2]
    readme = (root / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (block,) = [block for block in blocks if "import losses, r" in block]
    names = {}
    exec(block, names)
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.6, 0.2])
    want = soft_jaccard(y, p)
    np.testing.assert_allclose(names["loss"](y, p), want, 1e-6)
