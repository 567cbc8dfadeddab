"""Which operation is to blame for a finding, and what to write for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import numpy as np

from softkeras.doctor import _recording, _run
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe
from softkeras.doctor._recording import NotRecorded, blame
from softkeras.doctor._remedies import remedy

# By what stands in errors of backends, what to write in place of what they
# refuse.
_ERRORS = {
    "as a Python `bool`": "Write keras.ops.where(condition, a, b), or "
    "keras.ops.cond: a graph has no values yet for an `if`.",
    "conversion of traced array": "Write keras.ops.where(condition, a, b), "
    "or keras.ops.cond: what is compiled has no values yet for an `if`.",
    "None values not supported": "Write keras.ops.shape(x)[0], or take the "
    "mean: in a graph the number of rows in x.shape is None.",
    "'NoneType'": "Write keras.ops.shape(x)[0], or take the mean: in a graph "
    "the number of rows in x.shape is None.",
    "no attribute 'numpy'": "Compute with keras.ops throughout: a graph has no "
    "values for NumPy.",
    "to a numpy array": "Compute with keras.ops throughout: a graph has no "
    "values for NumPy.",
    "__array__() method was called on traced": "Compute with keras.ops "
    "throughout: what is compiled has no values for NumPy.",
    "EagerPyFunc": "Compute with keras.ops in place of the Python function, or "
    "give compile() jit_compile=False.",
    "PyFunc": "Compute with keras.ops in place of the Python function, or give "
    "compile() jit_compile=False.",
    "initialize variables": "Make variables once, outside of the function.",
    "singleton tf.Variables": "Make variables once, outside of the function.",
}


_COMPARED = ("greater", "greater_equal", "less", "less_equal")
_FAST = ("exp", "exp2", "expm1", "cosh", "sinh", "power", "pow", "square")


@dataclasses.dataclass(frozen=True)
class Blame:
    """An operation, in words.

    Args:
        operation: Its name, with the user's line; empty where it isn't known.
        cause: What it does to the gradient or the value.
        remedy: What to write in its place.
        remedy_r: The same in R, where it has another name.
        retried: What the same input gave with that in.
        cuts: Whether it hands down no gradient at all.
        depends: Whether the value is computed from the input at all.
        held: Whether a part is held fixed on purpose, by stop_gradient.
        of_library: Whether it stands in a function of Keras's or of ours.
        overflows: Whether it is a function that grows as fast as exp.
        straight_through: Whether that is meant so.
    """

    operation: str = ""
    cause: str = ""
    remedy: str = ""
    remedy_r: str = ""
    retried: str = ""
    cuts: bool = False
    depends: bool = True
    straight_through: bool = False
    held: bool = False
    of_library: bool = False
    overflows: bool = False

    def more(self) -> dict[str, str]:
        """What a finding takes over as it is."""
        return {
            "remedy": self.remedy,
            "remedy_r": self.remedy_r,
            "retried": self.retried,
        }


def cut(exam: Examination, probe: Probe) -> Blame:
    """What keeps the gradient from the input, or makes all of it zero."""
    recording = _record(exam, probe)
    if isinstance(recording, Blame):
        return dataclasses.replace(recording, cuts=True)
    found = [c for c in blame.cuts(recording) if not c.bypassed]
    if found:
        return dataclasses.replace(
            _blame(exam, probe, [c.operation for c in found], "cut"), cuts=True
        )
    zeros = [z.operation for z in blame.zeros(recording) if z.share == 1]
    if zeros:
        return _blame(exam, probe, zeros, "zero")
    return Blame(depends=recording.depends)


def zero(exam: Examination, probe: Probe) -> Blame:
    """What makes a part of a gradient zero."""
    recording = _record(exam, probe)
    if isinstance(recording, Blame):
        return Blame()
    zeros = sorted(blame.zeros(recording), key=lambda z: -z.share)
    zeros = [z.operation for z in zeros if not z.is_factor][:1]
    return _blame(exam, probe, zeros, "zero") if zeros else Blame()


def terms(exam: Examination, probe: Probe) -> list[Blame]:
    """Parts of the value, as a sum, that have no gradient."""
    recording = _record(exam, probe)
    if isinstance(recording, Blame):
        return []
    return [
        _blame(exam, probe, list(term.cuts) or [term.operation], "cut")
        for term in blame.terms_without_gradient(recording)
        if _is_meant(recording, term)
    ]


def _is_meant(recording, term):
    """Whether a term without a gradient is one that a user could mend.

    Not what is held fixed on purpose, as the largest in a logsumexp, nor what
    is 0 there anyway, nor what our own ops are made of.
    """
    operations = [*term.cuts, term.operation]
    if any(op.plain == "stop_gradient" for op in operations):
        return False
    if any((op.called or "").startswith("softkeras.") for op in operations):
        return False
    return bool(np.any(recording.values[term.value]))


def not_finite(exam: Examination, probe: Probe, of_value: bool) -> Blame:
    """What makes value or gradient NaN or infinite."""
    return _not_finite(exam, probe, of_value, "float32")


def in_half(exam: Examination, probe: Probe) -> Blame:
    """What goes wrong in float16."""
    made = exam.outcome(probe, dtype="float16")
    of_value = made.value is not None and not np.all(np.isfinite(made.value))
    return _not_finite(exam, probe, of_value, "float16")


def _not_finite(exam, probe, of_value, dtype):
    recording = _record(exam, probe, dtype)
    if isinstance(recording, Blame):
        return Blame()
    if of_value:
        found = blame.first_not_finite(recording)
        above = None
    else:
        found = blame.first_bad_gradient(recording)
        above = found.unsafe_where if found else None
    if found is None:
        return Blame()
    kind = "value" if of_value else "gradient"
    made = _blame(exam, probe, [found.operation], kind, above)
    seen = _seen(found, of_value)
    return dataclasses.replace(
        made,
        cause=f"{seen} {made.cause}".strip(),
        overflows=found.operation.plain in _FAST,
        of_library=(found.operation.called or "").startswith(
            ("keras.losses.", "softkeras.")
        ),
    )


def _seen(found, of_value):
    """The operation on the numbers that it failed on."""
    numbers = []
    for x in found.inputs[:2]:
        x = np.asarray(x)
        if x.dtype.kind not in "fiu" or x.ndim > len(found.index):
            return ""
        at = np.broadcast_to(x, _shape(found)) if x.size > 1 else x
        at = at[found.index] if at.ndim == len(found.index) else x.ravel()[0]
        numbers.append(f"{float(np.ravel(at)[0]):.4g}")
    call = f"{found.operation.word}({', '.join(numbers)})"
    if of_value:
        return f"{call} is {found.value:.4g}."
    return f"The slope of {call} is infinite or NaN."


def _shape(found):
    return np.broadcast_shapes(*(np.shape(x) for x in found.inputs[:2]))


def wrong(exam: Examination, probe: Probe) -> Blame:
    """What has a gradient that is not its derivative."""
    recording = _record(exam, probe)
    if isinstance(recording, Blame):
        return Blame()
    through = blame.straight_through(recording)
    if through:
        return Blame(
            _name(through[0].operation),
            f"Its value is that of {through[0].step.word}, and its gradient "
            "that of another function (straight-through). It trains, and its "
            "gradient is not the derivative of the value.",
            straight_through=True,
        )
    fixed = [op for op in recording.operations if op.plain == "stop_gradient"]
    if fixed:
        return Blame(_name(fixed[0]), held=True)
    by_hand = [op for op in recording.operations if op.is_custom]
    if not by_hand:
        return Blame()
    return Blame(
        _name(by_hand[-1]), "Its gradient was written by hand, and is wrong."
    )


def failure(error: BaseException) -> Blame:
    """What an error says, and where it arose."""
    place = _recording.user_line(error)
    text = str(error)
    remedies = [way for mark, way in _ERRORS.items() if mark in text]
    return Blame(_line(place), first_line(error), " ".join(remedies[:1]))


def first_line(error: BaseException) -> str:
    """What an error says, without TensorFlow's names of nodes and devices."""
    text = re.sub(r"\{\{[^}]*\}\}|\[Op:.*", "", str(error)).strip()
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.split("\n")[0])
    first = sentences[0]
    if len(sentences) > 1 and len(first) < 60:
        first = f"{first} {sentences[1]}"
    return first.strip()[:300]


def where(what: str, found: Blame) -> str:
    """The argument, and the operation if it is known."""
    return f"{what}: {found.operation}" if found.operation else what


def _name(operation):
    name = operation.called or operation.plain
    line = _line(operation.where)
    return f"{name} in {line}" if line else name


def _line(place):
    return f"{place}: {place.source}" if place else ""


def _function(exam, probe, dtype="float32") -> tuple[Callable, np.ndarray]:
    """The total as a function of its first argument alone, and that."""
    total = exam.subject.total(dtype)
    x, *rest = (_run.cast(a, dtype) for a in exam.arrays(probe))
    rest = [_run.tensor(a) for a in rest]
    return lambda x: total(x, *rest), x


def _record(exam, probe, dtype="float32"):
    """A recording; where there can be none, what stands in its way."""
    function, x = _function(exam, probe, dtype)
    exam.restore()
    try:
        return _recording.record(function, x)
    except NotRecorded as error:
        return Blame(
            _line(error.where),
            "It leaves the backend, so no gradient can follow: "
            f"{first_line(error.error)}",
            "Compute with keras.ops throughout, not with NumPy, Python's "
            "numbers or variables made on the way.",
        )
    finally:
        exam.restore()


def _blame(exam, probe, operations, spoiled, above=None):
    first = operations[0]
    found = remedy(first, spoiled, above)
    names = list(dict.fromkeys(map(_name, operations)))
    python, r = _remedies(operations, spoiled, found)
    return Blame(
        "; ".join(names[:3]) + ("; …" if len(names) > 3 else ""),
        found.cause,
        python,
        r,
        _retried(exam, probe, operations, spoiled),
    )


def _remedies(operations, spoiled, found):
    """What to write for all of them, in Python and in R."""
    pairs = {operations[0].word: (found.remedy, found.r or "")}
    for operation in operations[1:]:
        other = remedy(operation, spoiled)
        if other.remedy not in [python for python, _ in pairs.values()]:
            pairs.setdefault(operation.word, (other.remedy, other.r or ""))
    compared = [op for op in operations if op.plain in _COMPARED]
    if spoiled == "cut" and len(compared) > 1:
        pairs["the whole, if it is a staircase"] = (
            "softkeras.ops.soft_staircase(x, thresholds, levels)",
            "op_soft_staircase(x, thresholds, levels)",
        )
    (_, first), *rest = pairs.items()
    return tuple(
        "; ".join(
            [first[i], *(f"for {word}: {both[i]}" for word, both in rest)]
        )
        for i in (0, 1)
    )


def _retried(exam, probe, operations, spoiled):
    """What the same input gives with the remedies in, in words."""
    function, x = _function(exam, probe)
    names = []
    for operation in operations:
        found = remedy(operation, spoiled)
        if found.replacement is None or operation.word in names:
            continue
        function = _recording.replaced(function, operation, found.replacement)
        names.append(operation.word)
    if not names:
        return ""
    exam.restore()
    made = _run.Runner(function)([x])
    exam.restore()
    if made.error is not None or made.gradient is None or not made.is_finite:
        return ""
    size = float(np.max(np.abs(made.gradient), initial=0.0))
    if spoiled in ("cut", "zero") and size == 0:
        return ""
    return (
        f"With a replacement for {' and '.join(names)} the same input gives "
        f"{float(np.ravel(made.value)[0]):.4g}, and a gradient of up to "
        f"{size:.4g}."
    )
