"""The losses of a confusion matrix, scikit-learn's scores, and data of both."""

import numpy as np
from scipy.special import softmax
from sklearn import metrics as sk

from softkeras import losses

CLASSES = 4
RNG = np.random.default_rng(20261121)
IDS = RNG.integers(0, CLASSES, 40)
ONE_HOT = np.eye(CLASSES)[IDS]
LOGITS = 2 * RNG.normal(size=(40, CLASSES)) + 1.5 * ONE_HOT
SHARES = softmax(LOGITS, -1)
WEIGHTS = RNG.integers(0, 4, 40) / 2
COSTS = RNG.integers(0, 9, (CLASSES, CLASSES)) / 3


def mean_cost(y, called, sample_weight=None):
    return 1 - np.average(COSTS[y, called], weights=sample_weight)


def kappa_of(weights):
    return lambda y, called, sample_weight=None: sk.cohen_kappa_score(
        y, called, weights=weights, sample_weight=sample_weight
    )


def jaccard(y, called, sample_weight=None):
    return sk.jaccard_score(
        y, called, average="macro", sample_weight=sample_weight
    )


# Of a loss: its arguments, and the score of scikit-learn.
LOSSES = {
    "accuracy": (losses.soft_categorical_accuracy, {}, sk.accuracy_score),
    "balanced": (
        losses.soft_categorical_balanced_accuracy,
        {},
        sk.balanced_accuracy_score,
    ),
    "matthews": (losses.soft_categorical_matthews, {}, sk.matthews_corrcoef),
    "kappa": (losses.soft_categorical_kappa, {}, kappa_of(None)),
    "linear": (
        losses.soft_categorical_kappa,
        {"weights": "linear"},
        kappa_of("linear"),
    ),
    "quadratic": (
        losses.soft_categorical_kappa,
        {"weights": "quadratic"},
        kappa_of("quadratic"),
    ),
    "iou": (losses.soft_mean_iou, {}, jaccard),
    "cost": (losses.soft_categorical_cost, {"cost_matrix": COSTS}, mean_cost),
}
