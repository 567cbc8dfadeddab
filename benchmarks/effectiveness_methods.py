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


def balanced_accuracy(counts):
    """The mean of sensitivity and specificity."""
    sensitivity = counts.tp / (counts.tp + counts.fn)
    specificity = counts.tn / (counts.tn + counts.fp)
    return (sensitivity + specificity) / 2


def g_mean(counts):
    """The geometric mean of sensitivity and specificity."""
    sensitivity = counts.tp / (counts.tp + counts.fn)
    specificity = counts.tn / (counts.tn + counts.fp)
    # At 0 the square root has no finite gradient.
    return ops.sqrt(ops.maximum(sensitivity * specificity, 1e-12))


def matthews(counts):
    """Matthews correlation."""
    tp, fp, fn, tn = counts
    of_calls = ops.sqrt((tp + fp) * (fn + tn))
    return (tp * tn - fp * fn) / (of_calls * ops.sqrt((tp + fn) * (tn + fp)))


SCORES = {
    "f1": scores.f_beta,
    "balanced accuracy": balanced_accuracy,
    "g-mean": g_mean,
    "mcc": matthews,
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


WARM_UP = 0.3
SIGMOID, SOFTSIGN = Step("sigmoid", 0.25), Step("softsign", 0.25)
DICE = Step("sigmoid", 1)


def any_loss(slope: float) -> Score:
    """AnyLoss's F1: A(p) = 1/(1 + exp(-L(p - ½))), its slope at ½ being L/4.

    It has no policy for a batch with no positive and needs none: its formula is
    0/Σŷ there, with the gradient 0, as with empty="skip". So it is with Dice
    that is not smoothed, Keras's among them, and with score-oriented losses.
    """
    step = Step("sigmoid", slope / 4, "probability", anchored=False)
    return Score("f1", step)


METHODS: dict[str, Any] = {
    "squared error": SquaredError(),
    "cross-entropy": CrossEntropy(),
    "class weights": CrossEntropy(1.0),
    "square-root weights": CrossEntropy(0.5),
    "square-root weights, rate .003": CrossEntropy(0.5, rate=0.003),
    "focal": Focal(),
    "Dice": Score("f1", DICE),
    "Dice, smooth 1": SmoothDice(1.0),
    "Dice, smooth 1e-5": SmoothDice(1e-5),
    "AnyLoss, L 30": any_loss(30),
    "AnyLoss, L 73": any_loss(73),
    "score-oriented": Score("f1", Step("raised_cosine", 2, "probability")),
    "straight-through": Score(
        "f1", Step("sigmoid", 0.25, straight_through=True)
    ),
    "softkeras F1": Score("f1", SIGMOID, warm_up=WARM_UP),
    "softkeras F1, no warm-up": Score("f1", SIGMOID),
    "softkeras F1, sharpness 1": Score("f1", DICE, warm_up=WARM_UP),
    "softkeras balanced accuracy": Score(
        "balanced accuracy", SOFTSIGN, warm_up=WARM_UP
    ),
    "softkeras G-mean": Score("g-mean", SOFTSIGN, warm_up=WARM_UP),
    "softkeras MCC": Score("mcc", SIGMOID, warm_up=WARM_UP),
}


def to_choose_from(score: str) -> dict[str, Any]:
    """softkeras's loss of a score, with the options of which one is chosen."""
    return {
        f"{shape}, sharpness {sharpness:g}, warm-up {warm_up:g}": Score(
            score, Step(shape, sharpness), warm_up=warm_up
        )
        for shape, sharpness, warm_up in itertools.product(
            ("sigmoid", "softsign"), (0.25, 0.5, 1.0), (0.0, WARM_UP)
        )
    }
