"""Training on a metric that is a black box: scikit-learn's f1_score.

    python examples/black_box_metric.py

The question (a custom metric of NumPy code as a loss, as in tf-keras issue 52):
f1_score is a function of arrays of decisions, so there is nothing to
differentiate. score_function_loss draws decisions from the predicted
probabilities, calls the metric on them, and makes those that did better than
the others more likely.
"""

import pathlib
import time

import _shared  # isort: skip

import keras
import numpy as np
from sklearn.metrics import f1_score

from softkeras.ops.score_function import score_function_loss

ROOT = pathlib.Path(__file__).parents[1]
EPOCHS, BATCH = 20, 64


def read_data():
    """Standardised measurements and labels, for training and held out."""
    path = ROOT / "inst" / "extdata" / "breast_cancer.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1).astype("float32")
    np.random.default_rng(0).shuffle(table)
    x, y = table[:, :-1], table[:, -1:]
    half = len(x) // 2
    x = (x - x[:half].mean(0)) / x[:half].std(0)
    return (x[:half], y[:half]), (x[half:], y[half:])


def f1(y_true, decisions):
    """The metric as it is, NumPy in and a number out."""
    return f1_score(y_true.ravel(), decisions.ravel(), zero_division=0.0)


def build():
    """A logistic regression, the same each time."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def scores(model, *sets):
    """The F1 of hard decisions, of training and held-out cases."""
    return [f1(y, model.predict(x, verbose=0) > 0.5) for x, y in sets]


def try_directly(data):
    """What Keras says to the metric itself as a loss."""
    model = build()
    model.compile("adam", loss=f1_score, jit_compile=False)
    try:
        model.fit(*data, epochs=1, verbose=0)
    except Exception as error:
        return f"{type(error).__name__}: {_shared.first_sentence(error)}"
    return "trained"


def main():
    """Tries the metric as a loss, then as a black box."""
    data, held_out = read_data()
    print(
        f"keras {keras.__version__} on {keras.backend.backend()}; "
        f"{len(data[0])} cases, {int(data[1].sum())} of them malignant\n\n"
        "compile(loss=f1_score):"
    )
    _shared.say(try_directly(data))
    print()
    model = build()
    # An attribute, so that on JAX its state goes from step to step.
    model.seed = keras.random.SeedGenerator(1)

    def expected_f1(y_true, y_pred):
        return score_function_loss(
            f1, y_pred, y_true, samples=16, seed=model.seed, maximize=True
        )

    model.compile(
        keras.optimizers.Adam(0.05), loss=expected_f1, jit_compile=False
    )
    before = scores(model, data, held_out)
    start = time.perf_counter()
    history = model.fit(*data, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    seconds = time.perf_counter() - start
    after = scores(model, data, held_out)
    loss = history.history["loss"]
    print(
        f"score_function_loss(f1_score): {EPOCHS} epochs in {seconds:.1f} s\n"
        f"  loss, minus the expected F1: {loss[0]:.3f} in the first epoch, "
        f"{loss[-1]:.3f} in the last\n"
        f"  F1 before, training and held out: {before[0]:.3f}, {before[1]:.3f}"
        f"\n  F1 after, training and held out:  {after[0]:.3f}, {after[1]:.3f}"
    )


if __name__ == "__main__":
    main()
