"""The losses of `softkeras.scores.rates`: 1 - each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softkeras import _checks, scores
from softkeras._types import Tensor, TensorLike
from softkeras.losses._of_counts import NamedLoss, loss_class, twin
from softkeras.losses.score import score_loss

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from softkeras.losses._documentation import Decision, LossOptions

__all__ = [
    "SoftAccuracy",
    "SoftBalancedAccuracy",
    "SoftExpectedCost",
    "SoftHamming",
    "SoftInformedness",
    "SoftMarkedness",
    "SoftNegativePredictiveValue",
    "SoftPrecision",
    "SoftRecall",
    "SoftSpecificity",
    "soft_accuracy",
    "soft_balanced_accuracy",
    "soft_expected_cost",
    "soft_hamming",
    "soft_informedness",
    "soft_markedness",
    "soft_negative_predictive_value",
    "soft_precision",
    "soft_recall",
    "soft_specificity",
]


@twin(scores.precision, 0.3333)
def soft_precision(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft precision.

    Formula: 1 - tp/(tp + fp)

    Gradient: -w·(y·fp - (1 - y)·tp)/(tp + fp)²·F'(p), with F' the density of
    the step.
    """
    return score_loss(
        y_true,
        y_pred,
        scores.precision,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_precision)
class SoftPrecision(NamedLoss):
    """1 - soft precision, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_precision",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.precision, name=name, **options)


@twin(scores.recall, 0.3333)
def soft_recall(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft recall, the sensitivity.

    Formula: 1 - tp/(tp + fn)

    Gradient: -w·y/(tp + fn)·F'(p). It is never against a prediction, so recall
    alone is perfect where all is called positive; weigh it against precision
    with `soft_fbeta`. F' is the density of the step.
    """
    return score_loss(
        y_true,
        y_pred,
        scores.recall,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_recall)
class SoftRecall(NamedLoss):
    """1 - soft recall, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_recall",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.recall, name=name, **options)


@twin(scores.specificity, 0.2)
def soft_specificity(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft specificity, the true negative rate.

    Formula: 1 - tn/(tn + fp)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.specificity,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_specificity)
class SoftSpecificity(NamedLoss):
    """1 - soft specificity, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_specificity",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.specificity, name=name, **options)


@twin(scores.negative_predictive_value, 0.2)
def soft_negative_predictive_value(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft negative predictive value.

    Formula: 1 - tn/(tn + fn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.negative_predictive_value,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_negative_predictive_value)
class SoftNegativePredictiveValue(NamedLoss):
    """1 - the soft negative predictive value, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_negative_predictive_value",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.negative_predictive_value, name=name, **options)


@twin(scores.accuracy, 0.25)
def soft_accuracy(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft accuracy, of each class against the others.

    Formula: 1 - (tp + tn)/(tp + fp + fn + tn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.accuracy,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_accuracy)
class SoftAccuracy(NamedLoss):
    """1 - soft accuracy, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_accuracy",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.accuracy, name=name, **options)


@twin(scores.hamming, 0.25)
def soft_hamming(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """The soft Hamming loss, the share of labels that are wrong.

    Formula: (fp + fn)/(tp + fp + fn + tn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.hamming,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_hamming)
class SoftHamming(NamedLoss):
    """The soft Hamming loss, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_hamming",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.hamming, name=name, **options)


@twin(scores.balanced_accuracy, 0.2667)
def soft_balanced_accuracy(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft balanced accuracy.

    Formula: 1 - ½·(tp/(tp + fn) + tn/(tn + fp))
    """
    return score_loss(
        y_true,
        y_pred,
        scores.balanced_accuracy,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_balanced_accuracy)
class SoftBalancedAccuracy(NamedLoss):
    """1 - soft balanced accuracy, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_balanced_accuracy",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.balanced_accuracy, name=name, **options)


@twin(scores.informedness, 0.5333)
def soft_informedness(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft informedness, Youden's J.

    Formula: 2 - tp/(tp + fn) - tn/(tn + fp)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.informedness,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_informedness)
class SoftInformedness(NamedLoss):
    """1 - soft informedness, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_informedness",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.informedness, name=name, **options)


@twin(scores.markedness, 0.5333)
def soft_markedness(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft markedness.

    Formula: 2 - tp/(tp + fp) - tn/(tn + fn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.markedness,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_markedness)
class SoftMarkedness(NamedLoss):
    """1 - soft markedness, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_markedness",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.markedness, name=name, **options)


@twin(scores.expected_cost, 0.25)
def soft_expected_cost(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    cost_matrix: TensorLike = ((0, 1), (1, 0)),
    **decision: Unpack[Decision],
) -> Tensor:
    """The soft mean cost of a decision.

    Formula: Σ cost·count/(tp + fp + fn + tn)

    Args:
        cost_matrix: [[cost of a true negative, of a false positive], [of a
            false negative, of a true positive]]: row the label, column the
            decision. By default an error costs 1.
    """
    return score_loss(
        y_true,
        y_pred,
        scores.expected_cost,
        sample_weight,
        mask,
        cost_matrix=cost_matrix,
        **decision,
    )


@loss_class(soft_expected_cost)
class SoftExpectedCost(NamedLoss):
    """The soft mean cost of a decision, as a Keras loss."""

    def __init__(
        self,
        cost_matrix: TensorLike = ((0, 1), (1, 0)),
        *,
        name: str = "soft_expected_cost",
        **options: Unpack[LossOptions],
    ):
        super().__init__(
            scores.expected_cost,
            name=name,
            # As lists, so that a model saves it.
            cost_matrix=_checks.cost_matrix(cost_matrix, 2),
            **options,
        )
