"""Which operation is to blame for a finding, and what to write for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import keras
import numpy as np

from softkeras.doctor import _errors, _recording, _run
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe
from softkeras.doctor._recording import (
    NotRecorded,
    Operation,
    Recording,
    blame,
)
from softkeras.doctor._remedies import remedy

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
        word: The operation's name alone.
        cuts: Whether it hands down no gradient at all.
        depends: Whether the value is computed from the input at all.
        held: Whether a part is held fixed on purpose, by stop_gradient.
        of_nothing: Whether there is an array without entries in it.
        of_library: Whether it stands in a function of Keras's or of ours.
        overflows: Whether it is a function that grows as fast as exp.
        straight_through: Whether that is meant so.
    """

    operation: str = ""
    cause: str = ""
    remedy: str = ""
    remedy_r: str = ""
    retried: str = ""
    word: str = ""
    cuts: bool = False
    depends: bool = True
    straight_through: bool = False
    held: bool = False
    of_nothing: bool = False
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
    found = sorted(blame.zeros(recording), key=lambda z: -z.share)
    zeros = [z.operation for z in found if not z.is_factor][:1]
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
    from_above = recording.gradients.get(term.value)
    # Multiplied by 0 on its way to the result.
    if from_above is not None and not np.any(from_above):
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


def largest_sum(exam: Examination, probe: Probe) -> tuple[str, float] | None:
    """The user's sum over all rows with the largest result, and that."""
    recording = record_values(exam, probe)
    if recording is None:
        return None
    found = [
        (name(op), float(np.max(np.abs(recording.values[op.outputs[0]]))))
        for op in recording.operations
        if op.plain == "sum"
        and op.where
        and np.size(recording.values[op.outputs[0]]) == 1
    ]
    return max(found, key=lambda pair: pair[1], default=None)


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
    if of_value and (other := _of_labels(exam, probe, found, recording)):
        return other
    if found is None:
        return Blame()
    if not all(x.size for x in recording.values.values()):
        return Blame(of_nothing=True)
    kind = "value" if of_value else "gradient"
    made = _blame(exam, probe, [found.operation], kind, above)
    if {"divide", "exp"} <= {op.plain for op in recording.operations}:
        made = dataclasses.replace(
            made,
            remedy=f"{made.remedy}. For 1/(1 - exp(-x)) - 1/x there is "
            "softkeras.ops.exp_ratio(x)",
            remedy_r=made.remedy_r and f"{made.remedy_r}; op_exp_ratio(x)",
        )
    seen = _seen(found, of_value)
    return dataclasses.replace(
        made,
        cause=f"{seen} {made.cause}".strip(),
        overflows=found.operation.plain in _FAST,
        of_library=(found.operation.called or "").startswith(
            ("keras.losses.", "softkeras.")
        ),
    )


def _of_labels(exam, probe, found, recording):
    """What makes labels infinite or NaN before they meet the predictions."""
    labels = probe.get("y_true")
    if labels is None or labels.dtype.kind != "f":
        return None
    if (
        found is not None
        and all(
            np.all(np.isfinite(recording.values[v]))
            for v, depends in zip(
                found.operation.inputs, found.operation.depends
            )
            if not depends and recording.values[v].dtype.kind == "f"
        )
        and found.operation.plain not in ("sum", "mean")
    ):
        return None
    total = exam.subject.total()
    y_pred = _run.tensor(probe["y_pred"])
    try:
        of_labels = _recording.record(lambda y: total(y_pred, y), labels)
    except NotRecorded:
        return None
    first = blame.first_not_finite(of_labels)
    if first is None or first.operation.plain in ("sum", "mean", "multiply"):
        return None
    found = remedy(first.operation, "value")
    return Blame(
        f"{name(first.operation)}, of y_true",
        f"{_seen(first, True)} {found.cause}".strip(),
        found.remedy,
        found.r or "",
        word=first.operation.word,
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
            name(through[0].operation),
            f"Its value is that of {through[0].step.word}, and its gradient "
            "that of another function (straight-through). It trains, and its "
            "gradient is not the derivative of the value.",
            straight_through=True,
        )
    fixed = [op for op in recording.operations if op.plain == "stop_gradient"]
    if fixed:
        return Blame(name(fixed[0]), held=True)
    by_hand = [op for op in recording.operations if op.is_custom]
    if not by_hand:
        return Blame()
    return Blame(
        name(by_hand[-1]), "Its gradient was written by hand, and is wrong."
    )


def variable(
    exam: Examination, function: Callable, of: keras.Variable
) -> Blame:
    """What keeps the gradient of a layer's or model's result from a variable.

    Args:
        exam: Of the layer or model.
        function: Without arguments; its result is what is trained on.
        of: The variable.
    """

    def result(value):
        with keras.StatelessScope(state_mapping=[(of, value)]):
            return function()

    exam.restore()
    try:
        recording = _recording.record(result, np.asarray(_run.array(of)))
    except NotRecorded:
        return Blame()
    finally:
        exam.restore()
    found = [c.operation for c in blame.cuts(recording) if not c.bypassed]
    spoiled = "cut"
    if not found:
        zeros = [z for z in blame.zeros(recording) if z.share == 1]
        found, spoiled = [z.operation for z in zeros], "zero"
    if not found:
        return Blame()
    made = remedy(found[0], spoiled)
    return Blame(name(found[0]), made.cause, made.remedy, made.r or "")


def failure(error: BaseException) -> Blame:
    """What an error says, and where it arose."""
    place = _recording.user_line(error)
    return Blame(_line(place), first_line(error), *_errors.remedies(error))


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


def name(operation: Operation) -> str:
    """An operation as the user wrote it, with the line."""
    word = operation.called or operation.plain
    line = _line(operation.where)
    return f"{word} in {line}" if line else word


def _line(place):
    return f"{place}: {place.source}" if place else ""


def record_values(exam: Examination, probe: Probe) -> Recording | None:
    """A recording of the result before it is averaged, if there can be one."""
    function, x = _function(exam, probe, of=exam.subject.values())
    exam.restore()
    try:
        return _recording.record(function, x)
    except NotRecorded:
        return None
    finally:
        exam.restore()


def _function(
    exam, probe, dtype="float32", of=None
) -> tuple[Callable, np.ndarray]:
    """The total, or another function, of its first argument alone, and that."""
    total = of or exam.subject.total(dtype)
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
        # Keras may not be able to average what NumPy gave, in a graph.
        values = record_values(exam, probe)
        if values is not None:
            return values
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
    names = list(dict.fromkeys(map(name, operations)))
    python, r = _remedies(operations, spoiled, found)
    return Blame(
        "; ".join(names[:3]) + ("; …" if len(names) > 3 else ""),
        found.cause,
        python,
        r,
        _retried(exam, probe, operations, spoiled),
        first.word,
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
    if not pairs[operations[0].word][1]:
        # Then the same in both languages.
        first_word = operations[0].word
        pairs[first_word] = (found.remedy,) * 2
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
    # As where all of it is saturated: nothing to be proud of.
    if spoiled in ("cut", "zero") and size < 1e-6:
        return ""
    return (
        f"With a replacement for {' and '.join(names)} the same input gives "
        f"{float(np.ravel(made.value)[0]):.4g}, and a gradient of up to "
        f"{size:.4g}."
    )
