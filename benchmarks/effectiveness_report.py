"""What benchmarks/effectiveness.py found: statistics and tables.

The score of a set is the mean over its test folds and splits, in percent. Sets
are compared in pairs; a tie is a difference below 0.05. The Wilcoxon test is
two-sided, over the sets, and over the families, of which each counts as the
mean of its sets (keel.family: sets whose names begin alike are made from one
table). The rank is the mean over sets of the place among a table's rows. A run
is collapsed that calls all rows of its own training fold negative, or all
positive.
"""

from __future__ import annotations

import csv
import json
import pathlib

import keel
import numpy as np
from effectiveness_metrics import KEPT, METRICS
from scipy.stats import rankdata, wilcoxon

RESULTS = pathlib.Path(__file__).parent / "results"
TIE = 0.05
SHORT = {"imbalance": "imbal.", "batch": "batch"}
# The methods of a probability, whose threshold it makes sense to tune.
PROBABILITIES = [
    "squared error",
    "cross-entropy",
    "class weights",
    "square-root weights",
    "square-root weights, rate .003",
    "cross-entropy, rate .1",
    "square-root weights, rate .1",
    "focal",
]
OWN = {
    "f1": "softkeras F1",
    "balanced accuracy": "softkeras balanced accuracy",
    "g-mean": "softkeras G-mean",
    "mcc": "softkeras MCC",
}
# Of losses that are trained on a score, those that are made for the metric.
OTHERS = {
    "f1": [
        "Dice",
        "Dice, smooth 1",
        "Dice, smooth 1e-5",
        "AnyLoss, L 30",
        "AnyLoss, L 73",
        "score-oriented",
        "straight-through",
        "softkeras F1, no warm-up",
        "softkeras F1, as for a network",
        "softkeras MCC",
    ],
    "balanced accuracy": ["softkeras G-mean"],
    "g-mean": ["softkeras balanced accuracy"],
    "mcc": ["softkeras F1"],
}


def report(label, sets, sizes, splits, store, settings, write) -> None:
    """Prints the tables of a run and, if `write`, writes its results.

    Args:
        label: What the files are called by.
        sets: The sets, as from `keel.load`.
        sizes: The batch size of each.
        splits, store: Where the counts are.
        settings: Entries of the summary.
        write: Whether to write the files.
    """
    table = scores_of(sets, splits, store)
    groups = groups_of(sets, sizes)
    summary = {
        "splits": list(splits),
        **settings,
        "sets": len(sets),
        "families": len({keel.family(each.name) for each in sets}),
        "sets in": {name: int(own.sum()) for name, own in groups.items()},
        "metrics": {
            metric: compared(table, metric, sets, groups)
            for metric, own in OWN.items()
            if own in table
        },
    }
    for metric, rows in summary["metrics"].items():
        show(metric, rows, groups)
    if not write:
        return
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"effectiveness_{label}.json"
    file.write_text(json.dumps(summary, indent=1) + "\n")
    write_csv(RESULTS / f"effectiveness_{label}.csv", table, sets)


def report_choice(label, metric, sets, splits, store, write) -> None:
    """The mean of each option that softkeras's loss of a score could have."""
    table = scores_of(sets, splits, store)
    means = {
        name: round(values[metric, "half"].mean(), 2)
        for name, values in table.items()
    }
    means = dict(sorted(means.items(), key=lambda row: -row[1]))
    print(f"\n{metric}, in percent, means over {len(sets)} sets")
    for name, value in means.items():
        print(f"{value:8.2f}  {name}")
    if not write:
        return
    file = RESULTS / "effectiveness_choice.json"
    chosen = json.loads(file.read_text()) if file.exists() else {}
    own = {"splits": list(splits), "means": means}
    chosen.setdefault(label, {})[metric] = own
    file.write_text(json.dumps(chosen, indent=1) + "\n")


def scores_of(sets, splits, store) -> dict:
    """method to (metric, rule) to scores in percent, (sets,).

    The rules are "half" and "tuned", for that metric; and under "collapsed"
    is the share of collapsed runs of each set.
    """
    found = {method: {} for method in store.methods}
    per_set = [store.counts(each.name, splits) for each in sets]
    for method, values in found.items():
        counts = np.stack([own[method] for own in per_set])
        counts = dict(zip(KEPT, np.moveaxis(counts, 2, 0)))
        for metric, function in METRICS.items():
            for rule, kept in (("half", "half"), ("tuned", metric)):
                runs = function(*np.moveaxis(counts[kept], -1, 0))
                values[metric, rule] = 100 * runs.mean((1, 2))
        tp, fp, fn, tn = np.moveaxis(counts["training"], -1, 0)
        alike = (tp + fp == 0) | (fn + tn == 0)
        values["collapsed"] = 100 * alike.mean((1, 2))
    return found


def groups_of(sets, sizes) -> dict[str, np.ndarray]:
    """Sets by imbalance and by batch size, as far as there are any."""
    imbalance = np.array([each.imbalance for each in sets])
    sizes = np.array(sizes)
    groups = {
        "imbalance < 9": imbalance < 9,
        "imbalance 9-30": (imbalance >= 9) & (imbalance <= 30),
        "imbalance > 30": imbalance > 30,
        "batch 32": sizes <= 32,
        "batch 33-64": (sizes > 32) & (sizes <= 64),
        "batch > 64": sizes > 64,
    }
    return {name: own for name, own in groups.items() if own.any()}


def compared(table, metric, sets, groups) -> list[dict]:
    """The rows of a metric's table, best first."""
    shown = [*PROBABILITIES, OWN[metric], *OTHERS[metric]]
    contenders = [(method, "half") for method in shown if method in table]
    contenders += [(m, "tuned") for m in PROBABILITIES if m in table]
    scores = np.stack([table[m][metric, rule] for m, rule in contenders])
    ranks = rankdata(-scores, axis=0).mean(1)
    own = table[OWN[metric]][metric, "half"]
    base = table["cross-entropy"][metric, "half"]
    families = np.array([keel.family(each.name) for each in sets])
    rows = []
    for (method, rule), score, rank in zip(contenders, scores, ranks):
        gain = own - score
        of_family = np.array(
            [gain[families == each].mean() for each in np.unique(families)]
        )

        def p(values):
            return float(wilcoxon(values).pvalue) if values.any() else 1.0

        row = {
            "method": method,
            "threshold": rule,
            "mean": score.mean(),
            "rank": rank,
            **{name: score[own].mean() for name, own in groups.items()},
            "over cross-entropy": (score - base).mean(),
            "collapsed": table[method]["collapsed"].mean(),
        }
        row = {
            k: v if isinstance(v, str) else round(v, 3) for k, v in row.items()
        }
        if method != OWN[metric]:
            row[OWN[metric]] = {
                "gain": round(gain.mean(), 3),
                "wins": int((gain > TIE).sum()),
                "losses": int((gain < -TIE).sum()),
                "ties": int((abs(gain) <= TIE).sum()),
                "p": float(f"{p(gain):.2g}"),
                "gain over families": round(of_family.mean(), 3),
                "p over families": float(f"{p(of_family):.2g}"),
            }
        rows.append(row)
    return sorted(rows, key=lambda row: -row["mean"])


def show(metric, rows, groups) -> None:
    own = OWN[metric]
    kinds = [name.split(" ", 1) for name in groups]
    print(f"\n{metric}, in percent, means over sets")
    print(
        " " * 59
        + "".join(f"{SHORT[kind]:>7}" for kind, _ in kinds)
        + f"{'':7}  {own}: gain, wins/losses/ties, p;"
    )
    print(
        f"{'':47}{'mean':>6}{'rank':>6}"
        + "".join(f"{which:>7}" for _, which in kinds)
        + f"{'coll.':>7}  over families"
    )
    for row in rows:
        name = row["method"]
        name += ", tuned threshold" * (row["threshold"] == "tuned")
        line = f"{name:47}{row['mean']:6.2f}{row['rank']:6.1f}"
        line += "".join(f"{row[group]:7.1f}" for group in groups)
        line += f"{row['collapsed']:7.1f}"
        if own in row:
            line += (
                "  {gain:+6.2f} {wins:3}/{losses:2}/{ties:2} {p:8.1g}; "
                "{gain over families:+6.2f} {p over families:.1g}"
            ).format(**row[own])
        print(line)


def write_csv(file, table, sets) -> None:
    """Every score of every set and method."""
    keys = [key for key in next(iter(table.values())) if key != "collapsed"]
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(
            ["set", "family", "rows", "imbalance", "method"]
            + [" ".join(key) for key in keys]
            + ["collapsed"]
        )
        for i, each in enumerate(sets):
            for method, values in table.items():
                writer.writerow(
                    [
                        each.name,
                        keel.family(each.name),
                        len(each.y),
                        f"{each.imbalance:.2f}",
                        method,
                        *(f"{values[key][i]:.2f}" for key in keys),
                        f"{values['collapsed'][i]:.1f}",
                    ]
                )
