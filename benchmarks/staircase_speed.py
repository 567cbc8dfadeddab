"""Speed of soft_staircase: 256 steps on 1M float32 elements.

    python benchmarks/staircase_speed.py [--elements 1000000] [--steps 256]

Value and gradient, in graph mode and under XLA, beside one plain sigmoid of the
same elements and beside the sum over all thresholds that one would write first
(elements × thresholds; in parts of 10,000 elements, or it does not fit into
memory). They take turns within a round and ratios are taken round by round;
medians are printed. Writes benchmarks/results/staircase_speed.json.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import statistics
import time

from _machine import machine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

RESULTS = pathlib.Path(__file__).parent / "results" / "staircase_speed.json"
PART = 10_000


def functions(steps):
    """By name, what takes a tensor of elements; the first is the baseline."""
    import numpy as np
    import tensorflow as tf

    from softkeras.ops.rounding import soft_round
    from softkeras.ops.staircase import soft_staircase

    thresholds = ((np.arange(steps) + 0.5) / steps).astype("float32")
    levels = (np.arange(steps + 1) / steps).astype("float32")

    def naive(x):
        """Σ (lᵢ - lᵢ₋₁)·σ(4s·(x - tᵢ)), s = 8 a cell."""

        def part(x):
            soft = tf.sigmoid(32.0 * steps * (x[:, None] - thresholds))
            return tf.reduce_sum(soft, 1) / steps

        parts = tf.reshape(x, (-1, min(PART, x.shape[0])))
        return tf.reshape(tf.map_fn(part, parts), (-1,))

    def staircase(**options):
        return lambda x: soft_staircase(x, thresholds, levels, **options)

    return {
        "one sigmoid": tf.sigmoid,
        "soft_staircase": staircase(),
        "soft_staircase, arctan": staircase(step="arctan"),
        "soft_staircase, straight-through": staircase(straight_through=True),
        "soft_round": lambda x: soft_round(steps * x),
        "sum over all thresholds": naive,
    }


def compiled(function, jit):
    import tensorflow as tf

    def value_and_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return value, tape.gradient(value, x)

    return tf.function(value_and_gradient, jit_compile=jit, autograph=False)


def seconds(function, x):
    start = time.perf_counter()
    for result in function(x):
        result.numpy()
    return time.perf_counter() - start


def measure(elements, steps, rounds):
    import numpy as np
    import tensorflow as tf

    x = tf.constant(np.random.default_rng(0).random(elements).astype("float32"))
    results = {}
    for mode, jit in (("graph", False), ("XLA", True)):
        ready = {k: compiled(f, jit) for k, f in functions(steps).items()}
        for function in ready.values():
            seconds(function, x)
        taken = [
            {name: seconds(function, x) for name, function in ready.items()}
            for _ in range(rounds)
        ]
        baseline, *_, last = ready
        results[mode] = {
            name: {
                "milliseconds": 1e3
                * statistics.median(each[name] for each in taken),
                "of a sigmoid": statistics.median(
                    each[name] / each[baseline] for each in taken
                ),
                "of the sum": statistics.median(
                    each[name] / each[last] for each in taken
                ),
            }
            for name in ready
        }
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    # It warns that so many functions are traced, which is what is wanted here.
    logging.getLogger("tensorflow").setLevel("ERROR")
    results = measure(args.elements, args.steps, args.rounds)
    for mode, rows in results.items():
        print(f"\n{mode:<34}{'ms':>9}{'of a sigmoid':>14}{'of the sum':>12}")
        for name, row in rows.items():
            print(
                f"{name:<34}{row['milliseconds']:9.1f}"
                f"{row['of a sigmoid']:14.1f}{row['of the sum']:12.4f}"
            )
    rounded = {
        mode: {
            name: {key: float(f"{value:.3g}") for key, value in row.items()}
            for name, row in rows.items()
        }
        for mode, rows in results.items()
    }
    RESULTS.write_text(
        json.dumps({"machine": machine(), **vars(args), **rounded}, indent=1)
        + "\n"
    )


if __name__ == "__main__":
    main()
