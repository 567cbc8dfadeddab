"""A rate at the threshold at which another rate is as asked, and its gradient.

With F the step on the log-odds and a = w·y, b = w·(1 - y) the weights of the
positive and negative elements, the soft counts at the threshold τ are

    tp(τ) = Σ a·F(x - τ)    fp(τ) = Σ b·F(x - τ)

A constraint is one equation Σ v·F(x - τ) = c·Σ v:

    recall r         v = a             c = r
    specificity q    v = b             c = 1 - q
    precision p      v = a - p·(a+b)   c = 0

The first two fall with τ, so that there is one root. By the implicit
function theorem dτ/dx = v·F'(x - τ)/Σ v·F'(x - τ): shares that sum to 1, so
no gradient through τ is larger than the one that arrives at it.

Precision goes up and down. Recall is highest at the smallest τ with the
precision asked for, which is the first root from below; there
Σ v·F' < 0, and the shares are of both signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from softkeras import _shapes, steps
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor

# As in softkeras.steps: stands in for p(1 - p), for p and for 1 - p where
# those are smaller; and slopes below it count as flat.
TINY = 1e-30
# Beyond it log-odds are cut off, so that their differences don't overflow.
FARTHEST = 1e37
# Where the precision asked for is reached below this recall only, or nowhere,
# the precision at this recall is what counts.
LEAST_RECALL = 0.1
# Into how many pieces a bracket is cut at once.
PIECES = 8
# Precision is not monotone: how many thresholds are tried before that, among
# the predictions and, in growing strides, below them all: there it changes ever
# more slowly, but far with a step of heavy tails.
TRIED = 64
TRIED_BELOW = 16
# The least that precision rises with the threshold, as a share of the most
# that it could: less would make the gradient of the threshold too large.
FLATTEST = 0.01


class Group(NamedTuple):
    """Elements that share a threshold: columns of arrays (n, groups)."""

    prediction: Any
    positive: Any  # w·y
    negative: Any  # w·(1 - y)


class Goal(NamedTuple):
    """What is to be high, and what is to be reached.

    Args:
        soft: (`Group` of log-odds, level, `Decision`) to the soft scores of
            the groups.
        rates: (hits, alarms, all hits, all alarms) of hard decisions to the
            rate to be high and the rate to be reached.
        negatives: Whether it is undefined without negative labels.
    """

    soft: Callable
    rates: Callable
    negatives: bool


class Decision:
    """A step's soft decision, on log-odds, and its density."""

    def __init__(self, step: steps.Step, dtype):
        self._shape = _shapes.of(step.shape)
        self._slope = ops.convert_to_tensor(step.sharpness, dtype) / 4

    def __call__(self, u) -> Tensor:
        return self._shape.cdf(u, self._slope)

    def density(self, u):
        # That of the anchored curve which is not bent: its rate is the slope.
        slope = self._slope
        _, density = self._shape.tail(ops.abs(u), 1.0, slope, slope)
        return density()

    @property
    def width(self):
        """How far the decision takes to go from 0 to 1, at its steepest."""
        return 1 / self._slope

    def reach(self, level):
        """How far from 0 the decision passes `level` and 1 - `level`."""
        far = max(level, 1 - level)
        powers = np.ldexp(1.0, np.arange(-2, 64))
        v = ops.convert_to_tensor(powers, self._slope.dtype)
        passed = ops.logical_and(
            self._shape.cdf(v, 1.0) >= far, self._shape.cdf(-v, 1.0) <= 1 - far
        )
        return ops.min(ops.where(passed, v, v[-1])) / self._slope


def log_odds(p):
    """log(p/(1 - p)), finite also at 0 and 1."""

    def function(p):
        yes, no = ops.maximum(p, TINY), ops.maximum(1 - p, TINY)
        return ops.log(yes) - ops.log(
            no
        ), lambda g: g / ops.maximum(yes * no, TINY)

    return differentiable(function)(p)


def soft_score(goal: Goal, group: Group, level: float, step: steps.Step):
    """The soft scores of the groups, whose predictions are log-odds."""
    x = ops.clip(group.prediction, -FARTHEST, FARTHEST)
    decision = Decision(step, x.dtype)
    value = goal.soft(group._replace(prediction=x), level, decision)
    # Rounding must not take it out of [0, 1], nor this its gradient away.
    return value + ops.stop_gradient(ops.clip(value, 0, 1) - value)


def best_score(goal: Goal, group: Group, level: float):
    """The best of all hard decisions that reach the level, or 0 if none."""
    group = Group(*map(ops.stop_gradient, group))
    order = ops.argsort(-group.prediction, axis=0)
    p, positive, negative = (
        ops.take_along_axis(x, order, axis=0) for x in group
    )
    hits, alarms = ops.cumsum(positive, axis=0), ops.cumsum(negative, axis=0)
    # A cut lies after the last of each run of equals.
    last = ops.ones_like(p[:1], "bool")
    cut = ops.concatenate([p[1:] != p[:-1], last], axis=0)
    rate, reached = goal.rates(hits, alarms, hits[-1:], alarms[-1:])
    dtype = keras.backend.standardize_dtype(p.dtype)
    slack = 8 * float(np.finfo(dtype).eps)
    allowed = ops.logical_and(cut, reached >= level - slack)
    return ops.max(ops.where(allowed, rate, 0.0), axis=0)


def _share(part, whole):
    """part/whole, and 0 where there is nothing."""
    some = whole > 0
    return ops.where(some, part, 0.0) / ops.where(some, whole, 1.0)


def _total(weight, decision):
    return ops.sum(weight * decision, axis=-2, keepdims=True)


def _bounds(x, weight, reach):
    """From all called positive to none, as far as the level goes."""
    there = weight > 0
    low = ops.min(ops.where(there, x, FARTHEST), axis=0, keepdims=True)
    high = ops.max(ops.where(there, x, -FARTHEST), axis=0, keepdims=True)
    return low - reach, high + reach


def _first_crossing(is_below, low, high):
    """The first threshold from `low` on at which `is_below` is false.

    `is_below` takes thresholds of shape (m, 1, groups). `PIECES` at a time are
    faster than bisection, where each operation has its cost.
    """
    dtype = keras.backend.standardize_dtype(low.dtype)
    number = ops.reshape(ops.arange(1, PIECES, dtype=dtype), (PIECES - 1, 1, 1))

    def narrow(_, bracket):
        low, piece = bracket[0], bracket[1] / PIECES
        below = is_below(low + number * piece)
        passed = ops.min(ops.where(below, PIECES * 1.0, number), axis=0)
        return low + (passed - 1) * piece, piece

    # Enough for a bracket some thousand times as wide as the step.
    bits = np.finfo(dtype).nmant + 12
    rounds = math.ceil(bits / math.log2(PIECES))
    low, width = ops.fori_loop(0, rounds, narrow, (low, high - low))
    return low + 0.5 * width


def _with_gradient(threshold, x, weight, target, decision, rising=False):
    """`threshold`, with the derivatives that the implicit equation gives it.

    The equation is Σ weight·(F(x - τ) - target) = 0; `rising` says that its
    left side rises with τ.
    """
    u = x - threshold
    density = decision.density(ops.stop_gradient(u))
    fixed = ops.stop_gradient(weight)
    slope = _total(fixed, density)
    if rising:
        slope = ops.minimum(slope, -FLATTEST * _total(ops.abs(fixed), density))
    flat = ops.abs(slope) < TINY
    excess = _total(weight, decision(u) - target)
    inverse = ops.where(flat, 0.0, 1 / ops.where(flat, 1.0, slope))
    return threshold + inverse * (excess - ops.stop_gradient(excess))


def _threshold_of_share(x, weight, share, decision):
    """The τ at which Σ weight·F(x - τ) is that share of Σ weight."""
    fixed_x, fixed = ops.stop_gradient(x), ops.stop_gradient(weight)
    low, high = _bounds(fixed_x, fixed, decision.reach(share))
    found = _first_crossing(
        lambda t: _total(fixed, decision(fixed_x - t) - share) >= 0, low, high
    )
    return _with_gradient(found, x, weight, share, decision)


def _recall(group, decision, threshold):
    hits = _total(group.positive, decision(group.prediction - threshold))
    return _share(hits, _total(group.positive, 1.0))


def _specificity(group, decision, threshold):
    alarms = _total(group.negative, decision(group.prediction - threshold))
    return 1 - _share(alarms, _total(group.negative, 1.0))


def _precision(group, decision, threshold):
    called = decision(group.prediction - threshold)
    hits, alarms = (
        _total(group.positive, called),
        _total(group.negative, called),
    )
    return _share(hits, hits + alarms)


def _at_recall(rate):
    def soft(group, level, decision):
        threshold = _threshold_of_share(
            group.prediction, group.positive, level, decision
        )
        return rate(group, decision, threshold)[0]

    return soft


def _recall_at_specificity(group, level, decision):
    threshold = _threshold_of_share(
        group.prediction, group.negative, 1 - level, decision
    )
    return _recall(group, decision, threshold)[0]


def _recall_at_precision(group, level, decision):
    """The recall at the first threshold from below with that precision.

    Where it is not reached at a recall of `LEAST_RECALL` or more: that recall
    times the share of the level which the precision reaches there, which joins
    the other without a jump. 1 where calling all positive is precise enough.
    """
    x = group.prediction
    highest = _threshold_of_share(x, group.positive, LEAST_RECALL, decision)
    excess = (1 - level) * group.positive - level * group.negative
    fixed_x, fixed = ops.stop_gradient(x), ops.stop_gradient(excess)

    def precise(threshold):
        return _total(fixed, decision(fixed_x - threshold)) >= 0

    weight = ops.stop_gradient(group.positive + group.negative)
    near, _ = _bounds(fixed_x, weight, decision.width)
    low, _ = _bounds(fixed_x, weight, decision.reach(0.999))
    end = ops.stop_gradient(highest)
    stride = (end - near) / TRIED
    below = ops.maximum(near - low, 0.0) / decision.width
    growth = ops.log1p(below) / TRIED_BELOW

    def tried(i):
        """From the end down."""
        below = decision.width * ops.expm1(growth * ops.maximum(i - TRIED, 0))
        return end - stride * ops.minimum(i, TRIED) - below

    number = ops.reshape(ops.arange(PIECES, dtype=x.dtype), (PIECES, 1, 1))

    def try_some(turn, lowest):
        i = ops.cast(turn * PIECES, x.dtype) + number
        reached = ops.where(precise(tried(i)), i, -1.0)
        return ops.maximum(lowest, ops.max(reached, axis=0))

    turns = (TRIED + TRIED_BELOW) // PIECES
    lowest = ops.fori_loop(0, turns, try_some, -ops.ones_like(end))
    found = lowest >= 0
    first = _first_crossing(
        lambda t: ops.logical_not(precise(t)),
        tried(lowest + 1),
        tried(ops.maximum(lowest, 0.0)),
    )
    first = _with_gradient(first, x, excess, 0.0, decision, rising=True)
    value = ops.where(
        found,
        _recall(group, decision, first),
        _precision(group, decision, highest) * (LEAST_RECALL / level),
    )
    return ops.where(_total(fixed, 1.0) >= 0, 1.0, value)[0]


PRECISION_AT_RECALL = Goal(
    _at_recall(_precision),
    lambda hits, alarms, positive, negative: (
        _share(hits, hits + alarms),
        _share(hits, positive),
    ),
    False,
)
RECALL_AT_PRECISION = Goal(
    _recall_at_precision,
    lambda hits, alarms, positive, negative: (
        _share(hits, positive),
        _share(hits, hits + alarms),
    ),
    False,
)
SENSITIVITY_AT_SPECIFICITY = Goal(
    _recall_at_specificity,
    lambda hits, alarms, positive, negative: (
        _share(hits, positive),
        1 - _share(alarms, negative),
    ),
    True,
)
SPECIFICITY_AT_SENSITIVITY = Goal(
    _at_recall(_specificity),
    lambda hits, alarms, positive, negative: (
        1 - _share(alarms, negative),
        _share(hits, positive),
    ),
    True,
)
