"""Every loss of R against its Python twin: value, gradient, configuration."""

import itertools

import keras
import numpy as np
import pytest
from conftest import tensor
from twins import (
    CATEGORICAL,
    CONSTRAINED,
    LOSSES,
    RANKINGS,
    STEP_ARGUMENTS,
    assert_same,
)

import softkeras
from softkeras import callbacks, losses, metrics, recipes
from softkeras.steps import Step


@pytest.mark.parametrize(
    "name, function, cls, options", RANKINGS, ids=[row[0] for row in RANKINGS]
)
def test_losses_of_ranks_are_the_same(r, data, name, function, cls, options):
    y, p, w = data
    for more in ({}, {"sample_weight": w}, {"step": "hard"}):
        want = function(y, tensor(p), **options, **more)
        got = r.call(name, y, p, **options, **more)
        np.testing.assert_allclose(got, want, 1e-5)
        got = r.call(name, y, tensor(p), **options, **more)
        np.testing.assert_array_equal(got, want)
    for more in ({}, {"step": "ramp", "sharpness": 3.0, "name": "mine"}):
        got = r.call(name, **options, **more)
        assert type(got) is cls
        assert got.get_config() == cls(**options, **more).get_config()


@pytest.mark.parametrize("function, cls", CATEGORICAL.items())
def test_losses_of_a_confusion_matrix_are_the_same(r, data, function, cls):
    name = f"loss_{function}"
    function, cls = getattr(losses, function), getattr(losses, cls)
    own = {
        "loss_soft_categorical_kappa": {"weights": "quadratic"},
        "loss_soft_categorical_cost": {"cost_matrix": 1 - np.eye(3)},
    }.get(name, {})
    _, p, w = data
    ids = np.arange(12.0) % 3
    for more in (
        {},
        {"sample_weight": w},
        {"step": "hard", "ignore_class": 1},
    ):
        want = function(ids, tensor(p), sparse=True, **own, **more)
        got = r.call(name, ids, p, sparse=True, **own, **more)
        np.testing.assert_allclose(got, want, 1e-5)
        got = r.call(name, ids, tensor(p), sparse=True, **own, **more)
        np.testing.assert_array_equal(got, want)
    for more in ({}, {"sharpness": 3.0, "empty": "one", "name": "mine"}):
        got = r.call(name, **own, **more)
        assert type(got) is cls
        assert got.get_config() == cls(**own, **more).get_config()


def test_any_score_of_a_confusion_matrix_is_the_same(r, data):
    _, p, w = data
    ids, score = np.arange(12.0) % 3, "categorical_kappa"
    options = {"weights": "linear", "sparse": True}
    got = r.call("loss_confusion", score, **options)
    assert (
        got.get_config() == losses.ConfusionLoss(score, **options).get_config()
    )
    got = r.call("loss_confusion", score, ids, tensor(p), **options)
    assert_same(got, losses.confusion_loss(ids, tensor(p), score, **options))
    got = r.call("metric_epoch_confusion_score", score, **options)
    want = metrics.EpochConfusionScore(score, **options)
    assert type(got) is type(want) and got.get_config() == want.get_config()
    for metric in (got, want):
        metric.update_state(ids, tensor(p), w)
    assert float(got.result()) == float(want.result())
    name = "soft_confusion_matrix"
    got = r.call(name, ids, p, w, sparse=True)
    want = softkeras.soft_confusion_matrix(ids, p, w, sparse=True)
    assert_same(got, want)


def test_the_continuous_bernoulli_loss_is_the_same(r, data):
    y, p, _ = data
    name, cls = "loss_continuous_bernoulli", losses.ContinuousBernoulli
    function = losses.continuous_bernoulli
    got = r.call(name, y, tensor(p))
    np.testing.assert_array_equal(got, function(y, tensor(p)))
    assert r.call(name).get_config() == cls().get_config()


@pytest.mark.parametrize("cls, name, at", CONSTRAINED)
def test_rates_at_a_constraint_are_the_same(r, data, cls, name, at):
    y, p, w = data
    cls = getattr(losses, cls)
    function = getattr(losses, name.removeprefix("loss_"))
    for own in ({}, {"average": None, "step": "hard"}, {"sharpness": 3.0}):
        want = function(y, tensor(p), 0.7, w, **own)
        got = r.call(name, y, p, sample_weight=w, **{at: 0.7}, **own)
        np.testing.assert_allclose(got, np.squeeze(want), 1e-6)
        got = r.call(name, **{at: 0.7}, **own)
        assert type(got) is cls
        assert got.get_config() == cls(0.7, **own).get_config()
    with pytest.raises(Exception, match=f"`{at}` has to be given"):
        r.call(name)


def test_losses_of_losses_are_the_same(r, data):
    y, p, _ = data
    parts = [r.call("loss_soft_fbeta"), "mse"]
    got = r.call("loss_weighted_sum", parts, np.array([0.5, 2.0]))
    want = 0.5 * losses.SoftFBeta() + losses.WeightedSum(["mse"], [2.0])
    assert got.get_config() == want.get_config()
    np.testing.assert_array_equal(got(y, tensor(p)), want(y, tensor(p)))
    for own in ({"steps": 7}, {"epochs": 1.5, "name": "mine"}):
        got = r.call("loss_warm_up", "mse", r.call("loss_soft_auc"), **own)
        want = losses.WarmUp("mse", losses.SoftAUC(), **own)
        assert got.get_config() == want.get_config()
    for own in ({"beta": 2.0}, {"linear": True}, {"threshold": None}):
        got = r.call("recipe_train_on", "f_beta", 7, **own)
        want = recipes.train_on("f_beta", 7, **own)
        assert got.get_config() == want.get_config()
    assert type(r.call("callback_loss_state")) is callbacks.LossState
    got = r.call("callback_sharpness_schedule", 1, 2, layers="soft")
    want = callbacks.SharpnessSchedule(1, 2, layers="soft")
    assert vars(got) == vars(want)


@pytest.mark.parametrize("name, function, cls", LOSSES)
@pytest.mark.parametrize(
    "average", [None, "micro", "macro", "weighted", "samples"]
)
def test_values_of_r_data_and_of_tensors(r, data, name, function, cls, average):
    y, p, w = data
    for own, weights in itertools.product(STEP_ARGUMENTS, (None, w)):
        options = {"average": average, "threshold": 0.4}
        of_python = [
            function(y, x, weights, step=Step(**own), **options)
            for x in (p, tensor(p))
        ]
        options |= {"step": r.call("steps_step", **own)}
        options |= {"sample_weight": weights}
        # R's doubles are float64, a tensor is what it is.
        got = r.call(name, y, p, **options)
        assert_same(got, np.squeeze(of_python[0]))
        got = r.call(name, y, tensor(p), **options)
        np.testing.assert_array_equal(got, of_python[1])


@pytest.mark.parametrize("name, function, cls", LOSSES)
def test_gradients_through_r(r, data, name, function, cls):
    """The tape is Python's, the loss between is called by R."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the tape is TensorFlow's")
    import tensorflow as tf

    y, p, _ = data
    x = tensor(p)
    for step in ("sigmoid", "softsign", "ramp"):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            of_r = r.call(name, y, x, step=step)
            of_python = function(y, x, step=step)
        np.testing.assert_array_equal(
            tape.gradient(of_r, x), tape.gradient(of_python, x)
        )


@pytest.mark.parametrize("name, function, cls", LOSSES)
def test_instances_are_the_same_class_with_the_same_configuration(
    r, name, function, cls
):
    for options in (
        {},
        {"average": None, "reduction": "none", "empty": "one"},
        {"step": "ramp", "sharpness": 3.0, "threshold": 0.2, "name": "mine"},
        {"threshold": None, "from_logits": True, "dtype": "float64"},
        {"momentum": 0.9},
    ):
        got = r.call(name, **options)
        assert type(got) is cls
        assert got.get_config() == cls(**options).get_config()


def test_beta_is_handed_on(r, data):
    y, p, _ = data
    got = r.call("loss_soft_fbeta", beta=2.0)
    assert got.get_config() == losses.SoftFBeta(beta=2.0).get_config()
    got = r.call("loss_soft_fbeta", y, p, beta=0.5)
    assert_same(got, losses.soft_fbeta(y, p, beta=0.5))
