"""Losses of one class of several: 1 - a score of the soft confusion matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import keras

from softkeras import _backend, _checks, scores, steps
from softkeras._backend import ops
from softkeras._labels import get as get_labels
from softkeras.confusion import soft_confusion_matrix
from softkeras.losses._documentation import (
    CATEGORICAL,
    class_docstring,
    documented,
    function_docstring,
    loss_text,
    show_arguments,
)
from softkeras.scores import averaging, names

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "ConfusionLoss",
    "SoftCategoricalAccuracy",
    "SoftCategoricalBalancedAccuracy",
    "SoftCategoricalCost",
    "SoftCategoricalKappa",
    "SoftCategoricalMatthews",
    "SoftMeanIoU",
    "confusion_loss",
    "soft_categorical_accuracy",
    "soft_categorical_balanced_accuracy",
    "soft_categorical_cost",
    "soft_categorical_kappa",
    "soft_categorical_matthews",
    "soft_mean_iou",
]
