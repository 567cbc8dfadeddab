"""What the proofs of the gallery share: calls, gradients, differences."""

import keras
import numpy as np
from conftest import BACKEND, to_numpy
from keras import ops

# On other backends some of Keras's own ops compute float64 in float32, and a
# difference needs a larger step.
STEP = 1e-6 if BACKEND == "tensorflow" else 1e-3


def call(target, *arrays):
    """The per-sample losses of a Loss object, else what is returned."""
    if isinstance(target, keras.losses.Loss):
        return target.call(*map(ops.convert_to_tensor, arrays))
    return target(*map(ops.convert_to_tensor, arrays))


def variable_gradients(case):
    """{path: gradient} of a layer's or a model's loss on its data."""
    target = case.target()
    arrays = case.shown() if hasattr(case, "shown") else case.sample()
    x, *rest = map(ops.convert_to_tensor, arrays)

    def loss():
        out = target(x)
        error = rest[0] - out if rest else out - 1.0
        return ops.mean(ops.square(error))

    loss()  # Builds it.
    variables = target.trainable_variables
    if not variables:  # torch has no gradient in none
        return {}
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, [v.value for v in variables])
    elif BACKEND == "jax":
        import jax

        def stateless(values):
            pairs = list(zip(variables, values))
            with keras.StatelessScope(state_mapping=pairs):
                return loss()

        gradients = jax.grad(stateless)([v.value for v in variables])
    else:
        import torch

        gradients = torch.autograd.grad(
            loss(), [v.value for v in variables], allow_unused=True
        )
    return {
        v.path: None if g is None else to_numpy(g)
        for v, g in zip(variables, gradients)
    }


def differences(function, x, step=STEP):
    """Central differences of Σ function, in float64."""
    gradient = np.empty_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gap = to_numpy(function(ops.convert_to_tensor(up))) - to_numpy(
            function(ops.convert_to_tensor(down))
        )
        gradient[i] = gap.sum() / (2 * step)
    return gradient
