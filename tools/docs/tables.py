"""Tables of the pages, from benchmarks/results: no number is typed by hand."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable
from typing import Any

RESULTS = pathlib.Path(__file__).parents[2] / "benchmarks" / "results"


def load(name: str) -> Any:
    """What a benchmark wrote."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Prints a table in Markdown; the first column is of words."""
    header = list(header)
    print("| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(map(cell, row)) + " |")
    print()


def cell(value: Any) -> str:
    """A number as short as it may be; `|` would end the cell."""
    if value is None:
        return ""
    if isinstance(value, float):
        large = abs(value) >= 1e5
        return f"{value:.2e}" if large else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def machine(result: dict) -> None:
    """A line on what it was measured with."""
    words = result.get("machine", {})
    if words:
        versions = ", ".join(
            f"{name} {words[name]}"
            for name in ("tensorflow", "jax", "keras", "numpy")
            if name in words
        )
        where = f"{words['cores']} cores ({words['cpu']})"
        print(f"Measured on {where}: {versions}.\n")


def effectiveness(model: str, metric: str) -> None:
    """Scores of all methods on the sets of KEEL, the best first."""
    result = load(f"effectiveness_{model}")
    rows = result["metrics"][metric]
    own = next(k for r in rows for k, v in r.items() if isinstance(v, dict))
    print(
        f"{result['sets']} sets in {result['families']} families, "
        f"{result['folds']} folds, {result['steps']:,} steps. Gain, p and "
        f"better/worse/tie are those of {own} on the method of the row.\n"
    )
    table(
        ["method", "threshold", metric, "gain", "better/worse/tie", "p"],
        (
            [
                f"**{row['method']}**"
                if row["method"] == own
                else row["method"],
                {"half": "½"}.get(row["threshold"], row["threshold"]),
                f"{row['mean']:.1f}",
                *_gain(_versus(row)),
            ]
            for row in rows
        ),
    )


def _versus(row):
    """The comparison with softkeras's own loss, where there is one."""
    return next((v for v in row.values() if isinstance(v, dict)), None)


def _gain(versus):
    if versus is None:
        return "", "", ""
    counts = f"{versus['wins']}/{versus['losses']}/{versus['ties']}"
    return f"{versus['gain']:+.1f}", counts, f"{versus['p']:.2g}"


def accuracy(backend: str) -> None:
    """Errors of exp_ratio, its derivatives and its integral, and of others."""
    result = load(f"accuracy_{backend}")
    names = list(result["bounds"])
    print(
        f"{result['points']:,} points; the largest error in units in the last "
        "place, and in brackets at how many points the result is NaN or "
        "infinite and should not be. Bounds that tests hold it to: "
        + ", ".join(f"{k} {v}" for k, v in result["bounds"].items())
        + ".\n"
    )
    table(
        ["function", "dtype", "compiled by", *names],
        (
            [
                f"`{row['function']}`",
                row["dtype"],
                row["mode"],
                *(_error(row.get(name)) for name in names),
            ]
            for row in result["rows"]
        ),
    )


def _error(found):
    if not found:
        return ""
    bad = f" ({found['not_finite']:,})" if found["not_finite"] else ""
    return cell(float(found["ulp"])) + bad


def exhaustive() -> None:
    """The same at every float32."""
    for mode, result in load("exhaustive").items():
        functions = {k: v for k, v in result.items() if isinstance(v, dict)}
        print(f"**{mode}**, {result['values']:,} numbers:\n")
        table(
            ["function", "largest error, ulp", "at", "wrong"],
            (
                [name, found["ulp"], found["at"], found["wrong"]]
                for name, found in functions.items()
            ),
        )


def coverage() -> None:
    """Lines that the tests run, of each language."""
    table(
        ["language", "lines", "run", "%"],
        [
            [
                {"python": "Python", "r": "R"}[language],
                counted["lines"],
                counted["covered"],
                counted["percent"],
            ]
            for language, counted in load("coverage").items()
        ],
    )


def mutants() -> None:
    """What mutation testing found last in each file."""
    columns = ("mutants", "killed", "accepted", "survivors")
    rows = (
        (f"`{file}`", *(numbers[column] for column in columns))
        for file, numbers in load("mutants").items()
    )
    table(("file", *columns), rows)
