"""A report as text, for a terminal or a file."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

NARROWEST, WIDEST = 60, 100
# Entries of an axis that are shown of an array; of rows the first ones.
SHOWN = 3
_LABEL = 8
_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "fine": "32",
    "left out": "33",
    "subject": "1",
    "quiet": "2",
}


def report(made: Any, width: int | None = None, colours: bool = False) -> str:
    """A line that says how it is, a table, each finding, what was examined.

    Args:
        made: A `Report`.
        width: Of a line; `None` for that of the terminal.
        colours: Whether to add the escape codes of a terminal.
    """
    if width is None:
        width = shutil.get_terminal_size().columns
    width = min(max(width, NARROWEST), WIDEST)

    def paint(text, code):
        return f"\x1b[{_CODES[code]}m{text}\x1b[0m" if colours else text

    lines = [f"{paint(made.subject, 'subject')}: {made.verdict()}"]
    # Of one finding the table would only say again what it says itself.
    if len(made.findings) > 1:
        lines += ["", *_table(made.findings, width, paint)]
    for finding in made.findings:
        word = paint(f"{finding.severity:<{_LABEL}}", finding.severity)
        lines += ["", f"{word} {paint(finding.title, 'subject')}"]
        for name, text in details(finding):
            label = paint(f"  {name:<{_LABEL}}", "quiet")
            lines += _wrapped(label, text, width, _LABEL + 3)
    lines.append("")
    for check in made.checks:
        outcome, text = check["outcome"], check["text"]
        label = paint(f"{outcome:<{_LABEL}}", outcome)
        # What is fine in one line, so that the findings stand out.
        if outcome == "fine" and made.findings:
            text = _cut(text, width - _LABEL - 1)
        lines += _wrapped(label, text, width, _LABEL + 1)
    versions = ", ".join(f"{k} {v}" for k, v in made.environment.items())
    lines.append(paint(f"{'':<{_LABEL}} {versions}, seed {made.seed}", "quiet"))
    return "\n".join(lines)


def _table(findings, width, paint):
    """Severity, finding and where, a line each."""
    titles = max(len(finding.title) for finding in findings)
    room = width - _LABEL - titles - 4
    for finding in findings:
        severity = paint(f"{finding.severity:<{_LABEL}}", finding.severity)
        where = _cut(finding.where, room)
        yield f"{severity} {finding.title:<{titles}}  {where}".rstrip()


def _cut(text, room):
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _wrapped(label, text, width, margin):
    """A label, and beside it a text that may have several lines."""
    lines = []
    for line in text.split("\n"):
        # Spaces in front are of code, and stay.
        inside = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line.strip(),
            width - margin,
            initial_indent=inside,
            subsequent_indent=inside,
            break_on_hyphens=False,
        ) or [""]
    for i, line in enumerate(lines):
        yield f"{label} {line}" if i == 0 else " " * margin * bool(line) + line


def details(finding: Any) -> Iterator[tuple[str, str]]:
    """What is said of a finding: pairs of a label and a text."""
    for name, text in (
        ("where", finding.where),
        ("cause", finding.cause),
        ("remedy", finding.remedy),
        ("tried", finding.retried),
        ("example", example(finding.example)),
    ):
        # What is no fault is said in short.
        if text and (finding.severity != "info" or name == "cause"):
            yield name, text


def example(arrays: Mapping[str, Any]) -> str:
    """Names and arrays, one a line; of long ones what stands first."""
    return "\n".join(f"{name} = {_array(x)}" for name, x in arrays.items())


def _array(x):
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        return _cut(str(x), WIDEST)
    whole = all(n <= SHOWN + 1 for n in x.shape)
    return _entries(x) + ("" if whole else f", of shape {x.shape}")


def _entries(x):
    if not x.ndim:
        return f"{x:.4g}" if x.dtype.kind == "f" else str(x)
    # One that is left out is as long as the dots in its place.
    many = len(x) > SHOWN + 1
    shown = [_entries(part) for part in (x[:SHOWN] if many else x)]
    return f"[{', '.join(shown + ['…'] * many)}]"
