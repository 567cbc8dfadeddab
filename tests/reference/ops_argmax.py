"""Golden vectors of the soft arg-max: the formulas in mpmath, plain loops.

Nothing of softkeras, Keras or TensorFlow is imported here. Numbers have 50
digits, and gradients are numerical derivatives of the formula.
"""

from __future__ import annotations

import itertools
import random

import mpmath as mp

mp.mp.dps = 50


def shares(x, sharpness, mask):
    """Softmax of a flat list, without what is masked; or all zeros."""
    if not any(mask):
        return [mp.mpf(0)] * len(x)
    top = max(v for v, may in zip(x, mask) if may)
    e = [
        mp.exp(mp.mpf(sharpness) * (v - top)) if may else mp.mpf(0)
        for v, may in zip(x, mask)
    ]
    return [v / mp.fsum(e) for v in e]


def first(x, mask):
    """The one-hot of the first maximum that may be chosen; or all zeros."""
    chosen = [i for i, may in enumerate(mask) if may]
    best = max(chosen, key=lambda i: x[i], default=None)
    return [mp.mpf(i == best) for i in range(len(x))]


def shape_of(x):
    shape = []
    while isinstance(x, list):
        shape.append(len(x))
        x = x[0]
    return shape


def pick(x, place):
    for i in place:
        x = x[i]
    return x


def nested(values, shape):
    """Lists in lists from a dictionary by place."""
    if not shape:
        return float(values[()])
    return [
        nested({p[1:]: v for p, v in values.items() if p[0] == i}, shape[1:])
        for i in range(shape[0])
    ]


def case(op, x, axis=-1, sharpness=1.0, mask=None, **kind):
    shape = shape_of(x)
    axes = [
        a % len(shape) for a in (axis if isinstance(axis, list) else [axis])
    ]
    kept = [a for a in range(len(shape)) if a not in axes]
    value, gradient = {}, {}
    for fixed in itertools.product(*(range(shape[a]) for a in kept)):
        entries = list(itertools.product(*(range(shape[a]) for a in axes)))
        places = []
        for entry in entries:
            place = dict(zip(kept, fixed)) | dict(zip(axes, entry))
            places.append(tuple(place[a] for a in range(len(shape))))
        row = [mp.mpf(pick(x, place)) for place in places]
        may = [mask is None or pick(mask, place) for place in places]
        exact = kind.get("hard") or kind.get("straight_through")

        def soft(row, may=may):
            return shares(row, sharpness, may)

        p = first(row, may) if exact else soft(row)
        if op == "soft_one_hot":
            value.update(zip(places, p))
        else:
            for k in range(len(axes)):
                y = mp.fsum(e[k] * v for e, v in zip(entries, p))
                value[(*fixed, k) if isinstance(axis, list) else fixed] = y
        for j, place in enumerate(places):

            def total(v, j=j, row=row, soft=soft, entries=entries):
                p = soft([*row[:j], v, *row[j + 1 :]])
                if op == "soft_one_hot":
                    return mp.fsum(p)
                return mp.fsum(sum(e) * v for e, v in zip(entries, p))

            # Of a masked or hard entry nothing depends; and at a tie the
            # formula of the maximum has a kink that its quotient has not.
            still = kind.get("hard") or not may[j]
            step = mp.mpf("1e-20") / max(1, mp.mpf(sharpness))
            gradient[place] = (
                mp.mpf(0) if still else mp.diff(total, row[j], h=step)
            )
    out = [shape[a] for a in kept]
    if op == "soft_one_hot":
        out = shape
    elif isinstance(axis, list):
        out = [*out, len(axes)]
    arguments = {"x": x, "axis": axis, "sharpness": sharpness, **kind}
    if mask is not None:
        arguments["mask"] = mask
    return {
        "op": op,
        "args": arguments,
        "value": nested(value, out),
        "gradient": nested(gradient, shape),
    }


def numbers(shape, draw):
    if not shape:
        return draw()
    return [numbers(shape[1:], draw) for _ in range(shape[0])]


def cases():
    """One dictionary a case; x are multiples of 1/64, exact in float32."""
    source = random.Random(20261121)

    def draw():
        return source.randint(-256, 256) / 64

    rows, cube = numbers([3, 5], draw), numbers([2, 3, 4], draw)
    mask = numbers([3, 5], lambda: source.random() < 0.6)
    mask[1] = [False] * 5
    ties = [[2.0, -1.0, 2.0, 0.5, 2.0], [1.0] * 5]
    large = [[88.5, 87.5, 86.5], [-1e4, -1e4, -1e4 - 1], [3e30, 3e30, -3e30]]
    for op in ("soft_argmax", "soft_one_hot"):
        yield case(op, rows)
        yield case(op, rows, sharpness=0.25)
        yield case(op, rows, sharpness=7.0, axis=0)
        yield case(op, rows, sharpness=1e10)
        yield case(op, ties, sharpness=2.0)
        yield case(op, large)
        yield case(op, rows, mask=mask)
        yield case(op, rows, straight_through=True)
        yield case(op, ties, hard=True)
        yield case(op, rows, mask=mask, hard=True)
        yield case(op, cube, axis=1, sharpness=3.0)
        yield case(op, cube, axis=[1, 2], sharpness=0.5)
        yield case(op, cube, axis=[2, 0], sharpness=0.5)
        yield case(op, cube, axis=[0, 1, 2], straight_through=True)
        yield case(op, [[0.5]], sharpness=3.0)
