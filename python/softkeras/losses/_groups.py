"""Items in groups, whose order is judged: read, checked and weighed."""

from __future__ import annotations

from typing import Any, NamedTuple

from softkeras import _checks
from softkeras._ops import ops
from softkeras.losses._ranking_loss import sound, weights


class Groups(NamedTuple):
    """Items, (groups, items) each, and groups."""

    label: Any
    prediction: Any
    weight: Any
    there: Any  # 1 where the weight is not 0
    group_weight: Any  # (groups,)


def read_groups(
    y_true, y_pred, sample_weight, mask, from_logits, relative, *labels
) -> Groups:
    _checks.boolean("from_logits", from_logits)
    prediction = _without_last(_checks.floating("y_pred", y_pred))
    if len(prediction.shape) != 2:
        raise ValueError(
            "`y_pred` must have the shape (groups, items), or (groups, items, "
            f"1). Received: y_pred of shape {tuple(prediction.shape)}; of one "
            "group, give y_true[None] and y_pred[None]."
        )
    label = _without_last(_checks.tensor("y_true", y_true))
    label = _checks.labels(label, prediction)
    of_items: list[Any] = [None, None]
    of_groups: list[Any] = [None, None]
    for i, values in enumerate((sample_weight, mask)):
        if values is None:
            continue
        values = _without_last(_checks.tensor("sample_weight", values))
        shape = tuple(values.shape)
        is_group = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
        (of_groups if is_group else of_items)[i] = values
    weight = weights(of_items[0], of_items[1], prediction)
    group_weight = weights(
        of_groups[0], of_groups[1], prediction[:, 0], relative=relative
    )
    counts = weight
    if group_weight is not None:
        counts = ops.broadcast_to(group_weight[:, None], ops.shape(prediction))
        counts = counts if weight is None else counts * weight
    label, prediction, _ = sound(
        label, prediction, counts, from_logits, *labels
    )
    if weight is None:
        weight = ops.ones_like(label)
    if group_weight is None:
        group_weight = ops.ones_like(label[:, 0])
    there = ops.where(ops.isnan(weight), weight, 1.0)
    there = ops.where(weight == 0, 0.0, there)
    return Groups(label, prediction, weight, there, group_weight)


def _without_last(values):
    """(groups, items, 1) as (groups, items)."""
    if len(values.shape) == 3 and values.shape[-1] == 1:
        return ops.squeeze(values, axis=-1)
    return values
