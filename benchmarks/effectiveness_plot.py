"""Draws docs/images/effectiveness.png from what benchmarks/results holds.

    python benchmarks/effectiveness_plot.py

Above, the mean test F1 of each method less that of cross-entropy, with the
interval in which 95 % of bootstrap samples of the sets have it. Below, the same
set by set for softkeras's F1 loss, against the baseline that an expert would
take.
"""

from __future__ import annotations

import csv
import pathlib

import numpy as np
from matplotlib.figure import Figure

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "images" / "effectiveness.png"
MODELS = {"network": "network of 32 ReLU units", "linear": "linear model"}
BASE = ("cross-entropy", "half")
EXPERT = ("cross-entropy", "tuned")
OWN = "softkeras F1"
SHOWN = [
    (OWN, "half"),
    ("softkeras MCC", "half"),
    ("softkeras F1, no warm-up", "half"),
    ("Dice", "half"),
    ("Dice, smooth 1", "half"),
    ("AnyLoss, L 30", "half"),
    ("score-oriented", "half"),
    ("straight-through", "half"),
    ("square-root weights, rate .003", "half"),
    ("square-root weights", "half"),
    ("class weights", "half"),
    ("class weights", "tuned"),
    EXPERT,
    ("focal", "tuned"),
    ("squared error", "half"),
]
SOFTKERAS, TUNED, OTHER = "#0072B2", "#D55E00", "0.45"
COLOURS = {"< 9": "#56B4E9", "9-30": "#0072B2", "> 30": "#012A4A"}


def read(model):
    """(method, rule) to test F1 of each set, and the imbalance of each."""
    file = RESULTS / f"effectiveness_{model}.csv"
    if not file.exists():
        return None
    with file.open() as handle:
        rows = list(csv.DictReader(handle))
    scores, imbalance = {}, {}
    for row in rows:
        imbalance[row["set"]] = float(row["imbalance"])
        for rule in ("half", "tuned"):
            own = scores.setdefault((row["method"], rule), [])
            own.append(float(row[f"f1 {rule}"]))
    scores = {key: np.array(own) for key, own in scores.items()}
    return scores, np.array(list(imbalance.values()))


def interval(values):
    """Where 95 % of the bootstrap means lie."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(values), (4000, len(values)))
    return np.percentile(values[rows].mean(1), [2.5, 97.5])


def draw_means(axes, scores, order, low):
    """One row a method; a mean below `low` is written at the edge."""
    axes.axvline(0, color="0.8", zorder=0)
    for y, (method, rule) in enumerate(reversed(order)):
        if (method, rule) not in scores:
            continue
        gain = scores[method, rule] - scores[BASE]
        colour = SOFTKERAS if method.startswith("softkeras") else OTHER
        colour = TUNED if rule == "tuned" else colour
        mean, (left, right) = gain.mean(), interval(gain)
        if mean < low:
            axes.text(low, y, f"◂ {mean:.1f}", va="center", color=colour)
            continue
        axes.plot([max(left, low), right], [y, y], color=colour, lw=1.5)
        axes.plot(mean, y, "o", color=colour, ms=5)
        axes.annotate(
            f"{mean:+.1f}",
            (max(right, mean), y),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
            bbox={"color": "white", "pad": 0},
        )
    if axes.get_xlim()[0] < low:
        axes.set_xlim(left=low - 0.3)
    axes.set_xlabel("points of F1 over cross-entropy at ½")


def draw_sets(axes, scores, imbalance):
    """The gain of each set, sorted."""
    gain = scores[OWN, "half"] - scores[EXPERT]
    order = np.argsort(gain)[::-1]
    group = np.select([imbalance < 9, imbalance <= 30], ["< 9", "9-30"], "> 30")
    for name, colour in COLOURS.items():
        own = group[order] == name
        axes.bar(
            np.flatnonzero(own),
            gain[order][own],
            width=1,
            color=colour,
            label=f"{name} ({own.sum()} sets)",
        )
    axes.axhline(0, color="0.3", lw=0.8)
    axes.set_xlim(-0.7, len(gain) - 0.3)
    axes.set_xticks([])
    axes.legend(title="negatives for each positive", frameon=False, fontsize=8)


def draw():
    found = {model: read(model) for model in MODELS}
    found = {model: own for model, own in found.items() if own is not None}
    first = next(iter(found.values()))[0]
    order = [key for key in SHOWN if key in first]
    order.sort(key=lambda key: -first[key].mean())
    figure = Figure((5.2 + 3.2 * len(found), 8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    axes = figure.subplot_mosaic(
        [list(found), ["sets"] * len(found)],
        height_ratios=[1.7, 1],
    )
    for model, (scores, _) in found.items():
        draw_means(axes[model], scores, order, low=-6)
        axes[model].set_title(MODELS[model], fontsize=11)
        axes[model].set_ylim(-0.6, len(order) - 0.4)
        axes[model].set_yticks([])
        axes[model].spines[["top", "right", "left"]].set_visible(False)
    labels = [
        method + ", threshold tuned" * (rule == "tuned")
        for method, rule in reversed(order)
    ]
    own = axes[next(iter(found))]
    own.set_yticks(range(len(order)), labels)
    own.tick_params(axis="y", length=0)
    model, (scores, imbalance) = next(iter(found.items()))
    draw_sets(axes["sets"], scores, imbalance)
    gain = scores[OWN, "half"] - scores[EXPERT]
    axes["sets"].set_title(
        f"{MODELS[model]}, set by set: {OWN} against cross-entropy with a "
        f"tuned threshold; {(gain > 0.05).sum()} better, "
        f"{(gain < -0.05).sum()} worse",
        fontsize=11,
    )
    axes["sets"].set_ylabel("points of F1")
    axes["sets"].spines[["top", "right", "bottom"]].set_visible(False)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    draw()
