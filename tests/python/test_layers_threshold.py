"""The layer ThresholdLayer: exact decisions, in every dtype, and saved."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy, value_and_gradient

from softkeras.layers import ThresholdLayer
from softkeras.steps import Step


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("threshold", [0.5, 0.1, 0.37, 1e-4, 0.999])
def test_it_is_exactly_the_comparison(dtype, threshold, mode, rng):
    kind = np.dtype(dtype)
    cut = kind.type(threshold)
    p = np.concatenate(
        [
            rng.random(20),
            [cut, np.nextafter(cut, kind.type(1)), np.nextafter(cut, -cut)],
            [0, 1],
        ]
    ).astype(dtype)[:, None]
    layer = ThresholdLayer(threshold)
    got, gradient = value_and_gradient(layer, p, mode)
    assert got.dtype == kind
    in_float32 = p.astype(np.promote_types(dtype, "float32"))
    want = in_float32 > in_float32.dtype.type(threshold)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(got, Step("hard")(p, threshold))
    assert np.all(gradient == 0)


def test_logits_are_compared_with_the_log_odds(rng, mode):
    x = np.array([[-3.0], [0.5], [1.2], [1.5], [88.0]], "float32")
    got, _ = value_and_gradient(ThresholdLayer(0.8, from_logits=True), x, mode)
    np.testing.assert_array_equal(got, x > np.log(4))


def test_one_threshold_a_class(rng, mode):
    p = rng.random((5, 4, 3)).astype("float32")
    t = [0.2, 0.5, 0.9]
    got, _ = value_and_gradient(ThresholdLayer(t), p, mode)
    np.testing.assert_array_equal(got, p > np.float32(t))
    x = np.log(p) - np.log1p(-p)
    got, _ = value_and_gradient(ThresholdLayer(np.array(t), True), x, mode)
    np.testing.assert_array_equal(got, p > np.float32(t))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("threshold", [0.3, [0.2, 0.5]], ids=str)
def test_straight_through_has_the_gradient_of_the_soft_step(
    threshold, from_logits, mode, rng
):
    p = rng.uniform(0.02, 0.98, (6, 2))
    x = np.log(p / (1 - p)) if from_logits else p
    layer = ThresholdLayer(threshold, from_logits, straight_through=True)
    value, gradient = value_and_gradient(layer, x, mode)
    np.testing.assert_array_equal(value, p > threshold)
    t = np.broadcast_to(threshold, p.shape)
    odds = p / (1 - p) * (1 - t) / t
    soft = 1 / (1 + odds**-0.25)
    want = 0.25 * soft * (1 - soft)
    if not from_logits:
        want /= p * (1 - p)
    np.testing.assert_allclose(gradient, want, 1e-6)


def test_the_gradient_is_finite_at_the_ends(mode):
    p = np.array([[0.0, 1.0, 1e-38, 1 - 6e-8]], "float32")
    for t in (0.5, 0.1, [0.1, 0.5, 0.9, 0.2]):
        layer = ThresholdLayer(t, straight_through=True)
        value, gradient = value_and_gradient(layer, p, mode)
        np.testing.assert_array_equal(value, [[0, 1, 0, 1]])
        assert np.all(np.isfinite(gradient))


def test_nan_stays_nan():
    got = to_numpy(ThresholdLayer(0.5)(np.array([[np.nan, 0.7]], "float32")))
    np.testing.assert_array_equal(got, [[np.nan, 1]])


def test_mixed_precision_does_not_round_the_probabilities():
    p = np.array([[0.30001], [0.29999]], "float32")
    layer = ThresholdLayer(0.3, dtype="mixed_float16")
    np.testing.assert_array_equal(layer(p), [[1], [0]])


def test_the_mask_is_handed_on():
    model = keras.Sequential(
        [
            keras.Input((3, 1)),
            keras.layers.Masking(),
            ThresholdLayer(0.5),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )
    x = np.array([[[0.9], [0.2], [0.0]]], "float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), [[0.5]])


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0.1},
        {"threshold": [0.2, 0.7], "from_logits": True},
        {"threshold": np.float32(0.7), "straight_through": True},
        {"threshold": (0.2, 0.7), "name": "mine", "dtype": "float64"},
    ],
    ids=str,
)
def test_it_comes_back_from_its_configuration(options):
    layer = ThresholdLayer(**options)
    config = layer.get_config()
    again = ThresholdLayer.from_config(config)
    assert again.get_config() == config
    np.testing.assert_array_equal(again.threshold, options["threshold"])


def test_it_is_saved_with_a_model_and_loads_in_a_new_process(tmp_path, rng):
    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(2, activation="sigmoid")(inputs)
    trained = keras.Model(inputs, outputs)
    model = keras.Sequential([trained, ThresholdLayer([0.4, 0.6])])
    x = rng.normal(size=(30, 4)).astype("float32")
    decision = model.predict(x, verbose=0)
    np.testing.assert_array_equal(
        decision, trained.predict(x, verbose=0) > np.float32([0.4, 0.6])
    )
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "d.npy", decision)
    script = """
import keras, numpy as np, softkeras
model = keras.saving.load_model("model.keras")
np.testing.assert_array_equal(
    model.predict(np.load("x.npy"), verbose=0), np.load("d.npy"))
print(model.layers[-1].threshold)
"""
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.strip() == "[0.4, 0.6]"


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ThresholdLayer(0), ["threshold=0", "0 and 1"]),
        (lambda: ThresholdLayer([0.5, 1.0]), ["threshold=1.0"]),
        (lambda: ThresholdLayer("0.5"), ["'0.5'"]),
        (lambda: ThresholdLayer([]), ["(0,)"]),
        (lambda: ThresholdLayer([[0.5]]), ["(1, 1)"]),
        (lambda: ThresholdLayer(0.5, from_logits=1), ["from_logits=1"]),
        (
            lambda: ThresholdLayer([0.5, 0.6])(np.zeros((2, 3), "float32")),
            ["2 thresholds", "(2, 3)"],
        ),
        (lambda: ThresholdLayer(0.5)(np.zeros((2, 3), "int32")), ["int32"]),
        (
            lambda: ThresholdLayer(0.5)(np.full((2, 3), 3.0, "float32")),
            ["3.0", "from_logits=True"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_a_graph_refuses_logits_that_are_taken_for_probabilities():
    model = keras.Sequential([keras.Input((1,)), ThresholdLayer(0.5)])
    model.compile(jit_compile=False)
    with pytest.raises(Exception, match="from_logits=True"):
        model.predict(np.full((2, 1), 4.0, "float32"), verbose=0)
