"""The soft staircase as a layer: a quantiser that can learn its steps."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from softkeras import _checks, steps
from softkeras._ops import ops
from softkeras._types import Shape, Tensor, TensorLike
from softkeras.ops.staircase import soft_staircase
from softkeras.steps import StepLike

__all__ = ["SoftStaircase"]

# softplus(UNIT) = 1: a gap starts at what was given.
UNIT = math.log(math.e - 1)
# The part of a gap that stays, so that thresholds never meet.
LEAST = 1e-3


@keras.saving.register_keras_serializable(package="softkeras")
class SoftStaircase(keras.layers.Layer):
    """Rounds each number to one of n + 1 levels, softly.

    Formula: `softkeras.ops.soft_staircase` of the input. Trained thresholds
    are t₁ = a₁ + g₁·w₁ and tᵢ = tᵢ₋₁ + gᵢ·(c + (1 - c)·softplus(wᵢ + u)),
    with a the given ones, g the gaps between them (g₁ their mean, 1 if there
    is but one), c = 0.001 and softplus(u) = 1. So the weights start at 0, are
    in units of the gaps, and the thresholds increase whatever the weights.

    Gradient: that of `soft_staircase`, in the input and in what is trained.

    Args:
        thresholds: n >= 1 increasing numbers.
        levels: n + 1 numbers: below the first threshold, between them, above
            the last.
        step: As for `soft_staircase`.
        sharpness: As for `soft_staircase`.
        straight_through: Give exactly the hard staircase forward and the soft
            one's gradient backward.
        hard: Give exactly the hard staircase, which has no gradient.
        trainable_thresholds: Whether they are weights.
        trainable_levels: Whether they are weights.
        edges: As for `soft_staircase`; not with `trainable_thresholds`, which
            could move across them.
        **kwargs: As in every layer: `name`, `dtype`.

    Returns:
        A tensor of the shape and dtype of the input.

    Raises:
        ValueError: as `soft_staircase`, when the layer is made.

    Reference: as `soft_staircase`.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.staircase import SoftStaircase
    >>> layer = SoftStaircase([0.0, 1.0], [-1.0, 0.0, 4.0], step="ramp")
    >>> np.array(layer(np.array([-9.0, 0.5, 1.0], "float32"))).tolist()
    [-1.0, 0.0, 2.0]
    """

    def __init__(
        self,
        thresholds: TensorLike,
        levels: TensorLike,
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        straight_through: bool = False,
        hard: bool = False,
        trainable_thresholds: bool = False,
        trainable_levels: bool = False,
        edges: TensorLike | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.initial_thresholds = _numbers(thresholds)
        self.initial_levels = _numbers(levels)
        self.edges = None if edges is None else _numbers(edges)
        self.step = steps.on_the_line(step, sharpness)
        _checks.fixed("sharpness", self.step.sharpness)
        self.straight_through = _checks.boolean(
            "straight_through", straight_through
        )
        self.hard = _checks.boolean("hard", hard)
        self.trainable_thresholds = _checks.boolean(
            "trainable_thresholds", trainable_thresholds
        )
        self.trainable_levels = _checks.boolean(
            "trainable_levels", trainable_levels
        )
        self.supports_masking = True
        if self.edges is not None and self.trainable_thresholds:
            raise ValueError(
                "Thresholds that are trained could move across edges that are "
                "not. Received: trainable_thresholds=True and "
                f"edges={self.edges}; leave one of them out."
            )
        # The op's own checks, on a number.
        soft_staircase(
            0.0,
            self.initial_thresholds,
            self.initial_levels,
            self.step,
            edges=self.edges,
        )

    def build(self, input_shape: Shape) -> None:
        if self.trainable_thresholds:
            # In float32 under mixed precision too: as float16 they could meet.
            self.spread = self.add_weight(
                shape=(len(self.initial_thresholds),),
                initializer="zeros",
                name="spread",
                autocast=False,
            )
        if self.trainable_levels:
            self.level = self.add_weight(
                shape=(len(self.initial_levels),),
                initializer=keras.initializers.Constant(self.initial_levels),
                name="level",
                autocast=False,
            )

    @property
    def thresholds(self) -> Tensor:
        """The thresholds as they are now, a tensor."""
        given = np.array(self.initial_thresholds)
        if not (self.built and self.trainable_thresholds):
            return self._tensor(given)
        gaps = np.diff(given)
        unit = float(gaps.mean()) if len(gaps) else 1.0
        spread = ops.convert_to_tensor(self.spread)
        # Not ops.softplus, of which torch's is x itself from 20 on.
        softplus = -ops.log_sigmoid(-(spread[1:] + UNIT))
        grown = LEAST + (1 - LEAST) * softplus
        return ops.cumsum(
            ops.concatenate(
                [
                    self._tensor(given[:1]) + unit * spread[:1],
                    self._tensor(gaps) * grown,
                ]
            )
        )

    @property
    def levels(self) -> Tensor:
        """The levels as they are now, a tensor."""
        if self.built and self.trainable_levels:
            return ops.convert_to_tensor(self.level)
        return self._tensor(self.initial_levels)

    def _tensor(self, numbers):
        return ops.convert_to_tensor(numbers, self.variable_dtype)

    def call(self, inputs: Tensor) -> Tensor:
        return soft_staircase(
            inputs,
            self.thresholds,
            self.levels,
            self.step,
            straight_through=self.straight_through,
            hard=self.hard,
            edges=self.edges,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": list(self.initial_thresholds),
            "levels": list(self.initial_levels),
            "step": steps.serialize(self.step),
            "straight_through": self.straight_through,
            "hard": self.hard,
            "trainable_thresholds": self.trainable_thresholds,
            "trainable_levels": self.trainable_levels,
            "edges": None if self.edges is None else list(self.edges),
        }


def _numbers(values):
    return tuple(np.asarray(values, "float64").ravel().tolist())
