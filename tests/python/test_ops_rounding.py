"""Soft step, sign, round, floor and ceil against independent references."""

import pathlib
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, derivative, to_numpy, value_and_gradient

from softkeras import steps
from softkeras.ops import rounding
from softkeras.steps import Step

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_rounding

NAMES = ("soft_step", "soft_sign", "soft_round", "soft_floor", "soft_ceil")
CELLS = NAMES[2:]
SHAPES = tuple(name for name in steps.NAMES if name != "hard")
HARD = {
    "soft_step": lambda x: np.where(np.isnan(x), np.nan, x > 0),
    "soft_sign": np.sign,
    "soft_round": np.round,
    "soft_floor": np.floor,
    "soft_ceil": np.ceil,
}
CASES = [c for c in ops_rounding.cases() if c["op"] in NAMES]
# Zeros, subnormal and tiny, halves, around integers, large, the largest.
NASTY = np.array(
    "0 -0 1e-45 -1e-40 1e-30 -1e-20 1e-7 -1e-7 .5 -.5 1.5 2.5 .49999997 "
    ".99999994 1.0000001 -1 4194304.5 8388607.5 8388607 8388609 -8388609 "
    "16777216 1e20 -1e30 3.4e38 -3.4e38".split(),
    "float32",
)
# float64 is float32 on JAX unless it is told otherwise.
DTYPES = [("float32", 4e-6)]
if BACKEND != "jax":
    DTYPES.append(("float64", 1e-12))


def op(name):
    return getattr(rounding, name)


def each_shape(name, x, mode="eager", **kwargs):
    """Shape, value and gradient; compiled as one, which is quicker."""
    x = np.repeat(np.asarray(x)[None], len(SHAPES), 0)

    def rows(x):
        own = keras.ops.unstack(x, len(SHAPES))
        return keras.ops.stack(
            [op(name)(x, step=s, **kwargs) for s, x in zip(SHAPES, own)]
        )

    return zip(SHAPES, *value_and_gradient(rows, x, mode))


@pytest.mark.parametrize("dtype, bound", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_are_those_of_the_reference(
    name, dtype, bound, mode
):
    cases = [case for case in CASES if case["op"] == name]
    x = np.array([case["args"]["x"] for case in cases], dtype)

    def rows(x):
        own = keras.ops.unstack(x, len(cases))
        return keras.ops.stack(
            [
                op(name)(**{**case["args"], "x": x})
                for case, x in zip(cases, own)
            ]
        )

    value, gradient = value_and_gradient(rows, x, mode)
    for case, *mine in zip(cases, value, gradient):
        text = str(case["args"])
        np.testing.assert_allclose(
            mine[0], case["value"], bound, bound, err_msg=text
        )
        np.testing.assert_allclose(
            mine[1], case["gradient"], 10 * bound, 50 * bound, err_msg=text
        )


def test_the_sigmoid_is_the_soft_rounding_of_agustsson_and_theis(rng):
    """s_a(x) = floor(x) + ½ tanh(a r)/tanh(a/2) + ½, r = x - floor(x) - ½."""
    x = rng.uniform(-5, 5, 1000)
    for alpha in (0.5, 4.0, 12.0):
        whole = np.floor(x)
        r = x - whole - 0.5
        want = whole + 0.5 * np.tanh(alpha * r) / np.tanh(alpha / 2) + 0.5
        sharpness = alpha / (2 * np.tanh(alpha / 2))
        mine = to_numpy(rounding.soft_round(x, sharpness=sharpness))
        np.testing.assert_allclose(mine, want, 1e-12, 1e-13)


@pytest.mark.parametrize("sharpness", [1.0, 8.0, 1e6])
def test_integers_and_halves_are_exact(sharpness, mode):
    n = np.arange(-40, 41, dtype="float32")
    x = np.concatenate([n, n + 0.5])
    down = np.concatenate([n - 0.5, n])
    for name, want in [("round", x), ("floor", down), ("ceil", down + 1)]:
        for shape, value, _ in each_shape(
            f"soft_{name}", x, mode, sharpness=sharpness
        ):
            np.testing.assert_array_equal(value, want, err_msg=shape)


def test_it_is_continuous_and_rises_through_the_integers(mode):
    grid = np.linspace(-2.5, 2.5, 4001).astype("float32")
    around = np.nextafter(
        np.arange(-2, 3, 0.5, dtype="float32")[:, None],
        np.array([-9, 0, 9], "float32"),
    ).ravel()
    x = np.unique(np.concatenate([grid, around]))
    for name in CELLS:
        for shape, value, _ in each_shape(name, x, mode, sharpness=3.0):
            rise = np.diff(value)
            assert np.all(rise >= -5e-7), (name, shape)
            assert np.all(rise <= 3 * np.diff(x) + 2e-6), (name, shape)


def test_it_goes_with_the_integers_and_is_odd(rng):
    x = (np.round(rng.uniform(0, 1, 200) * 2**12) / 2**12).astype("float32")
    for name in CELLS:
        for shape in SHAPES:
            own = to_numpy(op(name)(x, step=shape, sharpness=3.0))
            far = to_numpy(op(name)(x + 1024, step=shape, sharpness=3.0))
            np.testing.assert_allclose(far - 1024, own, atol=7e-5)
    for shape in SHAPES:
        for name, other in [
            ("soft_round", "soft_round"),
            ("soft_sign", "soft_sign"),
            ("soft_floor", "soft_ceil"),
        ]:
            np.testing.assert_array_equal(
                op(name)(-x, step=shape), -op(other)(x, step=shape)
            )


@pytest.mark.parametrize("name", NAMES)
def test_finite_for_any_finite_number(name, mode):
    for sharpness in (1.0, 1e9):
        for shape, value, gradient in each_shape(
            name, NASTY, mode, sharpness=sharpness
        ):
            assert np.all(np.isfinite(value)), shape
            assert np.all(np.isfinite(gradient) & (gradient >= 0)), shape
            if name == "soft_round":
                large = np.abs(NASTY) >= 2**23
                np.testing.assert_array_equal(value[large], NASTY[large])


@pytest.mark.parametrize("name", NAMES)
def test_infinite_numbers_and_nan(name, mode):
    x = np.array([-np.inf, np.inf, np.nan], "float32")
    ends = {"soft_step": (0, 1), "soft_sign": (-1, 1)}.get(name, x[:2])
    for kwargs in ({}, {"hard": True}, {"straight_through": True}):
        for shape, value, gradient in each_shape(name, x, mode, **kwargs):
            np.testing.assert_array_equal(
                value, [*ends, np.nan], err_msg=f"{shape} {kwargs}"
            )
            assert np.all(np.isfinite(gradient[:2])), (shape, kwargs)


@pytest.mark.parametrize("name", NAMES)
def test_hard_forms(name, mode, rng):
    x = np.concatenate([rng.normal(size=100) * 3, np.arange(-4, 4.5, 0.5)])
    x = x.astype("float32")
    want = HARD[name](x).astype("float32")
    for kwargs in (
        {"hard": True},
        {"step": "hard"},
        {"step": Step("hard")},
        {"sharpness": float("inf")},
    ):
        value, gradient = value_and_gradient(
            lambda x, kwargs=kwargs: op(name)(x, **kwargs), x, mode
        )
        np.testing.assert_array_equal(value, want)
        np.testing.assert_array_equal(gradient, 0)
    soft = each_shape(name, x, mode, sharpness=3.0)
    through = each_shape(name, x, mode, sharpness=3.0, straight_through=True)
    for (shape, _, own), (_, value, gradient) in zip(soft, through):
        np.testing.assert_array_equal(value, want, err_msg=shape)
        np.testing.assert_allclose(gradient, own, 1e-4, 1e-6, err_msg=shape)


@pytest.mark.parametrize("name", NAMES)
def test_sharpness_to_infinity_is_hard(name, rng):
    # A heavy tail is still 1e-6 off at a distance of 0.01.
    x = rng.integers(-5, 5, 300) + rng.choice([0.2, 0.3, 0.7, 0.9], 300)
    x = x.astype("float32")
    for shape in SHAPES:
        value = to_numpy(op(name)(x, step=shape, sharpness=1e7))
        np.testing.assert_allclose(value, HARD[name](x), atol=1e-5)


def test_half_to_even():
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], "float32")
    value = to_numpy(rounding.soft_round(x, hard=True))
    assert value.tolist() == [-2, -2, 0, 0, 2, 2]


def test_gradient_of_the_threshold(rng, mode):
    """A threshold a channel: minus the sum of the slopes in its column."""
    x = rng.normal(size=(20, 3)).astype("float32")
    thresholds = np.array([-0.5, 0.0, 0.3], "float32")
    for straight_through in (False, True):
        _, gradient = value_and_gradient(
            lambda t, through=straight_through: rounding.soft_step(
                x, t, sharpness=2.0, straight_through=through
            ),
            thresholds,
            mode,
        )
        soft = 1 / (1 + np.exp(-8.0 * (x - thresholds)))
        want = -(8 * soft * (1 - soft)).sum(0)
        np.testing.assert_allclose(gradient, want, 1e-5)


def test_second_derivative_is_right():
    x = np.array([0.31, -1.58, 0.27])
    for name in NAMES:
        for shape in SHAPES:
            slope = derivative(
                lambda x, name=name, shape=shape: op(name)(
                    x, step=shape, sharpness=2.0
                )
            )
            second = to_numpy(derivative(slope)(x))
            difference = to_numpy(slope(x + 1e-6) - slope(x - 1e-6)) / 2e-6
            np.testing.assert_allclose(
                second, difference, 1e-4, 1e-4, err_msg=f"{name} {shape}"
            )


@keras.saving.register_keras_serializable(package="test_rounding")
def tanh_step(v):
    return 0.5 + 0.5 * keras.ops.tanh(2 * v)


def test_steps_and_callables():
    x = np.array([-0.3, 0.1, 0.4], "float32")
    want = 0.5 + 0.5 * np.tanh(2 * 3 * (x - 0.1))
    for step in (Step("sigmoid", 3.0, "probability"), "sigmoid", tanh_step):
        np.testing.assert_allclose(
            rounding.soft_step(x, 0.1, step, 3.0), want, 1e-5
        )
        np.testing.assert_allclose(
            rounding.soft_sign(x - np.float32(0.1), step, 3.0),
            2 * want - 1,
            1e-5,
            1e-6,
        )
    through = Step("ramp", 3.0, "probability", straight_through=True)
    assert to_numpy(rounding.soft_step(x, step=through)).tolist() == [0, 1, 1]
    assert to_numpy(rounding.soft_round(x, through)).tolist() == [0, 0, 0]
    # A name has the sharpness 8, as on "probability"; a callable 1.
    named = Step("arctan", 8.0, "probability")
    np.testing.assert_array_equal(
        rounding.soft_round(x, "arctan"), rounding.soft_round(x, named)
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype, mode):
    x = keras.ops.cast(np.clip(NASTY, -6e4, 6e4), dtype)
    wide = keras.ops.cast(x, "float32")
    for name in NAMES:
        value, gradient = value_and_gradient(op(name), x, mode)
        assert keras.backend.standardize_dtype(value.dtype) == dtype
        assert np.all(np.isfinite(gradient.astype("float32")))
        want = compiled(op(name), mode)(wide)
        np.testing.assert_array_equal(
            value, to_numpy(keras.ops.cast(want, dtype))
        )


def test_integers_and_lists_are_taken():
    for x in ([1, 2, 3], np.array([1, 2, 3]), [1.0, 2.0, 3.0]):
        assert to_numpy(rounding.soft_round(x)).tolist() == [1, 2, 3]
    assert float(rounding.soft_step(2, threshold=2)) == 0.5


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
@pytest.mark.parametrize("name", NAMES)
def test_ragged(name):
    import tensorflow as tf

    x = tf.ragged.constant([[0.2, 1.7], [], [-3.4]])
    value = op(name)(x)
    assert isinstance(value, tf.RaggedTensor)
    np.testing.assert_array_equal(value.flat_values, op(name)(x.flat_values))


@pytest.mark.parametrize("name", NAMES)
def test_in_a_functional_model_that_is_saved(name, tmp_path, rng):
    inputs = keras.Input((4,))
    step = Step("normal", 3.0, "probability")
    model = keras.Model(inputs, op(name)(inputs, step=step))
    path = tmp_path / "model.keras"
    model.save(path)
    x = rng.normal(size=(5, 4)).astype("float32")
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(loaded(x), model(x))
    np.testing.assert_allclose(model(x), op(name)(x, step=step), 1e-6)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: rounding.soft_step(0.0, step="stair"), ["'stair'", "'ramp'"]),
        (lambda: rounding.soft_step(0.0, sharpness=0), ["sharpness=0"]),
        (
            lambda: rounding.soft_step(0.0, step=Step("ramp")),
            ["scale='logit'", "'probability'", "step='ramp'"],
        ),
        (lambda: rounding.soft_round(0.0, step=3), ["3", "callable"]),
        (
            lambda: rounding.soft_round(0.0, sharpness=0.5),
            ["sharpness=0.5", "at least 1"],
        ),
        (
            lambda: rounding.soft_floor(0.0, step=tanh_step),
            ["tanh_step", "anchored"],
        ),
        (
            lambda: rounding.soft_ceil(
                0.0, step=Step("ramp", 8, "probability", anchored=False)
            ),
            ["anchored=False", "anchored=True"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
