"""Which operations of a recording cut, zero or spoil the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import Operation, Recording, is_float


@dataclass(frozen=True, eq=False)
class Cut:
    """Operations of one call that leave the input without a gradient.

    Attributes:
        operation: The one that stands for the call.
        operations: All of them; a function of Keras may be made of some.
        bypassed: Whether the input has a gradient by another way, so that
            this may be a mask or a factor, and no fault.
    """

    operation: Operation
    operations: tuple[Operation, ...]
    bypassed: bool


@dataclass(frozen=True, eq=False)
class Zero:
    """An operation to which a gradient comes and that hands zeros down.

    Attributes:
        operation: The operation.
        share: Of the elements to which a gradient comes, how many get none.
        is_factor: Whether they are multiplied by a 0 that does not depend on
            the input, such as a label, or not chosen by a `where`.
    """

    operation: Operation
    share: float
    is_factor: bool


@dataclass(frozen=True, eq=False)
class Term:
    """A part of a sum that depends on the input without a gradient.

    Attributes:
        value: Its id.
        operation: The operation that made it.
        gradient: "none" if there is none, "zero" if it is zero.
        cuts: The operations in it that cut the gradient, or hand down zeros.
    """

    value: int
    operation: Operation
    gradient: str
    cuts: tuple[Operation, ...]


@dataclass(frozen=True, eq=False)
class NotFinite:
    """Where a value is NaN or infinite for the first time.

    Attributes:
        operation: The operation that made it of finite values.
        index: The place of the first such element in its output.
        value: That element.
        inputs: For each input, the element that it was made of, or all of it
            where it is not made of one.
    """

    operation: Operation
    index: tuple[int, ...]
    value: float
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class BadGradient:
    """Where a gradient is NaN or infinite for the first time.

    Attributes:
        operation: The operation that was handed a finite one.
        index: The place of the first such element in its input.
        place: Which of its inputs that is.
        value: What it hands down there.
        inputs: For each input, the element there, or all of it.
        from_above: The gradient that came there, or all of it.
        infinite_from: The operation that made the value by which it is
            spoiled, if that was NaN or infinite before.
        unsafe_where: The `where` that did not choose this branch, so that what
            comes is 0 and 0·inf is handed down, if there is one.
    """

    operation: Operation
    index: tuple[int, ...]
    place: int
    value: float
    inputs: tuple[np.ndarray, ...]
    from_above: np.ndarray
    infinite_from: Operation | None
    unsafe_where: Operation | None


@dataclass(frozen=True, eq=False)
class StraightThrough:
    """A step forward that has the gradient of another function backward.

    Attributes:
        operation: The sum or the custom gradient that makes it.
        step: The step that it is made of.
    """

    operation: Operation
    step: Operation


def cuts(recording: Recording) -> list[Cut]:
    """The calls that leave a float that depends on the input without gradient.

    Those next to the output come first. What stands before a cut has no
    gradient anyway, and is listed only if it is a step, which would have to be
    replaced too. `stop_gradient` of what is added to straight through is left
    out, and so are operations inside a custom gradient.
    """
    through = _straight_parts(recording)
    found = [
        op
        for op in reversed(recording.operations)
        if op.inside is None
        and op.index not in through
        and _may_cut(recording, op)
        and any(not op.hands[k] for k, _ in op.ways())
    ]
    bypassed = recording.gradient is not None
    return [
        Cut(_spokesman(group), tuple(group), bypassed)
        for group in _by_call(found)
    ]


def zeros(recording: Recording) -> list[Zero]:
    """The operations that hand zeros down of a gradient that is not zero.

    All of them where the share is 1. Where an operation works on each element,
    also those that do so for a part of them, as a clip does.
    """
    found = []
    for op in reversed(recording.operations):
        ways = [(k, v) for k, v in op.ways() if op.down[k] is not None]
        above = [g for g in recording.from_above(op) if g is not None]
        if op.inside is not None or not ways or len(ways) < len([*op.ways()]):
            continue
        if not any(np.any(g) for g in above):
            continue
        handed = [np.asarray(op.down[k]) for k, _ in ways]
        if not any(np.any(h) for h in handed):
            found.append(Zero(op, 1.0, _is_factor(op)))
        elif len(above) == 1 and all(h.shape == above[0].shape for h in handed):
            comes = above[0] != 0
            lost = comes & np.all([h == 0 for h in handed], axis=0)
            if lost.any():
                share = float(lost.sum() / comes.sum())
                found.append(Zero(op, share, _is_factor(op)))
    return found + _cancelled(recording, found)


def terms_without_gradient(recording: Recording) -> list[Term]:
    """The parts of the result, as a sum, that can't be trained on.

    Empty if no part has a gradient: then the result has none.
    """
    through = {op.operation.index for op in straight_through(recording)}
    terms = _terms(recording, through)
    carried = _carried(recording)
    found = [
        Term(
            value,
            recording.made_by(value),
            "zero" if carried.get(value) == 0 else "none",
            tuple(_blockers(recording, value, carried)),
        )
        for value in terms
        if carried.get(value, -1) <= 0
    ]
    return found if len(found) < len(terms) else []


def first_not_finite(recording: Recording) -> NotFinite | None:
    """Where the NaN or inf of the output comes from; None if it is finite.

    An infinity that a function puts in on purpose, as a mask of -inf, is not
    where a NaN comes from, but what was made of it.
    """
    output = recording.output
    if _is_finite(recording.values.get(output)):
        return None
    op = _origin(recording, output)
    if op is None:
        return None
    values = recording.values
    bad = next(v for v in op.outputs if not _is_finite(values.get(v)))
    index = _first(~np.isfinite(values[bad]))
    return NotFinite(
        op,
        index,
        values[bad][index].item(),
        _elements(recording, op, index, values[bad].shape),
    )


def first_bad_gradient(recording: Recording) -> BadGradient | None:
    """Where the NaN or inf of the input's gradient comes from, or None."""
    if _is_finite(recording.gradient):
        return None
    found = _bad_takers(recording)
    if not found:
        return None
    op, k = found[0]
    handed = np.asarray(op.down[k])
    index = _first(~np.isfinite(handed))
    above = [g for g in recording.from_above(op) if g is not None]
    value = op.inputs[k]
    if len(above) == 1:
        comes = _element(above[0], index, handed.shape)
    else:
        comes = np.concatenate([np.ravel(g) for g in above])
    return BadGradient(
        op,
        index,
        k,
        handed[index].item(),
        _elements(recording, op, index, recording.values[value].shape),
        comes,
        _infinite_input(recording, op),
        _unsafe_where(recording, op) if not np.any(comes) else None,
    )


def straight_through(recording: Recording) -> list[StraightThrough]:
    """Values that are those of a step, with a gradient that is not.

    A custom gradient whose own forward function has none, and sums such as
    x + stop_gradient(round(x) - x).
    """
    found = []
    for op in recording.operations:
        if op.inside is not None:
            continue
        if op.is_custom:
            step = _step_of_rule(recording, op)
        elif op.plain in ("add", "subtract"):
            step = _step_of_sum(recording, op)
        else:
            continue
        if step is not None:
            found.append(StraightThrough(op, step))
    return found


# Cuts


def _may_cut(recording, op):
    """Whether a gradient comes to it, or none could because of its dtype."""
    above = recording.from_above(op)
    return any(g is not None for g in above) or (
        op.outputs == (recording.output,)
        or op.plain in _words.STEPS
        or not any(is_float(dtype) for dtype in op.output_dtypes)
        or any(_comes(recording, v) for v in op.outputs)
    )


def _comes(recording, value):
    """Whether something is handed to a value that is no array."""
    return any(op.hands[k] for op, k in recording.taken_by(value))


def _by_call(operations):
    """Groups of operations that one call of Keras made on one line."""
    groups: dict = {}
    for op in operations:
        same = op.called and op.called.startswith("keras.ops.")
        key = (op.where, op.called) if same else op.index
        groups.setdefault(key, []).append(op)
    return list(groups.values())


def _spokesman(group):
    return next((op for op in group if op.plain == op.word), group[0])


def _straight_parts(recording):
    """Indices of the operations before a straight-through sum or inside."""
    found = set()
    for each in straight_through(recording):
        op = each.operation
        if op.is_custom:
            continue
        carried = _carried(recording)
        for value in op.inputs:
            found |= _cut_off(recording, value, carried)
    return found


def _cut_off(recording, value, carried):
    """Indices of the operations that cut in what a value is made of."""
    return {op.index for op in _blockers(recording, value, carried)}


def _blockers(recording, value, carried):
    """The operations before a value that cut its gradient or make it zero."""
    seen, found, stack = set(), [], [value]
    while stack:
        op = recording.made_by(stack.pop())
        if op is None or op.index in seen:
            continue
        seen.add(op.index)
        for k, v in op.ways():
            stops = not op.hands[k] or (
                op.down[k] is not None and not np.any(op.down[k])
            )
            if stops and carried.get(v, -1) != 0:
                found.append(op)
                break
        stack += [
            v
            for k, v in enumerate(op.inputs)
            if op.depends[k]
            and (op.hands[k] or not is_float(op.input_dtypes[k]))
        ]
    return sorted(found, key=lambda op: -op.index)


def _cancelled(recording, found) -> list[Zero]:
    """The calls of Keras whose parts hand down what adds up to zero."""
    known = {each.operation.index for each in found if each.share == 1}
    cancelled = []
    outer = [op for op in recording.operations if op.inside is None]
    for group in _by_call(outer[::-1]):
        own = {op.index for op in group}
        made = {v for op in group for v in op.outputs}
        comes = any(
            np.any(op.down[k])
            for v in made
            for op, k in recording.taken_by(v)
            if op.index not in own and op.down[k] is not None
        )
        handed: dict = {}
        for op in group:
            for k, v in op.ways():
                if v not in made and op.down[k] is not None:
                    handed[v] = handed.get(v, 0) + op.down[k]
        if not comes or not handed or own & known or len(group) == 1:
            continue
        if not any(np.any(total) for total in handed.values()):
            cancelled.append(Zero(_spokesman(group), 1.0, False))
    return cancelled


def _is_factor(op) -> bool:
    return op.plain == "where" or (
        op.plain == "multiply" and not all(op.depends)
    )


# Terms


def _terms(recording: Recording, whole: set[int]) -> list[int]:
    """The values that add up to the output and depend on the input."""
    found, stack = [], [recording.output]
    while stack:
        value = stack.pop()
        op = recording.made_by(value)
        if op is None:
            continue
        parts = [v for k, v in enumerate(op.inputs) if op.depends[k]]
        is_sum = op.plain in ("add", "subtract") and op.index not in whole
        is_scaled = op.plain in ("multiply", "divide") and len(parts) == 1
        if op.plain == "divide":
            is_scaled = is_scaled and op.depends[0]
        is_float_ = all(map(is_float, op.input_dtypes[:1]))
        if op.inside is None and (
            is_sum or is_scaled or (op.plain in _words.LINEAR and is_float_)
        ):
            stack += parts
        else:
            found.append(value)
    return sorted(set(found))


def _carried(recording: Recording) -> dict[int, int]:
    """By value, whether its gradient gets to the input: 1, or as zeros, 0.

    Values that are not in it have none that does.
    """
    carried = {recording.input: 1}
    for op in recording.operations:
        best = -1
        for k, v in enumerate(op.inputs):
            if v in carried and op.hands[k]:
                handed = op.down[k]
                is_zero = handed is not None and not np.any(handed)
                best = max(best, 0 if is_zero else carried[v])
        if best >= 0:
            carried.update(dict.fromkeys(op.outputs, best))
    return carried


# Values that are not finite


def _is_finite(value):
    if value is None or value.dtype.kind not in "fcV":
        return True
    return bool(np.all(np.isfinite(value)))


def _has_nan(value):
    return (
        value is not None
        and value.dtype.kind in "fcV"
        and (bool(np.any(np.isnan(value))))
    )


def _origin(recording, value) -> Operation | None:
    """The operation at which what is wrong with a value began."""
    op = recording.made_by(value)
    if op is None:
        return None
    values = recording.values
    inputs = [(k, v, values.get(v)) for k, v in enumerate(op.inputs)]
    nan = [v for k, v, a in inputs if op.depends[k] and _has_nan(a)]
    infinite = [
        v
        for k, v, a in inputs
        if op.depends[k] and not _is_finite(a) and not _has_nan(a)
    ]
    for found in (_origins(recording, nan), _origins(recording, infinite)):
        if not found:
            continue
        first = min(found, key=lambda op: op.index)
        put_in = any(
            not d and not _is_finite(values.get(v))
            for d, v in zip(first.depends, first.inputs)
        )
        makes_nan = any(_has_nan(values.get(v)) for v in first.outputs)
        if makes_nan or not put_in:
            return first
    return op


def _origins(recording, inputs: Iterable[int]) -> list[Operation]:
    found = (_origin(recording, v) for v in inputs)
    return [op for op in found if op is not None]


# Gradients that are not finite


def _bad_takers(recording) -> list[tuple[Operation, int]]:
    """Where a finite gradient came and another was handed down, to the input.

    Those that come last in the computation, which the way back meets first,
    come first.
    """
    found, seen, stack = [], set(), [recording.input]
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        for op, k in recording.taken_by(value):
            if op.down[k] is None or _is_finite(np.asarray(op.down[k])):
                continue
            worse = [
                v
                for v in op.outputs
                if not _is_finite(recording.gradients.get(v))
            ]
            if worse:
                stack += worse
            else:
                found.append((op, k))
    return sorted(found, key=lambda each: -each[0].index)


def _infinite_input(recording, op) -> Operation | None:
    bad = (v for v in op.inputs if not _is_finite(recording.values.get(v)))
    return next(iter(_origins(recording, bad)), None)


def _unsafe_where(recording, op) -> Operation | None:
    """The nearest `where` above that hands zeros to where `op` stands."""
    seen, stack = set(), list(op.outputs)
    while stack:
        value = stack.pop(0)
        for taker, k in recording.taken_by(value):
            if taker.index in seen or taker.down[k] is None:
                continue
            seen.add(taker.index)
            above = recording.from_above(taker)
            comes = any(g is not None and np.any(g) for g in above)
            if taker.plain == "where" and comes:
                return taker
            stack += taker.outputs
    return None


# Straight through


def _step_of_rule(recording, op) -> Operation | None:
    """The step that a custom gradient gives a gradient to, if it does."""
    ways = [k for k, _ in op.ways() if op.down[k] is not None]
    if not any(np.any(op.down[k]) for k in ways) or any(
        op.inside_gradient[k] is not None and np.any(op.inside_gradient[k])
        for k in ways
    ):
        return None
    # Autodiff may be lost inside for other reasons: what makes it a step is
    # that all ways lead through one.
    found, seen, stack = [], set(), list(op.results)
    while stack:
        value = stack.pop()
        each = recording.made_by(value)
        if each is None or each.inside != op.index:
            if value in recording.gradients:
                return None
        elif each.plain in _words.STEPS:
            found.append(each)
        elif each.index not in seen:
            seen.add(each.index)
            stack += each.inputs
    return found[0] if found else None


def _step_of_sum(recording, op) -> Operation | None:
    """The step whose value a sum has, though its gradient is another's."""
    value = recording.values.get(op.outputs[0])
    if value is None or not any(
        op.down[k] is not None and np.any(op.down[k]) for k, _ in op.ways()
    ):
        return None
    carried = _carried(recording)
    if carried.get(op.outputs[0]) != 1:
        return None
    for step in _steps_before(recording, op):
        made = recording.values.get(step.outputs[0])
        if made is None or made.shape != value.shape or _blind(recording, step):
            continue
        if np.allclose(made.astype(value.dtype), value, rtol=1e-5, atol=1e-6):
            return step
    return None


def _steps_before(recording, op):
    """The steps that a sum is made of, the nearest first."""
    carried = _carried(recording)
    seen, stack = set(), list(op.inputs)
    while stack:
        each = recording.made_by(stack.pop())
        if each is None or each.index in seen:
            continue
        seen.add(each.index)
        is_step = each.plain in _words.STEPS or (
            each.plain == "cast" and not is_float(each.output_dtypes[0])
        )
        if is_step and carried.get(each.outputs[0], -1) <= 0:
            yield each
        stack += each.inputs


def _blind(recording, step) -> bool:
    """Whether a step changes nothing here, so that anything equals it."""
    made = recording.values[step.outputs[0]]
    return any(
        taken is not None
        and taken.shape == made.shape
        and np.array_equal(taken, made.astype(taken.dtype))
        for taken in map(recording.values.get, step.inputs)
    )


# Elements


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _element(array, index, shape):
    """The element of `array` that goes with one of an array of `shape`."""
    array = np.asarray(array)
    if array.shape == shape:
        return array[index]
    try:
        return np.broadcast_to(array, shape)[index]
    except ValueError:
        return array


def _elements(recording, op, index, shape):
    values = (recording.values.get(v) for v in op.inputs)
    return tuple(_element(v, index, shape) for v in values if v is not None)
