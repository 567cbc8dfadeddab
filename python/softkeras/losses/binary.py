"""The named losses of binary scores: 1 - each of `softkeras.scores.binary`.

A function for the value and a class for `compile()`. What is written here of
each is what is its own; `_twin` and `_loss_class` add what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from softkeras import _checks, scores
from softkeras.losses._documentation import (
    class_docstring,
    documented,
    function_docstring,
    loss_text,
    show_arguments,
)
from softkeras.losses.score import ScoreLoss, score_loss

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from softkeras.losses._documentation import Decision, LossOptions

__all__ = [
    "SoftAccuracy",
    "SoftBalancedAccuracy",
    "SoftCohenKappa",
    "SoftCriticalSuccessIndex",
    "SoftDice",
    "SoftExpectedCost",
    "SoftFBeta",
    "SoftFowlkesMallows",
    "SoftGMean",
    "SoftHamming",
    "SoftInformedness",
    "SoftJaccard",
    "SoftMarkedness",
    "SoftMatthews",
    "SoftNegativePredictiveValue",
    "SoftPrecision",
    "SoftRecall",
    "SoftSpecificity",
    "SoftTversky",
    "soft_accuracy",
    "soft_balanced_accuracy",
    "soft_cohen_kappa",
    "soft_critical_success_index",
    "soft_dice",
    "soft_expected_cost",
    "soft_fbeta",
    "soft_fowlkes_mallows",
    "soft_g_mean",
    "soft_hamming",
    "soft_informedness",
    "soft_jaccard",
    "soft_markedness",
    "soft_matthews",
    "soft_negative_predictive_value",
    "soft_precision",
    "soft_recall",
    "soft_specificity",
    "soft_tversky",
]

register = keras.saving.register_keras_serializable("softkeras")


_TEXTS = {}


def _twin(score: Callable, example: float) -> Callable:
    """Decorator: the public function of a loss, `example` as in `loss_text`."""

    def decorate(function):
        text = loss_text(function, score, example)
        function.__doc__ = function_docstring(function, text)
        show_arguments(function, score_loss)
        _TEXTS[function] = text
        return register(documented(function))

    return decorate


def _loss_class(function: Callable) -> Callable:
    """Decorator: the public class of a loss, whose function is `function`."""

    def decorate(cls):
        cls.__doc__ = class_docstring(cls, function, _TEXTS[function])
        show_arguments(cls.__init__, ScoreLoss.__init__)
        return register(documented(cls))

    return decorate


class _NamedLoss(ScoreLoss):
    """A ScoreLoss whose class says which score it is."""

    def get_config(self) -> dict:
        config = super().get_config()
        del config["score"]
        return config


@_twin(scores.precision, 0.3333)
def soft_precision(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_precision)
class SoftPrecision(_NamedLoss):
    """1 - soft precision, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_precision",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.precision, name=name, **options)


@_twin(scores.recall, 0.3333)
def soft_recall(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_recall)
class SoftRecall(_NamedLoss):
    """1 - soft recall, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_recall",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.recall, name=name, **options)


@_twin(scores.specificity, 0.2)
def soft_specificity(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_specificity)
class SoftSpecificity(_NamedLoss):
    """1 - soft specificity, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_specificity",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.specificity, name=name, **options)


@_twin(scores.negative_predictive_value, 0.2)
def soft_negative_predictive_value(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_negative_predictive_value)
class SoftNegativePredictiveValue(_NamedLoss):
    """1 - the soft negative predictive value, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_negative_predictive_value",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.negative_predictive_value, name=name, **options)


@_twin(scores.accuracy, 0.25)
def soft_accuracy(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_accuracy)
class SoftAccuracy(_NamedLoss):
    """1 - soft accuracy, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_accuracy",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.accuracy, name=name, **options)


@_twin(scores.hamming, 0.25)
def soft_hamming(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_hamming)
class SoftHamming(_NamedLoss):
    """The soft Hamming loss, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_hamming",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.hamming, name=name, **options)


@_twin(scores.balanced_accuracy, 0.2667)
def soft_balanced_accuracy(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_balanced_accuracy)
class SoftBalancedAccuracy(_NamedLoss):
    """1 - soft balanced accuracy, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_balanced_accuracy",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.balanced_accuracy, name=name, **options)


@_twin(scores.informedness, 0.5333)
def soft_informedness(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_informedness)
class SoftInformedness(_NamedLoss):
    """1 - soft informedness, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_informedness",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.informedness, name=name, **options)


@_twin(scores.markedness, 0.5333)
def soft_markedness(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_markedness)
class SoftMarkedness(_NamedLoss):
    """1 - soft markedness, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_markedness",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.markedness, name=name, **options)


@_twin(scores.f_beta, 0.3333)
def soft_fbeta(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    beta: float = 1.0,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_fbeta)
class SoftFBeta(_NamedLoss):
    """1 - soft F-beta, as a Keras loss."""

    def __init__(
        self,
        beta: float = 1.0,
        *,
        name: str = "soft_fbeta",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.f_beta, name=name, beta=beta, **options)


@_twin(scores.dice, 0.3333)
def soft_dice(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_dice)
class SoftDice(_NamedLoss):
    """1 - the soft Dice coefficient, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_dice",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.dice, name=name, **options)


@_twin(scores.jaccard, 0.5)
def soft_jaccard(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_jaccard)
class SoftJaccard(_NamedLoss):
    """1 - the soft Jaccard index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_jaccard",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.jaccard, name=name, **options)


@_twin(scores.critical_success_index, 0.5)
def soft_critical_success_index(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_critical_success_index)
class SoftCriticalSuccessIndex(_NamedLoss):
    """1 - the soft critical success index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_critical_success_index",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.critical_success_index, name=name, **options)


@_twin(scores.tversky, 0.3333)
def soft_tversky(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_tversky)
class SoftTversky(_NamedLoss):
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


@_twin(scores.g_mean, 0.2697)
def soft_g_mean(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_g_mean)
class SoftGMean(_NamedLoss):
    """1 - the geometric mean of both soft rates, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_g_mean",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.g_mean, name=name, **options)


@_twin(scores.fowlkes_mallows, 0.3333)
def soft_fowlkes_mallows(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_fowlkes_mallows)
class SoftFowlkesMallows(_NamedLoss):
    """1 - the soft Fowlkes-Mallows index, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_fowlkes_mallows",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.fowlkes_mallows, name=name, **options)


@_twin(scores.matthews, 0.5333)
def soft_matthews(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_matthews)
class SoftMatthews(_NamedLoss):
    """1 - the soft Matthews correlation coefficient, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_matthews",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.matthews, name=name, **options)


@_twin(scores.cohen_kappa, 0.5333)
def soft_cohen_kappa(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_cohen_kappa)
class SoftCohenKappa(_NamedLoss):
    """1 - Cohen's soft kappa, as a Keras loss."""

    def __init__(
        self,
        *,
        name: str = "soft_cohen_kappa",
        **options: Unpack[LossOptions],
    ):
        super().__init__(scores.cohen_kappa, name=name, **options)


@_twin(scores.expected_cost, 0.25)
def soft_expected_cost(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    cost_matrix: Any = ((0, 1), (1, 0)),
    **decision: Unpack[Decision],
) -> Any:
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


@_loss_class(soft_expected_cost)
class SoftExpectedCost(_NamedLoss):
    """The soft mean cost of a decision, as a Keras loss."""

    def __init__(
        self,
        cost_matrix: Any = ((0, 1), (1, 0)),
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
