"""The layer of `softkeras.ops.hard_threshold`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from softkeras import steps
from softkeras._ops import ops
from softkeras._types import Shape, Tensor
from softkeras.ops.hard_threshold import (
    check_threshold,
    get_surrogate,
    hard_threshold,
)
from softkeras.steps import StepLike

__all__ = ["HardThreshold"]


@keras.saving.register_keras_serializable(package="softkeras")
class HardThreshold(keras.layers.Layer):
    """An activation that is 0 where `abs(x)` is at most λ, and x elsewhere.

    Formula: f(x) = x·1[abs(x) > λ]; see `softkeras.ops.hard_threshold`.

    Gradient: 1 where abs(x) > λ, else 0, and never NaN. The exact one in λ is
    0, so a trainable λ needs a surrogate S: then the gradient is that of
    x·S(abs(x) - λ).

    Args:
        threshold: λ >= 0, in the units of x, where λ starts if it is trained:
            a number, or a list of one a channel.
        trainable: Whether λ is trained. It is kept from becoming negative. A
            layer that trains is one of the model's own, and not the activation
            of another, where Keras makes its weight only when it is first used.
        surrogate: `None`, or the soft step that gives the gradient: a name, a
            `softkeras.steps.Step`, or a callable that is registered with
            Keras.
        per_channel: Whether each channel has a λ of its own. A list of
            thresholds implies it.
        axis: The axis of the channels.
        **kwargs: As in every layer: `name`, `dtype`.

    Call arguments: a tensor of any shape; its mask is handed on.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: if a threshold is negative, if the surrogate is unknown or
            hard, if λ is to be trained without a surrogate, or if the number
            of thresholds is not that of the channels.

    Reference: Donoho & Johnstone, Ideal spatial adaptation by wavelet
    shrinkage, https://doi.org/10.1093/biomet/81.3.425.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from softkeras.layers.hard_threshold import HardThreshold
    >>> x = np.array([[-6.0, -5.0, 1.0, 14.0]], "float32")
    >>> np.array(HardThreshold(5.0)(x)).tolist()
    [[-6.0, 0.0, 0.0, 14.0]]
    >>> layer = HardThreshold(5.0, trainable=True, surrogate="sigmoid")
    >>> ops.convert_to_numpy(layer(x)).tolist(), len(layer.trainable_weights)
    ([[-6.0, 0.0, 0.0, 14.0]], 1)
    """

    def __init__(
        self,
        threshold: float | Sequence[float],
        trainable: bool = False,
        surrogate: StepLike | None = None,
        per_channel: bool = False,
        axis: int = -1,
        **kwargs: Any,
    ):
        check_threshold(threshold)
        step = get_surrogate(surrogate)
        if trainable and step is None:
            raise ValueError(
                "trainable=True needs a surrogate, because the exact gradient "
                "of a hard threshold in λ is 0, so that λ would never move. "
                "Received: surrogate=None; use surrogate='sigmoid' or another "
                "soft step."
            )
        super().__init__(trainable=trainable, **kwargs)
        start = np.asarray(threshold, "float64")
        if start.ndim > 1:
            raise ValueError(
                "`threshold` must be a number or a list of one a channel. "
                f"Received: threshold of shape {start.shape}"
            )
        self.threshold_start = start.tolist()
        self.surrogate = step
        self.per_channel = bool(per_channel) or start.ndim == 1
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        shape: tuple[int, ...] = ()
        if self.per_channel:
            shape = (self._channels(input_shape),)
        start = np.broadcast_to(self.threshold_start, shape)
        self.threshold = self.add_weight(
            shape=shape,
            # Not by `trainable`: freezing the layer and thawing it again must
            # give λ back, and thawing a fixed λ must not.
            trainable=self.surrogate is not None,
            initializer=lambda shape, dtype: ops.convert_to_tensor(
                start, dtype
            ),
            constraint="non_neg",
            # x is compared in float32, in which λ need not be rounded.
            autocast=False,
            name="threshold",
        )

    def _channels(self, input_shape):
        channels = input_shape[self.axis] if input_shape else None
        if channels is None:
            raise ValueError(
                "A threshold a channel needs the number of channels. Received: "
                f"inputs of shape {tuple(input_shape)} with axis={self.axis}; "
                "fix the size of that axis, or use per_channel=False."
            )
        given = np.size(self.threshold_start)
        if np.ndim(self.threshold_start) and given != channels:
            raise ValueError(
                "There must be as many thresholds as channels. Received: "
                f"{given} thresholds and inputs of shape {tuple(input_shape)} "
                f"with axis={self.axis}, so {channels} channels."
            )
        return channels

    def call(self, inputs: Tensor) -> Tensor:
        threshold = ops.convert_to_tensor(self.threshold)
        behind = (
            len(inputs.shape) - 1 - self.axis
            if self.axis >= 0
            else (-1 - self.axis)
        )
        if self.per_channel and behind:
            threshold = ops.reshape(threshold, (-1,) + (1,) * behind)
        return hard_threshold(inputs, threshold, self.surrogate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        surrogate = self.surrogate
        return {
            **super().get_config(),
            "threshold": self.threshold_start,
            # A model that is thawed thaws all of its layers.
            "trainable": self.trainable and surrogate is not None,
            "surrogate": surrogate and steps.serialize(surrogate),
            "per_channel": self.per_channel,
            "axis": self.axis,
        }
