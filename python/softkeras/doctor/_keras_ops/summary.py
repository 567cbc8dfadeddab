"""Makes one row of the verdicts on the cases of an op."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from softkeras.doctor._keras_ops.case import Case, binary, smooth, unary
from softkeras.doctor._keras_ops.judge import Verdict, judge


def of_cases(op, cases: Sequence[Case], mode: str) -> dict[str, str]:
    """The columns of a row that are measured."""
    verdicts = [judge(op, case, mode) for case in cases]
    words = [_word_of(verdict) for verdict in verdicts]
    gradient = words[0]
    if gradient != "wrong" and any(word != gradient for word in words):
        gradient = "part"
    notes, places = [], []
    for case, verdict, word in zip(cases, verdicts, words):
        remarks = _remarks(verdict, word, mode)
        where = verdict.not_finite_at
        if case.option:
            if word != words[0] and word not in ("fails", "part"):
                remarks = [word, *remarks]
            remarks = (
                [f"{case.option}: {', '.join(remarks)}"] if remarks else []
            )
            where = f"{case.option}: {where}" if where else ""
            # What is so without the option needs no saying.
            if where.endswith(f": {verdicts[0].not_finite_at}"):
                where = ""
        notes += remarks
        places += [where] if where else []
    return {
        "gradient": gradient,
        "not_finite_at": "; ".join(places),
        "with_respect_to": ", ".join(_inputs(cases, verdicts)),
        "note": "; ".join(notes),
    }


def _word_of(verdict: Verdict) -> str:
    """One word for a case: the inputs and results together."""
    if verdict.error is not None:
        return "none" if _is_missing(verdict.error) else "fails"
    rows = list(verdict.words.values())
    words = {word for row in rows for word in row}
    if "wrong" in words:
        return "wrong"
    # Not each input has to do with each result.
    if all("yes" in line for line in (*rows, *zip(*rows))):
        return "yes"
    if "yes" in words:
        return "part"
    return "zero" if "zero" in words else "none"


def _is_missing(error) -> bool:
    """Whether an error says that an op has no gradient."""
    return type(error).__name__ == "LookupError"


def _remarks(verdict, word, mode) -> list[str]:
    if verdict.error is not None:
        return [_said(verdict)]
    found = []
    rows = verdict.words
    if verdict.not_compiled is not None:
        kind = type(verdict.not_compiled).__name__
        found.append(f"eager alone: {mode} raises {kind}")
    if word == "part":
        for name, row in rows.items():
            if "yes" not in row:
                found.append(f"{name}: {_word_of_row(row)}")
        results = list(zip(*(row for row in rows.values() if "yes" in row)))
        for place, words in enumerate(results):
            if "yes" not in words and len(results) > 1:
                found.append(f"result {place}: {_word_of_row(words)}")
    if verdict.reason:
        found.append(verdict.reason)
    if verdict.changes:
        found.append("though the value changes")
    return found


def _word_of_row(row) -> str:
    return "zero" if "zero" in row else "none"


def _said(verdict) -> str:
    """What was raised, its first line alone."""
    lines = str(verdict.error).strip().splitlines() or [""]
    kind = type(verdict.error).__name__
    what = "the op raises" if verdict.in_value else "its gradient raises"
    text = lines[0] if len(lines[0]) <= 120 else lines[0][:117] + "..."
    return f"{what} {kind}: {text}"


def _inputs(cases, verdicts) -> list[str]:
    """Names of the inputs that have a gradient, or of all if none has."""
    tried, having = [], []
    for case, verdict in zip(cases, verdicts):
        for name in case.inputs:
            if name not in tried:
                tried.append(name)
            if "yes" in verdict.words.get(name, ()) and name not in having:
                having.append(name)
    return having or tried


def guess(op) -> tuple[Case, ...]:
    """Cases of an op that is not in the tables, as of a newer Keras.

    Of one or two tensors; the first inputs that it takes are kept.
    """
    try:
        parameters = inspect.signature(op).parameters.values()
    except (TypeError, ValueError):
        return ()
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)
    ]
    if needed == ["x"]:
        candidates = [unary(0.1, 0.9), Case({"x": smooth(3, 3)})]
    elif needed in (["x1", "x2"], ["x", "y"]):
        candidates = [binary(" ".join(needed), low=0.1)]
    else:
        return ()
    for case in candidates:
        if judge(op, case, "eager").error is None:
            return (case,)
    return ()
