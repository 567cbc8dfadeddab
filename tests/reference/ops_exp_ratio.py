"""1/(1 - e^-x) - 1/x and what belongs to it, to 50 digits, from mpmath.

Nothing of softkeras or Keras in here. Near 0 it is the Taylor series with
Bernoulli's numbers, elsewhere the formula as it stands.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np

mp.mp.dps = 50
TERMS = 24  # (0.5/2π)^48 is 1e-53
# x/2 + Σ _SERIES[k]·x^(2k + 2) is log((e^x - 1)/x).
_SERIES = [
    mp.bernoulli(2 * k) / (2 * k * mp.factorial(2 * k))
    for k in range(1, TERMS + 1)
]
_NEAR = 0.5
_TO_THE_POINT = 150  # e^-x is below 1e-60 from there


def _series(x, order):
    """The derivative of that order of log((e^x - 1)/x)."""
    total = mp.mpf(0)
    for k, c in reversed(list(enumerate(_SERIES))):
        power = 2 * k + 2
        total += c * mp.ff(power, order) * x ** (power - order)
    return total


def exp_ratio(x):
    """1/(1 - e^-x) - 1/x."""
    x = mp.mpf(x)
    if abs(x) < _NEAR:
        return 0.5 + _series(x, 1)
    if x < -_TO_THE_POINT:  # mpmath can't have e to the 1e300
        return -1 / x
    return 1 / (1 - mp.exp(-x)) - 1 / x


def slope(x):
    """The derivative of `exp_ratio`."""
    x = abs(mp.mpf(x))
    if x < _NEAR:
        return _series(x, 2)
    decay = mp.exp(-min(x, mp.mpf(1000)))
    return 1 / x**2 - decay / (1 - decay) ** 2


def curvature(x):
    """The second derivative of `exp_ratio`."""
    x = mp.mpf(x)
    if abs(x) < _NEAR:
        return _series(x, 3)
    a = abs(x)
    decay = mp.exp(-min(a, mp.mpf(1000)))
    value = decay * (1 + decay) / (1 - decay) ** 3 - 2 / a**3
    return value if x > 0 else -value


def log_exprel(x):
    """Log of (e^x - 1)/x."""
    x = mp.mpf(x)
    if abs(x) < _NEAR:
        return x / 2 + _series(x, 0)
    if x > _TO_THE_POINT:
        return x - mp.log(x)
    if x < -_TO_THE_POINT:
        return -mp.log(-x)
    return mp.log(mp.expm1(x) / x)


def negative_log_likelihood(y, x):
    """That of the continuous Bernoulli, whose density is e^(xy)·x/(e^x - 1)."""
    return log_exprel(x) - mp.mpf(y) * mp.mpf(x)


def _case(op, x, value, gradient, **args):
    name = "logits" if op == "continuous_bernoulli_mean" else "x"
    return {
        "op": op,
        "args": {name: x, **args},
        "value": [float(value(v)) for v in x],
        "gradient": [float(gradient(v)) for v in x],
    }


def cases():
    """Small arrays around 0, the switches between formulas, and the tails."""
    grids = [
        [0.0, 1e-300, -1e-300, 1e-12, -1e-12],
        [1e-4, -1e-4, 0.01, -0.01, 0.1, -0.1],
        [0.5, -0.5, 1.0, -1.0, 2.0, -2.0],
        [2.4999, 2.5, -2.5, 2.5001, 3.9999, 4.0, -4.0],
        [4.9999, 5.0, -5.0, 10.0, -10.0, 30.0, -30.0],
        [88.0, -88.0, 104.0, -104.0, 700.0, -700.0, 750.0, -750.0],
        [1e4, -1e4, 1e30, -1e30],
    ]
    for x in grids:
        yield _case("exp_ratio", x, exp_ratio, slope)
        yield _case("log_exprel", x, log_exprel, exp_ratio)
        yield _case("continuous_bernoulli_mean", x, exp_ratio, slope)
    shifted = [-60.0, -50.0, -49.5, -25.0, -1.0, 0.0, 3.0, 40.0]
    for shifts in ([0.0, 50.0], [0.0], [-2.5, 0.0, 2.5]):
        yield _case(
            "exp_ratio_sum",
            shifted,
            lambda v, own=shifts: sum(exp_ratio(mp.mpf(v) + s) for s in own),
            lambda v, own=shifts: sum(slope(mp.mpf(v) + s) for s in own),
            shifts=shifts,
        )


def loss_cases():
    """Targets and logits, one mean a row, and the gradient of their sum."""
    logits = [
        [0.0, 1e-6, -0.3, 2.4],
        [-2.6, 5.0, -40.0, 90.0],
        [1000.0, -1000.0, 1e30, -1e30],
    ]
    for y in ([0.0, 0.25, 0.5, 1.0], [1.0, 0.0, 0.75, 0.5]):
        yield {
            "loss": "continuous_bernoulli",
            "y_true": [y] * len(logits),
            "y_pred": logits,
            "value": [
                float(
                    sum(negative_log_likelihood(*pair) for pair in zip(y, row))
                    / len(row)
                )
                for row in logits
            ],
            "gradient": [
                [
                    float((exp_ratio(x) - mp.mpf(t)) / len(row))
                    for t, x in zip(y, row)
                ]
                for row in logits
            ],
        }


def float64(x):
    """f, f', f'' and log((e^x - 1)/x) of a float64 array, by NumPy.

    For comparisons with float32 and narrower: some 1e-13 from exact, which the
    tests check against the functions above.
    """
    a = np.abs(x)
    f, slope_, curvature_, log = np.empty((4, *x.shape))
    near = a < 1
    v = x[near]
    z = v * v
    series = [float(c) for c in _SERIES[:12]]
    powers = range(2, 26, 2)
    f[near] = 0.5 + v * _sum(z, [c * n for c, n in zip(series, powers)])
    slope_[near] = _sum(z, [c * n * (n - 1) for c, n in zip(series, powers)])
    curvature_[near] = v * _sum(
        z,
        [c * n * (n - 1) * (n - 2) for c, n in zip(series, powers)][1:],
    )
    log[near] = v * (0.5 + v * _sum(z, series))
    far = ~near
    v, a = x[far], a[far]
    decay = np.exp(-a)
    rest = 1 - decay
    below = 1 / a - decay / rest
    f[far] = np.where(v < 0, below, 1 - below)
    slope_[far] = 1 / a / a - decay / rest**2
    curvature_[far] = np.sign(v) * (
        decay * (1 + decay) / rest**3 - 2 / a / a / a
    )
    log[far] = np.maximum(v, 0) + np.log(rest) - np.log(a)
    return f, slope_, curvature_, log


def _sum(z, coefficients):
    total = np.full_like(z, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * z + c
    return total
