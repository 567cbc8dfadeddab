"""The losses of `softkeras.scores.agreement`: 1 - each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softkeras import scores
from softkeras._types import Tensor, TensorLike
from softkeras.losses._of_counts import NamedLoss, loss_class, twin
from softkeras.losses.score import score_loss

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from softkeras.losses._documentation import Decision, LossOptions

__all__ = [
    "SoftCohenKappa",
    "SoftCriticalSuccessIndex",
    "SoftDice",
    "SoftFBeta",
    "SoftFowlkesMallows",
    "SoftGMean",
    "SoftJaccard",
    "SoftMatthews",
    "SoftTversky",
    "soft_cohen_kappa",
    "soft_critical_success_index",
    "soft_dice",
    "soft_fbeta",
    "soft_fowlkes_mallows",
    "soft_g_mean",
    "soft_jaccard",
    "soft_matthews",
    "soft_tversky",
]


@twin(scores.f_beta, 0.3333)
def soft_fbeta(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    beta: float = 1.0,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - soft F-beta; F1 by default.

    Formula: 1 - (1 + β²)·tp/((1 + β²)·tp + β²·fn + fp)

    Gradient: -w·(1 + β²)·(y·(β²·P + D) - tp)/(β²·P + D)²·F'(p), with P = tp +
    fn and D = tp + fp. F' is the density of the step.

    Args:
        beta: The weight of recall against precision, above 0.
    """
    return score_loss(
        y_true,
        y_pred,
        scores.f_beta,
        sample_weight,
        mask,
        beta=beta,
        **decision,
    )


@loss_class(soft_fbeta)
class SoftFBeta(NamedLoss):
    """1 - soft F-beta, as a Keras loss."""

    def __init__(
        self,
        beta: float = 1.0,
        *,
        name: str = "soft_fbeta",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.f_beta, name=name, beta=beta, **options)


@twin(scores.dice, 0.3333)
def soft_dice(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft Dice coefficient.

    Formula: 1 - 2·tp/(2·tp + fp + fn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.dice,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_dice)
class SoftDice(NamedLoss):
    """1 - the soft Dice coefficient, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_dice",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.dice, name=name, **options)


@twin(scores.jaccard, 0.5)
def soft_jaccard(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft Jaccard index, intersection over union.

    Formula: 1 - tp/(tp + fp + fn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.jaccard,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_jaccard)
class SoftJaccard(NamedLoss):
    """1 - the soft Jaccard index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_jaccard",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.jaccard, name=name, **options)


@twin(scores.critical_success_index, 0.5)
def soft_critical_success_index(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft critical success index.

    Formula: 1 - tp/(tp + fp + fn)
    """
    return score_loss(
        y_true,
        y_pred,
        scores.critical_success_index,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_critical_success_index)
class SoftCriticalSuccessIndex(NamedLoss):
    """1 - the soft critical success index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_critical_success_index",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.critical_success_index, name=name, **options)


@twin(scores.tversky, 0.3333)
def soft_tversky(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft Tversky index.

    Formula: 1 - tp/(tp + α·fp + β·fn)

    Args:
        alpha: α, the weight of a false positive, 0 or more.
        beta: β, the weight of a false negative, 0 or more.
    """
    return score_loss(
        y_true,
        y_pred,
        scores.tversky,
        sample_weight,
        mask,
        alpha=alpha,
        beta=beta,
        **decision,
    )


@loss_class(soft_tversky)
class SoftTversky(NamedLoss):
    """1 - the soft Tversky index, as a Keras loss."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        *,
        name: str = "soft_tversky",
        **options: Unpack[LossOptions],
    ):
        super().__init__(
            scores.tversky, name=name, alpha=alpha, beta=beta, **options
        )


@twin(scores.g_mean, 0.2697)
def soft_g_mean(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the geometric mean of soft recall and specificity.

    Formula: 1 - √(tp/(tp + fn)·tn/(tn + fp))
    """
    return score_loss(
        y_true,
        y_pred,
        scores.g_mean,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_g_mean)
class SoftGMean(NamedLoss):
    """1 - the geometric mean of both soft rates, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_g_mean",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.g_mean, name=name, **options)


@twin(scores.fowlkes_mallows, 0.3333)
def soft_fowlkes_mallows(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft Fowlkes-Mallows index.

    Formula: 1 - tp/√((tp + fp)·(tp + fn))
    """
    return score_loss(
        y_true,
        y_pred,
        scores.fowlkes_mallows,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_fowlkes_mallows)
class SoftFowlkesMallows(NamedLoss):
    """1 - the soft Fowlkes-Mallows index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_fowlkes_mallows",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.fowlkes_mallows, name=name, **options)


@twin(scores.matthews, 0.5333)
def soft_matthews(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - the soft Matthews correlation coefficient.

    Formula: 1 - (tp·tn - fp·fn)/√((tp + fp)·(tp + fn)·(tn + fp)·(tn + fn))
    """
    return score_loss(
        y_true,
        y_pred,
        scores.matthews,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_matthews)
class SoftMatthews(NamedLoss):
    """1 - the soft Matthews correlation coefficient, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_matthews",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.matthews, name=name, **options)


@twin(scores.cohen_kappa, 0.5333)
def soft_cohen_kappa(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    **decision: Unpack[Decision],
) -> Tensor:
    """1 - Cohen's soft kappa.

    Formula: 1 - 2·(tp·tn - fp·fn)/((tp + fp)·(tn + fp) + (tp + fn)·(tn + fn))
    """
    return score_loss(
        y_true,
        y_pred,
        scores.cohen_kappa,
        sample_weight,
        mask,
        **decision,
    )


@loss_class(soft_cohen_kappa)
class SoftCohenKappa(NamedLoss):
    """1 - Cohen's soft kappa, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_cohen_kappa",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.cohen_kappa, name=name, **options)
