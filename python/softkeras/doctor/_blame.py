"""Which operation is to blame for a finding, and what to write for it."""

from __future__ import annotations

import dataclasses
import re

from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe


@dataclasses.dataclass(frozen=True)
class Blame:
    """An operation, in words.

    Args:
        operation: Its name, with the user's line; empty where it isn't known.
        cause: What it does to the gradient or the value.
        remedy: What to write in its place.
        retried: What the same input gave with that in.
        cuts: Whether it hands down no gradient at all.
    """

    operation: str = ""
    cause: str = ""
    remedy: str = ""
    retried: str = ""
    cuts: bool = False
    straight_through: bool = False


def cut(exam: Examination, probe: Probe) -> Blame:
    """What keeps the gradient from the input."""
    return Blame()


def zero(exam: Examination, probe: Probe) -> Blame:
    """What makes a gradient zero."""
    return Blame()


def not_finite(exam: Examination, probe: Probe, of_value: bool) -> Blame:
    """What makes value or gradient NaN or infinite."""
    return Blame()


def wrong(exam: Examination, probe: Probe) -> Blame:
    """What has a gradient that is not its derivative."""
    return Blame()


def in_half(exam: Examination, probe: Probe) -> Blame:
    """What goes wrong in float16."""
    return Blame()


def failure(error: Exception) -> Blame:
    """What an error says, and where it arose."""
    return Blame(cause=first_line(error))


def first_line(error: Exception) -> str:
    """What an error says, without TensorFlow's names of nodes and devices."""
    text = re.sub(r"\{\{[^}]*\}\}|\[Op:.*", "", str(error)).strip()
    return text.split("\n")[0].strip()[:300]


def where(what: str, blame: Blame) -> str:
    """The argument, and the operation if it is known."""
    return f"{what}: {blame.operation}" if blame.operation else what
