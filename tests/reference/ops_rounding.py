"""Golden cases of soft_step to soft_ceil and soft_staircase, by mpmath.

Nothing of softkeras or Keras is imported. Each function is written as its
definition says, one number at a time, and differentiated numerically.
"""

from __future__ import annotations

import itertools

import mpmath as mp
import reference

SHAPES = (
    "sigmoid",
    "softsign",
    "ramp",
    "raised_cosine",
    "arctan",
    "normal",
    "triangular",
    "smoothstep",
    "smootherstep",
)
HALF = mp.mpf(1) / 2
# Away from integers, halves and the bends of the shapes that have some.
XS = [-2.8125, -1.59375, -0.53125, 0.0703125, 0.34375, 1.46875, 7.90625]


def soft_step(x, threshold, step, sharpness):
    return reference.shape(step, sharpness * (x - threshold))


def soft_sign(x, step, sharpness):
    return 2 * reference.shape(step, sharpness * x) - 1


def soft_round(x, step, sharpness):
    whole = mp.floor(x)
    return whole + reference.anchored(step, x - whole, HALF, mp.mpf(sharpness))


def soft_floor(x, step, sharpness):
    return soft_round(x - HALF, step, sharpness)


def soft_ceil(x, step, sharpness):
    return soft_round(x + HALF, step, sharpness)


def soft_staircase(
    x, thresholds, levels, step, sharpness, edges=None, anchored=True
):
    t, levels = list(map(mp.mpf, thresholds)), list(map(mp.mpf, levels))
    s, n = mp.mpf(sharpness), len(t)
    if edges is None:
        gaps = [(b - a) / 2 for a, b in itertools.pairwise(t)] or [HALF]
        below, above = [gaps[0], *gaps], [*gaps, gaps[-1]]
        inner = [a + w for a, w in zip(t, above)][: n - 1]
        low, high = -mp.inf, mp.inf
    else:
        edges = list(map(mp.mpf, edges))
        below = [a - e for a, e in zip(t, edges)]
        above = [e - a for a, e in zip(t, edges[1:])]
        low, high = edges[0], edges[-1]
        inner = edges[1:-1]
    if x <= low:
        return levels[0] if below[0] > 0 else (levels[0] + levels[1]) / 2
    if x > high:
        return levels[-1] if above[n - 1] > 0 else (levels[-2] + levels[-1]) / 2
    i = sum(x > e for e in inner)
    v = (x - t[i]) / (below[i] if x < t[i] else above[i])
    tail = edges is None and (
        (i == 0 and x < t[0]) or (i == n - 1 and x > t[-1])
    )
    if tail or not anchored:
        share = reference.shape(step, s * v / 2)
    else:
        share = reference.anchored(step, (1 + v) / 2, HALF, s)
    return levels[i] + (levels[i + 1] - levels[i]) * share


def case(name, function, x, **args):
    """One case: what goes in, the values and their derivatives."""

    def of(number):
        return function(number, **args)

    # What Python and R pass to say that a step is not anchored.
    shown = dict(args)
    if shown.pop("anchored", True) is False:
        shown["step"] = {
            "shape": args["step"],
            "sharpness": shown.pop("sharpness"),
            "scale": "probability",
            "anchored": False,
        }
    return {
        "op": name,
        "args": {"x": x, **shown},
        "value": [float(of(mp.mpf(each))) for each in x],
        "gradient": [
            float(mp.diff(of, mp.mpf(each), h=mp.mpf("1e-20"))) for each in x
        ],
    }


def cases():
    for i, step in enumerate(SHAPES):
        sharpness = [1.5, 3.0, 8.0][i % 3]
        yield case(
            "soft_step",
            soft_step,
            XS,
            threshold=0.25,
            step=step,
            sharpness=0.5 * sharpness,
        )
        yield case("soft_round", soft_round, XS, step=step, sharpness=sharpness)
        name, function = [
            ("soft_sign", soft_sign),
            ("soft_floor", soft_floor),
            ("soft_ceil", soft_ceil),
        ][i % 3]
        yield case(name, function, XS, step=step, sharpness=sharpness)
        yield case(
            "soft_staircase",
            soft_staircase,
            [-4.0, -1.25, -0.9375, 0.125, 0.421875, 0.71875, 2.875, 9.0],
            thresholds=[-1.0, 0.5, 0.75, 3.0],
            levels=[0.0, 1.0, 5.0, -2.0, 3.5],
            step=step,
            sharpness=sharpness,
        )
    quarters = [-0.5, 0.0625, 0.1875, 0.28125, 0.6875, 0.78125, 0.96875, 1.5]
    for anchored in (True, False):
        # The quadruple piece-wise constant neuron, and it without its jumps.
        yield case(
            "soft_staircase",
            soft_staircase,
            quarters,
            thresholds=[0.125, 0.375, 0.625, 1.0],
            levels=[0.0, 0.25, 0.5, 0.75, 1.25],
            step="sigmoid",
            sharpness=25.0 if not anchored else 4.0,
            edges=[0.0, 0.25, 0.5, 0.75, 1.0],
            anchored=anchored,
        )
    yield case(
        "soft_staircase",
        soft_staircase,
        [-1.0, 0.25, 0.5625, 2.0],
        thresholds=[0.5],
        levels=[-1.0, 1.0],
        step="arctan",
        sharpness=3.0,
    )
