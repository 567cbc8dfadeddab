"""Says in words at which of the special points something happens."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np


def sentence(found: Mapping[str, Sequence[str]]) -> str:
    """{"value": ["0"]} becomes "value at 0"."""
    return "; ".join(
        f"{kind} {_joined(where)}" for kind, where in found.items() if where
    )


def _joined(where):
    # "below 0" stands as it is, "zeros" needs an "at".
    return ", ".join(
        text
        if text.startswith(("below", "above", "beyond", "where", "from"))
        else f"at {text}"
        for text in where
    )


def describe(points, is_bad, does_not_matter=None) -> list[str]:
    """The bad ones of some points, in as few and as general words as can be.

    Args:
        points: The coordinates, by name; one vector each.
        is_bad: Which of them.
        does_not_matter: Which may be in what the words say, or not.

    Returns:
        Texts, the most general first.
    """
    allowed = is_bad | (
        np.zeros_like(is_bad) if does_not_matter is None else does_not_matter
    )
    left = is_bad.copy()
    regions = [
        (text, inside)
        for text, inside in _regions(points)
        if not np.any(inside & ~allowed)
    ]
    found = []
    while np.any(left):
        covered = [np.sum(inside & left) for _, inside in regions]
        # A region that holds one point alone is no region.
        if not covered or max(covered) == 0:
            break
        text, inside = regions[int(np.argmax(covered))]
        found.append(text)
        left &= ~inside
    return found + _single(points, left)


def _regions(points):
    names = list(points)
    alone = len(names) == 1
    for name, x in points.items():
        # Only 0 and 1 have a neighbour that tells "above" from "from ... up".
        ends = [c for c in np.unique(np.abs(x)) if c == 1 or abs(c - 1) > 1e-6]
        for c in ends:
            if c == 0:
                yield _text(name, "=", "0", alone), x == 0
                yield _text(name, "<", "0", alone), x < 0
                yield _text(name, ">", "0", alone), x > 0
                continue
            end = number(c)
            if c == 1:
                yield _text(name, "|>|", end, alone), np.abs(x) > c
                for signed, sign in ((end, 1), ("-" + end, -1)):
                    yield _text(name, ">", signed, alone), x > sign * c
                    yield _text(name, "<", signed, alone), x < sign * c
            yield _text(name, "|>=|", end, alone), np.abs(x) >= c
            yield _text(name, "=", end, alone), x == c
            yield _text(name, "=", "-" + end, alone), x == -c
            yield _text(name, ">=", end, alone), x >= c
            yield _text(name, "<=", "-" + end, alone), x <= -c
    for (a, x), (b, y) in itertools.combinations(points.items(), 2):
        yield f"where {a} = {b} = 0", (x == 0) & (y == 0)
        yield f"where {a} = {b}", x == y
        yield f"where {a} = -{b}", x == -y
        for (p, u), (q, v) in (((a, x), (b, y)), ((b, y), (a, x))):
            yield f"where {p} = 0, {q} < 0", (u == 0) & (v < 0)
            yield f"where {p} = 0, {q} <= 0", (u == 0) & (v <= 0)
            yield f"where {p} < 0, {q} not whole", (u < 0) & (v != np.round(v))


def _text(name, relation, end, alone) -> str:
    if not alone:
        signs = {"|>|": "|{}| > {}", "|>=|": "|{}| >= {}"}
        sign = signs.get(relation, "{} " + relation + " {}")
        return "where " + sign.format(name, end)
    return {
        "=": end,
        "<": f"below {end}",
        ">": f"above {end}",
        "<=": f"from {end} down",
        ">=": f"from {end} up",
        "|>|": f"beyond -{end} and {end}",
        "|>=|": f"from -{end} down and {end} up",
    }[relation]


def _single(points, left) -> list[str]:
    texts = [
        ", ".join(number(x[i]) for x in points.values())
        for i in np.flatnonzero(left)
    ]
    if len(points) > 1:
        texts = [f"({text})" for text in texts]
    if len(texts) > 3:
        texts = [*texts[:2], f"{len(texts) - 2} more pairs"]
    return texts


def number(x) -> str:
    """A number as it is read, -0.0 as "-0"."""
    x = float(x)
    text = f"{x:.6g}".replace("e+", "e")
    if abs(x) != 1 and text in ("1", "-1"):
        return f"just {'above' if x > float(text) else 'below'} {text}"
    return text
