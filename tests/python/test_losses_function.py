"""FunctionLoss: functions as losses, with weights, masks and saving."""

import copy
import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy, value_and_gradient

from softkeras._foreign import ForeignFunction
from softkeras.losses import FunctionLoss, ScoreLoss, SoftFBeta, WarmUp
from softkeras.steps import Step

Y = np.array([1.0, 1.0, 0.0, 0.0], "float32")
P = np.array([[0.9], [0.4], [0.6], [0.2]], "float32")
W = np.array([1.0, 2.0, 0.5, 0.0], "float32")
ops = keras.ops


@keras.saving.register_keras_serializable("test_function")
def squares(y_true, y_pred):
    return ops.square(y_true - y_pred)


def total(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred))


def weighted_total(y_true, y_pred, sample_weight=None):
    each = ops.square(y_true - y_pred)
    return ops.sum(each if sample_weight is None else sample_weight * each)


def r_function(function=squares, arguments=("y_true", "y_pred")):
    source = "function(y_true, y_pred) (y_true - y_pred)^2"
    return ForeignFunction(function, source, "squares", arguments)


@pytest.mark.parametrize("weights", [None, W], ids=["unweighted", "weighted"])
def test_losses_of_samples_are_reduced_as_keras_does(mode, weights):
    loss = FunctionLoss(squares)
    got, gradient = value_and_gradient(lambda p: loss(Y, p, weights), P, mode)
    w = np.ones(4) if weights is None else weights
    each = (Y - P[:, 0]) ** 2
    np.testing.assert_allclose(got, np.mean(w * each), rtol=1e-6)
    np.testing.assert_allclose(
        gradient[:, 0], 2 * w * (P[:, 0] - Y) / 4, rtol=1e-5
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda f: FunctionLoss(f, reduction="sum", name="mine"),
        lambda f: 0.5 * FunctionLoss(f) + SoftFBeta(),
        lambda f: WarmUp(FunctionLoss(f), "mse", steps=3),
        lambda f: ScoreLoss(f),
    ],
    ids=["function", "sum", "warm-up", "score"],
)
@pytest.mark.parametrize("foreign", [False, True])
def test_a_deep_copy_keeps_the_function(make, foreign):
    def function(a, *b):  # of labels and predictions, or of counts
        return (a - b[0]) ** 2 if b else a.tp / (a.tp + a.fp)

    loss = make(r_function(function, ["..."]) if foreign else function)
    twin = copy.deepcopy({"loss": loss})["loss"]
    assert twin is not loss and type(twin) is type(loss)
    assert (twin.name, twin.reduction) == (loss.name, loss.reduction)
    assert to_numpy(twin(Y, P)) == to_numpy(loss(Y, P)) > 0


def test_a_deep_copy_has_a_state_of_its_own():
    warm_up = WarmUp(FunctionLoss(squares), "mse", steps=3)
    twin = copy.deepcopy(warm_up)
    value_and_gradient(lambda p: twin(Y, p), P)
    assert (warm_up.steps, twin.steps) == (3, 2)
    if BACKEND == "jax":  # has no moving counts
        return
    loss = SoftFBeta(momentum=0.5)
    value_and_gradient(lambda p: loss(Y, p), P)
    twin = copy.deepcopy(loss)
    before = to_numpy(loss._moving.sums)
    np.testing.assert_array_equal(twin._moving.sums, before)
    value_and_gradient(lambda p: twin(1 - Y, p), P)
    np.testing.assert_array_equal(loss._moving.sums, before)
    assert np.any(to_numpy(twin._moving.sums) != before)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", None])
def test_reductions(reduction):
    got = to_numpy(FunctionLoss(squares, reduction=reduction)(Y, P))
    each = (Y - P[:, 0]) ** 2
    want = {"sum": each.sum(), "sum_over_batch_size": each.mean()}
    np.testing.assert_allclose(
        np.ravel(got), want.get(reduction, each), rtol=1e-6
    )


def test_weights_and_masks_reach_a_function_that_takes_them():
    loss = FunctionLoss(weighted_total)
    each = (Y - P[:, 0]) ** 2
    np.testing.assert_allclose(to_numpy(loss(Y, P)), each.sum(), rtol=1e-6)
    got = to_numpy(loss(Y, P, W))
    np.testing.assert_allclose(got, (W * each).sum(), rtol=1e-6)
    p = ops.convert_to_tensor(P)
    p._keras_mask = ops.convert_to_tensor([True, False, True, True])
    mask = np.array([1, 0, 1, 1])
    got = to_numpy(loss(Y, p, W))
    np.testing.assert_allclose(got, (mask * W * each).sum(), rtol=1e-6)
    got = to_numpy(loss(Y, p))
    np.testing.assert_allclose(got, (mask * each).sum(), rtol=1e-6)


def test_weights_of_one_number_for_the_batch_are_refused():
    np.testing.assert_allclose(
        to_numpy(FunctionLoss(total)(Y, P)), ((Y - P[:, 0]) ** 2).sum(), 1e-6
    )
    with pytest.raises(ValueError, match="argument sample_weight"):
        FunctionLoss(total)(Y, P, W)
    p = ops.convert_to_tensor(P)
    p._keras_mask = ops.convert_to_tensor([True, False, True, True])
    with pytest.raises(ValueError, match="argument sample_weight"):
        FunctionLoss(total)(Y, p)


@pytest.mark.parametrize(
    "function, said",
    [
        (3, "function of y_true and y_pred. Received: 3"),
        (keras.losses.Dice, "function of y_true and y_pred. Received: <class"),
        (lambda y: y, "function of y_true and y_pred, and may"),
    ],
    ids=["number", "class", "one argument"],
)
def test_what_is_no_function_of_two_is_refused(function, said):
    with pytest.raises(ValueError, match=said):
        FunctionLoss(function)


@pytest.mark.parametrize(
    "value, said",
    [(None, "NoneType"), ("a", "string|str"), (3, "int")],
    ids=str,
)
def test_what_a_loss_can_t_be_is_refused(value, said):
    with pytest.raises(ValueError, match=f"tensor of floats.*({said})"):
        FunctionLoss(lambda y_true, y_pred: value)(Y, P)


def test_one_number_is_asked_for_with_weights():
    def each(y_true, y_pred, sample_weight):
        return squares(y_true, y_pred)

    with pytest.raises(ValueError, match="one number for the batch"):
        FunctionLoss(each)(Y, P, W)


def test_names():
    assert FunctionLoss(squares).name == "squares"
    assert FunctionLoss(lambda y_true, y_pred: y_pred).name == "function_loss"
    assert FunctionLoss(squares, name="mine").name == "mine"


def test_it_is_part_of_sums():
    both = 0.5 * FunctionLoss(squares) + SoftFBeta()
    want = 0.5 * np.mean((Y - P[:, 0]) ** 2) + to_numpy(SoftFBeta()(Y, P))
    np.testing.assert_allclose(to_numpy(both(Y, P)), want, rtol=1e-6)


def test_configuration_of_a_registered_function():
    loss = FunctionLoss(squares, reduction="sum", name="mine")
    again = FunctionLoss.from_config(loss.get_config())
    assert again.function is squares
    assert again.get_config() == loss.get_config()
    with pytest.raises(ValueError, match="register_keras_serializable"):
        FunctionLoss(total).get_config()


def model_with(loss):
    keras.utils.set_random_seed(1)
    layers = [keras.Input((2,)), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential(layers)
    model.compile("sgd", loss=loss)
    return model


@pytest.mark.parametrize(
    "loss",
    [
        FunctionLoss(r_function()),
        ScoreLoss(
            ForeignFunction(
                lambda c: c.tp / (c.tp + c.fp + c.fn),
                "function(c) c$tp / (c$tp + c$fp + c$fn)",
                "jaccard",
                ["c"],
            )
        ),
        SoftFBeta(
            step=Step(
                ForeignFunction(
                    lambda x: ops.sigmoid(4 * x), "plogis", "plogis", ["x"]
                )
            )
        ),
    ],
    ids=["loss", "score", "step"],
)
def test_a_model_with_a_function_of_r_loads_and_says_what_to_do(loss, tmp_path):
    model = model_with(loss)
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    y = np.arange(8.0) % 2
    model.fit(x, y, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    with pytest.raises(RuntimeError) as error:
        again.evaluate(x, y, verbose=0)
    assert "function of R" in str(error.value)
    assert "compile()" in str(error.value)
    found = again.loss.get_config()
    assert "function" in str(found) or "plogis" in str(found)
    again.compile("sgd", loss=loss)
    again.fit(x, y, verbose=0)


def test_it_loads_in_a_new_process(tmp_path):
    path = tmp_path / "model.keras"
    model_with(FunctionLoss(r_function())).save(path)
    code = (
        "import keras, softkeras, numpy as np\n"
        f"model = keras.saving.load_model({str(path)!r})\n"
        "try:\n"
        "    model.evaluate(np.ones((2, 2)), np.ones(2), verbose=0)\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert "a function of R" in done.stdout, done.stderr
    assert "(y_true - y_pred)^2" in done.stdout


def test_arguments_of_a_foreign_function_are_checked():
    with pytest.raises(ValueError, match="function of y_true and y_pred"):
        FunctionLoss(r_function(arguments=["y"]))
    assert FunctionLoss(r_function(arguments=["..."]))
    assert FunctionLoss(
        r_function(arguments=["y_true", "y_pred", "sample_weight"])
    ).takes_weights


def weighted_mean(y_true, y_pred, sample_weight=None):
    each = ops.square(y_true - y_pred)
    return ops.sum(sample_weight * each) / ops.sum(sample_weight)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)], ids=str)
def test_weights_of_fit_meet_predictions_row_by_row(outputs, shape):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(24, 2)).astype("float32")
    y = rng.random((24, outputs)).astype("float32")
    w = rng.random(24).astype("float32")
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(outputs)])
    model.compile("sgd", loss=FunctionLoss(weighted_mean))
    each = np.square(y - model.predict(x, verbose=0))
    want = np.sum(w[:, None] * each) / np.sum(w)
    labels = y if outputs > 1 else y.reshape(shape)
    got = model.evaluate(
        x, labels, sample_weight=w.reshape(shape), batch_size=24, verbose=0
    )
    np.testing.assert_allclose(got, want, rtol=1e-5)
    for loss in (FunctionLoss(weighted_mean)(labels, y * 0.5, w),):
        want = np.sum(w[:, None] * np.square(0.5 * y)) / np.sum(w)
        np.testing.assert_allclose(to_numpy(loss), want, rtol=1e-5)


def test_weights_with_more_axes_than_predictions_are_refused():
    with pytest.raises(ValueError, match="at most the 2 axes of y_pred"):
        FunctionLoss(weighted_mean)(Y, P, np.ones((4, 2, 2)))


def test_dots_of_r_may_stand_behind_arguments_with_a_default():
    names = ["y_true", "y_pred", "from_logits=", "axis=", "...", "name="]
    made = ForeignFunction(lambda *args: len(args), "", "mine", names)
    assert list(inspect.signature(made).parameters)[:2] == names[:2]
    assert made(1, 2) == 2
