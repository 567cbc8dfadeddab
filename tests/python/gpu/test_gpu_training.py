"""The same model, trained for 20 steps on a GPU and on the CPU."""

from __future__ import annotations

import contextlib

import devices
import keras
import numpy as np
import pytest
from conftest import BACKEND
from gpu_trainings import BATCH, STEPS, TRAININGS, X, model

pytestmark = pytest.mark.gpu

# Weights and results may differ by that much of the largest of their array, or
# of 1. Rounding differs by 1e-7 a step, and every step starts from the last.
BOUND = 1e-4
# fit() compiles on a GPU unless told not to.
COMPILED = {"tensorflow": [False, True], "jax": [True]}.get(BACKEND, [False])


@contextlib.contextmanager
def full_precision():
    """No TF32, which rounds what matrices are made of to 11 binary digits."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        config = tf.config.experimental
        before = config.tensor_float_32_execution_enabled()
        config.enable_tensor_float_32_execution(False)
        try:
            yield
        finally:
            config.enable_tensor_float_32_execution(before)
    elif BACKEND == "jax":
        import jax

        with jax.default_matmul_precision("highest"):
            yield
    else:  # torch has it off unless asked for
        yield


def trained(training, weights, device, jit):
    """The weights and the history after training on `device`."""
    with devices.on(device), full_precision():
        made = model(training)
        made.set_weights(weights)
        made.compile(
            keras.optimizers.SGD(0.1, momentum=0.9),
            loss=training.loss(),
            metrics=training.metrics(),
            jit_compile=jit,
        )
        history = made.fit(
            X,
            training.y,
            batch_size=BATCH,
            shuffle=False,
            callbacks=training.callbacks(),
            verbose=0,
        )
        assert int(made.optimizer.iterations) == STEPS
        for variable in made.trainable_variables:
            assert devices.of(variable.value) == devices.real(device)
        return made.get_weights(), history.history


@pytest.mark.parametrize("jit", COMPILED)
@pytest.mark.parametrize("name", TRAININGS)
def test_a_model_trains_on_a_device_as_on_the_cpu(name, jit):
    device, training = devices.other(), TRAININGS[name]
    if BACKEND in training.without:
        pytest.skip("a loss can't keep state on JAX")
    with devices.on(devices.CPU):
        keras.utils.set_random_seed(1)
        weights = model(training).get_weights()
    want, history = trained(training, weights, devices.CPU, jit)
    got, other = trained(training, weights, device, jit)
    assert any(np.any(a != b) for a, b in zip(weights, want)), "not trained"
    for a, b in zip(got, want):
        largest = max(1.0, np.abs(b).max())
        np.testing.assert_allclose(a, b, rtol=0, atol=BOUND * largest)
    assert other.keys() == history.keys()
    for key, values in history.items():
        np.testing.assert_allclose(other[key], values, BOUND, BOUND)
