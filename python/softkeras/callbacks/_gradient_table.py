"""What a `GradientWatch` has seen, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

COLUMNS = ("step", "layer", "variable", "zero", "non_finite", "norm")


class GradientTable(list):
    """Rows with `COLUMNS`, each a dict; None where there was no gradient."""

    def to_dict(self) -> dict[str, list[Any]]:
        """The columns by name, as pandas.DataFrame takes them."""
        return {name: [row[name] for row in self] for name in COLUMNS}

    def __str__(self):
        if not self:
            return "no gradients have been looked at"
        lines = [COLUMNS, *(_cells(row) for row in self)]
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join(_line(cells, widths) for cells in lines)

    __repr__ = __str__


def _cells(row: dict[str, Any]) -> Sequence[str]:
    start = (str(row["step"]), row["layer"], row["variable"])
    if row["norm"] is None:
        return (*start, "-", "-", "none")
    shares = (percent(row[name]) for name in ("zero", "non_finite"))
    return (*start, *shares, f"{row['norm']:.3g}")


def percent(share: float) -> str:
    """Such that only 0 is shown as 0 %, and only 1 as 100 %."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def _line(cells, widths):
    """Names to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if i in (1, 2) else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths))
    )
