"""Keeps what tools/coverage.sh counted; fails below 95 % of lines."""

from __future__ import annotations

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
COUNTED = ROOT / "build/coverage"
KEPT = ROOT / "benchmarks/results/coverage.json"
LEAST = 95.0


def main() -> int:
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for language in sys.argv[1:] or ("python", "r"):
        read = {"python": of_python, "r": of_r}[language]
        kept[language] = read(
            json.loads((COUNTED / f"{language}.json").read_text())
        )
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    for language, counted in kept.items():
        print(f"{language}: {counted['percent']} % of {counted['lines']} lines")
    return any(counted["percent"] < LEAST for counted in kept.values())


def of_python(counted: dict) -> dict:
    """Of coverage.py's report: numbers, and by file which lines are missed."""
    totals = counted["totals"]
    return _kept(
        totals["num_statements"],
        totals["covered_lines"],
        {
            name.removeprefix("python/softkeras/"): file["missing_lines"]
            for name, file in counted["files"].items()
        },
    )


def of_r(counted: dict) -> dict:
    """Of tools/coverage_r.R's: numbers, and by file which lines are missed."""
    return _kept(counted["lines"], counted["covered"], counted["missed"])


def _kept(lines, covered, missed):
    return {
        "lines": lines,
        "covered": covered,
        "percent": round(100 * covered / lines, 2),
        "missed": {name: own for name, own in sorted(missed.items()) if own},
    }


if __name__ == "__main__":
    sys.exit(main())
