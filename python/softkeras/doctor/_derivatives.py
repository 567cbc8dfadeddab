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
    """What `derivatives` found.

    Args:
        values: The results, floats and complex numbers; `None` for others.
        gradients: For each result one array for each input, of the weighted
            sum of the result; `None` where the backend has none.
    """

    values: list[np.ndarray | None]
    gradients: list[list[np.ndarray | None]]


def derivatives(
    function: Callable,
    arrays: Sequence[np.ndarray],
    weigh: Callable | None = None,
    mode: str = "eager",
) -> Derivatives:
    """The results of a function of arrays and their gradients.

    Args:
        function: Of tensors; gives a tensor or any nest of tensors.
        arrays: Float arrays of one dtype.
        weigh: Of a tensor of floats: the number whose gradient is taken. By
            default the sum.
        mode: `"eager"`; on TensorFlow also `"graph"` and `"xla"`, on JAX
            `"jit"`.

    Returns:
        The derivatives. What the function raises is raised.
    """
    weigh = weigh or keras.ops.sum
    run = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[
        keras.backend.backend()
    ]
    with _precision(arrays):
        kinds, values, gradients = run(function, arrays, weigh, mode)
        values = iter(_numpy(value) for value in values)
        gradients = iter(
            [None if g is None else _numpy(g) for g in row] for row in gradients
        )
        return Derivatives(
            [next(values) if kind else None for kind in kinds],
            [
                next(gradients) if kind else [None] * len(arrays)
                for kind in kinds
            ],
        )


def results(function: Callable, arrays: Sequence[np.ndarray]) -> list:
    """The results alone, as `Derivatives.values`; eagerly."""
    with _precision(arrays):
        tensors = [keras.ops.convert_to_tensor(x) for x in arrays]
        flat = keras.tree.flatten(function(*tensors))
        return [_numpy(x) if _is_float(x) else None for x in flat]


def _tensorflow(function, arrays, weigh, mode):
    import tensorflow as tf

    kinds = []

    def run(*tensors):
        # Persistent: one pass backwards for each result.
        with tf.GradientTape(persistent=True) as tape:
            for x in tensors:
                tape.watch(x)
            values = _floats(function(*tensors), kinds)
            totals = [weigh(value) for value in values]
        return values, [
            [_dense(g) for g in tape.gradient(total, list(tensors))]
            for total in totals
        ]

    def _dense(gradient):
        return None if gradient is None else tf.convert_to_tensor(gradient)

    if mode != "eager":
        run = tf.function(run, jit_compile=mode == "xla", autograph=False)
    return kinds, *run(*map(tf.convert_to_tensor, arrays))


def _jax(function, arrays, weigh, mode):
    import jax

    kinds = []

    def totals(*tensors):
        values = _floats(function(*tensors), kinds)
        return [weigh(value) for value in values], values

    def run(*tensors):
        found, pull_back, values = jax.vjp(totals, *tensors, has_aux=True)
        ones = [jax.numpy.ones_like(total) for total in found]
        zeros = [jax.numpy.zeros_like(total) for total in found]
        return values, [
            pull_back([*zeros[:i], one, *zeros[i + 1 :]])
            for i, one in enumerate(ones)
        ]

    if mode != "eager":
        run = jax.jit(run)
    return kinds, *run(*map(jax.numpy.asarray, arrays))


def _torch(function, arrays, weigh, mode):
    import torch

    kinds = []
    tensors = [
        keras.ops.convert_to_tensor(x).detach().requires_grad_(True)
        for x in arrays
    ]
    values = _floats(function(*tensors), kinds)
    gradients = []
    for value in values:
        if not value.requires_grad:
            gradients.append([None] * len(tensors))
            continue
        gradients.append(
            torch.autograd.grad(
                weigh(value), tensors, allow_unused=True, retain_graph=True
            )
        )
    return kinds, values, gradients


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
