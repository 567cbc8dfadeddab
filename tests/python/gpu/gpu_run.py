"""Runs cases on a device: values, and gradients in the inputs."""

from __future__ import annotations

import devices
import keras
import ml_dtypes
import numpy as np
from conftest import BACKEND, compiled

DTYPES = ("float16", "bfloat16", "float32", "float64")


def _upstream(value):
    """What comes from above: another number for each element."""
    size = int(np.prod(value.shape, dtype=int))
    numbers = np.linspace(0.5, 1.5, size).reshape(tuple(value.shape))
    return keras.ops.convert_to_tensor(
        numbers, keras.backend.standardize_dtype(value.dtype)
    )


def _differentiated(function, inputs, others):
    """[value, gradient in each input] of function(*inputs, *others)."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs, *others)
        gradients = tape.gradient(
            value,
            inputs,
            output_gradients=_upstream(value),
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return [value, *gradients]
    if BACKEND == "jax":
        import jax

        value, pull = jax.vjp(
            lambda *inputs: function(*inputs, *others), *inputs
        )
        return [value, *pull(_upstream(value))]
    import torch

    inputs = [x.detach().requires_grad_(True) for x in inputs]
    value = function(*inputs, *others)
    if not value.requires_grad:  # a hard decision
        return [value, *map(torch.zeros_like, inputs)]
    return [
        value.detach(),
        *torch.autograd.grad(
            value, inputs, _upstream(value), materialize_grads=True
        ),
    ]


def _array(x, dtype):
    narrow = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return np.asarray(x).astype(narrow)


def run(cases: dict, mode: str, device: str) -> dict:
    """All dtypes of all cases in one function, compiled or not.

    Returns:
        By name and dtype, the value and the gradients as float64 arrays.
    """
    keys = [
        (name, dtype)
        for name, case in cases.items()
        if mode not in case.without
        for dtype in DTYPES
    ]
    with devices.on(device):
        given = [
            (
                [
                    keras.ops.convert_to_tensor(_array(x, dtype), dtype)
                    for x in cases[name].inputs
                ],
                [keras.ops.convert_to_tensor(x) for x in cases[name].others],
            )
            for name, dtype in keys
        ]

        def together(given):
            return [
                _differentiated(cases[name].function, *pair)
                for (name, _), pair in zip(keys, given)
            ]

        made = compiled(together, mode)(given)
        for key, results in zip(keys, made):
            for result in results:
                at = devices.of(result)
                asked = devices.real(device)
                assert at == asked, f"{key}: on {at}, asked for {asked}"
        return {
            key: [
                keras.ops.convert_to_numpy(keras.ops.cast(x, "float64")).astype(
                    "float64"
                )
                for x in results
            ]
            for key, results in zip(keys, made)
        }
