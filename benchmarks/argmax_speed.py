"""Speed of the soft arg-max, beside a softmax and a weighted sum.

    python benchmarks/argmax_speed.py [--rows 4096] [--columns 1024]

Forward, and value and gradient, on the same scores in graph mode and under XLA,
float32. The functions take turns within a round, and the ratio to
tf.reduce_sum(tf.nn.softmax(s·x)·index) is taken round by round, so that a
machine whose speed drifts changes nothing; medians are printed. Writes
benchmarks/results/argmax_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf
from _machine import machine

from softkeras.ops.argmax import soft_argmax, soft_one_hot

RESULTS = pathlib.Path(__file__).parent / "results" / "argmax_speed.json"
SHARPNESS = 3.0
BASELINE = "tf.nn.softmax and a weighted sum"
SELECTION = "tf.nn.softmax, weighted by a tensor"


def functions(shape):
    """Functions of x by name, with the name of what each is compared to."""
    index = tf.range(shape[1], dtype=tf.float32)
    weights = tf.constant(
        np.random.default_rng(1).normal(size=shape), tf.float32
    )

    def plain(x):
        return tf.reduce_sum(tf.nn.softmax(SHARPNESS * x) * index, -1)

    def naive(x):
        e = tf.exp(SHARPNESS * x)
        return tf.reduce_sum(e * index, -1) / tf.reduce_sum(e, -1)

    return {
        BASELINE: (plain, BASELINE),
        "exp without the maximum (overflows)": (naive, BASELINE),
        "soft_argmax": (
            lambda x: soft_argmax(x, sharpness=SHARPNESS),
            BASELINE,
        ),
        "soft_argmax, straight-through": (
            lambda x: soft_argmax(
                x, sharpness=SHARPNESS, straight_through=True
            ),
            BASELINE,
        ),
        SELECTION: (
            lambda x: tf.nn.softmax(SHARPNESS * x) * weights,
            SELECTION,
        ),
        "soft_one_hot, weighted by a tensor": (
            lambda x: soft_one_hot(x, sharpness=SHARPNESS) * weights,
            SELECTION,
        ),
    }


def compiled(function, jit, gradient):
    def run(x):
        if not gradient:
            return tf.reduce_sum(function(x))
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(function(x))
        return tape.gradient(value, x)

    return tf.function(run, jit_compile=jit, autograph=False)


def times(shape, rounds, jit, gradient):
    """Seconds of each function in each round."""
    x = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    runs = {
        name: compiled(function, jit, gradient)
        for name, (function, _) in functions(shape).items()
    }
    seconds = {name: [] for name in runs}
    for i in range(rounds + 3):
        for name, run in runs.items():
            start = time.perf_counter()
            out = run(x)
            float(tf.reshape(out, [-1])[0])
            if i >= 3:  # the first rounds trace and warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--columns", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    shape = (args.rows, args.columns)
    base = {name: other for name, (_, other) in functions(shape).items()}
    modes = [
        (f"{kind}, {mode}", jit, gradient)
        for mode, jit in (("graph", False), ("XLA", True))
        for kind, gradient in (("forward", False), ("with gradient", True))
    ]
    table = {}
    for label, jit, gradient in modes:
        seconds = times(shape, args.rounds, jit, gradient)
        for name, own in seconds.items():
            ratio = statistics.median(
                a / b for a, b in zip(own, seconds[base[name]])
            )
            table.setdefault(name, {})[label] = {
                "milliseconds": round(1000 * statistics.median(own), 2),
                "ratio": round(ratio, 3),
            }
    print(f"{shape} float32, medians of {args.rounds} rounds; x: ratio to")
    print(f"{BASELINE}, or for the selection to the softmax alike\n")
    print(" " * 36 + "".join(f"{label:>22}" for label, *_ in modes))
    for name, cells in table.items():
        print(
            f"{name:36}"
            + "".join(
                f"{c['milliseconds']:12.1f} ms{c['ratio']:6.2f}x"
                for c in cells.values()
            )
        )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "machine": machine(),
                "shape": shape,
                "rounds": args.rounds,
                "functions": table,
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
