"""Whether the gradient is that of the value: finite differences."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination

STEPS = (1e-2, 1e-3, 1e-4)
DIRECTIONS = 3
# Points at which a gradient that is made by hand is often wrong.
SPECIAL = ("at the threshold", "zeros", "ties", "integers and halves")


def check(exam: Examination) -> None:
    """Compares the gradient with central differences, in float64 if it can."""
    if exam.found("gradient_none", "gradient_zero", "unused_prediction"):
        return
    if any(f.kind == "fails" and f.severity == "error" for f in exam.findings):
        exam.left_out(
            "finite differences: a part of it is computed outside of the "
            "backend"
        )
        return
    rng = np.random.default_rng(exam.seed)
    compared, worst = 0, 0.0
    steps_seen = 0
    for name in exam.usual():
        probe = exam.probes[name]
        made = exam.outcome(name, dtype=exam.subject.widest)
        if not made.is_finite or made.gradient is None:
            continue
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=made.gradient.shape)
            direction /= np.linalg.norm(direction) or 1.0
            slope, doubt = _slope(exam, probe, direction)
            if slope is None:
                continue
            expected = float(np.sum(made.gradient * direction))
            size = float(np.linalg.norm(made.gradient))
            compared += 1
            steps_seen += slope == 0 and size > 0
            error = abs(slope - expected)
            if error > 20 * doubt + 1e-3 * (abs(slope) + size) + 1e-9:
                if not _is_step(exam, probe, direction):
                    _wrong(exam, probe, name, slope, expected)
                    return
            else:
                worst = max(worst, error / max(size, 1e-30))
    if compared and steps_seen == compared:
        what = exam.subject.arguments[0]
        exam.add(
            "straight_through",
            "info",
            what,
            "The value is a step function, exactly flat between its jumps, "
            f"yet `{what}` has a gradient: that of another function "
            "(straight-through). It trains, and its gradient is not the "
            "derivative of the value.",
        )
    elif compared and not _special(exam):
        exam.fine(
            "the gradient equals finite differences in "
            f"{exam.subject.widest}, {compared} directions, to "
            f"{max(worst, 1e-16):.0e} of its size"
        )
    elif not compared:
        exam.left_out(
            "finite differences: the value is too rough for them here"
        )


def _at(exam, probe, x):
    """The total at another first argument."""
    what = exam.subject.arguments[0]
    return exam.total({**probe, what: x}, exam.subject.widest)


def _slope(exam, probe, direction):
    """The central difference that is least in doubt, and its doubt."""
    what = exam.subject.arguments[0]
    x = probe[what].astype("float64")
    found = []
    for step in STEPS:
        ahead, behind = (
            _at(exam, probe, x + side * step * direction) for side in (1, -1)
        )
        found.append((ahead - behind) / (2 * step))
    found = np.array(found)
    if not np.all(np.isfinite(found)):
        found = found[np.isfinite(found)]
        if len(found) < 2:
            return None, None
    doubts = np.abs(np.diff(found))
    best = int(np.argmin(doubts))
    return float(found[best + 1]), float(doubts[best])


def _is_step(exam, probe, direction):
    """Whether the value does not change at all nearby."""
    what = exam.subject.arguments[0]
    x = probe[what].astype("float64")
    here = _at(exam, probe, x)
    return all(
        _at(exam, probe, x + side * 1e-4 * direction) == here
        for side in (1, -1)
    )


def _wrong(exam, probe, name, slope, expected):
    what = exam.subject.arguments[0]
    blame = _blame.wrong(exam, probe)
    if blame.held:
        exam.left_out(
            "finite differences: a part of the value is held fixed by "
            f"{blame.operation}"
        )
        return
    if blame.straight_through:
        exam.add(
            "straight_through", "info", _blame.where(what, blame), blame.cause
        )
        return
    exam.add(
        "gradient_wrong",
        "error",
        _blame.where(what, blame),
        f"On the input “{name}” the value rises by {slope:.4g} in a direction "
        f"in which the gradient says {expected:.4g}. "
        + (
            blame.cause
            or "No gradient was written by hand in it; so the backend's own "
            "rule is wrong there, or the value is rough."
        ),
        remedy=blame.remedy
        or "Compare the hand-written gradient with finite differences, factor "
        "by factor; or leave it out and let the backend differentiate.",
        example=probe,
    )


def _special(exam):
    """Single entries at special points where the value is smooth."""
    for name in SPECIAL:
        # Probabilities of 0 end their domain: nothing is to their left.
        ends = name == "zeros" and exam.layout and exam.layout.domain != "real"
        if name not in exam.probes or ends:
            continue
        probe = exam.probes[name]
        made = exam.outcome(name, dtype=exam.subject.widest)
        if not made.is_finite or made.gradient is None:
            continue
        size = float(np.max(np.abs(made.gradient)))
        places = list(np.ndindex(made.gradient.shape))
        for place in places[:: max(1, len(places) // 6)]:
            direction = np.zeros(made.gradient.shape)
            direction[place] = 1.0
            slope = _smooth_slope(exam, probe, direction, size)
            if slope is None:
                continue
            got = float(made.gradient[place])
            if abs(got - slope) > 1e-2 * (abs(slope) + size) + 1e-7:
                one = {
                    key: x[place[0] : place[0] + 1] for key, x in probe.items()
                }
                _wrong(exam, one, name, slope, got)
                return True
    return False


def _smooth_slope(exam, probe, direction, size):
    """The slope to both sides, near and nearer; None where they differ."""
    x = probe[exam.subject.arguments[0]].astype("float64")
    here = _at(exam, probe, x)
    slopes = np.array(
        [
            (_at(exam, probe, x + step * direction) - here) / step
            for step in (1e-4, -1e-4, 1e-6, -1e-6)
        ]
    )
    middle = float(np.mean(slopes))
    if not np.all(np.isfinite(slopes)) or np.ptp(slopes) > (
        2e-3 * abs(middle) + 1e-6 * size + 1e-9
    ):
        return None
    return middle
