"""Recipes: what did best in the benchmarks, in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras import _checks
from softkeras.losses.score import ScoreLoss
from softkeras.losses.warm_up import WarmUp
from softkeras.scores import names
from softkeras.steps import Step

__all__ = ["train_on"]

# Of networks and of linear models, as measured in docs/effectiveness.md.
NETWORK, LINEAR = Step("sigmoid", 0.25), Step("sigmoid", 2.0)
# The scores whose rows there were measured with another step.
OTHERS = dict.fromkeys(("balanced_accuracy", "g_mean"), Step("softsign", 0.25))
# Adam goes on dividing by the size of cross-entropy's gradients.
LINEAR_FACTOR = 10.0


def train_on(
    score: str | Callable,
    steps: int | None = None,
    *,
    epochs: float | None = None,
    linear: bool = False,
    from_logits: bool = False,
    threshold: float | None = 0.5,
    sparse: bool = False,
    **score_args: Any,
) -> WarmUp:
    """The loss that is recommended for training on a score.

    Cross-entropy first, and then 1 - the soft score, with the step and the
    sharpness that did best in docs/effectiveness.md.

    Formula: `WarmUp(cross-entropy, ScoreLoss(score, step=...), steps)`. For
    networks the step is the sigmoid of sharpness 0.25 on the log-odds (for
    "balanced_accuracy" and "g_mean" the softsign of 0.25), for linear models
    the sigmoid of sharpness 2, and the loss after the warm-up is taken 10
    times.

    Gradient: that of the loss in force.

    Args:
        score: Name of a score, such as `"f1"`, `"matthews"` or
            `"balanced_accuracy"`, or a function of `softkeras.counts.Counts`.
        steps: How many training steps (batches) the warm-up has: 0.3 of all
            did best.
        epochs: In place of `steps`, how many epochs; may be a fraction. It
            needs `callbacks.LossState()` in `fit()`.
        linear: Whether the model is linear: a `Dense` layer and no more.
        from_logits: Whether the model gives logits, and not probabilities.
        threshold: Where a probability becomes a 1; `None` for classes of which
            one is right, by the arg-max over the last axis.
        sparse: Whether labels are ids of classes; then `threshold` is `None`.
        **score_args: Arguments of the score, such as `beta`.

    Returns:
        A `softkeras.losses.WarmUp`, for `compile()`.

    Raises:
        ValueError: for an unknown score, an argument that is not allowed, or
            unless just one of `steps` and `epochs` is given.

    Reference: docs/effectiveness.md.

    Example:

    >>> import keras
    >>> from softkeras import recipes
    >>> model = keras.Sequential(
    ...     [keras.layers.Dense(32, "relu"), keras.layers.Dense(1, "sigmoid")]
    ... )
    >>> loss = recipes.train_on("f1", steps=300)
    >>> loss
    <WarmUp binary_crossentropy, then f_beta>
    >>> model.compile("adam", loss=loss)
    """
    function = names.get(score, **score_args)
    name = names.name_of(function)
    linear = _checks.boolean("linear", linear)
    if sparse:
        threshold = None
    step = OTHERS.get(name, NETWORK) if threshold is not None else NETWORK
    then = ScoreLoss(
        score,
        step=LINEAR if linear else step,
        from_logits=from_logits,
        threshold=threshold,
        sparse=sparse,
        name=name,
        **score_args,
    )
    if threshold is not None:
        first = keras.losses.BinaryCrossentropy
    elif sparse:
        first = keras.losses.SparseCategoricalCrossentropy
    else:
        first = keras.losses.CategoricalCrossentropy
    return WarmUp(
        first(from_logits=from_logits),
        LINEAR_FACTOR * then if linear else then,
        steps,
        epochs=epochs,
    )
