"""Writes docs/gpu.md: the bounds of the tests, and what gpu.py measured.

    python benchmarks/gpu_report.py

Reads benchmarks/results/gpu_*.json, and says that there is no run where there
is none.
"""

from __future__ import annotations

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gpu.md"
sys.path.append(str(ROOT / "tests" / "python" / "gpu"))

from gpu_bounds import BOUNDS, MEANING  # noqa: E402

TEXT = """# On a GPU
{none}
Every op, step, score and loss is to give on a GPU what it gives on the CPU, in
value and gradient, within the bounds below: in float16, bfloat16, float32 and
float64; eager, in a graph and under XLA on TensorFlow, eager and under jit on
JAX, eager on torch. The same model trained for 20 steps is to have the same
weights, losses and metrics to 1e-4. That is what `make test-gpu` tests
([tests/python/gpu](../tests/python/gpu)), and skips where there is no GPU.

```sh
make test-gpu       # KERAS_BACKEND=jax or torch for another backend
make bench-gpu      # the second half of this page
tools/gpu.sh        # both, for each backend, on a machine without a network
SOFTKERAS_TEST_DEVICE=cpu:1 make test-gpu     # the tests without a GPU
```

The last compares two devices that are made of the CPU (of torch, which has one
CPU, that one with itself). It shows that every case runs on the device that is
asked for, and that a wrong number is found.

## Bounds

An ulp is the distance of 1 to the next float, 2⁻²³ in float32. float16 and
bfloat16 are computed in float32, but for single scores, and rounded once more,
by one unit of their own.

| results | may differ by | because |
|---|---|---|
{bounds}

{notes}

## Bandwidth

{bandwidth}
"""
NOTES = """What differs on a GPU, and is no mistake:

- `fit()` compiles by XLA there unless told `jit_compile=False`.
- Sums are taken in another order, and not always in the same one.
- TF32, on by default in TensorFlow and JAX, rounds what matrices are multiplied
  of to 11 binary digits. softkeras multiplies matrices in confusion matrices
  alone: `soft_confusion_matrix`, and the losses and metrics of it. Off:
  `tf.config.experimental.enable_tensor_float_32_execution(False)`,
  `jax.default_matmul_precision("highest")`.
- `score_function_loss` draws other decisions of the same seed on TensorFlow and
  torch. The test gives both devices the same draws.
- Functions of NumPy (`score_function_loss`, metrics that are black boxes) and
  ragged tensors work on the host; XLA refuses them."""
NO_RUN = """
**No run on a GPU is committed yet**, neither of the tests nor of the bandwidth:
this page is what is promised and how to find out.
"""
BANDWIDTH = """`make bench-gpu` measures value and gradient of losses of
counts, and `exp_ratio`, as shares of the bandwidth of a copy on the same device
in the same run. The target is {target:.0%} under XLA."""


def bounds():
    lines = []
    for name, bound in BOUNDS.items():
        results, because = MEANING[name]
        allowed = f"{bound.ulps:g} ulp" if bound.ulps else "nothing"
        if bound.of_largest:
            allowed += " of the largest in the array"
        if bound.least:
            allowed += f", or of {bound.least:g} if that is larger"
        lines.append(f"| {results} | {allowed} | {because} |")
    return "\n".join(lines)


def table(result):
    rows = [
        f"| {row['function']}, {row['computes']} | {row['mode']} | "
        f"{row['milliseconds']:.2f} | {row['gigabytes_a_second']:.0f} | "
        f"{row['share_of_copy']:.0%} |"
        for row in result["functions"]
    ]
    versions = result["machine"]
    return "\n".join(
        [
            (
                f"**{result['device']}**, {result['backend']} "
                f"{versions.get(result['backend'], '')}, Keras "
                f"{versions['keras']}: {result['elements']:,} elements of "
                f"float32, medians of {result['rounds']} rounds. A copy moves "
                f"{result['copy']['gigabytes_a_second']:.0f} GB/s; the target "
                f"under XLA is {result['target']:.0%} of it."
            ),
            "",
            "| function | mode | ms | GB/s | share of the copy |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def page(results):
    """The page, of the results of runs."""
    bandwidth = "\n\n".join(map(table, results)) or BANDWIDTH.format(target=0.7)
    return TEXT.format(
        none="" if results else NO_RUN,
        bounds=bounds(),
        notes=NOTES,
        bandwidth=bandwidth,
    )


def main():
    files = sorted((ROOT / "benchmarks" / "results").glob("gpu_*.json"))
    PAGE.write_text(page([json.loads(f.read_text()) for f in files]))


if __name__ == "__main__":
    main()
