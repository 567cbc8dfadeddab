"""The layers of steps and rounding: what they compute, keep and refuse."""

import json

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy, value_and_gradient

from softkeras import layers, ops
from softkeras.steps import Step

PAIRS = [
    (layers.SoftStep, ops.soft_step),
    (layers.SoftSign, ops.soft_sign),
    (layers.SoftRound, ops.soft_round),
    (layers.SoftFloor, ops.soft_floor),
    (layers.SoftCeil, ops.soft_ceil),
]
OPTIONS = [
    {},
    {"step": "arctan", "sharpness": 3.0},
    {"step": Step("normal", 4.0, "probability"), "straight_through": True},
    {"hard": True},
]
pairs = pytest.mark.parametrize(
    "layer, op", PAIRS, ids=[layer.__name__ for layer, _ in PAIRS]
)


@pairs
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_the_op(layer, op, options, rng):
    x = rng.normal(size=(6, 3)).astype("float32") * 2
    got = value_and_gradient(layer(**options), x)
    want = value_and_gradient(lambda x: op(x, **options), x)
    for a, b in zip(got, want):
        np.testing.assert_array_equal(a, b)


def test_the_threshold_of_a_step():
    x = np.array([[1.0, 2.0, 2.5, 9.0]], "float32")
    value = layers.SoftStep(2.0, "ramp", sharpness=0.5)(x)
    np.testing.assert_allclose(value, [[0.0, 0.5, 0.75, 1.0]])


@pairs
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_comes_back_in_a_model_also_as_an_activation(
    layer, op, options, tmp_path, rng
):
    made = layer(**options, name="mine")
    config = json.loads(json.dumps(made.get_config()))
    assert layer.from_config(config).get_config() == config
    model = keras.Sequential(
        [
            keras.Input((3,)),
            made,
            keras.layers.Dense(4, activation=layer(**options)),
            keras.layers.Dense(2, activation=op),
        ]
    )
    model.save(tmp_path / "model.keras")
    x = rng.normal(size=(6, 3)).astype("float32")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(again(x)), to_numpy(model(x)))


@pytest.mark.parametrize(
    "op", [ops.exp_ratio, ops.log_exprel, ops.continuous_bernoulli_mean]
)
def test_the_other_ops_are_activations_that_are_saved(op, tmp_path, rng):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation=op)]
    )
    model.save(tmp_path / "model.keras")
    x = rng.normal(size=(6, 3)).astype("float32")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(again(x)), to_numpy(model(x)))


def test_it_keeps_masks_and_dtypes():
    y = layers.SoftRound(dtype="mixed_float16")(np.ones((1, 2), "float16"))
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    masked = keras.Sequential(
        [
            keras.layers.Masking(),
            layers.SoftStep(),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )
    x = np.array([[[2.0], [0.0]]], "float32")
    np.testing.assert_allclose(masked(x), ops.soft_step(x[:, 0]), 1e-6)


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
@pairs
def test_ragged(layer, op):
    import tensorflow as tf

    x = tf.ragged.constant([[0.2, 1.7], [-3.4]])
    np.testing.assert_array_equal(layer()(x).flat_values, op(x.flat_values))


@pairs
def test_what_is_refused_is_named(layer, op):
    for options, words in (
        ({"sharpness": -1}, ["sharpness=-1", "above 0"]),
        ({"step": "sgimoid"}, ["'sgimoid'", "'sigmoid'"]),
        ({"step": Step("ramp")}, ["scale='logit'"]),
    ):
        with pytest.raises(ValueError) as error:
            layer(**options)
        for word in words:
            assert word in str(error.value)


def test_what_only_some_refuse_is_named():
    with pytest.raises(ValueError, match=r"at least 1.*sharpness=0.5"):
        layers.SoftRound(sharpness=0.5)
    with pytest.raises(ValueError, match="`threshold` must be finite"):
        layers.SoftStep(threshold=float("nan"))
    with pytest.raises(ValueError, match="`threshold` must be a number"):
        layers.SoftStep(threshold="0.5")
