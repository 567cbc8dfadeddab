"""softkeras: train Keras models on the metric that they are judged by."""

from softkeras import counts, losses, metrics, scores, steps
from softkeras.counts import Counts, soft_counts

__version__ = "0.1.0"
__all__ = [
    "Counts",
    "counts",
    "losses",
    "metrics",
    "scores",
    "soft_counts",
    "steps",
]
