"""1/(1 - e^-x) - 1/x on ragged data: where training dies, and where it lives.

    python examples/exp_ratio_ragged.py

Somebody asked why this function in a loss, f(x) + f(x + 50) on ragged tensors,
trains to NaN, though tf.where picks a line for small x. It picks it forward
only: backward, both branches are differentiated, and 0 times the infinite
derivative of the one that was not picked is NaN. This file trains the same
model on the same data with that function and with softkeras's exp_ratio_sum.
TensorFlow only, as ragged tensors are.
"""

from __future__ import annotations

import math
import os

import _shared  # isort: skip

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf

from softkeras.ops.exp_ratio import exp_ratio_sum

EPOCHS, EVERY = 1000, 10


def where_ratio(x):
    """As in the question."""
    return tf.where(tf.abs(x) < 0.1, 0.5 + x / 12, 1 / (1 - tf.exp(-x)) - 1 / x)


def where_ratio_sum(rows):
    return tf.ragged.map_flat_values(
        lambda x: where_ratio(x) + where_ratio(x + 50), rows
    )


def data(rows=200, features=4, seed=20261121):
    """Rows of 1 to 9 items, and the mean of f + f(+50) over each row."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 10, rows)
    items = rng.normal(size=(lengths.sum(), features))
    x = items @ rng.normal(size=features) * 40 - 30
    f = sum(1 / -np.expm1(-v) - 1 / v for v in (x, x + 50))
    starts = np.concatenate([[0], lengths.cumsum()[:-1]])
    y = np.add.reduceat(f, starts) / lengths
    ragged = tf.RaggedTensor.from_row_lengths(items.astype("float32"), lengths)
    return ragged, tf.constant(y, "float32")


def train(ratio_sum, epochs=EPOCHS, progress=lambda epochs: None):
    """The loss of each epoch; it ends at the first NaN."""
    rows, y = data()
    # All x are 1 at first: where x is 0, tf.where dies in the first epoch.
    layer = keras.layers.Dense(
        1, kernel_initializer="zeros", bias_initializer="ones"
    )
    layer.build((None, rows.shape[-1]))
    optimizer = keras.optimizers.Adam(0.5)
    optimizer.build(layer.trainable_variables)

    @tf.function
    def epoch():
        with tf.GradientTape() as tape:
            x = tf.ragged.map_flat_values(
                lambda items: tf.squeeze(layer(items), -1), rows
            )
            prediction = tf.reduce_mean(ratio_sum(x), axis=1)
            loss = tf.reduce_mean(tf.square(prediction - y))
        variables = layer.trainable_variables
        optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables)
        )
        return loss

    losses = []
    for number in range(1, epochs + 1):
        losses.append(float(epoch()))
        if number % EVERY == 0 or math.isnan(losses[-1]):
            progress(number)
        if math.isnan(losses[-1]):
            break
    return losses


def main():
    print(f"{EPOCHS:,} epochs of f(x) + f(x + 50), means over ragged rows\n")
    for name, ratio_sum in (
        ("tf.where", where_ratio_sum),
        ("softkeras.ops.exp_ratio_sum", exp_ratio_sum),
    ):
        print(name)
        bar = _shared.Progress(EPOCHS, "epoch")
        losses = train(ratio_sum, progress=bar.update)
        bar.clear()
        finite = [loss for loss in losses if not math.isnan(loss)]
        if len(finite) < EPOCHS:
            print(f"  NaN in epoch {len(losses)}, for good;", end="")
        else:
            print(f"  no NaN in {EPOCHS:,} epochs;", end="")
        print(
            f" loss {finite[0]:.3g} in epoch 1, "
            f"{finite[-1]:.3g} in epoch {len(finite)}\n"
        )


if __name__ == "__main__":
    main()
