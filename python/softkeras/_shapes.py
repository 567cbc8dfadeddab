"""The shapes of a soft threshold: their formulas, anchored and not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from softkeras._gradients import differentiable


class Shape(NamedTuple):
    """The soft threshold as a function of the distance u from the threshold.

    cdf(u, slope): the decision; its derivative at u = 0 is `slope`.
    rate(width, slope): a number that `tail` needs, found once a side.
    tail(a, width, rate, slope): the decision at distance a below the
        threshold, rescaled to be exactly ½ at a = 0 and 0 at a = width, and a
        function of nothing that returns its density.
    """

    cdf: Callable
    rate: Callable
    tail: Callable


def _sigmoid(u, slope):
    return ops.sigmoid((4 * slope) * u)


def _sigmoid_rate(width, slope):
    # ½ + ½ tanh(r u)/tanh(r width) has the wanted slope where
    # z coth z = 2 slope width, z = r width. Newton's method; at 1 + 1e-6 it is
    # the straight line to a millionth, and below that 0/0 would come up.
    target = ops.maximum(2 * slope * width, 1 + 1e-6)
    z = ops.sqrt(ops.square(target) - 1)
    for _ in range(6):
        coth = 1 / ops.tanh(z)
        z = z - (z * coth - target) / (coth - z * (ops.square(coth) - 1))
    return z / width


def _sigmoid_tail(a, width, rate, slope):
    # ½ (1 - tanh(rate a)/tanh(rate width)), without its cancellation.
    decay = ops.exp(-2 * rate * a)
    left = ops.expm1(-2 * rate * (width - a)) / ops.expm1(-2 * rate * width)
    # At a = 0 the quotient is 1, but for a rounding error between kernels.
    value = ops.where(a > 0, left, 1.0) * decay / (1 + decay)
    return value, lambda: 4 * slope * decay / ops.square(1 + decay)


def _softsign(u, slope):
    def function(u):
        # Not 1/(...): a TensorFlow graph makes that a Reciprocal, which is
        # some ulp off, also where the result is to be exact.
        half = 0.5 / (1 + (2 * slope) * ops.abs(u))
        value = ops.where(u < 0, half, 1 - half)
        return value, lambda g: (4 * slope) * ops.square(half) * g

    return differentiable(function)(u)


def _softsign_rate(width, slope):
    return 2 * slope - 1 / width


def _softsign_tail(a, width, rate, slope):
    fall = 1 + rate * a
    value = (width - a) / (2 * width * fall)
    return value, lambda: slope / ops.square(fall)


def _ramp(u, slope):
    def function(u):
        line = 0.5 + slope * u
        on_line = ops.logical_and(line >= 0, line <= 1)
        return ops.clip(line, 0, 1), lambda g: ops.where(
            on_line, slope * g, 0.0
        )

    return differentiable(function)(u)


def _ramp_rate(width, slope):
    return slope


def _ramp_tail(a, width, rate, slope):
    line = 0.5 - slope * a
    # At a = width the line can miss 0 by a rounding error.
    value = ops.where(a >= width, 0.0, ops.maximum(line, 0))
    return value, lambda: slope * ops.cast(line >= 0, a.dtype)


SHAPES = {
    "sigmoid": Shape(_sigmoid, _sigmoid_rate, _sigmoid_tail),
    "softsign": Shape(_softsign, _softsign_rate, _softsign_tail),
    "ramp": Shape(_ramp, _ramp_rate, _ramp_tail),
}
