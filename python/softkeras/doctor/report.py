"""Report and Finding: what diagnose() found, as data, text and picture."""

from __future__ import annotations

import dataclasses
import html
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np

__all__ = ["DiagnosisError", "Finding", "Report"]

SEVERITIES = ("error", "warning", "info")

TITLES = {
    "batch_not_mean": "a loss of the whole batch",
    "broadcasts": "shapes broadcast",
    "empty_batch": "not finite on an empty batch",
    "fails": "it raises an error",
    "float16": "not usable in half precision",
    "gradient_none": "no gradient",
    "gradient_not_finite": "gradient is NaN or infinite",
    "gradient_partly_none": "a term without a gradient",
    "gradient_partly_zero": "gradient is zero in places",
    "gradient_wrong": "gradient is wrong",
    "gradient_zero": "gradient is zero",
    "mask_ignored": "the mask is ignored",
    "mixes_samples": "samples mix",
    "modes_differ": "eager, graph and compiled differ",
    "one_class_batch": "not finite on a batch of one class",
    "random": "two calls differ",
    "sample_weight_ignored": "sample weights are ignored",
    "straight_through": "straight-through",
    "sum_not_mean": "a sum over the batch",
    "unused_prediction": "predictions are not used",
    "unused_target": "labels are not used",
    "value_not_finite": "value is NaN or infinite",
    "wrong_axis": "reduced over the batch",
    "wrong_direction": "steps lead away from the labels",
    "wrong_shape": "result of a wrong shape",
}

_COLOURS = {"error": "31", "warning": "33", "info": "36", "fine": "32"}


class DiagnosisError(ValueError):
    """What `Report.raise_for_errors` raises.

    Args:
        report: The report with its errors, kept as `report`.

    Reference: keras issue 17682, which asks for such a warning.

    Example:

    >>> import keras
    >>> from softkeras.doctor import DiagnosisError, diagnose
    >>> try:
    ...     diagnose(keras.ops.floor).raise_for_errors()
    ... except DiagnosisError as error:
    ...     print(error.report.subject)
    floor
    """

    def __init__(self, report: Report):
        super().__init__(str(report))
        self.report = report


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that keeps a loss, an activation or a model from training.

    Args:
        kind: What it is, one of the words that `softkeras.diagnose` lists.
        severity: `"error"`: it does not train, or trains the wrong thing.
            `"warning"`: it does not on some inputs. `"info"`: it does, and is
            said so that nobody is surprised.
        where: The argument or variable, the operation, and the line of code,
            as far as they are known.
        cause: Why, in a sentence.
        remedy: What to write in its place.
        remedy_r: The same in R, where it has another name.
        example: Names and arrays of the smallest input that shows it.
        retried: What the same input gave with the remedy in, if it was tried.

    Reference: keras issue 17682.

    Example:

    >>> from softkeras.doctor import Finding
    >>> finding = Finding("gradient_none", "error", "round", "It is flat.")
    >>> finding.title
    'no gradient'
    """

    kind: str
    severity: str
    where: str
    cause: str
    remedy: str = ""
    remedy_r: str = ""
    example: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    retried: str = ""

    def __post_init__(self):
        if self.kind not in TITLES or self.severity not in SEVERITIES:
            raise ValueError(
                f"`kind` must be one of {tuple(TITLES)} and `severity` one of "
                f"{SEVERITIES}. Received: {self.kind!r} and {self.severity!r}"
            )

    @property
    def title(self) -> str:
        """The kind in plain words."""
        return TITLES[self.kind]

    def to_dict(self) -> dict[str, Any]:
        """The finding as numbers, texts and lists, as JSON takes them."""
        example = {name: plain(x) for name, x in self.example.items()}
        return {
            **dataclasses.asdict(dataclasses.replace(self, example={})),
            "title": self.title,
            "example": example,
        }


@dataclasses.dataclass(frozen=True)
class Report:
    """What `softkeras.diagnose` found.

    Print it for people, `to_dict()` it for programs, and call
    `raise_for_errors()` in a test.

    Args:
        subject: Name of what was examined.
        kind: `"loss"`, `"activation"`, `"metric"`, `"layer"` or `"model"`.
        findings: Errors first, then warnings and infos.
        checks: What was examined, with its outcome, in order.
        probes: Names and arrays of the inputs that it was examined with.
        curve: Value and gradient along a line of inputs, for `plot()`.
        environment: Backend and versions.
        seed: Of the random inputs.

    Reference: keras issue 17682.

    Example:

    >>> import softkeras
    >>> report = softkeras.diagnose("mse")
    >>> report.findings
    ()
    >>> report.raise_for_errors()
    """

    subject: str
    kind: str
    findings: Sequence[Finding]
    checks: Sequence[Mapping[str, str]]
    probes: Mapping[str, Mapping[str, np.ndarray]]
    curve: Mapping[str, Any]
    environment: Mapping[str, str]
    seed: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep it from training."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that keep it from training on some inputs."""
        return self._of("warning")

    @property
    def infos(self) -> tuple[Finding, ...]:
        """The findings that are no faults."""
        return self._of("info")

    def _of(self, severity):
        return tuple(f for f in self.findings if f.severity == severity)

    def raise_for_errors(self) -> None:
        """Raises a `DiagnosisError` with the text, if there are errors."""
        if self.errors:
            raise DiagnosisError(self)

    def to_dict(self) -> dict[str, Any]:
        """The report as numbers, texts and lists, as JSON takes them."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "findings": [finding.to_dict() for finding in self.findings],
            "checks": [dict(check) for check in self.checks],
            "probes": {
                name: {key: plain(x) for key, x in arrays.items()}
                for name, arrays in self.probes.items()
            },
            "curve": {name: plain(x) for name, x in self.curve.items()},
            "environment": dict(self.environment),
            "seed": self.seed,
        }

    def plot(self, axes: Any = None) -> Any:
        """Draws value and gradient along a line of inputs, bad places marked.

        Args:
            axes: Two axes of matplotlib to draw on. Default: new ones.

        Returns:
            The figure. Raises a ValueError where nothing could be drawn.
        """
        from softkeras.plots import plot_report

        return plot_report(self, axes)

    def print(self, file: TextIO | None = None) -> None:
        """Prints the report, with colours if `file` is a terminal."""
        file = sys.stdout if file is None else file
        terminal = file.isatty() and not os.environ.get("NO_COLOR")
        print(self.text(colours=terminal), file=file)

    def text(self, width: int | None = None, colours: bool = False) -> str:
        """The report as text.

        Args:
            width: Of a line, in characters. Default: the terminal's, from 60
                to 100.
            colours: Whether to add the escape codes of a terminal.
        """
        if width is None:
            width = shutil.get_terminal_size().columns
        width = min(max(width, 60), 100)

        def paint(text, colour):
            return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colours else text

        lines = [f"{self.subject}: {self._verdict()}"]
        for finding in self.findings:
            word = paint(f"{finding.severity:<8}", finding.severity)
            lines += ["", f"{word} {finding.title}"]
            for name, text in _details(finding):
                lines += textwrap.wrap(
                    text,
                    width,
                    initial_indent=f"  {name:<8} ",
                    subsequent_indent=" " * 11,
                    break_on_hyphens=False,
                )
        lines.append("")
        for check in self.checks:
            outcome = check["outcome"]
            word = paint(
                f"{outcome:<8}", "fine" if outcome == "fine" else "warning"
            )
            lines += textwrap.wrap(
                f"{word} {check['text']}",
                width + len(word) - 8,
                subsequent_indent=" " * 9,
            )
        versions = ", ".join(f"{k} {v}" for k, v in self.environment.items())
        lines += [f"{'':<8} {versions}, seed {self.seed}"]
        return "\n".join(lines)

    def _verdict(self):
        if not self.findings:
            return f"nothing found that keeps this {self.kind} from training"
        counts = []
        for severity in SEVERITIES:
            number = len(self._of(severity))
            if number:
                plural = "s" if number > 1 and severity != "info" else ""
                counts.append(f"{number} {severity}{plural}")
        return ", ".join(counts)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        rows = []
        for finding in self.findings:
            details = "".join(
                f"<div><i>{name}</i> {html.escape(text)}</div>"
                for name, text in _details(finding)
            )
            rows.append(
                f"<tr><td>{finding.severity}</td><td>{finding.title}</td>"
                f'<td style="text-align:left">{details}</td></tr>'
            )
        rows += [
            f"<tr><td>{check['outcome']}</td>"
            f'<td colspan="2" style="text-align:left">'
            f"{html.escape(check['text'])}</td></tr>"
            for check in self.checks
        ]
        return (
            f"<p><b>{html.escape(self.subject)}</b>: {self._verdict()}</p>"
            f"<table>{''.join(rows)}</table>"
        )


def _details(finding):
    parts = [
        ("where", finding.where),
        ("cause", finding.cause),
        ("remedy", finding.remedy),
        ("tried", finding.retried),
        ("example", example_text(finding.example)),
    ]
    return [(name, text) for name, text in parts if text]


def example_text(example: Mapping[str, Any]) -> str:
    """Names and arrays on one line."""
    return ", ".join(f"{name} = {_short(x)}" for name, x in example.items())


def _short(x):
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        return str(x)
    text = np.array2string(
        x, precision=4, threshold=12, edgeitems=3, separator=", "
    )
    return " ".join(text.split())


def plain(x: Any) -> Any:
    """Arrays as lists, numbers of NumPy as Python's."""
    if isinstance(x, np.ndarray):
        return x.tolist()
    return x.item() if isinstance(x, np.generic) else x
