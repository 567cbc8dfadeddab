"""Thresholds: the best cut point of a score, found exactly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from softkeras import _checks
from softkeras._ops import ops
from softkeras._types import TensorLike
from softkeras.counts import Counts
from softkeras.scores import averaging, names

__all__ = ["BestThreshold", "best_threshold"]

# By how much rounding may make a score miss the bound that it meets.
SLACK = 1e-12


class BestThreshold(NamedTuple):
    """A threshold and the score that it reaches.

    Args:
        threshold: In (0, 1): a number, or an array of shape (classes,).
        score: The score of the decision p > threshold, of the same shape.

    Gradient: none.

    Reference: `best_threshold`, which returns it.

    Example:

    >>> from softkeras.thresholds import BestThreshold
    >>> BestThreshold(threshold=0.4, score=0.8).threshold
    0.4
    """

    threshold: Any
    score: Any


def best_threshold(
    y_true: TensorLike,
    y_prob: TensorLike,
    score: str | Callable = "f_beta",
    sample_weight: TensorLike | None = None,
    *,
    at_least: Mapping[str | Callable, float] | None = None,
    empty: str = "skip",
    **score_args: Any,
) -> BestThreshold:
    """The threshold of the highest score, over all cut points.

    Formula: argmax of score(tp(t), fp(t), fn(t), tn(t)) over t in (0, 1), the
    counts being those of the decision p > t; with `at_least`, over the t at
    which those scores are high enough. The optimum is exact: with the
    probabilities sorted, running sums give the counts of every decision that
    a threshold can make, in O(n log n) and in float64.

    The threshold lies halfway, in units of probability, between the lowest
    probability that is called positive and the highest that is not (or the end
    of [0, 1]), rounded so that a comparison in the dtype of `y_prob` decides
    alike. Among cut points of the same score it is the one nearest to ½. A
    probability of exactly 0 is never called positive and one of exactly 1
    always, as no threshold between does otherwise.

    Gradient: none; this is for after the training, on data that was not
    trained on. To train on a score at the best threshold, see
    `softkeras.losses.SoftPrecisionAtRecall` and its like.

    Args:
        y_true: Labels, 0 or 1 or booleans, of the shape of `y_prob`; (n,) and
            (n, 1) go together.
        y_prob: Probabilities from 0 to 1, of shape (n,) or (n, ..., classes);
            two classes or more have a threshold each. For one threshold of
            all of them, flatten both.
        score: `"precision"`, `"recall"`, `"f_beta"` or another name that
            `softkeras.scores` knows, or a function of
            `softkeras.counts.Counts`, entry by entry, higher being better.
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_prob` or one that broadcasts to it. A sample of weight 2 is the
            same as two samples, one of weight 0 may hold anything.
        at_least: What other scores must reach: a dictionary of a name or a
            function to its least value, such as `dict(recall=0.9)`.
        empty: What a cut point does whose score is 0/0: `"skip"` leaves the
            search, `"one"` counts as perfect, `"zero"` as worthless. Where a
            score of `at_least` is 0/0, it is not reached.
        **score_args: Arguments of the score, such as `beta`.

    Returns:
        `BestThreshold(threshold, score)`: two numbers, or two arrays of shape
        (classes,).

    Raises:
        ValueError: for labels that are not 0 or 1, probabilities outside
            [0, 1] or NaN, weights that are negative or all 0, shapes that do
            not match, or where no threshold is left: the score is 0/0 at all
            of them, or `at_least` reached at none.

    Reference: Lipton, Elkan & Naryanaswamy, Optimal thresholding of
    classifiers to maximize F1 measure, https://arxiv.org/abs/1402.1892.

    Example:

    >>> from softkeras.thresholds import best_threshold
    >>> y_true, y_prob = [0, 0, 1, 1], [0.25, 0.5, 0.375, 0.75]
    >>> best_threshold(y_true, y_prob, "f_beta")
    BestThreshold(threshold=0.3125, score=0.8)
    >>> best_threshold(y_true, y_prob, "recall", at_least={"precision": 1})
    BestThreshold(threshold=0.625, score=0.5)
    """
    score = names.get(score, **score_args)
    names.OF_COUNTS.check_rises(score, np.float64)
    _checks.one_of("empty", empty, averaging.EMPTY)
    bounds = _bounds(at_least)
    label, probability, weight = _columns(y_true, y_prob, sample_weight)
    found = []
    for index, column in enumerate(zip(label.T, probability.T, weight.T)):
        where = f" of class {index}" if label.shape[1] > 1 else ""
        found.append(_best(*column, score, bounds, empty, where))
    if len(found) == 1:
        return found[0]
    return BestThreshold(*map(np.array, zip(*found)))


def _bounds(at_least):
    """`at_least` as (name, function, least value)."""
    if at_least is None:
        return []
    if not isinstance(at_least, Mapping):
        raise ValueError(
            "`at_least` must be a dictionary of a score to its least value, "
            f"such as {{'recall': 0.9}}. Received: at_least={at_least!r}"
        )
    return [
        (names.name_of(function), function, _checks.finite("at_least", least))
        for function, least in (
            (names.get(score), least) for score, least in at_least.items()
        )
    ]


def _columns(y_true, y_prob, sample_weight):
    """Labels, probabilities and weights as checked arrays (n, classes)."""
    probability = _array("y_prob", y_prob)
    if probability.dtype.kind not in "fV":  # V is bfloat16
        raise ValueError(
            "`y_prob` must hold probabilities as floats. Received: y_prob of "
            f"dtype {probability.dtype}; decisions that have already been "
            "rounded have no threshold."
        )
    if probability.dtype.kind == "V":
        probability = probability.astype("float32")
    if not probability.size:
        raise ValueError(
            "`y_prob` must hold one probability at least. Received: y_prob of "
            f"shape {probability.shape}"
        )
    label, shape = _array("y_true", y_true), probability.shape
    alike = {label.shape, (*label.shape, 1)} if label.ndim == 1 else set()
    if label.ndim == 2 and label.shape[1] == 1:
        alike = {label.shape, label.shape[:1]}
    if shape not in alike | {label.shape} or not shape:
        raise ValueError(
            "`y_true` and `y_prob` must have the same shape, (n,) or "
            f"(n, ..., classes). Received: y_true of shape {label.shape}, "
            f"y_prob of shape {shape}.{_one_column(label.shape, shape)}"
        )
    weight = np.ones(shape)
    if sample_weight is not None:
        weight = _weights(_array("sample_weight", sample_weight), shape)
    form = (-1, shape[-1] if len(shape) > 1 else 1)
    label, probability, weight = (
        x.reshape(form) for x in (label, probability, weight)
    )
    _refuse("sample_weight", weight, weight >= 0, "finite weights of 0 or more")
    _refuse(
        "sample_weight",
        weight,
        np.isfinite(weight),
        "finite weights of 0 or more",
    )
    counts = weight > 0
    _refuse(
        "y_true",
        label,
        ~counts | (label == 0) | (label == 1),
        "labels 0 and 1; map yours to these first",
    )
    _refuse(
        "y_prob",
        probability,
        ~counts | ((probability >= 0) & (probability <= 1)),
        "probabilities from 0 to 1; of logits take the sigmoid, in float64",
    )
    return label, probability, weight


def _one_column(label, probability):
    """What to do about one label for a row of probabilities."""
    if label not in (probability[:-1], (*probability[:-1], 1)):
        return ""
    return " Give a column of labels for each class, or y_prob[:, 1] of two."


def _array(name, x):
    """`x` as a NumPy array of numbers, from a tensor too."""
    if ops.is_tensor(x):
        x = ops.convert_to_numpy(x)
    try:
        x = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"`{name}` must be an array of numbers. Received: rows of unlike "
            f"lengths, {x!r:.80}"
        ) from None
    if x.dtype.kind not in "biufV":
        raise ValueError(
            f"`{name}` must be an array of numbers. Received: {name} of dtype "
            f"{x.dtype}"
        )
    return x


def _weights(weight, shape):
    """Weights of the leading axes, on all of them."""
    given = weight.shape
    if len(given) == len(shape) + 1 and given[-1] == 1:
        weight = weight[..., 0]
    weight = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    try:
        return np.broadcast_to(weight, shape).astype("float64")
    except ValueError:
        raise ValueError(
            "`sample_weight` must have the shape of the leading axes of "
            "`y_prob`, or one that broadcasts to it. Received: sample_weight "
            f"of shape {given}, y_prob of shape {shape}."
        ) from None


def _refuse(name, values, fine, allowed):
    if not np.all(fine):
        bad = values[~fine][0]
        raise ValueError(f"`{name}` must hold {allowed}. Received: {bad}.")


def _best(label, probability, weight, score, bounds, empty, where):
    """The best threshold of one class, all of it of shape (n,)."""
    there = weight > 0
    if not np.any(there):
        raise ValueError(
            f"All weights{where} are 0, so there is nothing to choose a "
            "threshold by."
        )
    threshold, counts = _cuts(label[there], probability[there], weight[there])
    value = _values(score, counts)
    undefined = ~np.isfinite(value)
    allowed = np.ones(len(threshold), bool)
    if empty == "skip":
        allowed = ~undefined
        if not np.any(allowed):
            raise ValueError(
                f"The score {names.name_of(score)}{where} is 0/0 at every "
                "threshold: there are no labels that it is made of. Give such "
                "labels, leave the class out, or set empty='zero'."
            )
    value = np.where(undefined, 1.0 if empty == "one" else 0.0, value)
    for name, function, least in bounds:
        reached = _values(function, counts)
        fine = reached >= least - SLACK  # NaN is not
        if not np.any(allowed & fine):
            defined = reached[allowed & np.isfinite(reached)]
            most = f"{defined.max():.6g}" if defined.size else "0/0"
            raise ValueError(
                f"No threshold{where} reaches {name} >= {least}"
                f"{' beside the other bounds' if len(bounds) > 1 else ''}; "
                f"the highest is {most}. Lower the bound in `at_least`."
            )
        allowed &= fine
    best = np.max(value[allowed])
    defined = value[allowed & ~undefined]
    if len(defined) > 1 and np.all(defined == best):
        warnings.warn(
            f"The score {names.name_of(score)}{where} is {best:.4g} at every "
            "threshold, so this one is as good as any. Are there labels of "
            "both kinds?",
            stacklevel=4,
        )
    chosen = np.flatnonzero(allowed & (value == best))
    chosen = chosen[np.argmin(np.abs(threshold[chosen] - 0.5))]
    return BestThreshold(float(threshold[chosen]), float(value[chosen]))


def _cuts(label, probability, weight):
    """All that a threshold in (0, 1) can decide: thresholds and `Counts`."""
    order = np.argsort(-probability, kind="stable")
    p = probability[order]
    hits = np.cumsum(weight[order] * label[order])
    alarms = np.cumsum(weight[order] * (1 - label[order]))
    # A cut lies before the first, and after the last of each run of equals.
    last = np.append(p[1:] != p[:-1], True)
    tp = np.append(0.0, hits[last])
    fp = np.append(0.0, alarms[last])
    ends = p[last]
    above = np.append(p.dtype.type(1), ends)
    below = np.append(ends, p.dtype.type(0))
    # In two halves, which can't overflow nor lose what a subnormal holds.
    middle = below + (above - below) / 2
    threshold = np.where(middle < above, middle, below)
    fine = (threshold > 0) & (threshold < 1)
    counts = Counts(tp, fp, hits[-1] - tp, alarms[-1] - fp)
    return threshold[fine], Counts(*(count[fine] for count in counts))


def _values(score, counts):
    """The scores of the cut points, NaN where they are 0/0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = score(counts)
    if ops.is_tensor(value):
        value = ops.convert_to_numpy(value)
    value = np.asarray(value, "float64")
    if value.shape != counts.tp.shape:
        raise ValueError(
            "A score must give one value an entry, of the shape of the counts, "
            f"{counts.tp.shape}. Received: {value.shape} from "
            f"{names.name_of(score)}."
        )
    return value
