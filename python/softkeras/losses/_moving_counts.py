"""Moving counts: the counts of this batch and of those before it."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from softkeras import _backend, _replicas
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras.counts import Counts


class MovingCounts:
    """A bias-corrected exponential moving average of counts.

    Formula: with m the momentum and c the counts of the t-th batch, the sums
    are Sₜ = m·Sₜ₋₁ + (1 - m)·c and Wₜ = m·Wₜ₋₁ + (1 - m), and the average is
    c̄ = Sₜ/Wₜ, in units of one batch.

    Gradient: with respect to c the identity, not 1 - m. A score doesn't mind
    the scale of its counts, so its derivatives at the counts of B batches are
    1/B of those at their mean: the mean over B batches of the gradients that
    come from here is the gradient of the score of all of them in one, as far as
    c̄ is their mean.

    The sums are assigned in the backward pass. Only training has one, so
    evaluate() leaves them as they are.

    Args:
        name: Of the loss, for errors and variables.
        momentum: m.
    """

    def __init__(self, name: str, momentum: float):
        self.name = name
        self.momentum = momentum
        # Variables, from the first batch on.
        self.sums: Any = None
        self.weight: Any = None

    def __call__(self, counts: Counts) -> Counts:
        if keras.backend.backend() == "jax":
            raise ValueError(
                f"{self.name}: `momentum` above 0 needs a loss that keeps "
                "counts from batch to batch, and on JAX a training step can't "
                "keep anything in a loss. Use the TensorFlow or the torch "
                "backend, larger batches, or momentum=0. Received: "
                f"momentum={self.momentum}"
            )
        batch = ops.stack(counts)
        self._build(tuple(batch.shape), batch.dtype)
        old = _backend.read(ops.convert_to_tensor(self.sums))
        sums = self.momentum * old + (1 - self.momentum) * ops.stop_gradient(
            batch
        )
        old_weight = ops.convert_to_tensor(self.weight)
        weight = self.momentum * old_weight + (1 - self.momentum)
        # Else one batch that is not finite would spoil all that follow.
        sound = ops.all(ops.isfinite(sums))
        kept = ops.where(sound, sums, old)
        kept_weight = ops.where(sound, weight, old_weight)

        @differentiable
        def moving(batch):
            def backward(upstream):
                return _backend.after_assigning(
                    [(self.sums, kept), (self.weight, kept_weight)], upstream
                )

            return sums / weight, backward

        return Counts(*ops.unstack(moving(batch), 4))

    def _build(self, shape, dtype):
        if self.sums is None:
            if None in shape:
                raise ValueError(
                    f"{self.name}: `momentum` above 0 needs predictions with a "
                    "known number of classes. Received: counts of shape "
                    f"{shape[1:]}"
                )
            make = functools.partial(
                _replicas.variable, dtype=keras.backend.standardize_dtype(dtype)
            )
            self.sums = make(shape, name=f"{self.name}_sums")
            self.weight = make((), name=f"{self.name}_weight")
        elif tuple(self.sums.shape) != shape:
            raise ValueError(
                f"{self.name}: with `momentum` above 0, every batch must have "
                "the same classes. Received: a batch with counts of shape "
                f"{shape[1:]} after one of {tuple(self.sums.shape)[1:]}; use "
                "another loss object for another model or output."
            )
        if not _replicas.has_copies(self.sums):
            raise ValueError(
                f"{self.name}: with `momentum` above 0, replicas need a loss "
                "whose counts were made for their strategy. Received: one that "
                "was used outside of it; make another, and call its "
                "set_state() inside strategy.scope()."
            )

    def reset(self) -> None:
        if self.sums is not None:
            self.sums.assign(ops.zeros_like(self.sums))
            self.weight.assign(ops.zeros_like(self.weight))

    def get_state(self) -> dict[str, Any]:
        if self.sums is None:
            return {}
        return {
            "sums": ops.convert_to_numpy(self.sums),
            "weight": ops.convert_to_numpy(self.weight),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        if not state:
            self.reset()
            return
        sums = np.asarray(state["sums"])
        self._build(sums.shape, sums.dtype)
        self.sums.assign(sums)
        self.weight.assign(state["weight"])
