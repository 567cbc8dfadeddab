"""A training step whose gradients are looked at before they are applied.

Keras shows a callback neither gradients nor batches. So while a model is
trained some attributes of it and of its optimiser are others: those of the
instances, which are put back as they were. What a compiled step finds is in
variables: on TensorFlow and torch they are assigned to, on JAX they are part of
the state that a step returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from softkeras import _backend, _replicas, _state
from softkeras._ops import ops

_ABSENT = object()


def watched_step(*args) -> WatchedStep:
    """The one of the backend."""
    stateless = keras.backend.backend() == "jax"
    return (_Stateless if stateless else _Stateful)(*args)


class WatchedStep:
    """What replaces a model's training step from `attach()` to `detach()`.

    Args:
        model: The model that is trained.
        every: The table of gradients is made in the first step and after each
            `every` more.
        guard: Whether a step whose gradients are not finite is not made, nor
            any after it, and the table made of it.
        after_step: Called after each step with its batch; returns whether
            training is to stop.
    """

    def __init__(
        self,
        model: keras.Model,
        every: int,
        guard: bool,
        after_step: Callable[[Any], bool],
    ):
        self.model, self.optimizer = model, model.optimizer
        self.every, self.guard = every, guard
        self.after_step = after_step
        # The trainable variables, and whether each has a gradient.
        self.trainable: list[keras.Variable] = []
        self.has_gradient: list[bool] = []
        self._variables: dict[str, keras.Variable] = {}
        self._changed: list[tuple] = []

    @property
    def is_attached(self) -> bool:
        return bool(self._changed)

    @property
    def variables(self) -> list[keras.Variable]:
        """Those that the step has for itself."""
        return list(self._variables.values())

    def attach(self) -> None:
        maker = self.model.make_train_function
        if isinstance(getattr(maker, "__self__", None), WatchedStep):
            raise ValueError(
                "A model can have one GradientWatch. Received: two of them in "
                "the callbacks of one fit()."
            )
        self._compiled = self.model.train_function
        self._own_make = maker
        self._install()
        self._replace(self.model, "make_train_function", self._make)
        self._compile()

    def detach(self) -> None:
        """Puts everything back, also what had been compiled before."""
        if not self._changed:
            return
        while self._changed:
            thing, name, own = self._changed.pop()
            if own is _ABSENT:
                delattr(thing, name)
            else:
                setattr(thing, name, own)
        self.model.train_function = self._compiled

    def read(self, name: str) -> np.ndarray:
        """ "bad", the step that was not made, or 0; or "table"."""
        return keras.ops.convert_to_numpy(self._variables[name].value)

    def _install(self):
        raise NotImplementedError

    def _replace(self, thing, name, new):
        self._changed.append((thing, name, vars(thing).get(name, _ABSENT)))
        setattr(thing, name, new)

    def _make(self, force=False):
        """The model's `make_train_function()`, while it is watched."""
        if not force:
            # fit() asks for it so before it begins: the one before it was
            # interrupted. Or train_on_batch() does.
            self.detach()
            return self.model.make_train_function()
        # Another callback has changed what had been compiled.
        self._compiled = None
        return self._compile()

    def _compile(self):
        self._own_make(force=True)
        self._own_function = self.model.train_function
        self.model.train_function = self._run
        return self._run

    def _run(self, *args):
        """The model's `train_function()`."""
        try:
            return self._run_steps(*args)
        except StopIteration:  # The data are at an end.
            raise
        except BaseException:
            # Keras does not tell callbacks.
            self.detach()
            raise

    def _run_steps(self, *args):
        raise NotImplementedError

    def _make_variables(self, gradients):
        self.has_gradient = [gradient is not None for gradient in gradients]
        shape = (sum(self.has_gradient), len(COLUMNS))
        self._variables = {
            # The steps that were made, and the one that was not.
            "done": _replicas.variable((), "int32", "watch_done"),
            "bad": _replicas.variable((), "int32", "watch_bad"),
            "table": _replicas.variable(shape, "float32", "watch_table"),
        }

    def _look(self, gradients, scale):
        """Looks at the gradients; returns whether the step is to be made."""
        done, bad, table = (
            ops.convert_to_tensor(variable) for variable in self.variables
        )
        due = ops.equal(ops.mod(done, self.every), 0)
        fine = good = ops.equal(bad, 0)
        if self.guard:
            finite = _all_finite(gradients)
            due = ops.logical_or(due, ops.logical_not(finite))
            # An infinite one is how an optimiser finds the scale of a loss.
            good = ops.logical_and(fine, ops.logical_or(finite, scale > 1))
        self._put(
            "table",
            ops.cond(
                ops.logical_and(due, fine),
                lambda: _table(gradients, scale),
                lambda: table,
            ),
        )
        if self.guard:
            is_first = ops.logical_and(fine, ops.logical_not(good))
            self._put("bad", ops.where(is_first, done + 1, bad))
        self._put("done", done + ops.cast(good, "int32"))
        return good

    def _put(self, name, value):
        self._variables[name].assign(value)


class _Stateful(WatchedStep):
    """On TensorFlow and torch, which assign to variables."""

    def _install(self):
        if getattr(self.model, "jit_compile", False) and (
            keras.backend.backend() == "torch"
        ):
            raise ValueError(
                "GradientWatch can't look into what torch.compile() makes. "
                "Received: a model with jit_compile=True; compile it with "
                "jit_compile=False."
            )
        self._own_step = self.model.train_step
        self._own_apply = self.optimizer.apply
        self._replace(self.model, "train_step", self._step)
        self._replace(self.optimizer, "apply", self._apply)

    def _run_steps(self, data):
        if keras.backend.backend() == "torch":
            outputs = self._own_function(data)
            self.after_step(data[0])
            return outputs
        outputs = None
        for _ in range(self.model.steps_per_execution):
            # Not taken from the iterator in the graph, where none sees it.
            batch = next(data, _ABSENT)
            if batch is _ABSENT:
                break
            self._build(batch)
            outputs = self._own_function(iter([batch]))
            if self.after_step(batch):
                break
        if outputs is None:
            raise StopIteration
        return outputs

    def _build(self, batch):
        """What is made in the first step can't be put back after it."""
        if all(layer.built for layer in self.model._flatten_layers()):
            return
        try:
            self.model._symbolic_build(data_batch=batch)
        except Exception:
            # The step itself builds what it can, or says what is wrong.
            return

    def _step(self, data):
        """The model's `train_step()`."""
        self._saw_gradients = False
        state = self.model.non_trainable_variables if self.guard else []
        before = [ops.copy(ops.convert_to_tensor(v)) for v in state]
        outputs = self._own_step(data)
        if not self._saw_gradients:
            raise _no_gradients(self.model, "apply(gradients, variables)")

        def put_back():
            for variable, value in zip(state, before):
                variable.assign(value)

        if state:
            bad = ops.convert_to_tensor(self._variables["bad"])
            ops.cond(ops.greater(bad, 0), put_back, lambda: None)
        return outputs

    def _apply(self, grads, trainable_variables=None):
        """The optimiser's `apply()`."""
        optimizer = self.optimizer
        grads = list(grads)
        if trainable_variables is None:
            trainable_variables = optimizer._trainable_variables
        trainable_variables = list(trainable_variables)
        if not optimizer.built:
            # Not in a branch, where no variables can be made.
            with keras.name_scope(optimizer.name, caller=optimizer):
                optimizer.build(trainable_variables)
            optimizer.built = True
        self._saw_gradients = True
        given = [gradient for gradient in grads if gradient is not None]
        if not given:
            # Keras says so.
            self._own_apply(grads, trainable_variables)
            return
        if not self._variables:
            self._make_variables(grads)
        self.trainable = trainable_variables
        scale = ops.cast(_scale(optimizer), "float32")
        good = self._look(given, scale)

        def apply():
            self._own_apply(grads, trainable_variables)

        if not self.guard:
            apply()
        elif _backend.is_fused():
            # XLA rounds otherwise what it compiles in a branch.
            changed = [*trainable_variables, *optimizer.variables]
            before = [_backend.read(ops.convert_to_tensor(v)) for v in changed]
            apply()
            for variable, old in zip(changed, before):
                variable.assign(ops.where(good, variable, old))
        else:
            ops.cond(good, apply, lambda: None)


class _Stateless(WatchedStep):
    """On JAX, where a step returns the state that it makes."""

    _state = None
    _seen = None

    def _install(self):
        model, optimizer = self.model, self.optimizer
        self._own_step = model.train_step
        self._own_apply = optimizer.stateless_apply
        self.trainable = list(model.trainable_variables)
        self._make_variables(self.trainable)
        _state.join_state(model, self.variables)
        self._places = {
            name: [id(v) for v in model.non_trainable_variables].index(id(own))
            for name, own in self._variables.items()
        }
        self._replace(model, "train_step", self._step)
        self._replace(optimizer, "stateless_apply", self._apply)

    def detach(self):
        super().detach()
        # fit() does so with the variables that are there at its end.
        self.model.jax_state_sync()
        _state.leave_state(self.model, self.variables)

    def read(self, name):
        if self._state is None:
            return super().read(name)
        # While a model is trained, its variables have no values.
        return np.asarray(self._state[1][self._places[name]])

    def _run_steps(self, state, iterator):
        outputs = None
        for _ in range(self.model.steps_per_execution):
            batch = next(iterator, _ABSENT)
            if batch is _ABSENT:
                break
            outputs, state = self._own_function(state, iter([batch]))
            self._state = state
            stop = self.after_step(batch)
            self._state = None
            if stop:
                break
        if outputs is None:
            raise StopIteration
        return outputs, state

    def _apply(self, optimizer_variables, grads, trainable_variables):
        """The optimiser's `stateless_apply()`."""
        scale = _scale(self.optimizer)
        for variable, value in zip(
            self.optimizer.variables, optimizer_variables
        ):
            if variable is scale:
                scale = value
        self._seen = list(grads), ops.cast(scale, "float32")
        return self._own_apply(optimizer_variables, grads, trainable_variables)

    def _step(self, state, data):
        """The model's `train_step()`."""
        self._seen = None
        logs, new = self._own_step(state, data)
        if self._seen is None:
            raise _no_gradients(self.model, "stateless_apply(...)")
        gradients, scale = self._seen
        self._seen = None
        own = [
            (variable, state[1][self._places[name]])
            for name, variable in self._variables.items()
        ]
        with keras.StatelessScope(state_mapping=own) as scope:
            good = self._look(gradients, scale)
        if self.guard:
            trainable, other, optimizer, metrics = (
                list(values) for values in new
            )
            new = [
                [
                    ops.where(good, value, old)
                    for value, old in zip(values, olds)
                ]
                for values, olds in zip(
                    (trainable, other, optimizer), state[:3]
                )
            ]
            new.append(metrics)
        new = [list(values) for values in new]
        for name, variable in self._variables.items():
            value = scope.get_current_value(variable)
            new[1][self._places[name]] = value
        return logs, tuple(new)


COLUMNS = ("zero", "non_finite", "norm")


def _table(gradients, scale):
    """A row for each gradient, with `COLUMNS`."""
    return ops.stack([_row(_backend.dense(g), scale) for g in gradients])


def _row(gradient, scale):
    dtype = keras.backend.standardize_dtype(gradient.dtype)
    gradient = ops.cast(
        gradient, "float64" if dtype == "float64" else "float32"
    )
    finite = ops.isfinite(gradient)
    count = max(int(np.prod(gradient.shape)), 1)
    # Counted, not averaged: a float stops at 2**24.
    zero, other = (
        ops.cast(ops.sum(ops.cast(which, "int32")), "float32") / count
        for which in (ops.equal(gradient, 0), ops.logical_not(finite))
    )
    # The squares of the largest and of the smallest floats are none.
    largest = ops.max(ops.where(finite, ops.abs(gradient), 0.0), initial=0)
    largest = ops.where(largest > 0, largest, 1.0)
    norm = largest * ops.sqrt(ops.sum(ops.square(gradient / largest)))
    return ops.stack([zero, other, ops.cast(norm, "float32") / scale])


def _all_finite(gradients):
    gradients = [_backend.stored(gradient) for gradient in gradients]

    def all_finite():
        return ops.all(ops.stack([ops.all(ops.isfinite(g)) for g in gradients]))

    squares = _backend.sum_of_squares(gradients)
    if squares is None:
        return all_finite()
    # The square of a finite one may be infinite.
    return ops.cond(
        ops.isfinite(squares), lambda: ops.convert_to_tensor(True), all_finite
    )


def _scale(optimizer):
    """What the loss, and so its gradient, is multiplied by."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer.dynamic_scale
    return getattr(optimizer, "loss_scale_factor", None) or 1.0


def _no_gradients(model, method):
    return ValueError(
        f"The train_step() of {type(model).__name__} does not call "
        f"optimizer.{method} of the optimizer that the model is compiled with, "
        "so GradientWatch can't see its gradients."
    )
