"""What a probe of an op is, and the numbers that probes are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

# At which every op that is smooth somewhere is so, and no two are alike.
SMOOTH = np.array([-1.73, -0.62, -0.31, 0.23, 0.47, 1.29])
OTHER = np.array([0.7, -1.2, 1.9, 0.35, -0.8, 1.6])

# Those where functions of one number have their poles, kinks and ends. Each
# side of a value is there, so that "above 1" is told from "from 1 on".
BEYOND_ONE = float(np.nextafter(np.float32(1), np.float32(2)))
BEFORE_ONE = float(np.nextafter(np.float32(1), np.float32(0)))
ABOVE_ZERO = np.array([0, 1e-30, 0.5, BEFORE_ONE, 1, BEYOND_ONE, 2, 100, 1e30])
LINE = np.concatenate([-ABOVE_ZERO[::-1], ABOVE_ZERO])
# The same for two numbers, of which all pairs are taken.
SIDE = np.array([-20, -1.5, -1, -0.0, 0.0, 1, 1.5, 20])


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to call an op.

    Args:
        inputs: Its float inputs, by name, where it is smooth.
        call: Of the op and tensors like `inputs`; by default `op(*tensors)`.
        option: The arguments in which it is not the plain op.
        points: For an elementwise op, other values of the inputs, one vector
            each: elements of the same place belong together.
        special: For another op, other values of some inputs, by what they are
            called in the table.
    """

    inputs: Mapping[str, np.ndarray]
    call: Callable = lambda op, *tensors: op(*tensors)
    option: str = ""
    points: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    special: Mapping[str, Mapping[str, np.ndarray]] = dataclasses.field(
        default_factory=dict
    )


def smooth(*shape, low=-2.0, high=2.0, seed=0):
    """Numbers in a range, far from each other and from round numbers."""
    count = int(np.prod(shape))
    places = (np.arange(count) + 0.37) / count
    order = np.random.default_rng(seed).permutation(count)
    return (low + (high - low) * places[order]).reshape(shape)


def line(low=-2.0, high=2.0):
    """`SMOOTH` in another range than (-2, 2)."""
    return low + (SMOOTH + 2) / 4 * (high - low)


def unary(low=-2.0, high=2.0, call=None, option=""):
    """An elementwise function of `x`, smooth in a range."""
    given = {} if call is None else {"call": call}
    return Case(
        {"x": line(low, high)}, option=option, points={"x": LINE}, **given
    )


def binary(names="x1 x2", low=None, call=None):
    """An elementwise function of two inputs, positive ones if `low` is 0."""
    first, second = names.split()
    x, y = SMOOTH, OTHER
    if low is not None:
        x, y = np.abs(x) + low, np.abs(y) + low
    sides = [side.ravel() for side in np.meshgrid(SIDE, SIDE, indexing="ij")]
    given = {} if call is None else {"call": call}
    return Case(
        {first: x, second: y},
        points={first: sides[0], second: sides[1]},
        **given,
    )


def zeros_and_equal(inputs):
    """The special values that most ops of arrays have, of all inputs."""
    return {
        "zeros": {name: np.zeros_like(x) for name, x in inputs.items()},
        "equal entries": {
            name: np.full_like(x, 0.5) for name, x in inputs.items()
        },
    }
