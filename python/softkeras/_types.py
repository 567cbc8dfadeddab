"""The types in the signatures of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import keras


class HasShape(Protocol):
    """Arrays, tensors, variables and data frames, of any library."""

    @property
    def shape(self) -> Any: ...


# What can be made a tensor.
TensorLike: TypeAlias = HasShape | float | Sequence["TensorLike"]

# A tensor of the backend in use, or Keras's symbolic one. Checkers take it for
# anything, because a result is handed on to functions that ask for a tf.Tensor,
# a jax.Array or a torch.Tensor, and no type is all three.
Tensor: TypeAlias = Any

Shape: TypeAlias = Sequence[int | None]
DTypeLike: TypeAlias = str | keras.DTypePolicy | None
LossLike: TypeAlias = str | dict[str, Any] | keras.losses.Loss

T = TypeVar("T")


class Decorator(Protocol):
    """Gives what it decorates back, of the same type."""

    def __call__(self, thing: T, /) -> T: ...
