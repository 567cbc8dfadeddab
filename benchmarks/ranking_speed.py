"""Time and memory of the losses of ranks on one large batch.

    python benchmarks/ranking_speed.py [n] [share of positives]

Each loss and mode runs in a process of its own, whose growth in memory from
before the batch is what is shown: all pairs of 100,000 would be 40 GB a copy.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

LOSSES = ("auc", "partial auc", "average precision", "cross-entropy")
MODES = ("eager", "graph", "xla")


def measure(name, mode, n, share):
    import keras
    import numpy as np
    import tensorflow as tf

    from softkeras import losses

    loss = {
        "auc": losses.SoftAUC(from_logits=True),
        "partial auc": losses.SoftAUC(0.1, from_logits=True),
        "average precision": losses.SoftAveragePrecision(from_logits=True),
        "cross-entropy": keras.losses.BinaryCrossentropy(from_logits=True),
    }[name]

    def step(y, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(y, x)
        return tape.gradient(value, x)

    if mode != "eager":
        step = tf.function(step, jit_compile=mode == "xla")
    rng = np.random.default_rng(0)
    y = tf.constant((rng.random((n, 1)) < share).astype("float32"))
    x = tf.constant(rng.normal(size=(n, 1)).astype("float32"))
    step(y[:99], x[:99])  # what the first call alone needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times, of_cpu = [], []
    for _ in range(3):
        start, cpu = time.perf_counter(), time.process_time()
        step(y, x).numpy()
        times.append(time.perf_counter() - start)
        of_cpu.append(time.process_time() - cpu)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{name:18} {mode:6} {min(times):8.2f} s {min(of_cpu):8.2f} s "
        f"of processors {grown / 1024:7.0f} MiB",
        flush=True,
    )


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.1
    print(f"Loss and gradient of {n} logits, {share:.0%} of them positive")
    for name in LOSSES:
        for mode in MODES:
            code = (
                "import sys; sys.path[:0] = ['benchmarks', 'python']; "
                "import ranking_speed as r; "
                f"r.measure({name!r}, {mode!r}, {n}, {share})"
            )
            subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
