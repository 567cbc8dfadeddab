"""Scoring: which score of which decision; what losses and metrics share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from softkeras import _checks, _labels, steps
from softkeras.counts import AVERAGES, Counts, group_counts
from softkeras.scores import averaging, names


class Scoring:
    """A score, how it is averaged, and the decision that it judges.

    Args:
        score: Name of a score or a function of `Counts`.
        score_args: Arguments of the score besides the counts.
        average, empty, step, sharpness, threshold, from_logits, labels, sparse,
            ignore_class: as in `softkeras.losses.ScoreLoss`.

    Raises:
        ValueError: for what is not allowed.
    """

    def __init__(
        self,
        score: str | Callable | dict,
        score_args: dict,
        *,
        average: str | None,
        empty: str,
        step: Any,
        sharpness: float | None,
        threshold: float | None,
        from_logits: bool,
        labels: tuple[float, float],
        sparse: bool,
        ignore_class: int | None,
    ):
        self.score = names.get(score, **score_args)
        self.score_args = score_args
        self.average = _checks.one_of("average", average, AVERAGES)
        self.empty = _checks.one_of("empty", empty, averaging.EMPTY)
        self.step = steps.get(step, sharpness)
        self.step.check(threshold)
        self.threshold = threshold
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self.labels = _labels.get(labels, sparse, ignore_class)

    def counts(self, y_true, y_pred, sample_weight, mask) -> tuple[Counts, Any]:
        """The counts to be scored, and their weights in the mean or None."""
        return group_counts(
            y_true,
            y_pred,
            sample_weight,
            mask,
            self.average,
            self.step,
            self.threshold,
            self.from_logits,
            self.labels,
        )

    def values(self, counts, weights=None) -> tuple[Any, Any]:
        """The scores of the counts, and their weights in the mean."""
        return averaging.weighted_values(
            self.score,
            counts,
            self.average,
            self.empty,
            self.step.is_hard,
            weights,
        )

    def get_config(self) -> dict:
        return {
            "score": names.serialize(self.score),
            **self.score_args,
            "average": self.average,
            "empty": self.empty,
            "step": steps.serialize(self.step),
            "threshold": self.threshold,
            "from_logits": self.from_logits,
            **self.labels.get_config(),
        }
