"""Speed of exp_ratio beside the naive formula and TensorFlow Probability.

    python benchmarks/exp_ratio_speed.py [--elements 10000000] [--rounds 30]

Forward, and forward with gradient, of float32 in a TensorFlow graph and under
XLA. All take turns within a round, and the ratio to the naive formula, which is
NaN at 0 and in its gradient below -88, is taken round by round, so that a
machine whose speed drifts changes nothing. Two medians are printed, of the
milliseconds and of the ratios; where the speed drifted, the second is not the
quotient of the first. The mean of TensorFlow Probability's ContinuousBernoulli
is timed if that is installed; its formula, written out below from its
documentation, always is. Writes benchmarks/results/exp_ratio_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf
from _machine import machine

from softkeras.ops.exp_ratio import exp_ratio

try:
    import tensorflow_probability as tfp
except ImportError:  # It needs tf-keras too.
    tfp = None

RESULTS = pathlib.Path(__file__).parent / "results" / "exp_ratio_speed.json"
# The targets: what exp_ratio may take under XLA, in times the naive formula.
TARGETS = {"forward": 1.6, "forward + gradient": 1.3}
MEANING = {
    "milliseconds": "median over the rounds",
    "ratio": "median of the rounds' ratios to naive, not ratio of the medians",
}
INSTALL = "pip install tensorflow-probability tf-keras"


def naive(x):
    return 1 / (1 - tf.exp(-x)) - 1 / x


def where(x):
    return tf.where(tf.abs(x) < 0.1, 0.5 + x / 12, naive(x))


def formula_of_probability(x):
    """Three ranges: a series next to 0, the formula by expm1, and -1/x."""
    epsilon = np.finfo("float32").eps
    near = np.float32((epsilon * 30240) ** 0.2)
    far = np.float32(-np.log(epsilon))
    series = 0.5 + x / 12 - x * tf.square(x) / 720
    middle = (tf.abs(x) > near) & (x > -far)
    x_middle = tf.where(middle, x, 1.0)
    formula = -(
        tf.math.reciprocal(tf.math.expm1(-x_middle))
        + tf.math.reciprocal(x_middle)
    )
    result = tf.where(middle, formula, series)
    below = x <= -far
    tail = -tf.math.reciprocal(tf.where(below, x, 1.0))
    return tf.where(below, tail, result)


def functions():
    result = {
        "naive": naive,
        "tf.where": where,
        "TFP's formula": formula_of_probability,
        "exp_ratio": exp_ratio,
    }
    if tfp is not None:
        result["TFP"] = lambda x: tfp.distributions.ContinuousBernoulli(
            logits=x
        ).mean()
    return result


def with_gradient(function):
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return value, tape.gradient(value, x)

    return run


def times(x, rounds, jit, gradient):
    """Seconds of each function in each round."""
    compiled = {
        name: tf.function(with_gradient(f) if gradient else f, jit_compile=jit)
        for name, f in functions().items()
    }
    seconds = {name: [] for name in compiled}
    for i in range(rounds + 2):
        for name, function in compiled.items():
            start = time.perf_counter()
            for result in tf.nest.flatten(function(x)):
                float(result[0])
            if i >= 2:  # the first rounds trace and warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    if tfp is None:
        print(f"Without TensorFlow Probability (row TFP); for it: {INSTALL}\n")
    rng = np.random.default_rng(20261121)
    x = tf.constant((20 * rng.normal(size=args.elements)).astype("float32"))
    table = {}
    for mode, jit in (("graph", False), ("XLA", True)):
        for what in TARGETS:
            seconds = times(x, args.rounds, jit, what != "forward")
            for name, own in seconds.items():
                ratios = [a / b for a, b in zip(own, seconds["naive"])]
                table.setdefault(name, {})[f"{mode}, {what}"] = {
                    "milliseconds": round(1000 * statistics.median(own), 2),
                    "ratio": round(statistics.median(ratios), 2),
                }
    print(f"{args.elements:,} float32, {args.rounds} rounds")
    for what, words in MEANING.items():
        print(f"{what}: {words}")
    for column in next(iter(table.values())):
        print(f"\n{column:26}{'milliseconds':>14}{'ratio':>8}")
        for name, own in table.items():
            cell = own[column]
            print(f"{name:26}{cell['milliseconds']:14.1f}{cell['ratio']:8.2f}")
    RESULTS.write_text(
        json.dumps(
            {
                "machine": machine(),
                "elements": args.elements,
                "rounds": args.rounds,
                "targets_under_xla": TARGETS,
                "meaning": MEANING,
                "not_installed": [] if tfp else ["tensorflow_probability"],
                "functions": table,
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
