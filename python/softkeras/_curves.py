"""The numbers of pictures: a step, and a loss as predictions change."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from softkeras import _backend, steps
from softkeras._ops import ops
from softkeras.losses._batch_loss import BatchLoss
from softkeras.losses.warm_up import WarmUp
from softkeras.losses.weighted_sum import WeightedSum


def step_curve(
    step: Any, threshold: float, p: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The decisions of a step on probabilities, and their gradients."""
    step = steps.get(step)
    return tuple(
        map(
            ops.convert_to_numpy,
            _value_and_gradient(
                lambda p: step(p, threshold),
                ops.convert_to_tensor(p),
                step.is_hard,
            ),
        )
    )


def loss_curve(
    loss: Any, y_true: Any, batches: np.ndarray, flat: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each batch of predictions, and its gradients in them.

    A loss of several numbers counts as their mean. One that is `flat`, as hard
    decisions make it, is not differentiated.
    """

    def mean(y_pred):
        return ops.mean(loss(y_true, y_pred))

    def pair(y_pred):
        return _value_and_gradient(mean, y_pred, flat)

    tensors = [ops.convert_to_tensor(batch) for batch in batches]
    # Not traced, where what is wrong with the data can be said.
    mean(tensors[0])
    fast = _backend.traced(pair, tensors[0])
    found = [map(ops.convert_to_numpy, fast(each)) for each in tensors]
    values, gradients = map(np.stack, zip(*found))
    return values, gradients


def _value_and_gradient(function, x, flat):
    if flat:  # torch has no gradient to ask for
        return function(x), ops.zeros_like(x)
    return _backend.value_and_slope(function, x)


def alone(loss: Any) -> Any:
    """The loss of one batch, which looking at it does not change.

    Of a `WarmUp` that is the loss in force; moving counts are left out.
    """
    if isinstance(loss, WarmUp):
        first, then = loss.losses
        return alone(then if loss.steps == 0 else first)
    if isinstance(loss, WeightedSum):
        return _with(loss, losses=[alone(part) for part in loss.losses])
    if getattr(loss, "momentum", 0):
        return _with(loss, momentum=0.0)
    return loss


def hardened(loss: Any) -> Any:
    """The same loss with hard decisions; `None` where it has no decision."""
    loss = alone(loss)
    hard = steps.Step("hard")
    if isinstance(loss, WeightedSum):
        parts = [hardened(part) for part in loss.losses]
        return None if None in parts else _with(loss, losses=parts)
    for name in ("scoring", "constrained"):
        if hasattr(loss, name):
            part = copy.copy(getattr(loss, name))
            part.step = hard
            return _with(loss, **{name: part})
    if not hasattr(loss, "step"):
        return None
    options = {**loss.options, "from_logits": loss.from_logits}
    return type(loss)(**BatchLoss.get_config(loss), **options, step=hard)


def _with(loss, **attributes):
    # Not copy.copy: Keras saves and loads what is copied.
    twin = object.__new__(type(loss))
    vars(twin).update(vars(loss), **attributes)
    return twin
