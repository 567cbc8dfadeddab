"""Rates of binary decisions: shares of the right or the wrong, one line each.

Each is a function of `Counts`, gives 1 for the best and works entry by entry.
0/0 is NaN.
"""

from __future__ import annotations

from softkeras import _checks
from softkeras._types import Tensor, TensorLike
from softkeras.counts import Counts

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "expected_cost",
    "hamming",
    "informedness",
    "markedness",
    "negative_predictive_value",
    "precision",
    "recall",
    "specificity",
]


def precision(counts: Counts) -> Tensor:
    """Precision, the positive predictive value: tp/(tp + fp).

    The share of what is called positive that is positive.

    Gradient: ∂/∂tp = fp/(tp + fp)², ∂/∂fp = -tp/(tp + fp)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is called
        positive.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> float(scores.precision(Counts(*np.array([3.0, 1.0, 2.0, 4.0]))))
    0.75
    """
    return counts.tp / (counts.tp + counts.fp)


def recall(counts: Counts) -> Tensor:
    """Recall, the sensitivity or true positive rate: tp/(tp + fn).

    The share of what is positive that is called positive.

    Gradient: ∂/∂tp = fn/(tp + fn)², ∂/∂fn = -tp/(tp + fn)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is positive.

    Reference: C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> float(scores.recall(Counts(*np.array([3.0, 1.0, 2.0, 4.0]))))
    0.6
    """
    return counts.tp / (counts.tp + counts.fn)


def specificity(counts: Counts) -> Tensor:
    """Specificity, the true negative rate: tn/(tn + fp).

    The share of what is negative that is called negative.

    Gradient: ∂/∂tn = fp/(tn + fp)², ∂/∂fp = -tn/(tn + fp)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is negative.

    Reference: D. M. W. Powers, Evaluation, https://arxiv.org/abs/2010.16061.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.specificity(counts)), 4)
    0.8
    """
    return counts.tn / (counts.tn + counts.fp)


def negative_predictive_value(counts: Counts) -> Tensor:
    """The negative predictive value: tn/(tn + fn).

    The share of what is called negative that is negative.

    Gradient: ∂/∂tn = fn/(tn + fn)², ∂/∂fn = -tn/(tn + fn)².

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where nothing is called
        negative.

    Reference: D. M. W. Powers, Evaluation, https://arxiv.org/abs/2010.16061.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.negative_predictive_value(counts)), 4)
    0.6667
    """
    return counts.tn / (counts.tn + counts.fn)


def accuracy(counts: Counts) -> Tensor:
    """Accuracy: (tp + tn)/n, with n = tp + fp + fn + tn.

    The share of what is called right.

    Gradient: (fp + fn)/n² in tp and tn, -(tp + tn)/n² in fp and fn.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where there is nothing.

    Reference: D. M. W. Powers, Evaluation, https://arxiv.org/abs/2010.16061.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.accuracy(counts)), 4)
    0.7
    """
    return (counts.tp + counts.tn) / sum(counts)


def hamming(counts: Counts) -> Tensor:
    """1 - the Hamming loss: the share of labels that are right.

    Formula: (tp + tn)/(tp + fp + fn + tn), as `accuracy`; with several labels
    a sample, all are counted, whether the sample's others are right or not.

    Gradient: that of `accuracy`.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where there is nothing.

    Reference: G. Tsoumakas, I. Katakis, Multi-label classification: an
    overview, https://doi.org/10.4018/jdwm.2007070101.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.hamming(counts)), 4)
    0.7
    """
    return accuracy(counts)


def balanced_accuracy(counts: Counts) -> Tensor:
    """Balanced accuracy: ½·(tp/(tp + fn) + tn/(tn + fp)).

    The mean of recall and specificity.

    Gradient: ½ of those of `recall` and of `specificity`.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from 0 to 1; NaN where one of the classes does
        not occur.

    Reference: K. H. Brodersen et al., The balanced accuracy and its posterior
    distribution, https://doi.org/10.1109/ICPR.2010.764.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.balanced_accuracy(counts)), 4)
    0.7
    """
    return 0.5 * (recall(counts) + specificity(counts))


def informedness(counts: Counts) -> Tensor:
    """Informedness, Youden's J: tp/(tp + fn) + tn/(tn + fp) - 1.

    Recall and specificity less 1: how much better than a guess.

    Gradient: those of `recall` and of `specificity`.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from -1 to 1, a
        guess being 0; NaN where one of the classes does not occur.

    Reference: W. J. Youden, Index for rating diagnostic tests, Cancer 3, 1950.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.informedness(counts)), 4)
    0.4
    """
    return recall(counts) + specificity(counts) - 1


def markedness(counts: Counts) -> Tensor:
    """Markedness: tp/(tp + fp) + tn/(tn + fn) - 1.

    Precision and negative predictive value less 1.

    Gradient: those of `precision` and of `negative_predictive_value`.

    Args:
        counts: `Counts` of any shape.

    Returns:
        The score of each entry, from -1 to 1, a
        guess being 0; NaN where nothing or
        all is called positive.

    Reference: D. M. W. Powers, Evaluation, https://arxiv.org/abs/2010.16061.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.markedness(counts)), 4)
    0.4167
    """
    return precision(counts) + negative_predictive_value(counts) - 1


def expected_cost(
    counts: Counts, cost_matrix: TensorLike = ((0, 1), (1, 0))
) -> Tensor:
    """1 - the mean cost of a decision.

    Formula: 1 - Σ cost·count/(tp + fp + fn + tn). The loss is the mean cost.

    Gradient: with C the mean cost, n the sum of counts: (C - cost)/n in each
    count.

    Args:
        counts: `Counts` of any shape.
        cost_matrix: [[cost of a true negative, of a false positive], [of a
            false negative, of a true positive]]: row the label, column the
            decision. By default the errors cost 1, which is `accuracy`.

    Returns:
        The score of each entry, 1 where nothing is lost; NaN where
        there is nothing.

    Raises:
        ValueError: if that is not 2 by 2 finite numbers.

    Reference: C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> from softkeras.counts import Counts
    >>> counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    >>> round(float(scores.expected_cost(counts, [[0, 1], [4.5, 0]])), 4)
    0.0
    """
    (of_tn, of_fp), (of_fn, of_tp) = _checks.cost_matrix(cost_matrix, 2)
    cost = (
        of_tp * counts.tp
        + of_fp * counts.fp
        + of_fn * counts.fn
        + of_tn * counts.tn
    )
    return 1 - cost / sum(counts)
