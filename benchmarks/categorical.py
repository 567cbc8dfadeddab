"""Losses of a confusion matrix on their own scores, beside cross-entropy.

    python benchmarks/categorical.py [--splits 12] [--steps 500]

A network of 32 ReLU units is trained on each loss, on cross-entropy and on
class-weighted cross-entropy, all with the same initialisation, batches (of 64),
steps and optimiser (Adam, 0.01); "warm-up" is cross-entropy for the first 30 %
of the steps. Each split is stratified, 60 % to train and 40 % to be judged on,
scaled by what trains; nothing is tuned. The splits train side by side, along a
leading axis, on JAX. Prints points of score above cross-entropy, mean and
standard error over the splits, and writes benchmarks/results/categorical.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import numpy as np
from sklearn import datasets, metrics
from sklearn.model_selection import train_test_split

from softkeras import losses

RESULTS = pathlib.Path(__file__).parent / "results"
BATCH, UNITS, RATE, WARM_UP = 64, 32, 0.01, 0.3
SHARPNESS = (0.25, 0.5, 1.0, 2.0)


def quadratic(function):
    return functools.partial(function, weights="quadratic")


# Of a score: the loss, and the score itself.
SCORES = {
    "accuracy": (losses.soft_categorical_accuracy, metrics.accuracy_score),
    "balanced accuracy": (
        losses.soft_categorical_balanced_accuracy,
        metrics.balanced_accuracy_score,
    ),
    "Matthews": (losses.soft_categorical_matthews, metrics.matthews_corrcoef),
    "kappa": (losses.soft_categorical_kappa, metrics.cohen_kappa_score),
    "quadratic kappa": (
        quadratic(losses.soft_categorical_kappa),
        quadratic(metrics.cohen_kappa_score),
    ),
    "mean IoU": (
        losses.soft_mean_iou,
        functools.partial(metrics.jaccard_score, average="macro"),
    ),
}


def data():
    """Name to (inputs, class ids): of scikit-learn, none of it downloaded."""
    x, y = datasets.load_diabetes(return_X_y=True)
    cuts = np.quantile(y, [0.4, 0.7, 0.88, 0.96])
    digits, of_digits = datasets.load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    # Each digit rarer than the one before.
    kept = np.concatenate(
        [
            rng.permutation(np.flatnonzero(of_digits == digit))[: int(n) + 8]
            for digit, n in enumerate(170 * 0.72 ** np.arange(10))
        ]
    )
    return {
        "four uneven classes, made": datasets.make_classification(
            846,
            18,
            n_informative=8,
            n_redundant=6,
            n_classes=4,
            weights=[0.5, 0.3, 0.15, 0.05],
            class_sep=0.9,
            flip_y=0.02,
            random_state=0,
        ),
        "diabetes, five uneven grades": (x, np.digitize(y, cuts)),
        "digits, unevenly many": (digits[kept], of_digits[kept]),
        "wine": datasets.load_wine(return_X_y=True),
        "digits": (digits, of_digits),
    }


def splits_of(x, y, splits):
    """Training inputs and labels and those to be judged on, split by split."""
    parts = []
    for seed in range(splits):
        train, judge = train_test_split(
            np.arange(len(y)), test_size=0.4, stratify=y, random_state=seed
        )
        center, scale = x[train].mean(0), x[train].std(0) + 1e-9
        scaled = ((x - center) / scale).astype("float32")
        parts.append((scaled[train], y[train], scaled[judge], y[judge]))
    return [np.stack(part) for part in zip(*parts)]


def network(weights, x):
    into, bias, out, last = weights
    return jax.nn.relu(x @ into + bias) @ out + last


def cross_entropy(weights, x, y, class_weights):
    log_p = jax.nn.log_softmax(network(weights, x))
    own = class_weights[y]
    return -jnp.sum(own * log_p[jnp.arange(len(y)), y]) / jnp.sum(own)


def trainer(loss, classes, steps):
    """Trains all splits: (keys, inputs, labels, sharpness, warm-up steps)."""

    def start(key, inputs):
        keys = jax.random.split(key)
        shapes = ((inputs, UNITS), (UNITS, classes))
        into, out = (
            jax.random.uniform(k, shape, minval=-1) * (6 / sum(shape)) ** 0.5
            for k, shape in zip(keys, shapes)
        )
        return into, jnp.zeros(UNITS), out, jnp.zeros(classes)

    def train(key, x, y, sharpness, warm_up):
        key, own = jax.random.split(key)
        even = jnp.ones(classes)
        counts = jnp.bincount(y, length=classes)

        def warm(w, x, y):
            return cross_entropy(w, x, y, even)

        def main(w, x, y):
            if loss == "weighted":
                return cross_entropy(w, x, y, 1 / counts)
            return loss(
                y,
                network(w, x),
                sparse=True,
                from_logits=True,
                sharpness=sharpness,
            )

        def step(state, at):
            i, key = at
            w, first, second = state
            rows = jax.random.randint(key, (BATCH,), 0, len(y))
            g = jax.lax.cond(
                i <= warm_up,
                jax.grad(warm),
                jax.grad(main),
                w,
                x[rows],
                y[rows],
            )
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, g)
            second = jax.tree.map(
                lambda v, g: 0.999 * v + 0.001 * g**2, second, g
            )

            def move(w, m, v):
                m, v = m / (1 - 0.9**i), v / (1 - 0.999**i)
                return w - RATE * m / (jnp.sqrt(v) + 1e-7)

            return (jax.tree.map(move, w, first, second), first, second), None

        w = start(key, x.shape[1])
        nothing = jax.tree.map(jnp.zeros_like, w)
        order = jnp.arange(1.0, steps + 1), jax.random.split(own, steps)
        return jax.lax.scan(step, (w, nothing, nothing), order)[0][0]

    return jax.jit(jax.vmap(train, in_axes=(0, 0, 0, None, None)))


def judged(run, parts, sharpness, warm_up, scores):
    """Name of a score to what each split reaches."""
    x, y, held_x, held_y = parts
    keys = jax.random.split(jax.random.key(7), len(x))
    weights = run(keys, x, y, jnp.float32(sharpness), jnp.float32(warm_up))
    called = np.argmax(jax.vmap(network)(weights, held_x), -1)
    return {
        name: [float(SCORES[name][1](*pair)) for pair in zip(held_y, called)]
        for name in scores
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--splits", type=int, default=12)
    parser.add_argument("--steps", type=int, default=500)
    given = parser.parse_args()
    results = []
    for name, (x, y) in data().items():
        parts = splits_of(x, y, given.splits)
        classes = int(y.max()) + 1
        plain = judged(
            trainer("weighted", classes, given.steps),
            parts,
            1.0,
            given.steps,  # all of it warm-up: cross-entropy
            SCORES,
        )
        weighted = judged(
            trainer("weighted", classes, given.steps), parts, 1.0, 0, SCORES
        )
        for score, (loss, _) in SCORES.items():
            run = trainer(loss, classes, given.steps)
            for sharpness in SHARPNESS:
                for share in (0.0, WARM_UP):
                    warm_up = int(share * given.steps)
                    got = judged(run, parts, sharpness, warm_up, [score])[score]
                    gain = 100 * (np.array(got) - plain[score])
                    row = {
                        "data": name,
                        "score": score,
                        "sharpness": sharpness,
                        "warm_up": share,
                        "reached": 100 * np.mean(got),
                        "cross_entropy": 100 * np.mean(plain[score]),
                        "weighted": 100 * np.mean(weighted[score]),
                        "gain": gain.mean(),
                        "error": gain.std(ddof=1) / len(gain) ** 0.5,
                    }
                    results.append(row)
                    print(
                        f"{name:28} {score:17} s={sharpness:<4} warm-up "
                        f"{share:<3} {row['reached']:5.1f} "
                        f"({row['gain']:+5.1f} ± {row['error']:.1f})",
                        flush=True,
                    )
    print("\nMean gain over data and scores, and how many are above 0")
    for sharpness in SHARPNESS:
        for share in (0.0, WARM_UP):
            gains = [
                row["gain"]
                for row in results
                if (row["sharpness"], row["warm_up"]) == (sharpness, share)
            ]
            print(
                f"s={sharpness:<4} warm-up {share:<3} {np.mean(gains):+.2f} "
                f"{sum(gain > 0 for gain in gains)}/{len(gains)}"
            )
    path = RESULTS / "categorical.json"
    report = {"splits": given.splits, "steps": given.steps, "rows": results}
    path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
