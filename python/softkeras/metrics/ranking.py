"""EpochRankingScore: the mean over all groups or rows of an epoch."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from softkeras import _backend, _checks, steps
from softkeras._ops import ops
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses.top import ndcg_losses, precision_at_k_losses
from softkeras.losses.top_k import top_k_losses
from softkeras.metrics._sums import EpochSums
from softkeras.steps import StepLike

__all__ = ["EpochRankingScore"]

SCORES = {
    "ndcg": ndcg_losses,
    "precision_at_k": precision_at_k_losses,
    "top_k_accuracy": top_k_losses,
}


@keras.saving.register_keras_serializable(package="softkeras")
class EpochRankingScore(EpochSums):
    """NDCG, precision at k or top-k accuracy of a whole epoch, as a metric.

    Formula: Σ wᵢ·scoreᵢ/Σ wᵢ over all groups (rows, for top-k accuracy) since
    the last reset, with scoreᵢ = 1 - the loss of the group. The mean of the
    means of batches is another number where batches weigh differently.

    Gradient: none; the losses of the same scores are
    `softkeras.losses.SoftNDCG`, `SoftPrecisionAtK` and `SoftTopKAccuracy`.

    Args:
        score: `"ndcg"`, `"precision_at_k"` or `"top_k_accuracy"`.
        step: `"hard"` (the default) for the exact order, or a step as in
            those losses.
        sharpness: If given, in place of the step's own.
        from_logits: Whether `y_pred` holds logits.
        name: Name of the metric. Default: that of the score.
        dtype: Dtype of the result. Default: Keras's floatx. Sums are kept as
            two numbers of it.
        **score_args: Arguments of the score: `k`; of NDCG also `gain` and
            `empty`, of top-k accuracy `sparse`.

    Call arguments: `y_true`, `y_pred`, `sample_weight` as in the losses; the
    mask is the one that Keras attached to `y_pred`. In `compile()`,
    `weighted_metrics=` hands it the weights and `metrics=` does not.

    Returns:
        From `result()`: a scalar; NaN where nothing counts.

    Raises:
        ValueError: for another score, arguments that are not allowed, and as
            the losses do.

    Reference: Järvelin & Kekäläinen, Cumulated gain-based evaluation of IR
    techniques, 2002; scikit-learn's `ndcg_score`.

    Example:

    >>> from softkeras.metrics import EpochRankingScore
    >>> metric = EpochRankingScore("precision_at_k", k=2)
    >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.8, 0.3, 0.1]])
    >>> metric.update_state([[1, 1, 0, 0]], [[0.9, 0.8, 0.3, 0.1]])
    >>> round(float(metric.result()), 4)
    0.75
    """

    def __init__(
        self,
        score: str,
        *,
        step: StepLike = "hard",
        sharpness: float | None = None,
        from_logits: bool = False,
        name: str | None = None,
        dtype: DTypeLike = None,
        **score_args: Any,
    ):
        _checks.one_of("score", score, tuple(SCORES))
        super().__init__(name or score, dtype)
        self.score = score
        self.score_args = score_args
        self.step = steps.get(step, sharpness)
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self._check()

    def _check(self):
        """Looks at the score's arguments now, and not in training."""
        parameters = inspect.signature(SCORES[self.score]).parameters
        own = [
            name
            for name in ("k", "gain", "empty", "sparse")
            if name in parameters
        ]
        if not set(self.score_args) <= set(own):
            raise ValueError(
                f"{self.score!r} has the arguments {', '.join(own)}. Received: "
                f"{', '.join(map(str, self.score_args))}"
            )
        if "k" not in self.score_args and (
            parameters["k"].default is inspect.Parameter.empty
        ):
            raise ValueError(
                f"{self.score!r} needs `k`, how many items are in the top."
            )
        labels = [0] if self.score_args.get("sparse") else [[1.0, 0.0]]
        self._losses(labels, [[0.6, 0.4]], None, None)

    def _losses(self, y_true, y_pred, sample_weight, mask):
        return SCORES[self.score](
            y_true,
            y_pred,
            sample_weight,
            mask,
            step=self.step,
            from_logits=self.from_logits,
            relative=False,
            **self.score_args,
        )

    def update_state(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> None:
        mask = _backend.get_keras_mask(y_pred)
        y_pred = ops.cast(_checks.floating("y_pred", y_pred), self.dtype)
        losses, weights = self._losses(y_true, y_pred, sample_weight, mask)
        self.add((ops.sum(weights * (1 - losses)), ops.sum(weights)))

    def result(self) -> Tensor:
        if self.totals is None:
            return ops.convert_to_tensor(float("nan"), self.dtype)
        values, weights = self.sums()
        some = weights > 0
        share = values / ops.where(some, weights, 1.0)
        return ops.where(some, share, float("nan"))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "score": self.score,
            "step": steps.serialize(self.step),
            "from_logits": self.from_logits,
            **self.score_args,
        }
