"""Value and gradient of a function: eager, as a graph, compiled."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from softkeras import _backend

# By backend; the first is what most is run in, the others are compared with
# it. Without jit JAX compiles each operation by itself, which takes longer.
MODES = {
    "tensorflow": ("eager", "graph", "xla"),
    "jax": ("jit", "eager"),
    "torch": ("eager",),
}


def modes() -> tuple[str, ...]:
    """The ways in which the backend in use runs a function."""
    return MODES.get(keras.backend.backend(), ("eager",))


# Calls on inputs of one shape after which a trace pays; JAX compiles each
# operation by itself without one.
_WORTH_TRACING = {"tensorflow": 4, "jax": 0}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a function gave.

    Args:
        value: Its result.
        gradient: Of the sum of the result, for the first array; `None` where
            the backend has none.
        error: What it raised in place of them.
    """

    # Arrays, or None.
    value: Any = None
    gradient: Any = None
    error: Exception | None = None

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are finite; no gradient counts as such."""
        return self.error is None and all(
            bool(np.all(np.isfinite(x)))
            for x in (self.value, self.gradient)
            if x is not None
        )


class Runner:
    """A function of tensors that is run on arrays in one mode.

    A graph is traced once, for any number of rows, as `fit()` does.

    Args:
        function: Of tensors; its result is a float tensor of any shape.
        mode: One of `modes()`.
        dtype: Of the float arrays.
    """

    def __init__(
        self, function: Callable, mode: str = "eager", dtype: str = "float32"
    ):
        self.function = function
        self.mode = mode
        self.dtype = dtype
        self._traced: dict[Any, Callable] = {}
        self._values: dict[Any, Callable] = {}
        self._calls: dict[Any, int] = {}

    def __call__(self, arrays: Sequence[np.ndarray]) -> Outcome:
        """Value and gradient. What the function raises is in the outcome."""
        try:
            with _precision(self.dtype):
                arrays = [cast(x, self.dtype) for x in arrays]
                value, gradient = self._run(arrays)
                if gradient is not None:
                    gradient = _numpy(gradient)
                return Outcome(_numpy(value), gradient)
        except Exception as error:
            return Outcome(error=error)

    def value(self, arrays: Sequence[np.ndarray]) -> Outcome:
        """The value alone, for differences of many values.

        Traced where that can be had, which is many times as fast.
        """
        try:
            with _precision(self.dtype):
                tensors = [
                    keras.ops.convert_to_tensor(cast(x, self.dtype))
                    for x in arrays
                ]
                return Outcome(_numpy(self._value(tensors)))
        except Exception as error:
            return Outcome(error=error)

    def _value(self, tensors):
        def run(*tensors):
            return self._checked(self.function(*tensors))

        key = tuple((str(x.dtype), tuple(x.shape)) for x in tensors)
        calls = self._calls[key] = self._calls.get(key, 0) + 1
        if key not in self._values and calls > _WORTH_TRACING.get(
            keras.backend.backend(), math.inf
        ):
            try:
                self._values[key] = _backend.traced(run, *tensors)
                return self._values[key](*tensors)
            except Exception:
                self._values[key] = run
        return self._values.get(key, run)(*tensors)

    def _run(self, arrays):
        backend = keras.backend.backend()
        if backend == "jax":
            return self._with_jax(arrays)
        if backend == "torch":
            return self._with_torch(arrays)
        return self._with_tensorflow(arrays)

    def _with_tensorflow(self, arrays):
        import tensorflow as tf

        def run(x, *rest):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = self._checked(self.function(x, *rest))
            return value, tape.gradient(value, x)

        tensors = [tf.convert_to_tensor(x) for x in arrays]
        if self.mode == "eager":
            return run(*tensors)
        key = tuple((x.dtype, x.shape.rank) for x in tensors)
        if key not in self._traced:
            # Without autograph: Keras traces without it. Not called as it is:
            # TensorFlow warns of what is traced often, as here it must be.
            self._traced[key] = tf.function(
                run, jit_compile=self.mode == "xla", autograph=False
            ).get_concrete_function(
                *(tf.TensorSpec(_any_rows(x.shape), x.dtype) for x in tensors)
            )
        return self._traced[key](*tensors)

    def _with_jax(self, arrays):
        import jax

        def total(x, *rest):
            value = self._checked(self.function(x, *rest))
            return jax.numpy.sum(value), value

        run = jax.grad(total, has_aux=True)
        if self.mode == "jit":
            run = self._traced.setdefault("jit", jax.jit(run))
        gradient, value = run(*map(jax.numpy.asarray, arrays))
        return value, gradient

    def _with_torch(self, arrays):
        import torch

        x, *rest = map(keras.ops.convert_to_tensor, arrays)
        x = x.detach().requires_grad_(True)
        value = self._checked(self.function(x, *rest))
        if not value.requires_grad:
            return value, None
        (gradient,) = torch.autograd.grad(value.sum(), x, allow_unused=True)
        return value, gradient

    def _checked(self, value):
        value = keras.ops.convert_to_tensor(value)
        dtype = keras.backend.standardize_dtype(value.dtype)
        if "float" not in dtype:
            # An integer result has no gradient; as a float it has None.
            value = keras.ops.cast(value, self.dtype)
        return value


def tensor(x: Any) -> Any:
    """Arrays of any structure as tensors."""
    return keras.tree.map_structure(keras.ops.convert_to_tensor, x)


def array(x: Any) -> np.ndarray:
    """A tensor, an array or a list as an array."""
    return _numpy(x) if keras.ops.is_tensor(x) else np.asarray(x)


def floats(x: np.ndarray) -> np.ndarray:
    """Wide floats as float32, which Keras computes with; else as it is."""
    return x.astype("float32") if x.dtype.kind == "f" else x


def _any_rows(shape):
    return [None, *shape[1:]] if len(shape) else []


def cast(x: np.ndarray, dtype: str) -> np.ndarray:
    """Floats in that dtype; all else as it is."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return x
    if dtype == "bfloat16":
        import ml_dtypes

        return x.astype(ml_dtypes.bfloat16)
    with np.errstate(over="ignore"):
        return x.astype(dtype)


def _numpy(x):
    x = keras.ops.convert_to_numpy(x)
    # NumPy itself knows no bfloat16.
    return x if x.dtype.kind in "fiub" else x.astype("float32")


@contextlib.contextmanager
def _precision(dtype):
    """Lets JAX compute float64, which it else makes float32 of."""
    if dtype != "float64" or keras.backend.backend() != "jax":
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def of_variables(
    function: Callable, variables: Sequence[keras.Variable]
) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """A function's value and its gradients for variables, eagerly.

    Args:
        function: Without arguments; its result is a float tensor.
        variables: Those that gradients are taken of; they stay as they are.
    """
    backend = keras.backend.backend()

    def run(tensors):
        pairs = list(zip(variables, tensors))
        with keras.StatelessScope(state_mapping=pairs):
            return function()

    if backend == "jax":
        import jax

        def total(tensors):
            value = run(tensors)
            return jax.numpy.sum(value), value

        tensors = [variable.value for variable in variables]
        made, value = jax.grad(total, has_aux=True)(tensors)
    elif backend == "torch":
        import torch

        tensors = [v.value.detach().requires_grad_(True) for v in variables]
        value = run(tensors)
        made = [None] * len(tensors)
        if value.requires_grad:
            made = torch.autograd.grad(value.sum(), tensors, allow_unused=True)
    else:
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(v.value) for v in variables]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = run(tensors)
        made = tape.gradient(value, tensors)
        made = [None if g is None else tf.convert_to_tensor(g) for g in made]
    return _numpy(value), [None if g is None else _numpy(g) for g in made]
