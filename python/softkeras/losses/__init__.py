"""Losses, as functions and as Keras losses."""

from softkeras.losses.constraints import (
    SoftPrecisionAtRecall,
    SoftRecallAtPrecision,
    SoftSensitivityAtSpecificity,
    SoftSpecificityAtSensitivity,
    soft_precision_at_recall,
    soft_recall_at_precision,
    soft_sensitivity_at_specificity,
    soft_specificity_at_sensitivity,
)
from softkeras.losses.continuous_bernoulli import (
    ContinuousBernoulli,
    continuous_bernoulli,
)
from softkeras.losses.counts import (
    ScoreLoss,
    SoftFBeta,
    SoftPrecision,
    SoftRecall,
    score_loss,
    soft_fbeta,
    soft_precision,
    soft_recall,
)

__all__ = [
    "ContinuousBernoulli",
    "ScoreLoss",
    "SoftFBeta",
    "SoftPrecision",
    "SoftPrecisionAtRecall",
    "SoftRecall",
    "SoftRecallAtPrecision",
    "SoftSensitivityAtSpecificity",
    "SoftSpecificityAtSensitivity",
    "continuous_bernoulli",
    "score_loss",
    "soft_fbeta",
    "soft_precision",
    "soft_precision_at_recall",
    "soft_recall",
    "soft_recall_at_precision",
    "soft_sensitivity_at_specificity",
    "soft_specificity_at_sensitivity",
]
