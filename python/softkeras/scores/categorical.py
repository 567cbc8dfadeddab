"""Scores of one class of several: functions of a confusion matrix.

Its rows are the labels, its columns the decisions. Each score gives 1 for the
best. 0/0 is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from softkeras import _checks
from softkeras._backend import ops

__all__ = [
    "categorical_accuracy",
    "categorical_balanced_accuracy",
    "categorical_cost",
    "categorical_kappa",
    "categorical_matthews",
    "mean_iou",
]

WEIGHTS = (None, "linear", "quadratic")


def categorical_accuracy(matrix: Any) -> Any:
    """Accuracy: the share of rows whose class is called.

    Formula: Σ mᵢᵢ/n, with n the sum of the matrix m.

    Gradient: ([i = j] - score)/n in mᵢⱼ.

    Args:
        matrix: A confusion matrix of shape (classes, classes).

    Returns:
        The score, from 0 to 1; NaN of an empty matrix.

    Reference: scikit-learn's `accuracy_score`.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> round(float(scores.categorical_accuracy(m)), 4)
    0.7
    """
    matrix = ops.convert_to_tensor(matrix)
    return ops.trace(matrix) / ops.sum(matrix)


def categorical_balanced_accuracy(matrix: Any) -> Any:
    """Balanced accuracy: the mean recall of the classes that occur.

    Formula: the mean of mᵢᵢ/tᵢ, with tᵢ = Σⱼ mᵢⱼ, over the i with tᵢ > 0.

    Gradient: ([i = j] - mᵢᵢ/tᵢ)/(k·tᵢ) in mᵢⱼ, with k the number of those i.

    Args:
        matrix: A confusion matrix of shape (classes, classes).

    Returns:
        The score, from 0 to 1; NaN of an empty matrix.

    Reference: scikit-learn's `balanced_accuracy_score`.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> round(float(scores.categorical_balanced_accuracy(m)), 4)
    0.6944
    """
    matrix = ops.convert_to_tensor(matrix)
    return _mean_where_any(ops.diagonal(matrix), ops.sum(matrix, axis=1))


def mean_iou(matrix: Any) -> Any:
    """The mean intersection over union of the classes.

    Formula: the mean of mᵢᵢ/uᵢ, with uᵢ = Σⱼ mᵢⱼ + Σⱼ mⱼᵢ - mᵢᵢ, over the i
    with uᵢ > 0: the classes that occur or are called.

    Gradient: with k the number of those i: (1 - mᵢᵢ/uᵢ)/(k·uᵢ) in mᵢᵢ, and
    -(mᵢᵢ/uᵢ² + mⱼⱼ/uⱼ²)/k in mᵢⱼ.

    Args:
        matrix: A confusion matrix of shape (classes, classes).

    Returns:
        The score, from 0 to 1; NaN of an empty matrix.

    Reference: `keras.metrics.MeanIoU`; scikit-learn's `jaccard_score` with
    average="macro".

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> round(float(scores.mean_iou(m)), 4)
    0.5556
    """
    matrix = ops.convert_to_tensor(matrix)
    hits = ops.diagonal(matrix)
    either = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - hits
    return _mean_where_any(hits, either)


def categorical_matthews(matrix: Any) -> Any:
    """The Matthews correlation coefficient of labels and decisions.

    Formula: (n·Σ mᵢᵢ - Σ tᵢ·cᵢ)/√((n² - Σ tᵢ²)·(n² - Σ cᵢ²)), with n the sum
    of the matrix, tᵢ those of its rows and cᵢ those of its columns.

    Gradient: that of the quotient, by the chain rule.

    Args:
        matrix: A confusion matrix of shape (classes, classes).

    Returns:
        The score, at most 1, a guess being 0; NaN where all rows are of one
        class, or called so.

    Reference: J. Gorodkin, Comparing two K-category assignments,
    https://doi.org/10.1016/j.compbiolchem.2004.09.006.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> round(float(scores.categorical_matthews(m)), 4)
    0.5539
    """
    # Of shares, because squares of counts lose their difference in float32.
    matrix = ops.convert_to_tensor(matrix)
    matrix = matrix / ops.sum(matrix)
    label, called = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
    spread = ops.sqrt(ops.sum(label * (1 - label))) * ops.sqrt(
        ops.sum(called * (1 - called))
    )
    return (ops.trace(matrix) - ops.sum(label * called)) / spread


def categorical_kappa(matrix: Any, weights: str | None = None) -> Any:
    """Cohen's kappa: the agreement beyond that of chance.

    Formula: 1 - Σ wᵢⱼ·mᵢⱼ/Σ wᵢⱼ·tᵢ·cⱼ/n, with n the sum of the matrix, tᵢ
    those of its rows, cⱼ those of its columns, and wᵢⱼ = [i ≠ j], or abs(i - j)
    with "linear" weights, (i - j)² with "quadratic" ones.

    Gradient: that of the quotient, by the chain rule.

    Args:
        matrix: A confusion matrix of shape (classes, classes).
        weights: `None`, `"linear"` or `"quadratic"`, for classes in order.

    Returns:
        The score, at most 1, a guess being 0; NaN where all rows are of one
        class and called so.

    Raises:
        ValueError: for other weights.

    Reference: J. Cohen, Weighted kappa, https://doi.org/10.1037/h0026256.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> round(float(scores.categorical_kappa(m)), 4)
    0.5455
    >>> round(float(scores.categorical_kappa(m, weights="quadratic")), 4)
    0.7619
    """
    _checks.one_of("weights", weights, WEIGHTS)
    matrix = ops.convert_to_tensor(matrix)
    place = np.arange(matrix.shape[0])
    apart = np.abs(place[:, None] - place)
    power = {None: apart > 0, "linear": apart, "quadratic": apart**2}[weights]
    cost = ops.cast(ops.convert_to_tensor(power.astype("float64")), matrix.dtype)
    label, called = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
    chance = label[:, None] * (called / ops.sum(matrix))
    return 1 - ops.sum(cost * matrix) / ops.sum(cost * chance)


def categorical_cost(matrix: Any, cost_matrix: Any) -> Any:
    """1 - the mean cost of a decision.

    Formula: 1 - Σ costᵢⱼ·mᵢⱼ/n, with n the sum of the matrix. The loss is the
    mean cost.

    Gradient: with C the mean cost: (C - costᵢⱼ)/n in mᵢⱼ.

    Args:
        matrix: A confusion matrix of shape (classes, classes).
        cost_matrix: The cost of calling class j what is of class i, in row i
            and column j.

    Returns:
        The score, 1 where nothing is lost; NaN of an empty matrix.

    Raises:
        ValueError: if the costs are not finite or not a row and a column for
            each class.

    Reference: C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.

    Example:

    >>> import numpy as np
    >>> from softkeras import scores
    >>> m = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> costs = [[0.0, 1.0, 1.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    >>> round(float(scores.categorical_cost(m, costs)), 4)
    0.6
    """
    matrix = ops.convert_to_tensor(matrix)
    costs = _checks.cost_matrix(cost_matrix, matrix.shape[0])
    costs = ops.convert_to_tensor(np.array(costs))
    return 1 - ops.sum(ops.cast(costs, matrix.dtype) * matrix) / ops.sum(matrix)


def _mean_where_any(hits, total):
    """The mean of hits/total over the entries in which there is something."""
    some = total > 0
    share = ops.where(some, hits, 0.0) / ops.where(some, total, 1.0)
    return ops.sum(share) / ops.sum(ops.cast(some, share.dtype))
