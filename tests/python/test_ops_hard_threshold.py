"""Hard thresholding: the question's own vector, corners, and the surrogate."""

import pathlib
import sys

import keras
import numpy as np
import pytest
from conftest import (
    BACKEND,
    compiled,
    derivative,
    to_numpy,
    value_and_gradient,
)

from softkeras.ops.hard_threshold import hard_threshold
from softkeras.steps import Step

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_hard_threshold as reference

INF, NAN = float("inf"), float("nan")
SURROGATES = [
    {"shape": shape, "sharpness": sharpness}
    for shape in ("sigmoid", "softsign", "ramp")
    for sharpness in (0.01, 1.0, 30.0, 1e10)
]
NASTY = np.array(
    "0 -0 1e-45 1e-38 -1e-38 .1 4.9999995 5 -5 5.0000005 -5.0000005 1e10 "
    "-1e20 3.4e38 -3.4e38 inf -inf".split(),
    "float32",
)


def test_the_vector_of_the_question(mode):
    x = np.array(reference.ASKED, "float32")
    value, slope = value_and_gradient(lambda x: hard_threshold(x, 5), x, mode)
    assert value.tolist() == [
        [0, 0, 0, 0, 0, 10, -10, 14, -20],
        [-100, 0, 0, 0, 0, -10, 10, -14, -20],
    ]
    assert slope.tolist() == [
        [0, 0, 0, 0, 0, 1, 1, 1, 1],
        [1, 0, 0, 0, 0, 1, 1, 1, 1],
    ]


@pytest.mark.parametrize("case", list(reference.cases()), ids=str)
@pytest.mark.parametrize(
    "dtype, bound", [("float32", 3e-6), ("float64", 1e-13)]
)
def test_value_and_gradient_are_those_of_the_reference(
    case, dtype, bound, mode
):
    args = dict(case["args"])
    x = np.array(args.pop("x"), dtype)
    if args["surrogate"]:
        args["surrogate"] = Step(**args["surrogate"])
    if dtype == "float32" and args["surrogate"]:
        # The reference has λ and x to more digits; it is steep in both.
        bound *= 10 * args["surrogate"].sharpness
    value, slope = value_and_gradient(
        lambda x: hard_threshold(x, **args), x, mode
    )
    np.testing.assert_array_equal(value, np.array(case["value"], dtype))
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(slope, case["gradient"], bound, bound)
    if not args["surrogate"]:
        np.testing.assert_array_equal(slope, case["gradient"])


def test_exact_at_the_corners(mode):
    x = np.array([5, -5, 0, -0.0, INF, -INF, NAN, 6, -4], "float32")
    value, slope = value_and_gradient(lambda x: hard_threshold(x, 5.0), x, mode)
    np.testing.assert_array_equal(value, [0, 0, 0, 0, INF, -INF, NAN, 6, 0])
    np.testing.assert_array_equal(slope, [0, 0, 0, 0, 1, 1, 1, 1, 0])
    value, slope = value_and_gradient(lambda x: hard_threshold(x, 0), x, mode)
    np.testing.assert_array_equal(value, [5, -5, 0, 0, INF, -INF, NAN, 6, -4])
    np.testing.assert_array_equal(slope, [1, 1, 0, 0, 1, 1, 1, 1, 1])
    value, slope = value_and_gradient(lambda x: hard_threshold(x, INF), x, mode)
    np.testing.assert_array_equal(value, [0, 0, 0, 0, 0, 0, NAN, 0, 0])
    np.testing.assert_array_equal(slope, [0, 0, 0, 0, 0, 0, 1, 0, 0])


def test_an_infinite_gradient_from_above_is_cut_too(mode):
    """0·inf would be NaN: what is below the threshold hands on exactly 0."""
    x = np.array([1.0, 4.0], "float32")
    _, slope = value_and_gradient(
        lambda x: keras.ops.sqrt(hard_threshold(x, 2.0)), x, mode
    )
    np.testing.assert_array_equal(slope, [0, 0.25])


def test_thresholds_are_not_rounded_to_float32(mode):
    x = np.array([0.1, np.nextafter(0.1, 1)], "float64")
    value = compiled(lambda x: hard_threshold(x, 0.1), mode)(x)
    np.testing.assert_array_equal(value, [0, x[1]])
    value = compiled(lambda x: hard_threshold(x, [0.1, 0.1]), mode)(x)
    np.testing.assert_array_equal(value, [0, x[1]])


def test_thresholds_broadcast(rng, mode):
    x = rng.normal(size=(4, 5, 3)).astype("float32")
    for shape in [(), (3,), (5, 1), (4, 1, 1), (4, 5, 3), (2, 4, 5, 3)]:
        threshold = rng.random(shape).astype("float32")
        for surrogate in (None, "sigmoid"):
            value, slope = value_and_gradient(
                lambda x, t=threshold, s=surrogate: hard_threshold(x, t, s),
                x,
                mode,
            )
            kept = np.abs(x) > threshold
            np.testing.assert_array_equal(value, np.where(kept, x, 0))
            if surrogate is None:
                more = tuple(range(kept.ndim - 3))
                np.testing.assert_array_equal(slope, kept.sum(more))


@pytest.mark.parametrize("surrogate", SURROGATES, ids=str)
def test_the_surrogate_is_exact_forward_and_finite_backward(surrogate, mode):
    step = Step(**surrogate)
    subnormal = np.abs(NASTY) < 1.2e-38
    for threshold in (0.0, 5.0, 1e30):
        value, slope = value_and_gradient(
            lambda x, t=threshold: hard_threshold(x, t, step), NASTY, mode
        )
        kept = np.abs(NASTY) > np.float32(threshold)
        want = np.where(kept, NASTY, 0)
        # TensorFlow and JAX take a subnormal number for 0, torch does not.
        flushed = np.where(subnormal & (value == 0), 0, want)
        np.testing.assert_array_equal(value, flushed)
        assert np.all(np.isfinite(slope)), (step, threshold, slope)
        np.testing.assert_array_equal(slope[-2:], [1, 1])

        slope = value_and_gradient(
            lambda t: hard_threshold(NASTY, t, step),
            np.full(NASTY.shape, threshold, "float32"),
            mode,
        )[1]
        assert np.all(np.isfinite(slope)), (step, threshold, slope)


def test_a_large_gradient_from_above_makes_no_nan(mode):
    x = np.array([1e30, -1e30, 5.0], "float32")
    for name in ("sigmoid", "softsign", "ramp"):
        _, slope = value_and_gradient(
            lambda x, name=name: 1e30 * hard_threshold(x, 5.0, name), x, mode
        )
        np.testing.assert_allclose(slope[:2], 1e30, 1e-5)
        # S + λ·s = ½ + 5·1
        np.testing.assert_allclose(slope[2], 5.5e30, 1e-5)


@pytest.mark.parametrize("shape", ["sigmoid", "softsign", "ramp"])
def test_the_gradient_in_the_threshold(shape, mode):
    x = np.array(reference.X, "float32")
    surrogate = {"shape": shape, "sharpness": 1.3}
    slope = value_and_gradient(
        lambda t: hard_threshold(x, t, Step(**surrogate)),
        np.full(x.shape, 2.125, "float32"),
        mode,
    )[1]
    want = [
        reference.slope_in_threshold(v, 2.125, surrogate) for v in x.tolist()
    ]
    np.testing.assert_allclose(slope, want, 2e-5, 2e-6)
    # A single λ receives the sum.
    slope = value_and_gradient(
        lambda t: hard_threshold(x, t, Step(**surrogate)),
        np.array(2.125, "float32"),
        mode,
    )[1]
    np.testing.assert_allclose(slope, np.sum(want), 1e-5)
    assert slope.shape == ()


def test_without_a_surrogate_the_threshold_has_the_gradient_0(mode):
    x = np.array([1.0, 2.0, 3.0], "float32")
    slope = value_and_gradient(
        lambda t: hard_threshold(x, t), np.array(2.0, "float32"), mode
    )[1]
    assert slope == 0


@pytest.mark.parametrize("shape", ["sigmoid", "softsign"])
def test_the_second_derivative_is_that_of_the_smooth_product(shape):
    import mpmath as mp

    x, threshold = np.array([1.2, -2.4, 0.3, 3.1], "float32"), 2.0
    surrogate = {"shape": shape, "sharpness": 0.9}

    slope = derivative(
        lambda x: hard_threshold(x, threshold, Step(**surrogate))
    )
    second = to_numpy(derivative(slope)(x))
    want = [
        float(
            mp.diff(
                lambda v: reference.smooth(v, threshold, surrogate),
                mp.mpf(float(v)),
                2,
                h=mp.mpf("1e-15"),
            )
        )
        for v in x
    ]
    np.testing.assert_allclose(second, want, 1e-5, 1e-6)


def test_the_gradient_is_that_of_the_mean_over_random_thresholds(rng):
    """With noise of the surrogate's distribution added to λ, on average."""
    noise = rng.logistic(scale=1 / (4 * 0.8), size=400_000)
    x, step = np.array([1.5, 2.0, -2.2, 2.9]), Step("sigmoid", 0.8)

    def mean(x):
        return np.mean(np.where(np.abs(x) > 2.0 + noise, x, 0))

    want = [(mean(v + 0.1) - mean(v - 0.1)) / 0.2 for v in x]
    _, slope = value_and_gradient(
        lambda x: hard_threshold(x, 2.0, step), x.astype("float32")
    )
    np.testing.assert_allclose(slope, want, atol=0.05)


@keras.saving.register_keras_serializable(package="test")
def half_sine(v):
    return 0.5 + 0.5 * keras.ops.sin(2 * keras.ops.clip(v, -0.78, 0.78))


def test_surrogates_by_name_configuration_and_callable():
    x = np.array([1.8, 2.3], "float32")

    def slope(surrogate):
        return value_and_gradient(
            lambda x: hard_threshold(x, 2.0, surrogate), x
        )[1]

    one = Step("softsign", 1.0)
    np.testing.assert_array_equal(slope("softsign"), slope(one))
    np.testing.assert_array_equal(
        slope(keras.saving.serialize_keras_object(one)), slope(one)
    )
    # The scale and the anchor are not looked at.
    np.testing.assert_array_equal(
        slope(Step("softsign", 1.0, "probability")), slope(one)
    )
    u = x - np.float32(2)
    want = half_sine(u) + x * np.cos(2 * u)
    np.testing.assert_allclose(slope(half_sine), want, 1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = keras.ops.cast(np.array([0, 5, 5.05, -5.05, 6e4, INF]), dtype)
    for surrogate in (None, "sigmoid", Step("softsign", 1e4)):
        value, slope = value_and_gradient(
            lambda x, s=surrogate: hard_threshold(x, 5.0, s), x
        )
        assert str(value.dtype) == str(slope.dtype) == dtype
        wide = to_numpy(x).astype("float32")
        want = np.where(np.abs(wide) > 5, wide, 0)
        np.testing.assert_array_equal(value.astype("float32"), want)
        assert np.all(np.isfinite(slope.astype("float32")))
    # 0.1 is compared as it is, not as the nearest float16.
    tenth = keras.ops.cast(np.array([0.1]), dtype)
    value = to_numpy(hard_threshold(tenth, 0.1)).astype("float32")
    above = to_numpy(tenth).astype("float32") > np.float32(0.1)
    assert (value != 0) == above


def test_integers_become_floats():
    value = to_numpy(hard_threshold([-6, 3, 7], 5))
    assert value.dtype == "float32" and value.tolist() == [-6, 0, 7]


@pytest.mark.parametrize("surrogate", [None, "softsign", Step("ramp", 2.0)])
@pytest.mark.parametrize("threshold", [0.5, [0.25, 0.5, 1.0]], ids=str)
def test_in_a_functional_model_that_is_saved(
    surrogate, threshold, tmp_path, rng
):
    inputs = keras.Input((3,))
    outputs = hard_threshold(inputs, threshold, surrogate)
    assert outputs.shape == (None, 3)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = rng.normal(size=(6, 3)).astype("float32")
    want = np.where(np.abs(x) > threshold, x, 0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), want)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), want)


def test_a_threshold_that_the_model_computes(rng):
    inputs, threshold = keras.Input((3,)), keras.Input((1,))
    model = keras.Model(
        [inputs, threshold], hard_threshold(inputs, threshold, "sigmoid")
    )
    x, t = rng.normal(size=(6, 3)).astype("float32"), rng.random((6, 1))
    t = t.astype("float32")
    np.testing.assert_array_equal(
        model.predict([x, t], verbose=0), np.where(np.abs(x) > t, x, 0)
    )


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged(mode):
    import tensorflow as tf

    x = tf.ragged.constant([[6.0, -1.0], [], [-7.0, 5.0, 2.0]])
    if mode == "xla":
        pytest.skip("XLA does not take ragged tensors")
    value = compiled(lambda x: hard_threshold(x, 5.0, "sigmoid"), mode)(x)
    assert value.to_list() == [[6, 0], [], [-7, 0, 0]]


def test_a_negative_tensor_is_an_error_or_nan(mode):
    x, bad = np.array([1.0, -3.0], "float32"), np.array([1.0, -1.0], "float32")
    run = compiled(
        lambda x, t: hard_threshold(x, keras.ops.convert_to_tensor(t)), mode
    )
    if mode in ("xla", "jit"):
        value = to_numpy(run(x, keras.ops.convert_to_tensor(bad)))
        np.testing.assert_array_equal(value, [0, NAN])
    else:
        with pytest.raises(Exception, match="numbers from 0 to infinity"):
            run(x, keras.ops.convert_to_tensor(bad))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda x: hard_threshold(x, -1), ["threshold=-1", "0"]),
        (lambda x: hard_threshold(x, [1.0, NAN]), ["nan", "from 0"]),
        (lambda x: hard_threshold(x, 1, "hard"), ["'hard'", "'sigmoid'"]),
        (lambda x: hard_threshold(x, 1, Step("ramp", INF)), ["inf", "soft"]),
        (lambda x: hard_threshold(x, 1, "sigmod"), ["'sigmod'", "'sigmoid'"]),
        (lambda x: hard_threshold(x, 1, 3), ["3", "callable"]),
    ],
)
def test_what_is_refused_is_named(make, words):
    for x in (np.array([1.0, 2.0]), keras.Input((2,))):
        with pytest.raises(ValueError) as error:
            make(x)
        for word in words:
            assert word in str(error.value)
