"""What the metrics of a whole epoch have in common: exact sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from softkeras import _replicas
from softkeras._ops import ops
from softkeras._types import DTypeLike, Tensor


class EpochSums(keras.metrics.Metric):
    """A metric whose state is sums over all batches since the last reset."""

    def __init__(self, name: str, dtype: DTypeLike):
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"
        self.totals: Any = None

    def add(self, numbers: Sequence[Tensor]) -> None:
        """Adds to the totals, each kept as a sum and the rest that it lost."""
        if self.totals is None:
            self.totals = [
                [
                    self.add_variable(
                        number.shape, "zeros", self.dtype, name=f"{part}_{i}"
                    )
                    for part in ("total", "rest")
                ]
                for i, number in enumerate(numbers)
            ]
        for (total, rest), number in zip(self.totals, numbers):
            if tuple(total.shape) != tuple(number.shape):
                raise ValueError(
                    f"{self.name}: every batch must have the same classes. "
                    f"Received: a batch with counts of shape "
                    f"{tuple(number.shape)} after one of {tuple(total.shape)}; "
                    "make another metric for other data."
                )
            number = ops.cast(number, self.dtype)
            old = ops.convert_to_tensor(total)
            new = old + number
            # Knuth's two-sum: what rounding took from old + number.
            kept = new - old
            lost = (old - (new - kept)) + (number - kept)
            total.assign(new)
            rest.assign(rest + lost)

    def sums(self) -> list[Tensor]:
        return _replicas.total([total + rest for total, rest in self.totals])
