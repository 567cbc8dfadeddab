"""All results of a function, and the gradient of each for each input."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np


@dataclasses.dataclass(frozen=True)
class Derivatives:
    """What a function gave.

    Args:
        values: The results, floats and complex numbers; `None` for others.
        gradients: For each result one array for each input, of the weighted
            sum of the result; `None` where the backend has none.
    """

    values: list[np.ndarray | None]
    gradients: list[list[np.ndarray | None]]


class Runner:
    """Runs a function of arrays, again and again with others of their shape.

    Args:
        function: Of tensors; gives a tensor or any nest of tensors.
        weigh: Of a tensor of floats: the number whose gradient is taken.
        mode: `"eager"`; on TensorFlow also `"graph"` and `"xla"`, on JAX
            `"jit"`.
    """

    def __init__(
        self, function: Callable, weigh: Callable, mode: str = "eager"
    ):
        self.function = function
        self.weigh = weigh
        self.mode = mode
        self.compiled: dict[Any, tuple[list[bool], Callable]] = {}

    def derivatives(self, arrays: Sequence[np.ndarray]) -> Derivatives:
        """The results and their gradients. What is raised is raised."""
        with _precision(arrays):
            kinds, values, gradients = self._run(arrays)
            values = iter([_numpy(value) for value in values])
            rows = iter(
                [None if g is None else _numpy(g) for g in row]
                for row in gradients
            )
            none: list[np.ndarray | None] = [None] * len(arrays)
            return Derivatives(
                [next(values) if kind else None for kind in kinds],
                [next(rows) if kind else none for kind in kinds],
            )

    def values(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """The results alone, as those of `Derivatives`."""
        if self.mode != "eager":
            return self.derivatives(arrays).values
        with _precision(arrays):
            tensors = [keras.ops.convert_to_tensor(x) for x in arrays]
            flat = keras.tree.flatten(self.function(*tensors))
            return [_numpy(x) if _is_float(x) else None for x in flat]

    def _run(self, arrays):
        if self.mode == "eager":
            kinds: list[bool] = []
            return kinds, *self._derive(arrays, kinds)
        key = tuple((x.shape, x.dtype) for x in arrays)
        if key not in self.compiled:
            kinds = []
            self.compiled[key] = (kinds, self._compile(arrays, kinds))
        kinds, run = self.compiled[key]
        return kinds, *run(*arrays)

    def _compile(self, arrays, kinds):
        def run(*tensors):
            return self._derive(tensors, kinds)

        if keras.backend.backend() == "jax":
            import jax

            # Machine code is not worth its time for a few numbers.
            return (
                jax.jit(run)
                .lower(*arrays)
                .compile(compiler_options={"xla_backend_optimization_level": 0})
            )
        import tensorflow as tf

        # Not called as it is: TensorFlow warns of what is traced often.
        return tf.function(
            run, jit_compile=self.mode == "xla", autograph=False
        ).get_concrete_function(*map(tf.convert_to_tensor, arrays))

    def _derive(self, arrays, kinds):
        run = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
        return run[keras.backend.backend()](
            self.function, arrays, self.weigh, kinds
        )


def _tensorflow(function, arrays, weigh, kinds):
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(x) for x in arrays]
    # Persistent: one pass backwards for each result.
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        values = _floats(function(*tensors), kinds)
        totals = [weigh(value) for value in values]
    return values, [
        [
            None if g is None else tf.convert_to_tensor(g)
            for g in tape.gradient(total, tensors)
        ]
        for total in totals
    ]


def _jax(function, arrays, weigh, kinds):
    import jax

    def totals(*tensors):
        values = _floats(function(*tensors), kinds)
        return [weigh(value) for value in values], values

    found, pull_back, values = jax.vjp(
        totals, *map(jax.numpy.asarray, arrays), has_aux=True
    )
    ones = [jax.numpy.ones_like(total) for total in found]
    zeros = [jax.numpy.zeros_like(total) for total in found]
    return values, [
        pull_back([*zeros[:i], one, *zeros[i + 1 :]])
        for i, one in enumerate(ones)
    ]


def _torch(function, arrays, weigh, kinds):
    import torch

    tensors = [
        keras.ops.convert_to_tensor(x).detach().requires_grad_(True)
        for x in arrays
    ]
    values = _floats(function(*tensors), kinds)
    none = [None] * len(tensors)
    return values, [
        torch.autograd.grad(
            weigh(value), tensors, allow_unused=True, retain_graph=True
        )
        if value.requires_grad
        else none
        for value in values
    ]


def _floats(result, kinds: list):
    """The tensors of a nest that may have gradients; `kinds` is filled."""
    flat = keras.tree.flatten(result)
    kinds[:] = [_is_float(x) for x in flat]
    return [
        keras.ops.convert_to_tensor(x) for x, kind in zip(flat, kinds) if kind
    ]


def _is_float(x: Any) -> bool:
    # A number of Python, as in a shape, is none.
    if not hasattr(x, "dtype"):
        return False
    dtype = keras.backend.standardize_dtype(x.dtype)
    return "float" in dtype or "complex" in dtype


def _numpy(x):
    return np.asarray(keras.ops.convert_to_numpy(x))


@contextlib.contextmanager
def _precision(arrays):
    """Lets JAX compute float64, which it else makes float32 of."""
    is_wide = any(np.asarray(x).dtype == "float64" for x in arrays)
    if not is_wide or keras.backend.backend() != "jax":
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
