"""How labels are read: what stands for negative and positive, class ids."""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

from softkeras import _checks
from softkeras._ops import ops

# What a label must be, once it is read.
ALLOWED = (
    "labels from 0 to 1, after labels=(negative, positive) has mapped them; "
    "ids of classes need sparse=True"
)


class Labels(NamedTuple):
    """What the numbers of `y_true` mean.

    Args:
        values: The numbers that stand for a negative and a positive label.
        sparse: Whether they are ids of classes, one for each row of
            predictions, and not one number for each prediction.
        ignore_class: The number of labels that count nowhere, or `None`.
    """

    values: tuple[float, float] = (0.0, 1.0)
    sparse: bool = False
    ignore_class: int | None = None

    def read(
        self, y_true: Any, prediction: Any, weight: Any = None
    ) -> tuple[Any, Any]:
        """Labels from 0 to 1 in the shape of the predictions, and which count.

        The latter is `None` where all do, else booleans of the shape of the
        labels that came.

        Args:
            weight: Weights that broadcast to the predictions. Rows in which
                they are 0 may hold any class id, as padding does.
        """
        if self.sparse:
            return self._one_hot(y_true, prediction, weight)
        label = _checks.labels(y_true, prediction)
        counts = None
        negative, positive = self.values
        if _checks.is_boolean(y_true):
            label = negative + (positive - negative) * label
        if self.ignore_class is not None:
            counts = label != self.ignore_class
            label = ops.where(counts, label, negative)
        if self.values != (0.0, 1.0):
            label = (label - negative) / (positive - negative)
        return label, counts

    def _one_hot(self, y_true, prediction, weight):
        ids = _checks.class_ids(y_true, prediction)
        if weight is not None:
            ids = ops.where(ops.any(weight > 0, axis=-1), ids, 0)
        counts = None
        if self.ignore_class is not None:
            counts = ids != self.ignore_class
            ids = ops.where(counts, ids, 0)
        fine = _checks.in_classes(ids, prediction)
        dtype = _checks.wide(prediction.dtype)
        classes = prediction.shape[-1]
        label = ops.one_hot(ops.cast(ids, "int32"), classes, dtype=dtype)
        if fine is not None:
            label = ops.where(fine[..., None], label, float("nan"))
        return label, counts

    def get_config(self) -> dict:
        return {
            "labels": list(self.values),
            "sparse": self.sparse,
            "ignore_class": self.ignore_class,
        }


ZERO_AND_ONE = Labels()


def get(labels: Any, sparse: bool, ignore_class: int | None) -> Labels:
    """`Labels` of the arguments that losses and metrics have.

    Raises:
        ValueError: for what is not allowed.
    """
    wanted = (
        "`labels` must be two different numbers, the one of a negative and the "
        f"one of a positive label. Received: labels={labels!r}"
    )
    if not isinstance(labels, (tuple, list)) or len(labels) != 2:
        raise ValueError(wanted)
    for value in labels:
        if not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise ValueError(wanted)
    negative, positive = map(float, labels)
    if negative == positive:
        raise ValueError(wanted)
    sparse = _checks.boolean("sparse", sparse)
    if sparse and (negative, positive) != (0, 1):
        raise ValueError(
            "With sparse=True the labels are ids of classes. Received: "
            f"labels={labels!r}, which goes with sparse=False."
        )
    if ignore_class is not None and (
        isinstance(ignore_class, bool)
        or not isinstance(ignore_class, numbers.Integral)
        or not -(2**31) < ignore_class < 2**31
    ):
        raise ValueError(
            "`ignore_class` must be None or a whole number of 32 bits. "
            f"Received: ignore_class={ignore_class!r}"
        )
    return Labels((negative, positive), sparse, ignore_class)
