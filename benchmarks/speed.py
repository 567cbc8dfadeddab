"""Speed and memory of the losses of counts, beside Keras's own losses.

    python benchmarks/speed.py [--elements 4000000] [--rounds 30]

Value and gradient of each loss on the same predictions, in graph mode and under
XLA. The losses take turns within a round, and the ratio to BinaryCrossentropy
is taken round by round, so that a machine whose speed drifts changes nothing;
medians are printed. Peak memory is that of a process of its own above what the
inputs take, in bytes an element: 4 of them are the gradient. Writes
benchmarks/results/speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from _machine import machine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# As TensorFlow comes; without it XLA's sums take twice the time on CPUs.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"

RESULTS = pathlib.Path(__file__).parent / "results" / "speed.json"
BASELINE = "keras BinaryCrossentropy"


def losses():
    """The losses by name; from_logits ones take the same numbers as logits."""
    import keras
    import tensorflow as tf

    from softkeras.losses import SoftFBeta, SoftPrecision
    from softkeras.steps import Step

    def question(y, p):
        """The accepted answer to the question, as it stands there."""
        u = p - 0.5
        d = tf.clip_by_value(
            0.5 * (1 + 100 * u / (1 + 100 * tf.abs(u))), 0.0, 1.0
        )
        tp = tf.reduce_sum(y * d)
        fp = tf.reduce_sum((1 - y) * d)
        return 1 - tp / (tp + fp + 1e-7)

    softsign = Step("softsign", 50, "probability", anchored=False)
    return {
        BASELINE: keras.losses.BinaryCrossentropy(),
        "keras Dice": keras.losses.Dice(),
        "the question's softsign precision": question,
        "SoftPrecision, that softsign": SoftPrecision(step=softsign),
        "SoftPrecision": SoftPrecision(),
        "SoftFBeta": SoftFBeta(),
        "SoftPrecision, anchored sigmoid": SoftPrecision(
            step=Step("sigmoid", 8, "probability")
        ),
        BASELINE + " from logits": keras.losses.BinaryCrossentropy(
            from_logits=True
        ),
        "SoftFBeta from logits": SoftFBeta(from_logits=True),
    }


def inputs(elements):
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    y = (rng.random((elements, 1)) < 0.1).astype("float32")
    p = rng.random((elements, 1)).astype("float32")
    return tf.constant(y), tf.constant(p)


def compiled(loss, jit):
    import tensorflow as tf

    def value_and_gradient(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    return tf.function(value_and_gradient, jit_compile=jit)


def times(elements, rounds, jit):
    """Seconds of each loss in each round."""
    y, p = inputs(elements)
    functions = {name: compiled(f, jit) for name, f in losses().items()}
    seconds = {name: [] for name in functions}
    for i in range(rounds + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            value, gradient = function(y, p)
            float(value), float(gradient[0, 0])
            if i >= 2:  # the first rounds trace and warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def peak_memory(name, elements, jit):
    """Bytes an element that a process of its own takes at its peak."""
    command = [sys.executable, __file__, "--elements", str(8 * elements)]
    command += ["--memory-of", name, *(["--xla"] if jit else [])]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout
    return float(output.split()[-1])


def report_memory(name, elements, jit):
    y, p = inputs(elements)
    function = compiled(losses()[name], jit)
    function(y[:8], p[:8])  # what TensorFlow loads at the first call
    # Linux: 5 sets the peak back to what is resident now.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    value, _gradient = function(y, p)
    float(value)
    print((resident("VmHWM") - before) / elements)


def resident(field):
    """Bytes from /proc/self/status."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--memory-of")
    parser.add_argument("--xla", action="store_true")
    args = parser.parse_args()
    if args.memory_of:
        return report_memory(args.memory_of, args.elements, args.xla)

    table = {}
    for mode, jit in (("graph", False), ("XLA", True)):
        seconds = times(args.elements, args.rounds, jit)
        for name, own in seconds.items():
            base = BASELINE + (" from logits" if "from logits" in name else "")
            ratio = statistics.median(a / b for a, b in zip(own, seconds[base]))
            table.setdefault(name, {})[mode] = {
                "milliseconds": round(1000 * statistics.median(own), 2),
                "ratio": round(ratio, 3),
                "peak_bytes": round(peak_memory(name, args.elements, jit), 1),
            }

    print(f"value + gradient of {args.elements:,} elements, float32, medians")
    print("of", args.rounds, "rounds; x: ratio to BinaryCrossentropy\n")
    print(f"{'':36}{'graph':^27}{'XLA':^27}")
    for name, modes in table.items():
        cells = "".join(
            f"{m['milliseconds']:8.1f} ms{m['ratio']:6.2f}x"
            f"{m['peak_bytes']:6.1f} B"
            for m in modes.values()
        )
        print(f"{name:36}{cells}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "machine": machine(),
                "elements": args.elements,
                "rounds": args.rounds,
                "losses": table,
            },
            indent=1,
        )
        + "\n"
    )
    return None


if __name__ == "__main__":
    main()
