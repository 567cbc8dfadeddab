"""Whether the result has the shape of a loss, and labels meet predictions."""

from __future__ import annotations

import numpy as np

from softkeras._ops import ops
from softkeras.doctor import _blame, _places_of_rows, _rows
from softkeras.doctor._checks import weights
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import CLASSES
from softkeras.doctor._run import Runner

FLAT = (
    "Write y_true = ops.reshape(y_true, ops.shape(y_pred)) in the loss; or "
    "give compile() a plain function in place of a Loss class of your own: "
    "there Keras brings labels and predictions to as many axes."
)


FLAT_R = (
    "Write y_true <- op_reshape(y_true, op_shape(y_pred)), of keras3, in the "
    "loss; or give compile() a plain function in place of a Loss class of your "
    "own: there Keras brings labels and predictions to as many axes."
)
_TO_ONE_SHAPE = (
    (
        "Bring both to one shape before they meet: y_true = "
        "ops.reshape(y_true, ops.shape(y_pred)), and index or squeeze neither "
        "of them alone."
    ),
    (
        "Bring both to one shape before they meet: y_true <- "
        "op_reshape(y_true, op_shape(y_pred)), of keras3, and index or squeeze "
        "neither of them alone."
    ),
)
_TO_ROWS = (
    (
        "Bring both to one shape before they meet, (n,) if it is a number a "
        "row: y_true = ops.reshape(y_true, (-1,))."
    ),
    (
        "Bring both to one shape before they meet, a vector if it is a number "
        "a row: y_true <- op_reshape(y_true, list(-1L)), of keras3."
    ),
)


def check(exam: Examination) -> None:
    """Finds results of a wrong shape, and labels that meet all predictions."""
    if exam.subject.kind != "loss" or exam.found("random"):
        return
    probe = _rows.usual(exam)
    if _rows.crosses(exam):
        found = exam.given and _places_of_rows.crossed(exam, probe)
        where = _blame.name(found) if found else "y_true, y_pred"
        _broadcasts(exam, probe, probe, where)
        return
    if exam.given:
        _by_hand(exam, probe)
    else:
        _other_axes(exam, probe)
    form = _rows.form(exam)
    if form.kind == "reduced":
        _reduced(exam, probe, form)
    elif form.kind == "other":
        _other(exam, probe, form)
    elif form.kind != "unknown":
        what = (
            f"one loss a sample, of shape {form.shape}"
            if form.shape
            else "one number for the batch"
        )
        exam.fine(f"the result is {what}")


def _other_axes(exam, probe):
    """Tries labels and predictions with an axis more or less."""
    labels, predictions = probe["y_true"], probe["y_pred"]
    tried = {}
    if predictions.ndim == 2 and predictions.shape[1] == 1:
        tried["y_true"] = {**probe, "y_true": labels[:, 0]}
        tried["y_pred"] = {**probe, "y_pred": predictions[:, 0]}
    elif labels.ndim == predictions.ndim - 1:
        tried["y_true"] = {**probe, "y_true": labels[..., None]}
    expected = _rows.total(exam, probe)
    for name, other in tried.items():
        total = _rows.total(exam, other)
        if not np.isfinite(total) or not np.isfinite(expected):
            continue
        if f"{total:.4g}" == f"{expected:.4g}":
            continue
        if abs(total - expected) > 1e-4 * max(abs(expected), exam.spread()):
            _broadcasts(exam, probe, other, name)
            return
    if tried:
        exam.fine("labels of shape (n,) and (n, 1) give the same")


def _by_hand(exam, probe):
    """Calls a function as a user's own loop does, where Keras aligns nothing.

    Keras brings labels (n,) and predictions (n, 1) of a plain function to one
    shape; the same function called by its user makes (n, n) of them.
    """
    function, count = exam.subject.function, _rows.rows(probe)
    shapes = [probe[name].shape for name in ("y_true", "y_pred")]
    if (
        not exam.subject.is_own
        or function is not exam.subject.target
        or set(shapes) != {(count,), (count, 1)}
        or count < 2
    ):
        return

    def direct(y_pred, y_true):
        y_true = ops.cast(y_true, y_pred.dtype)
        return ops.mean(function(y_true, y_pred))

    exam.restore()
    made = Runner(direct).value(exam.arrays(probe))
    exam.restore()
    if made.error is not None:
        return
    aligned, by_hand = _rows.total(exam, probe), float(made.value)
    if f"{by_hand:.4g}" == f"{aligned:.4g}":
        return
    exam.add(
        "broadcasts",
        "info",
        "y_true, y_pred",
        f"fit() aligns labels of shape {shapes[0]} and predictions of shape "
        f"{shapes[1]}, and the loss is {aligned:.4g}. Called by yourself, as "
        f"in a loop of your own, the function makes {(count, count)} of them: "
        f"{by_hand:.4g}.",
        remedy="In a loop of your own bring both to one shape first: y_true "
        "= ops.reshape(y_true, ops.shape(y_pred)).",
        example=_rows.take(probe, _two(probe)),
    )


def _broadcasts(exam, probe, other, where):
    labels, predictions = other["y_true"].shape, other["y_pred"].shape
    alike = other["y_true"].size == other["y_pred"].size
    made = exam.values(other)
    result = (
        f" to a result of shape {made.shape}"
        if made is not None and made.ndim > 1
        else ""
    )
    cause = (
        f"y_true of shape {labels} and {'' if alike else 'what comes of '}"
        f"y_pred of shape {predictions} broadcast{result}: the label of each "
        "row meets the predictions of all rows."
    )
    if other is probe:
        swapped = {**probe, "y_true": np.roll(probe["y_true"], 1, 0)}
        # Not of a loss with another part, in which each has its own row.
        if _rows.ignores_order(exam, probe):
            cause += (
                f" So it is {_rows.total(exam, probe):.4g} whichever row a "
                f"label stands in ({_rows.total(exam, swapped):.4g} with all "
                "labels moved on by a row), and only their mean is learned."
            )
        remedy, remedy_r = _TO_ONE_SHAPE if alike else _TO_ROWS
    else:
        cause += (
            f" The loss is then {_rows.total(exam, other):.4g} in place of "
            f"{_rows.total(exam, probe):.4g}."
        )
        remedy, remedy_r = FLAT, FLAT_R
        if other["y_true"].ndim == other["y_pred"].ndim > 1:
            remedy, remedy_r = (
                (
                    "Write y_true = ops.reshape(y_true, (-1,)) in the loss, or "
                    "give fit() class ids of shape (n,)."
                ),
                (
                    "Write y_true <- op_reshape(y_true, list(-1L)), of keras3, "
                    "in the loss, or give fit() class ids as a vector."
                ),
            )
    small = _rows.take(other, _two(probe))
    # Nobody gave the shapes of `other`, with which they would broadcast.
    severity = "error" if other is probe else "warning"
    exam.add(
        "broadcasts",
        severity,
        where,
        cause,
        remedy=remedy,
        remedy_r=remedy_r,
        example=small,
    )


def _where(exam, probe):
    """The result, and the operation in which the rows are lost."""
    operation = _places_of_rows.lost(exam, probe)
    return f"the result: {operation}" if operation else "the result"


def _two(probe):
    """Two rows with different labels, if there are."""
    labels = probe["y_true"].reshape(_rows.rows(probe), -1)
    other = np.flatnonzero(np.any(labels != labels[0], axis=1))
    return [0, int(other[0])] if len(other) else [0]


def _reduced(exam, probe, form):
    """A result with axes, none of which is that of the rows."""
    if weights.reach(exam, probe):
        exam.fine(
            f"the result is one loss a class, of shape {form.shape}, and "
            "weights of samples are in it"
        )
        return
    shape, wide = form.shape, _rows.wider(probe, CLASSES)
    few = f"{_rows.rows(probe)} rows"
    if wide is not None and (made := exam.values(wide)) is not None:
        shape, few = made.shape, f"{few} of {CLASSES} columns"
    if max(shape) == 1:
        exam.add(
            "wrong_shape",
            "warning",
            _where(exam, probe),
            f"The result has shape {shape} whatever the batch is: one number "
            "for the batch, with axes. Weights of samples are broadcast with "
            "it, so they only rescale it.",
            remedy="Leave out keepdims=True, and reduce over axis=-1 alone: "
            "one loss a sample, of shape (n,), which Keras averages.",
            example=_rows.take(probe, _two(probe)),
        )
        return
    mean = _is_mean(exam, probe)
    exam.add(
        "wrong_axis",
        "error" if mean or _weighted(exam) else "warning",
        _where(exam, probe),
        f"{few} give a result of shape {shape}: the loss "
        "is reduced over the samples, which leaves one value a class. "
        "sample_weight and class_weight, one number a sample, can't be "
        "applied to it"
        + (
            "."
            if mean
            else "; without them it trains, as the mean of the classes' "
            "losses of the whole batch."
        ),
        remedy="Reduce over axis=-1, not axis=0: the result is one loss a "
        "sample, of shape (n,), and Keras averages it."
        if mean
        else "Return ops.mean of it, and take weights in with "
        "softkeras.losses.FunctionLoss and an argument sample_weight; or use "
        "a loss of counts of softkeras.losses such as SoftFBeta(), whose "
        "counts have the weights in them.",
        example=_rows.take(probe, _two(probe)),
    )


def _other(exam, probe, form):
    where = [i for i, n in enumerate(form.shape) if n == _rows.rows(probe)]
    exam.add(
        "wrong_shape",
        "error",
        _where(exam, probe),
        f"{_rows.rows(probe)} rows give a result of shape {form.shape}: "
        + (
            f"the samples are along axis {where[-1]}. "
            if where
            else "no axis is that of the samples. "
        )
        + "Keras takes the first axis for them, and multiplies it by "
        "sample_weight and class_weight: an error, or the wrong samples.",
        remedy="Return one loss a sample, of shape (n,), or one an element, "
        "of shape (n, ...): reduce over axis=-1, and flatten nothing.",
        example=_rows.take(probe, _two(probe)),
    )


def _weighted(exam):
    return exam.given and "sample_weight" in exam.probes[exam.usual()[0]]


def _is_mean(exam, probe):
    """Whether the total is the mean, or the sum, of what each row gives."""
    total = _rows.total(exam, probe)
    count = _rows.rows(probe)
    alone = sum(
        _rows.total(exam, _rows.take(probe, [row])) for row in range(count)
    )
    return any(
        abs(total - expected) <= 1e-4 * max(abs(total), exam.spread())
        for expected in (alone, alone / count)
    )
