"""What a type checker makes of code that uses softkeras.

It is only checked (`make lint`), never run. Each `type: ignore` is a mistake of
a user that must be found: one that is not is an error too.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from typing_extensions import assert_type

import softkeras
from softkeras import callbacks, layers, losses, metrics, ops, scores, steps
from softkeras.counts import Counts, soft_counts
from softkeras.doctor import Report
from softkeras.thresholds import best_threshold


def of_arrays_lists_and_tensors(x: np.ndarray[Any, Any]) -> None:
    losses.soft_precision(x, x)
    losses.soft_precision([1, 0], [0.7, 0.2], sample_weight=2.0)
    losses.soft_precision([[1], [0]], keras.ops.convert_to_tensor([[0.7], [0]]))
    losses.soft_auc(x, x, mask=[True, False])
    ops.soft_round(x, hard=True)
    ops.soft_argmax(x, axis=(1, 2))
    loss = 1 - losses.soft_recall(x, x, step=steps.Step("ramp"))
    np.sqrt(loss)


def mistakes(x: np.ndarray[Any, Any]) -> None:
    losses.soft_precision({"a": x}, x)  # type: ignore[arg-type]
    losses.soft_precision(x, None)  # type: ignore[arg-type]
    losses.soft_precision(x, x, treshold=0.3)  # type: ignore[call-arg]
    losses.soft_precision(x, x, threshold="0.3")  # type: ignore[arg-type]
    losses.SoftPrecision(average=1)  # type: ignore[arg-type]
    losses.SoftFBeta(step=0.25)  # type: ignore[arg-type]
    losses.WeightedSum(losses.SoftAUC(), weights=0.5)  # type: ignore[arg-type]
    ops.soft_round(x, sharpness="high")  # type: ignore[arg-type]
    ops.soft_argmax(x, first=1)  # type: ignore[call-arg]
    layers.SoftRound(hard="no")  # type: ignore[arg-type]
    metrics.EpochScore(1)  # type: ignore[arg-type]
    callbacks.SharpnessSchedule("1", 2)  # type: ignore[arg-type]
    softkeras.diagnose(losses.SoftAUC(), seed="1")  # type: ignore[arg-type]
    losses.SoftPresicion()  # type: ignore[attr-defined]


def results(x: np.ndarray[Any, Any]) -> None:
    assert_type(soft_counts(x, x), Counts)
    assert_type(steps.get("sigmoid"), steps.Step)
    assert_type(losses.SoftAUC().get_config(), dict[str, Any])
    assert_type(softkeras.diagnose(losses.SoftAUC()), Report)
    losses.ScoreLoss(lambda counts: counts.tp / (counts.tp + counts.fp))
    scores.f_beta(soft_counts(x, x), beta=2)
    best_threshold(x, x, "f1", at_least={"recall": 0.9})
    0.5 * losses.SoftFBeta() + losses.SoftAUC()
