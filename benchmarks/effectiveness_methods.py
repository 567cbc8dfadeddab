"""The methods that benchmarks/effectiveness.py compares: losses, stacked.

A loss takes labels and log-odds of shape (size, models), a weight of shape
(size, 1), which is 0 for rows of padding, and the class ratio of each model's
training fold, and gives one loss a model. softkeras's losses do that with
average=None, the models being their classes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops
from stacked import cross_entropy

from softkeras import scores
from softkeras.losses import score_loss
from softkeras.steps import Step

SCORES = {
    "f1": scores.f_beta,
    "balanced accuracy": scores.balanced_accuracy,
    "g-mean": scores.g_mean,
    "mcc": scores.matthews,
}


@dataclass(frozen=True)
class CrossEntropy:
    """Cross-entropy, a positive weighing ratio**power times a negative.

    At power 1 that is scikit-learn's class_weight="balanced".
    """

    power: float = 0.0
    rate: float = 0.01
    warm_up: float = 0.0

    def loss(self, y, logits, weight, ratio):
        if self.power:
            balanced = ops.where(y > 0, (1 + ratio) / 2, (1 + 1 / ratio) / 2)
            values = ops.binary_crossentropy(y, logits, from_logits=True)
            values = values * ops.power(balanced, self.power)
            return ops.sum(weight * values, 0) / ops.sum(weight)
        return cross_entropy(y, logits, weight)


@dataclass(frozen=True)
class SquaredError:
    """The squared error of the probability."""

    rate: float = 0.01
    warm_up: float = 0.0

    def loss(self, y, logits, weight, ratio):
        error = ops.square(ops.sigmoid(logits) - y)
        return ops.sum(weight * error, 0) / ops.sum(weight)


@dataclass(frozen=True)
class Focal:
    """Keras's focal cross-entropy, gamma 2."""

    rate: float = 0.01
    warm_up: float = 0.0

    def loss(self, y, logits, weight, ratio):
        values = keras.losses.binary_focal_crossentropy(
            y[..., None], logits[..., None], from_logits=True
        )
        return ops.sum(weight * values, 0) / ops.sum(weight)


@dataclass(frozen=True)
class SmoothDice:
    """Dice with a constant in numerator and denominator, no empty policy."""

    smooth: float
    rate: float = 0.01
    warm_up: float = 0.0

    def loss(self, y, logits, weight, ratio):
        p = weight * ops.sigmoid(logits)
        both = ops.sum(y * p, 0)
        each = ops.sum(weight * y, 0) + ops.sum(p, 0)
        return 1 - (2 * both + self.smooth) / (each + self.smooth)


@dataclass(frozen=True)
class Score:
    """softkeras: 1 - a score of soft counts."""

    score: str
    step: Step
    empty: str = "skip"
    rate: float = 0.01
    warm_up: float = 0.0

    def loss(self, y, logits, weight, ratio):
        return score_loss(
            y,
            logits,
            SCORES[self.score],
            weight,
            average=None,
            empty=self.empty,
            step=self.step,
            from_logits=True,
        )


@dataclass(frozen=True)
class Scaled(Score):
    """A score times a factor, to be trained on after a warm-up.

    Adam remembers the larger gradients of cross-entropy for as long as a
    thousand steps, and takes small steps meanwhile; on its own a loss is
    minimised by Adam alike, whatever its factor.
    """

    factor: float = 1.0

    def loss(self, y, logits, weight, ratio):
        return self.factor * super().loss(y, logits, weight, ratio)


WARM_UP = 0.3
SIGMOID, SOFTSIGN = Step("sigmoid", 0.25), Step("softsign", 0.25)


def any_loss(slope: float) -> Score:
    """AnyLoss's F1: A(p) = 1/(1 + exp(-L(p - ½))), its slope at ½ being L/4.

    It has no policy for a batch with no positive and needs none: its formula is
    0/Σŷ there, with the gradient 0, as with empty="skip". So it is with Dice
    that is not smoothed, Keras's among them, and with score-oriented losses.
    """
    step = Step("sigmoid", slope / 4, "probability", anchored=False)
    return Score("f1", step)


BASELINES = {
    "squared error": SquaredError(),
    "cross-entropy": CrossEntropy(),
    "class weights": CrossEntropy(1.0),
    "square-root weights": CrossEntropy(0.5),
    "square-root weights, rate .003": CrossEntropy(0.5, rate=0.003),
    "focal": Focal(),
    "Dice": Score("f1", Step("sigmoid", 1)),
    "Dice, smooth 1": SmoothDice(1.0),
    "Dice, smooth 1e-5": SmoothDice(1e-5),
    "AnyLoss, L 30": any_loss(30),
    "AnyLoss, L 73": any_loss(73),
    "score-oriented": Score("f1", Step("raised_cosine", 2, "probability")),
    "straight-through": Score(
        "f1", Step("sigmoid", 0.25, straight_through=True)
    ),
}
# What softkeras recommends, as chosen on splits 0 and 1.
NETWORK = {
    "softkeras F1": Score("f1", SIGMOID, warm_up=WARM_UP),
    "softkeras F1, no warm-up": Score("f1", SIGMOID),
    "softkeras balanced accuracy": Score(
        "balanced accuracy", SOFTSIGN, warm_up=WARM_UP
    ),
    "softkeras G-mean": Score("g-mean", SOFTSIGN, warm_up=WARM_UP),
    "softkeras MCC": Score("mcc", SIGMOID, warm_up=WARM_UP),
}
SHARPER = Step("sigmoid", 2)
LINEAR = {
    # 1,000 steps at rate .01 do not take a linear model all the way.
    "cross-entropy, rate .1": CrossEntropy(rate=0.1),
    "square-root weights, rate .1": CrossEntropy(0.5, rate=0.1),
    "softkeras F1": Scaled("f1", SHARPER, warm_up=WARM_UP, factor=10.0),
    "softkeras F1, no warm-up": Score("f1", SHARPER),
    "softkeras F1, as for a network": NETWORK["softkeras F1"],
    "softkeras balanced accuracy": Scaled(
        "balanced accuracy", SHARPER, warm_up=WARM_UP, factor=10.0
    ),
    "softkeras G-mean": Scaled("g-mean", SHARPER, warm_up=WARM_UP, factor=10.0),
    "softkeras MCC": Scaled("mcc", SHARPER, warm_up=WARM_UP, factor=10.0),
}
METHODS: dict[str, dict[str, Any]] = {
    "network": {**BASELINES, **NETWORK},
    "linear": {**BASELINES, **LINEAR},
}


def to_choose_from(score: str, model: str) -> dict[str, Any]:
    """softkeras's loss of a score, with the options of which one is chosen."""
    found = {}
    grid = {"network": (0.25, 0.5, 1.0), "linear": (0.25, 0.5, 1.0, 2.0, 4.0)}
    for shape, sharpness in itertools.product(
        ("sigmoid", "softsign"), grid[model]
    ):
        name = f"{shape}, sharpness {sharpness:g}"
        step = Step(shape, sharpness)
        found[name] = Score(score, step)
        found[f"{name}, warm-up"] = Score(score, step, warm_up=WARM_UP)
        if model == "linear":
            found[f"{name}, warm-up, times 10"] = Scaled(
                score, step, warm_up=WARM_UP, factor=10.0
            )
    return found
