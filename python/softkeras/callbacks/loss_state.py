"""Lets losses keep a state."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _state
from softkeras.callbacks._losses import losses_of
from softkeras.losses.warm_up import WarmUp

__all__ = ["LossState"]


class LossState(keras.callbacks.Callback):
    """Lets losses keep a state: `WarmUp` its steps, also on JAX.

    On JAX a compiled training step returns the state of the model and drops
    what a loss has counted, so this makes the variables of all losses part of
    the model's state; they are no weights and are not saved with them. With
    every backend it tells `WarmUp(epochs=...)` how many batches an epoch has.
    Otherwise it does nothing.

    Gradient: none of its own; it changes which loss is in force.

    Raises:
        ValueError: when training starts, for `WarmUp(epochs=...)` if the
            number of batches of an epoch is not known.

    Reference: `softkeras.losses.WarmUp`, whose state it keeps.

    Example:

    >>> import keras, numpy as np
    >>> from softkeras.callbacks import LossState
    >>> from softkeras.losses import SoftFBeta, WarmUp
    >>> model = keras.Sequential([keras.layers.Dense(1, "sigmoid")])
    >>> loss = WarmUp("binary_crossentropy", SoftFBeta(), epochs=2)
    >>> model.compile("adam", loss=loss)
    >>> x, y = np.ones((8, 2), "float32"), np.ones(8, "float32")
    >>> history = model.fit(
    ...     x, y, batch_size=4, verbose=0, callbacks=[LossState()]
    ... )
    >>> loss.steps  # 2 epochs of 2 batches, of which one epoch is done
    2
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        for loss in losses_of(self.model):
            if isinstance(loss, WarmUp) and loss.epochs is not None:
                batches = self.params.get("steps")
                if not batches:
                    raise ValueError(
                        "How many batches an epoch has is not known, so "
                        f"WarmUp(epochs={loss.epochs:g}) can't be counted. "
                        "Give fit() steps_per_epoch, or WarmUp steps."
                    )
                loss.count_epochs_by(batches)
            _state.join_state(self.model, getattr(loss, "variables", ()))
