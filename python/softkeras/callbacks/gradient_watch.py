"""Looks at a model's gradients while it is trained."""

from __future__ import annotations

import os
import warnings
from typing import Any

import keras
import numpy as np

from softkeras import _checks
from softkeras.callbacks._gradient_table import GradientTable, percent
from softkeras.callbacks._watched_step import watched_step
from softkeras.callbacks.bad_batch import BadBatch, to_array

__all__ = ["GradientWatch"]

# After so many steps it is asked whether there was a bad one: on an accelerator
# each question waits until all that was sent to it is done.
WAIT = 8


class GradientWatch(keras.callbacks.Callback):
    """Looks at a model's gradients, and stops at the first that is not finite.

    For each trainable variable `history` has, in the first step and after each
    `every` more, the share of its gradient's elements that are zero, the share
    that are NaN or infinite, and its norm.

    In each step it is looked whether all gradients are finite. A step in which
    one is not isn't made, nor any after it: training stops with a warning that
    names the step, the layer and the variable, `batch` has what the step was
    given, and so has the file. The model is left as it was before that step,
    with its weights, its optimiser and what batch normalisation and random
    layers keep, so that `batch` shows the fault again. What it is
    `softkeras.diagnose(model, watch.batch.x, watch.batch.y)` says; in another
    process, `load_batch(path)` and its `restore(model)` come before that.

    Formula: zero = Σ [gᵢ = 0]/n, non_finite = Σ [gᵢ is NaN or ±∞]/n, norm =
    √Σ gᵢ² of the gradient g that the optimiser is given, before it is clipped,
    and divided by the scale of the loss, if there is one.

    Gradient: none of its own, and those of the model stay what they are.
    Training with it gives the weights that it gives without it, to the last
    digit where the backend computes step by step as it did; TensorFlow's
    optimiser of graphs and its XLA may join operations otherwise when a result
    is also looked at, and then round the last digit otherwise.

    - Where all that was looked at are zeros, a warning says so when training
      ends.
    - A variable without a gradient has a row with None. JAX gives such
      variables gradients of zeros, so there its share of zeros is 1.
    - With a scale of the loss (`LossScaleOptimizer`, as float16 has it) an
      infinite gradient is no fault, and the optimiser leaves that step out; it
      is one as soon as the scale is down at 1.
    - Whether there was a bad step is asked after each 8 and when an epoch ends.
      Until then the model keeps still, so training may stop up to 7 steps
      later, and the metrics of these steps are in the epoch's.
    - The step is compiled anew when training starts, and the compiled one of
      before is put back when it ends.
    - With `steps_per_execution` TensorFlow makes the steps one by one.

    Args:
        every: How many steps lie between two looks at the shares and norms.
        stop: Whether to stop at a gradient that is not finite. If not, nothing
            is looked at between two looks, and no batch is kept.
        path: Where the batch that did it is saved, for `load_batch`; a file of
            that name is replaced. None: nowhere, `batch` only.

    Raises:
        ValueError: for what is not allowed; when training starts also under
            tf.distribute, for a torch model with
            `jit_compile=True`, a second watch of the same model, or a model
            whose own `train_step()` does not call its optimiser.

    Reference: Glorot and Bengio (2010),
    https://proceedings.mlr.press/v9/glorot10a.html, who look at the gradients
    of each layer in training.

    Example:

    >>> import keras, numpy as np
    >>> from softkeras.callbacks import GradientWatch
    >>> layer = keras.layers.Dense(1, kernel_initializer="ones", name="dense")
    >>> model = keras.Sequential([keras.Input((2,)), layer])
    >>> model.compile("sgd", loss="mse")
    >>> watch = GradientWatch(every=2, path=None)
    >>> x, y = np.array([[1.0, 0.0]] * 8), np.zeros(8)
    >>> history = model.fit(
    ...     x, y, batch_size=2, verbose=0, callbacks=[watch]
    ... )
    >>> watch.history
    step  layer  variable    zero  non_finite  norm
       1  dense  kernel    50.0 %         0 %     2
       1  dense  bias         0 %         0 %     2
       3  dense  kernel    50.0 %         0 %  1.84
       3  dense  bias         0 %         0 %  1.84
    """

    def __init__(
        self,
        every: int = 100,
        stop: bool = True,
        path: str | os.PathLike | None = "bad_batch.npz",
    ):
        super().__init__()
        if isinstance(every, bool) or int(every) != every or every < 1:
            raise ValueError(
                "`every` must be a whole number of steps from 1. Received: "
                f"every={every!r}"
            )
        self.every = int(every)
        self.stop = _checks.boolean("stop", stop)
        self.path = path
        self.history = GradientTable()
        self.batch: BadBatch | None = None
        self._step: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        model = self.model
        # None for a model that is made outside of a strategy's scope.
        if getattr(model, "_distribute_strategy", None) is not None:
            raise ValueError(
                "GradientWatch does not work under tf.distribute. Received: a "
                "model that was made in a strategy.scope(); watch one that is "
                "made outside of it."
            )
        self.history.clear()
        self.batch = self._found = None
        self._steps = self._in_epoch = self._epoch = 0
        # Those that may still turn out to be bad.
        self._batches: list[tuple[int, int, Any]] = []
        self._step = watched_step(
            model, self.every, self.stop, self._after_step
        )
        self._step.attach()

    def on_epoch_begin(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        self._epoch, self._in_epoch = epoch, 0

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if not self._step.is_attached:
            raise RuntimeError(
                "The model's training function was made anew while it was "
                "watched, as train_on_batch() in a callback does. Leave that "
                "out, or GradientWatch."
            )
        if self._found:
            self._stop_training()

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if self._batches:
            self._ask()
        if self._found:
            self._stop_training()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._step.is_attached:
            self._step.detach()
        steps = {row["step"] for row in self.history}
        if steps and all(row["zero"] in (None, 1) for row in self.history):
            warnings.warn(
                "Nothing was trained: every gradient was 0 in each of the "
                f"steps that were looked at ({len(steps)}). A loss with "
                "step='hard' has no gradient; softkeras.diagnose(loss) says "
                "what is wrong with any other.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _after_step(self, data):
        """Takes down what is known of the step; True if it was a bad one."""
        self._steps += 1
        self._in_epoch += 1
        due = (self._steps - 1) % self.every == 0
        if self.stop:
            self._batches.append((self._steps, self._in_epoch, data))
            if due or len(self._batches) == WAIT:
                self._ask()
        if due and not self._found:
            self._take_down(self._steps)
        return bool(self._found)

    def _ask(self):
        """Whether one of the last steps was a bad one."""
        bad = int(self._step.read("bad"))
        for batch in self._batches:
            if batch[0] == bad:
                self._found = batch
                self._take_down(bad)
        self._batches.clear()

    def _take_down(self, step):
        """Adds rows to the history."""
        # A callback's own `model` has JAX's values put back into it.
        model = self._step.model
        rows = iter(self._step.read("table").tolist())
        for variable, given in zip(
            self._step.trainable, self._step.has_gradient
        ):
            numbers = next(rows) if given else (None, None, None)
            self.history.append(
                {
                    "step": step,
                    **_names(variable, model),
                    **dict(zip(("zero", "non_finite", "norm"), numbers)),
                }
            )

    def _stop_training(self):
        """Keeps the batch, and says what has happened."""
        model = self.model
        model.stop_training = True
        # On JAX the values are elsewhere while a model is trained.
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        step, in_epoch, data = self._found
        self._found = None
        bad = [
            row
            for row in self.history
            if row["step"] == step and row["non_finite"]
        ]
        own = {id(variable) for variable in self._step.variables}
        variables = [
            variable
            for variable in (
                *model.trainable_variables,
                *model.non_trainable_variables,
            )
            if id(variable) not in own
        ]
        weights = [np.array(to_array(variable.value)) for variable in variables]
        x, y, sample_weight = keras.tree.map_structure(
            to_array, keras.utils.unpack_x_y_sample_weight(data)
        )
        # The backward pass reaches the last one first.
        at = {name: bad[-1][name] for name in ("layer", "variable")}
        self.batch = BadBatch(
            x, y, sample_weight, step, self._epoch + 1, **at, weights=weights
        )
        lines = [
            (
                f"GradientWatch stopped the training at step {step} (epoch "
                f"{self._epoch + 1}, batch {in_epoch})."
            ),
            _what_was_bad(bad),
            *_bad_data(self.batch),
            _what_is_left(variables, weights),
            self._save(),
        ]
        warnings.warn(" ".join(lines), RuntimeWarning, stacklevel=2)

    def _save(self):
        """Writes the batch, and says where it is."""
        if self.path is None:
            return "The batch is in the watch's `batch`."
        path = os.path.abspath(self.path)
        try:
            left_out = self.batch.save(path)
        except OSError as error:
            return (
                f"The batch could not be saved ({error}); it is in the watch's "
                "`batch`."
            )
        said = (
            f"The batch is in {path!r}, for softkeras.callbacks.load_batch()."
        )
        if left_out:
            said += f" A file can't hold its {', '.join(left_out)}."
        return said


def _names(variable, model):
    """Those of a variable and its layer, from the model on."""
    layer, _, name = variable.path.rpartition("/")
    return {"layer": layer.removeprefix(f"{model.name}/"), "variable": name}


def _what_was_bad(rows):
    row = rows[-1]
    share = row["non_finite"]
    part = "" if share == 1 else f" in {percent(share)} of its elements"
    others = len(rows) - 1
    more = (
        f", and so is that of {others} other variable" + "s" * (others > 1)
        if others
        else ""
    )
    return (
        f"The gradient of variable {row['variable']!r} of layer "
        f"{row['layer']!r} is NaN or infinite{part}{more}."
    )


def _bad_data(batch):
    """What of the batch is not finite itself."""
    for part in ("x", "y", "sample_weight"):
        for path, leaf in keras.tree.flatten_with_path(getattr(batch, part)):
            if getattr(leaf, "dtype", None) is None or leaf.dtype.kind != "f":
                continue
            rows = np.flatnonzero(
                ~np.isfinite(leaf).reshape(len(leaf), -1).all(1)
            )
            if len(rows):
                name = part + "".join(f"[{key!r}]" for key in path)
                yield (
                    f"Its {name} has NaN or infinite values in {len(rows)} of "
                    f"{len(leaf)} rows, the first of them row {rows[0]}, "
                    "counted from 0."
                )


def _what_is_left(variables, weights):
    """Whether the model is sound, which it was before the step."""
    spoilt = [
        variable.path
        for variable, weight in zip(variables, weights)
        if weight.dtype.kind == "f" and not np.isfinite(weight).all()
    ]
    if not spoilt:
        return (
            "That step was not made: the model is as it was before, and all "
            "its weights are finite."
        )
    return (
        "That step was not made: the model is as it was before. But weights of "
        f"it were not finite then: {', '.join(spoilt)}."
    )
