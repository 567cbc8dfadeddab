"""Losses: 1 - a score of soft counts, as functions and as Keras losses."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import keras

from softkeras import _backend, _checks, scores
from softkeras._backend import ops
from softkeras._scoring import Scoring

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "ScoreLoss",
    "SoftFBeta",
    "SoftPrecision",
    "SoftRecall",
    "score_loss",
    "soft_fbeta",
    "soft_precision",
    "soft_recall",
]

# The arguments that all of them have, in the words that all of them use.
_DECISION_ARGUMENTS = """\
        average: `"macro"` for the mean over classes, `"weighted"` for that
            mean weighted by how often each class occurs, `"micro"` for the
            score of all counts in one, `"samples"` for the mean over samples,
            `None` for one loss a class.
        empty: What a class, sample or batch does that has no positive label:
            `"skip"` leaves the mean (nothing left: loss and gradient are
            exactly 0), `"one"` counts as perfect, `"zero"` as worthless. With
            step="hard" that goes for a score of 0/0 instead, as in
            scikit-learn.
        step: The shape of the soft threshold: `"sigmoid"`, `"softsign"`,
            `"ramp"`, `"hard"`, a `softkeras.steps.Step`, or a callable.
        sharpness: If given, in place of the step's own: the slope of the step
            at the threshold, per unit of probability; infinite is hard.
        threshold: Where a probability becomes a 1, in (0, 1); `None` for the
            arg-max over the last axis.
        from_logits: Whether `y_pred` holds logits."""
_DATA_ARGUMENTS = """\
        y_true: Labels from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together.
        y_pred: Probabilities, or logits: floats of shape (n,) or
            (n, ..., classes)."""
_WEIGHT_ARGUMENTS = """\
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_pred` or one that broadcasts to it. They go into the counts: a
            sample of weight 2 is the same as two samples.
        mask: Booleans of such a shape; elements where it is false count
            nowhere."""
_LOSS_ARGUMENTS = """\
        reduction: For `average=None`: `"sum_over_batch_size"` is the mean
            over classes (a skipped one adds 0), `"sum"` their sum, `"none"`
            one loss a class. A loss that is one number has nothing to reduce.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx. Counts of narrower
            predictions are accumulated in float32."""
_ERRORS = """\
        ValueError: for an argument that is not allowed, shapes that do not
            match, predictions that are not floats, labels or probabilities
            outside [0, 1] or negative weights; the message says what came and
            what is allowed.
            (In a graph that XLA or another backend compiles, values can't be
            looked at: there the loss is NaN instead.)"""


class _Decision(TypedDict, total=False):
    """The keyword arguments of the named functions, for type checkers."""

    average: str | None
    empty: str
    step: Any
    sharpness: float | None
    threshold: float | None
    from_logits: bool


class _LossOptions(_Decision, total=False):
    """The same of the named classes."""

    reduction: str | None
    dtype: Any


def _documented(thing):
    """Fills the shared arguments into a docstring."""
    for key, text in {
        "{data}": _DATA_ARGUMENTS,
        "{weights}": _WEIGHT_ARGUMENTS,
        "{decision}": _DECISION_ARGUMENTS,
        "{loss}": _LOSS_ARGUMENTS,
        "{errors}": _ERRORS,
    }.items():
        thing.__doc__ = thing.__doc__.replace(" " * 8 + key, text)
    return thing


def _named(function, template):
    """Shows the keyword arguments of `template` in a function's signature."""
    signature = inspect.signature(function)
    own = dict(signature.parameters)
    own.popitem()  # **options
    shared = {
        name: own.pop(name, parameter)
        for name, parameter in inspect.signature(template).parameters.items()
        if parameter.kind == parameter.KEYWORD_ONLY
    }
    function.__signature__ = signature.replace(
        parameters=[*own.values(), *shared.values()]
    )


def _public_function(function):
    _named(function, score_loss)
    return keras.saving.register_keras_serializable("softkeras")(
        _documented(function)
    )


def _public_class(cls):
    if cls is not ScoreLoss:
        _named(cls.__init__, ScoreLoss.__init__)
    return keras.saving.register_keras_serializable("softkeras")(
        _documented(cls)
    )


@_documented
def score_loss(
    y_true: Any,
    y_pred: Any,
    score: str | Callable,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    threshold: float | None = 0.5,
    from_logits: bool = False,
    **score_args: Any,
) -> Any:
    """1 - any score of soft counts.

    Formula: 1 - mean of score(tp, fp, fn, tn) over classes or samples, with
    tp = Σ w·y·d and so on, d being the step's decision on `y_pred`.

    Gradient: -Σ over the counts of ∂score/∂count·∂count/∂d·F'(p), with F' the
    density of the step.

    Args:
        {data}
        score: `"precision"`, `"recall"`, `"f_beta"`, or a function of
            `softkeras.counts.Counts` that gives 1 for the best, entry by entry.
        {weights}
        {decision}
        **score_args: Arguments of the score, such as `beta`.

    Returns:
        The loss, a scalar; with `average=None` one a class.

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.losses import score_loss
    >>> jaccard = lambda c: c.tp / (c.tp + c.fp + c.fn)
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(score_loss(y_true, y_pred, jaccard, step="hard")), 4)
    0.6667
    """
    scoring = Scoring(
        score,
        score_args,
        average=average,
        empty=empty,
        step=step,
        sharpness=sharpness,
        threshold=threshold,
        from_logits=from_logits,
    )
    return _evaluate(scoring, y_true, y_pred, sample_weight, mask)


def _evaluate(scoring, y_true, y_pred, sample_weight, mask):
    counts, weights = scoring.counts(y_true, y_pred, sample_weight, mask)
    values, weights = scoring.values(counts, weights)
    if scoring.average is None:
        return ops.where(weights > 0, 1 - values, 0.0)
    return scores.mean(1 - values, weights, 0.0)


@_public_function
def soft_precision(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[_Decision],
) -> Any:
    """1 - soft precision.

    Formula: 1 - tp/(tp + fp), with tp = Σ w·y·d, fp = Σ w·(1 - y)·d, d being
    the step's decision on `y_pred`.

    Gradient: -w·(y·fp - (1 - y)·tp)/(tp + fp)²·F'(p), with F' the density of
    the step.

    Args:
        {data}
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.losses import soft_precision
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(soft_precision(y_true, y_pred, step="hard")), 4)
    0.5
    >>> round(float(soft_precision(y_true, y_pred, sharpness=1.0)), 4)
    0.35
    """
    return score_loss(
        y_true, y_pred, scores.precision, sample_weight, mask, **decision
    )


@_public_function
def soft_recall(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    **decision: Unpack[_Decision],
) -> Any:
    """1 - soft recall.

    Formula: 1 - tp/(tp + fn), with tp = Σ w·y·d, fn = Σ w·y·(1 - d), d being
    the step's decision on `y_pred`.

    Gradient: -w·y/(tp + fn)·F'(p), with F' the density of the step. It is
    never against a prediction, so recall alone is perfect where all is called
    positive; weigh it against precision with `soft_fbeta`.

    Args:
        {data}
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.losses import soft_recall
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(soft_recall(y_true, y_pred, step="hard")), 4)
    0.5
    >>> round(float(soft_recall(y_true, y_pred, sharpness=1.0)), 4)
    0.35
    """
    return score_loss(
        y_true, y_pred, scores.recall, sample_weight, mask, **decision
    )


@_public_function
def soft_fbeta(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    beta: float = 1.0,
    **decision: Unpack[_Decision],
) -> Any:
    """1 - soft F-beta, the harmonic mean of precision and recall.

    Formula: 1 - (1 + β²)·tp/((1 + β²)·tp + β²·fn + fp), with tp = Σ w·y·d and
    so on, d being the step's decision on `y_pred`. At β = 1 and sharpness 1 it
    is the Dice loss on the probabilities.

    Gradient: -w·(1 + β²)·(y·(β²·P + D) - tp)/(β²·P + D)²·F'(p), with
    P = tp + fn and D = tp + fp, F' the density of the step.

    Args:
        {data}
        {weights}
        beta: The weight of recall against precision, above 0.
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7;
    Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.losses import soft_fbeta
    >>> y_true, y_pred = [1.0, 1.0, 1.0, 0.0], [0.9, 0.4, 0.3, 0.1]
    >>> round(float(soft_fbeta(y_true, y_pred, step="hard")), 4)
    0.5
    >>> round(float(soft_fbeta(y_true, y_pred, step="hard", beta=2.0)), 4)
    0.6154
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


class ScoreLoss(keras.losses.Loss):
    """1 - any score of soft counts, as a Keras loss.

    Formula: 1 - mean of score(tp, fp, fn, tn) over classes or samples, with
    tp = Σ w·y·d and so on over the batch, d being the step's decision on
    `y_pred`. The loss of a batch is one number: it does not fall apart into
    losses of samples, and weights and masks go into the counts.

    Gradient: -Σ over the counts of ∂score/∂count·∂count/∂d·F'(p), with F' the
    density of the step.

    Args:
        score: `"precision"`, `"recall"`, `"f_beta"`, or a function of
            `softkeras.counts.Counts` that gives 1 for the best, entry by entry.
        {decision}
        {loss}
        **score_args: Arguments of the score, such as `beta`.

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in `score_loss`;
    the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> import keras
    >>> from softkeras.losses import ScoreLoss
    >>> @keras.saving.register_keras_serializable(package="mine")
    ... def jaccard(counts):
    ...     return counts.tp / (counts.tp + counts.fp + counts.fn)
    >>> loss = ScoreLoss(jaccard, step="hard")
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(loss(y_true, y_pred)), 4)
    0.6667
    """

    def __init__(
        self,
        score: str | Callable | dict,
        *,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        threshold: float | None = 0.5,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "score_loss",
        dtype: Any = None,
        **score_args: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.scoring = Scoring(
            score,
            score_args,
            average=average,
            empty=empty,
            step=step,
            sharpness=sharpness,
            threshold=threshold,
            from_logits=from_logits,
        )

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = _backend.get_keras_mask(y_pred)
        with keras.name_scope(self.name):
            y_pred = _checks.floating("y_pred", y_pred)
            loss = ops.cast(
                _evaluate(
                    self.scoring,
                    y_true,
                    ops.cast(y_pred, self.dtype),
                    sample_weight,
                    mask,
                ),
                self.dtype,
            )
            if not loss.shape or self.reduction in (None, "none"):
                return loss
            if self.reduction == "sum":
                return ops.sum(loss)
            return ops.mean(loss)

    def __repr__(self):
        name, step = type(self).__name__, self.scoring.step
        return f"<{name} name={self.name} step={step}>"

    def call(self, y_true, y_pred):
        return _evaluate(self.scoring, y_true, y_pred, None, None)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "dtype": self.dtype,
            **self.scoring.get_config(),
        }


class _NamedLoss(ScoreLoss):
    """A ScoreLoss whose class says which score it is."""

    def get_config(self) -> dict:
        config = super().get_config()
        del config["score"]
        return config


_public_class(ScoreLoss)


@_public_class
class SoftPrecision(_NamedLoss):
    """1 - soft precision, as a Keras loss.

    Formula: 1 - tp/(tp + fp), with tp = Σ w·y·d, fp = Σ w·(1 - y)·d over the
    batch, d being the step's decision on `y_pred`.

    Gradient: -w·(y·fp - (1 - y)·tp)/(tp + fp)²·F'(p), with F' the density of
    the step.

    Args:
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in
    `soft_precision`; the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftPrecision
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftPrecision())
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(SoftPrecision(sharpness=1.0)(y_true, y_pred)), 4)
    0.35
    """

    def __init__(
        self, *, name: str = "soft_precision", **options: Unpack[_LossOptions]
    ):
        super().__init__(scores.precision, name=name, **options)


@_public_class
class SoftRecall(_NamedLoss):
    """1 - soft recall, as a Keras loss.

    Formula: 1 - tp/(tp + fn), with tp = Σ w·y·d, fn = Σ w·y·(1 - d) over the
    batch, d being the step's decision on `y_pred`.

    Gradient: -w·y/(tp + fn)·F'(p), with F' the density of the step. It is
    never against a prediction, so recall alone is perfect where all is called
    positive; weigh it against precision with `SoftFBeta`.

    Args:
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in `soft_recall`;
    the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.losses import SoftRecall
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(SoftRecall(sharpness=1.0)(y_true, y_pred)), 4)
    0.35
    """

    def __init__(
        self, *, name: str = "soft_recall", **options: Unpack[_LossOptions]
    ):
        super().__init__(scores.recall, name=name, **options)


@_public_class
class SoftFBeta(_NamedLoss):
    """1 - soft F-beta, as a Keras loss; F1 by default.

    Formula: 1 - (1 + β²)·tp/((1 + β²)·tp + β²·fn + fp), with tp = Σ w·y·d and
    so on over the batch, d being the step's decision on `y_pred`. At β = 1 and
    sharpness 1 it is the Dice loss on the probabilities.

    Gradient: -w·(1 + β²)·(y·(β²·P + D) - tp)/(β²·P + D)²·F'(p), with
    P = tp + fn and D = tp + fp, F' the density of the step.

    Args:
        beta: The weight of recall against precision, above 0.
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in `soft_fbeta`;
    the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7;
    Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftFBeta
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftFBeta(beta=2.0))
    >>> y_true, y_pred = [1.0, 1.0, 1.0, 0.0], [0.9, 0.4, 0.3, 0.1]
    >>> round(float(SoftFBeta(step="hard")(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        beta: float = 1.0,
        *,
        name: str = "soft_fbeta",
        **options: Unpack[_LossOptions],
    ):
        super().__init__(scores.f_beta, name=name, beta=beta, **options)
