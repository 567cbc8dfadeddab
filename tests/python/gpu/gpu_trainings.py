"""What is trained on both devices: layers, losses and metrics in fit()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from softkeras import callbacks, layers, losses, metrics

STEPS, BATCH, FEATURES = 20, 32, 6
_rng = np.random.default_rng(20261122)
X = _rng.normal(size=(STEPS * BATCH, FEATURES)).astype("float32")
Y = (X[:, :1] - X[:, 1:2] ** 2 > -0.5).astype("float32")
IDS = np.argmax(X[:, :3], axis=1).astype("int32")
GRADES = _rng.integers(0, 4, (len(X), 5)).astype("float32")


class Training(NamedTuple):
    """Functions that make the hidden layers, the loss and the metrics.

    Each device gets its own, and `outputs` of the activation at the end.
    """

    loss: Callable[[], Any]
    metrics: Callable[[], list] = list
    hidden: Callable[[], list] = list
    y: np.ndarray = Y
    outputs: tuple = (1, "sigmoid")
    callbacks: Callable[[], list] = list
    without: tuple = ()


def _layers():
    """All of softkeras's that have a gradient, one after the other."""
    return [
        layers.SoftStaircase(
            [-1.0, 0.5],
            [-1.0, 0.0, 2.0],
            sharpness=2.0,
            trainable_thresholds=True,
            trainable_levels=True,
        ),
        keras.layers.Dense(6),
        layers.HardThreshold(0.05, trainable=True, surrogate="softsign"),
        layers.SoftStep(0.1, sharpness=0.5),
        keras.layers.Dense(6),
        layers.SoftSign(sharpness=0.5),
        keras.layers.Dense(6),
        layers.SoftRound(sharpness=1.5),
        layers.SoftFloor(sharpness=1.5),
        layers.SoftCeil(sharpness=1.5),
        keras.layers.Dense(6),
        layers.SoftOneHot(),
        keras.layers.Reshape((2, 3)),
        layers.SoftArgmax(sharpness=2.0),
        keras.layers.Dense(1, "sigmoid"),
        layers.ThresholdLayer(0.4, straight_through=True),
        keras.layers.Dense(4, "tanh"),
    ]


TRAININGS = {
    "counts": Training(
        losses.SoftFBeta,
        lambda: [metrics.EpochScore("f1", step="sigmoid")],
    ),
    "moving counts": Training(
        lambda: losses.SoftMatthews(momentum=0.9),
        without=("jax",),  # momentum is not for JAX
    ),
    "warm up": Training(
        lambda: losses.WarmUp(
            "binary_crossentropy", losses.SoftPrecision(), steps=STEPS // 2
        ),
        callbacks=lambda: [callbacks.LossState()],
    ),
    "at a constraint": Training(lambda: losses.SoftPrecisionAtRecall(0.7)),
    "ranks": Training(losses.SoftAUC),
    "classes": Training(
        lambda: losses.SoftCategoricalMatthews(sparse=True),
        lambda: [
            metrics.EpochConfusionScore(
                "categorical_accuracy", step="sigmoid", sparse=True
            )
        ],
        y=IDS,
        outputs=(3, "softmax"),
    ),
    "groups": Training(
        lambda: losses.SoftNDCG(from_logits=True),
        lambda: [
            metrics.EpochRankingScore("ndcg", step="sigmoid", from_logits=True)
        ],
        y=GRADES,
        outputs=(5, None),
    ),
    "layers": Training(
        lambda: 0.5 * losses.SoftFBeta() + "binary_crossentropy",
        hidden=_layers,
    ),
}


def model(training: Training) -> keras.Model:
    """The model, with weights as its initialisers draw them."""
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(FEATURES, "tanh"),
            *training.hidden(),
            keras.layers.Dense(
                training.outputs[0], activation=training.outputs[1]
            ),
        ]
    )


def names() -> set[str]:
    """The classes of softkeras that are trained with."""
    used = []
    for training in TRAININGS.values():
        used += [training.loss(), *training.metrics(), *training.hidden()]
    return {type(each).__name__ for each in used}
