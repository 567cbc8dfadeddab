"""Layers: the ops that are used inside a model."""

from softkeras.layers.argmax import SoftArgmax, SoftOneHot
from softkeras.layers.hard_threshold import HardThreshold

__all__ = ["HardThreshold", "SoftArgmax", "SoftOneHot"]
