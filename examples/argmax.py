"""A loss that needs the index of the highest value.

    python examples/argmax.py

1. The question: "My loss needs the index of the highest value; argmax has no
   gradient." What goes wrong today, run, and the same with softkeras.
2. A job: where is the molecule? Images of single fluorescent molecules, made
   with a stated physics, and a small network whose loss is the error of the
   position of the highest value of its heat map.
"""

from __future__ import annotations

import os
import time

import _shared  # isort: skip

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf

from softkeras.layers.argmax import SoftArgmax
from softkeras.ops.argmax import soft_argmax

# One molecule an image: a Gaussian spot (the point spread of a microscope) of
# 300 to 30,000 photons (log-uniform: molecules differ, and bleach) on 10
# background photons a pixel, counted by an ideal camera (Poisson noise).
# 16 x 16 pixels, the molecule at least 3 from the edge.
SIZE, SPREAD, PHOTONS, BACKGROUND = 16, 1.5, (300.0, 30_000.0), 10.0
TRAIN, TEST, EPOCHS, BATCH = 2000, 1000, 8, 50


def naive_argmax(x):
    """The formula of the question as it is written, without a maximum."""
    index = tf.range(x.shape[-1], dtype=x.dtype)
    e = tf.exp(x)
    return tf.reduce_sum(index * e, -1) / tf.reduce_sum(e, -1)


def question():
    """Index and gradient of three ways, on rows of scores."""
    rows = [[1.0, 3.0, 2.0], [88.5, 87.5, 86.5], [90.0, 1.0, 2.0]]
    print("A loss of the index: the index, and its gradient in the scores\n")
    for name, function in (
        ("tf.argmax", lambda x: tf.cast(tf.argmax(x, -1), x.dtype)),
        ("sum of index·exp(x), over sum of exp(x)", naive_argmax),
        ("softkeras soft_argmax", soft_argmax),
        (
            "softkeras soft_argmax, straight-through",
            lambda x: soft_argmax(x, straight_through=True),
        ),
    ):
        print(name)
        for row in rows:
            y = float(function(tf.constant(row)))
            slope = _shared.gradient(function, np.array(row, "float32"))
            if slope is not None:
                slope = " ".join(f"{each:7.3f}" for each in slope)
            print(f"  {row!s:18}  index {y:6.3f}   gradient {slope}")
        if function is naive_argmax:
            _shared.say(
                "In the second row exp(88.5) is finite, the sum of the three "
                "is not: the index is finite/∞ = 0 (it happens to be right), "
                "the gradient 0, with no NaN and no error. It would learn "
                "nothing and not say so. In the third exp(90) = ∞: ∞/∞."
            )
        print()


def photon_rate(positions, photons):
    """Expected photons in each pixel, one image a position (row, column)."""
    grid = np.arange(SIZE)
    spot = np.exp(-((grid - positions[:, :, None]) ** 2) / (2 * SPREAD**2)) / (
        SPREAD * np.sqrt(2 * np.pi)
    )
    shape = spot[:, 0, :, None] * spot[:, 1, None, :]
    return BACKGROUND + photons[:, None, None] * shape


def microscope(images, rng):
    """Images, the true positions in pixels, and the photons sent."""
    positions = rng.uniform(3, SIZE - 4, (images, 2))
    photons = np.exp(rng.uniform(*np.log(PHOTONS), images))
    counts = rng.poisson(photon_rate(positions, photons))[..., None]
    return counts.astype("float32"), positions, photons


def best_possible(positions, photons):
    """The Cramér-Rao bound: no unbiased method has a smaller error."""
    h = 1e-4
    rate = photon_rate(positions, photons)
    slopes = [
        (
            photon_rate(positions + step, photons)
            - photon_rate(positions - step, photons)
        )
        / (2 * h)
        for step in h * np.eye(2)
    ]
    information = np.array(
        [[np.sum(a * b / rate, (1, 2)) for a in slopes] for b in slopes]
    )
    variance = np.linalg.inv(np.moveaxis(information, -1, 0))
    return np.sqrt(np.mean(np.trace(variance, axis1=1, axis2=2) / 2))


class NaiveArgmax(keras.layers.Layer):
    """The formula of the question over rows and columns."""

    def call(self, x):
        e = tf.exp(x[..., 0])
        total = tf.reduce_sum(e, (1, 2))
        index = tf.range(SIZE, dtype=x.dtype)
        row = tf.reduce_sum(tf.reduce_sum(e, 2) * index, 1) / total
        column = tf.reduce_sum(tf.reduce_sum(e, 1) * index, 1) / total
        return tf.stack([row, column], -1)


class Coordinates(keras.layers.Layer):
    """SoftArgmax of a heat map with one channel: (row, column)."""

    def __init__(self, **arguments):
        super().__init__()
        self.soft = SoftArgmax(axis=(1, 2), **arguments)

    def call(self, x):
        return self.soft(x)[:, 0]


def train(name, last, data):
    """Trains the network with `last` on top and prints how it went."""
    x, y, x_test, y_test = data
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            keras.layers.Conv2D(8, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(1, 5, padding="same"),
            last,
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    start = time.perf_counter()
    try:
        loss = model.fit(
            x,
            y,
            epochs=EPOCHS,
            batch_size=BATCH,
            callbacks=[keras.callbacks.TerminateOnNaN()],
            verbose=0,
        ).history["loss"]
    except ValueError as error:
        print(f"{name:36}{str(error).split(':')[0][:40]}")
        return
    error = model.predict(x_test, verbose=0) - y_test
    rms = np.sqrt(np.mean(error**2))
    seconds = time.perf_counter() - start
    print(f"{name:36}{loss[0]:12.4f}{loss[-1]:12.4f}{rms:10.3f}{seconds:8.1f}")


def job():
    rng = np.random.default_rng(0)
    x_test, y_test, photons = microscope(TEST, rng)
    x, y, _ = microscope(TRAIN, rng)
    data = (x, y, x_test, y_test)
    print(
        f"Where is the molecule? {TRAIN:,} images to learn from, {TEST:,} to "
        f"test; {EPOCHS} epochs.\nLoss: squared error of the position, pixels²."
        " Error: root mean square, pixels,\nof one coordinate, on the test "
        f"images.\n\n{'':36}{'first loss':>12}{'last loss':>12}{'error':>10}"
        f"{'seconds':>8}"
    )
    train("arg-max", Coordinates(hard=True), data)
    train("naive exp", NaiveArgmax(), data)
    train("softkeras", Coordinates(), data)
    train(
        "softkeras, straight-through", Coordinates(straight_through=True), data
    )
    brightest = np.argmax(x_test.reshape(TEST, -1), -1)
    guess = np.stack(np.unravel_index(brightest, (SIZE, SIZE)), -1)
    rms = np.sqrt(np.mean((guess - y_test) ** 2))
    # A whole number of pixels is 1/√12 = 0.289 off at best.
    print(f"{'the brightest pixel, no network':60}{rms:10.3f}")
    print(
        f"{'the Cramér-Rao bound of these images':60}"
        f"{best_possible(y_test, photons):10.3f}"
    )


if __name__ == "__main__":
    question()
    job()
