"""EpochScore: a score of the counts of a whole epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras import _backend, _checks
from softkeras._ops import ops
from softkeras._scoring import Scoring
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.counts import Counts
from softkeras.metrics._sums import EpochSums
from softkeras.scores import averaging, names
from softkeras.steps import StepLike

__all__ = ["EpochScore"]


@keras.saving.register_keras_serializable(package="softkeras")
class EpochScore(EpochSums):
    """A score of the counts of the whole epoch, as a Keras metric.

    Formula: mean of score(tp, fp, fn, tn) over classes, the counts summed over
    all batches since the last reset. The mean of the scores of batches, which a
    function in `metrics=` gives, is another number. With `average="samples"`:
    the mean of the samples' scores.

    Gradient: none; the loss of the same score is
    `softkeras.losses.ScoreLoss`.

    Args:
        score: Name of a function of `softkeras.scores`, such as `"jaccard"`,
            or a function of `softkeras.counts.Counts`, entry by entry.
        average: `"macro"`, `"weighted"`, `"micro"`, `"samples"` or `None`, as
            in `softkeras.losses.ScoreLoss`.
        empty: What a class does whose score is 0/0: `"skip"` leaves the mean
            (NaN if nothing is left), `"one"` counts as perfect, `"zero"` as
            worthless; scikit-learn's `zero_division` NaN, 1 and 0.
        step: `"hard"` (the default) for the exact decision, or a step as in
            `softkeras.losses.ScoreLoss`.
        sharpness: If given, in place of the step's own.
        threshold: Where a probability becomes a 1, in (0, 1); `None` for the
            arg-max over the last axis.
        from_logits: Whether `y_pred` holds logits.
        labels: The numbers that stand for a negative and a positive label.
        sparse: Whether `y_true` holds ids of classes from 0 on.
        ignore_class: Labels of this number count nowhere.
        name: Name of the metric. Default: that of the score, as it was given.
        dtype: Dtype of the result. Default: Keras's floatx. Counts are kept as
            two numbers of it, so float32 counts on beyond 2^24.
        **score_args: Arguments of the score, such as `beta`.

    Call arguments: `y_true`, `y_pred`, `sample_weight` as in
    `softkeras.losses.score_loss`; the mask is the one that Keras attached to
    `y_pred`, which on JAX no metric gets during `fit()` (but during
    `evaluate()`): give weights there. In `compile()`, `weighted_metrics=`
    hands it the weights and `metrics=` does not.

    Returns:
        From `result()`: a scalar, or with `average=None` one score a class.

    Raises:
        ValueError: as `softkeras.losses.ScoreLoss` does.

    Reference: keras issues 5794 and 4592, on the score of a batch and of an
    epoch.

    Example:

    >>> from softkeras.metrics import EpochScore
    >>> metric = EpochScore("f_beta", beta=1.0)
    >>> metric.update_state([1, 0, 0], [0.9, 0.2, 0.7])
    >>> metric.update_state([1, 1, 0], [0.8, 0.3, 0.1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    def __init__(
        self,
        score: str | Callable[..., Any] | dict[str, Any],
        *,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "hard",
        sharpness: float | None = None,
        threshold: float | None = 0.5,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
        **score_args: Any,
    ):
        scoring = Scoring(
            score,
            score_args,
            average=average,
            empty=empty,
            step=step,
            sharpness=sharpness,
            threshold=threshold,
            from_logits=from_logits,
            labels=labels,
            sparse=sparse,
            ignore_class=ignore_class,
        )
        own = score if isinstance(score, str) else names.name_of(scoring.score)
        super().__init__(name or own, dtype)
        self.scoring = scoring

    def update_state(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> None:
        mask = _backend.get_keras_mask(y_pred)
        y_pred = ops.cast(_checks.floating("y_pred", y_pred), self.dtype)
        counts, weights = self.scoring.counts(
            y_true, y_pred, sample_weight, mask
        )
        if self.scoring.average != "samples":
            self.add(counts)
            return
        values, weights = self.scoring.values(counts, weights)
        self.add((ops.sum(weights * values), ops.sum(weights)))

    def result(self) -> Tensor:
        if self.totals is None:
            return ops.convert_to_tensor(float("nan"), self.dtype)
        totals = self.sums()
        if self.scoring.average == "samples":
            values, weights = totals
            return ops.where(
                weights > 0,
                values / ops.where(weights > 0, weights, 1.0),
                float("nan"),
            )
        values, weights = self.scoring.values(Counts(*totals))
        if self.scoring.average is None:
            return ops.where(weights > 0, values, float("nan"))
        return averaging.mean(values, weights, float("nan"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.scoring.get_config()}
