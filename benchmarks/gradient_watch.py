"""What a GradientWatch costs: the time of a step with it and without it.

    python benchmarks/gradient_watch.py [--rounds 100]

fit() of three models, on TensorFlow as a graph and under XLA, and on JAX in a
process of its own. All watches, and fit() without one, train at the same time,
each in a thread, and take turns epoch by epoch of 100 steps: only one of them
runs at any time, and none is compiled twice. The ratio of their times is taken
round by round, so that a machine whose speed drifts changes little; medians are
printed, and the first and the third quartile. The time of the processors is
taken too: where other programs run, it drifts less than that of a clock.

Of two without a watch one is
"without, again": how far its ratio is from 1 tells what the others are worth.
The first epochs, in which all is compiled, are left out. `every=100` looks at
the shares and the norms in every hundredth step, and in each whether all is
finite; "each step only" is the second of the two alone, `stop=False` the first.
Writes benchmarks/results/gradient_watch.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pathlib
import statistics
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import _turns
from _machine import machine

RESULTS = pathlib.Path(__file__).parent / "results" / "gradient_watch.json"
STEPS = 100
# Epochs that are not counted.
WARM_UP = 3
MODES = {
    "tensorflow": {
        "graph": {"jit_compile": False},
        "XLA": {"jit_compile": True},
    },
    "jax": {"JAX": {}},
}
WATCHES = {
    "without": None,
    "without, again": None,
    "every=100": {"every": 100},
    "each step only": {"every": 10**9},
    "stop=False": {"every": 100, "stop": False},
}


def models():
    """Models by name, each with the shape of its input and its batch."""
    from keras import Input, Sequential, layers

    def perceptron(width):
        return Sequential(
            [
                Input((64,)),
                *(layers.Dense(width, "relu") for _ in range(3)),
                layers.Dense(10, "softmax"),
            ]
        )

    def convolutions():
        return Sequential(
            [
                Input((16, 16, 3)),
                layers.Conv2D(16, 3, strides=2, use_bias=False),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2D(32, 3, strides=2, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(10, "softmax"),
            ]
        )

    return {
        "MLP 3x16, batch 32": (lambda: perceptron(16), (64,), 32),
        "MLP 3x256, batch 256": (lambda: perceptron(256), (64,), 256),
        "CNN 16-32, batch 64": (convolutions, (16, 16, 3), 64),
    }


def times(name, options, rounds):
    """Seconds a step of each watch in each round: of a clock, of processors."""
    import keras
    import numpy as np

    from softkeras.callbacks import GradientWatch

    make, shape, batch = models()[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * batch, *shape)).astype("float32")
    y = rng.integers(0, 10, len(x))
    turns = _turns.Turns(WATCHES)

    def train(watch, arguments):
        timer = _turns.epoch_timer(turns, watch)
        with turns.ends_with(watch):
            keras.utils.set_random_seed(1)
            model = make()
            model.compile("adam", "sparse_categorical_crossentropy", **options)
            # The timer is the last: what a watch does counts.
            callbacks = [timer]
            if arguments is not None:
                callbacks.insert(0, GradientWatch(**arguments, path=None))
            model.fit(
                x,
                y,
                batch_size=batch,
                epochs=WARM_UP + rounds,
                verbose=0,
                callbacks=callbacks,
            )
        seconds[watch] = np.array(timer.seconds[WARM_UP:]) / STEPS

    seconds = {}
    _turns.run(
        {
            watch: functools.partial(train, watch, arguments)
            for watch, arguments in WATCHES.items()
        }
    )
    return {watch: seconds[watch] for watch in WATCHES}


def measure(rounds):
    """A table of the backend that is loaded: mode, model, watch."""
    import keras

    table = {}
    for mode, options in MODES[keras.backend.backend()].items():
        for name in models():
            seconds = times(name, options, rounds)
            cells = table.setdefault(mode, {})[name] = {}
            for watch, own in seconds.items():
                ratios, of_processors = (own / seconds["without"]).T
                low, middle, high = statistics.quantiles(ratios, n=4)
                cells[watch] = {
                    "milliseconds": round(
                        1000 * statistics.median(own[:, 0]), 3
                    ),
                    "ratio": round(middle, 4),
                    "quartiles": [round(low, 4), round(high, 4)],
                    "processor_ratio": round(
                        statistics.median(of_processors), 4
                    ),
                }
    return {"machine": machine(), "modes": table}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--backend", help="of this process; prints JSON")
    args = parser.parse_args()
    if args.backend:
        print(json.dumps(measure(args.rounds)))
        return
    result = {"rounds": args.rounds, "steps": STEPS, "modes": {}}
    load = [os.getloadavg()[0]]
    for backend in MODES:
        command = [sys.executable, __file__, "--backend", backend]
        output = subprocess.run(
            [*command, "--rounds", str(args.rounds)],
            env={**os.environ, "KERAS_BACKEND": backend},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        part = json.loads(output.splitlines()[-1])
        result["modes"].update(part["modes"])
        result["machine"] = {**result.get("machine", {}), **part["machine"]}
    load.append(os.getloadavg()[0])
    result["load_before_and_after"] = [round(mean, 2) for mean in load]
    print(
        f"a step of fit(), medians of {args.rounds} rounds; x: ratio to fit()"
    )
    print("without a watch, and its quartiles; that of the processors' time")
    print("load before and after:", result["load_before_and_after"], "\n")
    for mode, table in result["modes"].items():
        for name, cells in table.items():
            print(f"{mode}, {name}")
            for watch, cell in cells.items():
                low, high = cell["quartiles"]
                print(
                    f"  {watch:20}{cell['milliseconds']:9.3f} ms"
                    f"{cell['ratio']:8.3f}x  {low:.3f} to {high:.3f}"
                    f"{cell['processor_ratio']:9.3f}x"
                )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
