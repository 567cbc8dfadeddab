"""Hard thresholding once more, independently: mpmath, no derivative by hand.

The gradient with a surrogate is the numerical derivative of x·S(|x| - λ) at 50
digits; without one it is written down as the question has it.
"""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 50

X = [-9.0, -2.5, -2.0, -1.99, -0.75, 0.0, 0.3, 1.01, 1.99, 2.0, 2.01, 3.5, 40.0]
# The question's own.
ASKED = [
    [1, 2, 3, 4, 5, 10, -10, 14, -20],
    [-100, -2, -3, -4, -5, -10, 10, -14, -20],
]


def soft_step(shape, v):
    """The distribution function with slope 1 at 0."""
    if shape == "sigmoid":
        return 1 / (1 + mp.exp(-4 * v))
    if shape == "softsign":
        return mp.mpf(1) / 2 + v / (1 + 2 * abs(v))
    if shape == "ramp":
        return min(mp.mpf(1), max(mp.mpf(0), mp.mpf(1) / 2 + v))
    raise ValueError(shape)


def smooth(x, threshold, surrogate):
    """x·S(|x| - λ)."""
    u = mp.mpf(x) - mp.mpf(threshold) if x >= 0 else -x - mp.mpf(threshold)
    return x * soft_step(surrogate["shape"], surrogate["sharpness"] * u)


def hard(x, threshold):
    return x if abs(x) > threshold else 0.0


def slope(x, threshold, surrogate):
    """The gradient in x."""
    if surrogate is None:
        return 1.0 if abs(x) > threshold else 0.0
    return float(
        mp.diff(
            lambda v: smooth(v, threshold, surrogate),
            mp.mpf(x),
            h=mp.mpf("1e-20"),
        )
    )


def slope_in_threshold(x, threshold, surrogate):
    """The gradient in λ."""
    return float(
        mp.diff(
            lambda t: smooth(mp.mpf(x), t, surrogate),
            mp.mpf(threshold),
            h=mp.mpf("1e-20"),
        )
    )


def _map(function, x, threshold):
    """Of nested lists; a list of thresholds belongs to the last axis."""
    if x and isinstance(x[0], list):
        return [_map(function, row, threshold) for row in x]
    many = threshold if isinstance(threshold, list) else [threshold] * len(x)
    return [function(v, t) for v, t in zip(x, many)]


def _case(x, threshold, surrogate=None):
    config = surrogate and {
        "shape": surrogate[0],
        "sharpness": surrogate[1],
        "scale": "probability",
        "anchored": False,
    }
    return {
        "op": "hard_threshold",
        "args": {"x": x, "threshold": threshold, "surrogate": config},
        "value": _map(hard, x, threshold),
        "gradient": _map(lambda v, t: slope(v, t, config), x, threshold),
    }


def cases():
    """The golden vectors, ready for JSON."""
    yield _case([[float(v) for v in row] for row in ASKED], 5.0)
    for threshold in (0.0, 0.75, 2.0, 1e6):
        yield _case(X, threshold)
    rows = [X[:4], X[4:8], X[9:13]]
    per_channel = [0.5, 1.99, 2.0, 10.0]
    yield _case(rows, per_channel)
    # The ramp has corners at λ ± 1/(2·sharpness), where it has no derivative.
    for surrogate in (
        ("sigmoid", 1.0),
        ("sigmoid", 6.0),
        ("softsign", 0.5),
        ("softsign", 20.0),
        ("ramp", 0.7),
        ("ramp", 3.0),
    ):
        yield _case(X, 2.0, surrogate)
    for shape in ("sigmoid", "softsign", "ramp"):
        yield _case(rows, per_channel, (shape, 1.3))
