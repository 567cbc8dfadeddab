"""Scores by name, and what a saved model keeps of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from softkeras import _checks
from softkeras.counts import Counts
from softkeras.scores import binary

NAMED = {name: getattr(binary, name) for name in binary.__all__}
# Other names of the same.
ALIASES = {
    "f1": "f_beta",
    "iou": "jaccard",
    "mcc": "matthews",
    "sensitivity": "recall",
    "youden": "informedness",
}


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
        identifier = ALIASES.get(identifier, identifier)
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
