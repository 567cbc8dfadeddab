"""The soft confusion matrix of decisions for one class of several."""

from __future__ import annotations

from typing import Any

from softkeras import _checks, _labels, counts, steps
from softkeras._backend import ops

__all__ = ["soft_confusion_matrix"]


def soft_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    step: Any = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
    sparse: bool = False,
    ignore_class: int | None = None,
) -> Any:
    """The soft confusion matrix: label by row, decision by column.

    Formula: mᵢⱼ = Σ w·yᵢ·dⱼ over all rows of predictions, with d the softmax of
    s·log p (of s·logits), s the sharpness: p itself at s = 1.

    Gradient: ∂mᵢⱼ/∂dⱼ = w·yᵢ for each row, by the softmax's.

    Args:
        y_true: Labels in the shape of `y_pred`: shares of the classes that add
            up to 1, such as one-hot rows; or class ids with `sparse`.
        y_pred: Probabilities of the classes along the last axis, or logits:
            floats of shape (n, ..., classes).
        sample_weight: Weights >= 0 of rows: a number, or of the shape of
            `y_pred` without its last axis, or one that broadcasts to it.
        mask: Booleans of such a shape; rows where it is false count nowhere.
        step: `"sigmoid"`, `"hard"`, or a `softkeras.steps.Step` that goes with
            the arg-max.
        sharpness: If given, in place of the step's own.
        from_logits: Whether `y_pred` holds logits.
        sparse: Whether `y_true` holds ids of classes from 0 on, of the shape
            of `y_pred` without its last axis.
        ignore_class: With `sparse`, rows of this class count nowhere.

    Returns:
        A tensor of shape (classes, classes), in float32 at least.

    Raises:
        ValueError: for shapes that do not match, predictions that are not
            floats, labels that do not add up to 1, negative weights, or a step
            that has no arg-max. Values can't be looked at in a compiled graph;
            there entries are NaN instead.

    Reference: scikit-learn's `confusion_matrix`; of soft decisions: Marchetti
    et al., Score-oriented loss functions, https://arxiv.org/abs/2103.15522.

    Example:

    >>> import numpy as np
    >>> from softkeras import soft_confusion_matrix
    >>> p = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3]]
    >>> m = soft_confusion_matrix([0, 1, 2], p, sparse=True, step="hard")
    >>> np.array(m).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if ignore_class is not None and not sparse:
        raise ValueError(
            "`ignore_class` needs sparse=True, class ids as labels. "
            f"Received: ignore_class={ignore_class!r} with sparse=False."
        )
    decide = counts.Decision(
        steps.get(step, sharpness),
        None,
        _checks.boolean("from_logits", from_logits),
    )
    decide.step.check(None)
    label, prediction, weight = counts.read_elements(
        y_true,
        y_pred,
        sample_weight,
        mask,
        _labels.get((0, 1), sparse, ignore_class),
    )
    decide.check_classes(prediction)
    classes = prediction.shape[-1]
    if weight is None:
        weight = ops.ones_like(prediction[..., :1])
    elif weight.shape[-1] != 1:
        raise ValueError(
            "Weights and masks are of rows: of the shape of y_pred without its "
            f"last axis. Received: weights that broadcast to {weight.shape} "
            f"with y_pred of shape {tuple(prediction.shape)}."
        )
    shape = ops.shape(prediction[..., :1])
    weight = ops.reshape(ops.broadcast_to(weight, shape), (-1, 1))
    label = ops.reshape(label, (-1, classes))
    prediction = ops.reshape(prediction, (-1, classes))
    # A row that counts nowhere may hold anything, as padding does.
    counting = weight > 0
    label = ops.where(counting, label, 1 / classes)
    prediction = ops.where(counting, prediction, 1 / classes)
    for name, values, low, high, allowed in (
        (
            "sample_weight",
            weight,
            0,
            counts.LARGEST,
            "finite weights of 0 or more",
        ),
        ("y_true", label, 0, 1, "shares of classes from 0 to 1"),
        (
            "the sum of y_true over the classes",
            ops.sum(label, axis=-1, keepdims=True),
            1 - counts.ROUNDING,
            1 + counts.ROUNDING,
            "1, as one-hot rows do; class ids need sparse=True",
        ),
    ):
        fine = _checks.within(name, values, low, high, allowed)
        if fine is not None:
            label = ops.where(fine, label, float("nan"))
    return ops.matmul(ops.transpose(weight * label), decide(prediction))
