"""The share of a GPU's memory bandwidth that losses and exp_ratio reach.

    python benchmarks/gpu.py [--elements 268435456] [--rounds 20]
    python benchmarks/gpu.py --device cpu --elements 1e6    # to try it out

Value and gradient of losses of counts, and exp_ratio, in float32. A function
must read and write at least so many bytes (`BYTES`); over its time that is a
bandwidth, and its share is of that of a copy on the same device, which takes
turns with it in every round. Medians over the rounds. With KERAS_BACKEND
tensorflow, jax or torch; writes benchmarks/results/gpu_BACKEND.json for a GPU,
and for a CPU only the file that --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

from _machine import machine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# Else JAX takes three quarters of the memory before it is asked for.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import keras

from softkeras import losses
from softkeras.ops import exp_ratio
from softkeras.steps import Step

BACKEND = keras.backend.backend()
RESULTS = pathlib.Path(__file__).parent / "results"
TARGET = 0.7
# Bytes of an element that no float32 program can do without. A loss of counts
# reads labels and predictions for the sums and again for the gradient, which
# needs the sums, and writes the gradient.
BYTES = {
    "copy": 4 + 4,
    "loss": 2 * (4 + 4) + 4,
    "forward": 4 + 4,
    "forward + gradient": 4 + 4 + 4,
}
MODES = {"tensorflow": ("graph", "XLA"), "jax": ("jit",)}.get(
    BACKEND, ("eager",)
)
COMPILED = ("XLA", "jit")


def functions():
    """(name, function of labels and numbers, what it computes)."""
    softsign = Step("softsign", 50, "probability")
    counts = {
        "SoftPrecision": losses.SoftPrecision(),
        "SoftPrecision, softsign": losses.SoftPrecision(step=softsign),
        "SoftFBeta": losses.SoftFBeta(),
        "SoftMatthews": losses.SoftMatthews(),
        "SoftDice of logits": losses.SoftDice(from_logits=True),
    }
    return [(name, loss, "loss") for name, loss in counts.items()] + [
        ("exp_ratio", lambda _, x: exp_ratio(x), kind)
        for kind in ("forward", "forward + gradient")
    ]


def runner(function, kind, mode):
    """The function of two tensors that is timed."""
    if BACKEND == "jax":
        import jax

        def value_and_gradient(y, x):
            value, pull = jax.vjp(lambda x: function(y, x), x)
            return value, pull(jax.numpy.ones_like(value))

        return jax.jit(function if kind == "forward" else value_and_gradient)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        def value_and_gradient(y, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(y, x)
            return value, tape.gradient(value, x)

        return tf.function(
            function if kind == "forward" else value_and_gradient,
            jit_compile=mode == "XLA",
            autograph=False,
        )
    import torch

    def forward(y, x):
        with torch.no_grad():
            return function(y, x)

    def both(y, x):
        x = x.detach().requires_grad_(True)
        value = function(y, x)
        return value, torch.autograd.grad(value.sum(), x)

    return forward if kind == "forward" else both


def copy(_, x):
    """Another tensor with the same numbers, on the same device."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.raw_ops.DeepCopy(x=x)
    if BACKEND == "jax":
        return x.copy()
    return x.clone()


def wait(results):
    """Until they are computed."""
    if BACKEND == "jax":
        import jax

        jax.block_until_ready(results)
    elif BACKEND == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    else:
        last = keras.tree.flatten(results)[-1]
        keras.ops.reshape(last, (-1,))[0].numpy()


def seconds(function, given, calls):
    start = time.perf_counter()
    for _ in range(calls):
        results = function(*given)
    wait(results)
    return (time.perf_counter() - start) / calls


def measure(elements, rounds, calls):
    """Milliseconds and shares by function, kind and mode, and the copy's."""
    shape = (elements, 1)
    x = keras.random.uniform(shape, seed=1, dtype="float32")
    rare = keras.random.uniform(shape, seed=2, dtype="float32") < 0.1
    given = (keras.ops.cast(rare, "float32"), x)
    made = {
        (name, kind, mode): runner(function, kind, mode)
        for name, function, kind in functions()
        for mode in MODES
    }
    times = {key: [] for key in made}
    copies = []
    for i in range(rounds + 2):
        each = seconds(copy, given, calls)
        own = {key: seconds(f, given, calls) for key, f in made.items()}
        if i >= 2:  # the first rounds trace and warm up
            copies.append(each)
            for key, time_of in own.items():
                times[key].append(time_of)
    rows = [
        {
            "function": name,
            "computes": "value + gradient" if kind == "loss" else kind,
            "mode": mode,
            "bytes_an_element": BYTES[kind],
            "milliseconds": 1000 * statistics.median(own),
            "gigabytes_a_second": BYTES[kind]
            * elements
            / statistics.median(own)
            / 1e9,
            "share_of_copy": statistics.median(
                BYTES[kind] / BYTES["copy"] * c / t for c, t in zip(copies, own)
            ),
        }
        for (name, kind, mode), own in times.items()
    ]
    middle = statistics.median(copies)
    return rows, {
        "milliseconds": 1000 * middle,
        "gigabytes_a_second": BYTES["copy"] * elements / middle / 1e9,
    }


def device_name(kind):
    """What the driver calls the first device of a kind."""
    if kind == "cpu":
        return machine()["cpu"]
    if BACKEND == "jax":
        import jax

        found = [d for d in jax.devices() if d.platform == "gpu"]
        return found[0].device_kind if found else None
    if BACKEND == "torch":
        import torch

        there = torch.cuda.is_available()
        return torch.cuda.get_device_name(0) if there else None
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details
    return details(found[0])["device_name"] if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--elements", type=float, default=2**28)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=5, help="in a timing")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    name, elements = device_name(args.device), int(args.elements)
    if name is None:
        sys.exit(f"gpu.py: {BACKEND} sees no GPU; --device cpu tries it out")
    out = args.out
    if out is None and args.device == "gpu":
        out = RESULTS / f"gpu_{BACKEND}.json"
    where = {"gpu": "cuda:0" if BACKEND == "torch" else "gpu:0"}
    with keras.device(where.get(args.device, "cpu")):
        rows, of_copy = measure(elements, args.rounds, args.calls)
    gigabytes = of_copy["gigabytes_a_second"]
    print(f"{name}, {BACKEND}: {elements:,} elements, float32")
    print(f"copy{'':50}{gigabytes:9.1f} GB/s")
    for row in rows:
        text = f"{row['function']}, {row['computes']}, {row['mode']}"
        print(
            f"{text:54}{row['gigabytes_a_second']:9.1f} GB/s"
            f"{row['share_of_copy']:8.0%}{row['milliseconds']:10.2f} ms"
        )
    compiled = [r for r in rows if r["mode"] in COMPILED]
    low = [r for r in compiled if r["share_of_copy"] < TARGET]
    if compiled:
        print(
            f"{len(compiled) - len(low)} of {len(compiled)} compiled ones "
            f"reach {TARGET:.0%} of the copy"
        )
    if out is not None:
        result = {
            "device": name,
            "backend": BACKEND,
            "machine": machine(),
            "elements": elements,
            "rounds": args.rounds,
            "target": TARGET,
            "copy": of_copy,
            "functions": rows,
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
