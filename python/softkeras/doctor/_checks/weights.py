"""Whether weights and masks of samples reach the loss."""

from __future__ import annotations

import numpy as np

from softkeras import _backend
from softkeras._ops import ops
from softkeras.doctor import _blame, _rows
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe
from softkeras.doctor._run import Outcome, Runner

WORDS = {"sample_weight": "of weight 0", "mask": "that is masked"}
# Rows that are changed together, and the share of what they else move the
# total by that is more than rounding.
ROWS = 2
COUNTS = 1e-2
PER_SAMPLE = (
    "Return one loss a sample (reduce over axis=-1 alone), which Keras "
    "weights and averages. A loss of the whole batch needs them in its sums: "
    "softkeras.losses.FunctionLoss hands a function with an argument "
    "sample_weight both, and losses such as SoftFBeta() have them in their "
    "counts."
)


def check(exam: Examination) -> None:
    """Gives a row no weight, or masks it, changes it, and sees if it counts."""
    if exam.subject.kind != "loss" or exam.found(
        "random", "mixes_samples", "wrong_axis", "wrong_shape"
    ):
        return
    probe = exam.probes[exam.usual()[0]]
    plain = _rows.unweighted(probe)
    if _rows.crosses(exam):
        return
    heard, ignored = [], {}
    for name in WORDS:
        likeness = probe.get(name)
        seen = _counts(exam, plain, name, likeness)
        if seen is None:
            exam.left_out(f"{name}: no row of the batch changes the loss")
        elif not seen:
            heard.append(name)
        else:
            ignored[name] = seen
    # Masks are mostly of steps; else, where no one gave any, they are in what
    # is said of weights.
    masked = "mask" in probe or probe["y_pred"].ndim == 3
    for name, seen in ignored.items():
        mine = exam.given and name in probe
        if name == "mask" and "sample_weight" in ignored and not masked:
            continue
        both = name == "sample_weight" and "mask" in ignored
        _report(
            exam,
            plain,
            name,
            seen,
            "warning" if mine else "info",
            both and not masked,
        )
    if heard:
        words = " or ".join(WORDS[name] for name in heard)
        exam.fine(f"a sample {words} does not count")


def reach(exam: Examination, probe: Probe) -> bool:
    """Whether a row of weight 0 does not count."""
    return _counts(exam, _rows.unweighted(probe), "sample_weight") == {}


def weighted(
    exam: Examination,
    probe: Probe,
    name: str,
    weights: np.ndarray,
    gradient: bool = False,
) -> Outcome:
    """What the total is with weights, or with a mask."""
    total = exam.subject.total()

    def masked(y_pred, y_true, mask):
        y_pred = ops.copy(y_pred)
        _backend.set_keras_mask(y_pred, mask)
        return total(y_pred, y_true)

    exam.restore()
    runner = Runner(masked if name == "mask" else total)
    arrays = [*exam.arrays(probe), weights]
    run = runner if gradient else runner.value
    # The first call of what is traced runs it twice, as in _rows.total.
    run(arrays)
    exam.restore()
    made = run(arrays)
    exam.restore()
    return made


def _counts(exam, probe, name, likeness=None):
    """What shows that rows count that should not; {} where none does.

    None where no row changes the total, with or without weights.
    """
    at, by = exam.once("telling", lambda: _telling(exam, probe))
    if not at:
        return None
    found = _change(exam, probe, at, by, name, likeness)
    if "error" in found:
        return found
    if found["moved"] <= COUNTS * found["unweighted"]:
        return {}
    small = _rows.take(probe, [at[0], by[0]])
    fewer = _change(exam, small, [0], [1], name, likeness)
    if "error" not in fewer and (
        fewer["moved"] > COUNTS * fewer["unweighted"] > 0
    ):
        return fewer
    return found


def _telling(exam, probe):
    """Rows, and others whose copies in their place change the total."""
    count = _rows.rows(probe)
    before = _rows.total(exam, probe)
    scale = 1e-4 * max(abs(before), exam.spread())
    at, by = [], []
    for row in range(0, count, max(1, count // 6)):
        other = (row + 1) % count
        after = _rows.total(exam, _rows.exchange(probe, [row], [other]))
        if abs(after - before) > scale:
            at.append(row)
            by.append(other)
        if len(at) == ROWS:
            break
    return at, by


def _change(exam, probe, at, by, name, likeness):
    """What a change of rows does to the total, with and without weight."""
    count = _rows.rows(probe)
    shape = (count,) if likeness is None else (count, *likeness.shape[1:])
    weights = np.ones(shape, "bool" if name == "mask" else "float32")
    weights[at] = 0
    changed = _rows.exchange(probe, at, by)
    made = [weighted(exam, x, name, weights) for x in (probe, changed)]
    for each in made:
        if each.error is not None:
            return {"error": each.error}
    before, after = (float(each.value) for each in made)
    plain, moved = _rows.total(exam, probe), _rows.total(exam, changed)
    same = _is_close(before, plain)
    rescaled = _is_close(before, float(np.mean(weights)) * plain)
    return {
        "moved": abs(after - before),
        "unweighted": abs(moved - plain),
        "rescales": rescaled and not same,
        "same": same,
        "rows": len(at),
        "example": {**probe, name: weights},
    }


def _is_close(a, b):
    return bool(np.isclose(a, b, rtol=_rows.NOISE, atol=0))


def _report(exam, probe, name, seen, severity, both):
    """Writes it down; `both` where masks are ignored as weights are."""
    kind = "mask_ignored" if name == "mask" else "sample_weight_ignored"
    thing = "A mask of y_pred" if name == "mask" else "sample_weight"
    if "error" in seen:
        _report_error(exam, probe, name, kind, seen["error"], severity, both)
        return
    one = _rows.form(exam).kind == "scalar"
    number = ", which is one number for the batch" if one else ""
    if seen["rescales"]:
        why = f"{thing} only rescales the loss{number}"
        why += ", and a mask of y_pred does not reach it" if both else ""
    elif both:
        why = f"sample_weight and masks do not reach the loss{number}"
    else:
        why = f"{thing} does not reach the loss{number}"
    few = "a row" if seen["rows"] == 1 else f"{seen['rows']} rows"
    with_it = (
        f"With {few} masked"
        if name == "mask"
        else f"With a weight of 0 for {few}"
    )
    exam.add(
        kind,
        severity,
        name,
        f"{why}. {with_it}, a change there moves the loss by "
        f"{seen['moved']:.3g}; without, by {seen['unweighted']:.3g}.",
        remedy="As for sample_weight."
        if name == "mask" and exam.found("sample_weight_ignored")
        else PER_SAMPLE,
        example=seen["example"],
    )


def _report_error(exam, probe, name, kind, error, severity, both):
    form = _rows.form(exam)
    if form.kind == "samples" and len(form.shape) > 1:
        if name == "mask" and exam.found("sample_weight_ignored"):
            return
        cause = (
            f"The result has shape {form.shape}, a loss for each element: "
            "weights of shape (n,), as sample_weight, class_weight and masks "
            "mostly are, do not fit it."
        )
        remedy = (
            "Return one loss a sample: ops.mean of it over axis=-1. Weights "
            "of shape (n, 1) would fit it as it is."
        )
    else:
        cause = f"`{name}` can't be used with it: {_blame.first_line(error)}"
        if both:
            cause += " A mask of y_pred is not heeded either."
        remedy = PER_SAMPLE
    exam.add(
        kind,
        severity,
        name,
        cause,
        remedy=remedy,
        example=_rows.take(probe, slice(0, 2)),
    )
