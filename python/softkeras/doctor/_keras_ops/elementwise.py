"""Probes of the elementwise ops."""

from __future__ import annotations

import keras
import numpy as np

from softkeras.doctor._keras_ops.case import (
    OTHER,
    SIDE,
    SMOOTH,
    Case,
    binary,
    line,
    smooth,
    unary,
)

# Of one number; those that are smooth on all of (-2, 2), or near enough.
FUNCTIONS = """abs absolute arcsinh arctan array cbrt copy
    cos cosh deg2rad erf erfc exp exp2 expm1 fabs i0 negative rad2deg
    sin sinc sinh square tanh""".split()
RANGES = {
    "arccos": (-1, 1),
    "arccosh": (1.1, 3),
    "arcsin": (-1, 1),
    "arctanh": (-1, 1),
    "erfinv": (-1, 1),
    "log": (0.1, 3),
    "log10": (0.1, 3),
    "log1p": (-0.8, 3),
    "log2": (0.1, 3),
    "reciprocal": (0.1, 3),
    "rsqrt": (0.1, 3),
    "sqrt": (0.1, 3),
    "tan": (-1.2, 1.2),
}
ACTIVATIONS = """celu elu gelu hard_shrink hard_sigmoid hard_silu hard_swish
    hard_tanh leaky_relu log_sigmoid relu relu6 selu sigmoid silu soft_shrink
    softplus softsign sparse_plus sparse_sigmoid squareplus swish
    tanh_shrink""".split()
COMPLEX = "angle conj conjugate imag real".split()
ROUNDING = "ceil floor sign trunc".split()
TESTS = """isfinite isinf isnan isneginf isposinf isreal logical_not
    signbit""".split()
COMPARISONS = """equal greater greater_equal less less_equal logical_and
    logical_or logical_xor not_equal""".split()
PAIRS = """add arctan2 divide divide_no_nan fmax fmin hypot logaddexp
    logaddexp2 maximum minimum multiply subtract true_divide""".split()


def _pick(op, x1, x2):
    return op(np.arange(x1.shape[0]) % 2 == 0, x1, x2)


def _of_complex(op, real, imaginary):
    pairs = keras.ops.stack([real, imaginary], axis=-1)
    return op(keras.ops.view_as_complex(pairs))


def _unsafe(op, x):
    return op(x > 0, keras.ops.log(x), 0 * x)


def _of_option(option, call, low=-2.0, high=2.0):
    return unary(low, high, call, option)


ARITHMETIC = {
    **{name: unary() for name in FUNCTIONS},
    **{name: unary(*ends) for name, ends in RANGES.items()},
    **{name: binary() for name in PAIRS},
    **{
        name: (
            Case(
                {"real": SMOOTH, "imaginary": OTHER},
                _of_complex,
                special={
                    "zeros": {"real": np.zeros(6), "imaginary": np.zeros(6)}
                },
            ),
            unary(option="of real numbers"),
        )
        for name in COMPLEX
    },
    "clip": Case(
        {"x": SMOOTH, "x_min": SMOOTH * 0.1 - 1.1, "x_max": OTHER * 0.1 + 1.1},
    ),
    "fmod": binary(low=0.0),
    "ldexp": Case(
        {"x1": SMOOTH},
        lambda op, x: op(x, np.array([0, 1, 2, 3, -1, -2])),
        special={"zeros": {"x1": np.zeros(6)}},
    ),
    "mod": binary(low=0.0),
    "nan_to_num": Case(
        {"x": SMOOTH},
        special={
            "NaN": {"x": np.full(6, np.nan)},
            "inf": {"x": np.full(6, np.inf)},
        },
    ),
    "nextafter": binary(),
    "polar": Case(
        {"abs_": line(0.1, 2), "angle": OTHER},
        special={"abs_ = 0": {"abs_": np.zeros(6)}},
    ),
    "power": binary(low=0.0),
}
SELECTING = {
    "select": Case(
        {"choice 1": SMOOTH, "choice 2": OTHER},
        lambda op, x, y: op(
            [np.arange(6) % 2 == 0, np.arange(6) % 2 == 1], [x, y], 0.0
        ),
    ),
    "where": (
        Case({"x1": SMOOTH, "x2": OTHER}, _pick),
        Case(
            {"x1": np.abs(SMOOTH)},
            _unsafe,
            "where(x > 0, log(x), 0)",
            special={"zeros": {"x1": np.zeros(6)}},
        ),
    ),
}
ACTIVATION = {
    **{name: unary() for name in ACTIVATIONS},
    "gelu": (
        unary(),
        _of_option("approximate=False", lambda op, x: op(x, approximate=False)),
    ),
    "glu": Case(
        {"x": smooth(3, 4)}, special={"zeros": {"x": np.zeros((3, 4))}}
    ),
    "hard_sigmoid": unary(-4, 4),
    "hard_silu": unary(-4, 4),
    "hard_swish": unary(-4, 4),
    "relu6": unary(-2, 8),
    "threshold": unary(call=lambda op, x: op(x, 0.5, 0.0)),
}
ROUNDING_AND_COMPARING = {
    **{name: unary() for name in ROUNDING},
    **{name: unary() for name in TESTS},
    **{name: binary() for name in COMPARISONS},
    "cast": (
        unary(call=lambda op, x: op(x, "float32")),
        _of_option("to int or bool", lambda op, x: op(x, "int32")),
    ),
    "saturate_cast": (
        unary(call=lambda op, x: op(x, "float32")),
        _of_option("to int or bool", lambda op, x: op(x, "uint8")),
    ),
    "allclose": binary(),
    "isclose": binary(),
    "isin": binary(),
    "floor_divide": binary(low=0.0),
    "heaviside": Case(
        {"x1": SMOOTH, "x2": OTHER},
        points={"x1": np.tile(SIDE, 2), "x2": np.repeat([0.5, 1.0], SIDE.size)},
    ),
    "round": (
        unary(),
        _of_option("decimals=1", lambda op, x: op(x, decimals=1)),
    ),
}
