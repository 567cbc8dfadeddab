"""Pairs: the soft comparison of predictions, and what is made of it.

A ranking is made of comparisons: of two scores, which is the higher? The hard
answer H(d), d the difference, is 0, ½ (a tie) or 1; the soft one is a step's
G(s·d). Two things are enough for every loss of ranks:

    weight above i:  A_i = Σ_j c_j·H(x_j - x_i)
    share of the top: φ_j = H(x_j - τ), with τ such that Σ_j v_j·φ_j = budget

The first is computed in blocks of pairs, which are made anew for the gradient,
so that memory grows with n and not with n².
"""

from __future__ import annotations

import functools
from typing import Any

import keras

from softkeras import _backend, _shapes, steps
from softkeras._gradients import differentiable, widen
from softkeras._ops import ops

# Stands in for p and 1 - p where those are smaller, so that log-odds are
# finite: ties stay ties, and a difference of two is never NaN.
TINY = 1e-30
# Logits are cut to this, so that the sum of two is finite.
HUGE = 1e37
# Pairs in a block: small enough for the cache, large enough to be worth a turn
# of the loop.
BLOCK = 2**20
# Turns of the search for τ; it takes some ten, and one for each bit of the
# bracket at worst.
TURNS = 200


class Comparison:
    """The soft comparison H of two predictions.

    Args:
        step: Name, `softkeras.steps.Step`, configuration or callable.
        sharpness: If given, in place of the step's own.
    """

    def __init__(self, step: Any, sharpness: float | None = None):
        self.step = steps.get(step, sharpness)

    def evaluate(self, function):
        """What `function` gives of this comparison.

        Of a straight-through one: the value of the hard comparison, with the
        gradient of the soft one.
        """
        if not self.step.straight_through or self.is_hard:
            return function(self)
        options = {**vars(self.step), "straight_through": False}
        soft = function(Comparison(steps.Step(**options)))
        hard = function(Comparison("hard"))
        return hard + (soft - ops.stop_gradient(soft))

    @property
    def is_hard(self) -> bool:
        return self.step.is_hard

    def line(self, prediction: Any, from_logits: bool, classes: bool = False):
        """The predictions on the scale that differences are taken on.

        Args:
            prediction: Probabilities in [0, 1], or logits.
            from_logits: Which of them.
            classes: Whether they are those of classes of which one is right:
                then the logits are log p, and p their softmax.
        """
        x = widen(prediction)
        if self.is_hard:
            return x
        if self.step.scale == "probability":
            if not from_logits:
                return x
            return ops.softmax(x, axis=-1) if classes else ops.sigmoid(x)
        if from_logits:
            return ops.clip(x, -HUGE, HUGE)
        odds = ops.log(ops.maximum(x, TINY))
        return odds if classes else odds - ops.log(ops.maximum(1 - x, TINY))

    def slope(self, dtype: str):
        """The slope of H at 0, as a tensor."""
        scale = 0.25 if self.step.scale == "logit" else 1.0
        return ops.convert_to_tensor(self.step.sharpness, dtype) * scale

    def soft(self, difference: Any, slope: Any):
        return _shapes.of(self.step.shape).cdf(difference, slope)


def at_or_above(other, own):
    """1 where the other is as high or higher."""
    return ops.cast(other >= own, own.dtype)


def above(other, own):
    """1 where the other is higher."""
    return ops.cast(other > own, own.dtype)


def above_or_half(other, own):
    """1 where the other is higher, ½ at a tie."""
    return 0.5 * (above(other, own) + at_or_above(other, own))


def weight_above(
    x: Any,
    columns: Any,
    asked: Any,
    compare: Comparison,
    hard: Any = above_or_half,
):
    """The weight above each prediction: Σ_j c_j·H(x_j - x_i).

    Gradient: ∂/∂x_i = -Σ_j c_j·H'(x_j - x_i) and so on, in closed form, with
    pairs that are computed anew: memory is O(n).

    Args:
        x: (rows, n) predictions, on the line of `compare`. NaN gives NaN.
        columns: A list of (rows, n) weights c, each for a sum.
        asked: (rows, n) booleans: which i the sums are wanted for. Others get
            any number. Time grows with how many they are.
        compare: The comparison.
        hard: What takes the place of H where the comparison is hard.

    Returns:
        A list of (rows, n) sums.
    """
    columns = ops.stack(columns)
    asked = ops.cast(asked, x.dtype)
    order = ops.argsort(-asked, axis=-1)
    back = ops.argsort(order, axis=-1)
    x = ops.take_along_axis(x, order, axis=-1)
    order = ops.broadcast_to(order[None], ops.shape(columns))
    columns = ops.take_along_axis(columns, order, axis=-1)
    count = ops.max(ops.sum(asked, axis=-1))
    if compare.is_hard:
        result = _hard_sums(x, columns, count, hard)
    else:
        result = _soft_sums(x, columns, count, compare)
    return [
        ops.take_along_axis(result[c], back, axis=-1)
        for c in range(columns.shape[0])
    ]


def top_share(x: Any, weight: Any, budget: Any, compare: Comparison):
    """How much of each prediction is among the top: φ_j, Σ v_j·φ_j = budget.

    Formula: φ_j = H(x_j - τ), the threshold τ being where the weight that is
    called is the budget. Hard: 1 for what is wholly within the budget, 0 for
    what is not, the same share for ties at its edge.

    Gradient: with h_j = H'(x_j - τ), ∂φ_j/∂x_l = h_j·(δ_jl - v_l·h_l/Σ v·h):
    τ moves too, so that the sum stays. Exactly 0 where all is within it.

    Args:
        x: (rows, n) predictions, on the line of `compare`.
        weight: (rows, n) weights v >= 0.
        budget: (rows, 1) numbers above 0.
        compare: The comparison.

    Returns:
        (rows, n) shares from 0 to 1.
    """
    if compare.is_hard:
        return _hard_share(x, weight, budget)
    return _soft_share(x, weight, budget, compare)


def _hard_share(x, weight, budget):
    x = ops.stop_gradient(x)
    everywhere = ops.ones_like(x)
    count = ops.max(ops.sum(everywhere, axis=-1))
    higher = _hard_sums(x, weight[None], count, above)[0]
    tied = _hard_sums(x, weight[None], count, at_or_above)[0] - higher
    some = tied > 0
    share = (budget - higher) / ops.where(some, tied, 1.0)
    # What weighs nothing is alone with its score; it counts nowhere.
    share = ops.where(some, share, everywhere)
    return ops.where(ops.isnan(higher), higher, ops.clip(share, 0, 1))


def _hard_sums(x, columns, count, hard):
    x = ops.stop_gradient(x)
    sums = _blocks(
        x,
        columns,
        count,
        lambda other, own: hard(other, own),
    )
    return ops.where(
        ops.any(ops.isnan(x), axis=-1, keepdims=True), float("nan"), sums
    )


def _soft_sums(x, columns, count, compare):
    def function(x, columns, count, slope):
        def backward(upstream):
            by_x, by_columns = _block_gradients(
                x,
                columns,
                upstream,
                count,
                functools.partial(compare.soft, slope=slope),
            )
            none = ops.zeros_like(count)
            return by_x, by_columns, none, ops.zeros_like(slope)

        # An eager tape keeps what it sees made of what it watches: all pairs.
        value = _blocks(
            *map(ops.stop_gradient, (x, columns)),
            count,
            lambda other, own: compare.soft(other - own, slope),
        )
        return value, backward

    slope = compare.slope(x.dtype)
    return differentiable(function)(x, columns, count, slope)


class _Rows:
    """Which rows of the square of all pairs are a block.

    The last one is moved up to end where the square does, so that blocks are
    of one size: `fresh` says which of its rows no block before had.
    """

    def __init__(self, x, count):
        self.batch, self.n = ops.shape(x)
        width = ops.maximum(self.batch * self.n, 1)
        if isinstance(self.n, int) and isinstance(self.batch, int):
            width = max(self.batch * self.n, 1)
            self.height = min(self.n, max(BLOCK // width, 1))
            self.single = self.height == self.n
        else:
            self.height = ops.minimum(self.n, ops.maximum(BLOCK // width, 1))
            self.single = False
        # At least 1, lest an empty batch be divided by.
        height = ops.maximum(ops.cast(self.height, "int32"), 1)
        self.turns = (ops.cast(count, "int32") + height - 1) // height

    def start(self, turn):
        return ops.minimum(turn * self.height, self.n - self.height)

    def fresh(self, turn, dtype):
        row = self.start(turn) + ops.arange(self.height, dtype="int32")
        return ops.cast(row >= turn * self.height, dtype)

    def of(self, values, turn):
        """A block of (m, batch, n) or (batch, n) values."""
        *leading, _ = ops.shape(values)
        corner = self._corner(values, turn)
        return ops.slice(values, corner, [*leading, self.height])

    def put(self, values, turn, block):
        return ops.slice_update(values, self._corner(values, turn), block)

    def _corner(self, values, turn):
        # All of one integer type, which JAX insists on.
        zero = ops.zeros((), "int32")
        start = ops.cast(self.start(turn), "int32")
        return [zero] * (len(values.shape) - 1) + [start]

    def loop(self, body, *state):
        """`body(turn, *state)` until all blocks have had their turn."""
        return ops.while_loop(
            lambda turn, *state: turn < self.turns,
            lambda turn, *state: (turn + 1, *body(turn, *state)),
            (ops.zeros((), "int32"), *state),
        )[1:]


def _weighted_sums(values, columns):
    """Σ_j columns[c, b, j]·values[b, i, j] as (m, b, i)."""
    return ops.stack(
        [
            ops.sum(values * columns[c][:, None, :], axis=-1)
            for c in range(columns.shape[0])
        ]
    )


def _blocks(x, columns, count, compare):
    """Σ_j c_j·compare(x_j, x_i) for the first `count` i of each row."""
    rows = _Rows(x, count)

    def block(own):
        values = compare(x[:, None, :], own[:, :, None])
        return _weighted_sums(values, columns)

    if rows.single:
        return block(x)
    (result,) = rows.loop(
        lambda turn, result: (rows.put(result, turn, block(rows.of(x, turn))),),
        ops.zeros_like(columns),
    )
    return result


def _block_gradients(x, columns, upstream, count, compare):
    """The gradients of the sums of `_blocks` in x and in the columns."""
    rows = _Rows(x, count)
    m = columns.shape[0]

    def block(own, upstream):
        value, slope = _backend.value_and_slope(
            compare, x[:, None, :] - own[:, :, None]
        )
        pull = sum(
            upstream[c][:, :, None] * columns[c][:, None, :] for c in range(m)
        )
        pull = slope * pull
        by_columns = [
            ops.sum(value * upstream[c][:, :, None], axis=1) for c in range(m)
        ]
        return (
            ops.sum(pull, axis=2),
            ops.sum(pull, axis=1),
            ops.stack(by_columns),
        )

    if rows.single:
        by_own, by_other, by_columns = block(x, upstream)
        return by_other - by_own, by_columns

    def body(turn, by_own, by_other, by_columns):
        fresh = rows.fresh(turn, x.dtype)
        new = block(rows.of(x, turn), rows.of(upstream, turn) * fresh)
        by_own = rows.put(by_own, turn, rows.of(by_own, turn) + new[0])
        return by_own, by_other + new[1], by_columns + new[2]

    zeros = ops.zeros_like(x)
    by_own, by_other, by_columns = rows.loop(
        body, zeros, zeros, ops.zeros_like(columns)
    )
    return by_other - by_own, by_columns


def _soft_share(x, weight, budget, compare):
    def function(x, weight, budget, slope):
        total = ops.sum(weight, axis=-1, keepdims=True)
        whole = budget >= total
        # Any budget that can be met, where all is called without a search.
        part = ops.where(whole, 0.5 * total, budget)
        part = ops.where(total > 0, part, 1.0)
        total = ops.where(total > 0, total, 2.0)
        soft = functools.partial(compare.soft, slope=slope)
        threshold = _search(soft, x, weight, part, total, slope)
        value, density = _backend.value_and_slope(soft, x - threshold)

        def backward(upstream):
            own = upstream * density
            weighted = ops.sum(weight * density, axis=-1, keepdims=True)
            some = weighted > 0
            shift = ops.sum(own, axis=-1, keepdims=True) / ops.where(
                some, weighted, 1.0
            )
            by_x = own - ops.where(some, shift, 0.0) * weight * density
            return (
                ops.where(whole, 0.0, by_x),
                ops.zeros_like(weight),
                ops.zeros_like(budget),
                ops.zeros_like(slope),
            )

        nan = ops.isnan(ops.sum(x, axis=-1, keepdims=True))
        value = ops.where(whole, 1.0, value)
        return ops.where(nan, float("nan"), value), backward

    slope = compare.slope(x.dtype)
    return differentiable(function)(x, weight, budget, slope)


def _search(soft, x, weight, budget, total, slope):
    """The τ of each row at which the weight that is called is the budget.

    Newton's method on the log-odds of the share that is called, which is a
    straight line in τ where all x are one and the step is the sigmoid; within
    a bracket, halved where Newton leaves it.
    """
    eps = 8 * _rounding(x.dtype)
    rest = ops.minimum(budget, total - budget)
    # No named shape's tail is above 1/distance, in units of 1/slope.
    margin = total / (rest * slope)
    low = ops.min(x, axis=-1, keepdims=True) - margin
    high = ops.max(x, axis=-1, keepdims=True) + margin

    def odds(part):
        return ops.log(part / (total - part))

    wanted = odds(budget)

    def body(low, high, threshold, done):
        value, density = _backend.value_and_slope(soft, x - threshold)
        called = ops.sum(weight * value, axis=-1, keepdims=True)
        fall = ops.sum(weight * density, axis=-1, keepdims=True)
        low = ops.where(called > budget, threshold, low)
        high = ops.where(called > budget, high, threshold)
        newton = threshold + (odds(called) - wanted) * (
            called * ((total - called) / total) / fall
        )
        inside = ops.logical_and(newton > low, newton < high)
        new = ops.where(inside, newton, 0.5 * low + 0.5 * high)
        met = ops.abs(called - budget) <= eps * rest
        narrow = high - low <= eps * (ops.abs(low) + ops.abs(high))
        done = ops.logical_or(met, narrow)
        return low, high, ops.where(done, threshold, new), done

    state = ops.while_loop(
        lambda low, high, threshold, done: ops.logical_not(ops.all(done)),
        body,
        (low, high, 0.5 * low + 0.5 * high, ops.zeros_like(low, dtype="bool")),
        maximum_iterations=TURNS,
    )
    return state[2]


def _rounding(dtype):
    """The distance from 1 to the next number of a float dtype."""
    wide = keras.backend.standardize_dtype(dtype) == "float64"
    return 2.0**-52 if wide else 2.0**-23
