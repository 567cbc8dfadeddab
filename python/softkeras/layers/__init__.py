"""Layers: the ops that are used inside a model."""

from softkeras.layers.argmax import SoftArgmax, SoftOneHot
from softkeras.layers.hard_threshold import HardThreshold
from softkeras.layers.staircase import SoftStaircase

__all__ = ["HardThreshold", "SoftArgmax", "SoftOneHot", "SoftStaircase"]
