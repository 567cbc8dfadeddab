"""Scores: what is made of counts, one line each.

Those of one class of several are functions of a confusion matrix. Any other
score is a function of `Counts` that gives 1 for the best and works entry by
entry: `lambda c: c.tp / (c.tp + c.fp + c.fn)` is one. Where it is 0/0 it is
undefined, and `empty` says what an undefined entry does. `average_score` takes
the mean over the entries.
"""

from softkeras.scores.agreement import (
    cohen_kappa,
    critical_success_index,
    dice,
    f_beta,
    fowlkes_mallows,
    g_mean,
    jaccard,
    matthews,
    tversky,
)
from softkeras.scores.averaging import average_score
from softkeras.scores.categorical import (
    categorical_accuracy,
    categorical_balanced_accuracy,
    categorical_cost,
    categorical_kappa,
    categorical_matthews,
    mean_iou,
)
from softkeras.scores.rates import (
    accuracy,
    balanced_accuracy,
    expected_cost,
    hamming,
    informedness,
    markedness,
    negative_predictive_value,
    precision,
    recall,
    specificity,
)

__all__ = [
    "accuracy",
    "average_score",
    "balanced_accuracy",
    "categorical_accuracy",
    "categorical_balanced_accuracy",
    "categorical_cost",
    "categorical_kappa",
    "categorical_matthews",
    "cohen_kappa",
    "critical_success_index",
    "dice",
    "expected_cost",
    "f_beta",
    "fowlkes_mallows",
    "g_mean",
    "hamming",
    "informedness",
    "jaccard",
    "markedness",
    "matthews",
    "mean_iou",
    "negative_predictive_value",
    "precision",
    "recall",
    "specificity",
    "tversky",
]
