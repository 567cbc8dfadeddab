"""The Keras loss of a whole batch, which all losses of counts and ranks are."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _backend, _checks
from softkeras._backend import ops
from softkeras.losses.weighted_sum import Arithmetic


class BatchLoss(Arithmetic, keras.losses.Loss):
    """A loss that does not fall apart into losses of samples.

    Keras multiplies the losses of samples by weights and masks; here they go
    into the loss. What is reduced is one loss a class, if there are several.
    """

    def evaluate(
        self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any
    ) -> Any:
        """The loss: a scalar, or one a class."""
        raise NotImplementedError

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = _backend.get_keras_mask(y_pred)
        with keras.name_scope(self.name):
            y_pred = _checks.floating("y_pred", y_pred)
            y_pred = ops.cast(y_pred, self.dtype)
            loss = self.evaluate(y_true, y_pred, sample_weight, mask)
            loss = ops.cast(loss, self.dtype)
            if not loss.shape or self.reduction in (None, "none"):
                return loss
            if self.reduction == "sum":
                return ops.sum(loss)
            return ops.mean(loss)

    def call(self, y_true, y_pred):
        return self.evaluate(y_true, y_pred, None, None)

    def get_config(self) -> dict:
        return {**super().get_config(), "dtype": self.dtype}
