"""A network with step-function neurons: question S1, run.

    python examples/staircase.py

"Can a non-smooth, piece-wise (if/else) function be a TensorFlow loss or
activation?" A small network tells malignant from benign cases; its hidden
neurons give out one of five levels, 0, ¼, ½, ¾, 1, so that each is an if/else.
Four ways to train it, the same weights to begin with: as asked; with the
"quadruple piece-wise constant neuron" of the answer there; and with softkeras.
Each is judged with the exact, hard form of its staircase.
"""

from __future__ import annotations

import os
import pathlib
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from softkeras.layers.staircase import SoftStaircase
from softkeras.steps import Step

ROOT = pathlib.Path(__file__).parents[1]
SEEDS = (1, 2, 3)
EVEN = {
    "thresholds": [0.125, 0.375, 0.625, 0.875],
    "levels": [0.0, 0.25, 0.5, 0.75, 1.0],
}
# Its last quarter is the lower half of a step from ¾ to 1¼; sharp = 100.
QUADRUPLE = {
    "thresholds": [0.125, 0.375, 0.625, 1.0],
    "levels": [0.0, 0.25, 0.5, 0.75, 1.25],
    "edges": [0.0, 0.25, 0.5, 0.75, 1.0],
    "step": Step("sigmoid", 100 / 4, "probability", anchored=False),
}
SOFT = {**EVEN, "step": "arctan", "sharpness": 2.0}
KINDS = {
    "if/else, as asked": {**EVEN, "step": "hard"},
    "quadruple neuron, sharp = 100": QUADRUPLE,
    "soft staircase": SOFT,
    "hard forward, soft backward": {**SOFT, "straight_through": True},
}
# Of the first: that there are no gradients is what it is here to show.
warnings.filterwarnings("ignore", "Gradients do not exist")


def read_data():
    """Standardised measurements and labels, in training and test cases."""
    path = ROOT / "inst" / "extdata" / "breast_cancer.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    held_out = np.arange(len(table)) % 4 == 0
    x, y = table[:, :-1], table[:, -1:]
    x = (x - x[~held_out].mean(0)) / x[~held_out].std(0)
    x, y = x.astype("float32"), y.astype("float32")
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def build(options, seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, name="hidden"),
            SoftStaircase(**options),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def hardened(model, options, seed):
    """The same weights behind the exact staircase."""
    exact = build({**options, "step": "hard"}, seed)
    exact.set_weights(model.get_weights())
    exact.compile(loss="binary_crossentropy", metrics=["accuracy"])
    return exact


def run(options, seed, x, y, test_x, test_y):
    """Movement of the hidden weights, and the losses of the exact network."""
    model = build(options, seed)
    kernel = model.get_layer("hidden").kernel
    before = keras.ops.convert_to_numpy(kernel).copy()
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x, y, epochs=30, batch_size=32, verbose=0)
    moved = np.abs(keras.ops.convert_to_numpy(kernel) - before).mean()
    exact = hardened(model, options, seed)
    loss, _ = exact.evaluate(x, y, verbose=0)
    return moved, loss, *exact.evaluate(test_x, test_y, verbose=0)


def main():
    data = read_data()
    print(f"{len(data[0])} cases to train on, {len(data[2])} held out;")
    print(f"means of {len(SEEDS)} trainings\n")
    print(
        f"{'hidden neurons':<31}{'weights moved':>14}{'loss':>9}"
        f"{'held out':>10}{'accuracy':>10}"
    )
    for name, options in KINDS.items():
        runs = [run(options, seed, *data) for seed in SEEDS]
        moved, loss, test_loss, accuracy = np.mean(runs, axis=0)
        print(
            f"{name:<31}{moved:14.3f}{loss:9.4f}{test_loss:10.4f}"
            f"{accuracy:10.3f}"
        )
    print(
        "\nweights moved: of the hidden layer, the mean distance. loss, held "
        "out and\naccuracy: of the exact if/else neurons with the weights "
        "found. As asked, the\nderivative is 0: no hidden weight moves, and "
        "only the last layer learns."
    )


if __name__ == "__main__":
    main()
