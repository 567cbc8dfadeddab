"""The layer SoftStaircase: what it computes, trains, keeps and refuses."""

import json

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy

from softkeras.layers.staircase import SoftStaircase
from softkeras.ops.staircase import soft_staircase
from softkeras.steps import Step

THRESHOLDS, LEVELS = [-1.0, 0.5, 3.0], [0.0, 1.0, 5.0, 2.0]


@pytest.mark.parametrize("trainable", [False, True])
def test_it_starts_as_the_op(trainable, rng):
    x = rng.normal(size=(20, 3)).astype("float32")
    for kwargs in ({}, {"step": "arctan", "sharpness": 3.0}):
        layer = SoftStaircase(
            THRESHOLDS,
            LEVELS,
            trainable_thresholds=trainable,
            trainable_levels=trainable,
            **kwargs,
        )
        want = soft_staircase(x, THRESHOLDS, LEVELS, **kwargs)
        np.testing.assert_allclose(to_numpy(layer(x)), want, 1e-5, 1e-5)
        assert len(layer.trainable_weights) == 2 * trainable
        np.testing.assert_allclose(to_numpy(layer.thresholds), THRESHOLDS, 1e-6)
        np.testing.assert_allclose(to_numpy(layer.levels), LEVELS)


def test_thresholds_increase_whatever_the_weights(rng):
    layer = SoftStaircase(THRESHOLDS, LEVELS, trainable_thresholds=True)
    layer.build((None, 2))
    for size in (1.0, 1e2, 1e4):
        for sign in (-1, 1):
            spread = sign * np.abs(rng.normal(size=3)) * size
            layer.set_weights([spread])
            assert np.all(np.diff(to_numpy(layer.thresholds)) > 0), spread
    t = np.array(THRESHOLDS)
    w = np.array([0.3, -0.7, 1.9])
    layer.set_weights([w])
    growth = 1e-3 + (1 - 1e-3) * np.log1p(np.exp(w[1:] + np.log(np.e - 1)))
    want = np.cumsum([t[0] + 2.0 * w[0], *(np.diff(t) * growth)])
    np.testing.assert_allclose(to_numpy(layer.thresholds), want, 1e-5)


def test_it_finds_the_thresholds_and_levels_of_a_quantiser():
    """The Lloyd-Max quantiser of four clusters, from a poor start."""
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    means = np.array([-3.0, -1.0, 2.0, 3.0])
    x = (rng.choice(means, 2000) + 0.1 * rng.normal(size=2000))[:, None]
    x = x.astype("float32")
    layer = SoftStaircase(
        [-0.5, 0.0, 0.5],
        [-1.0, -0.3, 0.3, 1.0],
        step="arctan",
        straight_through=True,
        trainable_thresholds=True,
        trainable_levels=True,
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.Adam(0.03), "mse")
    before = model.evaluate(x, x, verbose=0)
    model.fit(x, x, epochs=20, batch_size=100, verbose=0)
    after = model.evaluate(x, x, verbose=0)
    assert after < before / 20
    thresholds = to_numpy(layer.thresholds)
    assert np.all((means[:-1] < thresholds) & (thresholds < means[1:]))
    np.testing.assert_allclose(to_numpy(layer.levels), means, atol=0.35)


@pytest.mark.parametrize(
    "layer",
    [
        SoftStaircase(THRESHOLDS, LEVELS, name="plain"),
        SoftStaircase(
            THRESHOLDS,
            LEVELS,
            step=Step("normal", 4.0, "probability", straight_through=True),
            trainable_thresholds=True,
            trainable_levels=True,
        ),
        SoftStaircase(
            THRESHOLDS,
            LEVELS,
            "softsign",
            sharpness=2.0,
            straight_through=True,
            edges=[-1.0, 0.0, 1.0, 3.0],
        ),
    ],
    ids=["plain", "trained", "edges"],
)
def test_it_comes_back(layer, tmp_path, rng):
    config = json.loads(json.dumps(layer.get_config()))
    assert SoftStaircase.from_config(config).get_config() == config
    model = keras.Sequential([keras.Input((3,)), layer])
    model.set_weights([w + 0.1 for w in model.get_weights()])
    path = tmp_path / "model.keras"
    model.save(path)
    x = rng.normal(size=(6, 3)).astype("float32")
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(to_numpy(again(x)), to_numpy(model(x)))


def test_it_keeps_masks_and_dtypes():
    layer = SoftStaircase(
        THRESHOLDS, LEVELS, trainable_levels=True, dtype="mixed_float16"
    )
    y = layer(np.array([[0.1, 2.0]], "float16"))
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    assert layer.weights[0].dtype == "float32"
    masked = keras.Sequential(
        [
            keras.layers.Masking(),
            SoftStaircase(THRESHOLDS, LEVELS),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )
    x = np.array([[[2.0], [0.0]]], "float32")
    want = soft_staircase(x[:, 0], THRESHOLDS, LEVELS)
    np.testing.assert_allclose(masked(x), want, 1e-6)


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged():
    import tensorflow as tf

    x = tf.ragged.constant([[0.2, 1.7], [-3.4]])
    value = SoftStaircase(THRESHOLDS, LEVELS)(x)
    want = soft_staircase(x.flat_values, THRESHOLDS, LEVELS)
    np.testing.assert_array_equal(value.flat_values, want)


@pytest.mark.parametrize(
    "kwargs, words",
    [
        ({"thresholds": [1.0, 0.0, 2.0]}, ["increase"]),
        ({"levels": [1.0, 0.0]}, ["levels", "4 numbers"]),
        ({"step": Step("ramp")}, ["scale='logit'"]),
        (
            {"trainable_thresholds": True, "edges": [-2, 0, 1, 4]},
            ["trainable_thresholds=True", "edges=(-2.0"],
        ),
    ],
)
def test_what_is_refused_is_named(kwargs, words):
    with pytest.raises(ValueError) as error:
        SoftStaircase(**{"thresholds": THRESHOLDS, "levels": LEVELS, **kwargs})
    for word in words:
        assert word in str(error.value)
