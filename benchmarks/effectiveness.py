"""Which loss gives the best test score on 100 imbalanced sets.

    python benchmarks/effectiveness.py [--quick] [--model linear]
        [--batch 64] [--splits 2-4] [--data FOLDER] [--choose f1]

A network of 32 ReLU units, or a linear model, is trained by each method on
each fold of each split of each KEEL set (see keel.py for the data), side by
side (see stacked.py): Adam for 1,000 steps at rate 0.01, batches of 5 % of the
training fold and at least 32, taken from a stream of shuffles. Splits are
stratified, in 5 folds. All methods start from the same weights and see the
same batches. Columns of numbers are standardised on the training fold.
Thresholds are tuned on the training fold, over all cut points, for the score in
question. softkeras's options were chosen on splits 0 and 1 (--choose), and what
is reported is of other splits, of the same rows.

What is done is kept in build/effectiveness, so that a run that is stopped goes
on where it was. A full run writes its summary and every set's scores to
benchmarks/results, and docs/images/effectiveness.png.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# JAX compiles these loops in half the time that TensorFlow takes, and runs them
# as fast; KERAS_BACKEND=tensorflow works too.
os.environ.setdefault("KERAS_BACKEND", "jax")

import effectiveness_methods
import effectiveness_plot
import effectiveness_report
import keel
import numpy as np
import stacked
from effectiveness_metrics import (
    KEPT,
    METRICS,
    best_thresholds,
    counts_above,
)
from sklearn.model_selection import StratifiedKFold

BUILD = pathlib.Path(__file__).parents[1] / "build" / "effectiveness"
FOLDS = 5
STEPS = 1000
UNITS = {"network": 32, "linear": 0}
# One of each of ten families, of all sizes and imbalances.
QUICK = [
    "abalone9-18",
    "car-good",
    "ecoli3",
    "flare-F",
    "glass1",
    "led7digit-0-2-4-5-6-7-8-9_vs_1",
    "poker-9_vs_7",
    "vehicle3",
    "winequality-red-4",
    "yeast4",
]


def batch_stream(rows, size, steps, rng):
    """Row numbers of shape (steps, size), from one shuffle after another."""
    shuffles = -(-steps * size // len(rows))
    stream = np.concatenate([rng.permutation(rows) for _ in range(shuffles)])
    return stream[: steps * size].reshape(steps, size)


def folds_of(y, split):
    """Which rows are tested in each fold of a split; (folds, rows)."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=split)
    tested = np.zeros((FOLDS, len(y)), bool)
    for fold, (_, rows) in enumerate(folds.split(y, y)):
        tested[fold, rows] = True
    return tested


def batch_size(rows: int, given: int | None) -> int:
    """5 % of the rows of a training fold, and at least 32."""
    return given or max(32, round(0.05 * rows * (FOLDS - 1) / FOLDS))


def scaling(x, is_number):
    """What standardises the numbers of a training fold; levels stay 0 and 1.

    Returns:
        What to subtract and what to multiply by; (features,) each.
    """
    deviation = x.std(0)
    # That of equal numbers need not be 0 exactly.
    varies = is_number & (deviation > 1e-9 * np.abs(x).max(0))
    scale = 1 / np.where(varies, deviation, 1)
    return np.where(is_number, x.mean(0), 0), scale


def run_set(data, methods, splits, units, batch, steps=STEPS) -> dict:
    """Trains and tests all methods on all folds of some splits of a set.

    Returns:
        method, split to counts, nested lists of shape (KEPT, folds, 4).
    """
    tested = np.concatenate([folds_of(data.y, split) for split in splits])
    seeds = [[split, fold] for split in splits for fold in range(FOLDS)]
    size = batch_size(len(data.y), batch)
    shift, scale, class_ratio, batches = [], [], [], []
    for seed, test in zip(seeds, tested):
        x, y = data.x[~test], data.y[~test]
        own = scaling(x, data.is_number)
        shift.append(own[0])
        scale.append(own[1])
        class_ratio.append((y == 0).sum() / y.sum())
        rng = np.random.default_rng([*seed, 1])
        batches.append(batch_stream(np.flatnonzero(~test), size, steps, rng))
    problem = stacked.Problem(
        *(
            np.asarray(each, "float32")
            for each in (data.x, data.y, shift, scale, class_ratio)
        ),
        np.stack(batches, 1).astype("int32"),
    )
    start = stacked.initial(len(methods), data.x.shape[1], units, seeds)
    weights = stacked.train(list(methods.values()), start, problem)
    return judged(weights, problem, tested, list(methods), splits)


def judged(weights, problem, tested, names, splits):
    """The test counts of trained models, as `run_set` returns them."""
    counts = np.zeros((len(names), len(tested), len(KEPT), 4), int)
    labels = problem.y.astype(int)
    for model, test in enumerate(tested):
        x = (problem.x - problem.shift[model]) * problem.scale[model]
        scores = predictions([each[:, model] for each in weights], x)
        if not np.isfinite(scores).all():
            raise FloatingPointError("A model gives NaN or infinite log-odds.")
        thresholds = best_thresholds(scores[:, ~test], labels[~test])
        half = np.zeros(len(names))
        for i, threshold in enumerate([half, *thresholds.values()]):
            counts[:, model, i] = counts_above(
                scores[:, test], labels[test], threshold
            )
        counts[:, model, -1] = counts_above(
            scores[:, ~test], labels[~test], half
        )
    counts = counts.reshape(len(names), len(splits), FOLDS, len(KEPT), 4)
    counts = counts.transpose(0, 1, 3, 2, 4)
    return {
        name: {str(split): own[i].tolist() for i, split in enumerate(splits)}
        for name, own in zip(names, counts)
    }


def predictions(weights, x):
    """`stacked.logits` of one model, in NumPy; (methods, rows)."""
    kernel, bias, *rest = weights
    hidden = x @ kernel + bias
    if rest:
        hidden = np.maximum(hidden, 0) @ rest[0] + rest[1]
    return hidden[..., 0]


class Store:
    """What is done, in one JSON file a set.

    A result is filed under all that it depends on, so that a method that is
    changed is run again.
    """

    def __init__(self, folder: pathlib.Path, methods: dict):
        self.folder = folder
        self.methods = methods

    def _file(self, name):
        return self.folder / f"{name}.json"

    def _read(self, name):
        file = self._file(name)
        return json.loads(file.read_text()) if file.exists() else {}

    def missing(self, name: str, splits) -> dict[tuple, dict]:
        """The methods that are missing, by the splits that they miss."""
        done = self._read(name)
        groups = {}
        for method, how in self.methods.items():
            own = done.get(repr(how), {})
            lacking = tuple(s for s in splits if str(s) not in own)
            if lacking:
                groups.setdefault(lacking, {})[method] = how
        return groups

    def add(self, name: str, results: dict) -> None:
        done = self._read(name)
        for method, own in results.items():
            done.setdefault(repr(self.methods[method]), {}).update(own)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self._file(name).with_suffix(".partial")
        partial.write_text(json.dumps(done, separators=(",", ":")))
        partial.replace(self._file(name))

    def counts(self, name: str, splits) -> dict[str, np.ndarray]:
        """method to counts of shape (splits, KEPT, folds, 4)."""
        done = self._read(name)
        return {
            method: np.array([done[repr(how)][str(s)] for s in splits])
            for method, how in self.methods.items()
        }


def split_range(text: str) -> list[int]:
    """ "2-7" or "3" as a list."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the .dat files or a wheel")
    parser.add_argument("--model", choices=UNITS, default="network")
    parser.add_argument("--splits", type=split_range, default=None)
    parser.add_argument("--batch", type=int, help="a batch size for all sets")
    parser.add_argument("--quick", action="store_true", help="10 sets")
    parser.add_argument("--choose", choices=METRICS, help="see above")
    args = parser.parse_args()

    source = keel.folder(args.data)
    names = QUICK if args.quick else keel.names(source)
    default = "0-1" if args.choose else "2-3" if args.quick else "2-4"
    splits = args.splits or split_range(default)
    methods = (
        effectiveness_methods.to_choose_from(args.choose, args.model)
        if args.choose
        else effectiveness_methods.METHODS[args.model]
    )
    label = args.model + (f"_batch{args.batch}" if args.batch else "")
    store = Store(BUILD / label, methods)
    sets = [keel.load(source, name) for name in names]
    start = time.monotonic()
    for i, data in enumerate(sets):
        for lacking, own in store.missing(data.name, splits).items():
            began = time.monotonic()
            store.add(
                data.name,
                run_set(data, own, lacking, UNITS[args.model], args.batch),
            )
            now = time.monotonic()
            print(
                f"{i + 1:3}/{len(sets)} {data.name:32} "
                f"{len(own)} methods x {len(lacking)} splits: "
                f"{now - began:5.1f} s, {now - start:5.0f} s in all",
                flush=True,
            )
    whole = not args.quick
    if args.choose:
        effectiveness_report.report_choice(
            label, args.choose, sets, splits, store, whole
        )
        return
    settings = {"model": args.model, "folds": FOLDS, "steps": STEPS}
    settings["batch"] = args.batch or "5 % of the training fold, 32 at least"
    sizes = [batch_size(len(each.y), args.batch) for each in sets]
    effectiveness_report.report(
        label, sets, sizes, splits, store, settings, whole
    )
    if whole and not args.batch:
        effectiveness_plot.draw()


if __name__ == "__main__":
    main()
