"""Scores: what is made of counts, one line each.

A score is a function of `Counts` that gives 1 for the best and works entry by
entry: `lambda c: c.tp / (c.tp + c.fp + c.fn)` is one. Where it is 0/0 it is
undefined, and `empty` says what an undefined entry does. `average_score` takes
the mean over the entries.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import keras

from softkeras import _checks
from softkeras._backend import ops
from softkeras.counts import AVERAGES, Counts

__all__ = ["average_score", "f_beta", "precision", "recall"]

EMPTY = ("skip", "one", "zero")


def precision(counts: Counts) -> Any:
    """Precision, the positive predictive value: tp/(tp + fp).

    The share of what is called positive that is positive.

    Gradient: ∂/∂tp = fp/(tp + fp)², ∂/∂fp = -tp/(tp + fp)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is called
        positive.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> float(scores.precision(Counts(*np.array([3.0, 1.0, 2.0, 4.0]))))
    0.75
    """
    return counts.tp / (counts.tp + counts.fp)


def recall(counts: Counts) -> Any:
    """Recall, the sensitivity or true positive rate: tp/(tp + fn).

    The share of what is positive that is called positive.

    Gradient: ∂/∂tp = fn/(tp + fn)², ∂/∂fn = -tp/(tp + fn)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> float(scores.recall(Counts(*np.array([3.0, 1.0, 2.0, 4.0]))))
    0.6
    """
    return counts.tp / (counts.tp + counts.fn)


def f_beta(counts: Counts, beta: float = 1.0) -> Any:
    """F-beta, the harmonic mean of precision and recall; F1 at beta = 1.

    Formula: (1 + β²)·tp/((1 + β²)·tp + β²·fn + fp).

    Gradient, with D the denominator: ∂/∂tp = (1 + β²)·(β²·fn + fp)/D²,
    ∂/∂fn = -(1 + β²)·β²·tp/D², ∂/∂fp = -(1 + β²)·tp/D².

    Args:
        counts: `Counts` of any shape.
        beta: The weight of recall against precision, above 0.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        called so.

    Raises:
        ValueError: if beta is not above 0.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.f_beta(counts, beta=2.0)), 4)
    0.625
    """
    weight = _checks.positive("beta", beta) ** 2
    if isinstance(weight, float) and math.isinf(weight):
        raise ValueError(
            f"`beta` must be below 1e154. Received: beta={beta}; the limit of "
            "large beta is recall."
        )
    # Both shares are at most 1, so that nothing overflows.
    of_fn, of_fp = weight / (1 + weight), 1 / (1 + weight)
    return counts.tp / (counts.tp + of_fn * counts.fn + of_fp * counts.fp)


def average_score(
    score: str | Callable,
    counts: Counts,
    average: str | None = "macro",
    empty: str = "skip",
    weights: Any = None,
    **score_args: Any,
) -> Any:
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
    counts = Counts(*(ops.convert_to_tensor(count) for count in counts))
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


def weighted_values(
    score: Callable,
    counts: Counts,
    average: str | None,
    empty: str,
    hard: bool,
    weights: Any = None,
) -> tuple[Any, Any]:
    """The scores of the entries and their weights in the mean.

    Args:
        score: A function of `Counts`.
        hard: Whether the counts are of hard decisions. There an entry is
            undefined where its score is 0/0, as in scikit-learn. Soft
            decisions are never all negative, so 0/0 does not come up; there an
            entry is undefined that has no positive label: whatever is
            predicted, its score is 0 and its gradient has nothing to say.

    Returns:
        Scores, finite where the counts are, and weights; an entry that is
        skipped has weight 0.
    """
    if average == "micro":
        counts = Counts(*(ops.sum(count) for count in counts))
    frozen = Counts(*(ops.stop_gradient(count) for count in counts))
    raw = score(frozen)
    if tuple(ops.shape(raw)) != tuple(frozen.tp.shape):
        raise ValueError(
            "A score must give one value an entry, of the shape of the counts, "
            f"{tuple(frozen.tp.shape)}. Received: {tuple(ops.shape(raw))} from "
            f"{name_of(score)}."
        )
    sound = functools.reduce(ops.logical_and, map(ops.isfinite, frozen))
    undefined = ops.logical_and(sound, ops.logical_not(ops.isfinite(raw)))
    # One false positive, false negative and true negative more turn 0/0 into
    # the score of an entry that got nothing right, with a gradient that is
    # finite and shows the way out.
    more = ops.cast(undefined, frozen.tp.dtype)
    values = score(
        Counts(counts.tp, counts.fp + more, counts.fn + more, counts.tn + more)
    )
    support = frozen.tp + frozen.fn
    vacant = undefined if hard else support <= 0
    values = ops.where(vacant, 1.0 if empty == "one" else 0.0, values)
    present = ops.ones_like(support)
    if empty == "skip":
        present = ops.where(vacant, 0.0, present)
    if average == "weighted":
        return values, _alike_if_nothing(support * present, present)
    if weights is None:
        return values, present
    return values, ops.cast(weights, present.dtype) * present


def _alike_if_nothing(weights, alike):
    """As in scikit-learn, entries that all weigh nothing count alike."""
    return ops.where(ops.sum(weights) > 0, weights, alike)


def mean(values: Any, weights: Any, nothing: float) -> Any:
    """The weighted mean, or `nothing` where all weights are 0."""
    total = ops.sum(weights)
    some = total > 0
    result = ops.sum(weights * values) / ops.where(some, total, 1.0)
    return ops.where(some, result, nothing)


def get(identifier: Any, **score_args: Any) -> Callable:
    """The function of `Counts` that a name or a function stands for.

    Args:
        identifier: A name, a function of `Counts`, or what `serialize` gives.
        **score_args: Arguments of it besides the counts, which are bound.

    Raises:
        ValueError: for an unknown name, argument or value of an argument.
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        if identifier not in NAMED:
            raise ValueError(
                f"Unknown score {identifier!r}. Known are "
                f"{', '.join(map(repr, NAMED))}; a function of Counts will do "
                "too."
            )
        identifier = NAMED[identifier]
    if not callable(identifier) or isinstance(identifier, type):
        raise ValueError(
            "`score` must be a name or a function of Counts. Received: "
            f"{identifier!r}"
        )
    _check_arguments(identifier, score_args)
    if not score_args:
        return identifier
    score = functools.partial(identifier, **score_args)
    if identifier in NAMED.values():
        score(Counts(1.0, 1.0, 1.0, 1.0))  # Raises for a value that is off.
    return score


def _check_arguments(score, score_args):
    try:
        parameters = inspect.signature(score)
    except (TypeError, ValueError):  # of a builtin, say
        return
    try:
        parameters.bind(None, **score_args)
    except TypeError as error:
        _, *own = parameters.parameters
        raise ValueError(
            f"The score {name_of(score)} can't be called with counts and "
            f"{score_args}: {error}. Besides the counts it takes: "
            f"{', '.join(own) or 'nothing'}; and if one of these is meant for "
            "the loss or metric itself, look at its spelling."
        ) from None


def serialize(score: Callable) -> Any:
    """The name of one of our scores, or the configuration of the user's.

    Raises:
        ValueError: for a function that is not registered with
            `keras.saving.register_keras_serializable`.
    """
    score = getattr(score, "func", score)
    if score in NAMED.values():
        return name_of(score)
    return _checks.serializable("score", score)


def name_of(score: Callable) -> str:
    """The name of a score's function."""
    score = getattr(score, "func", score)
    return getattr(score, "__name__", type(score).__name__)


NAMED = {score.__name__: score for score in (precision, recall, f_beta)}
