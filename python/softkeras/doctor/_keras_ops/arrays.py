"""Probes of what moves numbers without changing them, and makes some."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._keras_ops.case import OTHER, SMOOTH, Case, smooth

X = {"x": smooth(2, 3)}
SQUARE = {"x": smooth(3, 3)}
CUBE = {"x": smooth(2, 2, 4)}
INDICES = np.array([2, 0, 1])

WITHOUT_ARGUMENTS = """diag diagflat diagonal fliplr flip flipud ravel rot90
    trace transpose tril triu unstack convert_to_tensor
    convert_to_numpy stop_gradient""".split()
OF_A_LIST = "concatenate dstack hstack stack vstack".split()
LIKE = "ones_like zeros_like".split()


def _of(inputs, **options):
    return Case(inputs, lambda op, x: op(x, **options))


def _args(inputs, *args, option="", **options):
    return Case(inputs, lambda op, *x: op(*x, *args, **options), option)


MOVING = {
    **{name: _of(SQUARE) for name in WITHOUT_ARGUMENTS},
    **{
        name: Case(
            {"x[0]": smooth(2, 3), "x[1]": smooth(2, 3, seed=1)},
            lambda op, *x: op(list(x)),
        )
        for name in OF_A_LIST
    },
    **{
        name: _args(CUBE, 2)
        for name in "array_split dsplit hsplit split vsplit".split()
    },
    "append": Case({"x1": SMOOTH, "x2": OTHER}),
    "broadcast_to": _args({"x": SMOOTH}, (2, 6)),
    "depth_to_space": _args({"x": smooth(1, 2, 2, 4)}, 2),
    "diff": _of(X),
    "expand_dims": _args(X, 0),
    "extract_sequences": _args({"x": SMOOTH}, 3, 2),
    "fold": _args({"x": smooth(1, 8, 4)}, (4, 4), 2, stride=2),
    "get_item": _args(X, (0, slice(1, 3))),
    "meshgrid": Case({"x[0]": SMOOTH[:2], "x[1]": OTHER[:3]}),
    "moveaxis": _args(X, 0, 1),
    "pad": (
        _args({"x": SMOOTH}, 1),
        _args({"x": SMOOTH}, 1, option="mode='reflect'", mode="reflect"),
    ),
    "rearrange": _args(X, "a b -> (b a)"),
    "repeat": _args({"x": SMOOTH}, 2),
    "reshape": _args(X, (3, 2)),
    "roll": _args(X, 1),
    "scatter": Case(
        {"values": SMOOTH[:3]},
        lambda op, values: op(INDICES[:, None], values, (4,)),
    ),
    "scatter_update": Case(
        {"inputs": SMOOTH, "updates": OTHER[:3]},
        lambda op, x, updates: op(x, INDICES[:, None], updates),
    ),
    "slice": _args(X, (0, 1), (2, 2)),
    "slice_update": Case(
        {"inputs": smooth(2, 3), "updates": smooth(1, 2, seed=1)},
        lambda op, x, updates: op(x, (1, 0), updates),
    ),
    "space_to_depth": _args({"x": smooth(1, 4, 4, 1)}, 2),
    "squeeze": _of({"x": smooth(1, 3)}),
    "swapaxes": _args(X, 0, 1),
    "take": _args({"x": SMOOTH}, INDICES),
    "take_along_axis": _args(X, np.array([[0, 2], [1, 1]]), axis=1),
    "tile": _args(X, 2),
    "trapezoid": Case(
        {"y": SMOOTH, "x": np.sort(OTHER)}, lambda op, y, x: op(y, x)
    ),
    "vander": _of({"x": SMOOTH[:3]}),
    "unfold": _args({"x": smooth(1, 2, 4, 4)}, 2),
    "view": _args({"x": SMOOTH}, "int32"),
    "view_as_complex": _of({"x": smooth(3, 2)}),
    "view_as_real": Case(
        {"real": SMOOTH, "imaginary": OTHER},
        lambda op, real, imaginary: op(_complex(real, imaginary)),
    ),
}
SEGMENTS = np.array([0, 0, 1, 1, 1, 2])


def _complex(real, imaginary):
    from keras import ops

    return ops.view_as_complex(ops.stack([real, imaginary], axis=-1))


def _segment(op, data):
    return op(data, SEGMENTS[: data.shape[0]], num_segments=3)


MAKING = {
    **{name: _of(X) for name in LIKE},
    "full": Case(
        {"fill_value": np.array(0.3)}, lambda op, value: op((2,), value)
    ),
    "full_like": Case(
        {"x": SMOOTH, "fill_value": np.array(0.3)},
    ),
    "geomspace": Case(
        {"start": np.array(0.3), "stop": np.array(2.3)},
        lambda op, *ends: op(*ends, num=4),
    ),
    "linspace": Case(
        {"start": np.array(0.3), "stop": np.array(2.3)},
        lambda op, *ends: op(*ends, num=4),
    ),
    "logspace": Case(
        {"start": np.array(0.3), "stop": np.array(1.3)},
        lambda op, *ends: op(*ends, num=4),
    ),
}
SEGMENTED = {
    name: Case(
        {"data": SMOOTH},
        _segment,
        special={
            "zeros": {"data": np.zeros(6)},
            "equal entries": {"data": np.full(6, 0.5)},
            "empty segments": {"data": np.full(2, 0.5)},
        },
    )
    for name in "segment_max segment_min segment_prod segment_sum".split()
}
