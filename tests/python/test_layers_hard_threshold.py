"""The layer HardThreshold: its λ, trained and not, saved and frozen."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy

from softkeras.layers.hard_threshold import HardThreshold
from softkeras.steps import Step


@pytest.fixture
def sparse(rng):
    """Noisy (400, 3) and what is meant: only what is above (1, 2, 3)."""
    x = rng.uniform(-5, 5, size=(400, 3)).astype("float32")
    return x, np.where(np.abs(x) > [1, 2, 3], x, 0).astype("float32")


def fitted(layer, x, y, epochs=40):
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(keras.optimizers.Adam(0.05), loss="mse")
    model.fit(x, y, epochs=epochs, batch_size=50, verbose=0)
    return model


def test_a_fixed_threshold(sparse):
    x, y = sparse
    layer = HardThreshold([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(layer(x), y)
    assert layer.trainable_weights == []
    model = keras.Sequential([keras.Input((3,)), HardThreshold(2.0)])
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), np.where(np.abs(x) > 2, x, 0)
    )


@pytest.mark.parametrize("start", [0.5, 4.0])
def test_a_threshold_a_channel_is_found_again(sparse, start):
    x, y = sparse
    layer = HardThreshold(
        start,
        trainable=True,
        surrogate=Step("softsign", 2.0),
        per_channel=True,
    )
    model = fitted(layer, x, y)
    np.testing.assert_allclose(to_numpy(layer.threshold), [1, 2, 3], atol=0.15)
    assert model.evaluate(x, y, verbose=0) < 0.2


def test_the_threshold_does_not_become_negative(sparse):
    x, _ = sparse
    layer = HardThreshold(0.1, trainable=True, surrogate="sigmoid")
    fitted(layer, x, x)
    assert 0 <= to_numpy(layer.threshold) < 0.05


@pytest.mark.parametrize(
    "options",
    [
        dict(threshold=2.5),
        dict(threshold=2.5, surrogate="ramp"),
        dict(
            threshold=[0.1, 2.0, 3.0],
            trainable=True,
            surrogate=Step("softsign", 3.0),
            axis=1,
        ),
        dict(threshold=1.0, per_channel=True, dtype="float64"),
    ],
    ids=str,
)
def test_it_comes_back_from_its_configuration_and_from_a_file(
    options, sparse, tmp_path
):
    x, y = sparse
    layer = HardThreshold(**options)
    config = layer.get_config()
    assert HardThreshold.from_config(config).get_config() == config
    model = keras.Sequential([keras.Input((3,)), layer])
    if layer.trainable:
        model = fitted(layer, x, y, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    again = loaded.layers[-1]
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again.threshold, layer.threshold)
    assert len(again.trainable_weights) == int("trainable" in options)


def test_thawing_a_model_does_not_train_a_fixed_threshold(tmp_path):
    fixed = HardThreshold(1.0)
    soft = HardThreshold(1.0, trainable=True, surrogate="sigmoid")
    model = keras.Sequential([keras.Input((2,)), fixed, soft])
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True
    assert [w.path for w in model.trainable_weights] == [soft.threshold.path]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.trainable_weights) == 1


@pytest.mark.parametrize("axis", [1, -3])
def test_channels_in_another_axis(axis, rng):
    x = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    threshold = np.array([0.2, 0.7, 1.1], "float32")
    layer = HardThreshold(threshold, axis=axis)
    want = np.where(np.abs(x) > threshold[:, None, None], x, 0)
    np.testing.assert_array_equal(layer(x), want)


def test_mixed_precision_keeps_the_threshold(rng):
    layer = HardThreshold(
        0.1, trainable=True, surrogate="sigmoid", dtype="mixed_float16"
    )
    x = rng.normal(size=(50, 2)).astype("float16")
    value = layer(x)
    assert keras.backend.standardize_dtype(value.dtype) == "float16"
    assert layer.threshold.dtype == "float32"
    want = np.where(np.abs(x.astype("float32")) > np.float32(0.1), x, 0)
    np.testing.assert_array_equal(to_numpy(value), want)


def test_a_mask_is_handed_on():
    x = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    masked = HardThreshold(0.5)(keras.layers.Masking()(x))
    mask = keras.src.backend.get_keras_mask(masked)
    assert to_numpy(mask).tolist() == [[True, False]]


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged():
    import tensorflow as tf

    x = tf.ragged.constant([[6.0, -1.0], [], [-7.0, 5.0, 2.0]])
    assert HardThreshold(5.0)(x).to_list() == [[6, 0], [], [-7, 0, 0]]


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: HardThreshold(-1.0), ["threshold=-1.0"]),
        (lambda: HardThreshold([[1.0]]), ["(1, 1)", "one a channel"]),
        (
            lambda: HardThreshold(1.0, trainable=True),
            ["surrogate=None", "never move", "'sigmoid'"],
        ),
        (
            lambda: HardThreshold(1.0, trainable=True, surrogate="hard"),
            ["'hard'"],
        ),
        (
            lambda: HardThreshold([1.0, 2.0])(np.zeros((4, 3))),
            ["2 thresholds", "(4, 3)", "3 channels"],
        ),
        (
            lambda: HardThreshold(1.0, per_channel=True).build((4, None)),
            ["(4, None)", "per_channel=False"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
