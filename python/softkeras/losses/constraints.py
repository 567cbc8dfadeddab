"""Losses: 1 - the best rate at which another rate is as high as asked.

The threshold is part of them: it is found inside the graph, in every batch, and
its gradient is that of the implicit function theorem (see `_at_constraint`). So
there are no multipliers to train, nothing has a state, and the loss is that of
the order of the predictions and the distances between them: adding a number to
all log-odds does not change it. After training,
`softkeras.thresholds.best_threshold(..., at_least=...)` finds the threshold to
decide by.
"""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _backend, _checks, counts, steps
from softkeras._backend import ops
from softkeras._gradients import widen
from softkeras._labels import Labels
from softkeras.losses import _at_constraint
from softkeras.losses._at_constraint import Goal, Group
from softkeras.scores import averaging

__all__ = [
    "SoftPrecisionAtRecall",
    "SoftRecallAtPrecision",
    "SoftSensitivityAtSpecificity",
    "SoftSpecificityAtSensitivity",
    "soft_precision_at_recall",
    "soft_recall_at_precision",
    "soft_sensitivity_at_specificity",
    "soft_specificity_at_sensitivity",
]

# Of a step that is given by name. At a rate of 0.9 the threshold is log(9)/s
# below what is called positive, so a step as soft as for other losses would
# look far from where the decisions differ.
SHARPNESS = 1.0
# What all of them say in the same words.
_DOCUMENTED = {
    "{data}": """\
        y_true: Labels from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together.
        y_pred: Probabilities, or logits: floats of shape (n,) or
            (n, ..., classes).""",
    "{weights}": """\
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_pred` or one that broadcasts to it. A sample of weight 2 is the
            same as two samples.
        mask: Booleans of such a shape; elements where it is false count
            nowhere.""",
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
        from_logits: Whether `y_pred` holds logits.""",
    "{loss}": """\
        reduction: For `average=None`: `"sum_over_batch_size"` is the mean
            over classes (a skipped one adds 0), `"sum"` their sum, `"none"`
            one loss a class. A loss that is one number has nothing to reduce.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx. Narrower
            predictions are computed with in float32.""",
    "{errors}": """\
        ValueError: for an argument that is not allowed, shapes that do not
            match, predictions that are not floats, labels or probabilities
            outside [0, 1] or negative weights; the message says what came and
            what is allowed.
            (In a graph that XLA or another backend compiles, values can't be
            looked at: there the loss is NaN instead.)""",
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


def _public(thing):
    for key, text in _DOCUMENTED.items():
        for indent in (" " * 4, " " * 8):
            thing.__doc__ = thing.__doc__.replace(indent + key, text, 1)
    return keras.saving.register_keras_serializable("softkeras")(thing)


class _Constrained:
    """A rate at a constraint, how it is averaged, and the decision.

    Args:
        goal: The two rates.
        name, level: What the constraint is called, and how high it is.
        average, empty, step, sharpness, from_logits: as in the losses.

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
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
    ):
        self.goal = goal
        self.name = name
        self.level = _checks.probability(name, level)
        self.average = _checks.one_of("average", average, counts.AVERAGES)
        self.empty = _checks.one_of("empty", empty, averaging.EMPTY)
        if isinstance(step, str) and sharpness is None:
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

    def __call__(self, y_true, y_pred, sample_weight, mask):
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
            y_true, y_pred, sample_weight, mask, Labels()
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
                "labels from 0 to 1; map yours to 0 and 1 first",
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

    def get_config(self) -> dict:
        return {
            self.name: self.level,
            "average": self.average,
            "empty": self.empty,
            "step": steps.serialize(self.step),
            "from_logits": self.from_logits,
        }


class _ConstrainedLoss(keras.losses.Loss):
    """The loss of a `_Constrained`, whose class says which it is."""

    def __init__(self, constrained, reduction, name, dtype):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.constrained = constrained

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = _backend.get_keras_mask(y_pred)
        with keras.name_scope(self.name):
            y_pred = _checks.floating("y_pred", y_pred)
            y_pred = ops.cast(y_pred, self.dtype)
            loss = self.constrained(y_true, y_pred, sample_weight, mask)
            loss = ops.cast(loss, self.dtype)
            if not loss.shape or self.reduction in (None, "none"):
                return loss
            if self.reduction == "sum":
                return ops.sum(loss)
            return ops.mean(loss)

    def call(self, y_true, y_pred):
        return self.constrained(y_true, y_pred, None, None)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "dtype": self.dtype,
            **self.constrained.get_config(),
        }


@_public
def soft_precision_at_recall(
    y_true: Any,
    y_pred: Any,
    recall: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Any:
    """1 - soft precision, at the threshold with a recall that is given.

    Formula: 1 - tp(τ)/(tp(τ) + fp(τ)) with tp(τ) = Σ w·y·F(x - τ) and
    fp(τ) = Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ such that
    tp(τ)/Σ w·y is the recall. With step="hard", 1 - the highest precision of
    all thresholds whose recall is at least that, as in
    `keras.metrics.PrecisionAtRecall`.

    {gradient}

    Args:
        {data}
        recall: The recall, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_precision_at_recall
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_precision_at_recall(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.3333
    >>> round(float(soft_precision_at_recall(y_true, y_pred, 0.8)), 4)
    0.3913
    """
    constrained = _Constrained(
        _at_constraint.PRECISION_AT_RECALL,
        "recall",
        recall,
        average,
        empty,
        step,
        sharpness,
        from_logits,
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
def soft_recall_at_precision(
    y_true: Any,
    y_pred: Any,
    precision: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Any:
    """1 - soft recall, at the threshold with a precision that is given.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), fp(τ) =
    Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ the smallest with
    tp(τ)/(tp(τ) + fp(τ)) equal to the precision. With step="hard", 1 - the
    highest recall of all thresholds whose precision is at least that, as in
    `keras.metrics.RecallAtPrecision`, and 1 where there is none.

    The precision need not rise with τ, so 64 thresholds are tried, from all
    called positive on, and the first root lies before the first of them at
    which it is reached. Where it is not reached at a recall of 0.1 or more
    (such as at the start of a training) the loss is 1 - 0.1·P/precision, P
    being the precision at the recall 0.1: it joins the other without a jump,
    and trains towards where the precision is reached. Where calling all
    positive is precise enough, loss and gradient are 0.

    {gradient}

    Args:
        {data}
        precision: The precision, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_recall_at_precision
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_recall_at_precision(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_recall_at_precision(y_true, y_pred, 0.8)), 4)
    0.7593
    """
    constrained = _Constrained(
        _at_constraint.RECALL_AT_PRECISION,
        "precision",
        precision,
        average,
        empty,
        step,
        sharpness,
        from_logits,
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
def soft_sensitivity_at_specificity(
    y_true: Any,
    y_pred: Any,
    specificity: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Any:
    """1 - soft sensitivity, at the threshold with a specificity that is given.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), F the step on
    the log-odds x, and τ such that Σ w·(1 - y)·(1 - F(x - τ))/Σ w·(1 - y) is
    the specificity. With step="hard", 1 - the highest sensitivity of all
    thresholds whose specificity is at least that, as in
    `keras.metrics.SensitivityAtSpecificity`.

    {gradient}

    Args:
        {data}
        specificity: The specificity, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_sensitivity_at_specificity
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_sensitivity_at_specificity(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_sensitivity_at_specificity(y_true, y_pred, 0.8)), 4)
    0.5143
    """
    constrained = _Constrained(
        _at_constraint.SENSITIVITY_AT_SPECIFICITY,
        "specificity",
        specificity,
        average,
        empty,
        step,
        sharpness,
        from_logits,
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
def soft_specificity_at_sensitivity(
    y_true: Any,
    y_pred: Any,
    sensitivity: float,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    average: str | None = "macro",
    empty: str = "skip",
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Any:
    """1 - soft specificity, at the threshold with a sensitivity that is given.

    Formula: Σ w·(1 - y)·F(x - τ)/Σ w·(1 - y), F the step on the log-odds x,
    and τ such that Σ w·y·F(x - τ)/Σ w·y is the sensitivity. With step="hard",
    1 - the highest specificity of all thresholds whose sensitivity is at least
    that, as in `keras.metrics.SpecificityAtSensitivity`.

    {gradient}

    Args:
        {data}
        sensitivity: The sensitivity, in (0, 1).
        {weights}
        {decision}

    Returns:
        The loss, a scalar from 0 to 1; with `average=None` one a class.

    Raises:
        {errors}

    {reference}

    Example:

    >>> from softkeras.losses import soft_specificity_at_sensitivity
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = soft_specificity_at_sensitivity(y_true, y_pred, 0.8, step="hard")
    >>> round(float(loss), 4)
    0.5
    >>> round(float(soft_specificity_at_sensitivity(y_true, y_pred, 0.8)), 4)
    0.5143
    """
    constrained = _Constrained(
        _at_constraint.SPECIFICITY_AT_SENSITIVITY,
        "sensitivity",
        sensitivity,
        average,
        empty,
        step,
        sharpness,
        from_logits,
    )
    return constrained(y_true, y_pred, sample_weight, mask)


@_public
class SoftPrecisionAtRecall(_ConstrainedLoss):
    """1 - soft precision at a given recall, as a Keras loss.

    Formula: 1 - tp(τ)/(tp(τ) + fp(τ)) with tp(τ) = Σ w·y·F(x - τ) and
    fp(τ) = Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ such that
    tp(τ)/Σ w·y is the recall. With step="hard", 1 - the highest precision of
    all thresholds whose recall is at least that, as in
    `keras.metrics.PrecisionAtRecall`.

    {gradient}

    Args:
        recall: The recall, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_precision_at_recall`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftPrecisionAtRecall
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftPrecisionAtRecall(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftPrecisionAtRecall(recall=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.3333
    """

    def __init__(
        self,
        recall: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_precision_at_recall",
        dtype: Any = None,
    ):
        constrained = _Constrained(
            _at_constraint.PRECISION_AT_RECALL,
            "recall",
            recall,
            average,
            empty,
            step,
            sharpness,
            from_logits,
        )
        super().__init__(constrained, reduction, name, dtype)


@_public
class SoftRecallAtPrecision(_ConstrainedLoss):
    """1 - soft recall at a given precision, as a Keras loss.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), fp(τ) =
    Σ w·(1 - y)·F(x - τ), F the step on the log-odds x, and τ the smallest with
    tp(τ)/(tp(τ) + fp(τ)) equal to the precision. With step="hard", 1 - the
    highest recall of all thresholds whose precision is at least that, as in
    `keras.metrics.RecallAtPrecision`, and 1 where there is none.

    The precision need not rise with τ, so 64 thresholds are tried, from all
    called positive on, and the first root lies before the first of them at
    which it is reached. Where it is not reached at a recall of 0.1 or more
    (such as at the start of a training) the loss is 1 - 0.1·P/precision, P
    being the precision at the recall 0.1: it joins the other without a jump,
    and trains towards where the precision is reached. Where calling all
    positive is precise enough, loss and gradient are 0.

    {gradient}

    Args:
        precision: The precision, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_recall_at_precision`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftRecallAtPrecision
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftRecallAtPrecision(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftRecallAtPrecision(precision=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        precision: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_recall_at_precision",
        dtype: Any = None,
    ):
        constrained = _Constrained(
            _at_constraint.RECALL_AT_PRECISION,
            "precision",
            precision,
            average,
            empty,
            step,
            sharpness,
            from_logits,
        )
        super().__init__(constrained, reduction, name, dtype)


@_public
class SoftSensitivityAtSpecificity(_ConstrainedLoss):
    """1 - soft sensitivity at a given specificity, as a Keras loss.

    Formula: 1 - tp(τ)/Σ w·y with tp(τ) = Σ w·y·F(x - τ), F the step on
    the log-odds x, and τ such that Σ w·(1 - y)·(1 - F(x - τ))/Σ w·(1 - y) is
    the specificity. With step="hard", 1 - the highest sensitivity of all
    thresholds whose specificity is at least that, as in
    `keras.metrics.SensitivityAtSpecificity`.

    {gradient}

    Args:
        specificity: The specificity, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_sensitivity_at_specificity`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftSensitivityAtSpecificity
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftSensitivityAtSpecificity(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftSensitivityAtSpecificity(specificity=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        specificity: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_sensitivity_at_specificity",
        dtype: Any = None,
    ):
        constrained = _Constrained(
            _at_constraint.SENSITIVITY_AT_SPECIFICITY,
            "specificity",
            specificity,
            average,
            empty,
            step,
            sharpness,
            from_logits,
        )
        super().__init__(constrained, reduction, name, dtype)


@_public
class SoftSpecificityAtSensitivity(_ConstrainedLoss):
    """1 - soft specificity at a given sensitivity, as a Keras loss.

    Formula: Σ w·(1 - y)·F(x - τ)/Σ w·(1 - y), F the step on the log-odds x,
    and τ such that Σ w·y·F(x - τ)/Σ w·y is the sensitivity. With step="hard",
    1 - the highest specificity of all thresholds whose sensitivity is at least
    that, as in `keras.metrics.SpecificityAtSensitivity`.

    {gradient}

    Args:
        sensitivity: The sensitivity, in (0, 1).
        {decision}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in the function
    `soft_specificity_at_sensitivity`; the mask is the one that Keras
    attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar (see `reduction`).

    Raises:
        {errors}

    {reference}

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftSpecificityAtSensitivity
    >>> model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    >>> model.compile(optimizer="adam", loss=SoftSpecificityAtSensitivity(0.8))
    >>> y_true, y_pred = [0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.4, 0.9]
    >>> loss = SoftSpecificityAtSensitivity(sensitivity=0.8, step="hard")
    >>> round(float(loss(y_true, y_pred)), 4)
    0.5
    """

    def __init__(
        self,
        sensitivity: float,
        average: str | None = "macro",
        empty: str = "skip",
        step: Any = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_specificity_at_sensitivity",
        dtype: Any = None,
    ):
        constrained = _Constrained(
            _at_constraint.SPECIFICITY_AT_SENSITIVITY,
            "sensitivity",
            sensitivity,
            average,
            empty,
            step,
            sharpness,
            from_logits,
        )
        super().__init__(constrained, reduction, name, dtype)
