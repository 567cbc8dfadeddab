"""The shapes of a soft threshold: their formulas, anchored and not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from softkeras import _backend
from softkeras._gradients import differentiable
from softkeras._ops import ops

# Newton's method starts above this instead of at 1, where a rate is 0: the
# curve is the straight line to a millionth, and 0/0 does not come up.
NEARLY_STRAIGHT = 1 + 1e-6


class Shape(NamedTuple):
    """The soft threshold as a function of the distance u from the threshold.

    cdf(u, slope): the decision; its derivative at u = 0 is `slope`.
    rate(width, slope): the r of the anchored curve ½ + m(r u)/(2 m(r width)),
        m = cdf(., 1) - ½, that has the slope `slope` at u = 0; once a side.
    tail(a, width, rate, slope): that curve at distance a below the threshold,
        exactly ½ at a = 0 and 0 at a = width, and a function of nothing that
        returns its density.
    middle(v): cdf(v, 1) - ½, odd, and exact to some ulp where it is small.
    """

    cdf: Callable
    # None of a callable, which has no anchors.
    rate: Any
    tail: Any
    middle: Callable


def _sigmoid(u, slope):
    return ops.sigmoid((4 * slope) * u)


def _sigmoid_middle(v):
    def function(v):
        def backward(g):
            # Not 1 - tanh², which is 0 long before the density is.
            decay = ops.exp(-4 * ops.abs(v))
            return g * (4 * decay / ops.square(1 + decay))

        return 0.5 * ops.tanh(2 * v), backward

    return differentiable(function)(v)


def _sigmoid_rate(width, slope):
    # z coth z = 2 slope width, z = 2 rate width.
    target = ops.maximum(2 * slope * width, NEARLY_STRAIGHT)
    z = ops.sqrt(ops.square(target) - 1)
    for _ in range(4):
        coth = 1 / ops.tanh(z)
        z = z - (z * coth - target) / (coth - z * (ops.square(coth) - 1))
    return z / (2 * width)


def _sigmoid_tail(a, width, rate, slope):
    # ½ (1 - tanh(2 rate a)/tanh(2 rate width)), without its cancellation.
    decay = ops.exp(-4 * rate * a)
    left = ops.expm1(-4 * rate * (width - a)) / ops.expm1(-4 * rate * width)
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


def _softsign_middle(v):
    def function(v):
        # 1/(1 + 2|v|) = 2 half; where v is infinite, v·half would be NaN.
        half = 0.5 / (1 + 2 * ops.abs(v))
        near = 2 * v * half
        value = ops.where(half > 0.25, near, ops.sign(v) * (0.5 - half))
        return value, lambda g: 4 * ops.square(half) * g

    return differentiable(function)(v)


def _softsign_rate(width, slope):
    return slope - 0.5 / width


def _softsign_tail(a, width, rate, slope):
    fall = 1 + 2 * rate * a
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


def _ramp_middle(v):
    def function(v):
        on_line = ops.abs(v) <= 0.5
        return ops.clip(v, -0.5, 0.5), lambda g: ops.where(on_line, g, 0.0)

    return differentiable(function)(v)


def _ramp_rate(width, slope):
    return slope


def _ramp_tail(a, width, rate, slope):
    line = 0.5 - slope * a
    # At a = width the line can miss 0 by a rounding error.
    value = ops.where(a >= width, 0.0, ops.maximum(line, 0))
    return value, lambda: slope * ops.cast(line >= 0, a.dtype)


def _symmetric(half: Callable, lower: Callable, density: Callable, root):
    """A shape of its formulas at a distance a >= 0 from the threshold.

    half(a): m(a) = G(a) - ½. lower(a): G(-a). density(a): G'(a).
    root(q): the z with z/(2 m(z)) = q, for q > ½.
    """

    def cdf(u, slope):
        def function(u):
            v = slope * u
            tail = lower(ops.abs(v))
            value = ops.where(v < 0, tail, 1 - tail)
            return value, lambda g: slope * density(ops.abs(v)) * g

        return differentiable(function)(u)

    def rate(width, slope):
        return root(ops.maximum(slope * width, 0.5 * NEARLY_STRAIGHT)) / width

    def tail(a, width, rate, slope):
        v, end = rate * a, rate * width
        whole = 2 * half(end)
        # Far out the difference of tails keeps their digits; near 0, where
        # both are nearly ½, that of halves does.
        value = ops.where(v > 0.25, lower(v) - lower(end), half(end) - half(v))
        value = ops.maximum(value / whole, 0)
        value = ops.where(a >= width, 0.0, ops.where(a == 0, 0.5, value))
        return value, lambda: slope * density(v)

    def middle(v):
        def function(v):
            value = ops.sign(v) * half(ops.abs(v))
            return value, lambda g: density(ops.abs(v)) * g

        return differentiable(function)(v)

    return Shape(cdf, rate, tail, middle)


def _newton(z, step, times):
    for _ in range(times):
        z = z - step(z)
    return z


def _inside(edge, root):
    """`root` for a density that is 0 beyond `edge`: there m = ½ and z = q."""
    return lambda q: ops.where(q < edge, root(ops.minimum(q, edge)), q)


def _raised_cosine():
    def part(d):
        # (πd - sin πd)/2π, from 0 at d = 0 to ½ at d = 1.
        return 0.5 * ops.maximum(d - ops.sin(math.pi * d) / math.pi, 0)

    def half(a):
        a = ops.minimum(a, 1)
        return 0.5 * (a + ops.sin(math.pi * a) / math.pi)

    def lower(a):
        return part(ops.relu(1 - a))

    def density(a):
        return ops.square(ops.sin((0.5 * math.pi) * ops.relu(1 - a)))

    def root(q):
        # sin x / x = 1/q - 1, x = πz, as a function of y = x²: convex, and its
        # tangent at 0 starts Newton's method below the root.
        level = 1 / q - 1

        def step(y):
            x = ops.sqrt(y)
            sinc = ops.sin(x) / x
            return (sinc - level) * 2 * y / (ops.cos(x) - sinc)

        return ops.sqrt(_newton(6 * (1 - level), step, 5)) / math.pi

    return _symmetric(half, lower, density, _inside(1.0, root))


def _arctan():
    def half(a):
        return ops.arctan(math.pi * a) / math.pi

    def lower(a):
        x = math.pi * a
        near = x < 1
        far = ops.arctan(1 / ops.where(near, 1.0, x)) / math.pi
        return ops.where(near, 0.5 - ops.arctan(x) / math.pi, far)

    def density(a):
        # 1/(1 + x²), x = 1/r - 1, of which no power overflows.
        r = 0.5 / (0.5 + (0.5 * math.pi) * a)
        return ops.square(r) / (ops.square(r) + ops.square(1 - r))

    def root(q):
        # x = 2q arctan x, x = πz.
        target = 2 * q

        def step(x):
            return (x - target * ops.arctan(x)) / (
                1 - target / (1 + ops.square(x))
            )

        over = target - 1
        start = ops.sqrt(3 * over + ops.square(0.5 * math.pi * over))
        return _newton(start, step, 3) / math.pi

    return _symmetric(half, lower, density, root)


def _normal():
    root_pi = math.sqrt(math.pi)

    def half(a):
        # XLA's erf is not 1 at infinity.
        x = root_pi * a
        near, far = ops.erf(x), 1 - _backend.erfc(x)
        return 0.5 * ops.where(a < 1, near, far)

    def lower(a):
        return 0.5 * _backend.erfc(root_pi * a)

    def density(a):
        # Beyond 20 it is 0 in float64 too, and its derivative ∞·0.
        return ops.exp(-math.pi * ops.square(ops.minimum(a, 20)))

    def root(q):
        # x = √π q erf x, x = √π z. Both starts are above the root, and from
        # there Newton's method on this convex function comes down to it.
        def step(x):
            slope = 1 - 2 * q * ops.exp(-ops.square(x))
            return (x - root_pi * q * ops.erf(x)) / slope

        start = ops.minimum(root_pi * q, ops.sqrt(6 * q - 3))
        return _newton(start, step, 3) / root_pi

    return _symmetric(half, lower, density, root)


def _triangular():
    def half(a):
        a = ops.minimum(a, 1)
        return a * (1 - 0.5 * a)

    def lower(a):
        return 0.5 * ops.square(ops.relu(1 - a))

    def density(a):
        return ops.relu(1 - a)

    return _symmetric(half, lower, density, _inside(1.0, lambda q: 2 - 1 / q))


def _smoothstep():
    # 3x² - 2x³ at x = ½ + 2v/3.
    def half(a):
        w = ops.minimum((4 / 3) * a, 1)
        return 0.25 * w * (3 - ops.square(w))

    def lower(a):
        x = ops.relu(0.5 - (2 / 3) * a)
        return ops.square(x) * (3 - 2 * x)

    def density(a):
        d = ops.relu(1 - (4 / 3) * a)
        return d * (2 - d)

    def root(q):
        return 0.75 * ops.sqrt(1.5 * (2 - 1 / q))

    return _symmetric(half, lower, density, _inside(0.75, root))


def _smootherstep():
    # 6x⁵ - 15x⁴ + 10x³ at x = ½ + 8v/15.
    def half(a):
        w = ops.minimum((16 / 15) * a, 1)
        y = ops.square(w)
        return w * (15 - y * (10 - 3 * y)) / 16

    def lower(a):
        x = ops.relu(0.5 - (8 / 15) * a)
        return ops.square(x) * x * (10 - x * (15 - 6 * x))

    def density(a):
        d = ops.relu(1 - (16 / 15) * a)
        return ops.square(d * (2 - d))

    def root(q):
        # w⁴/5 - 2w²/3 + c = 0, z = 15w/16, by the stable quadratic formula.
        c = 1 - 0.5 / q
        square = 2 * c / (2 / 3 + ops.sqrt(4 / 9 - 0.8 * c))
        return (15 / 16) * ops.sqrt(square)

    return _symmetric(half, lower, density, _inside(15 / 16, root))


SHAPES = {
    "sigmoid": Shape(_sigmoid, _sigmoid_rate, _sigmoid_tail, _sigmoid_middle),
    "softsign": Shape(
        _softsign, _softsign_rate, _softsign_tail, _softsign_middle
    ),
    "ramp": Shape(_ramp, _ramp_rate, _ramp_tail, _ramp_middle),
    "raised_cosine": _raised_cosine(),
    "arctan": _arctan(),
    "normal": _normal(),
    "triangular": _triangular(),
    "smoothstep": _smoothstep(),
    "smootherstep": _smootherstep(),
}


def of(shape: str | Callable) -> Shape:
    """The formulas of a name, or of a callable G(v), which has no anchors."""
    if callable(shape):
        return Shape(
            lambda u, slope: shape(slope * u),
            None,
            None,
            lambda v: shape(v) - 0.5,
        )
    return SHAPES[shape]
