"""Whether there is a gradient, and where it is zero."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination

# A gradient below this share of what the value changes by is rounding noise.
NOISE = 1e-6
# What limits predictions; a ReLU says that they come without limits.
LIMITERS = ("relu", "clip", "maximum", "minimum", "relu6", "hard_sigmoid")
# Of the inputs of an activation that may have a zero gradient: ReLU has half.
FLAT_SHARE = 0.98


def check(exam: Examination) -> None:
    """Finds gradients that are None, zero everywhere, or zero in places."""
    outcomes = [exam.outcome(name) for name in exam.usual()]
    gradients = [made.gradient for made in outcomes]
    what = exam.subject.arguments[0]
    spread, size = exam.spread(), np.size(exam.arrays(exam.usual()[0])[0])
    example = exam.probes[exam.usual()[0]]
    if not all(made.is_finite for made in outcomes):
        return
    none = any(gradient is None for gradient in gradients)
    largest = 0.0 if none else max(np.max(np.abs(g)) for g in gradients)
    if largest * size > NOISE * max(spread, 1e-30):
        _places(exam, outcomes, spread)
        return
    cut = _blame.cut(exam, example)
    constant = spread <= NOISE * max(abs(float(outcomes[0].value)), 1e-30)
    if not cut.depends or (constant and not cut.operation):
        _unused(exam, what, outcomes[0].value, example)
        return
    exam.add(
        "gradient_none" if none or cut.cuts else "gradient_zero",
        "info" if exam.subject.kind == "metric" else "error",
        _blame.where(what, cut),
        cut.cause
        or (
            f"The value changes by {spread:.3g} from input to input, but "
            f"nothing of that reaches the gradient of `{what}`."
        ),
        example=_worst_row(exam, example),
        **cut.more(),
    )


def _unused(exam, what, value, example):
    exam.add(
        "unused_prediction",
        "error",
        what,
        f"The value is {float(value):.4g} whatever `{what}` is, so there is "
        "nothing to learn from it.",
        remedy=f"Compute the value from `{what}`; see that it is not "
        "overwritten, and that the axis that is reduced has more than one "
        "entry.",
        example=_worst_row(exam, example),
    )


def _worst_row(exam, probe):
    """The row with the highest value: it has the most to learn."""
    rows = [
        {key: x[row : row + 1] for key, x in probe.items()}
        for row in range(len(exam.arrays(probe)[0]))
    ]
    totals = np.array([exam.total(row) for row in rows])
    if not np.any(np.isfinite(totals)):
        return probe
    return rows[int(np.nanargmax(totals))]


def _places(exam, outcomes, spread):
    """Zeros of a gradient that is not zero everywhere."""
    gradients = [made.gradient for made in outcomes]
    largest = max(np.max(np.abs(g)) for g in gradients)
    zeros = [np.abs(g) <= 1e-9 * largest for g in gradients]
    share = float(np.mean([np.mean(z) for z in zeros]))
    what = exam.subject.arguments[0]
    stuck, example = share, exam.probes[exam.usual()[0]]
    if exam.subject.kind == "loss":
        stuck, found = _stuck(exam, zeros, spread)
        example = found or example
        limit = 0.05
    else:
        limit = FLAT_SHARE
    if stuck < limit or share == 0:
        _terms(exam)
        _far(exam)
        exam.fine(
            f"the gradient of `{what}` is there, zero on "
            f"{share:.0%} of the usual inputs"
        )
        return
    cut = _blame.zero(exam, exam.probes[exam.usual()[0]])
    exam.add(
        "gradient_partly_zero",
        "warning",
        _blame.where(what, cut),
        cut.cause
        or f"On {stuck:.0%} of the usual inputs the gradient is zero"
        + (
            ", though moving these predictions to their labels would lower "
            "the loss: they never learn."
            if exam.subject.kind == "loss"
            else "."
        ),
        remedy=cut.remedy
        or "Use a function that rises everywhere, or a step that is less "
        "sharp; scale the inputs to where it is not flat.",
        example=example,
        retried=cut.retried,
    )


def _far(exam):
    """Wrong predictions far out that a clip or a ReLU leaves where they are.

    A clip just beyond 0 and 1 is none, as long as predictions are
    probabilities; a ReLU is there because they are not.
    """
    name = "far out, wrong"
    made = exam.outcome(name) if name in exam.probes else None
    if made is None or not made.is_finite or made.gradient is None:
        return
    zero = made.gradient == 0
    stuck, example = _stuck(exam, [zero], exam.spread(), [name])
    if stuck < 0.05:
        return
    blame = _blame.zero(exam, exam.probes[name])
    words = LIMITERS if exam.layout.known else LIMITERS[:1]
    if blame.word not in words:
        return
    exam.add(
        "gradient_partly_zero",
        "warning",
        _blame.where("y_pred", blame),
        f"{blame.cause} On {stuck:.0%} of the predictions of -100 and 100 that "
        "are wrong there is no gradient to bring them back.",
        example=example or {},
        **blame.more(),
    )


def _terms(exam):
    """Parts of a sum that change with the input and have no gradient."""
    what = exam.subject.arguments[0]
    for term in _blame.terms(exam, exam.probes[exam.usual()[0]]):
        exam.add(
            "gradient_partly_none",
            "warning",
            _blame.where(what, term),
            "One of the terms that the result is the sum of has no gradient, "
            f"so only the others train. {term.cause}",
            **term.more(),
        )


def _stuck(exam, zeros, spread, names=None):
    """Share of entries without a gradient whose loss could be lowered.

    Where a hinge, a maximum or a top-k is satisfied it is flat, and rightly:
    moving the prediction to its label changes nothing there.
    """
    if exam.perfect() is None:
        return 0.0, None
    stuck, seen, example = 0, 0, None
    for name, zero in zip(names or exam.usual(), zeros):
        probe = exam.probes[name]
        before = exam.total(probe)
        seen += zero.size
        places = np.argwhere(zero)
        tried = places[:: max(1, len(places) // 8)]
        lowered = 0
        for place in map(tuple, tried):
            moved = probe["y_pred"].copy()
            moved[place] = exam.perfect(name)[place]
            gain = before - exam.total({**probe, "y_pred": moved})
            if gain > 1e-3 * spread / zero.size:
                lowered += 1
                example = example or {
                    key: x[place[0] : place[0] + 1] for key, x in probe.items()
                }
        stuck += lowered / max(len(tried), 1) * len(places)
    return stuck / seen, example
