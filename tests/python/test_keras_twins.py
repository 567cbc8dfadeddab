"""For every classification metric of Keras a loss that trains on it.

With hard decisions each is 1 - the metric, on the same data.
"""

import inspect

import numpy as np
import pytest
from conftest import to_numpy, value_and_gradient
from keras import metrics as km

from softkeras import losses
from softkeras.counts import Counts

RNG = np.random.default_rng(20261121)
Y = RNG.integers(0, 2, 40).astype("float32")
P = RNG.random(40).astype("float32")
WEIGHTS = RNG.integers(1, 5, 40).astype("float32")
CLASSES = 4
IDS = RNG.integers(0, CLASSES, 40)
ONE_HOT = np.eye(CLASSES, dtype="float32")[IDS]
SHARES = RNG.dirichlet(np.ones(CLASSES), 40).astype("float32")
MULTI = RNG.integers(0, 2, (40, CLASSES)).astype("float32")
MULTI_P = RNG.random((40, CLASSES)).astype("float32")

BINARY, SPARSE = (Y, P), (IDS, SHARES)
CATEGORICAL, MULTI_LABEL = (ONE_HOT, SHARES), (MULTI, MULTI_P)
HARD = {"step": "hard"}


def both_ious(c: Counts):
    """The mean of the intersections over unions of positive and negative."""
    return 0.5 * (c.tp / (c.tp + c.fp + c.fn) + c.tn / (c.tn + c.fp + c.fn))


def cost(tn=0, fp=0, fn=0, tp=0):
    """The share of a count, which is then the cost."""
    return losses.SoftExpectedCost([[tn, fp], [fn, tp]], **HARD)


# Of a metric: its instance, the loss, the data, and what of the metric the loss
# is: 1 - it, or for counts the share that it is of all.
TWINS = {
    "Accuracy": (
        km.Accuracy(),
        losses.SoftAccuracy(**HARD),
        BINARY,
    ),
    "BinaryAccuracy": (
        km.BinaryAccuracy(threshold=0.3),
        losses.SoftAccuracy(threshold=0.3, **HARD),
        BINARY,
    ),
    "CategoricalAccuracy": (
        km.CategoricalAccuracy(),
        losses.SoftCategoricalAccuracy(**HARD),
        CATEGORICAL,
    ),
    "SparseCategoricalAccuracy": (
        km.SparseCategoricalAccuracy(),
        losses.SoftCategoricalAccuracy(sparse=True, **HARD),
        SPARSE,
    ),
    "TopKCategoricalAccuracy": (
        km.TopKCategoricalAccuracy(k=2),
        losses.SoftTopKAccuracy(k=2, **HARD),
        CATEGORICAL,
    ),
    "SparseTopKCategoricalAccuracy": (
        km.SparseTopKCategoricalAccuracy(k=2),
        losses.SoftTopKAccuracy(k=2, sparse=True, **HARD),
        SPARSE,
    ),
    "TruePositives": (km.TruePositives(), cost(tp=1), BINARY),
    "FalsePositives": (km.FalsePositives(), cost(fp=1), BINARY),
    "TrueNegatives": (km.TrueNegatives(), cost(tn=1), BINARY),
    "FalseNegatives": (km.FalseNegatives(), cost(fn=1), BINARY),
    "Precision": (km.Precision(), losses.SoftPrecision(**HARD), BINARY),
    "Recall": (km.Recall(), losses.SoftRecall(**HARD), BINARY),
    "PrecisionAtRecall": (
        km.PrecisionAtRecall(0.6, num_thresholds=20001),
        losses.SoftPrecisionAtRecall(0.6, **HARD),
        BINARY,
    ),
    "RecallAtPrecision": (
        km.RecallAtPrecision(0.6, num_thresholds=20001),
        losses.SoftRecallAtPrecision(0.6, **HARD),
        BINARY,
    ),
    "SensitivityAtSpecificity": (
        km.SensitivityAtSpecificity(0.7, num_thresholds=20001),
        losses.SoftSensitivityAtSpecificity(0.7, **HARD),
        BINARY,
    ),
    "SpecificityAtSensitivity": (
        km.SpecificityAtSensitivity(0.7, num_thresholds=20001),
        losses.SoftSpecificityAtSensitivity(0.7, **HARD),
        BINARY,
    ),
    "AUC": (km.AUC(num_thresholds=20001), losses.SoftAUC(**HARD), BINARY),
    "FBetaScore": (
        km.FBetaScore(average="macro", beta=2.0, threshold=0.4),
        losses.SoftFBeta(2.0, threshold=0.4, empty="zero", **HARD),
        MULTI_LABEL,
    ),
    "F1Score": (
        km.F1Score(average="weighted", threshold=0.5),
        losses.SoftFBeta(average="weighted", empty="zero", **HARD),
        MULTI_LABEL,
    ),
    "BinaryIoU": (
        km.BinaryIoU(threshold=0.4),
        losses.ScoreLoss(both_ious, threshold=0.4, **HARD),
        BINARY,
    ),
    "IoU": (
        km.IoU(CLASSES, list(range(CLASSES)), sparse_y_pred=False),
        losses.SoftJaccard(threshold=None, sparse=True, **HARD),
        SPARSE,
    ),
    "MeanIoU": (
        km.MeanIoU(CLASSES, sparse_y_pred=False),
        losses.SoftMeanIoU(sparse=True, **HARD),
        SPARSE,
    ),
    "OneHotIoU": (
        km.OneHotIoU(CLASSES, list(range(CLASSES))),
        losses.SoftJaccard(threshold=None, **HARD),
        CATEGORICAL,
    ),
    "OneHotMeanIoU": (
        km.OneHotMeanIoU(CLASSES),
        losses.SoftMeanIoU(**HARD),
        CATEGORICAL,
    ),
}
COUNTS = {
    "TruePositives",
    "FalsePositives",
    "TrueNegatives",
    "FalseNegatives",
}
# Those of losses, of regression, and what others are made of.
OTHERS = {
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "PearsonCorrelation",
    "Poisson",
    "R2Score",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Sum",
}


def test_every_classification_metric_of_keras_has_a_twin():
    there = {
        name
        for name, thing in vars(km).items()
        if inspect.isclass(thing) and issubclass(thing, km.Metric)
    }
    assert there - OTHERS == set(TWINS), "add the new ones to TWINS or OTHERS"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", TWINS)
def test_with_hard_decisions_the_loss_is_the_metric(name, weighted):
    metric, loss, (y, p) = TWINS[name]
    weights = WEIGHTS if weighted else None
    # Keras's IoUs count in integers.
    theirs = WEIGHTS.astype("int32") if "IoU" in name else WEIGHTS
    metric.reset_state()
    # Keras's Accuracy compares labels with decisions as they are.
    metric.update_state(
        y, (p > 0.5) if name == "Accuracy" else p, theirs if weighted else None
    )
    want = to_numpy(metric.result())
    if name in COUNTS:
        want = 1 - want / (WEIGHTS.sum() if weighted else len(y))
    got = 1 - to_numpy(loss(y, p, weights))
    tolerance = 2e-3 if name == "AUC" else 1e-5  # sums over thresholds
    np.testing.assert_allclose(got, want, tolerance, 1e-6)


@pytest.mark.parametrize("name", TWINS)
def test_the_soft_loss_has_a_gradient(name):
    _, loss, (y, p) = TWINS[name]
    soft = type(loss).from_config(
        {**loss.get_config(), "step": "sigmoid", "sharpness": 1.0}
        if not isinstance(loss, losses.ScoreLoss) or name != "BinaryIoU"
        else {"score": both_ious, "sharpness": 1.0}
    )
    _, gradient = value_and_gradient(lambda p: soft(y, p), p)
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)
