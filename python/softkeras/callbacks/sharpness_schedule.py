"""Changes the sharpness of losses during training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from softkeras import _checks, _state, steps
from softkeras.callbacks._losses import losses_of

__all__ = ["SharpnessSchedule"]


def _linear(start, end, progress):
    return start + (end - start) * progress


def _cosine(start, end, progress):
    return start + (end - start) * (1 - math.cos(math.pi * progress)) / 2


def _exponential(start, end, progress):
    return start * (end / start) ** progress


SCHEDULES = {
    "linear": _linear,
    "cosine": _cosine,
    "exponential": _exponential,
}


class SharpnessSchedule(keras.callbacks.Callback):
    """Changes the sharpness of a model's losses during training.

    Softly at first, where every prediction has a gradient, and then closer to
    the hard decision that is judged. The sharpness becomes a variable that the
    compiled step reads, so nothing is traced anew but once when training
    starts, if the model had been trained without a schedule.

    Formula: with progress from 0 in the first epoch (or batch) after the
    warm-up to 1 in the last one, s = start + (end - start)·progress
    (`"linear"`), start + (end - start)·(1 - cos(π·progress))/2 (`"cosine"`),
    start·(end/start)^progress (`"exponential"`), or a function of progress.

    Gradient: that of the steps, at the sharpness of the moment; validation has
    the same. `logs`, and so the history, show it as `"sharpness"`.

    After training the losses keep the last sharpness: `get_config()` gives it,
    and a saved model has it.

    Args:
        start: Sharpness at first, above 0 and finite.
        end: Sharpness in the last epoch (or batch).
        schedule: `"linear"`, `"cosine"`, `"exponential"`, or a function of the
            progress from 0 to 1 that gives the sharpness, without `start` and
            `end`.
        warm_up: How many epochs `start` stays before the schedule begins; with
            `update="batch"` also a fraction.
        update: `"epoch"` or `"batch"`. With `steps_per_execution` batches
            share the sharpness of the first one that is run with them.
        layers: In place of the losses: names of layers of the model whose
            sharpness is changed, such as `SoftStep`.

    Raises:
        ValueError: for what is not allowed; when training starts also for a
            model without a soft step, a sharpness below the one that an
            anchored step needs, or as many epochs of warm-up as of training.

    Reference: Hinton's lectures on neural networks, 9, and Raiko et al.,
    https://arxiv.org/abs/1406.2989, for hard units that harden in training.

    Example:

    >>> import keras, numpy as np
    >>> from softkeras.callbacks import SharpnessSchedule
    >>> from softkeras.losses import SoftFBeta
    >>> model = keras.Sequential([keras.layers.Dense(1, "sigmoid")])
    >>> model.compile("adam", loss=SoftFBeta())
    >>> x, y = np.ones((8, 2), "float32"), np.ones(8, "float32")
    >>> schedule = SharpnessSchedule(start=0.25, end=1.0, schedule="linear")
    >>> history = model.fit(
    ...     x, y, epochs=4, verbose=0, callbacks=[schedule]
    ... )
    >>> history.history["sharpness"]
    [0.25, 0.5, 0.75, 1.0]
    """

    def __init__(
        self,
        start: float | None = None,
        end: float | None = None,
        schedule: str | Callable[[float], float] = "linear",
        *,
        warm_up: float = 0,
        update: str = "epoch",
        layers: Sequence[str] | None = None,
    ):
        super().__init__()
        if callable(schedule):
            if start is not None or end is not None:
                raise ValueError(
                    "A schedule that is a function gives the sharpness itself. "
                    f"Received: start={start!r} and end={end!r}; leave them "
                    "out."
                )
        else:
            _checks.one_of("schedule", schedule, tuple(SCHEDULES))
            start, end = _sharpness("start", start), _sharpness("end", end)
        self.start, self.end, self.schedule = start, end, schedule
        self.warm_up = _checks.finite("warm_up", warm_up)
        if self.warm_up < 0:
            raise ValueError(
                f"`warm_up` must be 0 or more. Received: warm_up={warm_up!r}"
            )
        self.update = _checks.one_of("update", update, ("epoch", "batch"))
        if isinstance(layers, str):
            layers = [layers]
        self.layers = layers
        self._variables: list[keras.Variable] = []
        self._holders: list[Any] = []
        self._epoch = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        epochs, batches = self.params["epochs"], self.params.get("steps")
        if self.warm_up >= epochs:
            raise ValueError(
                "`warm_up` must be less than the epochs of training. "
                f"Received: warm_up={self.warm_up:g} and epochs={epochs}"
            )
        if self.update == "batch" and not batches:
            raise ValueError(
                "How many batches an epoch has is not known, so the sharpness "
                "can't follow them. Give fit() steps_per_epoch, or use "
                "update='epoch'."
            )
        self._per_epoch = batches if self.update == "batch" else 1
        self._holders = self._find_holders()
        for progress in {self._progress(e, 0) for e in range(epochs)} | {1.0}:
            self._check(self._value(progress))
        self._make_variables()

    def on_epoch_begin(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        self._epoch = epoch
        if self.update == "epoch":
            self._assign(self._progress(epoch, 0))

    def on_train_batch_begin(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if self.update == "batch":
            self._assign(self._progress(self._epoch, batch))

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if logs is not None:
            logs["sharpness"] = self._now

    def _progress(self, epoch, batch):
        """How much of the schedule is over: from 0 to 1."""
        done = (epoch - self.warm_up) * self._per_epoch + batch
        last = (self.params["epochs"] - self.warm_up) * self._per_epoch - 1
        return min(max(done / last, 0.0), 1.0) if last > 0 else float(done >= 0)

    def _value(self, progress):
        if callable(self.schedule):
            return self.schedule(progress)
        return SCHEDULES[self.schedule](self.start, self.end, progress)

    def _assign(self, progress):
        value = self._value(progress)
        if callable(self.schedule):
            self._check(value)
        # On JAX the values are elsewhere while a model is trained.
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        self._now = float(value)
        for variable in self._variables:
            variable.assign(value)

    def _check(self, value):
        value = _sharpness("schedule", value)
        for holder in self._holders:
            step = steps.get(holder.step, value)
            if isinstance(holder, keras.layers.Layer):
                # The checks of its constructor.
                type(holder)(**{**holder.get_config(), "step": step})
            else:
                step.check(getattr(holder, "threshold", 0.5))

    def _find_holders(self):
        """What has a soft step: the parts of losses, or layers."""
        if self.layers is None:
            found = [
                part
                for loss in losses_of(self.model)
                if isinstance(loss, keras.losses.Loss)
                for part in (loss, *vars(loss).values())
            ]
            what = f"its loss, {self.model.loss!r}"
        else:
            found = [self.model.get_layer(name) for name in self.layers]
            what = f"the layers {self.layers}"
        holders = {
            id(part): part
            for part in found
            if isinstance(getattr(part, "step", None), steps.Step)
            and not part.step.is_hard
        }
        if not holders or (self.layers and len(holders) < len(found)):
            raise ValueError(
                "There is no soft step whose sharpness could be changed. Of "
                f"the model that is trained, {what} must have one."
            )
        return list(holders.values())

    def _make_variables(self):
        new = False
        for holder in self._holders:
            if not isinstance(holder.step.sharpness, keras.Variable):
                holder.step = steps.get(
                    holder.step,
                    keras.Variable(
                        holder.step.sharpness,
                        dtype="float32",
                        trainable=False,
                        # Each replica of tf.distribute reads the same.
                        aggregation="only_first_replica",
                        autocast=False,
                        name="sharpness",
                    ),
                )
                new = True
            variable = holder.step.sharpness
            is_layer = isinstance(holder, keras.layers.Layer)
            _state.join_state(holder if is_layer else self.model, [variable])
        self._variables = [holder.step.sharpness for holder in self._holders]
        if new:
            # What has been compiled holds the number that was there before.
            for kind in ("train", "test", "predict"):
                if getattr(self.model, f"{kind}_function", None) is not None:
                    getattr(self.model, f"make_{kind}_function")(force=True)


def _sharpness(name, value):
    """A sharpness that a step may have in training."""
    if value is None:
        raise ValueError(
            f"`{name}` must be given, unless `schedule` is a function."
        )
    value = _checks.positive(name, value)
    if not isinstance(value, float) or not steps.FLATTEST <= value <= (
        steps.SHARPEST
    ):
        raise ValueError(
            f"`{name}` must be a sharpness from {steps.FLATTEST:g} to "
            f"{steps.SHARPEST:g}. Received: {value!r}; an infinite one is the "
            "hard decision, through which nothing trains."
        )
    return value
