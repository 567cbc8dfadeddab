"""Rows of a batch taken, joined and exchanged, and what a total makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from softkeras.doctor import _places_of_rows
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe

# Shares of a total below this are rounding in float32.
NOISE = 1e-5
# Of rows, that are tried one after the other.
PAIRS = 4
# What the sum over all four pairs of two rows is divided by: a sum over pairs,
# a mean of sums, a mean over pairs.
SHARES = (1, 2, 4)


@dataclasses.dataclass(frozen=True)
class Form:
    """How a loss's result follows the rows, before Keras reduces it.

    Args:
        kind: `"scalar"`, `"samples"` (the first axis is that of the rows),
            `"reduced"` (axes, but none of the rows'), `"other"`, or
            `"unknown"` where the loss has no result before it is reduced.
        shape: Of the result for the probe.
    """

    kind: str
    shape: tuple[int, ...] = ()


def usual(exam: Examination) -> Probe:
    """The first usual probe, without weights."""
    return unweighted(exam.probes[exam.usual()[0]])


def form(exam: Examination) -> Form:
    """Tells the rows' axis from others by a batch with one row more."""
    return exam.once("form", lambda: _form(exam, usual(exam)))


def _form(exam, probe):
    count = rows(probe)
    values = exam.values(probe)
    # Some take no odd number of rows.
    for more in (1, 2):
        longer = exam.values(join(probe, take(probe, list(range(more)))))
        if longer is not None:
            break
    if values is None or longer is None:
        return Form("unknown")
    shape, longer = values.shape, longer.shape
    if not shape:
        return Form("scalar")
    if shape == longer:
        return Form("reduced", shape)
    first = shape[0] == count and longer[:1] == (count + more,)
    return Form("samples" if first else "other", shape)


def total(exam: Examination, probe: Probe) -> float:
    """The total of a loss whose variables are as they came.

    The first call of what is traced runs it twice, so that a loss which
    changes its variables gives another number there than later.
    """
    exam.total(probe)
    return exam.total(probe)


def rows(probe: Probe) -> int:
    """How many rows a probe has."""
    return len(next(iter(probe.values())))


def take(probe: Probe, places: Sequence[int] | np.ndarray | slice) -> Probe:
    """Some rows of a probe."""
    return {name: x[places] for name, x in probe.items()}


def join(*probes: Probe) -> Probe:
    """The rows of several probes, one after the other."""
    return {
        name: np.concatenate([probe[name] for probe in probes])
        for name in probes[0]
    }


def exchange(probe: Probe, at: list[int], by: list[int]) -> Probe:
    """Puts copies of rows `by` at `at`: rows as they may be, but others."""
    places = np.arange(rows(probe))
    places[at] = by
    return take(probe, places)


def unweighted(probe: Probe) -> Probe:
    """A probe without weights and masks, which shares of totals disturb."""
    return {
        name: x
        for name, x in probe.items()
        if name not in ("sample_weight", "mask")
    }


def wider(probe: Probe, columns: int) -> Probe | None:
    """A probe of one column with several, each with the rows in turn."""
    if any(x.ndim != 2 or x.shape[1] != 1 for x in probe.values()):
        return None
    return {
        name: np.concatenate([np.roll(x, k, 0) for k in range(columns)], 1)
        for name, x in probe.items()
    }


def crosses(exam: Examination) -> bool:
    """Whether the label of each row meets the prediction of each other row.

    Then a total is that of all pairs of a label and a prediction, each alone,
    whichever row a label stands in. A loss of pairs of rows is something
    else: alone a row makes no pair. Of a user's data the operation in which
    they meet is known, where it was recorded.
    """
    return exam.once("crosses", lambda: _crosses(exam, usual(exam)))


def _crosses(exam, probe):
    if exam.given and _places_of_rows.crossed(exam, probe) is not None:
        return True
    shares, tells = set(SHARES), False
    for pair in _unlike(probe):
        together, alone = _alone(exam, probe, pair)
        if not np.isfinite(together) or not np.all(np.isfinite(alone)):
            return False
        size = np.max(np.abs(alone))
        shares = {
            share
            for share in shares
            if abs(together - np.sum(alone) / share) <= NOISE * size
        }
        if not shares:
            return False
        # Not where the mean or the sum of the rows' own says it as well.
        tells |= all(
            abs(together - np.trace(alone) / share) > 1e-3 * size
            for share in (1, 2)
        )
    return tells and ignores_order(exam, probe)


def ignores_order(exam: Examination, probe: Probe) -> bool:
    """Whether the total stays as it is with labels in another order."""
    expected, count = total(exam, probe), rows(probe)
    orders = (np.roll(np.arange(count), k) for k in (1, max(1, count // 3)))
    return all(
        np.isclose(
            total(exam, {**probe, "y_true": probe["y_true"][order]}),
            expected,
            rtol=1e-4,
            atol=NOISE,
        )
        for order in (*orders, np.arange(count)[::-1])
    )


def _alone(exam, probe, pair):
    """The total of two rows, and of each label with each prediction alone."""
    alone = [
        [
            total(
                exam,
                {
                    "y_true": probe["y_true"][[label]],
                    "y_pred": probe["y_pred"][[prediction]],
                },
            )
            for prediction in pair
        ]
        for label in pair
    ]
    return total(exam, take(probe, pair)), np.array(alone)


def _unlike(probe):
    """Pairs of rows with labels as far apart as can be, or none."""
    labels = probe["y_true"].reshape(rows(probe), -1)
    _, kind = np.unique(labels, axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind="stable")
    pairs = zip(order[:PAIRS], order[::-1][:PAIRS])
    return [
        [int(a), int(b)] for a, b in pairs if np.any(labels[a] != labels[b])
    ]
