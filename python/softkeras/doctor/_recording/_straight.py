"""Steps forward that have the gradient of something else backward."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._culprits import StraightThrough
from softkeras.doctor._recording._data import Operation, Recording, is_float


def carried_by(recording: Recording) -> dict[int, int]:
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


def straight_through(recording: Recording) -> list[StraightThrough]:
    """Values that are those of a step, with a gradient that is not.

    A custom gradient whose own forward function has none, and sums such as
    x + stop_gradient(round(x) - x).
    """
    found = []
    carried = carried_by(recording)
    for op in recording.operations:
        if op.inside is not None:
            continue
        if op.is_custom:
            step = _step_of_rule(recording, op)
        elif op.plain in ("add", "subtract"):
            step = _step_of_sum(recording, op, carried)
        else:
            continue
        if step is not None:
            found.append(StraightThrough(op, step))
    return found


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


def _step_of_sum(recording, op, carried) -> Operation | None:
    """The step whose value a sum has, though its gradient is another's."""
    value = recording.values.get(op.outputs[0])
    if value is None or not any(
        op.down[k] is not None and np.any(op.down[k]) for k, _ in op.ways()
    ):
        return None
    if carried.get(op.outputs[0]) != 1:
        return None
    for step in _steps_before(recording, op, carried):
        made = recording.values.get(step.outputs[0])
        if made is None or made.shape != value.shape or _blind(recording, step):
            continue
        if np.allclose(made.astype(value.dtype), value, rtol=1e-5, atol=1e-6):
            return step
    return None


def _steps_before(recording, op, carried):
    """The steps that a sum is made of, the nearest first."""
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
