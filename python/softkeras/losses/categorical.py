"""The named losses of one class of several: 1 - a score of their matrix.

What is written here of each is what is its own; `_MAKER` adds what they have in
common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softkeras import scores
from softkeras._types import Tensor, TensorLike
from softkeras.losses._documentation import CATEGORICAL
from softkeras.losses._named import Maker, Named
from softkeras.losses.confusion import ConfusionLoss, confusion_loss

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from softkeras.losses._documentation import (
        CategoricalDecision,
        CategoricalLossOptions,
    )

__all__ = [
    "SoftCategoricalAccuracy",
    "SoftCategoricalBalancedAccuracy",
    "SoftCategoricalCost",
    "SoftCategoricalKappa",
    "SoftCategoricalMatthews",
    "SoftMeanIoU",
    "soft_categorical_accuracy",
    "soft_categorical_balanced_accuracy",
    "soft_categorical_cost",
    "soft_categorical_kappa",
    "soft_categorical_matthews",
    "soft_mean_iou",
]

_MAKER = Maker(confusion_loss, ConfusionLoss, CATEGORICAL)


class _NamedLoss(Named, ConfusionLoss):
    """A ConfusionLoss whose class says which score it is."""


@_MAKER.twin(scores.categorical_accuracy, 0.25)
def soft_categorical_accuracy(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """1 - soft accuracy of several classes.

    Formula: 1 - Σ mᵢᵢ/n. It is the same number as `soft_recall` with
    average="micro" and threshold=None. `soft_top_k_accuracy` with k=1 is of
    another shape, of two classes the same at half the sharpness
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.categorical_accuracy,
        sample_weight,
        mask,
        **decision,
    )


@_MAKER.loss_class(soft_categorical_accuracy)
class SoftCategoricalAccuracy(_NamedLoss):
    """1 - soft accuracy of several classes, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_categorical_accuracy",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(scores.categorical_accuracy, name=name, **options)


@_MAKER.twin(scores.categorical_balanced_accuracy, 0.1667)
def soft_categorical_balanced_accuracy(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """1 - soft balanced accuracy of several classes.

    Formula: 1 - mean of mᵢᵢ/tᵢ, over the i with tᵢ > 0. It is the same number
    as `soft_recall` with average="macro" and threshold=None
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.categorical_balanced_accuracy,
        sample_weight,
        mask,
        **decision,
    )


@_MAKER.loss_class(soft_categorical_balanced_accuracy)
class SoftCategoricalBalancedAccuracy(_NamedLoss):
    """1 - soft balanced accuracy of several classes, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_categorical_balanced_accuracy",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(
            scores.categorical_balanced_accuracy, name=name, **options
        )


@_MAKER.twin(scores.mean_iou, 0.3333)
def soft_mean_iou(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """1 - the soft mean intersection over union.

    Formula: 1 - mean of mᵢᵢ/(tᵢ + cᵢ - mᵢᵢ), over the i with tᵢ > 0; of hard
    decisions over those with tᵢ + cᵢ > 0, as Keras's MeanIoU. It is the same
    number as `soft_jaccard` with average="macro" and threshold=None
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.mean_iou,
        sample_weight,
        mask,
        **decision,
    )


@_MAKER.loss_class(soft_mean_iou)
class SoftMeanIoU(_NamedLoss):
    """1 - the soft mean intersection over union, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_mean_iou",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(scores.mean_iou, name=name, **options)


@_MAKER.twin(scores.categorical_matthews, 0.3)
def soft_categorical_matthews(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """1 - the soft Matthews correlation of several classes.

    Formula: 1 - (n·Σ mᵢᵢ - Σ tᵢ·cᵢ)/√((n² - Σ tᵢ²)·(n² - Σ cᵢ²))
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.categorical_matthews,
        sample_weight,
        mask,
        **decision,
    )


@_MAKER.loss_class(soft_categorical_matthews)
class SoftCategoricalMatthews(_NamedLoss):
    """1 - the soft Matthews correlation of several classes, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_categorical_matthews",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(scores.categorical_matthews, name=name, **options)


@_MAKER.twin(scores.categorical_kappa, 0.3636)
def soft_categorical_kappa(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    weights: str | None = None,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """1 - Cohen's soft kappa of several classes.

    Formula: Σ vᵢⱼ·mᵢⱼ/Σ vᵢⱼ·tᵢ·cⱼ/n, with vᵢⱼ = [i ≠ j], or abs(i - j) with
    "linear" weights, (i - j)² with "quadratic" ones

    Args:
        weights: `None`, or for classes in order `"linear"` or `"quadratic"`:
            how much worse a mistake is the further it is off.
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.categorical_kappa,
        sample_weight,
        mask,
        weights=weights,
        **decision,
    )


@_MAKER.loss_class(soft_categorical_kappa)
class SoftCategoricalKappa(_NamedLoss):
    """1 - Cohen's soft kappa of several classes, as a Keras loss."""

    def __init__(
        self,
        weights: str | None = None,
        *,
        name: str = "soft_categorical_kappa",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(
            scores.categorical_kappa, name=name, weights=weights, **options
        )


@_MAKER.twin(
    scores.categorical_cost,
    0.5,
    {"cost_matrix": "[[0, 2, 1], [1, 0, 1], [1, 1, 0]]"},
)
def soft_categorical_cost(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    cost_matrix: TensorLike,
    **decision: Unpack[CategoricalDecision],
) -> Tensor:
    """The soft mean cost of decisions, with a cost for each kind of mistake.

    Formula: Σ costᵢⱼ·mᵢⱼ/n

    Args:
        cost_matrix: The cost of calling class j what is of class i, in row i
            and column j: a row and a column for each class.
    """
    return confusion_loss(
        y_true,
        y_pred,
        scores.categorical_cost,
        sample_weight,
        mask,
        cost_matrix=cost_matrix,
        **decision,
    )


@_MAKER.loss_class(soft_categorical_cost)
class SoftCategoricalCost(_NamedLoss):
    """The soft mean cost of decisions, as a Keras loss."""

    def __init__(
        self,
        cost_matrix: TensorLike,
        *,
        name: str = "soft_categorical_cost",
        **options: Unpack[CategoricalLossOptions],
    ):
        super().__init__(
            scores.categorical_cost,
            name=name,
            cost_matrix=cost_matrix,
            **options,
        )
