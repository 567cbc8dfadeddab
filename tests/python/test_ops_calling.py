"""What all ops share: how they take their arguments, and what they refuse."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient

from softkeras import layers, ops
from softkeras.steps import NAMES, Step

only_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
ROUNDING = ("soft_round", "soft_floor", "soft_ceil")
OF_STEPS = ("soft_step", "soft_sign", *ROUNDING)
X = np.array([0.3, -0.8, 1.7], "float32")


def call(name, x, **options):
    arguments = {
        "soft_staircase": {"thresholds": [0.0, 1.0], "levels": [0.0, 1.0, 3.0]},
        "hard_threshold": {"threshold": 0.5},
        "clip_gradient": {"limit": 1.0},
    }.get(name, {})
    return getattr(ops, name)(x, **arguments, **options)


@pytest.mark.parametrize(
    "name",
    [
        *OF_STEPS,
        "soft_staircase",
        "hard_threshold",
        "exp_ratio",
        "exp_ratio_sum",
        "log_exprel",
        "continuous_bernoulli_mean",
        "soft_argmax",
        "soft_one_hot",
        "clip_gradient",
    ],
)
def test_a_weight_may_be_the_input(name):
    """As in a layer that rounds its kernel."""
    got = to_numpy(call(name, keras.Variable(X)))
    np.testing.assert_allclose(got, to_numpy(call(name, X)), 1e-6)

    class Kernel(keras.layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(3,), initializer="ones")

        def call(self, x):
            return x * call(name, self.kernel)

    model = keras.Sequential([keras.Input((3,)), Kernel()])
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    model.fit(X[None], X[None], verbose=0)


@pytest.mark.parametrize("shape", [name for name in NAMES if name != "hard"])
@pytest.mark.parametrize("name", [*OF_STEPS, "soft_staircase"])
def test_sharpness_may_be_a_variable_and_is_checked(name, shape):
    options = {"step": shape}
    sharpness = keras.Variable(2.0)
    got = to_numpy(call(name, X, sharpness=sharpness, **options))
    want = to_numpy(call(name, X, sharpness=2.0, **options))
    np.testing.assert_allclose(got, want, 1e-5, 1e-6)
    # A wider x than the variable, too.
    call(name, X.astype("float64"), sharpness=sharpness, **options)
    sharpness.assign(-2.0)
    with pytest.raises(ValueError, match=r"sharpness.* -2\.0"):
        call(name, X, sharpness=sharpness, **options)


@pytest.mark.parametrize("name", [*ROUNDING, "soft_staircase"])
def test_a_variable_below_the_straight_line_is_refused(name):
    with pytest.raises(ValueError, match=r"at least 1.* 0\.5"):
        call(name, X, sharpness=keras.Variable(0.5))


@pytest.mark.skipif(BACKEND == "torch", reason="not compiled on torch")
def test_a_wrong_variable_gives_no_number_in_a_compiled_graph():
    mode = {"tensorflow": "xla", "jax": "jit"}[BACKEND]
    f = compiled(lambda s: ops.soft_step(X, sharpness=s), mode)
    assert np.isnan(to_numpy(f(keras.ops.convert_to_tensor(-2.0)))).all()
    assert not np.isnan(to_numpy(f(keras.ops.convert_to_tensor(2.0)))).any()


@pytest.mark.parametrize("shape", [name for name in NAMES if name != "hard"])
@pytest.mark.parametrize("name", [*OF_STEPS, "soft_staircase"])
def test_the_sharpest_step_has_no_nan(name, shape, mode):
    x = np.array([-3e38, -1.3, -0.0, 0.5, 0.7, 1.0, 1.3, 3e38], "float32")
    value, gradient = value_and_gradient(
        lambda x: call(name, x, step=shape, sharpness=1e15), x, mode
    )
    hard = to_numpy(call(name, x, hard=True))
    assert np.all(np.isfinite(gradient))
    twice = 2 * x.astype("float64")
    away = np.abs(twice - np.round(twice)) > 0.1  # from integers and halves
    np.testing.assert_allclose(value[away], hard[away], 1e-5, 1e-6)
    with pytest.raises(ValueError, match=r"at most 1e\+15.*1e\+20"):
        call(name, x, step=shape, sharpness=1e20)


def test_integers_must_be_exact_as_floats(mode):
    fine = np.array([3, -7, 2**24], "int64")
    np.testing.assert_array_equal(ops.soft_round(fine, hard=True), fine)
    for wrong in (2**24 + 1, -(2**24) - 1):
        with pytest.raises(ValueError, match=r"16777216.*float32"):
            ops.soft_round(np.array([3, wrong]), hard=True)
    with pytest.raises(ValueError, match="16777216"):
        ops.soft_argmax(np.array([2**24, 2**24 + 1, 3]), hard=True)
    exact = ops.soft_argmax(np.array([2.0**24, 2.0**24 + 1, 3]), hard=True)
    assert float(exact) == 1


@pytest.mark.parametrize("name", OF_STEPS)
@pytest.mark.parametrize("flag", ["straight_through", "hard"])
def test_flags_are_true_or_false(name, flag):
    for value in ("no", 1, None):
        with pytest.raises(ValueError, match=f"`{flag}` must be True or False"):
            call(name, X, **{flag: value})


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ops.soft_step(X, None), ["threshold", "NoneType"]),
        (
            lambda: ops.soft_staircase(X, None, [0.0, 1.0]),
            ["thresholds", "NoneType"],
        ),
        (
            lambda: ops.soft_step([1.0, 2.0], [1.0, 2.0, 3.0]),
            ["threshold of shape (3,)", "x of shape (2,)"],
        ),
        (
            lambda: ops.hard_threshold(np.ones((2, 3)), [1.0, 2.0]),
            ["threshold of shape (2,)", "(2, 3)"],
        ),
        (
            lambda: ops.soft_staircase(X, [-np.inf, 0.0], [1.0, 6.0, 7.0]),
            ["thresholds", "finite", "-inf"],
        ),
        (
            lambda: ops.soft_staircase(X, [-3e38, 3e38], [1.0, 6.0, 7.0]),
            ["thresholds", "differences"],
        ),
        (
            lambda: ops.soft_staircase(X, [np.nan], [1.0, 6.0]),
            ["thresholds", "nan"],
        ),
        (
            lambda: ops.soft_staircase(X, [0.5], [-3e38, 3e38]),
            ["levels", "differences"],
        ),
        (
            lambda: layers.SoftArgmax(sharpness=keras.Variable(2.0)),
            ["sharpness", "layer"],
        ),
        (
            lambda: layers.SoftRound(sharpness=keras.Variable(2.0)),
            ["sharpness", "layer"],
        ),
        (
            lambda: layers.SoftStaircase(
                [0.0], [0.0, 1.0], sharpness=keras.Variable(2.0)
            ),
            ["sharpness", "layer"],
        ),
        (
            lambda: ops.soft_argmax(
                keras.Input((4,)), sharpness=keras.Variable(2.0)
            ),
            ["sharpness", "functional model"],
        ),
        (
            lambda: ops.soft_sign(
                keras.Input((4,)),
                Step("arctan", keras.Variable(2.0), "probability"),
            ),
            ["step", "functional model"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)


def test_an_unknown_argument_is_named_with_its_function():
    with pytest.raises(TypeError, match=r"soft_argmax.*keepdims"):
        ops.soft_argmax(X, keepdims=True)


def test_branches_of_keras_come_back_with_a_model(tmp_path):
    inputs = keras.Input((3,))
    outputs = ops.safe_where(
        inputs > 0, keras.ops.sqrt, keras.ops.zeros_like, inputs, 1.0, 0.0
    )
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(X[None]), model(X[None]))


def test_a_branch_that_would_not_come_back_is_refused_when_saving(tmp_path):
    inputs = keras.Input((3,))
    outputs = ops.safe_where(
        inputs > 0, lambda x: x, keras.ops.zeros_like, inputs, 1.0, 0.0
    )
    with pytest.raises(ValueError, match=r"if_true.*register_keras"):
        keras.Model(inputs, outputs).save(tmp_path / "model.keras")


@only_tensorflow
def test_a_number_a_row_of_ragged_is_refused():
    import tensorflow as tf

    ragged = tf.ragged.constant([[1.2, -0.5], [0.3], []])
    for make in (
        lambda: ops.soft_step(ragged, [[0.0], [1.0], [2.0]], hard=True),
        lambda: ops.hard_threshold(ragged, [0.1, 0.6, 5.0]),
        lambda: ops.straight_through(tf.constant([7.0, 8.0, 9.0]), ragged),
        lambda: ops.safe_where(
            tf.constant([[True], [False], [True]]),
            tf.abs,
            tf.zeros_like,
            ragged,
            1.0,
            1.0,
        ),
    ):
        with pytest.raises(ValueError, match="ragged with the same rows"):
            make()


@only_tensorflow
def test_a_number_a_channel_of_ragged_is_taken():
    import tensorflow as tf

    x = np.array([[0.2, 3.0], [1.5, -1.0], [0.9, 0.1]], "float32")
    ragged = tf.RaggedTensor.from_row_splits(x, [0, 1, 3])
    got = ops.soft_step(ragged, [1.0, 0.0], hard=True)
    np.testing.assert_array_equal(got.flat_values, x > np.array([1.0, 0.0]))


def test_a_straight_rounding_is_the_input_itself(rng):
    x = rng.uniform(-5, 5, 100)
    for shape in NAMES:
        if shape != "hard":
            value, slope = value_and_gradient(
                lambda x, shape=shape: ops.soft_round(x, shape, 1.0), x
            )
            np.testing.assert_allclose(value, x, 1e-14, 1e-14)
            np.testing.assert_array_equal(slope, 1.0)


def test_infinity_leaves_the_gradient_of_thresholds_alone():
    x = np.array([0.3, np.inf, -np.inf], "float32")
    _, alone = value_and_gradient(
        lambda t: ops.soft_staircase(x[:1], t, [0.0, 1.0, 3.0]),
        np.array([0.0, 1.0], "float32"),
    )
    value, both = value_and_gradient(
        lambda t: ops.soft_staircase(x, t, [0.0, 1.0, 3.0]),
        np.array([0.0, 1.0], "float32"),
    )
    assert value[1:].tolist() == [3.0, 0.0]
    np.testing.assert_allclose(both, alone, 1e-6)
