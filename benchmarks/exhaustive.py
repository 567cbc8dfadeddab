"""exp_ratio and its derivatives at every float32 there is.

    python benchmarks/exhaustive.py [--mode xla] [--stride 1] [--minutes 60]

Largest errors in units of the last place of f(x) = 1/(1 - e^-x) - 1/x, f', f''
and log_exprel, as a TensorFlow graph with XLA (or without) computes them, over
all 2^32 patterns of bits, or every `--stride`-th. What is exact comes from
float64 formulas in NumPy, tests/reference/ops_exp_ratio.py, that are within
1e-12 of mpmath's 50 digits (tests/python/test_ops_exp_ratio.py), which is 1e-5
of a unit in the last place of a float32. Results below 1024 times the smallest
normal number, where numbers are flushed to 0, must only be as small.

Interrupt it at any time, and start it again with the same arguments: it goes on
from where it was, kept in build/. Writes benchmarks/results/exhaustive.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests/reference"))

import keras
import numpy as np
import ops_exp_ratio as reference
import tensorflow as tf
from _machine import machine

from softkeras.ops.exp_ratio import exp_ratio, log_exprel

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "exhaustive.json"
BOUNDS = {"f": 2, "f'": 5, "f''": 7, "log_exprel": 2.5}
CHUNK, BLOCK = 2**22, 2**15  # computed at once; compared at once, in cache
SMALL = 1024 * float(np.finfo("float32").tiny)


@tf.function
def all_functions(x):
    """f, f', f'' and log_exprel."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = exp_ratio(x)
        slope = inner.gradient(value, x)
    return value, slope, outer.gradient(slope, x), log_exprel(x)


def compare(x, got):
    """The largest error of each function, where it is, and what is wrong."""
    result = []
    if not np.all(np.isfinite(x)):
        # Infinite or NaN: what is neither is left to the other blocks.
        ends = {np.inf: (1, 0, 0, np.inf), -np.inf: (0, 0, 0, -np.inf)}
        for i, own in enumerate(got):
            want = np.full(x.shape, np.nan)
            for end, values in ends.items():
                want[x == end] = values[i]
            wrong = ~((own == want) | (np.isnan(own) & np.isnan(want)))
            result.append((0.0, 0.0, int(wrong.sum())))
        return result
    for own, want in zip(got, reference.float64(x.astype("float64"))):
        size = np.abs(want)
        # The float64 that is a unit of the last place of a float32 there.
        unit = (size.view("int64") & (0x7FF << 52)) - (23 << 52)
        error = np.abs(own - want) / unit.view("float64")
        small = size < SMALL
        if small.any():
            wrong = small & ~(np.abs(own) <= 2 * SMALL)
            error[small] = 0
        else:
            wrong = np.False_
        wrong = wrong | ~np.isfinite(own)
        error[~np.isfinite(own)] = 0
        at = int(error.argmax())
        result.append((float(error[at]), float(x[at]), int(wrong.sum())))
    return result


def worst(results):
    """One triple a function: the largest error, where, how many wrong."""
    return [
        (*max(each)[:2], sum(wrong for _, _, wrong in each))
        for each in zip(*results)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=("xla", "graph"), default="xla")
    parser.add_argument(
        "--stride", type=int, default=1, choices=[2**k for k in range(9)]
    )
    parser.add_argument("--minutes", type=float, default=float("inf"))
    args = parser.parse_args()

    function = all_functions
    if args.mode == "xla":
        function = tf.function(all_functions, jit_compile=True)
    step = CHUNK * args.stride
    state_file = ROOT / "build" / f"exhaustive_{args.mode}_{args.stride}.json"
    state_file.parent.mkdir(exist_ok=True)
    state = {"next": 0, "seconds": 0.0, "worst": [(0.0, 0.0, 0)] * len(BOUNDS)}
    if state_file.exists():
        state = json.loads(state_file.read_text())
    bar = keras.utils.Progbar(2**32 // step, unit_name="chunk")
    begin = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in range(state["next"], 2**32 // step):
            start = time.perf_counter()
            if start - begin > 60 * args.minutes:
                sys.exit("\nOut of minutes; start again to go on.")
            bits = np.arange(CHUNK, dtype="uint32") * np.uint32(args.stride)
            bits += np.uint32(chunk * step)
            x = bits.view("float32")
            got = [np.asarray(y) for y in function(tf.constant(x))]
            blocks = [slice(i, i + BLOCK) for i in range(0, CHUNK, BLOCK)]
            results = pool.map(
                lambda own, x=x, got=got: compare(
                    x[own], [y[own] for y in got]
                ),
                blocks,
            )
            state["worst"] = worst([state["worst"], *results])
            state["next"] = chunk + 1
            state["seconds"] += time.perf_counter() - start
            state_file.write_text(json.dumps(state))
            bar.update(chunk + 1)

    found = {
        name: {"ulp": round(ulp, 3), "at": at, "wrong": wrong}
        for name, (ulp, at, wrong) in zip(BOUNDS, state["worst"])
    }
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[args.mode] = {
        "machine": machine(),
        "values": 2**32 // args.stride,
        "stride": args.stride,
        "seconds": round(state["seconds"]),
        **found,
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n{2**32 // args.stride:,} values, {args.mode}:")
    for name, own in found.items():
        print(
            f"{name:11}{own['ulp']:7.3f} ulp at {own['at']:.9g}; "
            f"{own['wrong']} wrong NaN, ∞ or tiny numbers"
        )
    state_file.unlink()
    if any(
        own["ulp"] > BOUNDS[name] or own["wrong"] for name, own in found.items()
    ):
        sys.exit("Bounds missed.")


if __name__ == "__main__":
    main()
