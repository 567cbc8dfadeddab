"""Soft arg-max: which entry is the highest, with a gradient.

The arg-max picks one entry; its derivative is 0 or does not exist. A soft one
gives each entry its share p = softmax(s·x), and is the expected index (or the
shares themselves).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from softkeras import _backend, _checks
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import op

__all__ = ["soft_argmax", "soft_one_hot"]

# Indices are counted in int32, and returned in the floats of x.
COUNTABLE = 2**31 - 1


@op("x", "mask", keep_dtype=False)
def soft_argmax(
    x: TensorLike,
    axis: int | tuple[int, ...] = -1,
    sharpness: TensorLike = 1.0,
    straight_through: bool = False,
    mask: TensorLike | None = None,
    hard: bool = False,
    first_index: int = 0,
) -> Tensor:
    """The expected index of the highest entry: an arg-max that can be trained.

    With several axes, the expected coordinates: of a key point, say, whose heat
    map is `x`.

    Formula: y = Σᵢ i·pᵢ, p = softmax(s·(x - max x)), s the sharpness, the sum
    and the maximum over `axis`. Indices count from `first_index`. Over several
    axes p is normalised over all of them together, and each has its own y.

    Gradient: dy/dxᵢ = s·pᵢ·(i - y), in closed form; the maximum has no part in
    it. It is exact 0 in floats once s·(max x - second) is beyond about 100:
    a very sharp arg-max is right but hardly learns, so raise the sharpness
    slowly, or use `straight_through`. Finite for every finite x and sharpness:
    where it is beyond the range of the floats it is their largest number.

    - m entries that tie for the maximum: y is their mean index, and the
      gradient s/m·(i - y); `hard` and `straight_through` give the first, in
      the order of `axis`.
    - An entry of +inf has the whole share, and several tie. An entry of -inf
      has none, unless it ties because all are -inf.
    - Masked entries have no share and the gradient 0, whatever they hold. Where
      all are masked, y is `first_index` and its gradient 0.
    - A NaN that is not masked makes the result NaN.

    Args:
        x: Numbers, of any shape with an axis or more. float16 and bfloat16 are
            computed in float32, integers in Keras's floatx.
        axis: The axis to take the index along, or a tuple of axes. Default: the
            last.
        sharpness: s > 0, per unit of x (from 3e-36 in float32): a number, or a
            scalar tensor or `keras.Variable`, which gets its gradient too. At
            infinity the result is that of `hard`, with the gradient 0.
        straight_through: Give exactly the arg-max forward, and the gradient of
            the soft one backward.
        mask: Booleans that broadcast to the shape of `x`, or `None`; `False`:
            that entry can't be chosen.
        hard: Give exactly the arg-max, which has no gradient.
        first_index: What the first entry counts as; R's wrappers say 1.

    Returns:
        The shape of `x` without `axis`, and for a tuple of k axes one more, of
        length k, at the end, in the order of the tuple. float64 for float64,
        else float32, also for half floats: float16 holds whole numbers up to
        2,048 only, bfloat16 up to 256.

    Raises:
        ValueError: for an axis that x does not have, that is named twice or is
            empty; for a sharpness that is not above 0; for a mask that is not
            boolean or does not fit; for an axis longer than 2²⁴ = 16,777,216
            (float32; NaN where the length shows only when the graph runs), as
            float32 does not hold higher indices exactly: cast to float64,
            which goes to 2³¹ - 1 here.

    Reference: Luvizon et al., Human pose regression by combining indirect part
    detection and contextual information, https://arxiv.org/abs/1710.02322;
    over two axes: Nibali et al., Numerical coordinate regression with
    convolutional neural networks (DSNT), https://arxiv.org/abs/1801.07372;
    for straight-through, Bengio et al., https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.argmax import soft_argmax
    >>> scores = np.array([[1.0, 3.0, 2.0, 3.0], [0.0, 0.0, 9.0, 0.0]])
    >>> np.array(soft_argmax(scores, sharpness=50)).round(4).tolist()
    [2.0, 2.0]
    >>> np.array(soft_argmax(scores, hard=True)).tolist()
    [1.0, 2.0]
    >>> np.array(soft_argmax(scores, axis=(0, 1), sharpness=50)).tolist()
    [1.0, 2.0]
    """
    rows = _rows(x, axis, sharpness, mask, hard)
    exact = 2**24 if rows.dtype == "float32" else COUNTABLE
    for size in rows.sizes:
        if isinstance(size, int) and size > exact:
            raise ValueError(
                f"`axis` may have a length of up to {exact:,}: {rows.dtype} "
                "does not hold higher indices exactly. Received: x of shape "
                f"{tuple(x.shape)}, axis={axis!r}. Cast x to float64."
            )
    index = [
        ops.cast(_along(size, place, rows), rows.dtype)
        for size, place in zip(rows.sizes, rows.axes)
    ]

    def expected(e, total):
        means = []
        for own, place in zip(index, rows.axes):
            others = tuple(each for each in rows.axes if each != place)
            marginal = ops.sum(e, others, keepdims=True) if others else e
            mean = ops.sum(own * marginal, place, keepdims=True) / total
            means.append(mean)
        y = ops.stack(means, axis=-1)

        def pull(g):
            # Its 0 + stays: without it TensorFlow's graphs multiply g by s
            # before the shares, which overflows.
            return sum(
                g[..., k] * (own - y[..., k]) for k, own in enumerate(index)
            )

        return y, pull

    def first(rank, chosen):
        # A row without a choice has the rank after the last: 0 by the modulus.
        strides = _strides(rows.sizes)
        return ops.stack(
            [chosen // s % n for s, n in zip(strides, rows.sizes)], axis=-1
        )

    y = _select(x, rows, straight_through, expected, first)
    for size in rows.sizes:
        if not isinstance(size, int):
            size = ops.convert_to_tensor(size, "int32")
            fits = ops.logical_and(size >= 1, size <= exact)
            y = ops.where(fits, y, math.nan)
    y = ops.squeeze(y, rows.axes) + _whole("first_index", first_index)
    return y if isinstance(axis, (tuple, list)) else ops.squeeze(y, -1)


@op("x", "mask")
def soft_one_hot(
    x: TensorLike,
    axis: int | tuple[int, ...] = -1,
    sharpness: TensorLike = 1.0,
    straight_through: bool = False,
    mask: TensorLike | None = None,
    hard: bool = False,
) -> Tensor:
    """The selection of the highest entry: a one-hot that can be trained.

    It is for a loss that needs what is chosen and not its index: Σ p·v, say,
    with a value v of each entry.

    Formula: p = softmax(s·(x - max x)), s the sharpness, over `axis`: above 0
    and of sum 1. Over several axes it is normalised over all of them together.

    Gradient: dL/dxᵢ = s·pᵢ·(gᵢ - Σⱼ gⱼ·pⱼ), g = dL/dp, in closed form; the
    maximum has no part in it. It is exact 0 in floats once
    s·(max x - second) is beyond about 100, as with `soft_argmax`. Finite for
    every finite x and sharpness: where it is beyond the range of the floats it
    is their largest number.

    - m entries that tie for the maximum have 1/m each; `hard` and
      `straight_through` give the first, in the order of `axis`, all.
    - An entry of +inf has the whole share, and several tie. An entry of -inf
      has none, unless it ties because all are -inf.
    - Masked entries have no share and the gradient 0, whatever they hold. Where
      all are masked, all shares and gradients are 0.
    - A NaN that is not masked makes the shares it competes for NaN.

    Args:
        x: Numbers, of any shape with an axis or more. float16 and bfloat16 are
            computed in float32, integers in Keras's floatx.
        axis: The axis to select along, or a tuple of axes. Default: the last.
        sharpness: s > 0, per unit of x (from 3e-36 in float32): a number, or a
            scalar tensor or `keras.Variable`, which gets its gradient too. At
            infinity the result is that of `hard`, with the gradient 0.
        straight_through: Give exactly the one-hot of the arg-max forward, and
            the gradient of the soft one backward.
        mask: Booleans that broadcast to the shape of `x`, or `None`; `False`:
            that entry can't be chosen.
        hard: Give exactly the one-hot of the arg-max, which has no gradient.

    Returns:
        Of the shape and dtype of `x`, from 0 to 1; Keras's floatx for integers.

    Raises:
        ValueError: for an axis that x does not have, that is named twice or is
            empty; for a sharpness that is not above 0; for a mask that is not
            boolean or does not fit.

    Reference: Bridle, Training stochastic model recognition algorithms as
    networks can lead to maximum mutual information estimation of parameters,
    NIPS 1989 (the softmax); for straight-through, Bengio et al.,
    https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.argmax import soft_one_hot
    >>> scores = np.array([1.0, 3.0, 2.0, 3.0])
    >>> np.array(soft_one_hot(scores, sharpness=50)).round(4).tolist()
    [0.0, 0.5, 0.0, 0.5]
    >>> np.array(soft_one_hot(scores, straight_through=True)).tolist()
    [0.0, 1.0, 0.0, 0.0]
    >>> may = np.array([True, False, True, False])
    >>> np.array(soft_one_hot(scores, hard=True, mask=may)).tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    rows = _rows(x, axis, sharpness, mask, hard)

    def shares(e, total):
        p = e / total

        def pull(g):
            return g - ops.sum(g * p, rows.axes, keepdims=True)

        return p, pull

    def first(rank, chosen):
        return rank == chosen

    return _select(x, rows, straight_through, shares, first)


class _Rows(NamedTuple):
    """Along what there is one choice, and how sharp it is.

    axes: the axes, counted from the front; sizes: their lengths, tensors where
    they are known only when the graph runs; ndim and dtype are those of x.
    """

    axes: tuple[int, ...]
    sizes: tuple
    ndim: int
    dtype: str
    sharpness: Any
    mask: Any
    hard: bool


def _rows(x, axis, sharpness, mask, hard):
    shape = tuple(x.shape)
    axes = _axes(axis, shape)
    sizes = tuple(ops.shape(x)[place] for place in axes)
    if all(isinstance(size, int) for size in sizes):
        if math.prod(sizes) > COUNTABLE:
            raise ValueError(
                f"`axis` may hold up to {COUNTABLE:,} entries. Received: x of "
                f"shape {shape}, axis={axis!r}"
            )
    dtype = keras.backend.standardize_dtype(x.dtype)
    sharpness = _sharpness(sharpness, dtype)
    if isinstance(sharpness, float) and math.isinf(sharpness):
        hard = True
    return _Rows(
        axes, sizes, len(shape), dtype, sharpness, _mask(mask, shape), hard
    )


def _axes(axis, shape):
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    for each in given:
        if isinstance(each, bool) or not isinstance(each, (int, np.integer)):
            raise ValueError(
                "`axis` must be an integer or a tuple of integers. Received: "
                f"axis={axis!r}"
            )
        if not -len(shape) <= each < len(shape):
            raise ValueError(
                f"`axis` must be an axis of x. Received: axis={axis!r} and x "
                f"of shape {shape}, which has {len(shape)} axes"
            )
    axes = tuple(int(each) % len(shape) for each in given)
    if not axes or len(set(axes)) < len(axes):
        raise ValueError(
            "`axis` must name one axis or more, each once. Received: "
            f"axis={axis!r} for x of shape {shape}"
        )
    if any(shape[place] == 0 for place in axes):
        raise ValueError(
            "There is no highest entry among none. Received: x of shape "
            f"{shape}, axis={axis!r}; leave the empty ones out before."
        )
    return axes


def _whole(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(
            f"`{name}` must be a whole number. Received: {name}={value!r}"
        )
    return int(value)


def _sharpness(sharpness, dtype):
    """A float, or a scalar tensor that is NaN where it is too small.

    From `least` on, entries so far from the maximum that the difference
    overflows have no share; below it they would.
    """
    least = 1000 / float(np.finfo(dtype).max)
    sharpness = _checks.positive("sharpness", sharpness)
    if isinstance(sharpness, float):
        if sharpness < least:
            raise ValueError(
                f"`sharpness` must be at least {least:.2g} for {dtype}. "
                f"Received: sharpness={sharpness}"
            )
        return sharpness
    sharpness = ops.convert_to_tensor(sharpness)
    if tuple(sharpness.shape):
        raise ValueError(
            "`sharpness` must be a number or a scalar tensor. Received: a "
            f"tensor of shape {tuple(sharpness.shape)}"
        )
    sharpness = ops.cast(sharpness, dtype)
    if _backend.is_concrete(sharpness):
        _sharpness(float(ops.stop_gradient(sharpness)), dtype)
    return ops.where(sharpness >= least, sharpness, math.nan)


def _mask(mask, shape):
    if mask is None:
        return None
    if keras.backend.standardize_dtype(mask.dtype) != "bool":
        raise ValueError(
            "`mask` must be boolean, False where an entry can't be chosen. "
            "Received: a mask of numbers; say which of them mean True, as in "
            "mask > 0."
        )
    own = tuple(mask.shape)
    fits = len(own) <= len(shape) and all(
        a in (1, None, b) or b is None for a, b in zip(own[::-1], shape[::-1])
    )
    if not fits:
        raise ValueError(
            "`mask` must broadcast to the shape of x. Received: mask of shape "
            f"{own}, x of shape {shape}"
        )
    return mask


def _along(values, place, rows):
    """0, 1, … as an axis of x; `values` is how many."""
    shape = [1] * rows.ndim
    shape[place] = -1
    return ops.reshape(ops.arange(values, dtype="int32"), shape)


def _strides(sizes):
    """What a step along each axis adds to the rank among all entries."""
    return [
        functools.reduce(lambda a, b: a * b, sizes[k + 1 :], 1)
        for k in range(len(sizes))
    ]


def _select(x, rows, straight_through, of_shares: Callable, of_rank: Callable):
    """A function of the softmax, of the first maximum, or one for the other.

    of_shares(e, total): the value, where the softmax is e/total, and a function
        of the gradient g from above that returns h - Σ h·p, h = dL/dp.
    of_rank(rank, chosen): the value, from the ranks of all and of the chosen.
    """
    if rows.hard:
        return _first(x, rows, of_rank)
    if isinstance(rows.sharpness, float):

        def of_x(x):
            value, backward = _closed_form(
                x, rows.sharpness, rows, straight_through, of_shares, of_rank
            )
            return value, lambda g: backward(g)[0]()

        return differentiable(of_x)(x)

    def of_both(x, sharpness):
        value, backward = _closed_form(
            x, sharpness, rows, straight_through, of_shares, of_rank
        )
        return value, lambda g: tuple(each() for each in backward(g))

    return differentiable(of_both)(x, rows.sharpness)


def _closed_form(x, sharpness, rows, straight_through, of_shares, of_rank):
    largest = float(np.finfo(rows.dtype).max)
    constant = isinstance(sharpness, float)
    # Infinity times the maximum's distance, which is 0, would be NaN.
    s = (min if constant else ops.minimum)(sharpness, largest)
    distance, e, total = _softmax(x, s, rows)
    soft, pull = of_shares(e, total)
    is_hard = False if constant else sharpness > largest
    value = soft
    if straight_through:
        value = _first(x, rows, of_rank)
    elif not constant:
        value = ops.where(is_hard, _first(x, rows, of_rank), soft)

    def backward(g):
        if not constant:
            g = ops.where(is_hard, 0.0, g)
        pulled = e * pull(g)
        return (
            lambda: ops.clip(pulled * (s / total), -largest, largest),
            # Where there is no share the distance may be infinite.
            lambda: ops.sum(pulled / total * ops.where(e > 0, distance, 0.0)),
        )

    return value, backward


def _softmax(x, s, rows):
    """x - max x, exp(s·(x - max x)), and the sum of that, 1 if there is none.

    Differentiable again, which the second derivative takes.
    """
    if rows.mask is not None:
        x = ops.where(rows.mask, x, -math.inf)
    top = ops.stop_gradient(_highest(x, rows))
    distance = _difference(x, top)
    e = ops.exp(s * distance)
    if rows.mask is not None:
        e = ops.where(rows.mask, e, 0.0)
    total = ops.sum(e, rows.axes, keepdims=True)
    if rows.mask is not None:
        total = ops.where(total == 0, 1.0, total)
    return distance, e, total


def _difference(x, top):
    """x - top; 0 where both are infinite, of which the difference is NaN."""
    infinite = ops.isinf(top)
    if _backend.is_concrete(top) and not bool(ops.any(infinite)):
        return x - top
    same = x == ops.where(infinite, top, math.nan)
    return ops.where(same, 0.0, x - top)


def _highest(x, rows):
    # With `initial` a batch of no rows, too, has a maximum for Keras.
    return ops.max(x, rows.axes, keepdims=True, initial=-math.inf)


def _first(x, rows, of_rank):
    """`of_rank` for the first of the highest entries; NaN where there is NaN.

    Not by ops.argmax, which knows one axis and no mask, and which on
    TensorFlow takes -0 as less than 0, as NumPy's does not.
    """
    if rows.mask is not None:
        x = ops.where(rows.mask, x, -math.inf)
    highest = x == _highest(x, rows)
    if rows.mask is not None:
        highest = ops.logical_and(highest, rows.mask)
    strides = _strides(rows.sizes)
    rank = sum(
        stride * _along(size, place, rows)
        for stride, size, place in zip(strides, rows.sizes, rows.axes)
    )
    after = strides[0] * rows.sizes[0]
    chosen = ops.min(
        ops.where(highest, rank, after),
        rows.axes,
        keepdims=True,
        initial=after,
    )
    value = ops.cast(of_rank(rank, chosen), rows.dtype)
    missing = ops.any(ops.isnan(x), rows.axes, keepdims=True)
    if len(value.shape) > rows.ndim:
        missing = ops.expand_dims(missing, -1)
    return ops.where(missing, math.nan, value)
