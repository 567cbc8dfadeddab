"""ScoreLoss: 1 - any score of soft counts, as a function and a Keras loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras import _backend, _checks, _replicas
from softkeras._ops import ops
from softkeras._scoring import Scoring
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.counts import Counts
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses._documentation import documented
from softkeras.losses._moving_counts import MovingCounts
from softkeras.scores import averaging, names
from softkeras.steps import StepLike

__all__ = ["ScoreLoss", "score_loss"]


@documented
def score_loss(
    y_true: TensorLike,
    y_pred: TensorLike,
    score: str | Callable,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    threshold: float | None = 0.5,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
    **score_args: Any,
) -> Tensor:
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

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
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
    names.OF_COUNTS.check_rises(scoring.score, ops.convert_to_tensor)
    return _loss(scoring, *scoring.counts(y_true, y_pred, sample_weight, mask))


def _loss(scoring, counts, weights):
    values, weights = scoring.values(counts, weights)
    if scoring.average is None:
        return ops.where(weights > 0, 1 - values, 0.0)
    return averaging.mean(1 - values, weights, 0.0)


def _of_all_samples(counts, weights):
    """The counts and weights of the samples of all replicas."""
    if weights is None:
        return Counts(*_replicas.gather(counts)), None
    *counts, weights = _replicas.gather([*counts, weights])
    return Counts(*counts), weights


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

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
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

    sums = True

    def __init__(
        self,
        score: str | Callable[..., Any] | dict[str, Any],
        *,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        threshold: float | None = 0.5,
        from_logits: bool = False,
        labels: tuple[float, float] = (0, 1),
        sparse: bool = False,
        ignore_class: int | None = None,
        momentum: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "score_loss",
        dtype: DTypeLike = None,
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
        names.OF_COUNTS.check_rises(self.scoring.score, ops.convert_to_tensor)
        self.momentum = _checks.momentum(momentum)
        if self.momentum and average == "samples":
            raise ValueError(
                "`momentum` must be 0 with average='samples': each sample has "
                "a score of its own there, and no counts that go on from batch "
                f"to batch. Received: momentum={momentum!r}"
            )
        self._moving = MovingCounts(self.name, self.momentum)

    def evaluate(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        counts, weights = self.scoring.counts(
            y_true, y_pred, sample_weight, mask
        )
        if self.scoring.average == "samples":
            counts, weights = _of_all_samples(counts, weights)
            return _loss(self.scoring, counts, weights)
        counts = Counts(*_replicas.total(counts))
        if not self.momentum:
            return _loss(self.scoring, counts, weights)
        loss = _loss(self.scoring, self._moving(counts), weights)
        if _backend.is_recorded(y_pred):
            return loss
        # Nothing is trained: show the loss of this batch alone. The gradient
        # stays that of training, whose tape may be out of sight.
        alone = _loss(self.scoring, counts, weights)
        return loss + ops.stop_gradient(alone - loss)

    def reset(self) -> None:
        """Forgets the counts of earlier batches."""
        self._moving.reset()

    def get_state(self) -> dict[str, Any]:
        """The moving counts as NumPy arrays; empty before the first batch."""
        return self._moving.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `get_state` gave."""
        self._moving.set_state(state)

    def __repr__(self):
        kind, step = type(self).__name__, self.scoring.step
        score = names.described(self.scoring.score)
        return f"<{kind} name={self.name} score={score} step={step}>"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self.scoring.get_config(),
            "momentum": self.momentum,
        }
