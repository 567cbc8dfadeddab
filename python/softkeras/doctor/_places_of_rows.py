"""Operations in which the rows of a batch are lost, mixed or crossed."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination
from softkeras.doctor._probes import Probe
from softkeras.doctor._recording import Operation, Recording


def lost(exam: Examination, probe: Probe) -> str:
    """Where the axis of the rows goes, in words; empty if it isn't known."""
    recording = _blame.record_values(exam, probe)
    rows = len(exam.arrays(probe)[0])
    if recording is None:
        return ""
    for op in recording.operations:
        had = any(
            _leads(recording, value, rows)
            for value, depends in zip(op.inputs, op.depends)
            if depends
        )
        if had and not any(_leads(recording, v, rows) for v in op.outputs):
            return _blame.name(op)
    return ""


def mixed(exam: Examination, probe: Probe, other: Probe, row: int) -> str:
    """Where a row changes first though only other rows were changed."""
    before, after = (
        _blame.record_values(exam, each) for each in (probe, other)
    )
    if before is None or after is None:
        return ""
    for op, twin in zip(before.operations, after.operations):
        if op.name == twin.name and _differ(before, after, op, twin, row):
            return _blame.name(op)
    return ""


def crossed(exam: Examination, probe: Probe) -> Operation | None:
    """Where (n,) meets (n, 1) and makes (n, n), without being told to.

    One of both comes from the predictions, the other does not: pairs of
    labels, or of predictions, are made on purpose.
    """
    recording = _blame.record_values(exam, probe)
    rows = len(exam.arrays(probe)[0])
    if recording is None:
        return None
    for op in recording.operations:
        sides = {
            (np.shape(recording.values[v]), depends)
            for v, depends in zip(op.inputs, op.depends)
        }
        result = np.shape(recording.values[op.outputs[0]])
        if result == (rows, rows) and any(
            {((rows,), flat), ((rows, 1), not flat)} <= sides
            for flat in (True, False)
        ):
            return op
    return None


def _leads(recording: Recording, value: int, rows: int) -> bool:
    return np.shape(recording.values[value])[:1] == (rows,)


def _differ(before, after, op, twin, row):
    """Whether the row goes into an operation as it was, and comes out other."""

    def same(values):
        for a, b in values:
            a, b = before.values[a], after.values[b]
            if a.shape != b.shape:
                return False
            if a.ndim and len(a) > row:
                a, b = a[row], b[row]
            if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                return False
        return True

    return same(zip(op.inputs, twin.inputs)) and not same(
        zip(op.outputs, twin.outputs)
    )
