"""A rate at a constraint: its data, its averages, and the loss that it is.

The threshold is found inside the graph, in every batch, and its gradient is
that of the implicit function theorem (see `_at_constraint`). So there are no
multipliers to train, nothing has a state, and the loss is that of the order of
the predictions and the distances between them: adding a number to all log-odds
does not change it. After training,
`softkeras.thresholds.best_threshold(..., at_least=...)` finds the threshold to
decide by.
"""

from __future__ import annotations

from typing import Any

from softkeras import _checks, _labels, counts, steps
from softkeras._gradients import widen
from softkeras._ops import ops
from softkeras._types import DTypeLike, T, Tensor, TensorLike
from softkeras.losses import _at_constraint
from softkeras.losses._at_constraint import Goal, Group
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses._documentation import (
    DATA_ARGUMENTS,
    ERRORS,
    LABEL_ARGUMENTS,
    LOSS_ARGUMENTS,
    WEIGHT_ARGUMENTS,
    fill,
)
from softkeras.losses._empty import is_empty, no_loss
from softkeras.losses._named import register
from softkeras.scores import averaging
from softkeras.steps import StepLike

# Of a step that is given by name. At a rate of 0.9 the threshold is log(9)/s
# below what is called positive, so a step as soft as for other losses would
# look far from where the decisions differ.
SHARPNESS = 1.0


# What all of them say in the same words.
_DOCUMENTED = {
    "{data}": DATA_ARGUMENTS,
    "{weights}": WEIGHT_ARGUMENTS,
    "{decision}": """\
        average: `"macro"` for the mean over classes, each at a threshold of
            its own, `"weighted"` for that mean weighted by how often each
            class occurs, `"micro"` for one threshold of all, `"samples"` for
            the mean over samples, `None` for one loss a class.
        empty: What a class, sample or batch does whose score is undefined:
            without positive labels, or where a specificity is meant, without
            negative ones. `"skip"` leaves the mean (nothing left: loss and
            gradient are exactly 0), `"one"` counts as perfect, `"zero"` as
            worthless.
        step: The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
            another name, with the sharpness 1; `"hard"` for the best of all
            cut points, exactly; or a `softkeras.steps.Step` with the name of a
            shape and scale="logit".
        sharpness: If given, in place of the step's own: its slope, per unit of
            probability where that is ½, so 4 times that per unit of log-odds;
            infinite is hard.
        from_logits: Whether `y_pred` holds logits.
"""
    + LABEL_ARGUMENTS,
    "{loss}": LOSS_ARGUMENTS,
    "{errors}": ERRORS,
    "{gradient}": """\
    Gradient: that of the formula, dτ/dx included, which by the implicit
    function theorem is v·F'(x - τ)/Σ v·F'(x - τ), v being the weights of the
    elements in the equation for τ. With step="hard" it is 0.""",
    "{reference}": """\
    Reference: Kumar, Narasimhan & Cotter, Implicit rate-constrained
    optimization of non-decomposable objectives,
    https://arxiv.org/abs/2107.10960; Eban et al., Scalable learning of
    non-decomposable objectives, https://arxiv.org/abs/1608.04802, solve it
    with multipliers.""",
}


def public(thing: T) -> T:
    """Fills the shared texts into a docstring; registers with Keras."""
    for key, text in _DOCUMENTED.items():
        fill(thing, key, text)
    return register(thing)


class Constrained:
    """A rate at a constraint, how it is averaged, and the decision.

    Args:
        goal: The two rates.
        name, level: What the constraint is called, and how high it is.
        average, empty, step, sharpness, from_logits: as in the losses.
        labels: What the labels mean.

    Raises:
        ValueError: for what is not allowed.
    """

    def __init__(
        self,
        goal: Goal,
        name: str,
        level: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        labels: _labels.Labels = _labels.ZERO_AND_ONE,
    ):
        self.goal = goal
        self.name = name
        self.level = _checks.probability(name, level)
        self.average = _checks.one_of("average", average, counts.AVERAGES)
        self.empty = _checks.one_of("empty", empty, averaging.EMPTY)
        if isinstance(step, str) and step != "hard" and sharpness is None:
            sharpness = SHARPNESS
        self.step = steps.get(step, sharpness)
        if not self.step.is_hard and (
            callable(self.step.shape) or self.step.scale != "logit"
        ):
            raise ValueError(
                "`step` must have a shape with a name, on scale='logit', "
                "because the threshold is found on the log-odds, by the "
                f"density of that shape. Received: step={self.step}"
            )
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self.labels = labels

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        prediction = _checks.floating("y_pred", y_pred)
        if is_empty(prediction):
            return no_loss(prediction, self.average)
        elements = self._elements(y_true, y_pred, sample_weight, mask)
        prediction, label, weight = map(self._columns, elements)
        group = Group(prediction, weight * label, weight * (1 - label))
        value = self._scores(group)
        support = ops.sum(group.positive, axis=0)
        vacant = support <= 0
        if self.goal.negatives:
            others = ops.sum(group.negative, axis=0)
            vacant = ops.logical_or(vacant, others <= 0)
        # What can't be had, because a value is not allowed, is not vacant.
        vacant = ops.logical_and(vacant, ops.logical_not(ops.isnan(value)))
        value = ops.where(vacant, 1.0 if self.empty == "one" else 0.0, value)
        share = ops.ones_like(support)
        if self.empty == "skip":
            share = ops.where(vacant, 0.0, share)
        if self.average is None:
            return ops.where(share > 0, 1 - value, 0.0)
        if self.average == "weighted":
            # As in scikit-learn, classes that all weigh nothing count alike.
            weighed = ops.sum(support * share) > 0
            share = ops.where(weighed, support * share, share)
        if self.average == "samples":
            share = ops.max(weight, axis=0) * share
        return averaging.mean(1 - value, ops.stop_gradient(share), 0.0)

    def _elements(self, y_true, y_pred, sample_weight, mask):
        """Predictions, labels and weights, checked, all of one shape."""
        label, prediction, weight = counts.read_elements(
            y_true, y_pred, sample_weight, mask, self.labels
        )
        prediction = widen(prediction)
        if weight is None:
            weight = ops.ones_like(prediction)
        weight = ops.broadcast_to(weight, ops.shape(prediction))
        # What counts nowhere may hold anything, as padding does.
        neutral = 0.0 if self.from_logits else 0.5
        prediction = ops.where(weight > 0, prediction, neutral)
        label = ops.where(weight > 0, label, 0.0)
        fine = [
            _checks.within(
                "sample_weight",
                weight,
                0,
                counts.LARGEST,
                "finite weights of 0 or more",
            ),
            _checks.within(
                "y_true",
                label,
                0,
                1,
                _labels.ALLOWED,
            ),
        ]
        if not self.from_logits:
            fine.append(
                _checks.within(
                    "y_pred",
                    prediction,
                    -counts.ROUNDING,
                    1 + counts.ROUNDING,
                    "probabilities from 0 to 1; for logits, set "
                    "from_logits=True",
                    or_nan=True,
                )
            )
        for each in fine:
            if each is not None:
                prediction = ops.where(each, prediction, float("nan"))
        # Rates don't mind, and sums of weights up to 1 don't overflow.
        largest = ops.max(ops.stop_gradient(weight), initial=0.0)
        return prediction, label, weight / ops.where(largest > 0, largest, 1.0)

    def _columns(self, x):
        """`x` as (n, groups), one column for each threshold."""
        rank = len(x.shape)
        if self.average == "samples":
            if rank < 2:
                raise ValueError(
                    "average='samples' needs predictions of shape (samples, "
                    "..., classes). Received: y_pred of shape "
                    f"{tuple(x.shape)}; with one output a sample, use "
                    "average='macro'."
                )
            return ops.transpose(ops.reshape(x, (ops.shape(x)[0], -1)))
        alone = self.average == "micro" or rank == 1
        return ops.reshape(x, (-1, 1 if alone else ops.shape(x)[-1]))

    def _scores(self, group):
        """The scores of the groups; NaN where one of the predictions is."""
        sound = ops.logical_not(ops.any(ops.isnan(group.prediction), axis=0))
        if self.step.is_hard:
            value = _at_constraint.best_score(self.goal, group, self.level)
            return ops.where(sound, value, float("nan"))
        x = group.prediction
        if not self.from_logits:
            x = _at_constraint.log_odds(x)
        value = _at_constraint.soft_score(
            self.goal, group._replace(prediction=x), self.level, self.step
        )
        if self.step.straight_through:
            hard = _at_constraint.best_score(self.goal, group, self.level)
            value = hard + (value - ops.stop_gradient(value))
        return ops.where(sound, value, float("nan"))

    def get_config(self) -> dict[str, Any]:
        return {
            self.name: self.level,
            "average": self.average,
            "empty": self.empty,
            "step": steps.serialize(self.step),
            "from_logits": self.from_logits,
            **self.labels.get_config(),
        }


class ConstrainedLoss(BatchLoss):
    """The loss of a `Constrained`, whose class says which it is."""

    def __init__(
        self,
        constrained: Constrained,
        reduction: str | None,
        name: str,
        dtype: DTypeLike,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.constrained = constrained

    def evaluate(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        return self.constrained(y_true, y_pred, sample_weight, mask)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.constrained.get_config()}
