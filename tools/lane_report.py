"""Writes what a run of tools/lane.sh found, as a page of Markdown.

    python tools/lane_report.py LANE COMMIT > docs/lanes/LANE.md

It runs in the lane, and reads what the steps left in build/lane: the log, the
exit status and the seconds of each.
"""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import re
import subprocess
import sys
from importlib import metadata

LOGS = pathlib.Path(__file__).parents[1] / "build" / "lane"
R_PACKAGES = ("reticulate", "keras3", "testthat", "roxygen2")
PYTHON_PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "jax", "numpy")
PYTHON_PACKAGES += ("rpy2", "rpy2-rinterface")
STEPS = {
    "system": "Debian's packages",
    "set-up": "`.venv` and `.Rlib`",
    "testthat": "testthat (`make test-r`)",
    "parity": "R beside Python (`make test-parity`)",
    "python": "pytest (`tests/python/test_package.py`)",
    "check": "R CMD check --as-cran (`make check-r`)",
}


def log(name):
    return (LOGS / f"{name}.log").read_text()


def number(name, kind):
    return int((LOGS / f"{name}.{kind}").read_text())


def versions():
    """Pairs of a name and its version; what is not there is left out."""
    debian = pathlib.Path("/etc/debian_version").read_text().strip()
    yield "Debian", debian
    code = """
      cat("R", format(getRversion()), "\\n")
      for (name in commandArgs(TRUE)) {
        there <- nzchar(system.file(package = name))
        cat(name, if (there) format(packageVersion(name)), "\\n")
      }
    """
    said = subprocess.run(
        ["Rscript", "-e", code, *R_PACKAGES],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pairs = [line.split() for line in said.splitlines()]
    yield from (pair for pair in pairs if len(pair) == 2)
    yield "Python", sys.version.split()[0]
    for name in PYTHON_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def counts_of_testthat(text):
    """Passed, failed and skipped, and the reasons of what was skipped."""
    counts = r"FAIL (\d+) \| WARN \d+ \| SKIP (\d+) \| PASS (\d+)"
    failed, skipped, passed = (re.findall(counts, text) or ["???"])[-1]
    reasons = re.findall(r"^• (.+ \(\d+\))", text, re.M)
    return (passed, failed, skipped), reasons


def counts_of_pytest(text):
    closing = text.strip().splitlines()[-1]
    found = re.findall(r"(\d+) (passed|failed|skipped|error)", closing)
    count = {kind: int(times) for times, kind in found}
    failed = count.get("failed", 0) + count.get("error", 0)
    reasons = [
        f"{reason} ({times})"
        for times, reason in re.findall(r"^SKIPPED \[(\d+)\] (.+)$", text, re.M)
    ]
    if not count:  # it did not come to its end
        return "???", reasons
    return (count.get("passed", 0), failed, count.get("skipped", 0)), reasons


COUNTS = {
    "testthat": counts_of_testthat,
    "parity": counts_of_pytest,
    "python": counts_of_pytest,
}


def report(lane, commit):
    yield f"# The last run of lane {lane}"
    yield "<!-- Written by tools/lane.sh. -->"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    failed = [step for step in STEPS if number(step, "status") != 0]
    verdict = f"failed in {', '.join(failed)}" if failed else "passed"
    yield f"`make test-r-{lane}` on {today}, at commit {commit}: **{verdict}**."

    yield "## What was in it"
    rows = [f"| {name} | {version} |" for name, version in versions()]
    yield "\n".join(["| | version |", "|---|---|", *rows])

    yield "## What came of it"
    rows = ["| | passed | failed | skipped | seconds |", "|---" * 5 + "|"]
    skips = []
    for step, title in STEPS.items():
        cells = ["", "", ""]
        if step in COUNTS:
            cells, reasons = COUNTS[step](log(step))
            skips += [f"- {step}: {reason}" for reason in reasons]
        cells = [title, *cells, number(step, "seconds")]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    yield "\n".join(rows)

    yield "What `make check-r` said:"
    said = re.findall(r"^(?:Error: )?softkeras: (.+)$", log("check"), re.M)
    yield "\n".join(f"- {line}" for line in said)

    yield "## What was skipped, and how often"
    yield "\n".join(skips) or "Nothing."


if __name__ == "__main__":
    print("\n\n".join(report(*sys.argv[1:])))
