"""Counts whose products neither vanish nor overflow."""

from __future__ import annotations

from typing import Any

from softkeras._ops import ops

# Totals whose fourth power float32 can hold, also of a share of 1e-17.
ORDINARY = (2.0**-6, 2.0**30)
# Numbers whose inverse it can hold.
INVERTIBLE = (1e-36, 1e36)


def of_ordinary_size(sums: Any, total: Any) -> Any:
    """The same shares of a total that is ordinary.

    Where weights are as small as 1e-10 or as large as 1e10, a product of counts
    leaves the numbers of float32, and so does the square that a quotient's
    gradient is divided by: JAX then gives a gradient of 0, or NaN. Only for
    scores that do not change when all counts are multiplied by a number.
    """
    total = ops.stop_gradient(total)
    least, most = ORDINARY
    odd = ops.logical_or(total < least, total > most)
    factor = 1 / ops.where(odd, ops.clip(total, *INVERTIBLE), 1.0)
    return [each * factor for each in sums]
