"""Many small models trained side by side, in one compiled loop.

Methods and models (folds of splits) are leading axes of the weights: a layer
of 32 units is a kernel of shape (methods, models, features, 32). Every method
starts from the same weights and sees the same batches. A model has a loss of
its own, which no other model's weights enter, so the gradient of the sum of
all losses is each model's own; Adam, which works weight by weight, does the
rest. The forward pass and the losses are keras.ops; only the gradient and the
loop are the backend's.

Shapes are padded to a few sizes, so that sets share compiled programs: rows
and features of zeros, and batch rows that no loss counts.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

ROWS = 5632
FEATURES = (12, 24, 88)
# Not 32: XLA on a CPU is slower with batches of 32 than with 48.
BATCHES = (48, 64, 96, 128, 224)

# Adam, as in keras.optimizers.Adam. Written out, because here the learning
# rate differs between methods; a test compares it with Keras's.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Problem(NamedTuple):
    """The data that all methods are trained on.

    Args:
        x: Float32 of shape (rows, features).
        y: Labels 0 and 1, float32 of shape (rows,).
        shift: What each model subtracts from x; (models, features).
        scale: What it multiplies the difference by; (models, features).
        ratio: Negatives for each positive in its training fold; (models,).
        batches: Row numbers, int32 of shape (steps, models, size).
    """

    x: np.ndarray
    y: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    ratio: np.ndarray
    batches: np.ndarray


def initial(methods: int, features: int, units: int, seeds) -> list[np.ndarray]:
    """Glorot uniform kernels and biases of 0, the same for each method.

    Args:
        methods: How many methods.
        features: How many features.
        units: Hidden units; 0 for a linear model.
        seeds: One seed a model.

    Returns:
        Kernel and bias of each layer, float32, with leading axes (methods,
        models).
    """
    sizes = [features, units, 1] if units else [features, 1]
    models = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        weights = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            limit = np.sqrt(6 / (fan_in + fan_out))
            weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)))
            weights.append(np.zeros((1, fan_out)))
        models.append(weights)
    stacked = [np.stack(each).astype("float32") for each in zip(*models)]
    return [np.repeat(each[None], methods, 0) for each in stacked]


def logits(weights: Sequence, x: Any) -> Any:
    """The log-odds that the models give.

    Args:
        weights: As from `initial`.
        x: Scaled rows of shape (models, rows, features).

    Returns:
        Shape (methods, models, rows).
    """
    kernel, bias, *rest = weights
    hidden = ops.matmul(x[None], kernel) + bias
    if rest:
        hidden = ops.matmul(ops.relu(hidden), rest[0]) + rest[1]
    return hidden[..., 0]


def train(
    methods: Sequence, weights: list, problem: Problem
) -> list[np.ndarray]:
    """Trains all methods on all models.

    Args:
        methods: Objects with `loss(y, logits, weight, ratio)`, which takes
            (size, models), (size, models), (size, 1) and (models,) and gives
            one loss a model, and with the numbers `rate` (of Adam) and
            `warm_up` (the share of the steps that cross-entropy gets first).
        weights: As from `initial`.
        problem: The data.

    Returns:
        The trained weights, as NumPy arrays of the shapes of `weights`.
    """
    steps, _, size = problem.batches.shape
    width = _padded(weights[0].shape[2], FEATURES)
    padded_size = _padded(size, BATCHES)
    present = np.zeros((padded_size, 1), "float32")
    present[:size] = 1
    x = _pad(problem.x, (max(ROWS, len(problem.x)), width))
    y = _pad(problem.y, x.shape[:1])
    batches = _pad(problem.batches, (*problem.batches.shape[:2], padded_size))
    shape = (*weights[0].shape[:2], width, weights[0].shape[3])
    started = [_pad(weights[0], shape), *weights[1:]]
    ends = np.array([method.warm_up * steps for method in methods])
    warm = (np.arange(steps)[:, None] < ends).astype("float32")
    models = (problem.shift.shape[0], width)
    data = [
        x,
        y,
        _pad(problem.shift, models),
        _pad(problem.scale, models),
        problem.ratio,
        present,
    ]
    program = _program(tuple(methods), keras.backend.backend())
    trained = program(
        *(_tensors(each) for each in (started, data)), _tensors([batches, warm])
    )
    trained = [ops.convert_to_numpy(each) for each in trained]
    trained[0] = trained[0][:, :, : weights[0].shape[2]]
    return trained


def _padded(size, sizes):
    return min((each for each in sizes if each >= size), default=size)


def _pad(values, shape):
    width = [(0, to - now) for now, to in zip(values.shape, shape)]
    return np.pad(values, width)


def _tensors(arrays):
    return [ops.convert_to_tensor(np.asarray(each)) for each in arrays]


@functools.lru_cache(maxsize=8)
def _program(methods, backend):
    """(weights, data, (batches, warm)) to the trained weights, compiled."""

    def total(weights, batch, labels, ratio, present, warm):
        scores = ops.transpose(logits(weights, batch), (0, 2, 1))
        labels = ops.transpose(labels)
        loss = 0.0
        for k, method in enumerate(methods):
            own = method.loss(labels, scores[k], present, ratio)
            if method.warm_up:
                first = cross_entropy(labels, scores[k], present)
                own = warm[k] * first + (1 - warm[k]) * own
            loss = loss + ops.sum(own)
        return loss

    rates = np.array([method.rate for method in methods], "float32")
    rates = rates[:, None, None, None]

    def step(state, data, rows, warm):
        x, y, shift, scale, ratio, present = data
        count, weights, means, squares = state
        batch = ops.take(x, rows, axis=0)
        batch = (batch - shift[:, None]) * scale[:, None]
        labels = ops.take(y, rows, axis=0)
        slopes = _gradient(total, weights, batch, labels, ratio, present, warm)
        count = count + 1
        means = [m + (g - m) * (1 - BETA_1) for m, g in zip(means, slopes)]
        squares = [
            v + (ops.square(g) - v) * (1 - BETA_2)
            for v, g in zip(squares, slopes)
        ]
        rate = rates * (
            ops.sqrt(1 - ops.power(BETA_2, count))
            / (1 - ops.power(BETA_1, count))
        )
        weights = [
            w - rate * m / (ops.sqrt(v) + EPSILON)
            for w, m, v in zip(weights, means, squares)
        ]
        return count, weights, means, squares

    def loop(weights, data, sequence):
        zeros = [ops.zeros_like(each) for each in weights]
        count = ops.zeros((), "float32")
        state = (count, weights, zeros, list(zeros))
        return _repeat(step, state, data, sequence)[1]

    return _compiled(loop)


def cross_entropy(y: Any, scores: Any, weight: Any) -> Any:
    """The weighted mean of the binary cross-entropy, of each model."""
    values = ops.binary_crossentropy(y, scores, from_logits=True)
    return ops.sum(weight * values, 0) / ops.sum(weight)


def _gradient(function, weights, *args):
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(function)(weights, *args)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = function(weights, *args)
    return tape.gradient(value, weights)


def _repeat(step, state, data, sequence):
    """The state after a step for each entry of the sequence."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.scan(
            lambda state, entry: (step(state, data, *entry), None),
            state,
            tuple(sequence),
        )[0]
    import tensorflow as tf

    return tf.while_loop(
        lambda i, state: i < sequence[0].shape[0],
        lambda i, state: (
            i + 1,
            step(state, data, *(entry[i] for entry in sequence)),
        ),
        (tf.constant(0), state),
    )[1]


def _compiled(function):
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)
