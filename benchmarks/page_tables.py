"""Writes the tables of pages of docs/ from what benchmarks/results holds.

    python benchmarks/page_tables.py

What stands in a page between `<!-- made: NAME -->` and `<!-- end -->` is what
`TABLES[NAME]` gives; the words around it are typed. tests/python/
test_docs_tables.py compares the pages with the results.
"""

from __future__ import annotations

import json
import pathlib
import re
from decimal import ROUND_HALF_UP, Decimal

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
PAGES = ("across_batches.md", "effectiveness.md", "segmentation.md")
# The blank lines keep the comments out of the table.
MADE = re.compile(
    r"(?P<begin><!-- made: (?P<name>[\w-]+) -->\n)\n.*?\n(?P<end><!-- end -->)",
    re.DOTALL,
)

# (method, threshold) in the results to its words; others are not shown.
NETWORK = {
    ("softkeras F1", "half"): (
        '**softkeras F1** (`"sigmoid"`, sharpness .25, warm-up)'
    ),
    ("softkeras MCC", "half"): "softkeras MCC",
    ("softkeras F1, no warm-up", "half"): "softkeras F1, no warm-up",
    ("square-root weights, rate .003", "half"): (
        "cross-entropy, square root of class weights, rate .003"
    ),
    ("square-root weights", "half"): "square root of class weights, rate .01",
    ("Dice", "half"): "Dice, not smoothed (that of Keras)",
    ("straight-through", "half"): "straight-through",
    ("score-oriented", "half"): "score-oriented, raised cosine",
    ("class weights", "tuned"): "class weights, tuned threshold",
    ("cross-entropy", "tuned"): "cross-entropy, tuned threshold",
    ("class weights", "half"): "class weights",
    ("cross-entropy", "half"): "cross-entropy",
    ("Dice, smooth 1e-5", "half"): "Dice, smoothed by 1e-5",
    ("Dice, smooth 1", "half"): "Dice, smoothed by 1",
    ("focal", "half"): "focal",
    ("squared error", "half"): "squared error",
    ("AnyLoss, L 30", "half"): "AnyLoss, L = 30",
    ("AnyLoss, L 73", "half"): "AnyLoss, L = 73",
}
LINEAR = {
    ("softkeras F1", "half"): (
        "**softkeras F1**, sharpness 2, warm-up, then ten times the loss"
    ),
    ("squared error", "tuned"): "squared error, tuned threshold",
    ("cross-entropy", "tuned"): "cross-entropy, tuned threshold",
    ("square-root weights", "tuned"): "square-root weights, tuned threshold",
    ("score-oriented", "half"): "score-oriented, raised cosine",
    ("Dice", "half"): "Dice, not smoothed",
    ("cross-entropy", "half"): "cross-entropy",
    ("softkeras F1, as for a network", "half"): "softkeras F1 as for a network",
}
STEPS = {
    "sigmoid, sharpness 0.25": "sigmoid, sharpness .25",
    "sigmoid, sharpness 0.5": "sigmoid, .5",
    "sigmoid, sharpness 1": "sigmoid, 1 (Dice)",
    "softsign, sharpness 0.25": "softsign, .25",
    "softsign, sharpness 0.5": "softsign, .5",
    "softsign, sharpness 1": "softsign, 1",
}
MASKS = {
    "cross-entropy": "cross-entropy",
    "focal": "focal",
    "Keras Dice": "Keras Dice, of the batch",
    "Keras Dice, by image": "Keras Dice, by image",
    "Keras Tversky .3, .7": "Keras Tversky .3, .7",
    "SoftJaccard, sharpness 1": "`SoftJaccard(sharpness=1)`",
    "SoftJaccard": "`SoftJaccard()`, sharpness .25",
    "SoftJaccard by image": '`SoftJaccard(average="samples")`',
    "warm-up, SoftJaccard": "warm-up, then `SoftJaccard()`",
    "warm-up, SoftJaccard, sharpness 1": (
        "warm-up, then `SoftJaccard(sharpness=1)`"
    ),
}
MOMENTA = {
    ("F1, momentum 0.0", "1/2"): "F1, momentum 0",
    ("F1, momentum 0.5", "1/2"): "F1, momentum .5",
    ("F1, momentum 0.9", "1/2"): "F1, momentum .9",
    ("F1, momentum 0.99", "1/2"): "F1, momentum .99",
    ("F1, all rows", "1/2"): "F1, all rows in each step",
    ("cross-entropy", "1/2"): "cross-entropy",
    ("cross-entropy", "tuned"): "cross-entropy, tuned threshold",
    ("cross-entropy, all rows", "1/2"): "cross-entropy, all rows",
}
WARM_UP = ["no warm-up", "30 % of the steps on cross-entropy first"]


def load(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def number(value, digits=1) -> Decimal:
    """Half goes up, in decimals: the results are rounded decimals already."""
    unit = Decimal(1).scaleb(-digits)
    return Decimal(str(value)).quantize(unit, ROUND_HALF_UP)


def short(value) -> str:
    """Without the zero before the point."""
    return f"{value:f}".lstrip("0")


def chance(p) -> str:
    """A p-value, to one digit."""
    p = number(p, -Decimal(str(p)).adjusted()).normalize()
    return short(p) if p >= Decimal("0.001") else f"{p:.0e}"


def row(cells) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def table(header, rows) -> str:
    rule = "|" + "---|" * len(header)
    return "\n".join([row(header), rule, *map(row, rows)])


def compared(model, shown) -> str:
    """F1 of each method, best first, beside softkeras's."""
    own = "softkeras F1"
    results = load(f"effectiveness_{model}")["metrics"]["f1"]
    found = {(each["method"], each["threshold"]): each for each in results}
    rows = []
    for key in sorted(shown, key=lambda key: -found[key]["mean"]):
        mean, versus = number(found[key]["mean"]), found[key].get(own)
        if versus is None:
            rows.append([shown[key], f"**{mean}**", "", "", "", ""])
            continue
        families = number(versus["gain over families"])
        rows.append(
            [
                shown[key],
                f"{mean}",
                f"{number(versus['gain']):+}",
                "{wins}/{losses}/{ties}".format(**versus),
                chance(versus["p"]),
                f"{families:+}, {chance(versus['p over families'])}",
            ]
        )
    header = ["method", "F1", "gain", "better/worse/tie", "p"]
    return table([*header, "families: gain, p"], rows)


def several_classes() -> str:
    gains = {}
    for each in load("categorical")["rows"]:
        own = gains.setdefault(each["sharpness"], {})
        own.setdefault(each["warm_up"], []).append(each["gain"])
    rows = [
        [short(Decimal(str(sharpness)).normalize())]
        + [
            f"{number(sum(each) / len(each)):+} ({sum(g > 0 for g in each)})"
            for each in own.values()
        ]
        for sharpness, own in gains.items()
    ]
    return table(["sharpness", *WARM_UP], rows)


def steps() -> str:
    """Mean F1 of each step, the best in bold."""
    means = load("effectiveness_choice")["network"]["f1"]["means"]
    best = max(means, key=means.get)

    def cell(name):
        bold = "**" if name == best else ""
        return f"{bold}{number(means[name])}{bold}"

    rows = [
        [words, cell(name), cell(f"{name}, warm-up")]
        for name, words in STEPS.items()
    ]
    return table(["step on the log-odds", *WARM_UP], rows)


def masks() -> str:
    """IoU of each seed at 1/2, and in brackets the mean of the tuned ones."""
    tasks = load("segmentation")["tasks"]

    def cell(result):
        half = [f"{number(each['iou'], 0)}" for each in result["at_half"]]
        tuned = [each["iou"] for each in result["tuned"]]
        mean = number(round(sum(tuned) / len(tuned), 6), 0)
        return f"{', '.join(half)} ({mean})"

    rows = [
        [words, *(cell(results[name]) for results in tasks.values())]
        for name, words in MASKS.items()
    ]
    return table(["loss", *tasks], rows)


def momenta() -> str:
    """Test F1 with its error, at the rate that is best for training F1."""
    best = {}
    for each in load("momentum")["rows"]:
        key = each["method"], each["threshold"], each["positive"]
        own = best.setdefault(key, {})
        if each["train"] > own.get(each["batch"], {"train": -1})["train"]:
            own[each["batch"]] = each
    shares = sorted({share for *_, share in best})
    sizes = sorted(best["cross-entropy", "1/2", shares[0]])

    def cells(results):
        shown = [
            f"{number(each['test'])} ± {number(each['error'])}"
            for _, each in sorted(results.items())
        ]
        # All rows at once are a batch of one size.
        return shown + ["the same"] * (len(sizes) - len(shown))

    rows = [
        [words, *(c for share in shares for c in cells(best[(*key, share)]))]
        for key, words in MOMENTA.items()
    ]
    columns = [
        f"{number(100 * share, 0)} %, batch {size}"
        for share in shares
        for size in sizes
    ]
    return table(["", *columns], rows)


TABLES = {
    "network": lambda: compared("network", NETWORK),
    "linear": lambda: compared("linear", LINEAR),
    "several-classes": several_classes,
    "steps": steps,
    "masks": masks,
    "momenta": momenta,
}


def page(text: str) -> str:
    """A page with its tables as the results have them."""
    return MADE.sub(
        lambda found: (
            f"{found['begin']}\n{TABLES[found['name']]()}\n\n{found['end']}"
        ),
        text,
    )


def main():
    for name in PAGES:
        path = DOCS / name
        path.write_text(page(path.read_text()))


if __name__ == "__main__":
    main()
