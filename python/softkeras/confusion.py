"""The soft confusion matrix of decisions for one class of several."""

from __future__ import annotations

from typing import Any, NamedTuple

from softkeras import _checks, _labels, counts, steps
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.steps import StepLike

__all__ = ["soft_confusion_matrix"]

# A difference of two shares that is less is one of rounding.
ROUNDING = 1e-12


def soft_confusion_matrix(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Tensor:
    """The soft confusion matrix: label by row, decision by column.

    Formula: mᵢⱼ = Σ w·yᵢ·dⱼ over all rows of predictions, with d the softmax of
    s·log p (of s·logits), s the sharpness: p itself at s = 1. That is for a
    label of one class. Of shares, what they agree in is right, and the rest of
    the label is called like the rest of the decision: mᵢᵢ = Σ w·min(yᵢ, dᵢ),
    mᵢⱼ = Σ w·(yᵢ - dᵢ)⁺·(dⱼ - yⱼ)⁺/Σₖ (dₖ - yₖ)⁺. It is diagonal for d = y.

    Gradient: ∂mᵢⱼ/∂dⱼ = w·yᵢ of each row with a label of one class, times that
    of the softmax: ∂dⱼ/∂xₖ = s·dⱼ·([j = k] - dₖ) in the logits x.

    Args:
        y_true: Labels in the shape of `y_pred`: shares of the classes that add
            up to 1, such as one-hot rows; or class ids with `sparse`.
        y_pred: Probabilities of the classes along the last axis, or logits:
            floats of shape (n, ..., classes).
        sample_weight: Weights >= 0 of rows: a number, or of the shape of the
            leading axes of `y_pred`, its last axis excepted, or one that
            broadcasts to it.
        mask: Booleans of such a shape; rows where it is false count nowhere.
        step: `"sigmoid"`, `"hard"`, or a `softkeras.steps.Step` that goes with
            the arg-max.
        sharpness: If given, in place of the step's own.
        from_logits: Whether `y_pred` holds logits.
        sparse: Whether `y_true` holds ids of classes from 0 on, of the shape
            of `y_pred` without its last axis.
        ignore_class: With `sparse`, rows of this class count nowhere.

    Returns:
        A tensor of shape (classes, classes), in float32 at least. Where a
        device multiplies matrices in TF32, as GPUs may unless told not to,
        decisions times weights are rounded to 11 bits before they are summed;
        hard decisions without weights are exact all the same.

    Raises:
        ValueError: for shapes that do not match, predictions that are not
            floats, labels that do not add up to 1, negative weights, or a step
            that has no arg-max. Values can't be looked at in a compiled graph;
            there entries are NaN instead.

    Reference: scikit-learn's `confusion_matrix`; of soft decisions: Marchetti
    et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522; of shares: Silván-Cárdenas & Wang,
    Sub-pixel confusion-uncertainty matrix (MIN-PROD),
    https://doi.org/10.1016/j.rse.2007.07.017.

    Example:

    >>> import numpy as np
    >>> from softkeras import soft_confusion_matrix
    >>> p = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3]]
    >>> m = soft_confusion_matrix([0, 1, 2], p, sparse=True, step="hard")
    >>> np.array(m).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    """
    return confusion_matrix(
        y_true,
        y_pred,
        sample_weight,
        mask,
        get_step(step, sharpness),
        _checks.boolean("from_logits", from_logits),
        get_labels(sparse, ignore_class),
    )


def get_step(identifier: Any, sharpness: float | None) -> steps.Step:
    """The step, which must go with the arg-max."""
    step = steps.get(identifier, sharpness)
    step.check(None)
    return step


def get_labels(sparse: bool, ignore_class: int | None) -> _labels.Labels:
    """How labels are read: as shares, or as ids of which one may be ignored."""
    labels = _labels.get((0, 1), sparse, ignore_class)
    if ignore_class is not None and not sparse:
        raise ValueError(
            "`ignore_class` needs sparse=True, class ids as labels. Received: "
            f"ignore_class={ignore_class} with sparse=False; give a mask or "
            "weights of rows."
        )
    return labels


class Margins(NamedTuple):
    """What a confusion matrix says of each class, without which for which.

    As many numbers as classes each, where the matrix has their square.

    Args:
        hits: mᵢᵢ, called what they are.
        missed: Σⱼ mᵢⱼ, j ≠ i, of the class and called another.
        wrong: Σⱼ mⱼᵢ, j ≠ i, of another and called the class.
    """

    hits: Any
    missed: Any
    wrong: Any


def confusion_matrix(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
    step: steps.Step,
    from_logits: bool,
    labels: _labels.Labels,
) -> Tensor:
    """The soft confusion matrix; the arguments as they come out of checks."""
    label, decision, weight = _decided(
        y_true, y_pred, sample_weight, mask, step, from_logits, labels
    )
    if labels.sparse:
        # The weight on this side, because labels of 0 and 1 are exact in every
        # format that a device multiplies matrices in.
        return ops.matmul(ops.transpose(label), weight * decision)
    return _of_shares(label, decision, weight)


def margins(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
    step: steps.Step,
    from_logits: bool,
    labels: _labels.Labels,
) -> Margins:
    """The margins of the soft confusion matrix, which is not made for them."""
    label, decision, weight = _decided(
        y_true, y_pred, sample_weight, mask, step, from_logits, labels
    )
    agreed = label * decision
    if not labels.sparse:
        agreed = ops.where(_certain(label), agreed, _least(label, decision))
    return Margins(
        *(
            ops.sum(weight * part, axis=0)
            for part in (agreed, label - agreed, decision - agreed)
        )
    )


def _decided(
    y_true, y_pred, sample_weight, mask, step, from_logits, labels
) -> tuple[Any, Any, Any]:
    """Labels and decisions, (rows, classes), and the weights, (rows, 1)."""
    prediction = _checks.floating("y_pred", y_pred)
    shape = tuple(prediction.shape)
    if len(shape) < 2 or (shape[-1] or 0) < 2:
        raise ValueError(
            "A confusion matrix needs predictions of shape (n, ..., classes) "
            "with two classes or more, their number known when a graph is "
            f"built. Received: y_pred of shape {shape}; of one output a sample "
            "there are `soft_counts`, and losses of them such as SoftMatthews."
        )
    label, prediction, weight = _rows(
        y_true, prediction, sample_weight, mask, labels
    )
    decision = counts.Decision(step, None, from_logits)(prediction)
    return label, decision, weight


def _rows(y_true, prediction, sample_weight, mask, labels):
    """Labels, predictions and weights, (rows, classes) and (rows, 1)."""
    classes = prediction.shape[-1]
    weight = ops.ones_like(
        prediction[..., :1], dtype=_checks.wide(prediction.dtype)
    )
    if sample_weight is not None:
        weight = weight * _of_rows("sample_weight", sample_weight, prediction)
    if mask is not None:
        mask = ops.cast(mask, "bool")
        weight = weight * _of_rows("mask", mask, prediction)
    label, counting = labels.read(y_true, prediction, weight)
    if counting is not None:
        weight = weight * _of_rows("y_true", counting, prediction)
    weight = ops.reshape(weight, (-1, 1))
    label = ops.reshape(label, (-1, classes))
    prediction = ops.reshape(prediction, (-1, classes))
    counting = weight > 0
    label = ops.where(counting, label, 1 / classes)
    prediction = ops.where(counting, prediction, 1 / classes)
    fine = _checks.within(
        "sample_weight",
        weight,
        0,
        counts.LARGEST,
        "finite weights of 0 or more",
    )
    if fine is not None:
        weight = ops.where(fine, weight, float("nan"))
    if labels.sparse:
        return label, prediction, weight
    total = ops.sum(label, axis=-1, keepdims=True)
    for name, values, low, high, allowed in (
        ("y_true", label, 0, 1, "shares of classes from 0 to 1"),
        (
            "the sum of y_true over the classes",
            total,
            1 - counts.ROUNDING,
            1 + counts.ROUNDING,
            "1, as one-hot rows do; class ids need sparse=True",
        ),
    ):
        fine = _checks.within(name, values, low, high, allowed)
        if fine is not None:
            label = ops.where(fine, label, float("nan"))
    return label / total, prediction, weight


def _of_rows(name, values, prediction):
    """Weights of rows, with an axis of size 1 for the classes."""
    values = counts.leading(name, values, prediction)
    if values.shape[-1] != 1:
        raise ValueError(
            f"`{name}` must be of rows: of the shape of y_pred without its "
            f"last axis. Received: {name} of shape {tuple(values.shape)}, "
            f"y_pred of shape {tuple(prediction.shape)}."
        )
    return values


def diagonal(values):
    """A matrix with these finite values on its diagonal.

    ops.diag of Keras before 3.13 loses the shape in a TensorFlow graph.
    """
    return values[:, None] * ops.eye(values.shape[0], dtype=values.dtype)


def _certain(label):
    """Which rows have a label of one class."""
    return ops.any(label >= 1, axis=-1, keepdims=True)


def _least(label, decision):
    """The smaller of both; where they are equal, without a gradient."""
    return ops.where(decision < label, decision, label)


def _of_shares(label, decision, weight):
    """The matrix of labels that are shares of several classes, or one-hot."""
    certain = _certain(label)
    short, over = ops.relu(label - decision), ops.relu(decision - label)
    # The same number, but for rounding; so both quotients are at most 1, and
    # with them the gradient.
    rest = ops.maximum(
        ops.sum(short, axis=-1, keepdims=True),
        ops.sum(over, axis=-1, keepdims=True),
    )
    some = rest > ROUNDING
    short = ops.where(some, short, 0.0) / ops.where(some, rest, 1.0)
    agreed = _least(label, decision)
    rows = ops.where(certain, label, short)
    columns = weight * ops.where(certain, decision, over)
    agreed = ops.sum(weight * ops.where(certain, 0.0, agreed), axis=0)
    return ops.matmul(ops.transpose(rows), columns) + diagonal(agreed)
