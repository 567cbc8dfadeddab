"""Counts: the soft confusion matrix of a binary decision.

With y the label, d the (soft) decision and w the weight of an element,

    tp = Σ w·y·d    fp = Σ w·(1 - y)·d    fn = Σ w·y·(1 - d)
    tn = Σ w·(1 - y)·(1 - d)

which for hard decisions are the numbers of the confusion matrix.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from softkeras import _backend, _checks, _labels, steps
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.steps import StepLike

__all__ = ["Counts", "soft_counts"]

# The largest float32: a weight above it is infinite.
LARGEST = 3.4028235e38
# How far from [0, 1] a probability may lie: a sum of float16 shares does.
ROUNDING = 1e-3
AVERAGES = (None, "micro", "macro", "weighted", "samples")


class Counts(NamedTuple):
    """True positives, false positives, false negatives and true negatives.

    A named tuple of four tensors (or numbers) of one shape: `()` for one
    decision, `(classes,)` for one a class, `(samples,)` for one a sample.

    Args:
        tp: True positives, in units of the weights (1 an element without).
        fp: False positives.
        fn: False negatives.
        tn: True negatives.

    Example:

    >>> from softkeras.counts import Counts
    >>> Counts(tp=3.0, fp=1.0, fn=0.0, tn=6.0).fp
    1.0
    """

    tp: Tensor
    fp: Tensor
    fn: Tensor
    tn: Tensor


def soft_counts(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    threshold: float | None = 0.5,
    from_logits: bool = False,
    labels: tuple[float, float] = (0, 1),
    sparse: bool = False,
    ignore_class: int | None = None,
    axis: int | tuple[int, ...] | None = None,
) -> Counts:
    """The soft tp, fp, fn, tn of predictions.

    Formula: with d the step's decision on `y_pred`, tp = Σ w·y·d,
    fp = Σ w·(1 - y)·d, fn = Σ w·y·(1 - d), tn = Σ w·(1 - y)·(1 - d), the sums
    taken over `axis`.

    Gradient: that of the sums, times the density of the step; see
    `softkeras.steps.Step`. Sums are accumulated in float32 for narrower
    predictions.

    Args:
        y_true: Labels from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together.
        y_pred: Probabilities, or logits: floats, the last axis the classes
            unless there is only one axis.
        sample_weight: Weights >= 0: a number, or of the shape of the leading
            axes of `y_pred`, or of any shape that broadcasts to it.
        mask: Booleans of such a shape; elements where it is false count
            nowhere.
        step: Name, `softkeras.steps.Step`, configuration or callable.
        sharpness: If given, in place of the step's own sharpness.
        threshold: Where a probability becomes a 1, in (0, 1); `None` for the
            arg-max over the last axis.
        from_logits: Whether `y_pred` holds logits.
        labels: The numbers that stand for a negative and a positive label,
            such as (-1, 1).
        sparse: Whether `y_true` holds ids of classes from 0 on, of the shape
            of `y_pred` without its last axis.
        ignore_class: Labels of this number count nowhere: elements, or with
            `sparse` rows.
        axis: The axis or axes to sum over. Default: all but the last (all,
            if there is only one), so one entry a class.

    Returns:
        `Counts` of tensors.

    Raises:
        ValueError: for shapes that do not match, predictions that are not
            floats, labels or probabilities outside [0, 1], negative weights,
            or an unknown step. Values can't be looked at in a compiled
            graph; there the counts are NaN instead.

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.counts import soft_counts
    >>> counts = soft_counts([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1], step="hard")
    >>> [int(count) for count in counts]
    [1, 1, 1, 1]
    """
    read = _labels.get(labels, sparse, ignore_class)
    elements = read_elements(y_true, y_pred, sample_weight, mask, read)
    decide = Decision(
        steps.get(step, sharpness),
        threshold,
        _checks.boolean("from_logits", from_logits),
    )
    decide.check_classes(elements.prediction)
    if axis is None:
        return _count_classes(elements, decide)
    return _count(elements, decide, _axes(axis, elements.prediction))


def group_counts(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
    average: str | None,
    step: steps.Step,
    threshold: float | None,
    from_logits: bool,
    labels: _labels.Labels,
) -> tuple[Counts, Any]:
    """The counts whose scores an `average` takes the mean of.

    Args:
        average: `None`, `"macro"` and `"weighted"` need counts a class,
            `"micro"` all in one, `"samples"` one a sample.

    Returns:
        The `Counts`, and for `"samples"` the weight of each sample in that
        mean: the largest among its elements, so 0 if it is masked out; or
        `None` where all count alike.
    """
    elements = read_elements(y_true, y_pred, sample_weight, mask, labels)
    decide = Decision(step, threshold, from_logits)
    decide.check_classes(elements.prediction)
    shape = elements.prediction.shape
    if average == "micro":
        return _count(elements, decide, tuple(range(len(shape)))), None
    if average != "samples":
        return _count_classes(elements, decide), None
    if len(shape) < 2:
        raise ValueError(
            "average='samples' needs predictions of shape (samples, ..., "
            f"classes). Received: y_pred of shape {tuple(shape)}; with one "
            "output a sample, use average='macro'."
        )
    axis = tuple(range(1, len(shape)))
    weight = elements.weight
    if weight is not None:
        weight = ops.broadcast_to(weight, ops.shape(elements.prediction))
        weight = ops.max(weight, axis=axis, initial=0.0)
    return _count(elements, decide, axis), weight


class _Elements(NamedTuple):
    """What is counted, element by element."""

    label: Any
    prediction: Any
    weight: Any  # or None; of a shape that broadcasts to that of the others


def read_elements(y_true, y_pred, sample_weight, mask, labels) -> _Elements:
    prediction = _checks.floating("y_pred", y_pred)
    if not len(prediction.shape):
        raise ValueError(
            "`y_pred` must have one axis at least, of samples. Received: a "
            "single number; put it into a list."
        )
    weight = _weights(sample_weight, mask, prediction)
    label, counting = labels.read(y_true, prediction, weight)
    if counting is not None:
        counting = leading("y_true", counting, prediction)
        weight = counting if weight is None else weight * counting
    return _Elements(label, prediction, weight)


class Decision(NamedTuple):
    """The decision on predictions."""

    step: steps.Step
    threshold: float | None
    from_logits: bool

    def check_classes(self, prediction):
        shape = tuple(prediction.shape)
        if self.threshold is None and (len(shape) < 2 or shape[-1] == 1):
            raise ValueError(
                "`threshold=None` (arg-max) needs predictions of shape (n, "
                "..., classes) with two classes or more. Received: y_pred of "
                f"shape {shape}; give a threshold such as 0.5."
            )

    def __call__(self, prediction, fine=None) -> Tensor:
        """The decisions, NaN where `fine`, if given, does not hold."""
        probable = self._probable(prediction)
        if fine is None:
            fine = probable
        elif probable is not None:
            fine = ops.logical_and(fine, probable)
        if fine is not None:
            prediction = _spoilt(prediction, fine)
        decision = self.step(prediction, self.threshold, self.from_logits)
        if fine is not None and callable(self.step.shape):
            # Of a function of the user's a NaN may come out as a number.
            decision = ops.where(fine, decision, float("nan"))
        return decision

    def _probable(self, prediction):
        if self.from_logits:
            return None
        return _checks.within(
            "y_pred",
            prediction,
            -ROUNDING,
            1 + ROUNDING,
            "probabilities from 0 to 1; for logits, set from_logits=True",
            or_nan=True,
        )


def _spoilt(x, fine):
    """`x`, NaN where it is not fine; with the gradient of `x` everywhere.

    What is not fine makes the loss NaN, so its gradient is of no use, and XLA
    need not keep which elements those are.
    """
    spoil = ops.cast(ops.where(fine, 0.0, float("nan")), x.dtype)
    return x + ops.stop_gradient(spoil)


def _axes(axis, prediction):
    """`axis`, all of it axes of the predictions."""
    rank = len(prediction.shape)
    for each in axis if isinstance(axis, (tuple, list)) else (axis,):
        if not -rank <= each < rank:
            raise ValueError(
                f"`axis` must be of the {rank} axes of y_pred, counted from 0 "
                f"or from -1 at the end. Received: axis={axis}"
            )
    return axis


def _weights(sample_weight, mask, prediction):
    """The product of both, in float32 at least, or None."""
    parts = []
    if sample_weight is not None:
        parts.append(leading("sample_weight", sample_weight, prediction))
    if mask is not None:
        mask = ops.cast(mask, "bool")
        parts.append(leading("mask", mask, prediction))
    return math.prod(parts) if parts else None


def leading(name, values, prediction):
    """`values` with axes of size 1 behind, up to the predictions' rank."""
    values = _checks.tensor(name, values, _checks.wide(prediction.dtype))
    shape, wanted = tuple(values.shape), tuple(prediction.shape)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        values = ops.squeeze(values, axis=-1)
    for _ in range(len(wanted) - len(shape)):
        values = ops.expand_dims(values, axis=-1)
    if not _checks.fits(tuple(values.shape), wanted, broadcast=True):
        raise ValueError(
            f"`{name}` must have the shape of the leading axes of `y_pred`, or "
            f"one that broadcasts to it. Received: {name} of shape {shape}, "
            f"y_pred of shape {wanted}."
        )
    return values


def _count_classes(elements: _Elements, decide) -> Counts:
    """The counts of each class, the last axis if there are two or more."""
    shape = elements.prediction.shape
    if len(shape) < 2 or shape[-1] != 1:
        return _count(elements, decide, tuple(range(max(len(shape) - 1, 1))))
    # XLA sums a flat array several times faster than one of shape (n, 1).
    label, prediction, weight = elements
    if weight is not None:
        weight = ops.broadcast_to(weight, ops.shape(prediction))
        weight = ops.reshape(weight, (-1,))
    prediction = ops.reshape(prediction, (-1,))
    # Not to (-1,): that would undo the check of sizes in `labels`.
    label = ops.reshape(label, ops.shape(prediction))
    flat = _Elements(label, prediction, weight)
    counts = _count(flat, decide, 0)
    return Counts(*(ops.reshape(count, (1,)) for count in counts))


def _count(elements: _Elements, decide, axis) -> Counts:
    """The counts, in as few passes over the elements as there can be."""
    label, prediction, weight = elements
    if weight is not None:
        # An element that counts nowhere may hold anything, as padding does.
        if decide.threshold is not None:
            prediction = ops.where(weight > 0, prediction, 0.5)
        weight = ops.broadcast_to(weight, ops.shape(prediction))
        label = ops.where(weight > 0, label, 0.0)
    if weight is not None:
        fine = _checks.within(
            "sample_weight", weight, 0, LARGEST, "finite weights of 0 or more"
        )
        if fine is not None:
            weight = ops.where(fine, weight, float("nan"))
    fine = _checks.within(
        "y_true",
        label,
        0,
        1,
        _labels.ALLOWED,
    )
    decision = decide(prediction, fine)
    # NaN decisions make NaN of the other sums.
    sound = label if fine is None else ops.where(fine, label, float("nan"))
    if weight is None:
        tp, called = _sums(decision, label, axis=axis)
        n = ops.cast(ops.size(label) / ops.size(tp), tp.dtype)
        positive = ops.sum(sound, axis)
    else:
        tp, called = _sums(decision, label, weight, axis=axis)
        n = ops.sum(weight, axis)
        positive = ops.sum(weight * sound, axis)
    fp = _rest(called, tp)
    return Counts(tp, fp, _rest(positive, tp), _rest(n - positive, fp))


def _sums(decision, label, *weight, axis):
    """Σ weight·min(label, decision) and Σ weight·decision; no weight is 1.

    The minimum is the product where the label is 0 or 1, and right for labels
    between: the product would be largest for a decision of 1, not for that of
    the label. With the gradients in closed form, which takes fewer passes over
    memory than automatic differentiation does.
    """

    @differentiable
    def sums(decision, label, *weight):
        hits, called = ops.minimum(decision, label), decision
        if weight:
            hits, called = weight[0] * hits, weight[0] * called
        value = ops.stack(
            [
                ops.sum(hits, axis, keepdims=True),
                ops.sum(called, axis, keepdims=True),
            ]
        )

        def backward(upstream):
            of_hits, of_called = upstream[0], upstream[1]
            below = decision < label
            # Where both are 1 the slope is the product's, 1. (A choice between
            # two numbers takes fewer passes than a factor of 0 or 1.)
            rising = ops.logical_or(below, label >= 1)
            by_decision = _backend.plus_where(rising, of_hits, of_called)
            by_label = by_weight = None
            if _backend.may_need_gradient(label):
                by_label = ops.where(below, 0.0, of_hits)
            if not weight:
                return by_decision, by_label
            if by_label is not None:
                by_label = weight[0] * by_label
            if _backend.may_need_gradient(weight[0]):
                least = ops.minimum(decision, label)
                by_weight = of_hits * least + of_called * decision
            return weight[0] * by_decision, by_label, by_weight

        return value, backward

    result = sums(decision, label, *weight)
    return ops.squeeze(result[0], axis), ops.squeeze(result[1], axis)


def _rest(whole, part):
    """Whole - part, which rounding must not make negative."""
    rest = whole - part
    return rest + ops.stop_gradient(ops.maximum(rest, 0) - rest)
