"""The layers of `softkeras.ops.rounding`: steps and rounding as activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from softkeras import _checks, steps
from softkeras._types import Shape, Tensor
from softkeras.ops import rounding
from softkeras.steps import StepLike

__all__ = ["SoftCeil", "SoftFloor", "SoftRound", "SoftSign", "SoftStep"]


class _Rounding(keras.layers.Layer):
    """The layer of an op of each element, which a subclass names."""

    op: Any

    def __init__(
        self,
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        straight_through: bool = False,
        hard: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.step = steps.on_the_line(step, sharpness)
        _checks.fixed("sharpness", self.step.sharpness)
        self.straight_through = _checks.boolean(
            "straight_through", straight_through
        )
        self.hard = _checks.boolean("hard", hard)
        self.supports_masking = True
        # The op's own checks, on a number: now, and not when data comes.
        self.op([0.0], **self._arguments())

    def _arguments(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "straight_through": self.straight_through,
            "hard": self.hard,
        }

    def call(self, inputs: Tensor) -> Tensor:
        return self.op(inputs, **self._arguments())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self._arguments(),
            "step": steps.serialize(self.step),
        }


@keras.saving.register_keras_serializable(package="softkeras")
class SoftStep(_Rounding):
    """A soft 0/1 decision: `ops.soft_step` as a layer.

    Formula: G(s·(x - t)), with G the shape of the step and s its sharpness.

    Gradient: s·G'(s·(x - t)).

    Args:
        threshold: t, where the step is, in the units of x: a number, or a list
            of one for each entry of the last axis.
        step: A name such as `"sigmoid"` or `"arctan"`, or a
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: The slope at the threshold, s > 0, per unit of x. Default:
            that of the step, 8 for a name.
        straight_through: Give exactly the hard function forward and the soft
            one's gradient backward.
        hard: Give exactly the hard function, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: as `softkeras.ops.soft_step`, when the layer is made.

    Reference: Bengio et al., https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.rounding import SoftStep
    >>> layer = SoftStep(threshold=2.0, straight_through=True)
    >>> np.array(layer(np.array([[1.0, 3.0]], "float32"))).tolist()
    [[0.0, 1.0]]
    """

    op = staticmethod(rounding.soft_step)

    def __init__(
        self,
        threshold: float | Sequence[float] = 0.0,
        step: StepLike = "sigmoid",
        sharpness: float | None = None,
        straight_through: bool = False,
        hard: bool = False,
        **kwargs: Any,
    ):
        self.threshold = (
            [_checks.finite("threshold", each) for each in threshold]
            if isinstance(threshold, (list, tuple))
            else _checks.finite("threshold", threshold)
        )
        super().__init__(step, sharpness, straight_through, hard, **kwargs)

    def _arguments(self) -> dict[str, Any]:
        return {"threshold": self.threshold, **super()._arguments()}


@keras.saving.register_keras_serializable(package="softkeras")
class SoftSign(_Rounding):
    """A soft sign, from -1 to 1: `ops.soft_sign` as a layer.

    Formula: 2·G(s·x) - 1, with G the shape of the step and s its sharpness.

    Gradient: 2s·G'(s·x).

    Args:
        step: A name such as `"sigmoid"` or `"arctan"`, or a
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: Half the slope at 0, s > 0, per unit of x. Default: that of
            the step, 8 for a name.
        straight_through: Give exactly the hard function forward and the soft
            one's gradient backward.
        hard: Give exactly the hard function, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: as `softkeras.ops.soft_sign`, when the layer is made.

    Reference: Bengio et al., https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.rounding import SoftSign
    >>> layer = SoftSign("softsign", sharpness=1.0)
    >>> np.array(layer(np.array([[-1.5, 0.5]], "float32"))).tolist()
    [[-0.75, 0.5]]
    """

    op = staticmethod(rounding.soft_sign)


@keras.saving.register_keras_serializable(package="softkeras")
class SoftRound(_Rounding):
    """Rounds to integers, softly: `ops.soft_round` as a layer.

    Formula: k + F(x - k), k the integer below x and F the anchored step.

    Gradient: F'(x - k), s at half-integers.

    Args:
        step: A name such as `"sigmoid"` or `"arctan"`, or a
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: The slope at half-integers, s >= 1. Default: that of
            the step, 8 for a name.
        straight_through: Give exactly the hard function forward and the soft
            one's gradient backward.
        hard: Give exactly the hard function, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: as `softkeras.ops.soft_round`, when the layer is made.

    Reference: Agustsson and Theis, https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.rounding import SoftRound
    >>> layer = SoftRound(step="ramp", sharpness=2.0)
    >>> np.array(layer(np.array([[0.25, 0.625, 2.0]], "float32"))).tolist()
    [[0.0, 0.75, 2.0]]
    """

    op = staticmethod(rounding.soft_round)


@keras.saving.register_keras_serializable(package="softkeras")
class SoftFloor(_Rounding):
    """A soft floor: `ops.soft_floor` as a layer.

    Formula: soft_round(x - ½); n - ½ at an integer n, floor(x) at halves.

    Gradient: that of `SoftRound` at x - ½: s at integers.

    Args:
        step: A name such as `"sigmoid"` or `"arctan"`, or a
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: The slope at integers, s >= 1. Default: that of
            the step, 8 for a name.
        straight_through: Give exactly the hard function forward and the soft
            one's gradient backward.
        hard: Give exactly the hard function, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: as `softkeras.ops.soft_floor`, when the layer is made.

    Reference: Agustsson and Theis, https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.rounding import SoftFloor
    >>> layer = SoftFloor(straight_through=True)
    >>> np.array(layer(np.array([[0.9, -0.1, 2.0]], "float32"))).tolist()
    [[0.0, -1.0, 2.0]]
    """

    op = staticmethod(rounding.soft_floor)


@keras.saving.register_keras_serializable(package="softkeras")
class SoftCeil(_Rounding):
    """A soft ceiling: `ops.soft_ceil` as a layer.

    Formula: soft_round(x + ½); n + ½ at an integer n, ceil(x) at halves.

    Gradient: that of `SoftRound` at x + ½: s at integers.

    Args:
        step: A name such as `"sigmoid"` or `"arctan"`, or a
            `softkeras.steps.Step` with `scale="probability"`.
        sharpness: The slope at integers, s >= 1. Default: that of
            the step, 8 for a name.
        straight_through: Give exactly the hard function forward and the soft
            one's gradient backward.
        hard: Give exactly the hard function, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: as `softkeras.ops.soft_ceil`, when the layer is made.

    Reference: Agustsson and Theis, https://arxiv.org/abs/2006.09952.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.rounding import SoftCeil
    >>> layer = SoftCeil(straight_through=True)
    >>> np.array(layer(np.array([[0.1, 1.9, 2.0]], "float32"))).tolist()
    [[1.0, 2.0, 2.0]]
    """

    op = staticmethod(rounding.soft_ceil)
