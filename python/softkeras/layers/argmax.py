"""Layers that give the highest entry of their input, with a gradient."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _checks
from softkeras._ops import ops
from softkeras._types import Tensor
from softkeras.ops.argmax import soft_argmax, soft_one_hot

__all__ = ["SoftArgmax", "SoftOneHot"]


class _Selection(keras.layers.Layer):
    """What both layers have: the arguments of their op, and the mask."""

    def __init__(
        self,
        axis: int | tuple[int, ...] = -1,
        sharpness: float = 1.0,
        straight_through: bool = False,
        hard: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis = tuple(axis) if isinstance(axis, (tuple, list)) else axis
        self.sharpness = _checks.fixed("sharpness", sharpness)
        self.straight_through = _checks.boolean(
            "straight_through", straight_through
        )
        self.hard = _checks.boolean("hard", hard)
        self.supports_masking = True

    def _arguments(self, inputs, mask):
        if mask is not None:
            mask = ops.convert_to_tensor(mask)
            missing = len(inputs.shape) - len(mask.shape)
            mask = ops.expand_dims(
                mask, tuple(range(-missing, 0)) if missing > 0 else ()
            )
        return {
            "axis": self.axis,
            "sharpness": self.sharpness,
            "straight_through": self.straight_through,
            "mask": mask,
            "hard": self.hard,
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "sharpness": self.sharpness,
            "straight_through": self.straight_through,
            "hard": self.hard,
        }


@keras.saving.register_keras_serializable(package="softkeras")
class SoftArgmax(_Selection):
    """The expected index of the highest entry: `ops.soft_argmax` as a layer.

    Formula: y = Σᵢ i·pᵢ, p = softmax(s·(x - max x)) over `axis`; indices count
    from `first_index`. Over two axes it gives the coordinates of the peak of a
    heat map.

    Gradient: dy/dxᵢ = s·pᵢ·(i - y), as that of `soft_argmax`.

    Args:
        axis: The axis to take the index along, or a tuple of axes, counted with
            that of the batch. Default: the last.
        sharpness: s > 0, per unit of the input; infinite: the arg-max itself.
        straight_through: Give exactly the arg-max forward, and the gradient of
            the soft one backward.
        hard: Give exactly the arg-max, which has no gradient.
        first_index: What the first entry counts as; R's wrapper says 1.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments:
        inputs: Numbers with the axes that are named.
        mask: Booleans of the shape of `inputs`, or of its first axes, as
            Keras's own masks are, (batch, time); `False` can't be chosen. Keras
            passes the mask of the layer before by itself.

    Returns:
        As `soft_argmax`: the shape of `inputs` without `axis`, and for a tuple
        of k axes one more, of length k, at the end. float32 under mixed
        precision too.

    Raises:
        ValueError: for a sharpness that is not above 0, and, when it is called,
            whatever `soft_argmax` refuses.

    Reference: https://arxiv.org/abs/1710.02322 and, over two axes,
    https://arxiv.org/abs/1801.07372.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.argmax import SoftArgmax
    >>> heat = np.zeros((1, 4, 6, 1), "float32")
    >>> heat[0, 1, 4, 0] = 9.0
    >>> layer = SoftArgmax(axis=(1, 2), sharpness=5)
    >>> np.array(layer(heat)).round(4).tolist()
    [[[1.0, 4.0]]]
    """

    def __init__(
        self,
        axis: int | tuple[int, ...] = -1,
        sharpness: float = 1.0,
        straight_through: bool = False,
        hard: bool = False,
        first_index: int = 0,
        **kwargs: Any,
    ):
        super().__init__(axis, sharpness, straight_through, hard, **kwargs)
        self.first_index = first_index

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return soft_argmax(
            inputs,
            first_index=self.first_index,
            **self._arguments(inputs, mask),
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "first_index": self.first_index}

    def compute_mask(
        self, inputs: Tensor, previous_mask: Tensor | None = None
    ) -> Tensor | None:
        """The mask before, if none of the axes that it is about is gone."""
        if previous_mask is None:
            return None
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        left = len(previous_mask.shape)
        if any(axis % len(inputs.shape) < left for axis in axes):
            return None
        return previous_mask


@keras.saving.register_keras_serializable(package="softkeras")
class SoftOneHot(_Selection):
    """The selection of the highest entry: `ops.soft_one_hot` as a layer.

    Formula: p = softmax(s·(x - max x)) over `axis`, over several axes together.

    Gradient: dL/dxᵢ = s·pᵢ·(gᵢ - Σⱼ gⱼ·pⱼ), g = dL/dp, as that of
    `soft_one_hot`.

    Args:
        axis: The axis to select along, or a tuple of axes, counted with that of
            the batch. Default: the last.
        sharpness: s > 0, per unit of the input; infinite: the one-hot itself.
        straight_through: Give exactly the one-hot of the arg-max forward, and
            the gradient of the soft one backward.
        hard: Give exactly the one-hot of the arg-max, which has no gradient.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments:
        inputs: Numbers with the axes that are named.
        mask: Booleans of the shape of `inputs`, or of its first axes, as
            Keras's own masks are, (batch, time); `False` can't be chosen. Keras
            passes the mask of the layer before by itself.

    Returns:
        Of the shape of `inputs`, from 0 to 1.

    Raises:
        ValueError: for a sharpness that is not above 0, and, when it is called,
            whatever `soft_one_hot` refuses.

    Reference: for straight-through, https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.layers.argmax import SoftOneHot
    >>> layer = SoftOneHot(straight_through=True)
    >>> np.array(layer(np.array([[1.0, 3.0, 2.0]]))).tolist()
    [[0.0, 1.0, 0.0]]
    """

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return soft_one_hot(inputs, **self._arguments(inputs, mask))
