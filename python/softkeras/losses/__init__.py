"""Losses, as functions and as Keras losses."""

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
    "SoftRecall",
    "continuous_bernoulli",
    "score_loss",
    "soft_fbeta",
    "soft_precision",
    "soft_recall",
]
