"""Which operations of a recording cut, zero or spoil the gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._culprits import (
    BadGradient,
    Cut,
    NotFinite,
    Term,
    Zero,
)
from softkeras.doctor._recording._data import Operation, Recording, is_float
from softkeras.doctor._recording._straight import carried_by, straight_through

__all__ = [
    "cuts",
    "first_bad_gradient",
    "first_not_finite",
    "straight_through",
    "terms_without_gradient",
    "zeros",
]


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
    carried = carried_by(recording)
    found = [
        Term(
            value,
            made,
            "zero" if carried.get(value) == 0 else "none",
            tuple(_blockers(recording, value, carried)),
        )
        for value in terms
        if carried.get(value, -1) <= 0 and (made := recording.made_by(value))
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
    op = next(iter(_origins(recording, [output])), None)
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


# Cuts


def _may_cut(recording, op):
    """Whether a gradient comes to it, or none could because of its dtype."""
    above = recording.from_above(op)
    return any(g is not None for g in above) or (
        op.outputs == (recording.output,)
        or op.plain in _words.STEPS
        or not any(
            is_float(dtype)
            for value, dtype in zip(op.outputs, op.output_dtypes)
            if recording.taken_by(value) or value == recording.output
        )
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
        carried = carried_by(recording)
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
        is_quotient = op.plain in ("divide", "divide_no_nan")
        # JAX divides by what may be 0 with a `where` of the divisor.
        is_scaled = is_quotient or op.plain in ("multiply", "where")
        is_scaled = is_scaled and len(parts) == 1
        if op.plain == "where":
            is_scaled = is_scaled and not op.depends[0]
        if is_quotient:
            is_scaled = is_scaled and op.depends[0]
        is_float_ = all(map(is_float, op.input_dtypes[:1]))
        if op.inside is None and (
            is_sum or is_scaled or (op.plain in _words.LINEAR and is_float_)
        ):
            stack += parts
        else:
            found.append(value)
    return sorted(set(found))


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


def _origins(recording, inputs: Iterable[int]) -> list[Operation]:
    """The operations at which what is wrong with values began."""
    inputs = list(inputs)
    # In order, because one value may go many ways.
    began: dict[int, Operation] = {}
    for op in recording.operations:
        if any(not _is_finite(recording.values.get(v)) for v in op.outputs):
            began.update(
                dict.fromkeys(op.outputs, _began(recording, op, began))
            )
    return [began[v] for v in inputs if v in began]


def _began(recording, op, began) -> Operation:
    """Where it began of what `op` makes, by what is known of its inputs."""
    values = recording.values
    bad = [v for v in op.inputs if v in began]
    nan = [v for v in bad if _has_nan(values.get(v))]
    infinite = [
        v
        for v in bad
        if not _has_nan(values.get(v)) and not _is_finite(values.get(v))
    ]
    for found in (nan, infinite):
        if not found:
            continue
        first = min((began[v] for v in found), key=lambda op: op.index)
        put_in = any(
            not depends and not _is_finite(values.get(v))
            for depends, v in zip(first.depends, first.inputs)
        )
        makes_nan = any(_has_nan(values.get(v)) for v in first.outputs)
        if makes_nan or not put_in:
            return first
    return op


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
