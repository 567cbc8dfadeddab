"""The soft staircase: any number of steps, from level to level."""

from __future__ import annotations

import keras
import numpy as np

from softkeras import _backend, _shapes, steps
from softkeras._ops import ops
from softkeras._shapes import NEARLY_STRAIGHT
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import elementwise
from softkeras.steps import StepLike

__all__ = ["soft_staircase"]


@elementwise(
    "x",
    "thresholds",
    "levels",
    "edges",
    rows=("thresholds", "levels", "edges"),
)
def soft_staircase(
    x: TensorLike,
    thresholds: TensorLike,
    levels: TensorLike,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
    edges: TensorLike | None = None,
) -> Tensor:
    """A staircase of soft steps: a quantiser, a piece-wise constant neuron.

    Formula: the n thresholds t₁ < … < tₙ lie in cells between edges,
    e₀ < t₁ < e₁ < t₂ < … < tₙ < eₙ, inner edges halfway between thresholds
    unless given. In its cell the i-th step, of levels l₀ to lₙ,

        y = lᵢ₋₁ + (lᵢ - lᵢ₋₁)·F(x),  F(x) = ½ + m(r·v)/(2·m(r)),

    with v = (x - tᵢ)/h the position between threshold (0) and edge (±1), h
    the distance from the one to the other on the side of x, m(v) = G(v) - ½
    the shape of the step, and the r that gives it the slope s/2 in v. So F is
    exactly 0, ½, 1 at the edge below, the threshold and the edge above, and
    the staircase is continuous. Not anchored, F(x) = G(s·v/2): the shape as
    it is, with jumps at the edges, of the little that the tails have not
    reached there. Without edges the first step has no end below and the last
    none above: they have the shape's own tails there, G(s·v/2), with the h of
    their other side (½ if there is but one step). With edges the value beyond
    them is exactly l₀ and lₙ.

    An x is looked up among thresholds and edges, so that the cost is that of
    one step and a binary search, whatever n is, and no tensor of x's size
    times n is made.

    Gradient: (lᵢ - lᵢ₋₁)·F'(x) in x, s/(2h) times the rise at a threshold;
    finite for every finite x. Levels, thresholds and edges get theirs as well.
    With `hard` it is 0 but in the levels.

    Args:
        x: Numbers of any shape.
        thresholds: n >= 1 increasing numbers, in units of x.
        levels: n + 1 numbers: below the first threshold, between them, above
            the last. They need not increase.
        step: A name such as `"sigmoid"` or `"arctan"`, a callable, or a
            `softkeras.steps.Step` with `scale="probability"`, whose
            `anchored` counts: True for the names, False for a callable.
        sharpness: The slope at a threshold where the cell has width 1 and the
            step height 1; s >= 1 if anchored, and 1 is a line from each level
            to the next. It is per cell, so that narrow steps are as steep for
            their size as wide ones. Default: that of the step; 8 for a name, 1
            for a callable.
        straight_through: Give exactly the hard staircase forward and the soft
            one's gradient backward (of levels and thresholds too).
        hard: Give the hard staircase: the level of the number of thresholds
            below x. The same as `step="hard"` and as an infinite sharpness.
        edges: n + 1 increasing numbers, one threshold between each and the
            next, or `None`. Where an outer edge is the threshold itself, the
            staircase ends halfway up that step, and stays there beyond.

    Returns:
        A tensor of the shape and dtype of x; the outer levels at ±∞, NaN at
        NaN; and NaN throughout if thresholds turn out not to increase when it
        is too late for an error, in a compiled graph.

    Raises:
        ValueError: for numbers that do not increase, that are too many or too
            few, for an unknown step, one on `scale="logit"`, or a sharpness
            that is not above 0 or, if anchored, below 1.

    Reference: for the staircase of logistics, "quadruple piece-wise constant
    neurons", and, as uniform soft quantisation, Agustsson and Theis,
    https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.staircase import soft_staircase
    >>> x = np.array([-9.0, 0.25, 0.5, 1.0, 9.0], "float32")
    >>> y = soft_staircase(x, [0.0, 1.0], [-1.0, 0.0, 4.0], step="ramp")
    >>> np.array(y).tolist()
    [-1.0, 0.0, 0.0, 2.0, 4.0]
    """
    step = steps.on_the_line(step, sharpness)
    _check(thresholds, levels, edges, step)
    flat = ops.reshape(x, (-1,))
    starts, half_widths = _pieces(thresholds, edges)
    own = _number_below(ops.stop_gradient(starts), ops.stop_gradient(flat))

    def exact():
        tread = ops.take(_tread(levels, thresholds, edges), own, axis=0)
        return ops.where(ops.isnan(flat), float("nan"), tread)

    if hard or step.is_hard:
        return ops.reshape(exact(), ops.shape(x))
    # Beyond edges it is level, and nothing may be infinite: of 0·∞ comes NaN.
    largest = _largest(levels) / 4
    ends = (-largest, largest) if edges is None else (edges[0], edges[-1])
    inside = ops.clip(flat, *ends)
    table = _table(thresholds, levels, half_widths, edges, step)
    centre, rise, rate, start = _rows(table, own)
    middle = _shapes.of(step.shape).middle
    y = centre + rise * middle(rate * (inside - start))
    if straight_through or step.straight_through:
        y = ops.stop_gradient(exact()) + (y - ops.stop_gradient(y))
    return ops.reshape(y, ops.shape(x))


def _number_below(starts, x):
    """How many of the increasing `starts` are below each x; some if NaN."""
    if not _backend.is_fused():
        return ops.searchsorted(starts, x, side="left")
    # XLA has no binary search: it compares each x with each start. Halving by
    # hand is 20 times faster for 511 starts.
    count = starts.shape[0]
    bits = count.bit_length()
    starts = ops.pad(
        starts, (0, 2**bits - 1 - count), constant_values=float("inf")
    )
    number = ops.zeros_like(x, dtype="int32")
    for bit in reversed(range(bits)):
        above = ops.take(starts, number + (2**bit - 1)) < x
        number = number + 2**bit * ops.cast(above, "int32")
    return number


def _rows(table, numbers):
    """The columns of those rows of a table of four columns."""
    if _backend.is_fused():
        # Each gathered alone fuses with what is done with it.
        return [ops.take(each, numbers) for each in ops.unstack(table, 4, 1)]
    return ops.unstack(ops.take(table, numbers, axis=0), 4, 1)


def _pieces(thresholds, edges):
    """Where the pieces of the line start, and how wide each is.

    A piece is one side of a threshold: from an edge to it or from it to an
    edge. The first and the last go on to infinity unless there are edges.
    """
    if edges is None:
        gaps = 0.5 * (thresholds[1:] - thresholds[:-1])
        if thresholds.shape[0] == 1:
            gaps = 0.5 * ops.ones_like(thresholds)
        below = ops.concatenate([gaps[:1], gaps])[: thresholds.shape[0]]
        above = ops.concatenate([gaps, gaps[-1:]])[: thresholds.shape[0]]
        starts = _in_turn(thresholds, thresholds + above)[:-1]
        widths = _in_turn(below, above)
    else:
        below, above = thresholds - edges[:-1], edges[1:] - thresholds
        starts = ops.concatenate([edges[:1], _in_turn(thresholds, edges[1:])])
        widths = _in_turn(below, above)
        # A staircase may end at its last threshold: no x is in a piece of
        # width 0, but 1/0 would be in the gradients.
        at_end = np.zeros(widths.shape, bool)
        at_end[[0, -1]] = True
        widths = ops.where(ops.logical_and(at_end, widths == 0), 1.0, widths)
    # Numbers that do not increase, seen only now that a graph runs.
    sound = ops.logical_and(widths > 0, widths < float("inf"))
    return starts, ops.where(ops.all(sound), widths, float("nan"))


def _largest(x):
    return float(np.finfo(keras.backend.standardize_dtype(x.dtype)).max)


def _in_turn(first, second):
    return ops.reshape(ops.stack([first, second], axis=1), (-1,))


def _beyond(thresholds, levels, edges):
    """The values beyond the edges: half a step where one is a threshold."""
    middle = 0.5 * (levels[:-1] + levels[1:])
    return (
        ops.where(edges[:1] < thresholds[:1], levels[:1], middle[:1]),
        ops.where(edges[-1:] > thresholds[-1:], levels[-1:], middle[-1:]),
    )


def _tread(levels, thresholds, edges):
    """The hard staircase, a number for each piece."""
    tread = _in_turn(levels[:-1], levels[1:])
    if edges is None:
        return tread
    low, high = _beyond(thresholds, levels, edges)
    return ops.concatenate([low, tread, high])


def _table(thresholds, levels, widths, edges, step):
    """For each piece c, a, r, t of c + a·m(r·(x - t))."""
    least = 1.0 if step.anchored else 0.0
    slope = step.slope(levels.dtype, least)
    slope = ops.convert_to_tensor(slope, levels.dtype)
    rate, scale = 0.5 * slope, ops.ones_like(slope)
    if step.anchored:
        slope = ops.maximum(slope, NEARLY_STRAIGHT)
        shape = _shapes.of(step.shape)
        rate = 0.5 * shape.rate(0.5 * ops.ones_like(slope), slope)
        scale = 0.5 / shape.middle(rate)
    rates, scales = (
        ops.broadcast_to(number, widths.shape) for number in (rate, scale)
    )
    if step.anchored and edges is None:
        # The tails of the first piece and the last are the shape's own.
        outer = np.zeros(widths.shape, bool)
        outer[[0, -1]] = True
        rates = ops.where(outer, 0.5 * slope, rates)
        scales = ops.where(outer, 1.0, scales)
    middle = 0.5 * (levels[:-1] + levels[1:])
    rise = levels[1:] - levels[:-1]
    table = ops.stack(
        [
            _in_turn(middle, middle),
            _in_turn(rise, rise) * scales,
            rates / widths,
            _in_turn(thresholds, thresholds),
        ],
        axis=1,
    )
    if edges is None:
        return table
    low, high = _beyond(thresholds, levels, edges)
    zero = ops.zeros_like(low)

    def level(value, start):
        return ops.stack([value, zero, zero, start], axis=1)

    return ops.concatenate(
        [level(low, edges[:1]), table, level(high, edges[-1:])]
    )


def _check(thresholds, levels, edges, step):
    count = thresholds.shape[0] if len(thresholds.shape) == 1 else None
    if not count:
        raise ValueError(
            "`thresholds` must be a row of n >= 1 increasing numbers, n known "
            "when the graph is built. Received: thresholds of shape "
            f"{tuple(thresholds.shape)}"
        )
    for name, values in (("levels", levels), ("edges", edges)):
        if values is not None and tuple(values.shape) != (count + 1,):
            raise ValueError(
                f"`{name}` must be a row of {count + 1} numbers, one more "
                f"than there are thresholds. Received: {name} of shape "
                f"{tuple(values.shape)}"
            )
    for name, values in (
        ("thresholds", thresholds),
        ("levels", levels),
        ("edges", edges),
    ):
        _check_finite(name, values)
    known = _backend.static_value(thresholds)
    if known is not None and not np.all(np.diff(known) > 0):
        raise ValueError(
            "`thresholds` must increase from each to the next. "
            f"Received: thresholds={known.tolist()}"
        )
    ends = None if edges is None else _backend.static_value(edges)
    if known is not None and ends is not None:
        rising = np.empty(2 * count + 1, known.dtype)
        rising[::2], rising[1::2] = ends, known
        gaps = np.diff(rising)
        if not (np.all(gaps >= 0) and np.all(gaps[1:-1] > 0)):
            raise ValueError(
                "There must be one threshold between each edge and the next "
                "(the outer edges may be thresholds themselves). Received: "
                f"thresholds={known.tolist()}, edges={ends.tolist()}"
            )
    anchored = step.anchored and not step.is_hard
    if anchored and isinstance(step.sharpness, float) and step.sharpness < 1:
        raise ValueError(
            "An anchored step from one edge to the next must have a sharpness "
            "of at least 1, the slope of the straight line. "
            f"Received: sharpness={step.sharpness}; raise it, or give a "
            "Step with scale='probability' and anchored=False."
        )


def _check_finite(name, values):
    """Makes sure that values and the differences of neighbours are finite."""
    known = None if values is None else _backend.static_value(values)
    if known is None:
        return
    known = np.asarray(known)
    with np.errstate(over="ignore", invalid="ignore"):
        sound = np.isfinite(known).all() and np.isfinite(np.diff(known)).all()
    if not sound:
        raise ValueError(
            f"`{name}` must be finite, and so must be the differences from "
            f"each to the next. Received: {name}={known.tolist()}; the outer "
            "levels go on to infinity without a threshold there."
        )
