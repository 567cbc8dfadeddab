"""Moving counts: F1 on held-out rows after training on small batches.

    python benchmarks/momentum.py [--seeds 10] [--steps 800]

scikit-learn's digits, one digit against the others, of which positives are
dropped until 2 or 5 % of the training rows are positive: three tasks, each on
half of the rows, chosen anew for each seed. A network of 16 tanh units is
trained on `SoftFBeta` with several momenta, in batches of 16 and of 32, on the
same loss of all rows at once, and on cross-entropy; all with the same
initialisation, the same batches, the same number of steps and Adam at the same
rates. Each is shown with the rate that is best for it in the mean over seeds
and tasks of training F1, and at every rate. The test rows keep all their
positives, with weights that give them the share they have in training.

Models stand side by side along the axis of classes, so that one loss with
`average=None` is as many losses. Writes benchmarks/results/momentum.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from _machine import machine
from sklearn.datasets import load_digits

from softkeras.losses import SoftFBeta
from softkeras.thresholds import best_threshold

RESULTS = pathlib.Path(__file__).parent / "results"
TASKS = (3, 8, 9)
POSITIVE = (0.02, 0.05)
BATCHES = (16, 32)
RATES = (0.003, 0.01)
MOMENTA = (0.0, 0.5, 0.9, 0.99)
UNITS = 16


def splits(share, seeds):
    """For each task and seed: training rows of one number, and the others."""
    x, digit = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    for task in TASKS:
        for seed in range(seeds):
            rng = np.random.default_rng([task, seed])
            positive = rng.permutation(np.flatnonzero(digit == task))
            negative = rng.permutation(np.flatnonzero(digit != task))
            half, rest = np.split(negative, [800])
            number = round(800 * share / (1 - share))
            rows = np.concatenate([positive[:number], half])
            others = np.concatenate([positive[number:170], rest[:800]])
            yield (
                (x[rows], (digit == task)[rows]),
                (x[others], (digit == task)[others]),
            )


def f1(y, called, share=None):
    """F1; with `share`, as if that share of the rows were positive."""
    weight = 1.0
    if share is not None:
        weight = share / (1 - share) * (1 - y).sum() / y.sum()
    tp = weight * np.sum(y & called)
    wrong = np.sum(~y & called) + weight * np.sum(y & ~called)
    return 2 * tp / (2 * tp + wrong)


def trained(x, y, loss, batch, rate, steps):
    """Logits of a function of rows, after training all models side by side."""
    rng = np.random.default_rng(0)
    models, rows, features = x.shape
    make = tf.random_normal_initializer(0, features**-0.5, seed=0)
    weights = [
        keras.Variable(tf.repeat(make((1, *shape)), models, 0))
        for shape in ((features, UNITS), (UNITS,), (UNITS, 1))
    ]
    # The positives are few from the beginning.
    weights.append(keras.Variable(tf.fill((models, 1), -2.0)))
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(weights)
    x, y = tf.constant(x), tf.constant(y, "float32")

    def logits(x):
        kernel, bias, last, shift = (w.value for w in weights)
        hidden = tf.tanh(x @ kernel + bias[:, None])
        return tf.transpose((hidden @ last)[..., 0] + shift)

    @tf.function(jit_compile=True)
    def step(part):
        a, b = tf.gather(x, part, axis=1), tf.gather(y, part, axis=1)
        with tf.GradientTape() as tape:
            value = loss(tf.transpose(b), logits(a))
        optimizer.apply_gradients(
            zip(tape.gradient(value, [w.value for w in weights]), weights)
        )

    # Epochs one after the other; what is left of one begins the next batch.
    epochs = -(-steps * batch // rows)
    order = np.concatenate([rng.permutation(rows) for _ in range(epochs)])
    for part in order[: steps * batch].reshape(steps, batch):
        step(tf.constant(part))
    return lambda x: tf.transpose(logits(tf.constant(x))).numpy()


def cross_entropy(y, logits):
    each = tf.nn.sigmoid_cross_entropy_with_logits(y, logits)
    return tf.reduce_sum(tf.reduce_mean(each, 0))


def f_loss(momentum):
    return SoftFBeta(
        momentum=momentum, from_logits=True, average=None, reduction="sum"
    )


def results(share, seeds, steps):
    """Rows of results: test and training F1 of each method, batch and rate."""
    train, test = zip(*splits(share, seeds))
    x, y = (np.stack(each) for each in zip(*train))
    others, labels = (np.stack(each) for each in zip(*test))
    methods = [("cross-entropy", b, cross_entropy) for b in BATCHES]
    methods += [
        (f"F1, momentum {m}", b, f_loss) for b in BATCHES for m in MOMENTA
    ]
    methods += [
        ("F1, all rows", y.shape[1], f_loss),
        ("cross-entropy, all rows", y.shape[1], cross_entropy),
    ]
    for name, batch, loss in methods:
        momentum = float(name.rsplit(" ", 1)[1]) if "momentum" in name else 0.0
        for rate in RATES:
            chosen = f_loss(momentum) if loss is f_loss else loss
            predict = trained(x, y, chosen, batch, rate, steps)
            found = predict(x)
            tuned = np.array(
                [
                    best_threshold(
                        b.astype("float32"), 1 / (1 + np.exp(-p)), "f_beta"
                    ).threshold
                    for b, p in zip(y, found.astype("float64"))
                ]
            )
            tuned = np.log(tuned) - np.log1p(-tuned)
            held_out = predict(others)
            for threshold, cuts in (("1/2", 0 * tuned), ("tuned", tuned)):
                if threshold == "tuned" and loss is f_loss:
                    continue
                learnt = [f1(b, p >= t) for b, p, t in zip(y, found, cuts)]
                held = [
                    f1(b, p >= t, share)
                    for b, p, t in zip(labels, held_out, cuts)
                ]
                yield {
                    "positive": share,
                    "method": name,
                    "threshold": threshold,
                    "batch": batch,
                    "rate": rate,
                    "train": 100 * np.mean(learnt),
                    "test": 100 * np.mean(held),
                    "error": 100 * np.std(held) / np.sqrt(len(held)),
                    "collapsed": float(np.mean(np.array(held) < 0.01)),
                }


def show(rows):
    """The rate of the best training F1 for each method, as a table."""
    groups = {}
    for row in rows:
        key = row["positive"], row["batch"], row["method"], row["threshold"]
        groups.setdefault(key, []).append(row)
    print("positive batch method                   cut    rate   train  test")
    for (share, batch, method, cut), group in groups.items():
        best = max(group, key=lambda row: row["train"])
        print(
            f"{share:8.0%} {batch:5} {method:24} {cut:5} {best['rate']:5} "
            f"{best['train']:7.1f} {best['test']:5.1f} ± {best['error']:.1f}  "
            + " ".join(f"{row['test']:.1f}" for row in group)
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=800)
    arguments = parser.parse_args()
    start = time.perf_counter()
    rows = [
        {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
        for share in POSITIVE
        for row in results(share, arguments.seeds, arguments.steps)
    ]
    show(rows)
    path = RESULTS / "momentum.json"
    path.write_text(
        json.dumps(
            {
                **vars(arguments),
                "models": len(TASKS) * arguments.seeds,
                "machine": machine(),
                "seconds": round(time.perf_counter() - start),
                "rows": rows,
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
