"""A report as HTML, for notebooks and as a page of its own."""

from __future__ import annotations

from html import escape
from typing import Any

from softkeras.doctor import _text

_COLOURS = {
    "error": "#c62828",
    "warning": "#b26a00",
    "info": "#1769aa",
    "fine": "#2e7d32",
    "left out": "#b26a00",
}
_MUTED = "opacity:.65"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 50em;
  margin: 2em auto; padding: 0 1em }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(made: Any) -> str:
    """A report as a whole page."""
    title = f"{made.subject}: {made.verdict()}"
    return _PAGE.format(title=escape(title), body=report(made))


def report(made: Any) -> str:
    """A report as part of a page, whatever the page's colours are."""
    parts = [
        '<div style="text-align:left;max-width:50em">',
        f"<p><b>{escape(made.subject)}</b>: {escape(made.verdict())}</p>",
        *map(_finding, made.findings),
        _checks(made),
        "</div>",
    ]
    return "\n".join(part for part in parts if part)


def _finding(finding):
    """A block with the severity's colour at its side."""
    colour = _COLOURS[finding.severity]
    rows = "".join(
        f'<tr style="background:none"><td style="{_cell(True)}">{name}</td>'
        f'<td style="{_cell(False)}">{_value(name, text)}</td></tr>'
        for name, text in _text.details(finding)
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:.1em .8em;'
        'margin:.8em 0">'
        f'<div><b style="color:{colour}">{finding.severity}</b> '
        f"<b>{escape(finding.title)}</b></div>"
        '<table style="border-collapse:collapse;margin:.2em 0">'
        f"{rows}</table></div>"
    )


def _cell(is_label):
    style = "text-align:left;vertical-align:top;border:none;padding:.1em "
    return style + (f"1em .1em 0;{_MUTED}" if is_label else "0")


def _value(name, text):
    text = escape(text)
    if name in ("example", "where"):
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        return f'<code style="{style}">{text}</code>'
    return text.replace("\n", "<br>")


def _checks(made):
    """What was examined, folded away where there are findings."""
    items = "".join(
        f'<li><span style="color:{_COLOURS.get(check["outcome"], "inherit")}">'
        f"{escape(check['outcome'])}</span> {escape(check['text'])}</li>"
        for check in made.checks
    )
    fine = sum(check["outcome"] == "fine" for check in made.checks)
    others = len(made.checks) - fine
    summary = f"{fine} checks are fine" if fine != 1 else "1 check is fine"
    if others:
        summary += f", {others} left out"
    versions = ", ".join(f"{k} {v}" for k, v in made.environment.items())
    return (
        f"<details{'' if made.findings else ' open'}>"
        f"<summary>{summary}</summary>"
        f'<ul style="margin:.3em 0">{items}</ul>'
        f'<div style="{_MUTED}">{escape(versions)}, seed {made.seed}</div>'
        "</details>"
    )
