"""Losses, as functions and as Keras losses."""

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
    "ScoreLoss",
    "SoftFBeta",
    "SoftPrecision",
    "SoftRecall",
    "score_loss",
    "soft_fbeta",
    "soft_precision",
    "soft_recall",
]
