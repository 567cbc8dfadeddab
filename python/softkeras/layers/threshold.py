"""The layer that makes decisions of probabilities, at a fixed threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from softkeras import _checks
from softkeras._gradients import widen
from softkeras._ops import ops
from softkeras._types import Shape, Tensor
from softkeras.counts import ROUNDING
from softkeras.ops.gradients import straight_through as hard_forward
from softkeras.steps import Step

__all__ = ["ThresholdLayer"]


@keras.saving.register_keras_serializable(package="softkeras")
class ThresholdLayer(keras.layers.Layer):
    """Decisions 0 and 1 of probabilities, at a threshold that is saved.

    Put behind a trained model, with the threshold of
    `softkeras.thresholds.best_threshold`, so that whoever loads the model gets
    the decisions that it was tuned for.

    Formula: 1 if p > t, else 0; NaN where p is NaN. For logits x: 1 if
    x > log(t/(1 - t)), else 0. It is the hard step of
    `softkeras.steps.Step`: the comparison is made in the dtype of the inputs,
    in float32 at least, and not in that of a mixed-precision policy.

    Gradient: 0. With `straight_through` that of the default step,
    σ(¼·(logit p - logit t)); see `softkeras.steps.Step`.

    Args:
        threshold: t, in (0, 1) also for logits: a number, or a sequence of
            one a class, the last axis.
        from_logits: Whether the inputs are logits.
        straight_through: Whether to give the gradient of a soft step backward.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: floats of any shape; their mask is handed on.

    Returns:
        A tensor of the same shape and dtype, of zeros and ones.

    Raises:
        ValueError: if a threshold is outside (0, 1), if the number of
            thresholds is not that of the classes, and for inputs that are not
            floats, or outside [0, 1] without `from_logits`. (In a graph that
            XLA or another backend compiles, values can't be looked at: there
            the decision is NaN instead.)

    Reference: Bengio et al., Estimating or propagating gradients through
    stochastic neurons, https://arxiv.org/abs/1308.3432, for the gradient.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers import ThresholdLayer
    >>> p = np.array([[0.2, 0.3], [0.7, 0.9]], "float32")
    >>> np.array(ThresholdLayer(0.3)(p)).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    >>> np.array(ThresholdLayer([0.1, 0.95])(p)).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """

    def __init__(
        self,
        threshold: float | Sequence[float],
        from_logits: bool = False,
        straight_through: bool = False,
        **kwargs: Any,
    ):
        # A policy's float16 would round the probabilities before they are
        # compared.
        super().__init__(autocast=False, **kwargs)
        self.threshold = _thresholds(threshold)
        self.from_logits = _checks.boolean("from_logits", from_logits)
        self.straight_through = _checks.boolean(
            "straight_through", straight_through
        )
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        given = np.size(self.threshold)
        classes = input_shape[-1] if input_shape else None
        if np.ndim(self.threshold) and given != classes:
            raise ValueError(
                "There must be as many thresholds as classes in the last axis. "
                f"Received: {given} thresholds and inputs of shape "
                f"{tuple(input_shape)}."
            )

    def call(self, inputs: Tensor) -> Tensor:
        x = widen(_checks.floating("inputs", inputs))
        t = np.asarray(self.threshold, "float64")
        cut = np.log(t) - np.log1p(-t) if self.from_logits else t
        cut = ops.convert_to_tensor(cut, x.dtype)
        decision = ops.where(
            ops.isnan(x), float("nan"), ops.cast(x > cut, x.dtype)
        )
        if not self.from_logits:
            fine = _checks.within(
                "inputs",
                x,
                -ROUNDING,
                1 + ROUNDING,
                "probabilities from 0 to 1; for logits, set from_logits=True",
                or_nan=True,
            )
            if fine is not None:
                decision = ops.where(fine, decision, float("nan"))
        if self.straight_through:
            decision = hard_forward(decision, self._soft(x, cut))
        return ops.cast(decision, inputs.dtype)

    def _soft(self, x, cut):
        if self.from_logits:
            return Step()(x - cut, 0.5, from_logits=True)
        # The probability whose log-odds are logit p - logit t.
        p = ops.clip(x, 0, 1)
        yes, no = p * (1 - cut), (1 - p) * cut
        return Step()(yes / (yes + no), 0.5)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "threshold": self.threshold,
            "from_logits": self.from_logits,
            "straight_through": self.straight_through,
        }


def _thresholds(threshold):
    """A checked number, or a list of them."""
    if isinstance(threshold, np.generic):
        threshold = threshold.item()
    if not isinstance(threshold, (Sequence, np.ndarray)) or isinstance(
        threshold, str
    ):
        return _checks.probability("threshold", threshold)
    each = np.asarray(threshold)
    if each.ndim == 0:
        return _checks.probability("threshold", each.item())
    if each.ndim > 1 or not each.size:
        raise ValueError(
            "`threshold` must be a number or a sequence of one a class. "
            f"Received: threshold of shape {each.shape}"
        )
    return [_checks.probability("threshold", t) for t in each.tolist()]
