"""The pages say what benchmarks/results holds, in tables and in prose.

The numbers are computed here once more, from each set's scores where there are
any, and share no code with benchmarks/page_tables.py.
"""

from __future__ import annotations

import csv
import json
import pathlib
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
sys.path.insert(0, str(ROOT / "benchmarks"))

import page_tables  # noqa: E402

pytestmark = pytest.mark.skipif(
    not RESULTS.is_dir(), reason="needs a checkout: no results here"
)
OWN = "softkeras F1"


@pytest.mark.parametrize("name", page_tables.PAGES)
def test_tables_are_those_of_the_results(name):
    text = (ROOT / "docs" / name).read_text()
    assert text == page_tables.page(text)


def test_every_table_is_on_a_page():
    pages = [(ROOT / "docs" / name).read_text() for name in page_tables.PAGES]
    names = [
        found["name"]
        for text in pages
        for found in page_tables.MADE.finditer(text)
    ]
    assert sorted(names) == sorted(page_tables.TABLES)
    assert len(names) == sum(text.count("<!-- made: ") for text in pages)


def says(page, fragment, *values):
    """Asserts that the page has these words, filled with these numbers."""
    # Results are rounded decimals; a half goes up, which most floats don't.
    values = [v * (1 + 1e-9) if isinstance(v, float) else v for v in values]
    words = " ".join((ROOT / page).read_text().split())
    assert fragment.format(*values) in words


def chance(p):
    shown = f"{p * (1 + 1e-9):.1g}".replace("e-0", "e-")
    return shown.lstrip("0")


def load(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


class Scores:
    """The CSV of a model: columns by method, one number a set."""

    def __init__(self, model):
        with (RESULTS / f"effectiveness_{model}.csv").open() as file:
            self.rows = list(csv.DictReader(file))
        self.family = self.column(OWN, "family")
        self.imbalance = self.column(OWN, "imbalance").astype(float)
        # 5 % of four fifths of the rows, and at least 32.
        self.batch = np.maximum(
            32, np.round(0.04 * self.column(OWN, "rows").astype(int))
        )

    def column(self, method, name):
        return np.array([r[name] for r in self.rows if r["method"] == method])

    def __call__(self, method, column="f1 half"):
        return self.column(method, column).astype(float)

    def gain(self, method, column="f1 half", own=OWN):
        metric = column.rsplit(" ", 1)[0]
        # In hundredths, as they are written: a tie is up to 0.05.
        return np.round(self(own, f"{metric} half") - self(method, column), 2)


def compared(gain):
    return float(gain.mean()), *(
        int(each.sum()) for each in (gain > 0.05, gain < -0.05)
    )


def versus(model, metric, method, threshold="half"):
    """softkeras's own loss against a method, as the summary has it."""
    for row in load(f"effectiveness_{model}")["metrics"][metric]:
        if (row["method"], row["threshold"]) == (method, threshold):
            return next(v for v in row.values() if isinstance(v, dict))
    raise KeyError(method)


EFFECTIVENESS = "docs/effectiveness.md"


@pytest.mark.parametrize(
    "model, method, column, words",
    [
        ("network", "cross-entropy", "f1 half", "cross-entropy"),
        (
            "network",
            "score-oriented",
            "f1 half",
            "score-oriented, raised cosine",
        ),
        ("network", "focal", "f1 half", "focal"),
        (
            "linear",
            "squared error",
            "f1 tuned",
            "squared error, tuned threshold",
        ),
        ("linear", "Dice", "f1 half", "Dice, not smoothed"),
    ],
)
def test_rows_of_losses(model, method, column, words):
    table = Scores(model)
    gain = table.gain(method, column)
    mean, better, worse = compared(gain)
    says(
        EFFECTIVENESS,
        "| {} | {:.1f} | {:+.1f} | {}/{}/{} |",
        words,
        float(table(method, column).mean()),
        mean,
        better,
        worse,
        len(gain) - better - worse,
    )
    families = [gain[table.family == each].mean() for each in set(table.family)]
    rule = column.split()[1]
    p = versus(model, "f1", method, rule)["p over families"]
    says(
        EFFECTIVENESS,
        "| {:+.1f}, {} |",
        float(np.mean(families)),
        chance(p),
    )


def test_sets_and_families():
    table = Scores("network")
    families = list(table.family)
    says(EFFECTIVENESS, "{} imbalanced sets of KEEL", len(families))
    says(EFFECTIVENESS, "KEEL, in {} families", len(set(families)))
    splits = load("effectiveness_network")["splits"]
    says(EFFECTIVENESS, "{} splits that no option", len(splits))
    says(
        EFFECTIVENESS,
        "{} sets are {} families, and three of these (ecoli, yeast, glass) are "
        "{} sets",
        len(families),
        len(set(families)),
        sum(families.count(each) for each in ("ecoli", "yeast", "glass")),
    )


def test_where_most_is_won():
    table = Scores("network")

    def means(which, *methods):
        return [float(table(each)[which].mean()) for each in methods]

    methods = OWN, "cross-entropy", "AnyLoss, L 30"
    says(
        EFFECTIVENESS,
        "F1 is {:.1f}, against {:.1f} of cross-entropy and {:.1f} of AnyLoss; "
        "below 9 it is {:.1f} against {:.1f} and {:.1f}.",
        *means(table.imbalance > 30, *methods),
        *means(table.imbalance < 9, *methods),
    )
    small, large = table.batch <= 32, table.batch > 64
    says(
        EFFECTIVENESS,
        "it is {:.1f} against {:.1f} of cross-entropy with 32 rows, {:.1f} "
        "against {:.1f} with 33 to 64, {:.1f} against {:.1f} with more.",
        *means(small, *methods[:2]),
        *means(~small & ~large, *methods[:2]),
        *means(large, *methods[:2]),
    )
    of_softkeras = [
        float(row["collapsed"])
        for row in table.rows
        if row["method"].startswith("softkeras")
    ]
    assert not any(of_softkeras)
    says(
        EFFECTIVENESS,
        "Nothing of softkeras's collapsed to one answer; {:.1f} % of the runs "
        "with cross-entropy did, {:.1f} % of those with Dice smoothed by 1.",
        float(table("cross-entropy", "collapsed").mean()),
        float(table("Dice, smooth 1", "collapsed").mean()),
    )


def test_other_metrics():
    table = Scores("network")

    def mean(metric, method, rule="half"):
        return float(table(method, f"{metric} {rule}").mean())

    metric, own = "balanced accuracy", "softkeras balanced accuracy"
    gain = table.gain("class weights", f"{metric} half", own)
    average, better, worse = compared(gain)
    summary = versus("network", metric, "class weights")
    says(
        EFFECTIVENESS,
        "**Balanced accuracy** {:.1f} with its own loss",
        mean(metric, own),
    )
    says(
        EFFECTIVENESS,
        "class weights {:.1f} (gain {:.1f}, {}/{}/{}, p = {}; over families "
        "{:.1f}, p = {}).",
        mean(metric, "class weights"),
        average,
        better,
        worse,
        len(gain) - better - worse,
        chance(summary["p"]),
        summary["gain over families"],
        chance(summary["p over families"]),
    )
    says(
        EFFECTIVENESS,
        "**G-mean** {:.1f}; class weights {:.1f}. **MCC** {:.1f} with its own "
        "loss; cross-entropy {:.1f}, with a tuned threshold {:.1f}, "
        "square-root weights at rate .003 {:.1f} (a tie, p = {}).",
        mean("g-mean", "softkeras G-mean"),
        mean("g-mean", "class weights"),
        mean("mcc", "softkeras MCC"),
        mean("mcc", "cross-entropy"),
        mean("mcc", "cross-entropy", "tuned"),
        mean("mcc", "square-root weights, rate .003"),
        chance(versus("network", "mcc", "square-root weights, rate .003")["p"]),
    )


def test_several_classes():
    rows = load("categorical")["rows"]

    def gains(sharpness, warm_up, *data):
        return [
            row["gain"]
            for row in rows
            if (row["sharpness"], row["warm_up"]) == (sharpness, warm_up)
            and (not data or row["data"] in data)
        ]

    for sharpness, words in ((0.25, ".25"), (0.5, ".5"), (1, "1"), (2, "2")):
        plain, warm = gains(sharpness, 0), gains(sharpness, 0.3)
        assert 10 <= np.sum(np.array(plain) > 0) < len(plain) / 2
        says(
            EFFECTIVENESS,
            "| {} | {:+.1f} ({}) | {:+.1f} ({}) |",
            words,
            float(np.mean(plain)),
            sum(gain > 0 for gain in plain),
            float(np.mean(warm)),
            sum(gain > 0 for gain in warm),
        )
    hard = gains(0.25, 0.3, "diabetes, five uneven grades")
    made = gains(0.25, 0.3, "four uneven classes, made")
    uneven = gains(0.25, 0.3, "digits, unevenly many")
    says(EFFECTIVENESS, "mean of {} pairs of set and score", len(plain))
    says(
        EFFECTIVENESS,
        "(at sharpness .25 diabetes {:+.0f} to {:+.0f}, the made classes "
        "{:+.1f} to {:+.0f}); on uneven digits it is {:+.1f} to {:+.1f}",
        *(end(each) for each in (hard, made, uneven) for end in (min, max)),
    )
    assert max(map(abs, gains(0.25, 0.3, "wine", "digits"))) < 0.5


def test_why_the_defaults_are_what_they_are():
    table, choice = Scores("network"), load("effectiveness_choice")
    network = choice["network"]["f1"]["means"]
    says(
        EFFECTIVENESS,
        "| sigmoid, .5 | {:.1f} | {:.1f} |",
        network["sigmoid, sharpness 0.5"],
        network["sigmoid, sharpness 0.5, warm-up"],
    )
    linear = choice["linear"]["f1"]["means"]
    name = "sigmoid, sharpness {}{}".format
    says(
        EFFECTIVENESS,
        "sigmoid and warm-up: .25 {:.1f}, .5 {:.1f}, 1 {:.1f}, 2 {:.1f}, 4 "
        "{:.1f}; at 1 without warm-up {:.1f}.",
        *(linear[name(s, ", warm-up")] for s in (0.25, 0.5, 1, 2, 4)),
        linear[name(1, "")],
    )
    says(
        EFFECTIVENESS,
        "ten times the loss gives {:.1f} at sharpness 1 and {:.1f} at 2.",
        *(linear[name(s, ", warm-up, times 10")] for s in (1, 2)),
    )
    dice = table("Dice").mean()
    lost = [
        float(dice - table(f"Dice, smooth {each}").mean())
        for each in ("1e-5", "1")
    ]
    for page in (EFFECTIVENESS, "docs/choosing_a_loss.md"):
        says(page, "nothing is positive: {:.0f} to {:.0f} points", *lost)
    without = "softkeras F1, no warm-up"
    says(
        EFFECTIVENESS,
        "({:+.1f} on the fresh splits, p = {})",
        float(table.gain(without).mean()),
        chance(versus("network", "f1", without)["p"]),
    )
    weights = "square-root weights, rate .003"
    says(
        EFFECTIVENESS,
        "({:+.1f}, p = {})",
        float(table.gain(weights).mean()),
        chance(versus("network", "f1", weights)["p"]),
    )
    says(
        "README.md",
        "On {} imbalanced sets the F1 of networks is {:.1f} points above "
        "cross-entropy and {:.1f} above cross-entropy with a tuned threshold",
        len(table.family),
        float(table.gain("cross-entropy").mean()),
        float(table.gain("cross-entropy", "f1 tuned").mean()),
    )


def test_segmentation():
    page, result = "docs/segmentation.md", load("segmentation")
    marked = dict(result["marked"])
    says(page, "squares and crosses in noise, {:.0f} %", marked.pop("discs"))
    ends = min(marked.values()), max(marked.values())
    says(page, "blurred and in noise, {:.0f} to {:.0f} %", *ends)
    iou = {
        task: {
            name: np.array([each["iou"] for each in own["at_half"]])
            for name, own in losses.items()
        }
        for task, losses in result["tasks"].items()
    }
    apart = max(np.ptp(v) for own in iou.values() for v in own.values())
    says(page, "differ by up to {:.0f} points**", float(apart))
    discs = iou["discs"]
    plain = discs["SoftJaccard, sharpness 1"] - discs["SoftJaccard"]
    name = "warm-up, SoftJaccard"
    warm = discs[f"{name}, sharpness 1"] - discs[name]
    says(
        page,
        "by {:.0f} and {:.0f} points, and with warm-up by {:.0f} and {:.0f}.",
        *map(float, [*sorted(plain), *sorted(warm)]),
    )
    ahead = {
        task: [
            own[name].mean() > own["cross-entropy"].mean()
            for name in own
            if name not in ("cross-entropy", "focal")
        ]
        for task, own in iou.items()
    }
    assert all(ahead["photographs"])
    assert np.mean(ahead["discs"]) == 0.5
    for name in ("Keras Dice, by image", "SoftJaccard by image"):
        for each in result["tasks"]["discs"][name]["at_half"]:
            assert each["alarms"] == 100


def test_momentum():
    page, result = "docs/across_batches.md", load("momentum")
    says(page, "{} seeds; a network", result["seeds"])
    says(page, "{} steps of Adam", result["steps"])
    says(page, "the mean of {} models", result["models"])
    rows = result["rows"]
    sizes = sorted({r["batch"] for r in rows if "all rows" in r["method"]})
    says(page, "of {} or {})", *sizes)
    says(page, "({} or {} rows", *(round(n - 800) for n in sizes))

    def best(method, share, batch):
        own = [
            row
            for row in rows
            if (row["method"], row["positive"]) == (method, share)
            and (row["batch"], row["threshold"]) == (batch, "1/2")
        ]
        return max(own, key=lambda row: row["train"])

    at = [(share, batch) for share in (0.02, 0.05) for batch in (16, 32)]
    for method, words in (
        ("F1, momentum 0.9", "F1, momentum .9"),
        ("cross-entropy", "cross-entropy"),
    ):
        shown = [best(method, *each) for each in at]
        says(
            page,
            f"| {words}" + " | {:.1f} ± {:.1f}" * 4 + " |",
            *(row[key] for row in shown for key in ("test", "error")),
        )
    gain = {
        each: best("F1, momentum 0.9", *each)["test"]
        - best("F1, momentum 0.0", *each)["test"]
        for each in at
    }
    for share, size in zip((0.02, 0.05), sizes):
        says(page, "it gives {:.0f} points over", gain[share, 16])
        of_all = best("F1, all rows", share, size)["test"]
        assert best("F1, momentum 0.9", share, 16)["test"] >= of_all
    ends = sorted(gain[share, 32] for share in (0.02, 0.05))
    says(page, "it gives {:.1f} to {:.1f}. The errors", *ends)
    learnt = [best("cross-entropy", *each)["train"] for each in at]
    learnt += [
        best("cross-entropy, all rows", share, size)["train"]
        for share, size in zip((0.02, 0.05), sizes)
    ]
    says(page, "is {:.0f} to {:.0f}.", min(learnt), max(learnt))
