"""The mean of a score over entries, and what an undefined one does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from softkeras import _checks
from softkeras._ops import ops
from softkeras._types import Tensor
from softkeras.counts import AVERAGES, Counts
from softkeras.scores._size import of_ordinary_size
from softkeras.scores.names import OF_COUNTS, get, name_of

__all__ = ["average_score"]

EMPTY = ("skip", "one", "zero")
# The least errors of soft decisions, as a share of all counts.
LEAST = 1e-17


def average_score(
    score: str | Callable,
    counts: Counts,
    average: str | None = "macro",
    empty: str = "skip",
    weights: Tensor | None = None,
    **score_args: Any,
) -> Tensor:
    """The mean of a score over the entries of counts.

    Formula: Σ wᵢ·score(countsᵢ)/Σ wᵢ, the entries i being classes, samples or
    one in all. It equals scikit-learn's with the same `average`, its
    `zero_division` being NaN for "skip", 1 for "one", 0 for "zero".

    Gradient: the mean of the entries' gradients; exactly 0 for an undefined
    entry.

    Args:
        score: `"precision"`, `"recall"`, `"f_beta"`, or a function of
            `Counts`.
        counts: `Counts` of one shape, one entry a class or a sample.
        average: `None` for the scores themselves; `"macro"` for their mean;
            `"weighted"` for the mean with the support tp + fn as weight;
            `"micro"` for the score of the summed counts; `"samples"` for the
            mean over samples with `weights`.
        empty: What an undefined entry does: `"skip"` leaves the mean, `"one"`
            counts as perfect, `"zero"` as worthless.
        weights: The weights of the entries with `average="samples"`.
        **score_args: Arguments of the score, such as `beta`.

    Returns:
        A scalar, or with `average=None` one score an entry. NaN where nothing
        is left to average.

    Raises:
        ValueError: for an unknown score, argument, average or empty policy.

    Reference: scikit-learn's `precision_recall_fscore_support`.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([[3.0, 0], [1, 0], [2, 0], [4, 10]]))
    >>> float(scores.average_score("precision", counts))
    0.75
    >>> float(scores.average_score("precision", counts, empty="zero"))
    0.375
    """
    counts = Counts(*(_wide(count) for count in counts))
    values, own = weighted_values(
        get(score, **score_args),
        counts,
        average=_checks.one_of("average", average, AVERAGES),
        empty=_checks.one_of("empty", empty, EMPTY),
        hard=True,
    )
    if average is None:
        return ops.where(own > 0, values, float("nan"))
    if average == "samples" and weights is not None:
        weights = ops.cast(weights, own.dtype)
        own = _alike_if_nothing(weights * own, own)
    return mean(values, own, float("nan"))


def _wide(count):
    """In float32 at least: products soon overflow in float16, or are whole."""
    count = ops.convert_to_tensor(count)
    exact = keras.backend.standardize_dtype(count.dtype) == "float64"
    return ops.cast(count, "float64" if exact else "float32")


def weighted_values(
    score: Callable,
    counts: Counts,
    average: str | None,
    empty: str,
    hard: bool,
    weights: Tensor | None = None,
) -> tuple[Any, Any]:
    """The scores of the entries and their weights in the mean.

    Args:
        score: A function of `Counts`.
        hard: Whether the counts are of hard decisions. There an entry is
            undefined where its score is 0/0, as in scikit-learn. Soft
            decisions are never all negative or all positive, so 0/0 does not
            come up; there an entry is undefined where even the right
            decisions have no score, as precision has none without a positive
            label: whatever is predicted, it says nothing about predictions.

    Returns:
        Scores, finite where the counts are, and weights; an entry that is
        skipped has weight 0.
    """
    if average == "micro":
        counts = Counts(*(ops.sum(count) for count in counts))
    support = ops.stop_gradient(counts.tp + counts.fn)
    if OF_COUNTS.knows(score):
        counts = Counts(*of_ordinary_size(counts, sum(counts)))
    frozen = Counts(*(ops.stop_gradient(count) for count in counts))
    raw = computed(score, frozen, hard)
    shape = tuple(ops.convert_to_tensor(raw).shape)
    if not _checks.fits(shape, tuple(frozen.tp.shape)):
        raise ValueError(
            "A score must give one value an entry, of the shape of the counts, "
            f"{tuple(frozen.tp.shape)}. Received: {shape} from "
            f"{name_of(score)}."
        )
    sound = functools.reduce(ops.logical_and, map(ops.isfinite, frozen))
    undefined = ops.logical_and(sound, ops.logical_not(ops.isfinite(raw)))
    vacant = undefined if hard else _without_score(score, frozen, sound)
    # One false positive and one false negative more turn 0/0 into the score of
    # an entry that got nothing right, with a gradient that is finite and shows
    # the way out.
    more = ops.cast(ops.logical_or(undefined, vacant), frozen.tp.dtype)
    if not hard:
        # Where next to nothing is called, the square of that, by which a
        # quotient's gradient is divided, would be 0.
        more = ops.maximum(more, LEAST * sum(frozen))
    values = score(
        Counts(counts.tp, counts.fp + more, counts.fn + more, counts.tn)
    )
    values = ops.where(vacant, 1.0 if empty == "one" else 0.0, values)
    present = ops.ones_like(support)
    if empty == "skip":
        present = ops.where(vacant, 0.0, present)
    if average == "weighted":
        return values, _alike_if_nothing(support * present, present)
    if weights is None:
        return values, present
    return values, weights * present


def computed(score: Callable, of: Any, hard: bool) -> Any:
    """score(of), which must be computed from it, by tensors if not `hard`."""
    raw = score(of)
    of_numpy = isinstance(raw, (np.ndarray, np.generic))
    constant = raw is None or isinstance(raw, (str, int, float))
    if (not hard) if of_numpy else constant:
        raise ValueError(
            "A score must be a tensor, computed from what it is given by "
            "arithmetic and keras.ops: NumPy and constants have no gradient. "
            f"Received: {raw!r:.80} of type {type(raw).__name__} from "
            f"{name_of(score)}."
        )
    return raw


def _without_score(score, counts, sound):
    """Whether even the right decisions on an entry's labels have no score."""
    nothing = ops.zeros_like(counts.tp)
    right = Counts(
        counts.tp + counts.fn, nothing, nothing, counts.tn + counts.fp
    )
    return ops.logical_and(sound, ops.logical_not(ops.isfinite(score(right))))


def _alike_if_nothing(weights, alike):
    """As in scikit-learn, entries that all weigh nothing count alike."""
    return ops.where(ops.sum(weights) > 0, weights, alike)


def mean(values: Tensor, weights: Tensor, nothing: float) -> Tensor:
    """The weighted mean, or `nothing` where all weights are 0."""
    total = ops.sum(weights)
    some = total > 0
    result = ops.sum(weights * values) / ops.where(some, total, 1.0)
    return ops.where(some, result, nothing)
