"""Callbacks: what changes in a loss during training, and what is judged."""

from softkeras.callbacks.bad_batch import BadBatch, load_batch
from softkeras.callbacks.epoch_metric import EpochMetric
from softkeras.callbacks.gradient_watch import GradientWatch
from softkeras.callbacks.loss_state import LossState
from softkeras.callbacks.sharpness_schedule import SharpnessSchedule

__all__ = [
    "BadBatch",
    "EpochMetric",
    "GradientWatch",
    "LossState",
    "SharpnessSchedule",
    "load_batch",
]

# The names by which what was saved, and R, know them.
for _each in __all__:
    globals()[_each].__module__ = __name__
