"""Agreement of binary decisions with labels in one number, one line each.

Each is a function of `Counts`, gives 1 for the best and works entry by entry.
0/0 is NaN.
"""

from __future__ import annotations

import math

from softkeras import _checks
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor
from softkeras.counts import Counts
from softkeras.scores.rates import recall, specificity

__all__ = [
    "cohen_kappa",
    "critical_success_index",
    "dice",
    "f_beta",
    "fowlkes_mallows",
    "g_mean",
    "jaccard",
    "matthews",
    "tversky",
]

# Where the slope of a square root is held: at 0 it is infinite.
STEEPEST = 1e-12


def f_beta(counts: Counts, beta: float = 1.0) -> Tensor:
    """F-beta, the harmonic mean of precision and recall; F1 at beta = 1.

    Formula: (1 + β²)·tp/((1 + β²)·tp + β²·fn + fp).

    Gradient, with D the denominator: ∂/∂tp = (1 + β²)·(β²·fn + fp)/D²,
    ∂/∂fn = -(1 + β²)·β²·tp/D², ∂/∂fp = -(1 + β²)·tp/D².

    Args:
        counts: `Counts` of any shape.
        beta: The weight of recall against precision, above 0.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        called so.

    Raises:
        ValueError: if beta is not above 0.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.f_beta(counts, beta=2.0)), 4)
    0.625
    """
    beta = _checks.positive("beta", beta)
    weight = beta * beta  # not beta**2, which is an OverflowError of its own
    if isinstance(weight, float) and math.isinf(weight):
        raise ValueError(
            f"`beta` must be below 1e154. Received: beta={beta}; the limit of "
            "large beta is recall."
        )
    # Both shares are at most 1, so that nothing overflows.
    of_fn, of_fp = weight / (1 + weight), 1 / (1 + weight)
    return counts.tp / (counts.tp + of_fn * counts.fn + of_fp * counts.fp)


def dice(counts: Counts) -> Tensor:
    """The Dice coefficient, F1: 2·tp/(2·tp + fp + fn).

    The overlap of two sets: what is positive and what is called so.

    Gradient: that of `f_beta` at beta = 1.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        called so.

    Reference: L. R. Dice, Measures of the amount of ecologic association
    between species, https://doi.org/10.2307/1932409.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.dice(counts)), 4)
    0.6667
    """
    return f_beta(counts)


def jaccard(counts: Counts) -> Tensor:
    """The Jaccard index, intersection over union: tp/(tp + fp + fn).

    Of what is positive or called so, the share that is both.

    Gradient: with U = tp + fp + fn: (fp + fn)/U² in tp, -tp/U² in fp and fn.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        called so.

    Reference: P. Jaccard, The distribution of the flora in the alpine zone,
    https://doi.org/10.1111/j.1469-8137.1912.tb05611.x.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.jaccard(counts)), 4)
    0.5
    """
    return counts.tp / (counts.tp + counts.fp + counts.fn)


def critical_success_index(counts: Counts) -> Tensor:
    """The critical success index: tp/(tp + fp + fn).

    Of the events that came or were forecast, the share that was both: the
    threat score of forecasters, and `jaccard` of the others.

    Gradient: that of `jaccard`.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing came or was
        forecast.

    Reference: J. T. Schaefer, The critical success index as an indicator of
    warning skill, Weather and Forecasting 5, 1990.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.critical_success_index(counts)), 4)
    0.5
    """
    return jaccard(counts)


def tversky(counts: Counts, alpha: float = 0.5, beta: float = 0.5) -> Tensor:
    """The Tversky index: tp/(tp + α·fp + β·fn).

    At α = β = ½ it is Dice, at α = β = 1 Jaccard.

    Gradient: with T the denominator: (α·fp + β·fn)/T² in tp, -α·tp/T² in fp,
    -β·tp/T² in fn.

    Args:
        counts: `Counts` of any shape.
        alpha: α, the weight of a false positive, 0 or more.
        beta: β, the weight of a false negative, 0 or more; one is above 0.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        called so.

    Raises:
        ValueError: for weights that are negative or both 0.

    Reference: A. Tversky, Features of similarity,
    https://doi.org/10.1037/0033-295X.84.4.327; S. S. M. Salehi et al.,
    https://arxiv.org/abs/1706.05721, with α for false positives.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.tversky(counts, alpha=0.3, beta=0.7)), 4)
    0.6383
    """
    alpha, beta = _checks.weights(alpha=alpha, beta=beta)
    return counts.tp / (counts.tp + alpha * counts.fp + beta * counts.fn)


def g_mean(counts: Counts) -> Tensor:
    """The geometric mean of recall and specificity.

    Formula: √(tp/(tp + fn)·tn/(tn + fp)).

    Gradient: ½/√(recall·specificity) times that of the product; the slope of
    the root is held at 5·10⁵, which it has at 10⁻¹².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where one of the classes does
        not occur.

    Reference: M. Kubat, S. Matwin, Addressing the curse of imbalanced training
    sets, ICML 1997.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.g_mean(counts)), 4)
    0.6928
    """
    return _root(recall(counts) * specificity(counts))


def fowlkes_mallows(counts: Counts) -> Tensor:
    """The Fowlkes-Mallows index: √(precision·recall).

    Formula: tp/√((tp + fp)·(tp + fn)).

    Gradient: with S the score: S·(1/tp - ½/(tp + fp) - ½/(tp + fn)) in tp,
    -½·S/(tp + fp) in fp, -½·S/(tp + fn) in fn.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive or
        nothing is called so.

    Reference: E. B. Fowlkes, C. L. Mallows,
    https://doi.org/10.1080/01621459.1983.10478008.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.fowlkes_mallows(counts)), 4)
    0.6708
    """
    called, positive = counts.tp + counts.fp, counts.tp + counts.fn
    return counts.tp / (ops.sqrt(called) * ops.sqrt(positive))


def matthews(counts: Counts) -> Tensor:
    """The Matthews correlation coefficient of labels and decisions.

    Formula: (tp·tn - fp·fn)/√((tp + fp)·(tp + fn)·(tn + fp)·(tn + fn)).

    Gradient: with R the root, M the score: tn/R - ½·M·(1/(tp + fp) +
    1/(tp + fn)) in tp, tp/R - ½·M·(1/(tn + fp) + 1/(tn + fn)) in tn,
    -fn/R - ½·M·(1/(tp + fp) + 1/(tn + fp)) in fp and
    -fp/R - ½·M·(1/(tp + fn) + 1/(tn + fn)) in fn.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from -1 to 1, a
        guess being 0; NaN where a class does
        not occur, or is never called.

    Reference: B. W. Matthews, https://doi.org/10.1016/0005-2795(75)90109-9;
    K. Abhishek, G. Hamarneh, https://arxiv.org/abs/2010.13454, as a loss.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.matthews(counts)), 4)
    0.4082
    """
    tp, fp, fn, tn = counts
    # Roots of each, because the product of all four could overflow.
    of_positive = ops.sqrt(tp + fp) * ops.sqrt(tp + fn)
    of_negative = ops.sqrt(tn + fp) * ops.sqrt(tn + fn)
    return (tp * tn - fp * fn) / (of_positive * of_negative)


def cohen_kappa(counts: Counts) -> Tensor:
    """Cohen's kappa: the agreement beyond that of chance.

    Formula: (a - e)/(1 - e), with n the sum of counts, a = (tp + tn)/n and
    e = ((tp + fp)·(tp + fn) + (tn + fp)·(tn + fn))/n², which is
    2·(tp·tn - fp·fn)/((tp + fp)·(tn + fp) + (tp + fn)·(tn + fn)).

    Gradient: with K the score, W the last denominator: (2·tn - K·(2·tn + fp +
    fn))/W in tp, (2·tp - K·(2·tp + fp + fn))/W in tn,
    -(2·fn + K·(tp + tn + 2·fp))/W in fp, -(2·fp + K·(tp + tn + 2·fn))/W in fn.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from -1 to 1, a
        guess being 0; NaN where all is of one class
        and called so.

    Reference: J. Cohen, A coefficient of agreement for nominal scales,
    https://doi.org/10.1177/001316446002000104.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.cohen_kappa(counts)), 4)
    0.4
    """
    tp, fp, fn, tn = counts
    chance = (tp + fp) * (tn + fp) + (tp + fn) * (tn + fn)
    return 2 * (tp * tn - fp * fn) / chance


def _root(x):
    """The square root, with a slope that is finite at 0 too."""

    def function(x):
        value = ops.sqrt(x)
        return value, lambda g: 0.5 * g / ops.sqrt(ops.maximum(x, STEEPEST))

    return differentiable(function)(ops.convert_to_tensor(x))
