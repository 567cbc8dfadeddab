"""A NaN from the branch of `where` that was not chosen.

    python examples/safe_where.py

The questions: "NaN appearing on tf.gradients calculation with tf.where and
division by zero on the false branch" (tensorflow issue 20091); the same of
where(x >= 0, alpha*log(x), 0) (27684). The value is right; the gradient is not,
because both branches are differentiated and 0 times the infinite derivative of
the one that was not chosen is NaN. First the gradients, then a layer as in
27684, trained: the logarithm of measurements of which some are 0.
"""

from __future__ import annotations

import pathlib

import _shared  # isort: skip

import keras
import numpy as np
from keras import ops

from softkeras.ops import safe_where

ROOT = pathlib.Path(__file__).parents[1]
EPOCHS = 30

# By name: the branch where x > 0; it is 0 elsewhere.
BRANCHES = {
    "1/x": lambda x: 1 / x,
    "log(x)": ops.log,
    "sqrt(x)": ops.sqrt,
}


def plain(branch, x):
    return ops.where(x > 0, branch(x), ops.zeros_like(x))


def safe(branch, x):
    """1 is where each branch is finite, and takes the place of the others."""
    return safe_where(x > 0, branch, ops.zeros_like, x, 1.0, 0.0)


def show_gradients():
    x = np.array([0.0, 4.0], "float32")
    print("where(x > 0, branch, 0) at x = 0 and 4: gradients\n")
    print(f"  {'branch':9}{'value':15}{'today':15}{'with XLA':15}safe_where")
    for name, branch in BRANCHES.items():
        cells = [
            ops.convert_to_numpy(plain(branch, ops.convert_to_tensor(x))),
            _shared.gradient(lambda x, f=branch: plain(f, x), x),
            _shared.gradient(lambda x, f=branch: plain(f, x), x, compiled=True),
            _shared.gradient(lambda x, f=branch: safe(f, x), x),
        ]
        words = (" ".join(f"{each:.3f}" for each in cell) for cell in cells)
        print(f"  {name:9}" + "".join(f"{each:15}" for each in words).rstrip())
    print(
        "\n  sqrt: the same code is right or NaN, by who compiles it "
        "(tensorflow\n  issue 118674)."
    )


class LogWherePositive(keras.layers.Layer):
    """alpha·log(x) where x > 0, else 0: one alpha a measurement."""

    def __init__(self, choose):
        super().__init__()
        self.choose = choose

    def build(self, input_shape):
        self.alpha = self.add_weight(
            shape=input_shape[-1:], initializer="ones", name="alpha"
        )

    def call(self, x):
        return self.choose(lambda x: self.alpha * ops.log(x), x)


def read_data():
    """Measurements as they are and labels, for training and held out."""
    path = ROOT / "inst" / "extdata" / "breast_cancer.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1).astype("float32")
    held_out = np.arange(len(table)) % 4 == 0
    x, y = table[:, :-1], table[:, -1:]
    return (x[~held_out], y[~held_out]), (x[held_out], y[held_out])


def train(choose, data, held_out):
    """The losses of the epochs, the held-out loss and the weights."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            LogWherePositive(choose),
            keras.layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss=loss)
    losses = model.fit(*data, epochs=EPOCHS, batch_size=32, verbose=0)
    x, y = held_out
    return losses.history["loss"], float(loss(y, model(x))), model.get_weights()


def main():
    print(f"keras {keras.__version__} on {keras.backend.backend()}\n")
    show_gradients()
    data, held_out = read_data()
    print(
        f"\nalpha·log(x) of 30 measurements of {len(data[0])} cases, "
        f"{np.sum(data[0] == 0)} of them 0; malignant or not\n"
    )
    print(
        f"  {'':12}{'loss, epoch 1':>14}{f'epoch {EPOCHS}':>12}"
        f"{'held out':>12}{'weights that are NaN':>24}"
    )
    for name, choose in (("where", plain), ("safe_where", safe)):
        losses, test, weights = train(choose, data, held_out)
        lost = sum(int(np.isnan(each).sum()) for each in weights)
        print(
            f"  {name:12}{losses[0]:14.3f}{losses[-1]:12.3f}{test:12.3f}"
            f"{f'{lost} of {sum(map(np.size, weights))}':>24}"
        )


if __name__ == "__main__":
    main()
