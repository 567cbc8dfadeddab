"""Which sharpness ranks best, and whether that beats cross-entropy.

    KERAS_BACKEND=jax python benchmarks/ranking.py

A network of 32 ReLU units, Adam 0.01, 600 steps of 256 samples, half of the
data held out, the same initialisation and batches for each loss; mean over two
seeds. Nothing is tuned on the half that is shown.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import average_precision_score, roc_auc_score

from softkeras.losses import soft_auc, soft_average_precision

SHARPNESS = (0.0625, 0.125, 0.25, 0.5, 1.0, 4.0)
STEPS, BATCH, RATE, SEEDS = 600, 256, 0.01, (0, 1)


def cross_entropy(y, x):
    return keras.losses.BinaryCrossentropy(from_logits=True)(
        y[:, None], x[:, None]
    )


def problems():
    for share in (0.02, 0.05):
        for seed in (0, 1):
            yield (
                f"clusters, {share:.0%} ({seed})",
                *make_classification(
                    6000,
                    20,
                    n_informative=8,
                    n_clusters_per_class=3,
                    weights=[1 - share],
                    flip_y=0.01,
                    class_sep=0.9,
                    random_state=seed,
                ),
            )
    x, y = load_digits(return_X_y=True)
    yield "digit 8 of 10", x, (y == 8) * 1


def predict(parameters, x):
    w, b, v, c = parameters
    return jnp.maximum(x @ w + b, 0) @ v + c


def train(loss, x, y, seed):
    first, second, third = jax.random.split(jax.random.PRNGKey(seed), 3)
    width = x.shape[1]
    start = (
        jax.random.normal(first, (width, 32)) * np.sqrt(2 / width),
        jnp.zeros(32),
        jax.random.normal(second, (32,)) * np.sqrt(1 / 32),
        jnp.zeros(()),
    )

    def step(state, key):
        parameters, mean, square, t = state
        rows = jax.random.randint(key, (BATCH,), 0, len(x))
        slope = jax.grad(lambda p: loss(y[rows], predict(p, x[rows])))(
            parameters
        )
        t = t + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
        square = jax.tree.map(
            lambda s, g: 0.999 * s + 0.001 * g * g, square, slope
        )
        parameters = jax.tree.map(
            lambda p, m, s: (
                p
                - RATE
                * (m / (1 - 0.9**t))
                / (jnp.sqrt(s / (1 - 0.999**t)) + 1e-7)
            ),
            parameters,
            mean,
            square,
        )
        return (parameters, mean, square, t), None

    zeros = jax.tree.map(jnp.zeros_like, start)
    run = jax.jit(
        lambda keys: jax.lax.scan(step, (start, zeros, zeros, 0), keys)
    )
    return run(jax.random.split(third, STEPS))[0][0]


def methods():
    yield "cross-entropy", cross_entropy
    for name, loss in (("AUC", soft_auc), ("AP", soft_average_precision)):
        for s in SHARPNESS:
            yield (
                f"{name}, sharpness {s}",
                lambda y, x, loss=loss, s=s: loss(
                    y, x, sharpness=s, from_logits=True
                ),
            )


def main():
    table = {name: [] for name, _ in methods()}
    for problem, x, y in problems():
        order = np.random.default_rng(0).permutation(len(y))
        x, y, half = x[order], y[order], len(y) // 2
        x = (x - x[:half].mean(0)) / (x[:half].std(0) + 1e-6)
        x, labels = jnp.asarray(x, "float32"), jnp.asarray(y, "float32")
        print(problem)
        for name, loss in methods():
            scores = []
            for seed in SEEDS:
                found = train(loss, x[:half], labels[:half], seed)
                z = np.asarray(predict(found, x[half:]))
                scores.append(
                    (
                        roc_auc_score(y[half:], z),
                        average_precision_score(y[half:], z),
                    )
                )
            table[name].append(np.mean(scores, 0))
            auc, ap = table[name][-1]
            print(f"  {name:24} AUC {auc:.4f}  AP {ap:.4f}", flush=True)
    print("mean over all")
    for name, rows in table.items():
        auc, ap = np.mean(rows, 0)
        print(f"  {name:24} AUC {auc:.4f}  AP {ap:.4f}")


if __name__ == "__main__":
    main()
