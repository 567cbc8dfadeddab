"""Metrics: the number that is trained on, hard and of a whole epoch."""

from softkeras.metrics.confusion import EpochConfusionScore
from softkeras.metrics.ranking import EpochRankingScore
from softkeras.metrics.score import EpochScore

__all__ = ["EpochConfusionScore", "EpochRankingScore", "EpochScore"]
