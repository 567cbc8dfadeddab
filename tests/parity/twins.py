"""What in R is the twin of what in Python, and helpers to compare the two."""

import importlib
import inspect
import json

import numpy as np
import pytest
from conftest import ROOT

from softkeras import losses, ops, scores

PUBLIC = [
    importlib.import_module(f"softkeras.{name}")
    for name in (
        "callbacks confusion counts doctor layers losses metrics ops recipes "
        "scores steps thresholds"
    ).split()
]

OF_COUNTS = [*losses.rates.__all__, *losses.agreement.__all__]
FUNCTIONS = [name for name in OF_COUNTS if name.islower()]
# By the scores that they name: SoftFBeta is the class of soft_fbeta.
CLASSES = {
    name: cls
    for name in FUNCTIONS
    for cls in OF_COUNTS
    if cls.lower() == name.replace("_", "")
}
CATEGORICAL = {
    name: cls
    for name in losses.categorical.__all__
    for cls in losses.categorical.__all__
    if name.startswith("soft") and cls.lower() == name.replace("_", "")
}
# R's name of each public thing of Python. Class and function are one in R.
WRAPPERS = {
    "Counts": None,  # in R a list
    "soft_counts": "soft_counts",
    "soft_confusion_matrix": "soft_confusion_matrix",
    "ConfusionLoss": "loss_confusion",
    "confusion_loss": "loss_confusion",
    "EpochConfusionScore": "metric_epoch_confusion_score",
    "EpochRankingScore": "metric_epoch_ranking_score",
    **{
        name: f"loss_{function}"
        for function, cls in CATEGORICAL.items()
        for name in (function, cls)
    },
    **{name: f"loss_{name}" for name in FUNCTIONS},
    **{cls: f"loss_{name}" for name, cls in CLASSES.items()},
    "SoftAUC": "loss_soft_auc",
    "soft_auc": "loss_soft_auc",
    "SoftAveragePrecision": "loss_soft_average_precision",
    "soft_average_precision": "loss_soft_average_precision",
    "SoftNDCG": "loss_soft_ndcg",
    "soft_ndcg": "loss_soft_ndcg",
    "SoftPrecisionAtK": "loss_soft_precision_at_k",
    "soft_precision_at_k": "loss_soft_precision_at_k",
    "SoftTopKAccuracy": "loss_soft_top_k_accuracy",
    "soft_top_k_accuracy": "loss_soft_top_k_accuracy",
    "EpochScore": "metric_epoch_score",
    "Step": "steps_step",
    # R takes steps by name or object; there is nothing to look up or store.
    "get": None,
    "serialize": None,
    "deserialize": None,
    "ScoreLoss": "loss_score",
    "score_loss": "loss_score",
    # R names scores, or writes them.
    **dict.fromkeys(scores.__all__),
    "ContinuousBernoulli": "loss_continuous_bernoulli",
    "continuous_bernoulli": "loss_continuous_bernoulli",
    **{name: f"op_{name}" for name in ops.__all__},
    "surrogate_gradient": None,  # R has no decorators
    "SoftArgmax": "layer_soft_argmax",
    "SoftOneHot": "layer_soft_one_hot",
    "SoftStaircase": "layer_soft_staircase",
    "HardThreshold": "layer_hard_threshold",
    "SoftStep": "layer_soft_step",
    "SoftSign": "layer_soft_sign",
    "SoftRound": "layer_soft_round",
    "SoftFloor": "layer_soft_floor",
    "SoftCeil": "layer_soft_ceil",
    "ThresholdLayer": "layer_threshold",
    "BestThreshold": None,  # in R a list
    "best_threshold": "best_threshold",
    "SoftPrecisionAtRecall": "loss_soft_precision_at_recall",
    "soft_precision_at_recall": "loss_soft_precision_at_recall",
    "SoftRecallAtPrecision": "loss_soft_recall_at_precision",
    "soft_recall_at_precision": "loss_soft_recall_at_precision",
    "SoftSensitivityAtSpecificity": "loss_soft_sensitivity_at_specificity",
    "soft_sensitivity_at_specificity": "loss_soft_sensitivity_at_specificity",
    "SoftSpecificityAtSensitivity": "loss_soft_specificity_at_sensitivity",
    "soft_specificity_at_sensitivity": "loss_soft_specificity_at_sensitivity",
    "FunctionLoss": "loss_from_function",
    "WeightedSum": "loss_weighted_sum",
    "WarmUp": "loss_warm_up",
    "BadBatch": None,  # in R a list
    "load_batch": "load_batch",
    "EpochMetric": "callback_epoch_metric",
    "GradientWatch": "callback_gradient_watch",
    "LossState": "callback_loss_state",
    "SharpnessSchedule": "callback_sharpness_schedule",
    "train_on": "recipe_train_on",
    "diagnose": "diagnose",
    "differentiable": "differentiable",
    # In R lists, data frames and a condition.
    "DiagnosisError": None,
    "Differentiability": None,
    "DifferentiabilityTable": None,
    "Finding": None,
    "Report": None,
}
CONSTRAINED = [
    (name, WRAPPERS[name], WRAPPERS[name].rsplit("_", 1)[1])
    for name in (
        "SoftPrecisionAtRecall",
        "SoftRecallAtPrecision",
        "SoftSensitivityAtSpecificity",
        "SoftSpecificityAtSensitivity",
    )
]
# Of R alone: in Python an op or a layer is an activation as it is.
ACTIVATIONS = {
    "soft_step": "SoftStep",
    "soft_sign": "SoftSign",
    "soft_round": "SoftRound",
    "soft_floor": "SoftFloor",
    "soft_ceil": "SoftCeil",
    "soft_staircase": "SoftStaircase",
    "hard_threshold": "HardThreshold",
    "soft_one_hot": "SoftOneHot",
    "exp_ratio": None,
    "log_exprel": None,
}
# Indices count from 1 in R.
FIRST_INDEX = {"soft_argmax", "SoftArgmax"}
LOSSES = [
    pytest.param(
        f"loss_{name}", getattr(losses, name), getattr(losses, cls), id=name
    )
    for name, cls in CLASSES.items()
]
RANKINGS = [
    ("loss_soft_auc", losses.soft_auc, losses.SoftAUC, {"max_fpr": 0.3}),
    (
        "loss_soft_average_precision",
        losses.soft_average_precision,
        losses.SoftAveragePrecision,
        {"average": "micro"},
    ),
    (
        "loss_soft_ndcg",
        losses.soft_ndcg,
        losses.SoftNDCG,
        {"k": 2, "gain": "exponential"},
    ),
    (
        "loss_soft_precision_at_k",
        losses.soft_precision_at_k,
        losses.SoftPrecisionAtK,
        {"k": 2},
    ),
    (
        "loss_soft_top_k_accuracy",
        losses.soft_top_k_accuracy,
        losses.SoftTopKAccuracy,
        {"k": 2},
    ),
]
STEP_ARGUMENTS = [
    {},
    {"shape": "softsign", "sharpness": 2.0},
    {"shape": "ramp", "sharpness": 9.0, "scale": "probability"},
    {"shape": "softsign", "scale": "probability", "anchored": False},
    {"sharpness": 1.0, "straight_through": True},
]


def golden_ops():
    """One in four: the values are compared in each language's own tests."""
    path = ROOT / "tests" / "testthat" / "golden" / "ops.json"
    return json.loads(path.read_text())[::4]


def assert_same(got, want):
    """Equal, and so of the same dtype: the other's rounding would show."""
    np.testing.assert_array_equal(np.asarray(got), np.asarray(want))


def arguments(function):
    return {
        name: "<missing>" if p.default is p.empty else p.default
        for name, p in inspect.signature(function).parameters.items()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def plain(defaults, name):
    """With tuples in place of R's lists and matrices, and R's first index."""

    def tuples(value):
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, (list, tuple)):
            return tuple(map(tuples, value))
        return value

    return {key: tuples(value) for key, value in defaults.items()} | (
        {"first_index": 1} if name in FIRST_INDEX else {}
    )
