"""Value and gradient along a line of inputs: the data of Report.plot()."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from softkeras._ops import ops
from softkeras.doctor import _run
from softkeras.doctor._examination import Examination
from softkeras.doctor._run import Runner

ENDS, INPUTS, STEPS = 6.0, 401, 41
# A value that changes by less of its range than this is taken to stand still.
STILL = 1e-5


def curve(exam: Examination) -> dict[str, Any]:
    """What to draw of a subject; never fails.

    Returns:
        A dict with texts `along` (what the line is) and `value_of` (what its
        height is) and arrays, one entry a point: `x`, `value`, `gradient`
        by autodiff (0 where there is none), `difference`, the slope of the
        value, and logicals `not_finite` (value or gradient) and `stuck` (the
        gradient is zero though the value moves). Or with `error` alone: why
        there is nothing to draw.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if exam.layout is None:
                made = _of_inputs(exam)
            else:
                made = _of_predictions(exam)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        return {"error": f"{type(error).__name__}: {reason}"}
    return made if "error" in made else _marked(made, exam.subject.kind)


def _of_inputs(exam):
    """The first entry of an input moves; the others are 0, or yours."""
    row = exam.arrays(exam.usual()[0])[0][:1]
    if row.dtype.kind != "f" or not row.size:
        return {"error": f"the input is of {row.dtype}, which does not move"}
    others = row if exam.given else np.zeros_like(row)

    def first(x):
        value = exam.subject.values()(x)
        return ops.reshape(value, (ops.shape(x)[0], -1))[:, 0]

    runner = Runner(first)

    def at(x):
        rows = np.repeat(others, len(x), 0)
        rows.reshape(len(x), -1)[:, 0] = x
        exam.restore()
        made = runner([rows])
        exam.restore()
        if made.error is not None:
            raise made.error
        slope = np.zeros(len(x))
        if made.gradient is not None:
            slope = made.gradient.reshape(len(x), -1)[:, 0]
        return made.value, slope

    x = np.linspace(-ENDS, ENDS, INPUTS)
    # Rows that depend on each other, or that are added up, go one by one.
    try:
        value, gradient = at(x)
        middle = len(x) // 2
        alone, _ = at(x[middle : middle + 1])
        together = bool(np.allclose(alone, value[middle], equal_nan=True))
    except Exception:
        together = False
    if not together:
        x = np.linspace(-ENDS, ENDS, STEPS)
        value, gradient = (
            np.concatenate(parts)
            for parts in zip(*(at(x[i : i + 1]) for i in range(len(x))))
        )
    shape = exam.arrays(exam.usual()[0])[0].shape
    along = "x"
    if exam.given and int(np.prod(shape[1:])) > 1:
        along = "first entry of x, the others as in the first row"
    return {"along": along, "x": x, "value": value, "gradient": gradient}


def _of_predictions(exam):
    """All predictions go from wrong to right, in equal steps."""
    name = exam.usual()[0]
    probe = exam.probes[name]
    wrong, right = exam.wrong(name), exam.perfect(name)
    if wrong is None or right is None:
        return {
            "error": "which predictions are right is not known for labels of "
            f"shape {np.shape(probe['y_true'])} beside predictions of shape "
            f"{np.shape(probe['y_pred'])}"
        }
    way = (right - wrong).astype("float64")
    t = np.linspace(0, 1, STEPS)
    value, gradient = np.empty(STEPS), np.zeros(STEPS)
    for i in range(STEPS):
        y_pred = (wrong + t[i] * way).astype("float32")
        made = _outcome(exam, {**probe, "y_pred": y_pred})
        if made.error is not None:
            raise made.error
        value[i] = np.mean(made.value)
        if made.gradient is not None:
            gradient[i] = _along(made.gradient, way)
    return {
        "along": "predictions, from all wrong (0) to all right (1)",
        "x": t,
        "value": value,
        "gradient": gradient,
    }


def _along(gradient, way):
    with np.errstate(invalid="ignore", over="ignore"):
        return np.sum(gradient.astype("float64") * way)


def _marked(made, kind):
    x = made["x"]
    value, gradient = (
        np.asarray(made[name], "float64") for name in ("value", "gradient")
    )
    with np.errstate(invalid="ignore"):
        difference = np.gradient(value, x)
    stuck = np.zeros(len(x), bool)
    # Nobody trains on a metric.
    if kind != "metric":
        stuck = _stuck(value, gradient)
    return {
        "value_of": kind if kind in ("loss", "metric") else "value",
        **made,
        "value": value,
        "gradient": gradient,
        "difference": difference,
        "not_finite": ~(np.isfinite(value) & np.isfinite(gradient)),
        "stuck": stuck,
    }


def _stuck(value, gradient):
    """Stretches without a gradient from end to end of which the value moves.

    So a step is stuck on both of its sides, and a ReLU is not below zero. A
    place that is not finite ends no stretch.
    """
    good = np.isfinite(value) & np.isfinite(gradient)
    found = np.zeros(len(value), bool)
    if not good.any():
        return found
    size = np.max(np.abs(gradient[good]))
    zero = good & (np.abs(np.where(good, gradient, 1)) <= 1e-9 * size)
    moves = STILL * np.ptp(value[good])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], zero | ~good, [0]])))
    for start, end in edges.reshape(-1, 2):
        here = np.arange(start, end)[zero[start:end]]
        found[here] = here.size > 0 and np.ptp(value[here]) > moves
    return found


def _outcome(exam, probe):
    """Value and gradient, in a graph where that is the same, but faster."""
    differ = exam.found("fails", "modes_differ", "random") or exam.draws()
    if "graph" in _run.modes() and not differ:
        return exam.outcome(probe, "graph")
    return exam.outcome(probe)
