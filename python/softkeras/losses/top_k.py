"""Top-k accuracy as a loss: the right class among the k highest."""

from __future__ import annotations

from typing import Any

from softkeras import _checks
from softkeras._ops import ops
from softkeras._pairs import Comparison, above, top_share
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses._empty import is_empty, no_losses
from softkeras.losses._named import register
from softkeras.losses._ranking_loss import (
    LOSS_ARGUMENTS,
    STEP_ARGUMENTS,
    RankingLoss,
    count,
    documented,
    probable,
    weights,
)
from softkeras.scores import averaging
from softkeras.steps import StepLike

__all__ = ["SoftTopKAccuracy", "soft_top_k_accuracy"]

_documented = documented(
    step=STEP_ARGUMENTS.format(
        logits=": the\n            same loss as on their softmax",
    ),
    loss=LOSS_ARGUMENTS.format(
        reduction="As in Keras; the loss is one number, so there is\n"
        "            nothing to reduce"
    ),
)


@register
@_documented
def soft_top_k_accuracy(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    *,
    k: int = 5,
    sparse: bool = False,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    from_logits: bool = False,
) -> Tensor:
    """1 - top-k accuracy: how often the right class is among the k highest.

    Formula: 1 - Σ w·φ_y/Σ w, where φ_j = H(x_j - τ) is the share of class j
    that is among the top k of its sample, τ such that Σ φ = k over the classes;
    x are the log-probabilities or logits, H(d) = σ(s·d) or another step. This
    is one soft decision, with the threshold where exactly k classes are called,
    and not a step of a soft rank, which would soften twice.

    Gradient: with h = H'(x - τ), -w·h_y·(δ_yj - h_j/Σ h)/Σ w: the right class
    is lifted, and those at the edge, which compete with it, are pushed down.
    Exactly 0 if there are k classes or less.

    Args:
        y_true: One-hot labels of the shape of `y_pred` (the highest counts), or
            with `sparse` class ids from 0 on, of the shape of `y_pred` without
            its last axis; (n,) and (n, 1) go together.
        y_pred: Probabilities, or logits: floats of shape (n, ..., classes).
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_pred` without the classes, or one that broadcasts to it.
        mask: Booleans of such a shape; where it is false nothing counts.
        k: How many classes are in the top, 1 or more; with all of them in it
            the loss is 0.
        sparse: Whether `y_true` holds class ids.
        {step}

    Returns:
        The loss, a scalar from 0 to 1; 0 if nothing counts. With step="hard" it
        is 1 - `keras.metrics.TopKCategoricalAccuracy`, or with `sparse` 1 -
        `SparseTopKCategoricalAccuracy`, in which a class that is tied with the
        k-th is in; softly, ties share.

    Raises:
        {errors}

    Reference: Blondel, Martins & Niculae, Learning with Fenchel-Young losses,
    https://arxiv.org/abs/1901.02324, for φ as the regularized choice of k;
    Berrada, Zisserman & Kumar, Smooth loss functions for deep top-k
    classification, https://arxiv.org/abs/1802.07595, for why it must be smooth.

    Example:

    >>> from softkeras.losses import soft_top_k_accuracy
    >>> y_true, y_pred = [2, 0], [[0.1, 0.5, 0.4], [0.2, 0.5, 0.3]]
    >>> options = {"k": 2, "sparse": True}
    >>> float(soft_top_k_accuracy(y_true, y_pred, step="hard", **options))
    0.5
    """
    losses, counting = top_k_losses(
        y_true,
        y_pred,
        sample_weight,
        mask,
        k=k,
        sparse=sparse,
        step=step,
        sharpness=sharpness,
        from_logits=from_logits,
    )
    return averaging.mean(losses, counting, 0.0)


def top_k_losses(
    y_true,
    y_pred,
    sample_weight,
    mask,
    *,
    k=5,
    sparse=False,
    step="sigmoid",
    sharpness=None,
    from_logits=False,
    relative=True,
) -> tuple[Any, Any]:
    """The losses of the rows, and their weights in the mean.

    Args:
        relative: Whether the weights may be divided by the largest.
    """
    k = count("k", k)
    _checks.boolean("from_logits", from_logits)
    compare = Comparison(step, sharpness)
    prediction = _checks.floating("y_pred", y_pred)
    shape = tuple(prediction.shape)
    if len(shape) < 2 or shape[-1] == 1:
        raise ValueError(
            "`y_pred` must have the shape (n, ..., classes), of two classes or "
            f"more. Received: y_pred of shape {shape}"
        )
    if is_empty(prediction):
        return no_losses(prediction)
    weight = weights(sample_weight, mask, prediction[..., 0], relative=relative)
    if weight is not None:
        prediction = ops.where(weight[..., None] > 0, prediction, 0.5)
    prediction = probable(prediction, from_logits)
    read = _read_ids if _checks.boolean("sparse", sparse) else _read_one_hot
    chosen = read(y_true, prediction, weight)
    if weight is None:
        weight = ops.ones_like(chosen[..., 0])
    classes = ops.shape(prediction)[-1]

    def evaluate(compare):
        x = compare.line(prediction, from_logits, classes=True)
        x = ops.reshape(x, (-1, classes))
        own = ops.reshape(chosen, ops.shape(x))
        if compare.is_hard:
            mine = ops.sum(ops.where(own > 0, x, 0.0), axis=-1, keepdims=True)
            higher = ops.sum(above(x, mine), axis=-1)
            right = ops.cast(higher < k, x.dtype)
            right = right + 0 * ops.sum(own + x, axis=-1)
        else:
            budget = ops.full_like(x[:, :1], k)
            share = top_share(x, ops.ones_like(x), budget, compare)
            right = ops.sum(own * share, axis=-1)
        return 1 - right

    return compare.evaluate(evaluate), ops.reshape(weight, (-1,))


def _read_one_hot(y_true, prediction, weight):
    label = _checks.labels(y_true, prediction)
    if weight is not None:
        label = ops.where(weight[..., None] > 0, label, 0.0)
    fine = _checks.within("y_true", label, 0, 1, "one-hot labels, from 0 to 1")
    classes = ops.shape(prediction)[-1]
    chosen = ops.one_hot(ops.argmax(label, axis=-1), classes, dtype=label.dtype)
    return chosen if fine is None else ops.where(fine, chosen, float("nan"))


def _read_ids(y_true, prediction, weight):
    ids = _checks.class_ids(y_true, prediction)
    if weight is not None:
        ids = ops.where(weight > 0, ids, 0)
    fine = _checks.in_classes(ids, prediction)
    dtype = _checks.wide(prediction.dtype)
    chosen = ops.one_hot(ids, ops.shape(prediction)[-1], dtype=dtype)
    if fine is None:
        return chosen
    return ops.where(fine[..., None], chosen, float("nan"))


@register
@_documented
class SoftTopKAccuracy(RankingLoss):
    """1 - top-k accuracy, softly, as a Keras loss.

    Formula: 1 - Σ w·φ_y/Σ w, φ being the share of a class that is among the top
    k of its sample, Σ φ = k over the classes. See `soft_top_k_accuracy`.

    Gradient: with h = H'(x - τ), -w·h_y·(δ_yj - h_j/Σ h)/Σ w.

    Args:
        k: How many classes are in the top, 1 or more; with all of them in it
            the loss is 0.
        sparse: Whether `y_true` holds class ids.
        {step}
        {loss}

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in
    `soft_top_k_accuracy`; the mask is the one that Keras attached to `y_pred`.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        {errors}

    Reference: Berrada, Zisserman & Kumar, Smooth loss functions for deep top-k
    classification, https://arxiv.org/abs/1802.07595.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftTopKAccuracy
    >>> model = keras.Sequential([keras.layers.Dense(9, "softmax")])
    >>> model.compile(optimizer="adam", loss=SoftTopKAccuracy(k=3, sparse=True))
    >>> y_true, y_pred = [2, 0], [[0.1, 0.5, 0.4], [0.2, 0.5, 0.3]]
    >>> loss = SoftTopKAccuracy(k=2, sparse=True, step="hard")
    >>> float(loss(y_true, y_pred))
    0.5
    """

    function = staticmethod(soft_top_k_accuracy)

    def __init__(
        self,
        k: int = 5,
        *,
        sparse: bool = False,
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str = "soft_top_k_accuracy",
        dtype: DTypeLike = None,
    ):
        super().__init__(
            Comparison(step, sharpness),
            from_logits,
            reduction,
            name,
            dtype,
            k=count("k", k),
            sparse=_checks.boolean("sparse", sparse),
        )
