"""The package: its public names, their docstrings, and what it needs."""

import importlib
import inspect
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import softkeras

MODULES = (
    "callbacks",
    "confusion",
    "counts",
    "doctor",
    "layers",
    "losses",
    "metrics",
    "ops",
    "plots",
    "r",
    "recipes",
    "scores",
    "steps",
    "thresholds",
)


def environment(folder):
    """That of a process that imports modules from `folder` first."""
    package = pathlib.Path(softkeras.__file__).parents[1]
    return {
        "PYTHONPATH": os.pathsep.join([str(folder), str(package)]),
        "KERAS_BACKEND": keras.backend.backend(),
    }


def public():
    for module in map(
        importlib.import_module, (f"softkeras.{m}" for m in MODULES)
    ):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)


@pytest.mark.parametrize(
    "name, thing", [pytest.param(*pair, id=pair[0]) for pair in public()]
)
def test_every_public_name_is_documented(name, thing):
    text = inspect.getdoc(thing)
    assert "{" not in text.split("Example:")[0], "an argument was not filled in"
    first = text.splitlines()[0]
    assert first.endswith(".") and len(first) <= 80
    parameters = [
        p.name
        for p in inspect.signature(thing).parameters.values()
        if p.name != "self"
    ]
    for parameter in parameters:
        assert f"{parameter}:" in text, f"{parameter} is not documented"
    wanted = ["Example:", ">>> "]
    if not name.endswith(("Counts", "serialize", "deserialize", "get")):
        wanted += ["Gradient", "Reference:"]
    if inspect.isfunction(thing):
        wanted.append("Returns:")
    for heading in wanted:
        assert heading in text, f"{name} has no {heading}"


def test_public_names_are_what_is_there():
    for name in softkeras.__all__:
        assert hasattr(softkeras, name)
    assert softkeras.soft_counts is softkeras.counts.soft_counts


@pytest.mark.parametrize("version", ["2.15.0", "3.11.3"])
def test_an_older_keras_is_refused_by_name(version, tmp_path):
    (tmp_path / "keras.py").write_text(f"__version__ = {version!r}")
    run = subprocess.run(
        [sys.executable, "-c", "import softkeras"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert (
        f"softkeras needs Keras 3.12 or later. Received: Keras {version}"
        in run.stderr
    )


def test_matplotlib_is_not_needed_to_import_it(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('absent')")
    code = (
        "import softkeras\n"
        "try: softkeras.plots.plot_steps()\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "softkeras[plot]" in run.stdout


def test_the_code_in_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4)).astype("float32")
    names = {"x": x, "y": (x[:, 0] > 1).astype("float32")}
    readme = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    # Those that need R are run by tests/parity/test_python_hosts_r.py.
    blocks = [block for block in blocks if "import losses, r" not in block]
    assert blocks
    for block in blocks:
        exec(block, names)
        if "model.save(" in block:
            p = names["model"].predict(x, verbose=0)
            reloaded = keras.saving.load_model("model.keras")
            np.testing.assert_array_equal(reloaded.predict(x, verbose=0), p)


def test_the_doctor_is_imported_when_it_is_asked_for():
    code = (
        "import sys, softkeras as s; late = 'softkeras.doctor'; "
        "assert late not in sys.modules and 'doctor' in dir(s); "
        "assert s.diagnose is s.doctor.diagnose; assert late in sys.modules; "
        "assert s.plots.plot_steps and s.differentiable"
    )
    package = pathlib.Path(softkeras.__file__).parents[1]
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment(package)
    )


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'diagnosis'"):
        _ = softkeras.diagnosis
