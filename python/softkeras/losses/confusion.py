"""ConfusionLoss: 1 - any score of a soft confusion matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras import _replicas
from softkeras._confusion_scoring import ConfusionScoring
from softkeras._ops import ops
from softkeras._types import DTypeLike, T, Tensor, TensorLike
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses._documentation import CATEGORICAL, documented
from softkeras.scores import names
from softkeras.steps import StepLike

__all__ = ["ConfusionLoss", "confusion_loss"]


def _documented(thing: T) -> T:
    return documented(thing, CATEGORICAL.texts)


@_documented
def confusion_loss(
    y_true: TensorLike,
    y_pred: TensorLike,
    score: str | Callable,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    empty: str = "skip",
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    sparse: bool = False,
    ignore_class: int | None = None,
    **score_args: Any,
) -> Tensor:
    """1 - any score of the soft confusion matrix.

    Formula: 1 - score(m), with m = `softkeras.soft_confusion_matrix` of the
    batch: mᵢⱼ = Σ w·yᵢ·dⱼ for labels of one class, and d the softmax of
    s·logits.

    Gradient: -Σ ∂score/∂mᵢⱼ·∂mᵢⱼ/∂x, with ∂mᵢⱼ/∂xₖ = w·yᵢ·s·dⱼ·([j = k] - dₖ)
    in the logits x.

    Args:
        {data}
        score: Name of a function of `softkeras.scores` of a confusion matrix,
            such as `"categorical_kappa"`, or a function of the matrix, of shape
            (classes, classes), that gives one number, 1 for the best.
        {weights}
        {decision}
        **score_args: Arguments of the score, such as `weights`.

    Returns:
        The loss, a scalar.

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from keras import ops
    >>> from softkeras.losses import confusion_loss
    >>> accuracy = lambda m: ops.trace(m) / ops.sum(m)
    >>> y_pred = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]]
    >>> loss = confusion_loss([0, 0, 1], y_pred, accuracy, sparse=True)
    >>> bool(0 < loss < 1)
    True
    """
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
    names.OF_MATRIX.check_rises(scoring.score, ops.convert_to_tensor)
    return _loss(scoring, scoring.sums(y_true, y_pred, sample_weight, mask))


def _loss(scoring, sums):
    value, counts = scoring.value(sums)
    return ops.where(counts, 1 - value, 0.0)


@keras.saving.register_keras_serializable("softkeras")
@_documented
class ConfusionLoss(BatchLoss):
    """1 - any score of the soft confusion matrix, as a Keras loss.

    Formula: 1 - score(m), with m = `softkeras.soft_confusion_matrix` of the
    batch: mᵢⱼ = Σ w·yᵢ·dⱼ for labels of one class, and d the softmax of
    s·logits. The loss of a batch is one number: it does not fall apart into
    losses of samples, and weights and masks go into the matrix.

    Gradient: -Σ ∂score/∂mᵢⱼ·∂mᵢⱼ/∂x, with ∂mᵢⱼ/∂xₖ = w·yᵢ·s·dⱼ·([j = k] - dₖ)
    in the logits x.

    Args:
        score: Name of a function of `softkeras.scores` of a confusion matrix,
            such as `"categorical_kappa"`, or a function of the matrix, of shape
            (classes, classes), that gives one number, 1 for the best.
        {decision}
        {loss}
        **score_args: Arguments of the score, such as `weights`.

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in
    `confusion_loss`; the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> import keras
    >>> from softkeras.losses import ConfusionLoss
    >>> @keras.saving.register_keras_serializable(package="mine")
    ... def recall_of_first(matrix):
    ...     return matrix[0, 0] / keras.ops.sum(matrix[0])
    >>> loss = ConfusionLoss(recall_of_first, step="hard", sparse=True)
    >>> y_pred = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]]
    >>> float(loss([0, 0, 1], y_pred))
    0.5
    """

    sums = True

    def __init__(
        self,
        score: str | Callable[..., Any] | dict[str, Any],
        *,
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        sparse: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "confusion_loss",
        dtype: DTypeLike = None,
        **score_args: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.scoring = ConfusionScoring(
            score,
            score_args,
            empty=empty,
            step=step,
            sharpness=sharpness,
            from_logits=from_logits,
            sparse=sparse,
            ignore_class=ignore_class,
        )
        names.OF_MATRIX.check_rises(self.scoring.score, ops.convert_to_tensor)

    def evaluate(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        sums = self.scoring.sums(y_true, y_pred, sample_weight, mask)
        return _loss(self.scoring, _replicas.total(sums))

    def __repr__(self):
        kind, step = type(self).__name__, self.scoring.step
        score = names.described(self.scoring.score)
        return f"<{kind} name={self.name} score={score} step={step}>"

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.scoring.get_config()}
