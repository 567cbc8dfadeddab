"""A network with step-function neurons: question S1, run.

    python examples/staircase.py

"Can a non-smooth, piece-wise (if/else) function be a TensorFlow loss or
activation?" A small network tells malignant from benign cases; its hidden
neurons give out one of five levels, 0, ¼, ½, ¾, 1, so that each is an if/else.
Four ways to train it, the same weights to begin with: as asked; with the
"quadruple piece-wise constant neuron" of the answer there; and with softkeras.
First their gradients; then each is judged with the exact, hard form of its
staircase.
"""

from __future__ import annotations

import pathlib

import _shared  # isort: skip

import keras
import numpy as np

from softkeras.layers.staircase import SoftStaircase
from softkeras.steps import Step

ROOT = pathlib.Path(__file__).parents[1]
SEED, EPOCHS = 1, 30
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


def if_else(x):
    """The neuron as asked, written with `where`."""
    where = keras.ops.where
    upper = where(x > 0.875, 1.0, where(x > 0.625, 0.75, 0.5))
    return where(x > 0.375, upper, where(x > 0.125, 0.25, 0.0))


HARD = SoftStaircase(**EVEN, step="hard")
KINDS = {
    "if/else, as asked": keras.layers.Activation(if_else),
    "quadruple neuron, sharp = 100": SoftStaircase(**QUADRUPLE),
    "soft staircase": SoftStaircase(**SOFT),
    "hard forward, soft backward": SoftStaircase(**SOFT, straight_through=True),
}
# The quadruple neuron has its last step at 1, the others at 0.875.
EXACT = {
    "quadruple neuron, sharp = 100": SoftStaircase(
        **{**QUADRUPLE, "step": "hard"}
    )
}


def read_data():
    """Standardised measurements and labels, in training and test cases."""
    path = ROOT / "inst" / "extdata" / "breast_cancer.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    held_out = np.arange(len(table)) % 4 == 0
    x, y = table[:, :-1], table[:, -1:]
    x = (x - x[~held_out].mean(0)) / x[~held_out].std(0)
    x, y = x.astype("float32"), y.astype("float32")
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def build(staircase):
    keras.utils.set_random_seed(SEED)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, name="hidden"),
            staircase,
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def exact_scores(model, staircase, x, y):
    """Loss and accuracy of the same weights behind the exact staircase."""
    exact = build(staircase)
    exact.set_weights(model.get_weights())
    p = exact(x)
    loss = keras.losses.BinaryCrossentropy()(y, p)
    right = (keras.ops.convert_to_numpy(p) > 0.5) == y
    return float(loss), np.mean(right)


def run(name, x, y, test_x, test_y):
    """Movement of the hidden weights, and the losses of the exact network."""
    model = build(KINDS[name])
    kernel = model.get_layer("hidden").kernel
    before = keras.ops.convert_to_numpy(kernel).copy()
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(x, y, epochs=EPOCHS, batch_size=32, verbose=0)
    moved = np.abs(keras.ops.convert_to_numpy(kernel) - before).mean()
    exact = EXACT.get(name, HARD)
    loss, _ = exact_scores(model, exact, x, y)
    return moved, loss, *exact_scores(model, exact, test_x, test_y)


def show_gradients():
    """Of one neuron, at a few numbers and as the backend gives it."""
    x = np.array([0.1, 0.3, 0.5, 0.85], "float32")
    print(f"Gradients of the neuron at {', '.join(f'{v:g}' for v in x)}\n")
    for name, staircase in KINDS.items():
        slope = _shared.gradient(staircase, x)
        if slope is not None:
            slope = " ".join(f"{each:<8.2g}" for each in slope)
        print(f"  {name:<31}{slope}".rstrip())


def main():
    show_gradients()
    data = read_data()
    print(
        f"\n{len(data[0])} cases to train on, {len(data[2])} held out; one "
        f"training each, {EPOCHS} epochs\n"
    )
    rows = {}
    progress = _shared.Progress(len(KINDS), "training")
    for name in KINDS:
        progress.add()
        with _shared.warnings_said(before=progress.clear):
            rows[name] = run(name, *data)
    progress.clear()
    print(
        f"\n{'hidden neurons':<31}{'weights moved':>14}{'loss':>9}"
        f"{'held out':>10}{'accuracy':>10}"
    )
    for name, (moved, loss, test_loss, accuracy) in rows.items():
        print(
            f"{name:<31}{moved:14.3f}{loss:9.4f}{test_loss:10.4f}"
            f"{accuracy:10.3f}"
        )
    print(
        "\nweights moved: of the hidden layer, the mean distance. loss, held "
        "out and\naccuracy: of the exact if/else neurons with the weights "
        "found. As asked, no\nhidden weight has a gradient: only the last "
        "layer learns."
    )


if __name__ == "__main__":
    main()
