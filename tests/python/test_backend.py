"""What each backend of Keras must do alike, and what only one does."""

import gc
import weakref

import keras
import numpy as np
import pytest
from conftest import BACKEND, derivative, to_numpy, value_and_gradient

from softkeras import _state, losses
from softkeras._backend import is_concrete, ops
from softkeras._gradients import choose, differentiable
from softkeras.layers import SoftStaircase
from softkeras.ops import (
    clip_gradient,
    score_function_loss,
    soft_argmax,
    soft_sign,
    soft_step,
)

X = np.array([0.1, 1.3, -2.7, 9.9]) + 1e-9
only_torch = pytest.mark.skipif(BACKEND != "torch", reason="is about torch")


@pytest.mark.parametrize(
    "name",
    "arctan ceil cos cumsum exp expm1 floor max mean min round sign sin square "
    "sum tanh".split(),
)
def test_float64_is_computed_in_float64(name):
    got = to_numpy(getattr(ops, name)(ops.convert_to_tensor(X)))
    assert got.dtype == "float64"
    np.testing.assert_allclose(got, getattr(np, name)(X), 1e-14)


def test_sums_and_products_of_matrices_of_float64():
    x, y = X.reshape(2, 2), np.array([[1.0, 0], [1, 1]], "float32")
    for got, want in (
        (ops.matmul(*map(ops.convert_to_tensor, (x, x))), x @ x),
        (ops.matmul(*map(ops.convert_to_tensor, (y, x))), y @ x),
        (ops.cumsum(ops.convert_to_tensor(x), axis=1), np.cumsum(x, 1)),
        (ops.cumsum(ops.convert_to_tensor(x), axis=0), np.cumsum(x, 0)),
    ):
        got = to_numpy(got)
        assert got.dtype == "float64"
        np.testing.assert_allclose(got, want, 1e-14)


@pytest.mark.parametrize("number", [0.1, -0.7, 3, 1e300])
def test_numbers_are_of_the_dtype_of_the_tensor(number):
    x = ops.convert_to_tensor(X)
    limit = abs(number)
    for got, want in (
        (ops.where(x > 0, x, number), np.where(X > 0, X, number)),
        (ops.where(x > 0, number, x), np.where(X > 0, number, X)),
        (ops.maximum(x, number), np.maximum(X, number)),
        (ops.minimum(number, x), np.minimum(number, X)),
        (ops.maximum(x, ops.square(x)), np.maximum(X, X * X)),
        (ops.clip(x, -limit, limit), np.clip(X, -limit, limit)),
    ):
        got = to_numpy(got)
        assert got.dtype == "float64"
        np.testing.assert_array_equal(got, want)


def test_a_limit_is_not_rounded_to_float32():
    _, slope = value_and_gradient(lambda x: clip_gradient(x, 0.1), X)
    assert slope.tolist() == [0.1] * 4


def test_a_sharp_arg_max_of_float64_has_a_finite_gradient():
    _, slope = value_and_gradient(
        lambda x: 3 * soft_argmax(x, sharpness=1e308), np.array([1.0, 1.0, 0.0])
    )
    assert np.all(np.isfinite(slope))


def test_a_number_of_numpy_keeps_its_dtype():
    for dtype in ("float32", "float64"):
        value = soft_step(np.array(0.1, dtype)[()])
        assert keras.backend.standardize_dtype(value.dtype) == dtype


def test_the_sign_of_nan_is_nan():
    x = np.array([np.nan, -np.inf, 0.0, 2.0])
    np.testing.assert_array_equal(
        to_numpy(soft_sign(x, hard=True)), [np.nan, -1, 0, 1]
    )


def test_large_gaps_of_a_staircase_in_float64():
    """A softplus that is x itself from 20 on would be 2e-9 off."""
    layer = SoftStaircase(
        [0.0, 1.0], [0, 1, 2], trainable_thresholds=True, dtype="float64"
    )
    layer.build((None,))
    layer.set_weights([np.array([0.0, 20.0])])
    want = 1e-3 + (1 - 1e-3) * np.log1p((np.e - 1) * np.exp(20.0))
    np.testing.assert_allclose(to_numpy(layer.thresholds), [0, want], 1e-14)


def test_a_gradient_of_intermediate_results_has_a_derivative():
    """Here that of x², once from `twice`, which is not a constant."""

    @differentiable
    def square(x):
        twice = 2 * x
        return ops.square(x), lambda g: g * twice

    first = derivative(square)
    for order, want in ((first, 2 * X), (derivative(first), [2.0] * 4)):
        np.testing.assert_allclose(to_numpy(order(X)), want, 1e-15)


def test_a_gradient_of_several_tensors():
    @differentiable
    def product(x, y):
        both = x * y
        return both * y, lambda g: (g * y * y, 2 * g * both)

    y = ops.convert_to_tensor(X[::-1].copy())
    of_x = derivative(lambda x: product(x, y))
    of_y = derivative(lambda x: product(y, x))
    other = X[::-1]
    np.testing.assert_allclose(to_numpy(of_x(X)), other**2, 1e-14)
    np.testing.assert_allclose(to_numpy(of_y(X)), 2 * other * X, 1e-14)
    np.testing.assert_allclose(to_numpy(derivative(of_y)(X)), 2 * other, 1e-14)


def test_a_metric_is_not_called_for_a_shape():
    """With what? Keras's ones are no probabilities of classes."""
    calls = []

    def metric(decisions):
        calls.append(decisions)
        return 1.0

    loss = score_function_loss(
        metric, keras.Input((3,)), categorical=True, seed=1
    )
    assert (loss.shape, loss.dtype, calls) == ((), "float32", [])


@only_torch
def test_a_gradient_does_not_keep_itself_alive():
    """Memory would grow until the garbage collector happens to run."""
    import torch

    class Result:
        pass

    @differentiable
    def function(x):
        value, result = ops.exp(x), Result()
        alive.append(weakref.ref(result))
        return value, lambda g: (g * value, result)[0]

    alive = []
    gc.disable()
    try:
        x = torch.ones(3, requires_grad=True)
        function(x).sum().backward()
        assert alive and not any(each() for each in alive)
    finally:
        gc.enable()


@only_torch
@pytest.mark.filterwarnings("ignore")  # of torch.compile
def test_where_torch_compiles_what_is_wrong_is_nan():
    import torch

    labels = np.array([1.0, 0.0, 1.0], "float32")

    def loss(p):
        assert is_concrete(p) == (not torch.compiler.is_compiling())
        return losses.soft_fbeta(labels, p)

    # Not the default, which needs a compiler of C++.
    compiled = torch.compile(loss, backend="eager")
    right, wrong = torch.tensor([0.9, 0.2, 0.6]), torch.tensor([0.9, 1.2, 0.6])
    torch.testing.assert_close(compiled(right), loss(right))
    assert np.isnan(to_numpy(compiled(wrong)))
    with pytest.raises(ValueError, match="probabilities from 0 to 1"):
        loss(wrong)


@pytest.mark.parametrize("first", [True, False])
def test_the_branch_that_is_not_chosen_may_be_nan(mode, first):
    x = np.array([0.0, 4.0], "float32")
    chosen = keras.Variable(float(first))

    def bad(x):
        return ops.sum(ops.log(-x * x - 1))

    def good(x):
        return ops.sum(ops.square(x))

    def function(x):
        condition = ops.convert_to_tensor(chosen) > 0
        pair = (good, bad) if first else (bad, good)
        return choose(condition, *pair, x)

    value, gradient = value_and_gradient(function, x, mode)
    assert value == 16.0
    assert gradient.tolist() == [0.0, 8.0]


def test_an_action_runs_where_a_gradient_is_taken():
    seen = []

    def function(x):
        return _state.when_differentiated(x, lambda: seen.append(1))

    x = np.array([1.0, 2.0], "float32")
    assert to_numpy(function(ops.convert_to_tensor(x))).tolist() == [1.0, 2.0]
    assert not seen
    value, gradient = value_and_gradient(lambda x: 3 * function(x), x)
    assert value.tolist() == [3.0, 6.0] and gradient.tolist() == [3.0, 3.0]
    assert seen == [1]
