"""How far a number of one device may be from that of the other.

In units of the last place of the dtype that is computed in, which is float32
at least, relative to the number itself ("elementwise"), or to 1 if that is
larger ("steep"), or, where terms cancel, to the largest of the array. Results
in float16 and bfloat16 are rounded once more: one unit of their own on top.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EPSILON = {
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
    "float32": 2.0**-23,
    "float64": 2.0**-52,
}
TINY = {
    "float16": 2.0**-14,
    "bfloat16": 2.0**-126,
    "float32": 2.0**-126,
    "float64": 2.0**-1022,
}


class Bound(NamedTuple):
    """`ulps` of the computation; `of_largest` if of the array's largest.

    `least` is what that counts as at least; `own` says that the
    computation is in the dtype of the input, narrow or not.
    """

    ulps: float
    of_largest: bool = False
    least: float = 0.0
    own: bool = False


BOUNDS = {
    "exact": Bound(0),
    "elementwise": Bound(32),
    "steep": Bound(256, least=1.0),
    "absolute": Bound(256, True, 1.0),
    "shares": Bound(2048, True),
    "reduction": Bound(64, True),
    "score": Bound(16, True, 1.0, own=True),
    "search": Bound(4096, True),
    "matmul": Bound(2.0**13, True),
}
# Which results they are, and why they may differ: docs/gpu.md says so.
MEANING = {
    "exact": ("hard decisions", "a comparison is right or wrong"),
    "elementwise": (
        "functions such as `exp_ratio`",
        "exp, log and tanh differ by some ulp between libraries",
    ),
    "steep": (
        "steps",
        "1 - d cancels in the density where d is nearly 1; e^-v is steep",
    ),
    "absolute": (
        "soft rounding and signs",
        "near a jump at n the difference x - n cancels",
    ),
    "reduction": (
        "losses of counts and ranks, staircases",
        "sums are taken in another order",
    ),
    "shares": (
        "soft arg-max",
        "the gradient is a difference from a mean, which cancels",
    ),
    "score": (
        "scores of counts, in the dtype of the counts",
        "they are products and quotients in that dtype",
    ),
    "search": (
        "losses at a constraint and of top items",
        "a threshold is the root of an equation of sums",
    ),
    "matmul": (
        "confusion matrices, their losses",
        "TF32 has 11 binary digits",
    ),
}


def bound(family: str, dtype: str, want: np.ndarray) -> np.ndarray:
    """How far from `want`, a result of inputs of `dtype`, one may be."""
    ulps, of_largest, least, own = BOUNDS[family]
    wide = dtype if own or dtype == "float64" else "float32"
    size = np.where(np.isfinite(want), np.abs(want), 0.0)
    largest = size.max(initial=0.0)
    scale = np.maximum(largest if of_largest else size, least)
    allowed = ulps * EPSILON[wide] * scale
    if ulps and wide != dtype:
        allowed = allowed + EPSILON[dtype] * size + TINY[dtype] * 2.0**-10
    # Below it numbers may be flushed to 0, or lose their digits.
    return allowed + (1024 * TINY[wide] if ulps else 0.0)


def differences(family, dtype, want, got) -> list[str]:
    """What is further apart than allowed, in words; empty if nothing is."""
    if want.shape != got.shape:
        return [f"shape {got.shape}, on the CPU {want.shape}"]
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(got - want)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    allowed = bound(family, dtype, want)
    wrong = ~same & ~(distance <= allowed)
    if not wrong.any():
        return []
    worst = np.flatnonzero(wrong.ravel())[
        np.argmax(np.nan_to_num(distance[wrong], nan=np.inf))
    ]
    return [
        (
            f"{int(wrong.sum())} of {want.size} numbers; "
            f"the worst, at {worst}: {got.ravel()[worst]!r}, on the CPU "
            f"{want.ravel()[worst]!r}, allowed "
            f"{np.broadcast_to(allowed, want.shape).ravel()[worst]:.3g}"
        )
    ]
