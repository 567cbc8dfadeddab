"""The shapes of steps: to the last places, also where they are small.

Through what is public: `soft_step` is the decision of a shape, `soft_sign`
twice its distance from one half, an anchored `Step` its curve between two ends.
"""

import functools
import pathlib
import sys

import keras
import mpmath as mp
import numpy as np
import pytest
from conftest import derivative, to_numpy, value_and_gradient

from softkeras.ops.rounding import soft_sign, soft_step
from softkeras.ops.staircase import soft_staircase
from softkeras.steps import NAMES, Step

sys.path.append(str(pathlib.Path(__file__).parents[1] / "reference"))
import reference

SHAPES = tuple(name for name in NAMES if name != "hard")
# Tiny ones, those on which the formulas change and the curves end, far ones.
HALF = np.concatenate(
    [
        10.0 ** np.arange(-30, -1, 3.5),
        np.linspace(0.03, 1.47, 37),
        [0.25, 0.5, 0.75, 0.9375, 1, 1 / np.pi, 3, 9, 1e4, 1e12, 1e30],
    ]
)
X = np.concatenate([-HALF, [0], HALF])
# What comes from above into a gradient, of any size and sign.
ABOVE = np.resize([3.0, -0.7, 1e5, -1e-5, 1.0], X.shape)
# The shapes' densities, as they are documented.
DENSITIES = {
    "sigmoid": lambda v: 4 * mp.exp(-4 * v) / (1 + mp.exp(-4 * v)) ** 2,
    "softsign": lambda v: 1 / (1 + 2 * v) ** 2,
    "ramp": lambda v: mp.mpf(v <= 0.5),
    "raised_cosine": lambda v: mp.cos(mp.pi * v / 2) ** 2 if v < 1 else 0,
    "arctan": lambda v: 1 / (1 + (mp.pi * v) ** 2),
    "normal": lambda v: mp.exp(-mp.pi * v**2),
    "triangular": lambda v: max(1 - v, 0),
    "smoothstep": lambda v: max(1 - (4 * v / 3) ** 2, 0),
    "smootherstep": lambda v: max(1 - (16 * v / 15) ** 2, 0) ** 2,
}


def unanchored(shape, sharpness=1.0):
    return Step(shape, sharpness, "probability", anchored=False)


def numbers(exact):
    return np.array([float(each) for each in exact])


@pytest.mark.parametrize("sharpness", [1.0, 0.25])
@pytest.mark.parametrize("shape", SHAPES)
def test_decisions_and_densities(shape, sharpness):
    exact = [mp.mpf(v) * sharpness for v in X]
    want = numbers(reference.shape(shape, v) for v in exact)
    density = sharpness * numbers(DENSITIES[shape](abs(v)) for v in exact)
    half = numbers(reference.shape(shape, v) - mp.mpf(1) / 2 for v in exact)
    step = unanchored(shape, sharpness)
    for op, values, slopes in (
        (soft_step, want, density),
        (soft_sign, 2 * half, 2 * density),
    ):
        value, slope = value_and_gradient(
            lambda x, op=op: keras.ops.multiply(op(x, step=step), ABOVE), X
        )
        np.testing.assert_allclose(value / ABOVE, values, 1e-12, 1e-300)
        # A sigmoid's is made of σ and 1 - σ, which has the digits of 1 alone.
        rounding = 1e-15 if (op, shape) == (soft_step, "sigmoid") else 1e-300
        np.testing.assert_allclose(slope / ABOVE, slopes, 1e-12, rounding)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_infinite_is_decided_and_what_is_nothing_is_not(shape):
    ends = np.array([-np.inf, -0.0, 0.0, np.inf])
    for op, want in ((soft_step, [0, 0.5, 0.5, 1]), (soft_sign, [-1, 0, 0, 1])):
        value, slope = value_and_gradient(
            lambda x, op=op: op(x, step=unanchored(shape)), ends
        )
        np.testing.assert_array_equal(value, want)
        unit = 1 if op is soft_step else 2
        np.testing.assert_allclose(slope, [0, unit, unit, 0], 1e-15)


@functools.cache
def rate(shape, slope, width):
    """The r of ½ + m(r u)/(2 m(r width)) that gives it a slope at u = 0."""
    if shape == "ramp" or slope * width >= reference.EDGES.get(shape, mp.inf):
        return slope

    def miss(r):
        return (
            r / (2 * (reference.shape(shape, r * width) - mp.mpf(1) / 2))
            - slope
        )

    return mp.findroot(
        miss, (slope / 10**9, slope), solver="anderson", maxsteps=500
    )


def anchored(shape, p, threshold, slope):
    """Value and slope of an anchored step."""
    u, slope = mp.mpf(p) - mp.mpf(threshold), mp.mpf(slope)
    width = mp.mpf(threshold if u < 0 else 1 - threshold)
    r = rate(shape, slope, width)
    whole = 2 * (reference.shape(shape, r * width) - mp.mpf(1) / 2)
    end = reference.shape(shape, -r * width)
    tail = (reference.shape(shape, -abs(r * u)) - end) / whole
    density = r * DENSITIES[shape](abs(r * u)) / whole
    return tail if u < 0 else 1 - tail, density


EXCESS = (
    1e-5,
    1e-3,
    0.03,
    0.1,
    0.3,
    0.5,
    0.7,
    0.8,
    0.99,
    1.2,
    1.5,
    3.0,
    5.0,
    30.0,
    1e4,
)


@pytest.mark.parametrize("threshold", [0.5, 0.25])
@pytest.mark.parametrize("shape", SHAPES)
def test_between_its_ends(shape, threshold):
    """From next to the straight line to next to the hard decision."""
    below = np.array([2.0**-40, 2.0**-20, 0.03125, 0.125, 0.375, 0.75, 0.96875])
    p = np.concatenate(
        [threshold * below, [threshold], 1 - (1 - threshold) * below]
    )
    above = np.resize(ABOVE, p.shape)
    for excess in EXCESS:
        slope = (1 + excess) / (2 * min(threshold, 1 - threshold))
        step = Step(shape, slope, "probability")
        want = [anchored(shape, each, threshold, slope) for each in p]
        values, slopes = np.array(want, "float64").T
        value, own = value_and_gradient(
            lambda p, step=step: keras.ops.multiply(step(p, threshold), above),
            p,
        )
        # Others have digits of 1 alone, where they end like a straight line.
        rounding = 0 if shape in ("sigmoid", "softsign") else 1e-15
        np.testing.assert_allclose(
            value / above, values, 1e-12, rounding, err_msg=str(step)
        )
        np.testing.assert_allclose(
            own / above, slopes, 1e-12, 1e-300, err_msg=str(step)
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_rounding_leads_out_of_0_to_1(shape, dtype):
    """Next to where a curve ends: d from there."""
    d = 10.0 ** np.linspace(-12, -0.5, 200)
    for edge in (0.5, 0.75, 15 / 16, 1.0):
        x = np.concatenate([d - edge, edge - d]).astype(dtype)
        value = to_numpy(soft_step(x, step=unanchored(shape)))
        assert np.all((value >= 0) & (value <= 1))
    p = np.concatenate([d, 1 - d]).astype(dtype)
    for excess in 10.0 ** np.linspace(-6, 2, 17):
        value = to_numpy(Step(shape, 1 + excess, "probability")(p))
        assert np.all((value >= 0) & (value <= 1)), excess


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_straight_line_ends_exactly_too(shape, dtype):
    for threshold in np.linspace(0.05, 0.95, 19).tolist():
        least = 1 / (2 * min(threshold, 1 - threshold))
        step = Step(shape, least, "probability")
        ends = np.array([0, threshold, 1], dtype)
        assert to_numpy(step(ends, threshold)).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_far_out_the_second_derivative_is_0(shape):
    x = np.array([-np.inf, -1e200, -1e150, 1e150, 1e200, np.inf])
    for op in (soft_step, soft_sign):
        slope = derivative(lambda x, op=op: op(x, step=unanchored(shape)))
        second = to_numpy(derivative(slope)(x))
        np.testing.assert_array_equal(second, 0)


def test_a_callable_has_a_middle_too():
    def own(v):
        return 0.5 + v / (1 + 2 * keras.ops.abs(v))

    want = soft_sign(X, step=unanchored("softsign", 3.0))
    got = soft_sign(X, step=own, sharpness=3.0)
    np.testing.assert_allclose(got, want, 1e-12, 1e-15)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_staircase_has_a_finite_slope_in_its_sharpness(shape):
    """The formula of a rate that is not taken may not make a NaN of it."""
    x = np.array([-0.7, -0.2, 0.3, 0.9])

    def total(sharpness):
        sharpness = keras.ops.convert_to_tensor(sharpness)
        step = Step(shape, sharpness, "probability")
        return keras.ops.sum(soft_staircase(x, [0.0, 1.0], [0.0, 1, 3], step))

    for number in (1.3, 1.7, 6.0, 200.0):
        _, slope = value_and_gradient(total, np.array(number))
        h = 1e-6 * number
        above, below = (to_numpy(total(np.array(number + s))) for s in (h, -h))
        want = (above - below) / (2 * h)
        np.testing.assert_allclose(slope, want, 1e-5, 1e-8)
