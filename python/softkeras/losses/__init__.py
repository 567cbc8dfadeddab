"""Losses: what models are trained on."""

import difflib
from typing import TYPE_CHECKING

from softkeras.losses import agreement as _agreement
from softkeras.losses import categorical as _categorical
from softkeras.losses import precision_recall as _precision_recall
from softkeras.losses import ranking as _ranking
from softkeras.losses import rates as _rates
from softkeras.losses import sensitivity_specificity as _sensitivity_specificity
from softkeras.losses import top as _top
from softkeras.losses import top_k as _top_k
from softkeras.losses.agreement import *  # noqa: F403
from softkeras.losses.categorical import *  # noqa: F403
from softkeras.losses.confusion import ConfusionLoss, confusion_loss
from softkeras.losses.continuous_bernoulli import (
    ContinuousBernoulli,
    continuous_bernoulli,
)
from softkeras.losses.function import FunctionLoss
from softkeras.losses.precision_recall import *  # noqa: F403
from softkeras.losses.ranking import *  # noqa: F403
from softkeras.losses.rates import *  # noqa: F403
from softkeras.losses.score import ScoreLoss, score_loss
from softkeras.losses.sensitivity_specificity import *  # noqa: F403
from softkeras.losses.top import *  # noqa: F403
from softkeras.losses.top_k import *  # noqa: F403
from softkeras.losses.warm_up import WarmUp
from softkeras.losses.weighted_sum import WeightedSum

__all__ = [
    *_agreement.__all__,
    *_rates.__all__,
    *_categorical.__all__,
    *_precision_recall.__all__,
    *_sensitivity_specificity.__all__,
    *_ranking.__all__,
    *_top.__all__,
    *_top_k.__all__,
    "ConfusionLoss",
    "ContinuousBernoulli",
    "FunctionLoss",
    "ScoreLoss",
    "WarmUp",
    "WeightedSum",
    "confusion_loss",
    "continuous_bernoulli",
    "score_loss",
]

# What these losses are often called.
_KNOWN_AS = {
    "SoftF1": "SoftFBeta",
    "SoftIoU": "SoftJaccard",
    "SoftMCC": "SoftMatthews",
    "SoftSensitivity": "SoftRecall",
}

if not TYPE_CHECKING:  # To a type checker every name would be there.

    def __getattr__(name):
        near = difflib.get_close_matches(name, __all__, n=1, cutoff=0.8)
        meant = _KNOWN_AS.get(name, near[0] if near else None)
        raise AttributeError(
            f"softkeras.losses has no {name}"
            f"{f'; there is {meant}' if meant else ''}",
            name=name,
        )
