"""Whether what a row gives depends on other rows."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _places_of_rows, _rows
from softkeras.doctor._examination import Examination

KINDS = ("loss", "activation", "layer")
NAMES = {"y_pred": "predictions", "y_true": "labels", "x": "inputs"}


def check(exam: Examination) -> None:
    """Changes other rows, in each argument by itself, and looks at one."""
    if exam.subject.kind not in KINDS or exam.found("random"):
        return
    if exam.subject.kind == "loss" and (
        _rows.form(exam).kind != "samples" or _rows.crosses(exam)
    ):
        return
    arguments = [
        name
        for name in exam.subject.arguments
        if name in NAMES and name in exam.probes[exam.usual()[0]]
    ]
    seen, mixed = False, {}
    for name in exam.usual()[:2]:
        probe = _rows.unweighted(exam.probes[name])
        before = exam.values(probe)
        count = _rows.rows(probe)
        if before is None or before.shape[:1] != (count,) or count < 2:
            return
        seen = True
        for argument in arguments:
            for row, by in ((0, 0), (0, count // 2), (count // 2, count - 1)):
                if argument not in mixed:
                    change = _change(exam, probe, before, argument, row, by)
                    if change:
                        mixed[argument] = change
    if mixed:
        _report(exam, mixed)
    elif seen:
        exam.fine("what a sample gives does not depend on other samples")


def _change(exam, probe, before, argument, row, by):
    """The row's value before and after, where it moves with other rows.

    These become copies of one row: a permutation would leave a batch's mean,
    norm or maximum as it is.
    """
    other = np.repeat(probe[argument][[by]], len(before), 0)
    other[row] = probe[argument][row]
    after = exam.values({**probe, argument: other})
    if after is None:
        return None
    good = np.isfinite(before[row]) & np.isfinite(after[row])
    moved = np.abs(
        np.subtract(
            after[row], before[row], out=np.zeros(good.shape), where=good
        )
    )
    size = np.max(np.abs(before[np.isfinite(before)]), initial=0.0)
    if np.max(moved) <= _rows.NOISE * size:
        return None
    place = np.unravel_index(np.argmax(moved), moved.shape)
    # Two rows are as few as can mix.
    small = _rows.take(
        probe, [row, by if by != row else (row + 1) % len(other)]
    )
    return {
        "before": float(before[row][place]),
        "after": float(after[row][place]),
        "example": small,
        "place": _places_of_rows.mixed(
            exam, probe, {**probe, argument: other}, row
        ),
    }


def _report(exam, mixed):
    names = " and ".join(NAMES[argument] for argument in mixed)
    first = next(iter(mixed.values()))
    is_loss = exam.subject.kind == "loss"
    thing = "loss" if is_loss else "value"
    own = "prediction and label" if is_loss else "input"
    exam.add(
        "mixes_samples",
        "warning",
        ", ".join(mixed) + (f": {first['place']}" if first["place"] else ""),
        f"The {thing} of a sample depends on the {names} of other samples: "
        f"with its own {own} unchanged it goes from {first['before']:.4g} to "
        f"{first['after']:.4g} when other rows of the batch change.",
        remedy=_remedy(is_loss, mixed),
        example=first["example"],
    )


def _remedy(is_loss, mixed):
    if not is_loss:
        return (
            "Normalise and reduce over the last axis: axis=-1, not axis=0 or "
            "none. Statistics of a batch belong into a layer that keeps them "
            "for prediction, such as BatchNormalization."
        )
    if "y_pred" not in mixed:
        return (
            "Take class weights from all training labels (class_weight in "
            "fit()), not from the labels of the batch."
        )
    return (
        "Reduce over axis=-1, not axis=0 or none, and divide by constants of "
        "the training data, not by the batch's maximum, mean or norm. If it "
        "is meant for the whole batch, return one number."
    )
