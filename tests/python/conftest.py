"""Ways to run a function: each backend's gradient and compilers."""

from __future__ import annotations

import json
import pathlib

import keras
import numpy as np
import pytest

GOLDEN = pathlib.Path(__file__).parents[1] / "testthat" / "golden"
BACKEND = keras.backend.backend()
MODES = {"tensorflow": ["eager", "graph", "xla"], "jax": ["eager", "jit"]}.get(
    BACKEND, ["eager"]
)
if BACKEND == "jax":
    import jax

    # Else JAX makes float32 of float64, which references are compared in.
    jax.config.update("jax_enable_x64", True)


def golden(name):
    """The cases of a golden file, one list entry each."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def label(x):
    """The id of a case, the same in every process."""
    return getattr(x, "__name__", None) or str(x)


def to_numpy(x):
    return keras.ops.convert_to_numpy(x)


def compiled(function, mode):
    """`function` as it is, or compiled by the backend."""
    if mode == "eager":
        return function
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=mode == "xla", autograph=False)
    import jax

    return jax.jit(function)


def value_and_gradient(function, x, mode="eager"):
    """f(x) and the gradient of Σ f(x), as NumPy arrays of x's dtype."""
    x = keras.ops.convert_to_tensor(x)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x)
            return value, tape.gradient(
                value, x, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )

        value, gradient = compiled(run, mode)(x)
    elif BACKEND == "jax":
        import jax

        def total(x):
            value = function(x)
            return keras.ops.sum(value), value

        gradient, value = compiled(jax.grad(total, has_aux=True), mode)(x)
    else:
        x = x.detach().requires_grad_(True)
        value = function(x)
        gradient = torch_gradient(value, x)
    return to_numpy(value), to_numpy(gradient)


def torch_gradient(value, x, **options):
    import torch

    if not value.requires_grad:  # None of it comes from x.
        return torch.zeros_like(x)
    return torch.autograd.grad(
        value.sum(), x, allow_unused=True, materialize_grads=True, **options
    )[0]


def derivative(function):
    """x to the gradient of Σ function(x), to be differentiated again."""

    def gradient(x):
        x = keras.ops.convert_to_tensor(x)
        if BACKEND == "jax":
            import jax

            return jax.grad(lambda x: keras.ops.sum(function(x)))(x)
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x)
            # None where a curve is of straight pieces.
            return tape.gradient(
                value, x, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
        if not x.requires_grad:
            x = x.detach().requires_grad_(True)
        return torch_gradient(function(x), x, create_graph=True)

    return gradient


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture(scope="session")
def medical():
    """The demo's data, standardised: (393, 30) float32 and labels 0, 1."""
    path = pathlib.Path(__file__).parents[2] / "inst/extdata/breast_cancer.csv"
    table = np.genfromtxt(path, delimiter=",", names=True, comments="#")
    columns = [name for name in table.dtype.names if name != "malignant"]
    x = np.stack([table[name] for name in columns], -1)
    x = (x - x.mean(0)) / x.std(0)
    return x.astype("float32"), table["malignant"].astype("float32")
