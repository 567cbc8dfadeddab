"""Steps and rounding of any real number: step, sign, round, floor, ceil."""

from __future__ import annotations

from collections.abc import Callable

from softkeras import _shapes, steps
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import elementwise
from softkeras.steps import Step, StepLike

__all__ = ["soft_ceil", "soft_floor", "soft_round", "soft_sign", "soft_step"]


@elementwise("x", "threshold")
def soft_step(
    x: TensorLike,
    threshold: TensorLike = 0.0,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
) -> Tensor:
    """A soft 0/1 step of any real x: the Heaviside function with a gradient.

    Formula: G(s·(x - t)), with G the shape of the step (see
    `softkeras.steps.Step`), s the sharpness and t the threshold.

    Gradient: s·G'(s·(x - t)) in x, and its negative in t; finite for every
    finite x. With `hard` it is 0.

    Args:
        x: Numbers of any shape.
        threshold: Where the step is: a number, or a tensor that broadcasts
            with x (per channel, say), which gets a gradient.
        step: A name such as `"sigmoid"` or `"arctan"`, a callable, or a
            `softkeras.steps.Step` with `scale="probability"`. Of a Step the
            shape, sharpness and `straight_through` count; `anchored` does
            not, for x has no ends to be anchored at.
        sharpness: The slope at the threshold, s > 0, per unit of x. Default:
            that of the step; 8 for a name, 1 for a callable.
        straight_through: Give exactly the hard step forward and the soft
            one's gradient backward.
        hard: Give the hard step: 1 where x > t, else 0. The same as
            `step="hard"` and as an infinite sharpness.

    Returns:
        A tensor of the shape that x and the threshold broadcast to, of x's
        dtype (Keras's floatx for integers): 0 at -∞, ½ at t (hard: 0), 1 at
        ∞, NaN at NaN.

    Raises:
        ValueError: for an unknown step, one on `scale="logit"`, or a
            sharpness that is not above 0.

    Reference: Bengio et al., Estimating or propagating gradients through
    stochastic neurons, https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.rounding import soft_step
    >>> x = np.array([-1.0, 0.0, 0.03125, 1.0], "float32")
    >>> np.array(soft_step(x, step="ramp")).tolist()
    [0.0, 0.5, 0.75, 1.0]
    >>> np.array(soft_step(x, hard=True)).tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    step = steps.on_the_line(step, sharpness)
    if hard or step.is_hard:
        return _hard_step(x, threshold)
    soft = _shapes.of(step.shape).cdf(x - threshold, step.slope(x.dtype))
    if not (straight_through or step.straight_through):
        return soft
    return _hard_step(x, threshold) + (soft - ops.stop_gradient(soft))


def _hard_step(x, threshold):
    missing = ops.logical_or(ops.isnan(x), ops.isnan(threshold))
    return ops.where(missing, float("nan"), ops.cast(x > threshold, x.dtype))


@elementwise("x")
def soft_sign(
    x: TensorLike,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
) -> Tensor:
    """A soft sign of any real x, from -1 to 1.

    Formula: 2·G(s·x) - 1, with G the shape of the step; exactly odd for the
    named shapes. For the sigmoid it is tanh(2s·x), for the softsign
    2s·x/(1 + 2s·abs(x)).

    Gradient: 2s·G'(s·x); finite for every finite x. With `hard` it is 0.

    Args:
        x: Numbers of any shape.
        step: As for `soft_step`.
        sharpness: Half the slope at 0, s > 0, per unit of x: that of the step
            from 0 to 1. Default: that of the step; 8 for a name, 1 for a
            callable.
        straight_through: Give exactly the hard sign forward and the soft
            one's gradient backward.
        hard: Give the hard sign: -1, 0 or 1. The same as `step="hard"` and as
            an infinite sharpness.

    Returns:
        A tensor of the shape and dtype of x (Keras's floatx for integers):
        -1 at -∞, 0 at 0, 1 at ∞, NaN at NaN.

    Raises:
        ValueError: as for `soft_step`.

    Reference: Bengio et al., https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.rounding import soft_sign
    >>> x = np.array([-2.0, 0.0, 0.5], "float32")
    >>> np.array(soft_sign(x, step="softsign", sharpness=1)).tolist()
    [-0.800000011920929, 0.0, 0.5]
    """
    step = steps.on_the_line(step, sharpness)
    if hard or step.is_hard:
        return ops.sign(x)
    soft = 2 * _shapes.of(step.shape).middle(step.slope(x.dtype) * x)
    if not (straight_through or step.straight_through):
        return soft
    return ops.sign(x) + (soft - ops.stop_gradient(soft))


@elementwise("x")
def soft_round(
    x: TensorLike,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
) -> Tensor:
    """A soft rounding of any real x to integers.

    Formula: k + F(x - k), k the integer below x and F the step that is
    anchored to be exactly 0, ½, 1 at 0, ½, 1 with the slope s at ½ (see
    `softkeras.steps.Step`). So integers and half-integers stay what they are,
    the curve is continuous and rises throughout, and
    soft_round(x + n) = soft_round(x) + n for an integer n. At s = 1 it is x
    itself; for s → ∞ it is the rounding. For the sigmoid it is
    k + ½ + ½·tanh(α(x - k - ½))/tanh(α/2), with α/(2·tanh(α/2)) = s.

    Gradient: F'(x - k), in closed form, s at half-integers; finite for every
    x. With `hard` it is 0.

    Args:
        x: Numbers of any shape. From 2^23 on (float32; 2^52 in float64) all
            are integers: the value is x.
        step: A name such as `"sigmoid"` or `"arctan"`, or an anchored
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: The slope at half-integers, s >= 1. Default: that of the
            step, 8 for a name.
        straight_through: Give exactly the hard rounding forward and the soft
            one's gradient backward.
        hard: Give the hard rounding, halves to the even neighbour, as
            `keras.ops.round` does. The same as `step="hard"` and as an
            infinite sharpness.

    Returns:
        A tensor of the shape and dtype of x (Keras's floatx for integers):
        ±∞ at ±∞, NaN at NaN.

    Raises:
        ValueError: for an unknown step, one on `scale="logit"`, one that is
            not anchored (a callable is not), or a sharpness below 1.

    Reference: Agustsson and Theis, Universally quantized neural compression,
    https://arxiv.org/abs/2006.09952, for the sigmoid.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.rounding import soft_round
    >>> x = np.array([-1.0, 0.4, 0.5, 2.9], "float32")
    >>> np.array(soft_round(x)).round(2).tolist()
    [-1.0, 0.03999999910593033, 0.5, 3.0]
    >>> np.array(soft_round(x, hard=True)).tolist()
    [-1.0, 0.0, 0.0, 3.0]
    """

    def soft(whole, part, tail):
        value, density = tail(0.5 - ops.abs(part))
        return whole + ops.sign(part) * value, density

    return _integers(
        x, step, sharpness, straight_through, hard, ops.round, soft
    )


@elementwise("x")
def soft_floor(
    x: TensorLike,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
) -> Tensor:
    """A soft floor: the staircase that rises at the integers.

    Formula: soft_round(x - ½), without the rounding of x - ½. It is exactly
    floor(x) at half-integers, n - ½ at an integer n, halfway up the rise
    there, and tends to floor(x) elsewhere as s → ∞.

    Gradient: F'(distance of x from the nearest integer), F the anchored step
    of `soft_round`; s at integers, finite for every x. With `hard` it is 0.

    Args:
        x: Numbers of any shape.
        step: As for `soft_round`.
        sharpness: The slope at integers, s >= 1. Default: that of the step, 8
            for a name.
        straight_through: Give exactly the hard floor forward (n at an integer
            n) and the soft one's gradient backward.
        hard: Give the hard floor. The same as `step="hard"` and as an
            infinite sharpness.

    Returns:
        A tensor of the shape and dtype of x (Keras's floatx for integers):
        ±∞ at ±∞, NaN at NaN.

    Raises:
        ValueError: as for `soft_round`.

    Reference: https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.rounding import soft_floor
    >>> x = np.array([-0.5, 0.0, 0.5, 0.96875], "float32")
    >>> np.array(soft_floor(x, step="ramp")).tolist()
    [-1.0, -0.5, 0.0, 0.25]
    """

    def soft(whole, part, tail):
        value, density = tail(ops.abs(part))
        return whole + ops.where(part < 0, value - 1, -value), density

    return _integers(
        x, step, sharpness, straight_through, hard, ops.floor, soft
    )


@elementwise("x")
def soft_ceil(
    x: TensorLike,
    step: StepLike = "sigmoid",
    sharpness: float | None = None,
    straight_through: bool = False,
    hard: bool = False,
) -> Tensor:
    """A soft ceiling: `soft_floor` and 1.

    Formula: soft_round(x + ½), without the rounding of x + ½, which is
    -soft_floor(-x) too. It is exactly ceil(x) at half-integers, n + ½ at an
    integer n, and tends to ceil(x) elsewhere as s → ∞.

    Gradient: that of `soft_floor`.

    Args:
        x: Numbers of any shape.
        step: As for `soft_round`.
        sharpness: The slope at integers, s >= 1. Default: that of the step, 8
            for a name.
        straight_through: Give exactly the hard ceiling forward (n at an
            integer n) and the soft one's gradient backward.
        hard: Give the hard ceiling. The same as `step="hard"` and as an
            infinite sharpness.

    Returns:
        A tensor of the shape and dtype of x (Keras's floatx for integers):
        ±∞ at ±∞, NaN at NaN.

    Raises:
        ValueError: as for `soft_round`.

    Reference: https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.rounding import soft_ceil
    >>> x = np.array([-0.5, 0.0, 0.5, 0.96875], "float32")
    >>> np.array(soft_ceil(x, step="ramp")).tolist()
    [0.0, 0.5, 1.0, 1.25]
    """

    def soft(whole, part, tail):
        value, density = tail(ops.abs(part))
        return whole + ops.where(part < 0, value, 1 - value), density

    return _integers(x, step, sharpness, straight_through, hard, ops.ceil, soft)


def _integers(
    x, step, sharpness, straight_through, hard, exact: Callable, soft: Callable
):
    """`exact` of x, or its `soft` form in cells of width 1.

    soft(whole, part, tail): the value and the density, from the nearest
    integer, x less it, and the anchored step by the distance to its threshold.
    """
    step = steps.on_the_line(step, sharpness)
    if hard or step.is_hard:
        return exact(x)
    _check_cells(step)
    through = straight_through or step.straight_through
    shape = _shapes.of(step.shape)
    half = ops.convert_to_tensor(0.5, x.dtype)
    slope = ops.convert_to_tensor(step.slope(x.dtype, least=1.0), x.dtype)
    rate = shape.rate(half, slope)

    def tail(a):
        # The straight line, which most shapes only tend to.
        if isinstance(step.sharpness, float) and step.sharpness == 1:
            return 0.5 - a, lambda: ops.ones_like(a)
        return shape.tail(a, half, rate, slope)

    def function(x):
        whole = ops.round(x)
        part = ops.where(ops.isinf(x), 0.0, x - whole)
        value, density = soft(whole, part, tail)
        return exact(x) if through else value, lambda g: density() * g

    return differentiable(function)(x)


def _check_cells(step: Step) -> None:
    if not step.anchored:
        raise ValueError(
            "The steps of a rounding meet at integers or halves, so they must "
            f"be anchored there. Received: step={step}; give the name of a "
            "shape, or a Step with scale='probability' and anchored=True."
        )
    if isinstance(step.sharpness, float) and step.sharpness < 1:
        raise ValueError(
            "A step from one integer to the next must have a sharpness of at "
            "least 1, the slope of the straight line. "
            f"Received: sharpness={step.sharpness}; raise it, or leave it out."
        )
