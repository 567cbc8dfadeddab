"""The Keras loss of a whole batch, which all losses of counts and ranks are."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _backend, _checks, _replicas
from softkeras._gradients import widen
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.losses.weighted_sum import Arithmetic


class BatchLoss(Arithmetic, keras.losses.Loss):
    """A loss that does not fall apart into losses of samples.

    Keras multiplies the losses of samples by weights and masks; here they go
    into the loss. What is reduced is one loss a class, if there are several.

    Under a tf.distribute strategy `evaluate` gets the rows of all replicas. A
    loss that is made of sums sets `sums = True`: then it gets the rows of its
    own replica, and hands its sums to `softkeras._replicas.total`.
    """

    sums = False

    def evaluate(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None,
        mask: TensorLike | None,
    ) -> Tensor:
        """The loss of the batch: a scalar, or one a class."""
        raise NotImplementedError

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        mask = _backend.get_keras_mask(y_pred)
        with keras.name_scope(self.name):
            y_pred = _checks.floating("y_pred", y_pred)
            y_pred = ops.cast(widen(y_pred), self.dtype)
            rows = y_true, y_pred, sample_weight, mask
            loss = self.evaluate(*(rows if self.sums else gather_rows(*rows)))
            loss = _replicas.share(ops.cast(loss, self.dtype))
            if not loss.shape or self.reduction in (None, "none"):
                return loss
            if self.reduction == "sum":
                return ops.sum(loss)
            return ops.mean(loss)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.evaluate(y_true, y_pred, None, None)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dtype": self.dtype}


def gather_rows(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
) -> tuple[Any, Any, Any, Any]:
    """The rows of all replicas, where there are several."""
    if _replicas.count() == 1:
        return y_true, y_pred, sample_weight, mask
    y_true = _checks.tensor("y_true", y_true)
    rows = {"y_true": y_true, "y_pred": widen(y_pred)}
    for name, each in (("sample_weight", sample_weight), ("mask", mask)):
        each = None if each is None else _checks.tensor(name, each)
        # A number is the same for all rows.
        if each is not None and len(each.shape):
            shape = (ops.shape(y_pred)[0], *ops.shape(each)[1:])
            rows[name] = ops.broadcast_to(each, shape)
    whole = dict(zip(rows, _replicas.gather(list(rows.values()))))
    return (
        whole["y_true"],
        whole["y_pred"],
        whole.get("sample_weight", sample_weight),
        whole.get("mask", mask),
    )
