"""softkeras: train Keras models on the metric that they are judged by."""

import keras

if int(keras.__version__.split(".")[0]) < 3:
    raise ImportError(
        "softkeras needs Keras 3 or later. Received: Keras "
        f"{keras.__version__} in {keras.__file__}. Run: "
        "pip install --upgrade keras"
    )

from softkeras import (
    callbacks,
    confusion,
    counts,
    doctor,
    layers,
    losses,
    metrics,
    ops,
    plots,
    recipes,
    scores,
    steps,
    thresholds,
)
from softkeras.confusion import soft_confusion_matrix
from softkeras.counts import Counts, soft_counts
from softkeras.doctor import diagnose, differentiable

__version__ = "0.1.0"
__all__ = [
    "Counts",
    "callbacks",
    "confusion",
    "counts",
    "diagnose",
    "differentiable",
    "doctor",
    "layers",
    "losses",
    "metrics",
    "ops",
    "plots",
    "recipes",
    "scores",
    "soft_confusion_matrix",
    "soft_counts",
    "steps",
    "thresholds",
]
