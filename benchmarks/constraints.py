"""Rates at a constraint, on held-out folds, beside cross-entropy.

    python benchmarks/constraints.py [--splits 4] [--steps 400]

A network of 32 ReLU units is trained on the losses of
`softkeras.losses.SoftPrecisionAtRecall` and its like, on cross-entropy, on
class-weighted cross-entropy, and with the Lagrange multipliers of
https://arxiv.org/abs/1608.04802 (bounds by cross-entropy), all with the same
initialisation, batches, steps and optimiser; "warm-up" is cross-entropy for the
first 30 % of the steps. In each of 5 stratified folds a
quarter of the training data chooses the threshold, by `best_threshold` with
the constraint, for every method alike; the rest trains. What is asked for,
and what it costs, is then counted on the held-out fold; the counts of the 5
folds are added up, so that one number stands for all of the data, and mean and
standard deviation are over the splits. Inputs are scaled on the data that
trains. Writes benchmarks/results/constraints.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split

from softkeras import losses
from softkeras.counts import Counts
from softkeras.thresholds import best_threshold

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = pathlib.Path(__file__).parent / "results"
RATES = {
    "precision": lambda c: c.tp / (c.tp + c.fp),
    "recall": lambda c: c.tp / (c.tp + c.fn),
    "specificity": lambda c: c.tn / (c.tn + c.fp),
}
RATES["sensitivity"] = RATES["recall"]
GOALS = {
    ("precision", "recall", 0.9): losses.soft_precision_at_recall,
    ("recall", "precision", 0.9): losses.soft_recall_at_precision,
    ("sensitivity", "specificity", 0.95): (
        losses.soft_sensitivity_at_specificity
    ),
    ("specificity", "sensitivity", 0.9): losses.soft_specificity_at_sensitivity,
}
FOLDS, UNITS, BATCH, RATE, WARM_UP = 5, 32, 256, 0.01, 0.3


def datasets():
    """Name to (inputs, labels): all of it real, none of it downloaded."""
    path = ROOT / "inst/extdata/breast_cancer.csv"
    table = np.genfromtxt(path, delimiter=",", names=True, comments="#")
    columns = [name for name in table.dtype.names if name != "malignant"]
    yield (
        "breast cancer, 9 % malignant",
        np.stack([table[name] for name in columns], -1),
        table["malignant"],
    )
    x, y = load_digits(return_X_y=True)
    yield "digits, 8 or not", x, y == 8
    # The left upper quarter of the picture, in which much looks alike.
    corner = x.reshape(-1, 8, 8)[:, :4, :5].reshape(len(x), -1)
    yield "digits, 3 or not, a corner", corner, y == 3


def parts(x, y, splits):
    """For each split and fold: rows that train, choose and judge."""
    for split in range(splits):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=split)
        for rest, judge in folds.split(x, y):
            train, choose = train_test_split(
                rest, test_size=0.25, stratify=y[rest], random_state=split
            )
            yield train, choose, judge


def standardised(x, train):
    sd = x[train].std(0)
    return ((x - x[train].mean(0)) / np.where(sd > 0, sd, 1)).astype("float32")


def initial(models, features):
    """Weights of many networks at once, the models along the first axis."""
    rng = np.random.default_rng(20261121)

    def glorot(*shape):
        return rng.normal(size=shape) * np.sqrt(2 / sum(shape[1:]))

    return [
        glorot(models, features, UNITS),
        np.zeros((models, 1, UNITS)),
        glorot(models, UNITS, 1),
        np.zeros((models, 1, 1)),
    ]


def logits_of(weights, x):
    """(models, n, features) to (n, models)."""
    w1, b1, w2, b2 = weights
    return tf.transpose((tf.nn.relu(x @ w1 + b1) @ w2 + b2)[..., 0])


def cross_entropy(y, x, weight=1.0):
    bce = tf.nn.sigmoid_cross_entropy_with_logits(y, x)
    return tf.reduce_sum(weight * bce) / BATCH


def weighted_cross_entropy(share):
    return lambda y, x: cross_entropy(
        y, x, y / (2 * share) + (1 - y) / (2 * (1 - share))
    )


def train(loss, x, y, rows, steps, multipliers=0, warm_up=0.0):
    """Adam on all models at once; `loss` adds up those of the models.

    For the share `warm_up` of the steps the loss is cross-entropy.
    """
    models = len(x)
    weights = [
        tf.Variable(w.astype("float32")) for w in initial(models, x.shape[-1])
    ]
    extra = [tf.Variable(tf.zeros(models)) for _ in range(multipliers)]
    descent = keras.optimizers.Adam(RATE)
    ascent = keras.optimizers.Adam(RATE)
    descent.build(weights)
    if extra:
        ascent.build(extra)
    x, y = tf.constant(x), tf.constant(y.astype("float32"))

    def stepping(loss, extra):
        @tf.function(jit_compile=True, autograph=False)
        def step(batch):  # (models, BATCH)
            with tf.GradientTape() as tape:
                inputs = tf.gather(x, batch, batch_dims=1)
                labels = tf.transpose(tf.gather(y, batch))
                value = loss(labels, logits_of(weights, inputs), *extra)
            slopes = tape.gradient(value, [*weights, *extra])
            descent.apply(slopes[: len(weights)])
            if extra:  # which are to be as high as can be
                ascent.apply([-slope for slope in slopes[len(weights) :]])

        return step

    first, then = stepping(cross_entropy, []), stepping(loss, extra)
    for i, batch in enumerate(batches(rows, steps)):
        (first if i < warm_up * steps else then)(batch)
    return logits_of(weights, x).numpy()


def batches(rows, steps):
    """Rows of each model's own training data, shuffled every epoch."""
    rng = np.random.default_rng(7)
    queues = [np.zeros(0, int) for _ in rows]
    for _ in range(steps):
        for i, own in enumerate(rows):
            while len(queues[i]) < BATCH:
                queues[i] = np.append(queues[i], rng.permutation(own))
        yield tf.constant(np.stack([q[:BATCH] for q in queues]))
        queues = [q[BATCH:] for q in queues]


def lagrangian(high, asked, level):
    """The bounds of arXiv 1608.04802, with one multiplier a model."""

    def loss(y, x, multiplier):
        weight = tf.nn.softplus(multiplier)
        bce = tf.nn.sigmoid_cross_entropy_with_logits(y, x) / np.log(2.0)
        positives = tf.reduce_sum(y, 0)
        missed = tf.reduce_sum(y * bce, 0) / positives
        alarms = tf.reduce_sum((1 - y) * bce, 0)
        false = alarms / tf.reduce_sum(1 - y, 0)
        if asked == "precision":
            excess = alarms / positives - (1 - level) / level * (1 - missed)
            each = missed + weight * excess
        elif asked == "specificity":
            each = missed + weight * (false - (1 - level))
        else:
            each = false + weight * (missed - (1 - level))
        return tf.reduce_sum(each)

    return loss


def methods(goal, function):
    """Name to the loss, and how it is trained."""

    def ours(y, x):
        each = function(y, x, goal[-1], average=None, from_logits=True)
        return tf.reduce_sum(each)

    yield "softkeras", ours, {}
    yield "softkeras, warm-up", ours, {"warm_up": WARM_UP}
    bounds = lagrangian(*goal)
    yield "Lagrange multipliers", bounds, {"multipliers": 1}


def judged(goal, logits, y, each):
    """The counts of the held-out folds, added up for each split."""
    high, asked, level = goal
    totals = {}
    for model, (_, choose, judge) in enumerate(each):
        # In float64: a float32 probability is 1 from a logit of 17 on.
        p = 1 / (1 + np.exp(-logits[:, model].astype("float64")))
        try:
            t, _ = best_threshold(
                y[choose],
                p[choose],
                RATES[high],
                at_least={RATES[asked]: level},
            )
        except ValueError:  # no threshold reaches it: the strictest there is
            t = p[choose].max() * (1 - 1e-12)
        d, truth = p[judge] > t, y[judge] == 1
        counts = [np.sum(m) for m in (d & truth, d & ~truth)]
        counts += [np.sum(m) for m in (~d & truth, ~d & ~truth)]
        split = model // FOLDS
        totals[split] = totals.get(split, 0) + np.array(counts, float)
    counts = Counts(*np.array(list(totals.values())).T)
    with np.errstate(invalid="ignore"):
        return RATES[high](counts), RATES[asked](counts)


def metric(goal, function, logits, y, each):
    """The rate at the best threshold of each held-out fold itself.

    That is Keras's metric of that name, over all cut points: no threshold has
    to be chosen beforehand, so the ranking alone is judged.
    """
    values = [
        1
        - float(
            function(
                y[judge],
                logits[judge, model],
                goal[-1],
                step="hard",
                from_logits=True,
            )
        )
        for model, (_, _, judge) in enumerate(each)
    ]
    return np.reshape(values, (-1, FOLDS)).mean(1)


def row(goal, function, logits, y, each):
    high, asked = judged(goal, logits, y, each)
    own = metric(goal, function, logits, y, each)
    numbers = {
        "reached": asked.mean(),
        "reached_sd": asked.std(ddof=1) if len(asked) > 1 else 0.0,
        "distance": abs(asked.mean() - goal[-1]),
        "rate": high.mean(),
        "rate_sd": high.std(ddof=1) if len(high) > 1 else 0.0,
        "metric": own.mean(),
        "metric_sd": own.std(ddof=1) if len(own) > 1 else 0.0,
    }
    return {key: round(float(value), 4) for key, value in numbers.items()}


def compare(x, y, splits, steps):
    """One row for each goal and method, on one data set."""
    y = y.astype("float64")
    each = list(parts(x, y, splits))
    inputs = np.stack([standardised(x, rows) for rows, _, _ in each])
    rows = [rows for rows, _, _ in each]
    common = {
        "cross-entropy": cross_entropy,
        "class weights": weighted_cross_entropy(y.mean()),
    }
    common = {
        name: train(loss, inputs, y, rows, steps)
        for name, loss in common.items()
    }
    for goal, function in GOALS.items():
        for name, logits in common.items():
            yield goal, name, row(goal, function, logits, y, each)
        for name, loss, options in methods(goal, function):
            logits = train(loss, inputs, y, rows, steps, **options)
            yield goal, name, row(goal, function, logits, y, each)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=4)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", type=int, help="the number of a data set")
    args = parser.parse_args()
    table = []
    for number, (name, x, y) in enumerate(datasets()):
        if args.only not in (None, number):
            continue
        print(f"\n{name}: {len(y)} samples, {int(np.sum(y))} positive")
        print(f"{'':28}{'reached':>16}{'rate':>16}{'metric':>16}")
        last = None
        for goal, method, numbers in compare(x, y, args.splits, args.steps):
            if goal != last:
                print(f"  {goal[0]} at {goal[1]} {goal[2]}", flush=True)
            last = goal
            cells = "".join(
                f"{numbers[key]:>9.3f} ±{numbers[key + '_sd']:.3f}"
                for key in ("reached", "rate", "metric")
            )
            print(f"    {method:24}{cells}", flush=True)
            table.append(
                {
                    "data": name,
                    "goal": "{} at {} {}".format(*goal),
                    "method": method,
                    **numbers,
                }
            )
            if args.only is None:
                write(args, table)


def write(args, table):
    """All that there is so far, so that a run that is stopped leaves it."""
    options = {"splits": args.splits, "steps": args.steps, "batch": BATCH}
    (RESULTS / "constraints.json").write_text(
        json.dumps({**options, "rows": table}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
