"""The metrics of benchmarks/effectiveness.py, and tuned thresholds."""

from __future__ import annotations

import numpy as np


def ratio(over, under):
    """over/under, 0 where that is 0/0."""
    return np.divide(
        over, under, out=np.zeros(np.shape(over)), where=np.asarray(under) > 0
    )


def f1(tp, fp, fn, tn):
    return ratio(2.0 * tp, 2 * tp + fp + fn)


def balanced_accuracy(tp, fp, fn, tn):
    return (ratio(1.0 * tp, tp + fn) + ratio(1.0 * tn, tn + fp)) / 2


def g_mean(tp, fp, fn, tn):
    return np.sqrt(ratio(1.0 * tp, tp + fn) * ratio(1.0 * tn, tn + fp))


def mcc(tp, fp, fn, tn):
    tp, fp, fn, tn = (np.asarray(each, "float64") for each in (tp, fp, fn, tn))
    under = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return ratio(tp * tn - fp * fn, np.sqrt(under))


METRICS = {
    "f1": f1,
    "balanced accuracy": balanced_accuracy,
    "g-mean": g_mean,
    "mcc": mcc,
}
# How log-odds become decisions: above 0, or above a threshold that was tuned
# on the training fold for one of the metrics.
RULES = ["half", *METRICS]
# The counts that are kept: on the test fold by each rule, and those of "half"
# on the training fold, which tell a collapse from a rare class that is missed.
KEPT = [*RULES, "training"]


def counts_above(scores, y, threshold):
    """tp, fp, fn, tn of scores > threshold; (methods, rows) to (methods, 4)."""
    called = scores > threshold[:, None]
    tp = (called & (y == 1)).sum(1)
    fp = (called & (y == 0)).sum(1)
    positive = int(y.sum())
    return np.stack([tp, fp, positive - tp, len(y) - positive - fp], 1)


def best_thresholds(scores, y) -> dict[str, np.ndarray]:
    """For each metric, the threshold that is best on these very rows.

    Each cut between two different scores is tried, and all or none called
    positive. The threshold is the middle between the two scores; of cuts that
    are equally good, the one nearest to 0.

    Args:
        scores: Log-odds of shape (methods, rows).
        y: Labels 0 and 1; (rows,).

    Returns:
        Thresholds of shape (methods,).
    """
    scores = np.asarray(scores, "float64")
    order = np.argsort(-scores, 1)
    down = np.take_along_axis(scores, order, 1)
    first = np.zeros((len(scores), 1), int)
    tp = np.concatenate([first, np.cumsum(y[order], 1)], 1)
    called = np.arange(scores.shape[1] + 1)
    positive = int(y.sum())
    fp = called - tp
    table = (tp, fp, positive - tp, len(y) - positive - fp)
    ends = np.concatenate([down[:, :1] + 2, down, down[:, -1:] - 2], 1)
    middle = (ends[:, :-1] + ends[:, 1:]) / 2
    is_cut = ends[:, :-1] > ends[:, 1:]
    thresholds = {}
    for name, metric in METRICS.items():
        value = np.where(is_cut, metric(*table), -np.inf)
        best = value >= value.max(1, keepdims=True) - 1e-12
        distance = np.where(best, np.abs(middle), np.inf)
        chosen = distance.argmin(1)[:, None]
        thresholds[name] = np.take_along_axis(middle, chosen, 1)[:, 0]
    return thresholds
