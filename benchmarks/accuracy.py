"""Accuracy of exp_ratio beside other ways to write it, against mpmath.

    python benchmarks/accuracy.py [--points 14000]

Largest errors in units of the last place, and how many results are NaN or
infinite, of f(x) = 1/(1 - e^-x) - 1/x and of its derivatives as the backend
(KERAS_BACKEND) computes them: eager, in a graph and compiled. The points are
spread over the logarithm of |x| over the whole range of the type, and densely
over |x| < 300, in both signs; results next to the smallest number, which are
flushed to 0, count only as to whether they are finite. Writes
benchmarks/results/accuracy_BACKEND.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests/reference"))

import keras
import numpy as np
import ops_exp_ratio as reference
from _machine import machine
from keras import ops

from softkeras.ops.exp_ratio import exp_ratio, log_exprel

RESULTS = pathlib.Path(__file__).parent / "results"
BACKEND = keras.backend.backend()
BOUNDS = {"f": 2, "f'": 5, "f''": 7, "log_exprel": 2.5}
EXACT = (
    reference.exp_ratio,
    reference.slope,
    reference.curvature,
    reference.log_exprel,
)


def naive(x):
    return 1 / (1 - ops.exp(-x)) - 1 / x


def where(x):
    """The question's."""
    return ops.where(ops.abs(x) < 0.1, 0.5 + x / 12, naive(x))


def double_where(x):
    near = ops.abs(x) < 0.1
    return ops.where(near, 0.5 + x / 12, naive(ops.where(near, 1.0, x)))


def with_expm1(x):
    """An answer to the question."""
    below = ops.expm1(-x)
    return -(x + below) / (x * below)


def points(dtype, count):
    rng = np.random.default_rng(20261121)
    low, high = {"float32": (-37, 38.5), "float64": (-307, 308.2)}[dtype]
    positive = np.concatenate(
        [
            10.0 ** rng.uniform(low, high, count // 6),
            10.0 ** rng.uniform(-5, 2.5, count // 6),
            rng.uniform(0, 12, count // 6),
        ]
    )
    return np.concatenate([positive, -positive]).astype(dtype)


def derivative(function):
    if BACKEND == "jax":
        import jax

        return jax.grad(lambda x: ops.sum(function(x)))
    import tensorflow as tf

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x)

    return gradient


def compilers():
    if BACKEND == "jax":
        import jax

        return {"eager": lambda f: f, "jit": jax.jit}
    import tensorflow as tf

    return {
        "eager": lambda f: f,
        "graph": tf.function,
        "XLA": lambda f: tf.function(f, jit_compile=True),
    }


def split(exact, dtype):
    """Exact numbers as sums of two float64, and units of their last places.

    Those whose result may be flushed to 0 have an infinite unit.
    """
    high = np.array([float(e) for e in exact])
    low = np.array([float(e - h) for e, h in zip(exact, high.tolist())])
    info = np.finfo(dtype)
    _, exponent = np.frexp(high)
    unit = np.ldexp(1.0, exponent - 1 - info.nmant)
    unit[np.abs(high) < 1024 * float(info.tiny)] = np.inf
    return high, low, unit


def measure(got, exact):
    """The largest error in units of the last place, and what is not finite."""
    finite = np.isfinite(got)
    high, low, unit = (part[finite] for part in exact)
    with np.errstate(over="ignore"):  # of the ways to write it that fail
        error = np.abs((got[finite].astype("float64") - high) - low) / unit
    return float(error.max()), int(np.sum(~finite))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=14_000)
    args = parser.parse_args()
    if BACKEND == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    others = [naive, where, double_where, with_expm1]
    modes = compilers()
    bar = keras.utils.Progbar(2 * (len(modes) + len(others) + 1))
    table, missed = [], []
    for dtype in ("float32", "float64"):
        x = points(dtype, args.points)
        exact = [split([f(v) for v in x.tolist()], dtype) for f in EXACT]
        tensor = ops.convert_to_tensor(x)
        bar.add(1)
        runs = [(exp_ratio, mode) for mode in modes]
        runs += [(other, list(modes)[-1]) for other in others]
        for function, mode in runs:
            row = {"function": function.__name__, "dtype": dtype, "mode": mode}
            chain = [function]
            chain += [derivative(function)]
            chain += [derivative(chain[1])]
            if function is exp_ratio:
                chain += [log_exprel]
            for name, each, want in zip(BOUNDS, chain, exact):
                got = ops.convert_to_numpy(modes[mode](each)(tensor))
                ulp, bad = measure(got, want)
                row[name] = {"ulp": float(f"{ulp:.3g}"), "not_finite": bad}
                if function is exp_ratio and (ulp > BOUNDS[name] or bad):
                    missed.append((row["dtype"], mode, name, ulp, bad))
            table.append(row)
            bar.add(1)
    print(f"\n{BACKEND}: largest error in ulp (results that are not finite)\n")
    print(f"{'':32}" + "".join(f"{name:>18}" for name in BOUNDS))
    for row in table:
        cells = "".join(
            f"{row[name]['ulp']:>10.3g} ({row[name]['not_finite']:>5})"
            if name in row
            else ""
            for name in BOUNDS
        )
        print(f"{row['function']:14}{row['dtype']:9}{row['mode']:9}{cells}")
    path = RESULTS / f"accuracy_{BACKEND}.json"
    path.write_text(
        json.dumps(
            {
                "machine": machine(),
                "points": args.points,
                "bounds": BOUNDS,
                "rows": table,
            },
            indent=1,
        )
        + "\n"
    )
    if missed:
        sys.exit(f"Bounds missed: {missed}")
    print(
        "\nAll within", ", ".join(f"{b} ulp ({n})" for n, b in BOUNDS.items())
    )


if __name__ == "__main__":
    main()
