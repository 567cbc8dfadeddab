"""Where value or gradient are NaN or infinite."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination

KINDS = ("value_not_finite", "gradient_not_finite")
FAR = ("far out", "very far out")
ONE_CLASS = ("no positive", "no negative")


def check(exam: Examination) -> None:
    """Finds probes with a NaN or infinite value or gradient."""
    bad = False
    for name in list(exam.probes):
        made = exam.outcome(name)
        if made.error is not None or made.is_finite:
            continue
        if name.startswith(FAR) and _overflows_by_nature(exam, name, made):
            continue
        of_value = not np.all(np.isfinite(made.value))
        kind = "value_not_finite" if of_value else "gradient_not_finite"
        if name in ONE_CLASS:
            kind = "one_class_batch"
        if bad and kind != "one_class_batch" and exam.found(kind):
            continue
        bad = True
        _report(exam, name, kind, of_value)
    if not bad:
        exam.fine(
            f"value and gradient are finite on {len(exam.probes)} inputs: "
            + ", ".join(exam.probes)
        )


def _report(exam, name, kind, of_value):
    if name in ONE_CLASS and exam.found("value_not_finite"):
        return
    example = exam.smallest(
        exam.probes[name],
        lambda made: _is_bad(made.value if of_value else made.gradient),
    )
    blame = _blame.not_finite(exam, example, of_value)
    what = exam.subject.arguments[0]
    where = _blame.where(what, blame)
    thing = "value" if of_value else f"gradient of `{what}`"
    guessed = name.startswith(FAR)
    guessed = guessed and not (exam.layout is None or exam.layout.known)
    if guessed and not blame.overflows:
        return
    # As the differences of a single column are.
    if blame.of_nothing and not exam.given:
        return
    if blame.operation and where in {f.where for f in exam.findings}:
        return
    severity = "error"
    cause = blame.cause or (
        f"The {thing} is {_kinds(exam, example, of_value)} on the input "
        f"“{name}”."
    )
    if guessed:
        severity = "warning"
        cause += (
            f" It matters if `{what}` can be that far out, as logits can; "
            "probabilities can't."
        )
    elif kind == "one_class_batch":
        severity = "warning"
    exam.add(
        kind,
        severity,
        where,
        cause,
        example=example,
        **blame.more(),
    )


def _overflows_by_nature(exam, name, made):
    """Whether it is infinite as the exponential is, and not by its formula.

    What float64 computes there is then beyond float32 too.
    """
    if np.any(np.isnan(made.value)) or made.gradient is None:
        return False
    wide = exam.outcome(name, dtype="float64")
    if wide.error is not None or wide.gradient is None:
        return False
    largest = float(np.finfo("float32").max)
    return not (
        np.all(np.abs(wide.value) < largest)
        and np.all(np.abs(wide.gradient) < largest)
    )


def _is_bad(x):
    return x is not None and not np.all(np.isfinite(x))


def _kinds(exam, example, of_value):
    made = exam.outcome(example)
    x = made.value if of_value else made.gradient
    if x is None or np.all(np.isfinite(x)):
        return "not finite"
    return "NaN" if np.any(np.isnan(x)) else "infinite"
