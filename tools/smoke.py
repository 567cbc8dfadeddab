"""Uses an installed softkeras as its user would: tools/try_dist.sh runs it.

    python smoke.py VERSION MODEL.keras

Trains on a score, saves and loads the model, diagnoses, and calls the command
line. What it saves is for smoke.R to load.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import subprocess
import sys

import keras
import numpy as np

import softkeras
from softkeras.losses import SoftFBeta
from softkeras.metrics import EpochScore

LOSSES = """
from keras import ops

def rounds(y_true, y_pred):
    return ops.mean(ops.abs(y_true - ops.round(y_pred)))

def squares(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)
"""


def data():
    """Rows in a grid, the same in R; a tenth of them is positive."""
    x = np.linspace(-1, 1, 400, dtype="float32").reshape(200, 2)
    return x, (x[:, 0] > 0.8).astype("float32")


def is_the_installed(version):
    """It is the one of this environment, whole, and of this version."""
    folder = pathlib.Path(softkeras.__file__).parent
    assert pathlib.Path(sys.prefix) in folder.parents, folder
    said = softkeras.__version__, importlib.metadata.version("softkeras")
    assert said == (version, version), said
    assert (folder / "py.typed").exists()
    assert list((folder / "r").glob("*.R"))


def trains_and_loads(path):
    x, y = data()
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss=SoftFBeta(), metrics=[EpochScore("f1")])
    history = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert np.isfinite(history).all() and history[-1] < history[0], history
    model.save(path)
    loaded = keras.saving.load_model(path)
    assert isinstance(loaded.loss, SoftFBeta)
    np.testing.assert_array_equal(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    np.savetxt(f"{path}.csv", model.predict(x, verbose=0))


def diagnoses():
    def rounds(y, p):
        return keras.ops.mean(keras.ops.abs(y - keras.ops.round(p)))

    assert softkeras.diagnose(rounds).errors
    assert not softkeras.diagnose(SoftFBeta()).errors


def has_a_command():
    pathlib.Path("losses_of_mine.py").write_text(LOSSES)
    installed = str(pathlib.Path(sys.prefix, "bin", "softkeras"))
    for command in ([installed], [sys.executable, "-m", "softkeras"]):
        for name, wanted in (("rounds", 1), ("squares", 0)):
            run = subprocess.run(
                [*command, "diagnose", f"losses_of_mine:{name}"],
                capture_output=True,
                text=True,
            )
            assert run.returncode == wanted, run.stdout + run.stderr
            assert "Traceback" not in run.stderr, run.stderr


if __name__ == "__main__":
    is_the_installed(sys.argv[1])
    trains_and_loads(sys.argv[2])
    diagnoses()
    has_a_command()
    print(
        f"softkeras {softkeras.__version__}, Keras {keras.__version__} on "
        f"{keras.backend.backend()}: trains, loads, diagnoses, has a command"
    )
