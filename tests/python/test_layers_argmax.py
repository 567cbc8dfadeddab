"""Layers of the soft arg-max: their op's numbers, masks, configurations."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy
from scipy.special import softmax

from softkeras.layers.argmax import SoftArgmax, SoftOneHot

LAYERS = [SoftArgmax, SoftOneHot]


def test_values(rng):
    x = rng.normal(size=(4, 5, 6)).astype("float32")
    p = softmax(3 * x.astype("float64"), axis=1)
    np.testing.assert_allclose(
        SoftOneHot(axis=1, sharpness=3)(x), p, 1e-5, 1e-7
    )
    np.testing.assert_allclose(
        SoftArgmax(axis=1, sharpness=3)(x),
        np.sum(np.arange(5)[:, None] * p, 1),
        1e-5,
    )
    for arguments in (
        {"hard": True},
        {"straight_through": True},
        {"sharpness": float("inf")},
    ):
        index = np.argmax(x, -1)
        np.testing.assert_array_equal(SoftArgmax(**arguments)(x), index)
        np.testing.assert_array_equal(
            SoftOneHot(**arguments)(x), np.eye(6)[index]
        )


def test_shapes_are_known_before_a_call():
    heat = keras.Input((12, 16, 5))
    assert SoftArgmax(axis=(1, 2))(heat).shape == (None, 5, 2)
    assert SoftArgmax(axis=[1, 2])(heat).shape == (None, 5, 2)
    assert SoftArgmax()(heat).shape == (None, 12, 16)
    assert SoftOneHot(axis=(1, 2))(heat).shape == (None, 12, 16, 5)
    open_ended = keras.Input((None, None, 5))
    assert SoftArgmax(axis=(1, 2))(open_ended).shape == (None, 5, 2)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"axis": (1, 2), "sharpness": 4},
        {"straight_through": True, "name": "peak"},
        {"hard": True},
        {"sharpness": float("inf"), "axis": 1},
    ],
    ids=str,
)
def test_a_saved_model_comes_back(layer, arguments, rng, tmp_path):
    own = layer(**arguments)
    inputs = keras.Input((6, 7, 2))
    outputs = own(keras.layers.Dense(2)(inputs))
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[-1].get_config() == own.get_config()
    assert isinstance(again.layers[-1], layer)
    x = rng.normal(size=(3, 6, 7, 2)).astype("float32")
    np.testing.assert_array_equal(to_numpy(model(x)), to_numpy(again(x)))


def test_padded_steps_are_not_chosen(rng):
    """The mask of a layer before arrives by itself."""
    steps = rng.normal(size=(3, 5, 2)).astype("float32")
    steps[0, 3:] = steps[1, 1:] = steps[2] = 0.0
    inputs = keras.Input((5, 2))
    masked = keras.layers.Masking()(inputs)
    model = keras.Model(
        inputs,
        [
            SoftArgmax(axis=1)(masked),
            SoftOneHot(axis=1)(masked),
            SoftArgmax(axis=1, hard=True)(masked),
        ],
    )
    index, shares, hard = (to_numpy(each) for each in model(steps))
    p = np.zeros((3, 5, 2))
    p[0, :3] = softmax(steps[0, :3].astype("float64"), axis=0)
    p[1, 0] = 1
    np.testing.assert_allclose(shares, p, 1e-5, 1e-7)
    np.testing.assert_allclose(
        index, np.sum(np.arange(5)[:, None] * p, 1), 1e-5, 1e-7
    )
    assert hard[0].tolist() == np.argmax(steps[0, :3], 0).tolist()
    assert not hard[1:].any()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_mask_may_have_the_shape_of_the_input(layer, rng):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    mask = np.ones((2, 3, 4), bool)
    mask[:, :, 2:] = False
    value = to_numpy(layer(hard=True)(x, mask=mask))
    index = np.argmax(x[..., :2], -1)
    want = index if layer is SoftArgmax else np.eye(4)[index]
    np.testing.assert_array_equal(value, want)
    with pytest.raises(ValueError, match="`mask` must broadcast"):
        layer()(x, mask=np.ones((2, 5), bool))


def test_which_mask_goes_on():
    x = np.ones((2, 3, 4), "float32")
    mask = keras.ops.convert_to_tensor(np.array([[True, True, False]] * 2))
    assert SoftArgmax().compute_mask(x, mask) is mask
    assert SoftArgmax(axis=(1, 2)).compute_mask(x, mask) is None
    assert SoftArgmax(axis=-2).compute_mask(x, mask) is None
    assert SoftArgmax().compute_mask(x) is None
    assert SoftOneHot(axis=1).compute_mask(x, mask) is mask


def test_under_mixed_precision_an_index_is_float32(rng):
    x = rng.normal(size=(2, 3000)).astype("float32")
    index = SoftArgmax(hard=True, dtype="mixed_float16")(x)
    assert keras.backend.standardize_dtype(index.dtype) == "float32"
    shares = SoftOneHot(dtype="mixed_float16")(x)
    assert keras.backend.standardize_dtype(shares.dtype) == "float16"


@pytest.mark.parametrize("jit_compile", [False, True])
def test_key_points_are_learned(rng, jit_compile):
    """The centre of a spot, from its heat map through a convolution."""
    if BACKEND == "torch" and jit_compile:
        pytest.skip("not compiled on torch")
    centre = rng.uniform(2, 7, (400, 2)).astype("float32")
    grid = np.arange(10)
    near = np.exp(-((grid - centre[:, :, None]) ** 2) / 2)
    image = (near[:, 0, :, None] * near[:, 1, None, :])[..., None]
    keras.utils.set_random_seed(1)
    inputs = keras.Input((10, 10, 1))
    heat = keras.layers.Conv2D(1, 3, padding="same")(inputs)
    points = keras.layers.Reshape((2,))(SoftArgmax(axis=(1, 2))(heat))
    model = keras.Model(inputs, points)
    model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=jit_compile)
    loss = model.fit(
        image.astype("float32"), centre, epochs=12, batch_size=50, verbose=0
    ).history["loss"]
    assert loss[-1] < 0.05 * loss[0]


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_refused_is_named(layer):
    for sharpness in (0, -1.0, float("nan"), "high"):
        with pytest.raises(ValueError, match="`sharpness` must be"):
            layer(sharpness=sharpness)
    with pytest.raises(ValueError, match="axis=3"):
        layer(axis=3)(np.ones((2, 3), "float32"))
