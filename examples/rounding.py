"""round in a loss or a layer: no gradient, or a loss that doesn't move.

    python examples/rounding.py

The questions: "In my custom loss function I'm trying to use K.round(y_pred) ...
When I remove the K.round() it all works perfectly" (keras issue 4175);
"Feedforward with rounded activation values and Backprop with unrounded
activation values" (9396). First what the functions and Keras give today, then
the same with softkeras: a count, rounded in the loss, and a classifier of
digits by integer weights.
"""

from __future__ import annotations

import _shared  # isort: skip

import keras
import numpy as np
from keras import ops
from sklearn.datasets import load_digits

from softkeras.ops import (
    soft_ceil,
    soft_floor,
    soft_round,
    soft_sign,
    soft_step,
    straight_through,
)

FUNCTIONS = {
    "x > 0": (lambda x: ops.cast(x > 0, "float32"), soft_step),
    "sign": (ops.sign, soft_sign),
    "round": (ops.round, soft_round),
    "floor": (ops.floor, soft_floor),
    "ceil": (ops.ceil, soft_ceil),
}


def show_gradients():
    x = np.array([-0.6, 0.2, 1.45], "float32")
    print(f"Gradients at {', '.join(f'{each:g}' for each in x)}\n")
    print(f"  {'':9}{'today':22}softkeras, sharpness=2")
    for name, (today, soft) in FUNCTIONS.items():
        slopes = [
            _shared.gradient(function, x)
            for function in (today, lambda x, f=soft: f(x, sharpness=2.0))
        ]
        cells = [
            str(slope)
            if slope is None
            else " ".join(f"{each:.3f}" for each in slope)
            for slope in slopes
        ]
        print(f"  {name:9}{cells[0]:22}{cells[1]}")
    print(
        "\n  None: Keras stops or warns. 0: it says nothing, and "
        "nothing is learnt."
    )


def rounded_loss(rounding):
    """The mean distance of the counts, after `rounding` the prediction."""
    return lambda y, p: ops.mean(ops.abs(y - rounding(p)))


def count(rounding, epochs=40):
    """Trains on how many of ten boxes are full; the exact loss at both ends."""
    rng = np.random.default_rng(0)
    x = (rng.random((1000, 10)) < 0.5).astype("float32")
    y = x.sum(1, keepdims=True)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
    exact = rounded_loss(ops.round)
    before = float(exact(y, model(x)))
    model.compile(keras.optimizers.Adam(0.02), loss=rounded_loss(rounding))
    model.fit(x, y, epochs=epochs, batch_size=100, verbose=0)
    return before, float(exact(y, model(x)))


def show_loss():
    print("\n1. round in a loss: mean |y - round(prediction)|, y a count\n")
    for name, rounding in (
        ("round", ops.round),
        ("soft_round", lambda p: soft_round(p, sharpness=2.0)),
    ):
        try:
            before, after = count(rounding)
        except ValueError as error:  # on JAX the gradient is 0, and none comes
            words = f"ValueError: {_shared.first_sentence(error)}"
        else:
            words = (
                f"loss, with the exact round, {before:.3f} before, "
                f"{after:.3f} after"
            )
        print(f"  {name + ':':12}{words}")


class IntegerDense(keras.layers.Dense):
    """A Dense layer that works with the rounded kernel."""

    def __init__(self, units, rounding, **options):
        super().__init__(units, **options)
        self.rounding = rounding

    def call(self, x):
        return ops.matmul(x, self.rounding(self.kernel)) + self.bias


WAYS = {
    "round, as asked": ops.round,
    "no round, and rounded afterwards": lambda w: w,
    "soft_round": lambda w: soft_round(w, sharpness=2.0),
    "straight_through(round(w), w)": lambda w: straight_through(
        ops.round(w), w
    ),
}


def digits():
    """Grey pixels from 0 to 1 and the digit; every third is held out."""
    data = load_digits()
    x, y = (data.data / 16).astype("float32"), data.target
    held_out = np.arange(len(y)) % 3 == 0
    return (x[~held_out], y[~held_out]), (x[held_out], y[held_out])


def scores(model, x, y):
    """Loss and accuracy with the kernel exactly rounded."""
    kernel, bias = model.get_weights()
    logits = x @ np.round(kernel) + bias
    losses = keras.losses.sparse_categorical_crossentropy(
        y, logits, from_logits=True
    )
    return float(ops.mean(losses)), np.mean(logits.argmax(1) == y)


def show_weights():
    data, held_out = digits()
    print(
        "\n2. round in a layer: digits by integer weights; "
        f"{len(data[0])} to train on, {len(held_out[0])} held out\n"
    )
    rows = []
    for name, rounding in WAYS.items():
        keras.utils.set_random_seed(0)
        layer = IntegerDense(10, rounding, name="integers")
        model = keras.Sequential([keras.Input((64,)), layer])
        model.compile(
            keras.optimizers.Adam(0.02),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        kernel, before = layer.get_weights()[0], scores(model, *held_out)
        with _shared.warnings_said():
            model.fit(*data, epochs=15, batch_size=64, verbose=0)
        moved = np.abs(layer.get_weights()[0] - kernel).mean()
        rows.append((name, moved, before[0], *scores(model, *held_out)))
    print(
        f"\n  {'held out, exact integers':34}{'moved':>8}{'loss before':>13}"
        f"{'after':>8}{'accuracy':>10}"
    )
    for name, moved, before, after, accuracy in rows:
        print(
            f"  {name:34}{moved:8.3f}{before:13.3f}{after:8.3f}{accuracy:10.3f}"
        )
    print("\n  moved: the mean distance that a weight went. One training each.")


if __name__ == "__main__":
    print(f"keras {keras.__version__} on {keras.backend.backend()}\n")
    show_gradients()
    show_loss()
    show_weights()
