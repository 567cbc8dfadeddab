"""ScoreLoss: 1 - any score of soft counts, as a function and a Keras loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras._backend import ops
from softkeras._scoring import Scoring
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses._documentation import documented
from softkeras.scores import averaging

__all__ = ["ScoreLoss", "score_loss"]


@documented
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
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
    **score_args: Any,
) -> Any:
    """1 - any score of soft counts.

    Formula: 1 - mean of score(tp, fp, fn, tn) over classes or samples, with
    tp = Σ w·y·d and so on, d being the step's decision on `y_pred`.

    Gradient: -Σ over the counts of ∂score/∂count·∂count/∂d·F'(p), with F' the
    density of the step.

    Args:
        {data}
        score: Name of a function of `softkeras.scores`, such as `"jaccard"`,
            or a function of `softkeras.counts.Counts` that gives 1 for the
            best, entry by entry.
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
        labels=labels,
        sparse=sparse,
        ignore_class=ignore_class,
    )
    return _evaluate(scoring, y_true, y_pred, sample_weight, mask)


def _evaluate(scoring, y_true, y_pred, sample_weight, mask):
    counts, weights = scoring.counts(y_true, y_pred, sample_weight, mask)
    values, weights = scoring.values(counts, weights)
    if scoring.average is None:
        return ops.where(weights > 0, 1 - values, 0.0)
    return averaging.mean(1 - values, weights, 0.0)


@keras.saving.register_keras_serializable("softkeras")
@documented
class ScoreLoss(BatchLoss):
    """1 - any score of soft counts, as a Keras loss.

    Formula: 1 - mean of score(tp, fp, fn, tn) over classes or samples, with
    tp = Σ w·y·d and so on over the batch, d being the step's decision on
    `y_pred`. The loss of a batch is one number: it does not fall apart into
    losses of samples, and weights and masks go into the counts.

    Gradient: -Σ over the counts of ∂score/∂count·∂count/∂d·F'(p), with F' the
    density of the step.

    Args:
        score: Name of a function of `softkeras.scores`, such as `"jaccard"`,
            or a function of `softkeras.counts.Counts` that gives 1 for the
            best, entry by entry.
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
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
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
            labels=labels,
            sparse=sparse,
            ignore_class=ignore_class,
        )

    def evaluate(self, y_true, y_pred, sample_weight, mask):
        return _evaluate(self.scoring, y_true, y_pred, sample_weight, mask)

    def __repr__(self):
        name, step = type(self).__name__, self.scoring.step
        return f"<{name} name={self.name} step={step}>"

    def get_config(self) -> dict:
        return {**super().get_config(), **self.scoring.get_config()}
