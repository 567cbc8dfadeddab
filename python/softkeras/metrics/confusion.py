"""EpochConfusionScore: a score of the confusion matrix of a whole epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras import _backend, _checks
from softkeras._confusion_scoring import ConfusionScoring
from softkeras._ops import ops
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.metrics._sums import EpochSums
from softkeras.scores import names
from softkeras.steps import StepLike

__all__ = ["EpochConfusionScore"]


@keras.saving.register_keras_serializable(package="softkeras")
class EpochConfusionScore(EpochSums):
    """A score of the confusion matrix of the whole epoch, as a Keras metric.

    Formula: score(m), with m the confusion matrix of all rows since the last
    reset. The mean of the scores of batches is another number.

    Gradient: none; the loss of the same score is
    `softkeras.losses.ConfusionLoss`.

    Args:
        score: Name of a function of `softkeras.scores` of a confusion matrix,
            such as `"categorical_kappa"`, or a function of the matrix, of shape
            (classes, classes), that gives one number.
        empty: What is shown where the score is 0/0, as a correlation where all
            is called one class: `"skip"` NaN, `"one"` 1, `"zero"` 0.
            scikit-learn gives 0 for such a `matthews_corrcoef` and NaN for
            such a `cohen_kappa_score`.
        step: `"hard"` (the default) for the exact decision, or a step as in
            `softkeras.losses.ConfusionLoss`.
        sharpness: If given, in place of the step's own.
        from_logits: Whether `y_pred` holds logits.
        sparse: Whether `y_true` holds ids of classes from 0 on.
        ignore_class: With `sparse`, rows of this class count nowhere.
        name: Name of the metric. Default: that of the score, as it was given.
        dtype: Dtype of the result. Default: Keras's floatx. Sums are kept as
            two numbers of it each, so float32 counts on beyond 2^24.
        **score_args: Arguments of the score, such as `weights`.

    Call arguments: `y_true`, `y_pred`, `sample_weight` as in
    `softkeras.losses.confusion_loss`; the mask is the one that Keras attached
    to `y_pred`, which on JAX no metric gets during `fit()` (but during
    `evaluate()`): give weights there. In `compile()`, `weighted_metrics=`
    hands it the weights and `metrics=` does not. The number of classes is that
    of the first batch.

    Returns:
        From `result()`: a scalar.

    Raises:
        ValueError: as `softkeras.losses.ConfusionLoss` does.

    Reference: scikit-learn's `balanced_accuracy_score`, `cohen_kappa_score`,
    `matthews_corrcoef` and `jaccard_score`; `keras.metrics.MeanIoU`.

    Example:

    >>> from softkeras.metrics import EpochConfusionScore
    >>> metric = EpochConfusionScore("categorical_kappa", sparse=True)
    >>> metric.update_state([0, 1], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1]])
    >>> metric.update_state([2, 2], [[0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    >>> round(float(metric.result()), 4)
    0.6364
    """

    def __init__(
        self,
        score: str | Callable[..., Any] | dict[str, Any],
        *,
        empty: str = "skip",
        step: StepLike = "hard",
        sharpness: float | None = None,
        from_logits: bool = False,
        sparse: bool = False,
        ignore_class: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = None,
        **score_args: Any,
    ):
        scoring = ConfusionScoring(
            score,
            score_args,
            empty=empty,
            step=step,
            sharpness=sharpness,
            from_logits=from_logits,
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
        self.add(self.scoring.sums(y_true, y_pred, sample_weight, mask))

    def result(self) -> Tensor:
        if self.totals is None:
            return ops.convert_to_tensor(float("nan"), self.dtype)
        value, counts = self.scoring.value(self.sums())
        return ops.where(counts, value, float("nan"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.scoring.get_config()}
