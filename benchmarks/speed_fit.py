"""Families of benchmarks/speed.py: fit(), from Python and from R; the import.

As a script, with --side, this is the Python half of the fit() that is compared
with R's: both do one for each line they read, and print its seconds.
"""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import time

import _timing

HERE = pathlib.Path(__file__).parent
# What alternates in one epoch: many small steps, or few large ones.
MODELS = {
    "MLP 3x64, batch 64": (64, 64, 100),
    "MLP 3x256, batch 1024": (256, 1024, 20),
}
FEATURES = 64
WARM_UP = 3
EPOCHS = 40
PYTHON_SIDE, R_SIDE = "fit() from Python", "fit() from R"
# Of the fit() from both languages.
ROWS, BATCH, SIDE_EPOCHS = 16_384, 256, 2


def model_of(width):
    import keras

    hidden = [keras.layers.Dense(width, activation="relu") for _ in range(3)]
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            *hidden,
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def data(rows):
    """The same numbers as in speed_fit.R, as float64, which R has only."""
    import numpy as np

    x = np.sin(np.outer(np.arange(1, rows + 1), np.arange(1, FEATURES + 1)))
    return x, (x[:, 0] > 0.9).astype("float64")


def epoch(backend, seconds, missing, quick):
    """An epoch of fit() beside one on cross-entropy; all take turns."""
    import _turns
    import keras

    from softkeras.losses import SoftFBeta, SoftPrecision

    rounds = 10 if quick else EPOCHS
    losses = {
        "keras BinaryCrossentropy": keras.losses.BinaryCrossentropy,
        # How far its ratio is from 1 tells what the others are worth.
        "keras BinaryCrossentropy, again": keras.losses.BinaryCrossentropy,
        "SoftFBeta": SoftFBeta,
        "SoftPrecision": SoftPrecision,
    }
    modes = {"graph": False, "XLA": True}
    for mode in _timing.modes(backend):
        for name, (width, batch, steps) in MODELS.items():
            x, y = data(batch * steps)
            x, y = x.astype("float32"), y.astype("float32")
            turns, taken = _turns.Turns(losses), {}

            def train(
                loss, make, turns=turns, taken=taken, x=x, y=y, **options
            ):
                timer = _turns.epoch_timer(turns, loss)
                with turns.ends_with(loss):
                    keras.utils.set_random_seed(1)
                    model = model_of(options["width"])
                    model.compile(
                        "adam",
                        make(),
                        jit_compile=options["jit_compile"],
                    )
                    model.fit(
                        x,
                        y,
                        batch_size=options["batch"],
                        epochs=WARM_UP + rounds,
                        verbose=0,
                        callbacks=[timer],
                    )
                taken[loss] = [each[1] for each in timer.seconds[WARM_UP:]]

            _turns.run(
                {
                    loss: functools.partial(
                        train,
                        loss,
                        make,
                        width=width,
                        batch=batch,
                        jit_compile=modes.get(mode, True),
                    )
                    for loss, make in losses.items()
                }
            )
            base = next(iter(losses))
            yield {
                "family": "epoch",
                "backend": backend,
                "mode": mode,
                "kind": name,
                "rounds": rounds,
                "best_peer": base,
                "rows": [
                    row_of(
                        loss,
                        "softkeras" if "Soft" in loss else "other",
                        taken,
                        base,
                    )
                    for loss in losses
                ],
            }


class Side:
    """A process that trains once for each line it gets."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.turn()  # until it is up

    def turn(self) -> float:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        raise RuntimeError(f"{self.process.args} ended before its turn")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def from_r(backend, seconds, missing, quick):
    """fit() from R and from Python: the same model, data and loss."""
    python = os.environ.get("RETICULATE_PYTHON", sys.executable)
    if shutil.which("Rscript") is None:
        missing["R"] = "no Rscript on the path"
        return
    if not pathlib.Path(python).exists():
        missing["R"] = f"RETICULATE_PYTHON is not there: {python}"
        return
    environment = {**os.environ, "RETICULATE_PYTHON": python}
    commands = {
        PYTHON_SIDE: [python, __file__],
        R_SIDE: ["Rscript", str(HERE / "speed_fit.R")],
    }
    try:
        sides = {
            name: Side(command, environment)
            for name, command in commands.items()
        }
    except (RuntimeError, OSError) as error:
        missing["R"] = str(error)
        return
    taken = {name: [] for name in sides}
    for _ in range(10 if quick else EPOCHS):
        for name in reversed(taken):
            taken[name].append(sides[name].turn())
        taken = dict(reversed(taken.items()))
    for each in sides.values():
        each.end()
    yield {
        "family": "from_r",
        "backend": backend,
        "mode": "fit()",
        "rounds": len(taken[R_SIDE]),
        "best_peer": PYTHON_SIDE,
        "rows": [
            row_of(R_SIDE, "softkeras", taken, PYTHON_SIDE),
            row_of(PYTHON_SIDE, "other", taken, PYTHON_SIDE),
        ],
    }


def row_of(name, role, taken, base):
    return {
        "name": name,
        "role": role,
        "milliseconds": _timing.quartiles([1e3 * s for s in taken[name]]),
        "to_best_peer": _timing.quartiles(
            [a / b for a, b in zip(taken[name], taken[base])]
        ),
    }


def side():
    """Trains once for each line of standard input."""
    from softkeras.losses import SoftFBeta

    x, y = data(ROWS)
    model = model_of(64)
    model.compile("adam", SoftFBeta())
    for _ in sys.stdin:
        start = time.process_time()
        model.fit(x, y, batch_size=BATCH, epochs=SIDE_EPOCHS, verbose=0)
        print("seconds", time.process_time() - start, flush=True)


IMPORT = """
import time
start = time.perf_counter(), time.process_time()
import keras
middle = time.perf_counter(), time.process_time()
import softkeras
end = time.perf_counter(), time.process_time()
print(*(b - a for a, b in zip(start, middle)),
      *(b - a for a, b in zip(middle, end)))
"""


def imports(backend, seconds, missing, quick):
    """What `import softkeras` adds to `import keras`, in new processes."""
    taken = []
    for _ in range(4 if quick else 8):
        output = subprocess.run(
            [sys.executable, "-c", IMPORT],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        taken.append([1e3 * float(word) for word in output.split()])
    # The first one may have had to compile the modules.
    columns = list(zip(*taken[1:]))
    yield {
        "family": "imports",
        "backend": backend,
        "mode": "new process",
        "rounds": len(columns[0]),
        "rows": [
            {
                "name": name,
                "role": role,
                "milliseconds": _timing.quartiles(clock),
                "processor_milliseconds": _timing.quartiles(processor),
            }
            for name, role, clock, processor in (
                ("import keras", "other", *columns[:2]),
                ("import softkeras, after it", "softkeras", *columns[2:]),
            )
        ],
    }


if __name__ == "__main__":
    side()
