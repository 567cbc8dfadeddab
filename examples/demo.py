"""Precision and F1 as losses, on rare malignant cases, from Python.

    python examples/demo.py train     trains, tests on held-out folds, saves
    python examples/demo.py check     loads the models that demo.R has saved
    python examples/demo.py picture   draws the steps and the training curves

The same network is trained on four losses, five folds each; that of
cross-entropy is also judged at the threshold that is best for F1 on the
training cases. examples/demo.R does the same from R, with the same seeds.
"""

import csv
import pathlib
import sys
import time

import _shared  # noqa: F401, isort: skip

import keras
import numpy as np
from matplotlib.figure import Figure

import softkeras
from softkeras.losses import SoftFBeta, SoftPrecision
from softkeras.metrics import EpochScore
from softkeras.plots import plot_steps
from softkeras.thresholds import best_threshold

ROOT = pathlib.Path(__file__).parents[1]
OUT = ROOT / "build" / "demo"
FOLDS, EPOCHS, BATCH = 5, 25, 32
LOSSES = {
    "cross-entropy": "binary_crossentropy",
    "class-weighted cross-entropy": "binary_crossentropy",
    "soft precision": SoftPrecision(),
    "soft F1": SoftFBeta(),
}


def read_data():
    """Measurements, labels, and a fold of each case, alike in both classes."""
    path = ROOT / "inst" / "extdata" / "breast_cancer.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    x, y = table[:, :-1], table[:, -1]
    fold = np.empty(len(y), int)
    for label in (0, 1):
        own = y == label
        fold[own] = np.arange(own.sum()) % FOLDS
    return x, y, fold


def split(x, y, fold, held_out):
    """Training and held-out cases, scaled by the training cases."""
    own = fold != held_out
    mean, deviation = x[own].mean(0), x[own].std(0)
    x = ((x - mean) / deviation).astype("float32")
    return x[own], y[own], x[~own], y[~own]


def build(seed):
    """The network, the same for every loss."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def train(name, x, y, seed):
    """A model trained on a loss, and the scores of its epochs."""
    model = build(seed)
    model.compile(
        keras.optimizers.Adam(0.01),
        loss=LOSSES[name],
        metrics=[EpochScore("precision", empty="zero"), EpochScore("f_beta")],
    )
    class_weight = None
    if name.startswith("class-weighted"):
        share = y.mean()
        class_weight = {0: 0.5 / (1 - share), 1: 0.5 / share}
    history = model.fit(
        x,
        y,
        epochs=EPOCHS,
        batch_size=BATCH,
        class_weight=class_weight,
        verbose=0,
    ).history
    return model, history


def scores(y, called):
    """Precision, recall and F1 of hard decisions."""
    tp = np.sum(called & (y == 1))
    precision, recall = tp / max(np.sum(called), 1), tp / np.sum(y == 1)
    return precision, recall, 2 * tp / (np.sum(called) + np.sum(y == 1))


def slug(name):
    return name.lower().replace(" ", "_").replace("-", "_")


def write(path, header, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def run():
    """Trains everything, prints the table, saves models and numbers."""
    out = OUT / "python"
    out.mkdir(parents=True, exist_ok=True)
    x, y, fold = read_data()
    backend = keras.backend.backend()
    print(
        f"softkeras {softkeras.__version__}: {len(y)} breast masses, "
        f"{int(y.sum())} of them malignant; {FOLDS} folds\n\n"
        f"Python, with keras {keras.__version__} on {backend}"
    )
    bar = keras.utils.Progbar(len(LOSSES) * FOLDS, unit_name="model")
    table, curves, predictions = [], [], []
    for name in LOSSES:
        start = time.perf_counter()
        called, tuned = np.empty(len(y), bool), np.empty(len(y), bool)
        for held_out in range(FOLDS):
            x_train, y_train, x_test, _ = split(x, y, fold, held_out)
            model, history = train(name, x_train, y_train, seed=held_out)
            p = model.predict(x_test, verbose=0)[:, 0]
            called[fold == held_out] = p > 0.5
            p_train = model.predict(x_train, verbose=0)[:, 0]
            best = best_threshold(y_train, p_train, "f_beta")
            tuned[fold == held_out] = p >= best.threshold
            bar.add(1)
        seconds = time.perf_counter() - start
        table.append((name, *scores(y, called), seconds))
        if name == "cross-entropy":
            table.append(
                (f"{name}, tuned threshold", *scores(y, tuned), seconds)
            )
        # The models that are kept are those of the last fold.
        model.save(out / f"{slug(name)}.keras")
        predictions += [(name, repr(float(value))) for value in p]
        curves += [
            (name, epoch + 1, precision, f1)
            for epoch, (precision, f1) in enumerate(
                zip(history["precision"], history["f_beta"])
            )
        ]
    write(out / "predictions.csv", ("loss", "p"), predictions)
    write(out / "curves.csv", ("loss", "epoch", "precision", "f1"), curves)
    print(f"\n{'held-out folds':32}precision   recall       F1   seconds")
    for name, precision, recall, f1, seconds in table:
        print(f"{name:32}{precision:9.3f}{recall:9.3f}{f1:9.3f}{seconds:10.1f}")
    print()


def read_curves(language):
    """Precision and F1 a loss, or nothing if that language was not run."""
    path = OUT / language / "curves.csv"
    if not path.exists():
        return {}
    rows = list(csv.DictReader(path.open()))
    return {
        name: {
            score: [float(r[score]) for r in rows if r["loss"] == name]
            for score in ("precision", "f1")
        }
        for name in LOSSES
    }


def draw():
    """The steps and their gradients, above the training curves."""
    figure = Figure(figsize=(11, 8.5), layout="constrained")
    axes = figure.subplots(2, 2)
    plot_steps(axes=axes[0])
    for language, style in (("python", "-"), ("r", "--")):
        for i, (name, curve) in enumerate(read_curves(language).items()):
            for ax, score in zip(axes[1], ("precision", "f1")):
                ax.plot(
                    range(1, EPOCHS + 1),
                    curve[score],
                    style,
                    color="k" if language == "r" else f"C{i}",
                    linewidth=0.8 if language == "r" else 2,
                    label=name if language == "python" else "the same from R",
                )
    for ax, title in zip(axes[1], ("precision", "F1")):
        ax.set(xlabel="epoch", title=f"{title} of the epoch in training")
        ax.set_ylim(0, 1.02)
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[1, 1].get_legend_handles_labels()
    legend = dict(zip(labels, handles))
    axes[1, 1].legend(
        legend.values(), legend.keys(), frameon=False, loc="lower right"
    )
    path = OUT / "demo.png"
    figure.savefig(path, dpi=110)
    print(f"Picture of the steps and the training curves: {path}")
    print(f"Models and numbers: {OUT}")


def check_models_of_r():
    """Loads what R has saved; its predictions must be R's own."""
    x, y, fold = read_data()
    _, _, x_test, _ = split(x, y, fold, FOLDS - 1)
    rows = list(csv.DictReader((OUT / "r" / "predictions.csv").open()))
    largest = 0.0
    for name in LOSSES:
        model = keras.saving.load_model(OUT / "r" / f"{slug(name)}.keras")
        p = model.predict(x_test, verbose=0)[:, 0]
        own = [float(row["p"]) for row in rows if row["loss"] == name]
        largest = max(largest, np.abs(p - own).max())
    agree = largest < 1e-5
    print(
        f"Python has loaded the {len(LOSSES)} models that R saved: predictions "
        f"{'agree' if agree else 'DIFFER'} (largest difference {largest:.1g})"
    )
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    {"train": run, "check": check_models_of_r, "picture": draw}[sys.argv[1]]()
