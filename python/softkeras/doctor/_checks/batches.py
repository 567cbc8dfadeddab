"""What a batch's size and parts do to its loss; batches of nothing."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _places_of_rows, _rows
from softkeras.doctor._checks import weights
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import CLASSES
from softkeras.losses import _terms
from softkeras.losses._batch_loss import BatchLoss

# How a total grows where the rows of a batch are two or three times as many.
GROWTHS = {
    "a sum over the rows": (2.0, 3.0),
    "a norm over the rows": (2**0.5, 3**0.5),
    "a sum over pairs of rows": (4.0, 9.0),
}
# Labels by which rows are said to be without one.
IGNORED = (-1.0, float("nan"), 255.0)


def check(exam: Examination) -> None:
    """Doubles a batch, takes it apart, and leaves nothing of it."""
    if exam.subject.kind != "loss" or exam.found("random"):
        return
    probe, form = _rows.usual(exam), _rows.form(exam)
    if not exam.found("value_not_finite", "gradient_not_finite"):
        _ignored(exam, probe)
        _no_weight(exam, probe)
    if form.kind == "samples":
        exam.fine("the loss of a batch is what its samples give, reduced")
    elif not exam.found("wrong_axis", "wrong_shape") and not (
        _rows.crosses(exam)
    ):
        _parts(exam, _growth(exam))
        _no_rows(exam, probe)


def _growth(exam):
    """What the total grows as, if that is not as a mean; reports a sum."""
    words = set(GROWTHS)
    for name in exam.usual():
        words &= _grows(exam, _rows.unweighted(exam.probes[name]))
        if not words:
            return None
    word = words.pop()
    if getattr(exam.subject.target, "reduction", None) == "sum":
        return word
    probe = _rows.usual(exam)
    once, twice = (
        _rows.total(exam, probe),
        _rows.total(exam, _rows.join(probe, probe)),
    )
    place = _places_of_rows.lost(exam, probe)
    exam.add(
        "sum_not_mean",
        "warning",
        f"the result: {place}" if place else "the result",
        f"It is {word}: {once:.4g} for {_rows.rows(probe)} rows, and "
        f"{twice:.4g} for a batch of these rows twice. So steps grow with the "
        "batch, a learning rate holds for one batch size alone, and the last, "
        "smaller batch of an epoch counts less.",
        remedy="Return one loss a sample (ops.sum or ops.mean over axis=-1), "
        "which Keras averages; or divide by the number of rows, "
        "ops.shape(y_pred)[0].",
        example=_rows.take(probe, slice(0, 2)),
    )
    return word


def _grows(exam, probe):
    """As what the total grows, or all of it but a constant."""
    once, twice = (_rows.total(exam, _rows.join(*[probe] * n)) for n in (1, 2))
    rise = twice - once
    if not np.isfinite(rise) or abs(rise) <= 1e-3 * abs(once):
        return set()
    further = _rows.total(exam, _rows.join(probe, probe, probe)) - twice
    return {
        word
        for word, (double, triple) in GROWTHS.items()
        if abs(further - rise * (triple - double) / (double - 1))
        <= 1e-3 * abs(rise)
    }


def _parts(exam, growth):
    """Compares a batch's total with those of its parts."""
    if any(isinstance(loss, BatchLoss) for loss in _walk(exam)):
        exam.fine("a loss of the whole batch, and meant as such")
        return
    if growth is not None:
        return
    gaps = [
        (gap, probe)
        for name in exam.usual()
        for probe in [_rows.unweighted(exam.probes[name])]
        if (gap := _gap(exam, probe)) is not None
    ]
    if not gaps:
        exam.left_out("a batch and its parts: too few rows, or not finite")
        return
    (total, mean), probe = max(gaps, key=lambda each: abs(np.diff(each[0])))
    apart = abs(total - mean)
    if apart <= 1e-4 * max(abs(total), exam.spread()):
        exam.fine("the loss of a batch is the mean of the losses of its parts")
        return
    count = _rows.rows(probe)
    exam.add(
        "batch_not_mean",
        "info",
        "the result",
        f"The loss of a batch of {count} is {total:.4g}, the mean of its two "
        f"halves' losses is {mean:.4g}: {apart:.2g} apart. So it depends on "
        "how large batches are and on what comes together in them, and the "
        "number that fit() prints, a mean over batches, is not the loss of "
        "the epoch's rows.",
        remedy="Nothing, if that is meant, as it is for scores that are made "
        "of counts or ranks: take batches as large as can be, and "
        "softkeras.metrics.EpochScore for an epoch's number. Else return "
        "one loss a sample, of shape (n,).",
        example=_smallest(exam, probe, apart),
    )


def _walk(exam):
    return _terms.walk(exam.subject.target)


def _gap(exam, probe):
    """The total of a batch and the mean of those of its halves."""
    count = _rows.rows(probe) // 2 * 2
    if count < 2:
        return None
    whole = _rows.take(probe, slice(0, count))
    total, found = _rows.total(exam, whole), []
    places = np.arange(count)
    splits = np.array_split(places, 2), (places[::2], places[1::2])
    for halves in splits:
        mean = np.mean(
            [_rows.total(exam, _rows.take(probe, half)) for half in halves]
        )
        if np.isfinite(total) and np.isfinite(mean):
            found.append((total, float(mean)))
    return max(found, key=lambda pair: abs(pair[0] - pair[1]), default=None)


def _smallest(exam, probe, apart):
    count = 2
    while count < _rows.rows(probe):
        few = _rows.take(probe, slice(0, count))
        gap = _gap(exam, few)
        if gap is not None and abs(gap[0] - gap[1]) > 0.1 * apart:
            return few
        count *= 2
    return probe


def _ignored(exam, probe):
    """Batches of which a loss that leaves out some labels leaves out all.

    It leaves them out if a batch in part of them has the loss of the rest.
    """
    # With one column, what a mean over the columns that are left does shows
    # in no part of a row.
    wide = _rows.wider(probe, CLASSES)
    for batch in (probe, wide):
        for place, left in () if batch is None else _cuts(batch):
            alone = _rows.total(exam, left)
            share = left["y_true"].size / batch["y_true"].size
            for label in IGNORED:
                part = _relabelled(batch, label, place)
                total = np.nan if part is None else _rows.total(exam, part)
                if any(_is_close(total, alone * k) for k in (1, share)):
                    _report_ignored(exam, batch, part, label)
                    return


def _cuts(probe):
    """Parts of the labels, each with the probe without that part."""
    half = _rows.rows(probe) // 2
    if half:
        yield slice(0, half), _rows.take(probe, slice(half, None))
    labels = probe["y_true"]
    if labels.shape == probe["y_pred"].shape and labels[0].size > 1:
        rest = slice(None), slice(1, None)
        yield (slice(None), 0), _rows.take(probe, rest)


def _report_ignored(exam, probe, part, label):
    made = exam.outcome(part)
    if made.error is None and not made.is_finite:
        exam.add(
            "gradient_not_finite",
            "error",
            "y_true",
            f"Labels of {label:g} are left out of the value, but they make "
            "the gradient NaN or infinite: a `where` hands 0 times NaN down "
            "to what it does not choose.",
            remedy="Put a harmless label in their place before anything is "
            "computed, y_true = ops.where(known, y_true, 0.0), and leave "
            "their losses out afterwards.",
            example=_rows.take(part, [0, -1]),
        )
    one = _rows.take(_relabelled(probe, label, slice(None)), [0])
    made = exam.outcome(one)
    # Where some rows are left out, the gradient of all is no other matter.
    if made.error is None and not np.all(np.isfinite(made.value)):
        exam.add(
            "empty_batch",
            "warning",
            "y_true",
            f"Labels of {label:g} are left out, and where no other is left "
            f"the value is {_number(made.value)}, with a gradient that is "
            f"{_state(made.gradient)}: 0/0 in a mean over what is left. "
            + (
                ""
                if _is_finite(made.gradient)
                else "One such batch makes all weights of a model NaN."
            ),
            remedy="Divide by ops.maximum(number of what is left, 1), or by "
            "ops.divide_no_nan.",
            example=one,
        )


def _is_close(a, b):
    return bool(np.isclose(a, b, rtol=_rows.NOISE, atol=0))


def _relabelled(probe, label, place):
    """The probe with other labels at `place`; None if they can't be there."""
    y_true = probe["y_true"].copy()
    if y_true.dtype.kind != "f" and not np.isfinite(label):
        return None
    y_true[place] = label
    return {**probe, "y_true": y_true}


def _no_weight(exam, probe):
    """A batch in which no row has a weight."""
    zeros = np.zeros(_rows.rows(probe), "float32")
    made = weights.weighted(exam, probe, "sample_weight", zeros, gradient=True)
    if made.error is None and not made.is_finite:
        exam.add(
            "empty_batch",
            "warning",
            "sample_weight",
            f"In a batch whose weights are all 0 the value is "
            f"{_number(made.value)}, with a gradient that is "
            f"{_state(made.gradient)}: 0/0 in a mean by weights.",
            remedy="Use ops.divide_no_nan, as Keras does.",
            example=_rows.take({**probe, "sample_weight": zeros}, [0, 1]),
        )


def _no_rows(exam, probe):
    none = _rows.take(probe, slice(0, 0))
    made = exam.outcome(none)
    if made.error is not None:
        exam.left_out("a batch of no rows: it raises an error")
        return
    result = exam.values(none)
    # No losses at all, which Keras hands on without a mean of them.
    if made.is_finite or (result is not None and not result.size):
        exam.fine("a batch of no rows has a finite loss")
        return
    exam.add(
        "empty_batch",
        "info",
        "y_pred",
        f"For a batch of no rows it is {_number(made.value)}. fit() gives "
        "none; replicas of tf.distribute, where an epoch's last batch has "
        "fewer rows than there are replicas, and training loops of your own "
        "may.",
        remedy="Return one loss a sample, whose mean over nothing Keras "
        "takes as 0; or divide by ops.maximum(number of rows, 1).",
        example=none,
    )


def _number(x):
    return f"{float(x):.4g}"


def _state(gradient):
    return "finite" if _is_finite(gradient) else "NaN or infinite"


def _is_finite(gradient):
    return gradient is None or bool(np.all(np.isfinite(gradient)))
