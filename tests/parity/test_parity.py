"""What is no loss, in R against its Python twin: ops, layers, counts, metrics,
steps, thresholds; and errors."""

import re

import keras
import numpy as np
import pytest
from conftest import ROOT, tensor
from twins import (
    FIRST_INDEX,
    STEP_ARGUMENTS,
    WRAPPERS,
    assert_same,
    golden_ops,
)

import softkeras
from softkeras import layers, losses, metrics, ops, thresholds
from softkeras.steps import Step


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
    "score, options",
    [("ndcg", {"k": 3}), ("precision_at_k", {"k": 2}), ("top_k_accuracy", {})],
)
def test_metrics_of_rankings_are_the_same(r, score, options):
    got = r.call("metric_epoch_ranking_score", score, **options)
    want = metrics.EpochRankingScore(score, **options)
    assert type(got) is type(want) and got.get_config() == want.get_config()


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
    """In R's spelling of arguments, constants and names."""
    with pytest.raises(ValueError) as of_python:
        losses.SoftPrecision(**options)
    with pytest.raises(Exception) as of_r:
        r.call("loss_soft_precision", **options)
    said = str(of_python.value)
    for python, spelt in (
        ("sharpness=", "sharpness = "),
        ("threshold=", "threshold = "),
        ("average=", "average = "),
        ("empty=", "empty = "),
        ("None", "NULL"),
        ("softkeras.steps.Step", "steps_step()"),
    ):
        said = said.replace(python, spelt)
    assert said in str(of_r.value)


def test_one_version_and_one_module(r):
    description = (ROOT / "DESCRIPTION").read_text()
    version = re.search(r"^Version: (.*)$", description, re.M).group(1)
    assert version == softkeras.__version__
    assert r.call("softkeras:::py_softkeras") is softkeras
