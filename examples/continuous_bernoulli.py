"""Grey pixels and binary cross-entropy: the constant that it leaves out.

    python examples/continuous_bernoulli.py

The question: "Why the reconstruct loss of VAE for mnist is binary_crossentropy?
how to understand this loss" (deep-learning-with-python-notebooks, issue 109).
For pixels that are 0 or 1 it is a negative log-likelihood. For grey ones it is
that of nothing: p^y·(1 - p)^(1 - y) over y from 0 to 1 has an integral below 1.
With the constant that makes it 1 it is the continuous Bernoulli distribution
(Loaiza-Ganem & Cunningham 2019, https://arxiv.org/abs/1907.06845). One tiny
auto-encoder of scikit-learn's digits is trained on either loss, and both are
judged by the likelihood of pixels held out.
"""

from __future__ import annotations

import _shared  # noqa: F401, isort: skip

import keras
import numpy as np
from keras import ops
from sklearn.datasets import load_digits

from softkeras.losses import ContinuousBernoulli, continuous_bernoulli
from softkeras.ops import continuous_bernoulli_mean, log_exprel

EPOCHS, CODE = 50, 8


def show_constant():
    """The integral by adding up, and in closed form from log_exprel."""
    y = (np.arange(10_000) + 0.5) / 10_000
    print("The integral of p^y·(1 - p)^(1 - y) over y from 0 to 1\n")
    print(f"  {'p':>8}{'added up':>12}{'closed form':>14}{'its log':>10}")
    for p in (0.5, 0.9, 0.99, 0.999):
        x = np.log(p / (1 - p))
        log = float(log_exprel(x)) - np.logaddexp(0, x)
        added = np.mean(p**y * (1 - p) ** (1 - y))
        print(f"  {p:8}{added:12.5f}{np.exp(log):14.5f}{log:10.3f}")
    print(
        "\n  The log is what BinaryCrossentropy leaves out of each pixel, and "
        "depends on p:\n  more the surer p is. ContinuousBernoulli has it in."
    )


def pixels():
    """Grey levels in (0, 1); every third image is held out.

    A level k of 0 to 16 stands for the numbers from k/17 to (k + 1)/17, and one
    of them is drawn: of levels as they are, a density could be as large as it
    likes at each of the 17 points (https://arxiv.org/abs/1511.01844).
    """
    levels = load_digits().data
    noise = np.random.default_rng(0).random(levels.shape)
    x = ((levels + noise) / 17).astype("float32")
    held_out = np.arange(len(x)) % 3 == 0
    return x[~held_out], x[held_out]


def train(loss, x):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(CODE),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(x.shape[1], name="logits"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.004), loss=loss)
    model.fit(x, x, epochs=EPOCHS, batch_size=100, verbose=0)
    return model


def logits_of_mean(mean):
    """The logit of the distribution that has this mean, by halving."""
    low, high = np.full(mean.shape, -1e4), np.full(mean.shape, 1e4)
    for _ in range(40):
        middle = (low + high) / 2
        below = np.array(continuous_bernoulli_mean(middle)) < mean
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return middle.astype("float32")


def row(name, x, logits):
    """Of held-out pixels: the likelihood, and how far off the mean is."""
    loss = float(ops.mean(continuous_bernoulli(x, logits)))
    error = np.array(continuous_bernoulli_mean(logits)) - x
    print(f"  {name:46}{loss:14.3f}{np.sqrt(np.mean(error**2)):14.3f}")


def main():
    print(f"keras {keras.__version__} on {keras.backend.backend()}\n")
    show_constant()
    x, held_out = pixels()
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    perfect = float(entropy(held_out, np.log(held_out / (1 - held_out))))
    print(
        f"\nAn auto-encoder of digits: 64 grey pixels through {CODE} numbers; "
        f"{len(x):,} images\nto train on, {len(held_out)} held out\n"
    )
    crossed = train(entropy, x)
    logits = np.array(crossed(held_out))
    print(
        "  BinaryCrossentropy of the images held out: "
        f"{float(entropy(held_out, logits)):.3f}.\n  The least, of a perfect "
        f"copy, is {perfect:.3f}, not 0; the likelihood says more:\n"
    )
    print(
        f"  {'continuous Bernoulli, held out':46}{'nats a pixel':>14}"
        f"{'error':>14}"
    )
    uniform = np.zeros_like(held_out)
    row("no model: every grey alike", held_out, uniform)
    row("trained on BinaryCrossentropy", held_out, logits)
    mean = 1 / (1 + np.exp(-logits.astype("float64")))
    row("  the same, its mean put right", held_out, logits_of_mean(mean))
    proper = train(ContinuousBernoulli(), x)
    row("trained on ContinuousBernoulli", held_out, np.array(proper(held_out)))
    print(
        "\n  Nats a pixel: the mean negative log-likelihood, lower is better."
        "\n  Error: root mean square of image less mean of the distribution."
        "\n  Mean put right: cross-entropy learns the mean well, as p; but the "
        "mean of\n  the distribution with the parameter p is another."
    )


if __name__ == "__main__":
    main()
