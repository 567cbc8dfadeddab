"""How a report is shown: text, HTML, data, picture and command line."""

import dataclasses
import io
import json
import math
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

import softkeras
from softkeras import __main__ as command
from softkeras.doctor import DiagnosisError, Finding, Report, diagnose
from softkeras.plots import plot_report

ESCAPE = "\x1b["
# JAX hands zeros down where TensorFlow hands nothing.
LOST = {"gradient_none", "gradient_zero"}


def precision(y_true, y_pred):
    called = ops.round(y_pred)
    return 1 - ops.sum(y_true * called) / (ops.sum(called) + 1e-7)


def rmse(y_true, y_pred):
    return ops.sqrt(ops.mean((y_true - y_pred) ** 2))


def step(x):
    return ops.cast(x > 0, "float32")


def made(*findings, **more):
    return Report(
        **{
            "subject": "mine",
            "kind": "loss",
            "findings": findings,
            "checks": ({"outcome": "fine", "text": "all of it"},),
            "probes": {},
            "curve": {},
            "environment": {"keras": "3", "backend": "none"},
            "seed": 0,
            **more,
        }
    )


NONE = Finding(
    "gradient_none",
    "error",
    "y_pred: round",
    "It is <flat> & so on.",
    remedy="Write soft_round.",
    example={"y_pred": np.arange(300.0).reshape(100, 3)},
)
ZERO = Finding("gradient_partly_zero", "warning", "y_pred", "Clipped.")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def printed(report, file):
    report.print(file)
    return file.getvalue()


def test_a_file_has_no_escape_codes_and_lines_of_80(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    long = dataclasses.replace(ZERO, cause="word " * 60)
    text = printed(made(NONE, long), io.StringIO())
    assert ESCAPE not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_terminal_has_colours_unless_it_does_not_want_them(monkeypatch):
    report = made(NONE, ZERO)
    coloured = printed(report, Terminal())
    assert coloured.count("\x1b[1;31merror") == 2
    # The same text under the colours.
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert bare == report.text() + "\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert ESCAPE not in printed(report, Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert ESCAPE not in printed(report, Terminal())


def test_what_a_file_can_not_encode_does_not_stop_it(tmp_path):
    finding = dataclasses.replace(ZERO, cause="The input “far out”.")
    path = tmp_path / "report.txt"
    with path.open("w", encoding="ascii") as file:
        made(finding).print(file)
    assert "The input ?far out?." in path.read_text()


def test_a_table_stands_first_and_each_finding_after_it():
    lines = made(NONE, ZERO).text(width=80).splitlines()
    assert lines[0] == "mine: 1 error, 1 warning"
    assert lines[2].split("  ")[0] == ["error", "", "no gradient"][0]
    assert lines[2].endswith("y_pred: round")
    assert lines[3].startswith("warning  gradient is zero in places")
    assert lines.index("error    no gradient") > 3
    # One finding needs no table.
    text = made(NONE).text()
    assert text.count("no gradient") == 1


def test_long_arrays_show_their_first_rows_and_their_shape():
    text = made(NONE).text(width=80)
    shown = "y_pred = [[0, 1, 2], [3, 4, 5], [6, 7, 8], …], of shape (100, 3)"
    assert shown in text
    text = made(dataclasses.replace(NONE, example={"x": np.array(0.5)})).text()
    assert "x = 0.5" in text
    x = np.array([[np.nan, 1e-30]], "float32")
    assert "x = [[nan, 1e-30]]" in (
        made(dataclasses.replace(NONE, example={"x": x})).text()
    )


def test_code_keeps_its_spaces_in_front():
    where = 'y_pred: round\n  File "loss.py", line 3\n    round(p)'
    text = made(dataclasses.replace(NONE, where=where)).text()
    assert '\n             File "loss.py", line 3\n' in text
    assert "\n               round(p)\n" in text


def test_what_is_fine_is_one_line_where_something_else_is_not():
    checks = ({"outcome": "fine", "text": "a long text " * 20},)
    assert len(made(NONE, checks=checks).text(width=60).splitlines()) < (
        len(made(checks=checks).text(width=60).splitlines()) + 10
    )
    assert "…" not in made(checks=checks).text()
    assert "…" in made(ZERO, checks=checks).text()


def test_html_is_escaped():
    report = made(
        NONE,
        subject="<script>alert(1)</script>",
        checks=({"outcome": "fine", "text": "<b>bold</b>"},),
    )
    html = report._repr_html_()
    assert "<script" not in html and "<b>bold" not in html
    assert "It is &lt;flat&gt; &amp; so on." in html
    assert "of shape (100, 3)" in html


def test_html_has_what_the_text_has():
    html = made(NONE, ZERO)._repr_html_()
    for word in (
        "1 error, 1 warning",
        "no gradient",
        "soft_round",
        "all of it",
    ):
        assert word in html
    # Well-formed, so that it can't break the page around it.
    import xml.etree.ElementTree as tree

    tree.fromstring(html.replace(" open>", ">"))


def test_data_goes_through_json_with_texts_for_what_it_has_no_numbers_for():
    example = {"x": np.array([np.nan, np.inf, -np.inf, 1e-41, 1], "float32")}
    report = made(
        dataclasses.replace(NONE, example=example),
        probes={"random": {"y_true": np.array([[1, 0]]), "n": np.float32(2)}},
        curve={"value": np.array([np.nan]), "stuck": np.array([True])},
    )
    text = json.dumps(report.to_dict(), allow_nan=False)
    again = json.loads(text)
    x = again["findings"][0]["example"]["x"]
    assert x[:3] == ["NaN", "Infinity", "-Infinity"]
    numbers = np.array([float(each) for each in x], "float32")
    np.testing.assert_array_equal(numbers, example["x"])
    assert again["probes"]["random"] == {"y_true": [[1, 0]], "n": 2}
    assert again["curve"] == {"value": ["NaN"], "stuck": [True]}
    assert again["findings"][0]["title"] == "no gradient"
    assert set(again) == {f.name for f in dataclasses.fields(Report)}


def test_a_real_report_goes_through_json():
    for target in (precision, rmse, "relu"):
        json.dumps(diagnose(target).to_dict(), allow_nan=False)


def test_errors_are_raised_and_warnings_are_not():
    made(ZERO).raise_for_errors()
    with pytest.raises(DiagnosisError, match="no gradient") as caught:
        made(NONE, ZERO).raise_for_errors()
    assert caught.value.report.errors == (NONE,)
    assert made(NONE, ZERO).warnings == (ZERO,)
    assert made(NONE, ZERO).infos == ()


def test_a_finding_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="gradient_lost"):
        Finding("gradient_lost", "error", "x", "Gone.")


# The picture.


def curve(target):
    return diagnose(target).curve


def test_a_step_is_stuck_everywhere_and_a_relu_nowhere():
    assert curve(step)["stuck"].all()
    assert curve(precision)["stuck"].all()
    for target in ("relu", "sigmoid", "softmax", "mse", "hinge", abs_):
        made = curve(target)
        assert not made["stuck"].any(), target
        assert not made["not_finite"].any(), target


def abs_(x):
    return ops.abs(x)


def test_only_the_part_that_is_a_staircase_is_stuck():
    def half(x):
        return ops.where(x > 0, ops.round(x), x)

    made = curve(half)
    np.testing.assert_array_equal(made["stuck"], made["x"] > 1e-9)


def test_a_nan_at_the_step_does_not_part_its_sides():
    def undefined_at_the_step(y_true, y_pred):  # 0/0 where none is called
        called = ops.round(y_pred)
        return 1 - ops.sum(y_true * called) / ops.sum(called)

    made = curve(undefined_at_the_step)
    assert made["not_finite"].sum() == 1
    np.testing.assert_array_equal(made["stuck"], ~made["not_finite"])


def test_values_and_gradients_are_those_of_the_formulas():
    made = curve("softmax")  # the other three inputs are 0
    p = np.exp(made["x"]) / (np.exp(made["x"]) + 3)
    np.testing.assert_allclose(made["value"], p, 1e-5)
    np.testing.assert_allclose(made["gradient"], p * (1 - p), 1e-3, 1e-6)
    inner = slice(1, -1)
    np.testing.assert_allclose(
        made["difference"][inner], made["gradient"][inner], atol=1e-3
    )
    made = curve("mse")  # 3 away from the labels where all is wrong
    np.testing.assert_allclose(
        made["value"], 9 * (1 - made["x"]) ** 2, 1e-4, 1e-5
    )
    np.testing.assert_allclose(
        made["gradient"], -18 * (1 - made["x"]), 1e-4, 1e-4
    )


def test_rows_that_are_added_up_are_drawn_one_by_one():
    made = curve(lambda x: ops.sum(x**2))
    np.testing.assert_allclose(made["value"], made["x"] ** 2, 1e-5)
    np.testing.assert_allclose(made["gradient"], 2 * made["x"], 1e-5)


def test_a_root_is_not_finite_where_it_is_right():
    made = curve(rmse)
    np.testing.assert_array_equal(made["not_finite"], made["x"] == 1)


def test_bad_places_are_marked_in_both_panels():
    figure = plot_report(diagnose(precision))
    for ax in figure.axes:
        assert len(ax.patches) == 1
    figure = plot_report(diagnose(rmse))
    for ax in figure.axes:
        assert not ax.patches
        assert [list(line.get_xdata()) for line in ax.lines][-1] == [1.0]
    assert "rmse" in figure.axes[0].get_title()


def test_a_pole_does_not_hide_the_rest():
    figure = plot_report(diagnose(lambda x: 1 / (x + 0.001)))
    low, high = figure.axes[0].get_ylim()
    assert -100 < low < 0 < high < 100


def test_it_draws_what_is_nowhere_finite(tmp_path):
    report = diagnose(lambda y_true, y_pred: ops.mean(y_true - y_pred) / 0)
    assert report.curve["not_finite"].all()
    plot_report(report).savefig(tmp_path / "nan.png")


def test_it_draws_into_axes_that_are_given():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(1, 2)
    assert diagnose("relu").plot(axes) is figure
    assert axes[0].lines and axes[1].lines


def test_where_there_is_nothing_to_draw_it_says_why():
    with pytest.raises(ValueError, match="of mine: it is of integers"):
        made(curve={"error": "it is of integers"}).plot()
    with pytest.raises(ValueError, match="no curve"):
        made().plot()

    def fails(x):
        raise RuntimeError("no such thing\nand more")

    report = diagnose(fails)
    assert report.curve == {"error": "RuntimeError: no such thing"}


# The command line.


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"losses_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        "import keras\n"
        "from keras import ops\n"
        "def dead(y_true, y_pred):\n"
        "    return ops.mean(ops.abs(y_true - ops.round(y_pred)))\n"
        "def squares(y_true, y_pred):\n"
        "    return ops.mean((y_true - y_pred) ** 2, -1)\n"
        "class Needs(keras.losses.Loss):\n"
        "    def __init__(self, weight):\n"
        "        super().__init__()\n"
        "number = 3\n"
    )
    yield name
    sys.modules.pop(name, None)


def test_the_status_says_whether_something_was_found(module, capsys):
    assert command.main(["diagnose", f"{module}:squares"]) == 0
    assert "nothing found" in capsys.readouterr().out
    assert command.main(["diagnose", f"{module}:dead"]) == 1
    assert "dead: 1 error" in capsys.readouterr().out
    assert command.main(["diagnose", "relu"]) == 0


def test_warnings_count_and_infos_do_not(module, capsys, monkeypatch):
    info = Finding("batch_not_mean", "info", "y_pred", "A score.")
    for findings, status in (((ZERO,), 1), ((info,), 0)):
        monkeypatch.setattr(
            command, "diagnose", lambda *_, f=findings, **__: made(*f)
        )
        assert command.main(["diagnose", f"{module}:squares"]) == status


@pytest.mark.parametrize(
    "target, says",
    [
        ("{}:squares_", "Did you mean squares?.*dead, squares"),
        ("{}:number", "is a int.*dead, squares"),
        ("{}:Needs", "is a class, and needs arguments.*weight"),
        ("{}_:squares", "There is no module.*losses_of"),
        ("reloo", "no loss or activation 'reloo'"),
    ],
)
def test_a_wrong_name_says_what_is_there(module, target, says, capsys):
    assert command.main(["diagnose", target.format(module)]) == 2
    written = capsys.readouterr()
    assert not written.out
    assert re.search(says, written.err)


def test_a_module_that_fails_says_so(module, tmp_path, capsys):
    (tmp_path / "broken_one.py").write_text("import nothing_of_the_sort\n")
    assert command.main(["diagnose", "broken_one:loss"]) == 2
    error = capsys.readouterr().err
    assert "broken_one can't be imported" in error
    assert "nothing_of_the_sort" in error


def test_files_hold_the_report(module, capsys, tmp_path):
    status = command.main(
        ["diagnose", f"{module}:dead", "--html", "r.html", "--json", "r.json"]
    )
    assert status == 1
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["findings"][0]["kind"] in LOST
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert data["findings"][0]["title"] in page
    place = ["--json", "no/such/folder/r.json"]
    assert command.main(["diagnose", f"{module}:dead", *place]) == 2
    assert "no/such/folder" in capsys.readouterr().err


def test_domain_and_seed_are_handed_on(module, monkeypatch):
    seen = {}

    def diagnosed(target, **options):
        seen.update(options, target=target.__name__)
        return made()

    monkeypatch.setattr(command, "diagnose", diagnosed)
    options = ["--domain", "positive", "--seed", "7"]
    command.main(["diagnose", f"{module}:squares", *options])
    assert seen == {"target": "squares", "domain": "positive", "seed": 7}
    with pytest.raises(SystemExit) as stopped:
        command.main(["diagnose", "relu", "--domain", "imaginary"])
    assert stopped.value.code == 2


def test_it_runs_as_a_module_from_the_current_directory(module, tmp_path):
    package = pathlib.Path(softkeras.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "softkeras", "diagnose", f"{module}:dead"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(package),
            "KERAS_BACKEND": keras.backend.backend(),
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr
    assert run.stdout.startswith("dead: 1 error")
    assert ESCAPE not in run.stdout


def test_numbers_that_json_lacks_are_read_back():
    from softkeras.doctor.report import plain

    for x in (math.inf, -math.inf):
        assert float(plain(x)) == x
    assert math.isnan(float(plain(np.float32("nan"))))
