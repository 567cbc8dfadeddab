"""Losses: what models are trained on."""

from softkeras.losses import binary
from softkeras.losses.binary import *  # noqa: F403
from softkeras.losses.continuous_bernoulli import (
    ContinuousBernoulli,
    continuous_bernoulli,
)
from softkeras.losses.score import ScoreLoss, score_loss

__all__ = [
    *binary.__all__,
    "ContinuousBernoulli",
    "ScoreLoss",
    "continuous_bernoulli",
    "score_loss",
]
