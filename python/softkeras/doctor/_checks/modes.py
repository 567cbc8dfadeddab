"""Whether eager, graph and compiled give the same."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame, _run
from softkeras.doctor._examination import Examination

NAMES = {
    "eager": "eagerly",
    "graph": "in a graph, as fit() traces it",
    "xla": "compiled by XLA, as fit() does on a GPU and with jit_compile=True",
    "jit": "compiled by jax.jit, as fit() does",
}
COMPARED = ("perfect", "zeros", "at the threshold", "tiny")
CLOSE = 1e-3


def check(exam: Examination) -> None:
    """Compares value and gradient of graph and compiler with eager ones."""
    if exam.draws():
        exam.left_out(
            "graph and compiled: it draws random numbers, others in each"
        )
        return
    names = exam.usual()[:1] + [
        name
        for name in exam.probes
        if name in COMPARED or not exam.outcome(name).is_finite
    ]
    agree = [exam.mode]
    for mode in _run.modes():
        if mode == exam.mode:
            continue
        before = len(exam.findings)
        for name in names:
            eager, other = exam.outcome(name), exam.outcome(name, mode)
            if eager.error is not None:
                continue
            if other.error is not None:
                _fails(exam, mode, other.error)
                break
            if not _same(eager, other, exam.spread(), name in exam.usual()):
                _differ(exam, mode, name, eager, other)
                break
        if len(exam.findings) == before:
            agree.append(mode)
    if len(agree) > 1:
        exam.fine(f"{' and '.join(agree)} agree, with any number of rows")


def settle(exam: Examination) -> bool:
    """Sees that it runs at all; eagerly, where it can't be compiled.

    What it raises is a finding.
    """
    name = exam.usual()[0]
    first = exam.outcome(name)
    if first.error is None:
        return True
    if exam.mode != "eager" and exam.outcome(name, "eager").error is None:
        mode, exam.mode = exam.mode, "eager"
        _fails(exam, mode, first.error)
        return True
    fails(exam, name, first.error)
    return False


def _same(eager, other, spread, smooth=True):
    """Whether they agree; where a function has a kink, but for the gradient.

    There each of the slopes to its sides is as good as the other.
    """
    pairs = [(eager.value, other.value, spread)]
    pairs.append((eager.gradient, other.gradient, 0.0))
    for a, b, scale in pairs:
        if (a is None) != (b is None):
            return False
        if a is None:
            continue
        if not np.array_equal(np.isfinite(a), np.isfinite(b)):
            return False
        good = np.isfinite(a)
        if a is eager.gradient and not smooth:
            continue
        size = np.max(np.abs(a[good]), initial=scale)
        if np.any(np.abs(a[good] - b[good]) > CLOSE * size + 1e-7):
            return False
    return True


def fails(exam: Examination, name: str, error: Exception) -> None:
    """Writes down that it fails on an input, eagerly."""
    blame = _blame.failure(error)
    made = exam.made_up()
    exam.add(
        "fails",
        "error",
        blame.operation or exam.subject.name,
        f"It raises {type(error).__name__}: {blame.cause}",
        remedy=f"{blame.remedy}{made}".strip(),
        remedy_r=f"{blame.remedy_r}{made}".strip(),
        example=exam.probes.get(name, {}),
    )


def _fails(exam, mode, error):
    blame = _blame.failure(error)
    exam.add(
        "fails",
        "warning" if mode == "xla" else "error",
        blame.operation or NAMES[mode],
        f"It runs {NAMES[exam.mode]}, but not {NAMES[mode]}: {blame.cause}",
        remedy=blame.remedy,
        remedy_r=blame.remedy_r,
    )


def _differ(exam, mode, name, eager, other):
    known = exam.found("value_not_finite", "gradient_not_finite")
    finite = eager.is_finite and other.is_finite
    place = "" if eager.is_finite else _place(exam, name, eager)
    exam.add(
        "modes_differ",
        # That is said already, and where from.
        "info" if known and not finite else "error",
        f"{NAMES[mode]}: {place}" if place else NAMES[mode],
        f"On the input “{name}” it is {_text(eager)} {NAMES[exam.mode]}, and "
        f"{_text(other)} {NAMES[mode]}.",
        remedy="See that it neither reads nor changes anything but its "
        "arguments (variables, lists, random numbers), and that no branch of "
        "a `where` is NaN or infinite: compilers treat those as they like.",
        example=_one_row(exam, mode, name),
    )


def _place(exam, name, made):
    """The operation that is not finite without the compiler."""
    of_value = not np.all(np.isfinite(made.value))
    return _blame.not_finite(exam, exam.probes[name], of_value).operation


def _one_row(exam, mode, name):
    """The first row alone, if that shows it too."""
    one = {key: x[:1] for key, x in exam.probes[name].items()}
    both = exam.outcome(one), exam.outcome(one, mode)
    if any(made.error for made in both) or _same(*both, exam.spread()):
        return exam.probes[name]
    return one


def _text(made):
    if made.gradient is None:
        return f"{_number(made.value)} without a gradient"
    size = np.linalg.norm(np.ravel(made.gradient).astype("float64"))
    return f"{_number(made.value)} with a gradient of norm {_number(size)}"


def _number(x):
    return f"{float(np.ravel(x)[0]):.6g}"
