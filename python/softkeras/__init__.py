"""softkeras: train Keras models on the metric that they are judged by."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import keras

# The first one with all the functions that are used here.
if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 12):
    raise ImportError(
        "softkeras needs Keras 3.12 or later. Received: Keras "
        f"{keras.__version__} in {keras.__file__}. Run: "
        "pip install --upgrade keras"
    )

from softkeras import (
    callbacks,
    confusion,
    counts,
    layers,
    losses,
    metrics,
    ops,
    recipes,
    scores,
    steps,
    thresholds,
)
from softkeras.confusion import soft_confusion_matrix
from softkeras.counts import Counts, soft_counts

if TYPE_CHECKING:
    from softkeras import doctor, plots
    from softkeras.doctor.diagnose import diagnose
    from softkeras.doctor.differentiable import differentiable

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

# What is imported when it is first asked for: nothing that is trained or loaded
# needs it, and half of the time of the import would be the doctor's.
_LATER = {
    "diagnose": "doctor",
    "differentiable": "doctor",
    "doctor": None,
    "plots": None,
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_LATER[name] or name}")
    value = getattr(module, name) if _LATER[name] else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
