"""One examination: a subject, its probes, what they gave, what was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from softkeras.doctor import _run
from softkeras.doctor._probes import Layout, Probe, ends
from softkeras.doctor._run import Outcome, Runner
from softkeras.doctor._subject import Subject
from softkeras.doctor.report import SEVERITIES, Finding


class Examination:
    """What the checks read, and where they write what they find.

    Args:
        subject: What is examined.
        probes: Names and arrays of the inputs.
        layout: What a loss is for; `None` for what is none.
        seed: Of everything random.
        given: Whether the first probe, "yours", is the user's data.
    """

    def __init__(
        self,
        subject: Subject,
        probes: Mapping[str, Probe],
        layout: Layout | None = None,
        seed: int = 0,
        given: bool = False,
    ):
        self.subject = subject
        self.probes = dict(probes)
        self.layout = layout
        self.seed = seed
        self.given = given
        self.findings: list[Finding] = []
        self.checks: list[dict[str, str]] = []
        self.mode = _run.modes()[0]
        self._runners: dict = {}
        self._outcomes: dict = {}
        self._facts: dict = {}
        self._variables = list(_variables(subject.target))
        self._state = [np.array(v) for v in self._variables]

    def arrays(self, probe: str | Probe) -> tuple[np.ndarray, ...]:
        """A probe's arrays in the order of the subject's functions."""
        probe = self.probes[probe] if isinstance(probe, str) else probe
        return tuple(
            probe[name] for name in self.subject.arguments if name in probe
        )

    def runner(self, mode: str, dtype: str = "float32") -> Runner:
        """What runs the subject's total in a mode and a dtype."""
        key = mode, dtype
        if key not in self._runners:
            self._runners[key] = Runner(self.subject.total(dtype), *key)
        return self._runners[key]

    def outcome(
        self,
        probe: str | Probe,
        mode: str | None = None,
        dtype: str = "float32",
    ) -> Outcome:
        """The total's value and its gradient for the first argument."""
        mode = mode or self.mode
        key = (probe, mode, dtype) if isinstance(probe, str) else None
        if key not in self._outcomes or key is None:
            self.restore()
            made = self.runner(mode, dtype)(self.arrays(probe))
            self.restore()
            if key is None:
                return made
            self._outcomes[key] = made
        return self._outcomes[key]

    def value(self, probe: str | Probe, dtype: str = "float32") -> Outcome:
        """The total without its gradient, or what it raises."""
        self.restore()
        made = self.runner(self.mode, dtype).value(self.arrays(probe))
        self.restore()
        return made

    def total(self, probe: str | Probe, dtype: str = "float32") -> float:
        """The total alone; NaN where it raises an error."""
        made = self.value(probe, dtype)
        return float("nan") if made.value is None else float(made.value)

    def values(
        self, probe: str | Probe, dtype: str = "float32"
    ) -> np.ndarray | None:
        """The result before it is averaged; None where it raises an error."""
        self.restore()
        key = "values", dtype
        if key not in self._runners:
            values = self.subject.values(dtype)
            self._runners[key] = Runner(values, self.mode, dtype)
        made = self._runners[key].value(self.arrays(probe)[:2])
        self.restore()
        return made.value

    def smallest(self, probe: Probe, shows: Callable[[Outcome], bool]) -> Probe:
        """As few rows of a probe as show it: one if one does."""

        def does(probe):
            made = self.outcome(probe)
            return made.error is None and shows(made)

        rows = len(self.arrays(probe)[0])
        for row in range(rows):
            one = {key: x[row : row + 1] for key, x in probe.items()}
            if does(one):
                return one
        while rows > 1:
            half = {key: x[: rows // 2] for key, x in probe.items()}
            if not does(half):
                break
            probe, rows = half, rows // 2
        return probe

    def usual(self) -> list[str]:
        """Names of the probes that are nothing special."""
        if self.given:
            return ["yours"]
        return [name for name in self.probes if name.startswith("random")]

    def spread(self) -> float:
        """How much the total changes from input to input."""
        totals = [
            float(made.value)
            for name in (*self.usual(), "perfect", "wrong", "ties", "grid")
            if name in self.probes
            and (made := self.outcome(name)).value is not None
            and np.isfinite(made.value)
        ]
        return max(totals) - min(totals) if totals else 0.0

    def add(self, kind: str, severity: str, where: str, cause: str, **more):
        """Writes down a finding; the first of its kind and place counts."""
        same = (kind, where)
        if same not in {(f.kind, f.where) for f in self.findings}:
            self.findings.append(Finding(kind, severity, where, cause, **more))

    def made_up(self) -> str:
        """What to add to a remedy where nobody gave labels and predictions."""
        if self.layout is None or self.given:
            return ""
        return (
            " It was tried with labels and predictions made for it; if it "
            "needs others, give yours: diagnose(loss, y_true, y_pred)."
        )

    def perfect(self, probe: str | Probe | None = None) -> np.ndarray | None:
        """Predictions that are all right for a probe's labels."""
        return self._end(probe, 0)

    def wrong(self, probe: str | Probe | None = None) -> np.ndarray | None:
        """Predictions that are all wrong for a probe's labels."""
        return self._end(probe, 1)

    def _end(self, probe, which):
        if self.layout is None:
            return None
        probe = self.usual()[0] if probe is None else probe
        probe = self.probes[probe] if isinstance(probe, str) else probe
        end = ends(self.layout, probe["y_true"])[which]
        shape = np.shape(probe["y_pred"])
        return end.reshape(shape) if end.size == np.prod(shape) else None

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """What `compute` gives, which is called the first time alone."""
        if name not in self._facts:
            self._facts[name] = compute()
        return self._facts[name]

    def found(self, *kinds: str) -> bool:
        """Whether one of these kinds has been found."""
        return any(f.kind in kinds for f in self.findings)

    def fine(self, text: str) -> None:
        """Writes down what was examined and is as it should be."""
        self.checks.append({"outcome": "fine", "text": text})

    def left_out(self, text: str) -> None:
        """Writes down what was not examined, and why."""
        self.checks.append({"outcome": "left out", "text": text})

    def take_over(
        self,
        other: Examination,
        prefix: str = "",
        kinds: Sequence[str] = (),
        severity: str | None = None,
    ) -> None:
        """Writes down what another examination found.

        Args:
            other: The other examination.
            prefix: What is put before each place.
            kinds: Those that are taken. Default: all, and what was examined.
            severity: In place of theirs.
        """
        self.findings += [
            dataclasses.replace(
                f, where=prefix + f.where, severity=severity or f.severity
            )
            for f in other.findings
            if not kinds or f.kind in kinds
        ]
        if not kinds:
            self.probes |= other.probes
            self.checks += other.checks

    def sorted_findings(self) -> tuple[Finding, ...]:
        """Errors first, then warnings, then infos."""
        order = {severity: i for i, severity in enumerate(SEVERITIES)}
        return tuple(sorted(self.findings, key=lambda f: order[f.severity]))

    def draws(self) -> bool:
        """Whether the subject holds a generator of random numbers."""
        return any("seed_generator" in v.path for v in self._variables)

    def restore(self) -> None:
        """Gives variables of the subject the values that they came with."""
        for variable, value in zip(self._variables, self._state):
            variable.assign(value)


def _variables(thing: Any, depth: int = 3) -> Iterator[Any]:
    """Variables that a loss or a layer holds, which its calls may change."""
    if isinstance(thing, keras.Variable):
        yield thing
    elif isinstance(thing, (keras.Layer, keras.metrics.Metric)):
        yield from thing.variables
    elif depth > 0:
        inside: Iterable = ()
        if isinstance(thing, (list, tuple)):
            inside = thing
        elif isinstance(thing, dict):
            inside = thing.values()
        elif isinstance(thing, keras.losses.Loss) or (
            type(thing).__module__.startswith("softkeras")
        ):
            inside = getattr(thing, "__dict__", {}).values()
        for each in inside:
            yield from _variables(each, depth - 1)
