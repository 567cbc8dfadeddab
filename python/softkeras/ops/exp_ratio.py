"""The ratio 1/(1 - e^-x) - 1/x, which is the mean of a continuous Bernoulli.

As it stands it is 0/0 at 0 and ∞/∞ in its gradient, and next to 0 its terms
cancel. Here the function and its first two derivatives have a formula each, of
one of two forms:

- near 0, with z = x² and p = 4π², the pole pair that is next to 0 is taken out,
  f = ½ + x·(2/(z + p) + Q(z)), which leaves nothing that cancels; Q and its
  derivatives are short polynomials, from tools/fit_exp_ratio.py;
- elsewhere, with a = |x|, q = 1/a and r = e^-a/(1 - e^-a), of which
  q' = -q² and r' = -r(1 + r), f(-a) = q - r, f'(±a) = q² - r(1 + r) and
  f''(±a) = ±(r(1 + r)(1 + 2r) - 2q³), in which nothing overflows.

Each form gets an x that is cut to where it is meant, so that the one that is
not taken stays finite too. Three formulas are faster than one whose gradient
is left to automatic differentiation, and keep no intermediate results for it.
Where they could share a quotient they don't: a compiler would then compute it
in a pass over memory of its own.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence

import keras

from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import elementwise

__all__ = [
    "continuous_bernoulli_mean",
    "exp_ratio",
    "exp_ratio_sum",
    "log_exprel",
]

POLE = 4 * math.pi**2
# Where the form near 0 ends. The more often f has been differentiated, the more
# cancels in the other form, and the further out it may begin.
NEAR, NEAR_FIRST, NEAR_SECOND = 2.5, 4.0, 5.0
# Above log(x) for every x that a float64 can be.
LARGEST_LOG = 1e3

# What tools/fit_exp_ratio.py prints: the coefficients of z^0, z^1, ...
VALUE = {  # |x| < 2.5
    "float32": (  # 0.031 ulp
        3.26727413e-02,
        -1.05639934e-04,
        5.62792084e-07,
        -3.11119804e-09,
    ),
    "float64": (  # 0.0014 ulp
        3.2672741512164448e-02,
        -1.0564110705334649e-04,
        5.6373702828554397e-07,
        -3.3571419231328694e-09,
        2.0742869992775111e-11,
        -1.3000346755894394e-13,
        8.1923405399297514e-16,
        -5.1203929941488165e-18,
        2.7501221440644731e-20,
    ),
}
FIRST = {  # |x| < 4.0
    "float32": (  # 0.024 ulp
        3.26727442e-02,
        -3.16923040e-04,
        2.81847857e-06,
        -2.34439424e-08,
        1.79701399e-10,
        -1.01368585e-12,
    ),
    "float64": (  # 0.0049 ulp
        3.2672741512164441e-02,
        -3.1692332116004055e-04,
        2.8186851414371609e-06,
        -2.3499993485124650e-08,
        1.8668585524211064e-10,
        -1.4300527143588597e-12,
        1.0654794531579551e-14,
        -7.7690747187446912e-17,
        5.5606458514344978e-19,
        -3.8662760302033637e-21,
        2.4245501447073975e-23,
        -1.0123918152700300e-25,
    ),
}
SECOND = {  # |x| < 5.0
    "float32": (  # 0.031 ulp
        -6.33846639e-04,
        1.12747270e-05,
        -1.40991196e-07,
        1.49133880e-09,
        -1.40457866e-11,
        1.11876014e-13,
        -5.53957364e-16,
    ),
    "float64": (  # 0.0052 ulp
        -6.3384664232008197e-04,
        1.1274740565753673e-05,
        -1.4099996091956988e-07,
        1.4934868490556437e-09,
        -1.4300530328739328e-11,
        1.2785840437331771e-13,
        -1.0878232061428601e-15,
        8.9146755201536886e-18,
        -7.0932945432465747e-20,
        5.5007068633011885e-22,
        -4.1251066942884394e-24,
        2.8608167801886267e-26,
        -1.6054281178612385e-28,
        5.1810135605809057e-31,
    ),
}
LOG = {  # |x| < 2.5
    "float32": (  # 0.062 ulp
        4.16666661e-02,
        -3.47217453e-04,
        5.50527299e-06,
        -1.00478980e-07,
        1.52719214e-09,
    ),
    "float64": (  # 0.041 ulp
        4.1666666666666664e-02,
        -3.4722222222219372e-04,
        5.5114638446140762e-06,
        -1.0333994663031998e-07,
        2.0876751052206177e-09,
        -4.4034468797469464e-11,
        9.5568244363393240e-13,
        -2.1119993773648518e-14,
        4.6385266303743629e-16,
        -9.1820895918229637e-18,
        1.1760242127753854e-19,
    ),
}


def _polynomial(table, z):
    """Σ table[k]·z^k, with the coefficients for the dtype of z."""
    *rest, value = table[keras.backend.standardize_dtype(z.dtype)]
    for coefficient in reversed(rest):
        value = value * z + coefficient
    return value


def _far(x, start):
    """1/a and e^-a, of a = |x| cut to where the form far out is taken."""
    minus_a = -ops.maximum(ops.abs(x), start)
    # Not 1/a: a TensorFlow graph makes that a Reciprocal, some ulp off.
    return -1 / minus_a, ops.exp(minus_a)


def _below(x):
    """f(-|x|), at most ½, relatively exact also where it is next to 0."""
    a = ops.minimum(ops.abs(x), NEAR)
    z = ops.square(a)
    near = 0.5 - a * (2 / (z + POLE) + _polynomial(VALUE, z))
    q, decay = _far(x, NEAR)
    return ops.where(ops.abs(x) < NEAR, near, q - decay / (1 - decay))


@differentiable
def _ratio(x):
    below = _below(x)
    return ops.where(x < 0, below, 1 - below), lambda g: g * _first(x)


@differentiable
def _ratio_minus_step(x):
    """f(x) - 1[x >= 0], as if the step had the derivative 0."""
    below = _below(x)
    return ops.where(x < 0, below, -below), lambda g: g * _first(x)


@differentiable
def _first(x):
    """f'(x), from 1/12 at 0 to 1/x² far out."""
    z = ops.square(ops.minimum(ops.abs(x), NEAR_FIRST))
    poles = (2 * POLE - 2 * z) / ops.square(z + POLE)
    near = poles + _polynomial(FIRST, z)
    q, decay = _far(x, NEAR_FIRST)
    far = ops.square(q) - decay / ops.square(1 - decay)
    value = ops.where(ops.abs(x) < NEAR_FIRST, near, far)
    return value, lambda g: g * _second(x)


def _second(x):
    """f''(x). Third derivatives are those of these formulas."""
    x_near = ops.clip(x, -NEAR_SECOND, NEAR_SECOND)
    z = ops.square(x_near)
    s = z + POLE
    poles = (4 * z - 12 * POLE) / (s * ops.square(s))
    near = poles + _polynomial(SECOND, z)
    # Cut well before its end: at |x| = NEAR_SECOND the maximum's own
    # derivative, which third derivatives contain, is ½ in some backends.
    a = ops.maximum(ops.abs(x), NEAR)
    decay = ops.exp(-a)
    r = decay / (1 - decay)
    far = r * (1 + r) * (1 + 2 * r) - (2 / a) / (a * a)
    return ops.where(
        ops.abs(x) < NEAR_SECOND, x_near * near, ops.where(x < 0, -far, far)
    )


def _log_far(x):
    """Log(a/(1 - e^-a)), with a = |x| but at least NEAR."""
    a = ops.maximum(ops.abs(x), NEAR)
    return ops.log(a / (1 - ops.exp(-a)))


@differentiable
def _log_exprel(x):
    near_x = ops.clip(x, -NEAR, NEAR)
    near = near_x * (0.5 + near_x * _polynomial(LOG, ops.square(near_x)))
    log = _log_far(x)
    # At x = ∞ it would be ∞ - ∞.
    far = ops.where(x < 0, -log, x - ops.minimum(log, LARGEST_LOG))
    return ops.where(ops.abs(x) < NEAR, near, far), lambda g: g * _ratio(x)


@differentiable
def log_exprel_below(x):
    """log_exprel(-|x|), which is log_exprel(x) - max(x, 0).

    Its derivative at 0 is that from above, f(0) - 1.
    """
    a = ops.minimum(ops.abs(x), NEAR)
    near = a * (a * _polynomial(LOG, ops.square(a)) - 0.5)
    value = ops.where(ops.abs(x) < NEAR, near, -_log_far(x))
    return value, lambda g: g * _ratio_minus_step(x)


@elementwise("x")
def exp_ratio(x: TensorLike) -> Tensor:
    """1/(1 - e^-x) - 1/x, whose value at 0 is ½, safe to train through.

    Formula: f(x) = 1/(1 - e^-x) - 1/x = ½ + ½·L(x/2), L(v) = coth v - 1/v
    being the Langevin function: from 0 at -∞ (as -1/x) over ½ at 0 to 1 at ∞
    (as 1 - 1/x). It is the mean of the continuous Bernoulli distribution with
    the logit x.

    Gradient: f'(x) = 1/x² - e^-x/(1 - e^-x)², 1/12 at 0. Value, first and
    second derivative have a formula each and are within 2, 5 and 7 units in
    the last place, in float32 and float64; they are finite for every x but
    NaN, also for ±∞.

    Args:
        x: Numbers of any shape, or a ragged tensor. float16 and bfloat16 are
            computed in float32 and rounded once.

    Returns:
        A tensor of the shape and dtype of `x` (integers: Keras's floatx), with
        values from 0 to 1.

    Raises:
        ValueError: if `x` does not hold numbers.

    Reference: Loaiza-Ganem & Cunningham, The continuous Bernoulli,
    https://arxiv.org/abs/1907.06845, proposition 2.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.exp_ratio import exp_ratio
    >>> x = np.array([-1e30, -100.0, 0.0, 1e-30, 50.0, np.inf])
    >>> [round(float(v), 4) for v in exp_ratio(x)]
    [0.0, 0.01, 0.5, 0.5, 0.98, 1.0]
    """
    return _ratio(x)


@elementwise("x")
def exp_ratio_sum(
    x: TensorLike, shifts: Sequence[float] = (0.0, 50.0)
) -> Tensor:
    """The sum of `exp_ratio` at x and at shifts of it.

    Formula: Σ f(x + s) over the shifts s, f being `exp_ratio`.

    Gradient: Σ f'(x + s), each term as in `exp_ratio`.

    Args:
        x: Numbers of any shape, or a ragged tensor.
        shifts: What is added to x, one finite number a term, in units of x.

    Returns:
        A tensor of the shape and dtype of `x` (integers: Keras's floatx), with
        values from 0 to the number of shifts.

    Raises:
        ValueError: if `x` does not hold numbers, or `shifts` is not a sequence
            of at least one finite number.

    Reference: the sum of two such terms is the activation that the function
    was asked about; for the terms see `exp_ratio`.

    Example:

    >>> from softkeras.ops.exp_ratio import exp_ratio_sum
    >>> [round(float(v), 2) for v in exp_ratio_sum([-50.0, 0.0])]
    [0.52, 1.48]
    """
    first, *rest = _finite_numbers("shifts", shifts)
    value = _ratio(x + first)
    for shift in rest:
        value = value + _ratio(x + shift)
    return value


def _finite_numbers(name, values):
    try:
        numbers_ = list(values)
    except TypeError:
        numbers_ = []
    if not numbers_ or not all(
        isinstance(v, numbers.Real)
        and not isinstance(v, bool)
        and math.isfinite(v)
        for v in numbers_
    ):
        raise ValueError(
            f"`{name}` must be a sequence of at least one finite number, such "
            f"as (0.0, 50.0). Received: {name}={values!r}"
        )
    return [float(v) for v in numbers_]


@elementwise("x")
def log_exprel(x: TensorLike) -> Tensor:
    """Log of (e^x - 1)/x, whose value at 0 is 0.

    Formula: log((e^x - 1)/x) = log ∫ e^(x·y) dy over 0 <= y <= 1, which is the
    log-normaliser of the continuous Bernoulli distribution with the logit x:
    from -log(-x) towards -∞ to x - log x towards ∞.

    Gradient: `exp_ratio`. Values are within 2.5 units in the last place, and
    finite for every finite x.

    Args:
        x: Numbers of any shape, or a ragged tensor. float16 and bfloat16 are
            computed in float32 and rounded once.

    Returns:
        A tensor of the shape and dtype of `x` (integers: Keras's floatx).

    Raises:
        ValueError: if `x` does not hold numbers.

    Reference: Loaiza-Ganem & Cunningham, The continuous Bernoulli,
    https://arxiv.org/abs/1907.06845, equation 4.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.exp_ratio import log_exprel
    >>> x = np.array([-1e30, -1.0, 0.0, 1.0, 1000.0])
    >>> [round(float(v), 4) for v in log_exprel(x)]
    [-69.0776, -0.4587, 0.0, 0.5413, 993.0922]
    """
    return _log_exprel(x)


@elementwise("logits")
def continuous_bernoulli_mean(logits: TensorLike) -> Tensor:
    """The mean of the continuous Bernoulli distribution: `exp_ratio`.

    Formula: with the density proportional to λ^y·(1 - λ)^(1 - y) on
    0 <= y <= 1 and the logit x = log(λ/(1 - λ)), the mean of y is
    1/(1 - e^-x) - 1/x.

    Gradient: the variance of y, 1/x² - e^-x/(1 - e^-x)²; see `exp_ratio` for
    the accuracy.

    Args:
        logits: Numbers of any shape, or a ragged tensor: log(λ/(1 - λ)).

    Returns:
        A tensor of the shape and dtype of `logits` (integers: Keras's floatx),
        with values from 0 to 1.

    Raises:
        ValueError: if `logits` does not hold numbers.

    Reference: Loaiza-Ganem & Cunningham, The continuous Bernoulli,
    https://arxiv.org/abs/1907.06845.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.exp_ratio import continuous_bernoulli_mean
    >>> logits = np.log(np.array([0.1, 0.5, 0.9]) / np.array([0.9, 0.5, 0.1]))
    >>> [round(float(v), 4) for v in continuous_bernoulli_mean(logits)]
    [0.3301, 0.5, 0.6699]
    """
    return _ratio(logits)
