"""Scores by name, and what a saved model keeps of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import numpy as np

from softkeras import _checks
from softkeras.counts import Counts
from softkeras.scores import agreement, categorical, rates


class Names:
    """The names of one kind of scores.

    Args:
        modules: Where they are, their public functions.
        aliases: Other names of the same.
        of: What they are functions of, in a word.
        trial: Gives something for a score to be tried on, to see whether it
            takes its arguments.
        extremes: Gives what is all right and what is all wrong, made of
            numbers by the function that it is called with.
    """

    def __init__(
        self,
        modules: tuple[ModuleType, ...],
        aliases: dict,
        of: str,
        trial: Callable,
        extremes: Callable,
    ):
        self.functions = {
            name: getattr(module, name)
            for module in modules
            for name in module.__all__
        }
        self.aliases = aliases
        self.of = of
        self.trial = trial
        self.extremes = extremes

    def get(self, identifier: Any, **score_args: Any) -> Callable:
        """The function that a name or a function stands for.

        Args:
            identifier: A name, a function, or what `serialize` gives.
            **score_args: Arguments of it besides the first, which are bound.

        Raises:
            ValueError: for an unknown name, argument or value of an argument.
        """
        if isinstance(identifier, dict):
            identifier = keras.saving.deserialize_keras_object(identifier)
        if isinstance(identifier, str):
            identifier = self.aliases.get(identifier, identifier)
            if identifier not in self.functions:
                known = [*self.functions, *self.aliases]
                raise ValueError(
                    f"Unknown score {identifier!r}."
                    f"{_checks.nearest(identifier, known)} Known are "
                    f"{', '.join(map(repr, self.functions))}, and "
                    f"{', '.join(map(repr, self.aliases))}; a function of "
                    f"{self.of} will do too.{_elsewhere(identifier)}"
                )
            identifier = self.functions[identifier]
        of_keras = isinstance(
            identifier, (keras.losses.Loss, keras.metrics.Metric)
        )
        if not callable(identifier) or isinstance(identifier, type) or of_keras:
            raise ValueError(
                f"`score` must be a name or a function of {self.of}. Received: "
                f"{identifier!r}"
                f"{', a loss or metric of Keras' if of_keras else ''}"
            )
        self._check_arguments(identifier, score_args)
        if not score_args:
            return identifier
        score = functools.partial(identifier, **score_args)
        if self.knows(identifier):
            score(self.trial(**score_args))  # Raises for a value that is off.
        return score

    def _check_arguments(self, score, score_args):
        try:
            parameters = inspect.signature(score)
        except (TypeError, ValueError):  # of a builtin, say
            return
        try:
            parameters.bind(None, **score_args)
        except TypeError as error:
            own = list(parameters.parameters)[1:]
            needed = [
                name
                for name in own
                if parameters.parameters[name].default
                is inspect.Parameter.empty
                and name not in score_args
            ]
            if needed and set(score_args) <= set(own):
                raise ValueError(
                    f"The score {name_of(score)} needs {', '.join(needed)} "
                    f"besides {self.of}, which is all that it is called with. "
                    "Give what it needs by name to the loss or metric, or a "
                    "default to the function."
                ) from None
            raise ValueError(
                f"The score {name_of(score)} can't be called with {self.of} "
                f"and {score_args}: {error}. Besides {self.of} it takes: "
                f"{', '.join(own) or 'nothing'}; and if one of these is meant "
                "for the loss or metric itself, look at its spelling."
                f"{_nearest_option(set(score_args) - set(own), own)}"
            ) from None

    def check_rises(self, score: Callable, number: Callable) -> None:
        """Refuses a function of the user's that is lower where all is right.

        Training on 1 - score would make it worse from step to step. A function
        passes that can't be computed of single numbers, or here in a graph.

        Args:
            score: What `get` gave.
            number: Makes of a number, or of rows of them, what the score is
                called with.

        Raises:
            ValueError: for a score that is lower for better decisions.
        """
        if self.knows(score):
            return
        try:
            with np.errstate(all="ignore"):
                right, wrong = map(float, map(score, self.extremes(number)))
        except Exception:  # It is the user's: any error there is.
            return
        if right < wrong:
            raise ValueError(
                "`score` must be higher for better decisions. Received: "
                f"{name_of(score)}, which is {right:.4g} where all is right "
                f"and {wrong:.4g} where all is wrong; give 1 minus it."
            )

    def knows(self, score: Callable) -> bool:
        """Whether it is one of these, also with arguments bound."""
        score = getattr(score, "func", score)
        return any(score is function for function in self.functions.values())

    def serialize(self, score: Callable) -> Any:
        """The name of one of our scores, or the configuration of the user's.

        Raises:
            ValueError: for a function that is not registered with
                `keras.saving.register_keras_serializable`.
        """
        if self.knows(score):
            return name_of(score)
        score = getattr(score, "func", score)
        return _checks.serializable("score", score)


def _nearest_option(given, own):
    """Whether an argument was meant that is spelt alike."""
    found = (_checks.nearest(each, [*own, *OPTIONS]) for each in sorted(given))
    return next(filter(None, found), "")


def _elsewhere(name):
    """Where a name belongs that is none of these scores."""
    if name in OF_RANKS:
        return f" {name!r} is of ranks: there is losses.{OF_RANKS[name]}."
    for kind, where in (
        (OF_COUNTS, "ScoreLoss and EpochScore"),
        (OF_MATRIX, "ConfusionLoss and EpochConfusionScore"),
    ):
        if name in kind.functions or name in kind.aliases:
            return f" {name!r} is of {kind.of}: {where} take it."
    return ""


def name_of(score: Callable) -> str:
    """The name of a score's function."""
    score = getattr(score, "func", score)
    return getattr(score, "__name__", type(score).__name__)


def described(score: Callable) -> str:
    """The name of a score's function, with the arguments that are bound."""
    bound = getattr(score, "keywords", {})
    given = ", ".join(f"{name}={value!r}" for name, value in bound.items())
    return f"{name_of(score)}({given})" if given else name_of(score)


def _trial_matrix(cost_matrix: Any = None, **_: Any) -> Any:
    """A matrix of as many classes as there are costs for."""
    if cost_matrix is None:
        return np.ones((2, 2))
    return np.ones_like(np.array(_checks.cost_matrix(cost_matrix)))


# Of the losses and metrics that take a score, beside its own.
OPTIONS = (
    "average",
    "empty",
    "step",
    "sharpness",
    "threshold",
    "from_logits",
    "labels",
    "sparse",
    "ignore_class",
    "momentum",
    "reduction",
)
OF_RANKS = {
    "auc": "SoftAUC",
    "roc_auc": "SoftAUC",
    "average_precision": "SoftAveragePrecision",
    "pr_auc": "SoftAveragePrecision",
    "ndcg": "SoftNDCG",
    "top_k_accuracy": "SoftTopKAccuracy",
}
OF_COUNTS = Names(
    (rates, agreement),
    {
        "f1": "f_beta",
        "iou": "jaccard",
        "mcc": "matthews",
        "sensitivity": "recall",
        "youden": "informedness",
    },
    "Counts",
    lambda **_: Counts(1.0, 1.0, 1.0, 1.0),
    lambda number: (
        Counts(*map(number, (1.0, 0.0, 0.0, 1.0))),
        Counts(*map(number, (0.0, 1.0, 1.0, 0.0))),
    ),
)
OF_MATRIX = Names(
    (categorical,),
    {
        "accuracy": "categorical_accuracy",
        "balanced_accuracy": "categorical_balanced_accuracy",
        "cohen_kappa": "categorical_kappa",
        "expected_cost": "categorical_cost",
        "iou": "mean_iou",
        "matthews": "categorical_matthews",
        "mcc": "categorical_matthews",
    },
    "a confusion matrix",
    _trial_matrix,
    lambda number: (
        number([[1.0, 0.0], [0.0, 1.0]]),
        number([[0.0, 1.0], [1.0, 0.0]]),
    ),
)
get = OF_COUNTS.get
serialize = OF_COUNTS.serialize
