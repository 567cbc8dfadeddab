"""Scores of one class of several: functions of a confusion matrix.

Its rows are the labels, its columns the decisions. Each score gives 1 for the
best. 0/0 is NaN.
"""

from __future__ import annotations

import keras
import numpy as np

from softkeras import _checks
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.confusion import Margins

__all__ = [
    "categorical_accuracy",
    "categorical_balanced_accuracy",
    "categorical_cost",
    "categorical_kappa",
    "categorical_matthews",
    "mean_iou",
]

WEIGHTS = (None, "linear", "quadratic")


def categorical_accuracy(matrix: TensorLike) -> Tensor:
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
    return _accuracy(_margins(_read(matrix)))


def categorical_balanced_accuracy(matrix: TensorLike) -> Tensor:
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
    return _balanced_accuracy(_margins(_read(matrix)))


def mean_iou(matrix: TensorLike, present: bool = False) -> Tensor:
    """The mean intersection over union of the classes.

    Formula: the mean of mᵢᵢ/uᵢ, with uᵢ = Σⱼ mᵢⱼ + Σⱼ mⱼᵢ - mᵢᵢ, over the i
    with uᵢ > 0: the classes that occur or are called.

    Gradient: with k the number of those i: (1 - mᵢᵢ/uᵢ)/(k·uᵢ) in mᵢᵢ, and
    -(mᵢᵢ/uᵢ² + mⱼⱼ/uⱼ²)/k in mᵢⱼ.

    Args:
        matrix: A confusion matrix of shape (classes, classes).
        present: Whether the mean is over the classes that occur alone. A class
            that is called and does not occur is 0 otherwise, and soft decisions
            call every class a little.

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
    _checks.boolean("present", present)
    return _mean_iou(_margins(_read(matrix)), present)


def categorical_matthews(matrix: TensorLike) -> Tensor:
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
    matrix = _read(matrix)
    matrix = matrix / ops.sum(matrix)
    label, called = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
    mistakes = _mistakes(matrix)
    missed, wrong = ops.sum(mistakes, axis=1), ops.sum(mistakes, axis=0)
    hits, rest = ops.diagonal(matrix), _others(label)
    # mᵢᵢ - tᵢ·cᵢ is made of what is small, where almost all is called one class
    # (`most`): 1 - tᵢ there is no difference but the sum of the others, and of
    # `most` itself it is tp·tn - fp·fn.
    most = ops.one_hot(ops.argmax(called), matrix.shape[0], dtype=matrix.dtype)
    beside = ops.sum(matrix * (1 - most)[:, None] * (1 - most))
    together = ops.where(
        most > 0,
        hits * beside - missed * wrong,
        hits * rest - label * wrong,
    )
    spread = ops.sqrt(ops.sum(label * rest)) * ops.sqrt(
        ops.sum(called * _others(called))
    )
    return ops.sum(together) / spread


def categorical_kappa(matrix: TensorLike, weights: str | None = None) -> Tensor:
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
    matrix = _read(matrix)
    place = np.arange(matrix.shape[0])
    apart = np.abs(place[:, None] - place)
    costs = {None: apart > 0, "linear": apart, "quadratic": apart**2}[weights]
    costs = ops.convert_to_tensor(costs.astype("float64"), matrix.dtype)
    matrix = matrix / ops.sum(matrix)
    label, called = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
    chance = label[:, None] * called
    return 1 - ops.sum(costs * matrix) / ops.sum(costs * chance)


def categorical_cost(matrix: TensorLike, cost_matrix: TensorLike) -> Tensor:
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
    matrix = _read(matrix)
    costs = _checks.cost_matrix(cost_matrix, matrix.shape[0])
    costs = ops.convert_to_tensor(costs, matrix.dtype)
    return 1 - ops.sum(costs * (matrix / ops.sum(matrix)))


def _read(matrix):
    """The matrix as a tensor of floats."""
    matrix = _checks.tensor("matrix", matrix)
    if "float" not in keras.backend.standardize_dtype(matrix.dtype):
        matrix = ops.cast(matrix, keras.backend.floatx())
    shape = tuple(matrix.shape)
    if len(shape) != 2 or shape[0] != shape[1] or (shape[0] or 0) < 2:
        raise ValueError(
            "A confusion matrix has the shape (classes, classes), with two "
            f"classes or more. Received: a matrix of shape {shape}"
        )
    return matrix


def _margins(matrix):
    mistakes = _mistakes(matrix)
    return Margins(
        ops.diagonal(matrix),
        ops.sum(mistakes, axis=1),
        ops.sum(mistakes, axis=0),
    )


def _accuracy(margins):
    return ops.sum(margins.hits) / ops.sum(margins.hits + margins.missed)


def _balanced_accuracy(margins):
    label = margins.hits + margins.missed
    return _mean_where_any(margins.hits, label, label)


def _mean_iou(margins, present):
    label = margins.hits + margins.missed
    either = label + margins.wrong
    return _mean_where_any(margins.hits, either, label if present else either)


# The scores that need no more than the margins, as functions of those.
OF_MARGINS = {
    categorical_accuracy: _accuracy,
    categorical_balanced_accuracy: _balanced_accuracy,
    mean_iou: _mean_iou,
}


def _mistakes(matrix):
    """The matrix without its diagonal."""
    return matrix * (1 - ops.eye(matrix.shape[0], dtype=matrix.dtype))


def _others(shares):
    """For each entry the sum of all others."""
    eye = ops.eye(shares.shape[0], dtype=shares.dtype)
    return ops.sum(shares * (1 - eye), axis=1)


def _mean_where_any(hits, total, counted):
    """The mean of hits/total over the entries in which anything is counted."""
    # Not `counted > 0`, so that a NaN counts.
    nothing = counted <= 0
    share = hits / ops.where(nothing, 1.0, total)
    count = ops.sum(ops.cast(ops.logical_not(nothing), share.dtype))
    return ops.sum(ops.where(nothing, 0.0, share)) / count
