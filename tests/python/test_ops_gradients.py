"""The tools to make one's own: exact forward, the wanted gradient backward."""

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
from keras import ops

from softkeras.ops.gradients import (
    clip_gradient,
    replace_gradient,
    safe_where,
    straight_through,
    surrogate_gradient,
)

INF, NAN = float("inf"), float("nan")


def second_derivative(function, x):
    return to_numpy(derivative(derivative(function))(x))


def test_straight_through_takes_value_and_gradient_apart(rng, mode):
    x = rng.normal(size=(4, 3)).astype("float32")
    value, slope = value_and_gradient(
        lambda x: straight_through(ops.round(x), ops.tanh(x)), x, mode
    )
    np.testing.assert_array_equal(value, np.round(x))
    np.testing.assert_allclose(slope, 1 - np.tanh(x) ** 2, 1e-5, 1e-6)


def test_straight_through_is_exact_beside_infinite_and_huge_values(mode):
    soft = np.array([INF, -INF, NAN, 3e38, 1e-30, 1.0], "float32")
    hard = np.array([1, -2, 3, 1e-30, INF, NAN], "float32")
    value, slope = value_and_gradient(
        lambda x: straight_through(ops.convert_to_tensor(hard), x), soft, mode
    )
    np.testing.assert_array_equal(value, hard)
    np.testing.assert_array_equal(slope, [0, 0, 0, 1, 1, 1])


def test_straight_through_is_exact_for_a_constant(mode):
    """Which a graph would add to the first soft value before the second."""
    soft = np.array([1e8, -7e20, 3.0], "float32")
    value = compiled(
        lambda x: straight_through(np.array([1, 0.25, 0.1], "float32"), x), mode
    )(ops.convert_to_tensor(soft))
    np.testing.assert_array_equal(value, np.array([1, 0.25, 0.1], "float32"))


def test_straight_through_is_exact_where_a_compiler_may_fuse(rng, mode):
    """soft - soft is not 0 if a product in one of them is not rounded."""
    x = rng.normal(size=(1000, 2)).astype("float32")

    def function(x):
        soft = x[:, 0] * x[:, 1] * 1e3 + x[:, 0]
        return straight_through(ops.round(x[:, 0]), soft)

    value = to_numpy(compiled(function, mode)(ops.convert_to_tensor(x)))
    np.testing.assert_array_equal(value, np.round(x[:, 0]))


def test_straight_through_hands_nothing_to_hard(mode):
    """Not even 0, which 1/sqrt(0) would make NaN."""
    x = np.array([0.0, 4.0], "float32")
    value, slope = value_and_gradient(
        lambda x: straight_through(ops.sqrt(x), 3 * x), x, mode
    )
    assert value.tolist() == [0, 2] and slope.tolist() == [3, 3]


def test_straight_through_has_the_second_derivative_of_soft():
    x = np.array([0.3, -1.2], "float32")
    second = second_derivative(
        lambda x: straight_through(ops.sign(x), ops.tanh(x)), x
    )
    t = np.tanh(x)
    np.testing.assert_allclose(second, -2 * t * (1 - t * t), 1e-5)
    # And through what comes after it: 2 t'^2 + 2 sign(x) t''.
    second = second_derivative(
        lambda x: ops.square(straight_through(ops.sign(x), ops.tanh(x))), x
    )
    slope = 1 - t * t
    want = 2 * slope**2 + 2 * np.sign(x) * (-2 * t * slope)
    np.testing.assert_allclose(second, want, 1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_straight_through_keeps_the_dtype_of_soft(dtype):
    soft = ops.cast(np.array([0.25, 0.75, 2.0]), dtype)
    for hard in (soft > 0.5, ops.cast(soft > 0.5, "int32"), [0.0, 1.0, 1.0]):
        value = straight_through(hard, soft)
        assert keras.backend.standardize_dtype(value.dtype) == dtype
        assert to_numpy(value).astype("float32").tolist() == [0, 1, 1]


def test_replace_gradient_of_several_arguments(mode):
    def hard(x, y, digits):
        return ops.round(x / y) * digits

    calls = []

    def soft(x, y, digits):
        calls.append(digits)
        return ops.square(x) * y

    function = replace_gradient(hard, soft)
    assert function.__name__ == "hard"
    x, y = np.array([3.0, 7.2], "float32"), np.array([2.0, 0.5], "float32")
    xs, ys = map(ops.convert_to_tensor, (x, y))
    value, in_x = value_and_gradient(
        lambda x: function(x, ys, digits=3), x, mode
    )
    np.testing.assert_array_equal(value, 3 * np.round(x / y))
    np.testing.assert_allclose(in_x, 2 * x * y, 1e-6)
    in_y = value_and_gradient(lambda y: function(xs, y, 3), y, mode)[1]
    np.testing.assert_allclose(in_y, x * x, 1e-6)
    assert set(calls) == {3}


def test_surrogate_gradient_is_a_decorator(rng, mode):
    @surrogate_gradient(ops.softplus)
    def above(x):
        """Whether x is above 0."""
        return x > 0

    assert above.__doc__ == "Whether x is above 0."
    x = rng.normal(size=20).astype("float32")
    value, slope = value_and_gradient(above, x, mode)
    np.testing.assert_array_equal(value, x > 0)
    np.testing.assert_allclose(slope, 1 / (1 + np.exp(-x)), 1e-5)


def test_a_gradient_that_is_nan_can_be_replaced(mode):
    x = np.array([0.0, 0.25], "float32")
    function = replace_gradient(ops.sqrt, lambda x: x)
    value, slope = value_and_gradient(function, x, mode)
    assert value.tolist() == [0, 0.5] and slope.tolist() == [1, 1]


def test_a_replaced_gradient_trains(rng):
    """A network of binary activations, which otherwise stays as it is."""
    x = rng.normal(size=(200, 2)).astype("float32")
    y = (x.sum(-1, keepdims=True) > 0).astype("float32")

    def loss(activation):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(8, activation=activation),
                keras.layers.Dense(1, use_bias=False, trainable=False),
            ]
        )
        model.compile(keras.optimizers.Adam(0.05), loss="mse")
        history = model.fit(x, y, epochs=20, batch_size=50, verbose=0)
        return history.history["loss"]

    def sign(x):
        return ops.sign(x)

    dead, alive = loss(sign), loss(replace_gradient(sign, ops.tanh))
    assert dead[-1] == pytest.approx(dead[0], rel=1e-4)
    assert alive[-1] < 0.6 * alive[0]


BRANCHES = {
    "sqrt": (lambda x: x > 0, ops.sqrt, ops.zeros_like, 1.0, 0.0),
    "log": (lambda x: x > 1e-3, ops.log, lambda x: x - 1, 1.0, 1.0),
    "1/x": (lambda x: x != 0, lambda x: 1 / x, ops.zeros_like, 1.0, 0.0),
    "exp": (lambda x: x < 50, ops.exp, lambda x: 1 + x, 0.0, 60.0),
}
WANTED = {
    "sqrt": (
        lambda x: x > 0,
        lambda x: (x**0.5, 0.5 * x**-0.5, -0.25 * x**-1.5),
        lambda x: (0 * x, 0 * x, 0 * x),
    ),
    "log": (
        lambda x: x > 1e-3,
        lambda x: (np.log(x), 1 / x, -1 / x**2),
        lambda x: (x - 1, 1 + 0 * x, 0 * x),
    ),
    "1/x": (
        lambda x: x != 0,
        lambda x: (1 / x, -1 / x**2, 2 / x**3),
        lambda x: (0 * x, 0 * x, 0 * x),
    ),
    "exp": (
        lambda x: x < 50,
        lambda x: (np.exp(x), np.exp(x), np.exp(x)),
        lambda x: (1 + x, 1 + 0 * x, 0 * x),
    ),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_safe_where_has_no_nan_up_to_the_second_derivative(name, mode):
    x = np.array([-1e30, -2, -1, 0, 1e-3, 0.5, 2, 3, 49, 51, 1e30], "float32")
    choose, if_true, if_false, safe_true, safe_false = BRANCHES[name]

    def function(x):
        return safe_where(
            choose(x), if_true, if_false, x, safe_true, safe_false
        )

    choose, *branches = WANTED[name]
    with np.errstate(all="ignore"):
        yes, no = (branch(x.astype("float64")) for branch in branches)
    want = [np.where(choose(x), *pair) for pair in zip(yes, no)]
    value, slope = value_and_gradient(function, x, mode)
    np.testing.assert_allclose(value, want[0], 1e-5, 1e-37)
    np.testing.assert_allclose(slope, want[1], 1e-5, 1e-37)
    if mode == "eager":
        second = second_derivative(function, x)
        np.testing.assert_allclose(second, want[2], 1e-5, 1e-37)

        # What the tool is for: the same with `where` has a NaN gradient. But
        # TensorFlow's kernel for sqrt takes 0·inf for 0.
        if name == "sqrt" and BACKEND == "tensorflow":
            return
        _, plain = value_and_gradient(
            lambda x: ops.where(choose(x), if_true(x), if_false(x)),
            np.array([0.0, 1e30], "float32"),
        )
        assert np.any(np.isnan(plain))


def test_safe_where_of_tensors_that_broadcast(rng, mode):
    x = rng.normal(size=(5, 3)).astype("float32")
    safe = np.array([1.0, 2.0, 3.0], "float32")
    rows = np.array([[True], [False], [True], [False], [True]])

    def function(x):
        return safe_where(
            ops.convert_to_tensor(rows), ops.square, ops.negative, x, safe, 0.0
        )

    value, slope = value_and_gradient(function, x, mode)
    np.testing.assert_allclose(value, np.where(rows, x * x, -x), 1e-6)
    np.testing.assert_allclose(slope, np.where(rows, 2 * x, -1), 1e-6)


def test_safe_where_keeps_the_nan_of_its_input():
    x = np.array([NAN, 4.0], "float32")
    value = safe_where(x > 0, ops.sqrt, lambda x: x, x, 1.0, 0.0)
    np.testing.assert_array_equal(value, [NAN, 2])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_safe_where_of_half_precision(dtype):
    x = ops.cast(np.array([-1.0, 0.0, 4.0]), dtype)
    value, slope = value_and_gradient(
        lambda x: safe_where(x > 0, ops.sqrt, ops.zeros_like, x, 1.0, 0.0), x
    )
    assert str(value.dtype) == dtype
    assert value.astype("float32").tolist() == [0, 0, 2]
    assert slope.astype("float32").tolist() == [0, 0, 0.25]


@pytest.mark.parametrize("limit", [0.5, 1e-3, INF])
def test_clip_gradient(limit, mode):
    x = np.array([1.0, -2.0, 3.0, 4.0, -5.0], "float32")
    above = np.array([0.2, -0.7, INF, -INF, 30.0], "float32")

    def function(x):
        factor = ops.convert_to_tensor(above)
        rest = ops.stop_gradient(x - factor * x)
        return factor * clip_gradient(x, limit) + rest

    value, slope = value_and_gradient(function, x, mode)
    np.testing.assert_array_equal(value[[0, 1, 4]], x[[0, 1, 4]])
    np.testing.assert_allclose(slope, np.clip(above, -limit, limit), 1e-6)


def test_clip_gradient_is_the_identity_and_keeps_nan(mode):
    x = np.array([0.0, -0.0, 1e-38, 3e38, INF, NAN], "float32")
    value = to_numpy(compiled(lambda x: clip_gradient(x, 1.0), mode)(x))
    np.testing.assert_array_equal(value[[0, 1, 3, 4, 5]], x[[0, 1, 3, 4, 5]])
    assert np.signbit(value[1])
    above = np.array([NAN, 1, 1, 1, 1, 1], "float32")
    slope = value_and_gradient(
        lambda x: ops.convert_to_tensor(above) * clip_gradient(x, 1.0),
        np.ones(6, "float32"),
        mode,
    )[1]
    np.testing.assert_array_equal(slope, [NAN, 1, 1, 1, 1, 1])


def test_clip_gradient_has_the_second_derivative_0_where_it_cuts():
    x = np.array([0.2, 3.0], "float32")
    second = second_derivative(lambda x: ops.square(clip_gradient(x, 1.0)), x)
    assert second[0] > 0 and second[1] == 0


@keras.saving.register_keras_serializable(package="test")
def root(x):
    return ops.sqrt(x)


@keras.saving.register_keras_serializable(package="test")
def nothing(x):
    return ops.zeros_like(x)


def test_in_a_functional_model_that_is_saved(tmp_path, rng):
    x = keras.Input((3,))
    rounded = replace_gradient(ops.round, lambda x: x)(4 * x)
    both = straight_through(ops.sign(x), ops.tanh(x)) + rounded
    safe = safe_where(x > 0, root, nothing, x, 1.0, 0.0)
    model = keras.Model(x, clip_gradient(both + safe, 0.5))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    data = rng.normal(size=(6, 3)).astype("float32")
    want = np.sign(data) + np.round(4 * data) + np.sqrt(np.maximum(data, 0))
    for each in (model, loaded):
        got = each.predict(data, verbose=0)
        np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged():
    import tensorflow as tf

    x = tf.ragged.constant([[4.0, -1.0], [], [9.0]])
    safe = safe_where(x > 0, tf.sqrt, tf.zeros_like, x, 1.0, 0.0)
    assert safe.to_list() == [[2, 0], [], [3]]
    assert clip_gradient(x, 1.0).to_list() == x.to_list()
    hard = tf.ragged.map_flat_values(tf.sign, x)
    assert straight_through(hard, x).to_list() == [[1, -1], [], [1]]


X = np.array([1.0, 2.0], "float32")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: straight_through(X, X[:1]), ["(2,)", "(1,)", "same shape"]),
        (lambda: straight_through(1.0, X), ["()", "(2,)"]),
        (
            lambda: replace_gradient(lambda x: x[:1], lambda x: x)(X),
            ["(1,)", "(2,)"],
        ),
        (lambda: replace_gradient(X, ops.tanh), ["fn=", "straight_through"]),
        (lambda: replace_gradient(ops.sign, None), ["surrogate=None"]),
        (lambda: surrogate_gradient("tanh")(ops.sign), ["'tanh'"]),
        (lambda: safe_where(X > 1, X, ops.abs, X, 1, 1), ["if_true", "tensor"]),
        (lambda: safe_where(X > 1, ops.abs, 0, X, 1, 1), ["if_false=0"]),
        (
            lambda: safe_where(X, ops.abs, ops.abs, X, 1, 1),
            ["float32", "x > 0"],
        ),
        (lambda: clip_gradient(X, 0), ["limit=0", "above 0"]),
        (lambda: clip_gradient(X, "big"), ["'big'", "number"]),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
