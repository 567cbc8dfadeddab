"""Whether weights and masks of samples reach the loss."""

from __future__ import annotations

import numpy as np

from softkeras import _backend
from softkeras._backend import ops
from softkeras.doctor import _rows
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe
from softkeras.doctor._run import Outcome, Runner

WORDS = {"sample_weight": "of weight 0", "mask": "that is masked"}
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
    if _rows.crosses(exam, plain):
        return
    heard = []
    for name in WORDS:
        likeness = probe.get(name)
        seen = _counts(exam, plain, name, likeness)
        if seen is None:
            exam.left_out(f"{name}: no row of the batch changes the loss")
        elif not seen:
            heard.append(name)
        else:
            mine = exam.given and likeness is not None
            _report(exam, plain, name, seen, "warning" if mine else "info")
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
    made = runner(arrays) if gradient else runner.value(arrays)
    exam.restore()
    return made


def _counts(exam, probe, name, likeness=None):
    """What shows that a row counts that should not; {} where none does.

    None where no row changes the total, with or without weights.
    """
    count = _rows.rows(probe)
    before = exam.total(probe)
    scale = 1e-4 * max(abs(before), exam.spread())
    seen = None
    for row in range(0, count, max(1, count // 4)):
        by = (row + 1) % count
        changed = _rows.exchange(probe, row, by)
        plain = abs(exam.total(changed) - before)
        if not plain > scale:
            continue
        seen = {}
        small = _rows.take(probe, [row, by])
        for batch, at, to in ((small, 0, 1), (probe, row, by)):
            found = _change(exam, batch, at, to, name, likeness)
            if "error" in found:
                return found
            if found["moved"] > 1e-2 * found["unweighted"] > 0:
                return found
    return seen


def _change(exam, probe, row, by, name, likeness):
    count = _rows.rows(probe)
    shape = (count,) if likeness is None else (count, *likeness.shape[1:])
    weights = np.ones(shape, "bool" if name == "mask" else "float32")
    weights[row] = 0
    changed = _rows.exchange(probe, row, by)
    made = [weighted(exam, x, name, weights) for x in (probe, changed)]
    for each in made:
        if each.error is not None:
            return {"error": each.error}
    before, after = (float(each.value) for each in made)
    plain, moved = exam.total(probe), exam.total(changed)
    rescaled = _is_close(before, float(np.mean(weights)) * plain)
    return {
        "moved": abs(after - before),
        "unweighted": abs(moved - plain),
        "rescales": rescaled and not _is_close(before, plain),
        "same": _is_close(before, plain),
        "example": {**probe, name: weights},
    }


def _is_close(a, b):
    return bool(np.isclose(a, b, rtol=_rows.NOISE, atol=0))


def _report(exam, probe, name, seen, severity):
    kind = "mask_ignored" if name == "mask" else "sample_weight_ignored"
    thing = "A mask of y_pred" if name == "mask" else "sample_weight"
    if "error" in seen:
        text = str(seen["error"]).strip().split("\n")[0][:200]
        exam.add(
            kind,
            severity,
            name,
            f"{thing} can't be used with it: {text}",
            remedy=PER_SAMPLE,
            example=_rows.take(probe, slice(0, 2)),
        )
        return
    why = "does not reach the loss"
    if seen["rescales"]:
        why = "only rescales the loss, which is one number for the batch"
    elif seen["same"] and _rows.form(exam, probe).kind == "scalar":
        why = "does not reach the loss, which is one number for the batch"
    row = "masked" if name == "mask" else "of weight 0"
    exam.add(
        kind,
        severity,
        name,
        f"{thing} {why}: of two or more rows, changing one that is {row} "
        f"moves it by {seen['moved']:.3g}, and by {seen['unweighted']:.3g} "
        f"without {'a mask' if name == 'mask' else 'weights'}.",
        remedy=PER_SAMPLE,
        example=seen["example"],
    )
