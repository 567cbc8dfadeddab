"""The loss of a batch without elements, of which nothing can be the highest."""

from __future__ import annotations

from typing import Any

from softkeras import _checks
from softkeras._ops import ops


def is_empty(prediction: Any) -> bool:
    return 0 in tuple(prediction.shape)


def no_loss(prediction: Any, average: str | None) -> Any:
    """0, or with `average=None` that of each class."""
    rank = len(prediction.shape)
    kept = rank - 1 if average is None and rank > 1 else rank
    dtype = _checks.wide(prediction.dtype)
    return ops.sum(ops.cast(prediction, dtype), axis=tuple(range(kept)))


def no_losses(prediction: Any) -> tuple[Any, Any]:
    """Those of the rows, and their weights in the mean."""
    dtype = _checks.wide(prediction.dtype)
    nothing = ops.reshape(ops.sum(ops.cast(prediction, dtype), axis=-1), (-1,))
    return nothing, nothing
