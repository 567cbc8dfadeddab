"""WeightedSum, and the operators that make it."""

import keras
import numpy as np
import pytest
from conftest import to_numpy, value_and_gradient

from softkeras.losses import (
    ContinuousBernoulli,
    ScoreLoss,
    SoftAUC,
    SoftFBeta,
    SoftRecall,
    WeightedSum,
    soft_fbeta,
)

Y = np.array([[1.0], [1.0], [0.0], [0.0], [0.0]], "float32")
P = np.array([[0.9], [0.4], [0.6], [0.2], [0.1]], "float32")
W = np.array([1.0, 2.0, 0.5, 0.0, 3.0], "float32")


@keras.saving.register_keras_serializable("test")
def brier(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def cross_entropy(y, p, weight):
    """Keras's weighted mean: over the batch, not over the weights."""
    each = -(y * np.log(p) + (1 - y) * np.log(1 - p))[:, 0]
    return np.mean(weight * each)


def dice(y, p, weight):
    y, p = y[:, 0], p[:, 0]
    return 1 - 2 * np.sum(weight * y * p) / np.sum(weight * (y + p))


@pytest.mark.parametrize("weights", [None, W], ids=["unweighted", "weighted"])
def test_sum_of_losses_by_their_formulas(mode, weights):
    loss = 0.5 * SoftFBeta(sharpness=1.0) + keras.losses.BinaryCrossentropy()
    w = np.ones(5) if weights is None else weights
    want = 0.5 * dice(Y, P, w) + cross_entropy(Y, P, w)
    got, gradient = value_and_gradient(lambda p: loss(Y, p, weights), P, mode)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    for i in range(5):
        ends = []
        for h in (-1e-4, 1e-4):
            p = P.astype("float64")
            p[i] += h
            ends.append(0.5 * dice(Y, p, w) + cross_entropy(Y, p, w))
        slope = (ends[1] - ends[0]) / 2e-4
        np.testing.assert_allclose(gradient[i, 0], slope, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "make, names, weights",
    [
        (lambda a, b: a + b, ["a", "b"], [1, 1]),
        (lambda a, b: b + a, ["b", "a"], [1, 1]),
        (lambda a, b: 2 * a + b / 4, ["a", "b"], [2, 0.25]),
        (lambda a, b: 0.5 * (a + 2 * b), ["a", "b"], [0.5, 1]),
        (lambda a, b: (a + b) + (a + b), list("abab"), [1, 1, 1, 1]),
        (lambda a, b: sum([a, b]), ["a", "b"], [1, 1]),
        (lambda a, b: np.float32(0.5) * a, ["a"], [0.5]),
        (lambda a, b: a * np.float64(0.5), ["a"], [0.5]),
        (lambda a, b: a + "mse", ["a", "mean_squared_error"], [1, 1]),
        (lambda a, b: brier + a, ["brier", "a"], [1, 1]),
        (lambda a, b: keras.losses.Dice() + a, ["dice", "a"], [1, 1]),
        (lambda a, b: a + keras.losses.Dice(), ["a", "dice"], [1, 1]),
    ],
    ids=[str(i) for i in range(12)],
)
def test_operators(make, names, weights):
    loss = make(SoftFBeta(name="a"), SoftAUC(name="b"))
    assert type(loss) is WeightedSum
    assert [part.name for part in loss.losses] == names
    assert loss.weights == weights


def test_all_losses_of_softkeras_have_operators():
    for loss in (ContinuousBernoulli(), ScoreLoss("f1"), SoftAUC()):
        assert type(2 * loss + loss) is WeightedSum


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: -SoftFBeta(), "negated"),
        (lambda: SoftFBeta() - SoftRecall(), "subtracted"),
        (lambda: 1 - SoftFBeta(), "subtracted"),
        (lambda: -0.5 * SoftFBeta(), "negated"),
        (lambda: float("nan") * SoftFBeta(), "finite.*nan"),
        (lambda: SoftFBeta() * float("inf"), "finite.*inf"),
        (lambda: SoftFBeta() * SoftFBeta(), "multiplied by a number"),
        (lambda: SoftFBeta() * True, "multiplied by a number"),
        (lambda: SoftFBeta() / 0, "other than 0"),
        (lambda: SoftFBeta() + 1, "no gradient"),
        (lambda: 1 + SoftFBeta(), "no gradient"),
        (lambda: SoftFBeta() + soft_fbeta, "instance of its class"),
        (lambda: SoftFBeta() + "hinge?", "must hold losses.*hinge?"),
        (lambda: SoftFBeta() + None, "must hold losses.*None"),
        (lambda: WeightedSum([]), "list of losses"),
        (lambda: WeightedSum(SoftFBeta()), "list of losses"),
        (lambda: WeightedSum(["mse"], [1.0, 2.0]), "list of 1 numbers"),
        (lambda: WeightedSum(["mse"], ["1"]), r"weights\[0\].*'1'"),
        (lambda: WeightedSum(["mse", "mae"], [0, 0]), "above 0"),
    ],
    ids=[str(i) for i in range(19)],
)
def test_what_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_losses_of_different_shapes_are_refused():
    loss = SoftFBeta() + keras.losses.MeanSquaredError(reduction="none")
    with pytest.raises(ValueError, match=r"\(\), \(5,\)"):
        loss(Y, P)


def test_a_loss_of_weight_0_may_be_anything():
    def infinite(y_true, y_pred):
        return y_pred[:, 0] / 0.0

    loss = WeightedSum([infinite, "mse"], [0.0, 1.0])
    value, gradient = value_and_gradient(lambda p: loss(Y, p), P)
    np.testing.assert_allclose(value, np.mean((Y - P) ** 2), rtol=1e-5)
    np.testing.assert_allclose(gradient, 2 * (P - Y) / 5, rtol=1e-5)


def test_masks_reach_each_loss():
    x = np.ones((2, 3, 1), "float32")
    x[0, 2] = x[1, 1:] = 0.0
    y = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], "float32")[..., None]
    inputs = keras.Input((3, 1))
    masked = keras.layers.Masking()(inputs)
    layer = keras.layers.Dense(
        1, "sigmoid", kernel_initializer="zeros", bias_initializer="zeros"
    )
    model = keras.Model(inputs, layer(masked))
    loss = SoftRecall(sharpness=1.0) + 2 * SoftFBeta(sharpness=1.0)
    model.compile("sgd", loss=loss)
    got = model.evaluate(x, y, verbose=0)
    # Labels 1, 0, 0 are left, and all predictions are ½.
    recall, f1 = 0.5, 2 * 0.5 / (1 + 1.5)
    np.testing.assert_allclose(got, (1 - recall) + 2 * (1 - f1), rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        0.5 * SoftFBeta(beta=2.0) + keras.losses.BinaryCrossentropy(),
        WeightedSum(["mse", brier, WeightedSum([SoftAUC()])], name="mine"),
    ],
    ids=["operators", "names and functions"],
)
def test_it_is_saved_with_a_model(loss, tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=loss)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path).loss
    assert type(again) is WeightedSum
    assert again.get_config() == loss.get_config()
    np.testing.assert_array_equal(
        to_numpy(again(Y, P, W)), to_numpy(loss(Y, P, W))
    )


def test_a_function_that_is_not_registered_is_not_saved():
    loss = WeightedSum([lambda y_true, y_pred: y_pred])
    with pytest.raises(ValueError, match="register_keras_serializable"):
        loss.get_config()
