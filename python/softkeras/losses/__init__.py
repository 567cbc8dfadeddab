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
from softkeras.losses.ranking import (
    SoftAUC,
    SoftAveragePrecision,
    soft_auc,
    soft_average_precision,
)
from softkeras.losses.top import (
    SoftNDCG,
    SoftPrecisionAtK,
    SoftTopKAccuracy,
    soft_ndcg,
    soft_precision_at_k,
    soft_top_k_accuracy,
)

__all__ = [
    "ContinuousBernoulli",
    "ScoreLoss",
    "SoftAUC",
    "SoftAveragePrecision",
    "SoftFBeta",
    "SoftNDCG",
    "SoftPrecision",
    "SoftPrecisionAtK",
    "SoftRecall",
    "SoftTopKAccuracy",
    "continuous_bernoulli",
    "score_loss",
    "soft_auc",
    "soft_average_precision",
    "soft_fbeta",
    "soft_ndcg",
    "soft_precision",
    "soft_precision_at_k",
    "soft_recall",
    "soft_top_k_accuracy",
]
