"""Rankings side by side: of labels, of samples, or one of all elements."""

from __future__ import annotations

from softkeras import _checks
from softkeras._ops import ops
from softkeras.counts import AVERAGES, leading
from softkeras.losses._ranking_loss import Elements, sound, weights
from softkeras.scores import averaging


class Rows:
    """Rankings side by side, (rows, n) each.

    Args:
        elements: `Elements` of any shape.
        average: Says what is a ranking: a label's elements, a sample's, or all.
    """

    def __init__(self, elements: Elements, average: str | None):
        self.average = average
        self.is_one = len(elements.prediction.shape) == 1
        label, self.prediction, weight = (
            None if values is None else self._laid_out(values)
            for values in elements
        )
        if weight is None:
            weight = ops.ones_like(label)
        self.positive, self.negative = weight * label, weight * (1 - label)
        self.positives = ops.sum(self.positive, axis=-1)
        self.negatives = ops.sum(self.negative, axis=-1)
        self.weight = ops.max(weight, axis=-1)

    def _laid_out(self, values):
        if self.average == "micro" or self.is_one:
            return ops.reshape(values, (1, -1))
        if self.average == "samples":
            return ops.reshape(values, (ops.shape(values)[0], -1))
        values = ops.reshape(values, (-1, ops.shape(values)[-1]))
        return ops.transpose(values)

    def mean(self, losses, vacant, empty):
        """The mean of the rankings' losses, or all of them."""
        losses = ops.where(vacant, 1.0 if empty == "zero" else 0.0, losses)
        if self.average is None:
            return ops.reshape(losses, ()) if self.is_one else losses
        alike = ops.ones_like(losses)
        if empty == "skip":
            alike = ops.where(vacant, 0.0, alike)
        if self.average == "samples":
            return averaging.mean(losses, alike * self.weight, 0.0)
        if self.average == "weighted":
            support = alike * self.positives
            alike = ops.where(ops.sum(support) > 0, support, alike)
        return averaging.mean(losses, alike, 0.0)


def read_rows(
    y_true, y_pred, sample_weight, mask, average, from_logits, labels
):
    _checks.one_of("average", average, AVERAGES)
    _checks.boolean("from_logits", from_logits)
    prediction = _checks.floating("y_pred", y_pred)
    rank = len(prediction.shape)
    if rank < (2 if average == "samples" else 1):
        raise ValueError(
            "`y_pred` must have an axis of samples, and with "
            "average='samples' one of labels behind it. Received: y_pred of "
            f"shape {tuple(prediction.shape)}, average={average!r}"
        )
    weight = weights(sample_weight, mask, prediction)
    label, counting = labels.read(y_true, prediction, weight)
    if counting is not None:
        counting = leading("y_true", counting, prediction)
        counting = ops.broadcast_to(counting, ops.shape(prediction))
        weight = counting if weight is None else weight * counting
    elements = sound(label, prediction, weight, from_logits)
    return Rows(elements, average)
