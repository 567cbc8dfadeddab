"""Every R wrapper against its Python twin: name, arguments, defaults, value,
gradient, configuration and errors."""

import inspect
import itertools
import json
import re

import keras
import numpy as np
import pytest
from conftest import ROOT, tensor

import softkeras
from softkeras import (
    callbacks,
    confusion,
    counts,
    doctor,
    layers,
    losses,
    metrics,
    ops,
    recipes,
    scores,
    steps,
    thresholds,
)
from softkeras.steps import Step

PUBLIC = (
    callbacks,
    confusion,
    counts,
    doctor,
    layers,
    losses,
    metrics,
    ops,
    recipes,
    scores,
    steps,
    thresholds,
)
OF_COUNTS = [*losses.rates.__all__, *losses.agreement.__all__]
FUNCTIONS = [name for name in OF_COUNTS if name.islower()]
# By the scores that they name: SoftFBeta is the class of soft_fbeta.
CLASSES = {
    name: cls
    for name in FUNCTIONS
    for cls in OF_COUNTS
    if cls.lower() == name.replace("_", "")
}
CATEGORICAL = {
    name: cls
    for name in losses.categorical.__all__
    for cls in losses.categorical.__all__
    if name.startswith("soft") and cls.lower() == name.replace("_", "")
}
# R's name of each public thing of Python. Class and function are one in R.
WRAPPERS = {
    "Counts": None,  # in R a list
    "soft_counts": "soft_counts",
    "soft_confusion_matrix": "soft_confusion_matrix",
    "ConfusionLoss": "loss_confusion",
    "confusion_loss": "loss_confusion",
    "EpochConfusionScore": "metric_epoch_confusion_score",
    "EpochRankingScore": "metric_epoch_ranking_score",
    **{
        name: f"loss_{function}"
        for function, cls in CATEGORICAL.items()
        for name in (function, cls)
    },
    **{name: f"loss_{name}" for name in FUNCTIONS},
    **{cls: f"loss_{name}" for name, cls in CLASSES.items()},
    "SoftAUC": "loss_soft_auc",
    "soft_auc": "loss_soft_auc",
    "SoftAveragePrecision": "loss_soft_average_precision",
    "soft_average_precision": "loss_soft_average_precision",
    "SoftNDCG": "loss_soft_ndcg",
    "soft_ndcg": "loss_soft_ndcg",
    "SoftPrecisionAtK": "loss_soft_precision_at_k",
    "soft_precision_at_k": "loss_soft_precision_at_k",
    "SoftTopKAccuracy": "loss_soft_top_k_accuracy",
    "soft_top_k_accuracy": "loss_soft_top_k_accuracy",
    "EpochScore": "metric_epoch_score",
    "Step": "steps_step",
    # R takes steps by name or object; there is nothing to look up or store.
    "get": None,
    "serialize": None,
    "deserialize": None,
    "ScoreLoss": "loss_score",
    "score_loss": "loss_score",
    # R names scores, or writes them.
    **{name: None for name in scores.__all__},
    "ContinuousBernoulli": "loss_continuous_bernoulli",
    "continuous_bernoulli": "loss_continuous_bernoulli",
    **{name: f"op_{name}" for name in ops.__all__},
    "surrogate_gradient": None,  # R has no decorators
    "SoftArgmax": "layer_soft_argmax",
    "SoftOneHot": "layer_soft_one_hot",
    "SoftStaircase": "layer_soft_staircase",
    "HardThreshold": "layer_hard_threshold",
    "SoftStep": "layer_soft_step",
    "SoftSign": "layer_soft_sign",
    "SoftRound": "layer_soft_round",
    "SoftFloor": "layer_soft_floor",
    "SoftCeil": "layer_soft_ceil",
    "ThresholdLayer": "layer_threshold",
    "BestThreshold": None,  # in R a list
    "best_threshold": "best_threshold",
    "SoftPrecisionAtRecall": "loss_soft_precision_at_recall",
    "soft_precision_at_recall": "loss_soft_precision_at_recall",
    "SoftRecallAtPrecision": "loss_soft_recall_at_precision",
    "soft_recall_at_precision": "loss_soft_recall_at_precision",
    "SoftSensitivityAtSpecificity": "loss_soft_sensitivity_at_specificity",
    "soft_sensitivity_at_specificity": "loss_soft_sensitivity_at_specificity",
    "SoftSpecificityAtSensitivity": "loss_soft_specificity_at_sensitivity",
    "soft_specificity_at_sensitivity": "loss_soft_specificity_at_sensitivity",
    "FunctionLoss": "loss_from_function",
    "WeightedSum": "loss_weighted_sum",
    "WarmUp": "loss_warm_up",
    "EpochMetric": "callback_epoch_metric",
    "LossState": "callback_loss_state",
    "SharpnessSchedule": "callback_sharpness_schedule",
    "train_on": "recipe_train_on",
    "differentiable": "differentiable",
    # In R a data frame and its rows.
    "Differentiability": None,
    "DifferentiabilityTable": None,
}
CONSTRAINED = [
    (name, WRAPPERS[name], WRAPPERS[name].rsplit("_", 1)[1])
    for name in (
        "SoftPrecisionAtRecall",
        "SoftRecallAtPrecision",
        "SoftSensitivityAtSpecificity",
        "SoftSpecificityAtSensitivity",
    )
]
# Of R alone: in Python an op or a layer is an activation as it is.
ACTIVATIONS = {
    "soft_step": "SoftStep",
    "soft_sign": "SoftSign",
    "soft_round": "SoftRound",
    "soft_floor": "SoftFloor",
    "soft_ceil": "SoftCeil",
    "soft_staircase": "SoftStaircase",
    "hard_threshold": "HardThreshold",
    "soft_one_hot": "SoftOneHot",
    "exp_ratio": None,
    "log_exprel": None,
}
# Indices count from 1 in R.
FIRST_INDEX = {"soft_argmax", "SoftArgmax"}
LOSSES = [
    pytest.param(
        f"loss_{name}", getattr(losses, name), getattr(losses, cls), id=name
    )
    for name, cls in CLASSES.items()
]
RANKINGS = [
    ("loss_soft_auc", losses.soft_auc, losses.SoftAUC, {"max_fpr": 0.3}),
    (
        "loss_soft_average_precision",
        losses.soft_average_precision,
        losses.SoftAveragePrecision,
        {"average": "micro"},
    ),
    (
        "loss_soft_ndcg",
        losses.soft_ndcg,
        losses.SoftNDCG,
        {"k": 2, "gain": "exponential"},
    ),
    (
        "loss_soft_precision_at_k",
        losses.soft_precision_at_k,
        losses.SoftPrecisionAtK,
        {"k": 2},
    ),
    (
        "loss_soft_top_k_accuracy",
        losses.soft_top_k_accuracy,
        losses.SoftTopKAccuracy,
        {"k": 2},
    ),
]
STEP_ARGUMENTS = [
    {},
    {"shape": "softsign", "sharpness": 2.0},
    {"shape": "ramp", "sharpness": 9.0, "scale": "probability"},
    {"shape": "softsign", "scale": "probability", "anchored": False},
    {"sharpness": 1.0, "straight_through": True},
]


def golden_ops():
    """One in four: the values are compared in each language's own tests."""
    path = ROOT / "tests" / "testthat" / "golden" / "ops.json"
    return json.loads(path.read_text())[::4]


def assert_same(got, want):
    """Equal, and so of the same dtype: the other's rounding would show."""
    np.testing.assert_array_equal(np.asarray(got), np.asarray(want))


def arguments(function):
    return {
        name: "<missing>" if p.default is p.empty else p.default
        for name, p in inspect.signature(function).parameters.items()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def test_every_public_name_is_accounted_for_in_r(r):
    public = [name for module in PUBLIC for name in module.__all__]
    assert set(public) == set(WRAPPERS)
    exported = set(r.call("getNamespaceExports", "softkeras"))
    assert exported == {
        *filter(None, WRAPPERS.values()),
        "as_labels",  # of R alone
        "plot_steps",  # draws with ggplot2 what Python's draws with matplotlib
        "softkeras_config",
        "softkeras_available",
        "softkeras_sitrep",
        "install_softkeras",
        *(f"activation_{name}" for name in ACTIVATIONS),
    }


@pytest.mark.parametrize(
    "name", [name for name, wrapper in WRAPPERS.items() if wrapper]
)
def test_r_lacks_no_argument_and_no_default(r, name):
    module = next(m for m in PUBLIC if name in m.__all__)
    want = plain(arguments(getattr(module, name)), name)
    # `function` is a word of R's language.
    want = {"fn" if key == "function" else key: v for key, v in want.items()}
    got = plain(r.defaults(WRAPPERS[name]), name)
    assert {key: got.get(key, "none of R") for key in want} == want


@pytest.mark.parametrize("name, function, cls", LOSSES)
def test_losses_have_the_arguments_of_function_and_class(
    r, name, function, cls
):
    want = arguments(function) | arguments(cls)
    assert plain(r.defaults(name), name) == plain(want, name)


@pytest.mark.parametrize(
    "name, function, cls, options", RANKINGS, ids=[row[0] for row in RANKINGS]
)
def test_losses_of_ranks_are_the_same(r, data, name, function, cls, options):
    want = arguments(function) | arguments(cls)
    assert plain(r.defaults(name), name) == plain(want, name)
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
    want = arguments(function) | arguments(cls)
    assert plain(r.defaults(name), name) == plain(want, name)
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
    want = arguments(losses.confusion_loss) | arguments(losses.ConfusionLoss)
    assert plain(r.defaults("loss_confusion"), "") == plain(want, "")
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
    want = plain(arguments(softkeras.soft_confusion_matrix), name)
    assert plain(r.defaults(name), name) == want
    got = r.call(name, ids, p, w, sparse=True)
    want = softkeras.soft_confusion_matrix(ids, p, w, sparse=True)
    assert_same(got, want)


def test_any_score_has_the_arguments_of_function_and_class(r):
    want = arguments(losses.score_loss) | arguments(losses.ScoreLoss)
    assert plain(r.defaults("loss_score"), "") == plain(want, "")


def plain(defaults, name):
    """With tuples in place of R's lists and matrices, and R's first index."""

    def tuples(value):
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, (list, tuple)):
            return tuple(map(tuples, value))
        return value

    return {key: tuples(value) for key, value in defaults.items()} | (
        {"first_index": 1} if name in FIRST_INDEX else {}
    )


@pytest.mark.parametrize("name", [n for n in ops.__all__ if WRAPPERS[n]])
def test_ops_have_their_twin_s_arguments_in_order(r, name):
    got, want = r.defaults(WRAPPERS[name]), arguments(getattr(ops, name))
    assert list(plain(got, name).items()) == list(plain(want, name).items())


@pytest.mark.parametrize("name", layers.__all__)
def test_layers_have_their_twin_s_arguments_in_order(r, name):
    got = r.defaults(WRAPPERS[name])
    assert got.pop("object") == "<missing>" and got.pop("name") is None
    want = arguments(getattr(layers, name))
    assert list(plain(got, name).items()) == list(plain(want, name).items())


@pytest.mark.parametrize(
    "name, options",
    [
        ("SoftStep", {"threshold": [0.1, 0.3]}),
        (
            "SoftStaircase",
            {"thresholds": [0.0, 1.0], "levels": [0.0, 1.0, 4.0], "hard": True},
        ),
    ],
)
def test_vectors_of_layers_have_the_same_configuration(r, name, options):
    of_r = {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in options.items()
    }
    got = r.call(WRAPPERS[name], **of_r, name="mine").get_config()
    assert got == getattr(layers, name)(**options, name="mine").get_config()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_the_arguments_of_op_and_layer(r, name):
    got = r.defaults(f"activation_{name}")
    of_op = plain(arguments(getattr(ops, name)), name)
    assert got == {key: of_op[key] for key in got}
    layer = ACTIVATIONS[name]
    missing = set(of_op) - set(got)
    if layer is None:
        assert not missing
    else:
        assert missing.isdisjoint(arguments(getattr(layers, layer)))


def test_the_continuous_bernoulli_loss_is_the_same(r, data):
    y, p, _ = data
    name, cls = "loss_continuous_bernoulli", losses.ContinuousBernoulli
    function = losses.continuous_bernoulli
    want = arguments(function) | arguments(cls)
    assert plain(r.defaults(name), name) == plain(want, name)
    got = r.call(name, y, tensor(p))
    np.testing.assert_array_equal(got, function(y, tensor(p)))
    assert r.call(name).get_config() == cls().get_config()


@pytest.mark.parametrize("cls, name, at", CONSTRAINED)
def test_rates_at_a_constraint_are_the_same(r, data, cls, name, at):
    y, p, w = data
    cls = getattr(losses, cls)
    function = getattr(losses, name.removeprefix("loss_"))
    want = arguments(function) | arguments(cls)
    assert plain(r.defaults(name), name) == plain(want, name)
    for own in ({}, {"average": None, "step": "hard"}, {"sharpness": 3.0}):
        want = function(y, tensor(p), 0.7, w, **own)
        got = r.call(name, y, p, sample_weight=w, **{at: 0.7}, **own)
        np.testing.assert_allclose(got, np.squeeze(want), 1e-6)
        got = r.call(name, **{at: 0.7}, **own)
        assert type(got) is cls
        assert got.get_config() == cls(0.7, **own).get_config()
    with pytest.raises(Exception, match=f"`{at}` has to be given"):
        r.call(name)


def test_thresholds_are_the_same(r, data):
    y, p, w = data
    for of_r, own in (
        ({}, {}),
        ({"score": "precision", "empty": "zero"},) * 2,
        ({"beta": 2.0},) * 2,
        ({"score": "precision", "at_least": {"recall": 0.7}},) * 2,
    ):
        want = thresholds.best_threshold(y, p, sample_weight=w, **own)
        got = r.call("best_threshold", y, p, sample_weight=w, **of_r)
        np.testing.assert_array_equal(got["threshold"], want.threshold)
        np.testing.assert_array_equal(got["score"], want.score)


@pytest.mark.parametrize("case", golden_ops(), ids=lambda case: case["op"])
def test_gradients_of_ops_through_r(r, case):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the tape is TensorFlow's")
    import tensorflow as tf

    args = dict(case["args"])
    first = next(iter(args))
    x = tensor(args.pop(first))
    # Vectors of R, which a list would not arrive as.
    of_r = {
        key: np.asarray(value) if isinstance(value, list) else value
        for key, value in args.items()
    }
    if "axis" in args:
        axes = np.atleast_1d(args["axis"])
        of_r["axis"] = (axes + (axes >= 0)).astype(float)
        args["axis"] = tuple(map(int, axes)) if len(axes) > 1 else int(axes[0])
    for key in ("step", "surrogate"):
        if isinstance(args.get(key), dict):
            args[key] = of_r[key] = Step(**args[key])
    if case["op"] in FIRST_INDEX:
        args["first_index"] = 1
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        got = r.call(WRAPPERS[case["op"]], x, **of_r)
        want = getattr(ops, case["op"])(x, **args)
    np.testing.assert_array_equal(got, want)
    none = tf.UnconnectedGradients.ZERO
    np.testing.assert_array_equal(
        tape.gradient(got, x, unconnected_gradients=none),
        tape.gradient(want, x, unconnected_gradients=none),
    )


@pytest.mark.parametrize(
    "name, twin",
    [
        ("soft_counts", softkeras.soft_counts),
        ("metric_epoch_score", metrics.EpochScore),
        ("steps_step", Step),
        ("loss_weighted_sum", losses.WeightedSum),
        ("loss_warm_up", losses.WarmUp),
        ("callback_sharpness_schedule", callbacks.SharpnessSchedule),
        ("recipe_train_on", recipes.train_on),
    ],
)
def test_the_others_have_their_twin_s_arguments_in_order(r, name, twin):
    assert list(plain(r.defaults(name), name).items()) == list(
        plain(arguments(twin), name).items()
    )


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


def test_counts_and_one_based_axes(r, data):
    y, p, w = data
    for axis, of_r in ((None, None), (0, 1), (1, 2), (-1, -1)):
        want = softkeras.soft_counts(y, p, w, axis=axis)
        got = r.call("soft_counts", y, p, w, axis=of_r)
        assert list(got) == list(want._fields)
        for a, b in zip(got.values(), want):
            assert_same(a, b)


@pytest.mark.parametrize("own", STEP_ARGUMENTS, ids=str)
def test_steps_are_equal(r, own):
    assert r.call("steps_step", **own) == Step(**own)


def test_metrics_are_equal(r, data):
    y, p, w = data
    for options in (
        {},
        {"average": "micro", "threshold": 0.3, "empty": "zero"},
        {"step": "sigmoid", "name": "mine"},
    ):
        for score, more in (("recall", {}), ("f_beta", {"beta": 2.0})):
            got = r.call("metric_epoch_score", score, **more, **options)
            want = metrics.EpochScore(score, **more, **options)
            assert type(got) is type(want)
            assert got.get_config() == want.get_config()
            for metric in (got, want):
                metric.update_state(y, tensor(p), w)
            assert float(got.result()) == float(want.result())


@pytest.mark.parametrize(
    "options",
    [
        {"step": "sgimoid"},
        {"sharpness": -1.0},
        {"threshold": 1.5},
        {"average": "mean"},
        {"empty": "nan"},
    ],
    ids=str,
)
def test_an_error_of_python_arrives_with_its_message(r, options):
    with pytest.raises(ValueError) as of_python:
        losses.SoftPrecision(**options)
    with pytest.raises(Exception) as of_r:
        r.call("loss_soft_precision", **options)
    assert str(of_python.value) in str(of_r.value)


def test_one_version_and_one_module(r):
    description = (ROOT / "DESCRIPTION").read_text()
    version = re.search(r"^Version: (.*)$", description, re.M).group(1)
    assert version == softkeras.__version__
    assert r.call("softkeras:::py_softkeras") is softkeras


@pytest.mark.parametrize(
    "score, options",
    [("ndcg", {"k": 3}), ("precision_at_k", {"k": 2}), ("top_k_accuracy", {})],
)
def test_metrics_of_rankings_are_the_same(r, score, options):
    got = r.call("metric_epoch_ranking_score", score, **options)
    want = metrics.EpochRankingScore(score, **options)
    assert type(got) is type(want) and got.get_config() == want.get_config()
    name = "metric_epoch_ranking_score"
    own = plain(arguments(metrics.EpochRankingScore), name)
    assert plain(r.defaults(name), name) == own
