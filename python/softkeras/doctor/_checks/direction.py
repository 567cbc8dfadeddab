"""Whether a step along the gradient leads to the labels, or away."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._examination import Examination


def check(exam: Examination) -> None:
    """Finds losses that are least where predictions are wrong."""
    if exam.subject.kind != "loss" or exam.layout is None:
        return
    _target(exam)
    if exam.found("unused_prediction", "gradient_wrong", "unused_target"):
        return
    turn = _turn(exam)
    low, high = (exam.total(_twin(exam, name)) for name in ("perfect", "wrong"))
    both = np.isfinite(low) and np.isfinite(high)
    spread = exam.spread()
    upside_down = both and low > high + 1e-4 * spread
    if not upside_down and not (turn > 0.02 and not (both and low < high)):
        if both and low < high:
            exam.fine(
                f"right predictions have the lower loss: {low:.4g}, and "
                f"wrong ones {high:.4g}"
            )
        return
    values = (
        f"It is {low:.4g} where all predictions are right and {high:.4g} where "
        "all are wrong, "
        if both
        else ""
    )
    exam.add(
        "wrong_direction",
        "error",
        "y_pred",
        f"{values}and a loss is made smaller by training: it moves "
        "predictions away from their labels.",
        remedy="Return 1 - score, or -score, in place of a score; see that "
        "y_true is the first argument and y_pred the second. If y_pred is a "
        "distance, small where y_true is 1, all is as it should be."
        + exam.made_up(),
        example=exam.probes[exam.usual()[0]],
    )


def _twin(exam, end):
    """The labels of the usual probe with right or wrong predictions."""
    probe = exam.probes[exam.usual()[0]]
    right = exam.perfect(probe)
    if right is None:
        return probe
    if end == "perfect":
        return {**probe, "y_pred": right}
    wrong = exam.wrong(probe)
    return {**probe, "y_pred": wrong}


def _turn(exam):
    """Cosine of the gradient and the way to the labels, over usual probes."""
    along, size = 0.0, 0.0
    for name in exam.usual():
        made = exam.outcome(name)
        right = exam.perfect(name)
        if made.gradient is None or not made.is_finite or right is None:
            continue
        way = right - exam.probes[name]["y_pred"]
        along += float(np.sum(made.gradient * way))
        size += float(np.linalg.norm(made.gradient) * np.linalg.norm(way))
    return along / size if size else 0.0


def _target(exam):
    """Finds losses that are the same whatever the labels are."""
    if not uses_labels(exam):
        exam.add(
            "unused_target",
            "warning",
            "y_true",
            "The loss is the same whatever the labels are.",
            remedy="See that `y_true` is used, and that the two arguments "
            "stand in the order y_true, y_pred.",
        )


def uses_labels(exam: Examination) -> bool:
    """Whether other labels give another loss."""
    ends = [name for name in ("perfect", "wrong") if name in exam.probes]
    for name in exam.usual() + ends:
        probe = exam.probes[name]
        before = exam.values(probe)
        other = _others(exam, probe)
        # A score can be the same for labels and for their opposites.
        for rows in (1, len(other) // 2, len(other)):
            labels = np.concatenate([other[:rows], probe["y_true"][rows:]])
            after = exam.values({**probe, "y_true": labels})
            if before is None or after is None:
                return True
            if not np.allclose(before, after, rtol=1e-6, equal_nan=True):
                return True
    return False


def _others(exam, probe):
    """Labels that each row could have in place of its own."""
    y_true, form = probe["y_true"], exam.layout.form
    if form == "real":
        other = np.roll(y_true * 0.5 + 0.25, 1, 0)
        # Of another sign too, where they can be.
        return -other if exam.layout.domain == "real" else other
    if form == "ids":
        return (y_true + 1) % max(probe["y_pred"].shape[-1], 2)
    if form in ("one_hot", "distribution"):
        return np.roll(y_true, 1, -1)
    return -y_true if form == "signs" else 1 - y_true
