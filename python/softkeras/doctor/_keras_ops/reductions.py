"""Probes of what makes fewer numbers of many, and of sorting and counting."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._keras_ops.case import (
    OTHER,
    SMOOTH,
    Case,
    smooth,
    zeros_and_equal,
)

SUMS = """all amax amin any count_nonzero logsumexp max mean median min prod
    ptp std sum var""".split()
OF_THE_REST = """nanmax nanmean nanmedian nanmin nanprod nanstd nansum
    nanvar""".split()
CUMULATIVE = "cumprod cumsum nancumprod nancumsum".split()
INDICES = "argmax argmin argsort nanargmax nanargmin".split()
X = {"x": smooth(2, 3)}


def _along(op, x):
    return op(x, axis=-1)


def _special(*, sizes=True, nan=False, infinity=False):
    x = X["x"]
    found = zeros_and_equal(X)
    one_zero = x.copy()
    one_zero[:, 0] = 0
    found["one zero"] = {"x": one_zero}
    found["entries of 1e20"] = {"x": x * 1e20}
    if sizes:
        found["one entry"] = {"x": x[:, :1]}
        found["no entries"] = {"x": x[:, :0]}
    if nan:
        one = x.copy()
        one[:, 0] = np.nan
        found["one NaN"] = {"x": one}
        found["NaN alone"] = {"x": np.full_like(x, np.nan)}
    if infinity:
        one = x.copy()
        one[:, 0] = -np.inf
        found["one -inf"] = {"x": one}
        found["-inf alone"] = {"x": np.full_like(x, -np.inf)}
    return found


def _reduction(call=_along, option="", **special):
    return Case(X, call, option, special=_special(**special))


def _with_option(option, **options):
    return Case(
        X, lambda op, x: op(x, axis=-1, **options), option, special=_special()
    )


def _quantile(q, option="", **options):
    return Case(
        X,
        lambda op, x: op(x, q, axis=-1, **options),
        option,
        special=_special(nan=False),
    )


REDUCTIONS = {
    **{name: _reduction() for name in SUMS},
    **{name: _reduction(nan=True) for name in OF_THE_REST},
    **{name: Case(X, _along, special=_special()) for name in CUMULATIVE},
    "average": Case(
        {"x": smooth(2, 3), "weights": smooth(3, low=0.2, high=1)},
        lambda op, x, weights: op(x, axis=-1, weights=weights),
        special={
            "weights of sum 0": {"weights": np.zeros(3)},
            "no entries": {"x": np.zeros((2, 0)), "weights": np.zeros(0)},
        },
    ),
    "logsumexp": _reduction(infinity=True),
    "moments": Case(X, lambda op, x: op(x, axes=[-1]), special=_special()),
    "nanpercentile": _quantile(40),
    "nanquantile": _quantile(0.4),
    "norm": (
        _reduction(),
        *(
            _with_option(f"ord={order}", ord=order)
            for order in (1, 3, 0, float("inf"))
        ),
    ),
    "percentile": _quantile(40),
    "quantile": (
        _quantile(0.4),
        _quantile(0.4, "method='nearest'", method="nearest"),
    ),
}
SORTING = {
    **{name: Case(X, _along, special={}) for name in INDICES},
    "argpartition": Case(X, lambda op, x: op(x, 1)),
    "bincount": Case(
        {"weights": SMOOTH},
        lambda op, w: op(np.array([0, 1, 1, 3, 2, 0]), weights=w),
    ),
    "digitize": Case(
        {"x": SMOOTH}, lambda op, x: op(x, np.array([-1.0, 0.0, 1.0]))
    ),
    "histogram": Case({"x": SMOOTH}, lambda op, x: op(x, bins=4)),
    "in_top_k": Case(
        {"predictions": smooth(2, 3)},
        lambda op, x: op(np.array([0, 2]), x, k=2),
    ),
    "nonzero": Case({"x": SMOOTH}),
    "searchsorted": Case(
        {"sorted_sequence": np.sort(SMOOTH), "values": OTHER},
    ),
    "sort": Case(X, special=zeros_and_equal(X)),
    "top_k": Case(X, lambda op, x: op(x, k=2), special=zeros_and_equal(X)),
    "unique": (
        Case({"x": SMOOTH}),
        Case(
            {"x": SMOOTH},
            lambda op, x: op(x, size=8),
            "size=8",
        ),
    ),
}
