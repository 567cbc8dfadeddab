"""Report and Finding: what diagnose() found, as data, text and picture."""

from __future__ import annotations

import dataclasses
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from softkeras.doctor import _html, _text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    "logits_mixed_up": "logits and probabilities mixed up",
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

# Of a text that is printed where no terminal says how wide it is.
FILE_WIDTH = 80


class DiagnosisError(ValueError):
    """What `Report.raise_for_errors` raises.

    Args:
        report: The report with its errors, kept as `report`.

    Gradient: none; it is text.

    Reference: keras issue 17682, which asks for such a warning.

    Example:

    >>> import keras
    >>> import softkeras
    >>> try:
    ...     softkeras.diagnose(keras.ops.sign).raise_for_errors()
    ... except softkeras.doctor.DiagnosisError as error:
    ...     print(error.report.errors[0].severity)
    error
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

    Gradient: none; it is data.

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
        names = [field.name for field in dataclasses.fields(self)]
        made = {name: plain(getattr(self, name)) for name in names}
        return {**made, "title": self.title}


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

    Gradient: none; it is data. `plot()` shows that of what was examined.

    Reference: keras issue 17682.

    Example:

    >>> import softkeras
    >>> report = softkeras.diagnose("relu")
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
        """The report as numbers, texts and lists, as JSON takes them.

        JSON has no NaN and no infinity: they are the texts `"NaN"`,
        `"Infinity"` and `"-Infinity"`, which `float()` reads.
        """
        names = [field.name for field in dataclasses.fields(self)]
        made = {
            name: plain(getattr(self, name))
            for name in names
            if name != "findings"
        }
        return made | {"findings": [f.to_dict() for f in self.findings]}

    def plot(self, axes: Any = None) -> Figure:
        """Draws value and gradient along a line of inputs, bad places marked.

        Args:
            axes: Two axes of matplotlib to draw on. Default: new ones.

        Returns:
            The figure. Raises a ValueError where nothing could be drawn.
        """
        from softkeras.plots import plot_report

        return plot_report(self, axes)

    def print(self, file: TextIO | None = None) -> None:
        """Prints the report, with colours if `file` is a terminal.

        A table of the findings comes first, then each with its details.
        Nothing is coloured where the environment has `NO_COLOR`.

        Args:
            file: What to write to. Default: the standard output.
        """
        file = sys.stdout if file is None else file
        terminal = bool(getattr(file, "isatty", bool)())
        colours = (
            terminal
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
        text = self.text(None if terminal else FILE_WIDTH, colours)
        encoding = getattr(file, "encoding", None)
        if encoding:
            text = text.encode(encoding, "replace").decode(encoding)
        print(text, file=file)

    def text(self, width: int | None = None, colours: bool = False) -> str:
        """The report as text.

        Args:
            width: Of a line, in characters, from 60 to 100. Default: the
                terminal's.
            colours: Whether to add the escape codes of a terminal.
        """
        return _text.report(self, width, colours)

    def verdict(self) -> str:
        """How many findings of each severity there are, in words."""
        if not self.findings:
            return f"nothing found that keeps this {self.kind} from training"
        counts = []
        for severity in SEVERITIES:
            number = len(self._of(severity))
            if number:
                plural = "s" if number > 1 else ""
                counts.append(f"{number} {severity}{plural}")
        return ", ".join(counts)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return _html.report(self)


def plain(x: Any) -> Any:
    """What JSON takes: lists, texts and numbers that are finite.

    JSON has no NaN and no infinity. They become the texts "NaN", "Infinity"
    and "-Infinity", which `float()` reads, and `Number()` and `as.numeric()`
    of other languages.
    """
    if isinstance(x, Mapping):
        return {str(name): plain(part) for name, part in x.items()}
    if isinstance(x, (np.ndarray, np.generic)):
        return plain(x.tolist())
    if isinstance(x, (list, tuple)):
        return [plain(part) for part in x]
    if isinstance(x, float) and not math.isfinite(x):
        if math.isnan(x):
            return "NaN"
        return "Infinity" if x > 0 else "-Infinity"
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    return str(x)
