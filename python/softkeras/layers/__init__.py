"""Layers: the ops that are used inside a model."""

from softkeras.layers.argmax import SoftArgmax, SoftOneHot
from softkeras.layers.hard_threshold import HardThreshold
from softkeras.layers.rounding import (
    SoftCeil,
    SoftFloor,
    SoftRound,
    SoftSign,
    SoftStep,
)
from softkeras.layers.staircase import SoftStaircase
from softkeras.layers.threshold import ThresholdLayer

__all__ = [
    "HardThreshold",
    "SoftArgmax",
    "SoftCeil",
    "SoftFloor",
    "SoftOneHot",
    "SoftRound",
    "SoftSign",
    "SoftStaircase",
    "SoftStep",
    "ThresholdLayer",
]
