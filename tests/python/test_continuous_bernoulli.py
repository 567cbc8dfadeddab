"""The continuous Bernoulli loss: a density, its gradient, its errors."""

import pathlib
import sys

import keras
import mpmath as mp
import numpy as np
import pytest
from conftest import (
    BACKEND,
    MODES,
    compiled,
    derivative,
    to_numpy,
    value_and_gradient,
)

from softkeras.losses import ContinuousBernoulli, continuous_bernoulli

sys.path.append(str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_exp_ratio as reference

NASTY = np.array(
    [0, 1e-40, 1e-7, 1, 2.5, 40, 89, 1e10, 1e38, 3.4e38], "float32"
)


def exact(y, x):
    """Loss and gradient in the logit of each element, by mpmath."""
    pairs = [(float(t), float(v)) for t, v in zip(y, x)]
    return (
        [float(reference.negative_log_likelihood(*pair)) for pair in pairs],
        [float(reference.exp_ratio(v) - mp.mpf(t)) for t, v in pairs],
    )


def each(y, **options):
    """The loss of each element of a vector, as a function of y_pred."""
    return lambda x: continuous_bernoulli(y[:, None], x[:, None], **options)


@pytest.mark.parametrize("case", list(reference.loss_cases()))
def test_golden_vectors(case, mode):
    y, x = (np.array(case[k], "float32") for k in ("y_true", "y_pred"))
    value, gradient = value_and_gradient(
        lambda x: continuous_bernoulli(y, x), x, mode
    )
    np.testing.assert_allclose(value, case["value"], 3e-6)
    np.testing.assert_allclose(gradient, case["gradient"], 1e-6, 1e-7)


def test_value_and_gradient_from_logits(rng, mode):
    x = np.concatenate([rng.normal(size=200) * 5, NASTY, -NASTY] * 2)
    x = x.astype("float32")
    y = rng.random(x.size).astype("float32")
    y[::3] = 0
    y[1::3] = 1
    value, gradient = value_and_gradient(each(y), x, mode)
    want, slope = exact(y, x)
    np.testing.assert_allclose(value, want, 1e-6, 2e-7)
    np.testing.assert_allclose(gradient, slope, 1e-6, 1.2e-7)


def test_the_density_integrates_to_one():
    y = np.linspace(0, 1, 4001)
    for x in (-40.0, -2.6, -1e-5, 0.0, 0.3, 2.4, 9.0):
        density = np.exp(-to_numpy(each(y)(np.full_like(y, x))))
        # Simpson's rule.
        h = (y[1] - y[0]) / 3
        total = h * (
            density[0]
            + density[-1]
            + 4 * density[1:-1:2].sum()
            + 2 * density[2:-1:2].sum()
        )
        np.testing.assert_allclose(total, 1, 1e-5)


def test_value_and_gradient_from_lambda(rng, mode):
    p = np.concatenate(
        [
            rng.random(200),
            0.5 + np.array([-1e-3, -1e-6, -6e-8, 0, 6e-8, 1e-6, 1e-3]),
            [1e-29, 1e-20, 1e-7, 1 - 1e-7],
        ]
    ).astype("float32")
    y = rng.random(p.size).astype("float32")
    value, gradient = value_and_gradient(each(y, from_logits=False), p, mode)
    wide = [mp.mpf(float(v)) for v in p]
    logits = [mp.log(v / (1 - v)) for v in wide]
    want = [
        float(reference.negative_log_likelihood(float(t), x))
        for t, x in zip(y, logits)
    ]
    # Next to ½ the loss is next to 0, and still right to its last digits.
    size = [float(abs(x)) for x in logits]
    assert np.all(np.abs(value - want) <= 5e-7 * np.array(size) + 1e-12)
    slope = [
        float((reference.exp_ratio(x) - float(t)) / (v * (1 - v)))
        for t, x, v in zip(y, logits, wide)
    ]
    np.testing.assert_allclose(gradient, slope, 2e-6, 1e-6)


def test_lambda_at_the_ends(mode):
    p = np.array([0, 0, 1, 1, 1e-45, 1e-38], "float32")
    y = np.array([0, 1, 0, 1, 0.5, 0.5], "float32")
    value, gradient = value_and_gradient(each(y, from_logits=False), p, mode)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(gradient))
    x = float(mp.log(mp.mpf(10) ** -30))
    for got, t in ((value[0], 0), (value[1], 1)):
        want = reference.negative_log_likelihood(t, x)
        np.testing.assert_allclose(got, float(want), 1e-6)


def test_the_second_derivative_is_the_variance():
    x = np.array([-90.0, -7.0, -2.0, -1e-6, 0.0, 1e-6, 0.5, 2.0, 7.0, 90.0])
    second = derivative(derivative(each(np.linspace(0, 1, 10))))
    want = [float(reference.slope(float(v))) for v in x]
    np.testing.assert_allclose(to_numpy(second(x)), want, 1e-13)


def test_gradient_in_the_target():
    x = np.array([-3.0, 0.0, 2.0], "float32")
    _, gradient = value_and_gradient(
        lambda y: continuous_bernoulli(y[:, None], x[:, None]),
        np.array([0.2, 0.5, 1.0], "float32"),
    )
    np.testing.assert_allclose(gradient, -x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = keras.ops.cast([[-300.0, 0.0, 1e-3, 2.5, 90.0]], dtype)
    y = np.array([[0.1, 0.5, 1.0, 0.0, 0.9]], "float32")
    value, gradient = value_and_gradient(
        lambda x: continuous_bernoulli(y, x), x
    )
    wide, slope = value_and_gradient(
        lambda x: continuous_bernoulli(y, x), keras.ops.cast(x, "float32")
    )
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, wide)
    np.testing.assert_allclose(
        gradient.astype("float32"), slope, 4e-3 if dtype == "bfloat16" else 5e-4
    )


def test_reduction_weights_and_shapes(rng):
    y, x = rng.random((6, 3)), rng.normal(size=(6, 3))
    y, x = y.astype("float32"), x.astype("float32")
    rows = to_numpy(continuous_bernoulli(y, x))
    assert rows.shape == (6,)
    none = ContinuousBernoulli(reduction="none")
    np.testing.assert_allclose(none(y, x), rows, 1e-6)
    np.testing.assert_allclose(ContinuousBernoulli()(y, x), rows.mean(), 1e-6)
    total = ContinuousBernoulli(reduction="sum")
    np.testing.assert_allclose(total(y, x), rows.sum(), 1e-6)
    weights = np.array([0, 1, 2, 0.5, 0, 1], "float32")
    np.testing.assert_allclose(
        ContinuousBernoulli()(y, x, sample_weight=weights),
        (weights * rows).sum() / 6,
        1e-5,
    )
    flat = ContinuousBernoulli(reduction="none")(y[:, 0], x[:, :1])
    np.testing.assert_allclose(
        flat, continuous_bernoulli(y[:, :1], x[:, :1]), 1e-6
    )
    assert np.isfinite(ContinuousBernoulli()([[1, 0]], [[0.5, -3.0]]))


@pytest.mark.parametrize("columns", [1, 3, None])
@pytest.mark.parametrize(
    "reduction", ["sum", "sum_over_batch_size", "mean", "none", None]
)
def test_a_replica_sees_the_rows_of_all(monkeypatch, rng, reduction, columns):
    """Its share of the loss of all rows: Keras divides the means by two.

    What two replicas really do is in test_replicas.py.
    """
    module = sys.modules["softkeras.losses.continuous_bernoulli"]
    shape = (6,) if columns is None else (6, columns)
    y, x = rng.random(shape), rng.normal(size=shape)
    w = rng.random(6)
    mask = np.array([1, 1, 0, 1, 0, 1], bool)

    def gather(*parts):
        assert [len(part) for part in parts] == [4] * 4
        assert keras.backend.standardize_dtype(parts[1].dtype) == "float64"
        return [
            keras.ops.concatenate(
                [
                    part,
                    whole[4:].astype(
                        keras.backend.standardize_dtype(part.dtype)
                    ),
                ]
            )
            for part, whole in zip(parts, (y, x, w, mask))
        ]

    loss = ContinuousBernoulli(reduction=reduction, dtype="float64")

    def masked(x, mask):
        x = keras.ops.convert_to_tensor(x)
        x._keras_mask = keras.ops.convert_to_tensor(mask)
        return x

    alone = to_numpy(loss(y, masked(x, mask), w))
    own = to_numpy(loss(y[:4], masked(x[:4], mask[:4]), w[:4]))
    monkeypatch.setattr(module._replicas, "count", lambda: 2)
    monkeypatch.setattr(module._replicas, "share", lambda loss: loss / 2)
    monkeypatch.setattr(module, "gather_rows", gather)
    got = to_numpy(
        loss(
            keras.ops.convert_to_tensor(y[:4]),
            masked(x[:4].astype("float32"), mask[:4]),
            keras.ops.convert_to_tensor(w[:4]),
        )
    )
    assert got.dtype == alone.dtype  # on torch Keras's means are of float32
    if reduction in (None, "none"):
        np.testing.assert_allclose(got, own, 1e-6)
    else:
        halved = reduction == "sum" or columns is None
        np.testing.assert_allclose(got, alone / (1 + halved), 1e-6)
        with pytest.raises(ValueError, match="`y_pred` must hold floats"):
            loss(y[:4], np.ones(4, int))


def test_errors():
    x = np.zeros((4, 3), "float32")
    for bad in (x - 0.1, x + 1.1, x * np.nan):
        with pytest.raises(ValueError, match=r"`y_true` must .* 0 to 1[.]"):
            continuous_bernoulli(bad, x)
    for bad in (x - 0.1, x + 1.1, x + 1.9):
        with pytest.raises(ValueError, match=r"`y_pred` .*logits=False[.]"):
            continuous_bernoulli(x, bad, from_logits=False)
    with pytest.raises(ValueError, match=r"`from_logits` must be True"):
        ContinuousBernoulli(from_logits=1)
    with pytest.raises(ValueError, match="same shape"):
        continuous_bernoulli(np.zeros((4, 2)), x)
    with pytest.raises(ValueError, match="`y_pred` must hold floats"):
        continuous_bernoulli(x, x.astype("int32"))


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged_is_refused_with_what_to_do():
    import tensorflow as tf

    rows = tf.ragged.constant([[0.1, 0.2], [0.3]])
    dense = np.array([[0.1, 0.2], [0.3, 0.4]], "float32")
    for pair in ((rows, rows), (rows, dense), (dense, rows)):
        with pytest.raises(ValueError, match=r"Use y_true\.flat_values"):
            continuous_bernoulli(*pair)
    flat = continuous_bernoulli(rows.flat_values, rows.flat_values)
    assert flat.shape == ()


@pytest.mark.parametrize("mode", [m for m in MODES if m != "eager"])
@pytest.mark.parametrize(
    "y, p, what",
    [
        ([[0.5, 1.5]], [[0.5, 0.5]], "targets"),
        ([[0.5, 1.0]], [[0.5, 1.5]], "probabilities"),
    ],
)
def test_errors_in_graphs(mode, y, p, what):
    """Only the row that it is about is lost, where nothing can fail."""
    fine = np.array([[0.5, 0.25]], "float32")
    y, p = (np.concatenate([fine, np.float32(x)]) for x in (y, p))
    run = compiled(lambda y, p: continuous_bernoulli(y, p, False), mode)
    want = to_numpy(continuous_bernoulli(fine, fine, from_logits=False))
    np.testing.assert_allclose(run(fine, fine), want, 1e-6)
    if mode == "graph":
        import tensorflow as tf

        with pytest.raises(tf.errors.InvalidArgumentError, match=what):
            run(y, p)
    else:
        np.testing.assert_allclose(run(y, p), [want[0], np.nan], 1e-6)


def test_config_and_saved_model(tmp_path, rng):
    loss = ContinuousBernoulli(
        from_logits=False, reduction="sum", name="mine", dtype="float64"
    )
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert again.dtype == "float64" and again.name == "mine"
    y, p = np.array([[0.3]]), np.array([[1 / 3]])
    assert to_numpy(loss(y, p)).dtype == "float64"
    assert ContinuousBernoulli().name == "continuous_bernoulli"
    assert again.from_logits is False and again.reduction == "sum"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", ContinuousBernoulli())
    data = rng.normal(size=(8, 3)).astype("float32")
    y = rng.random((8, 2)).astype("float32")
    before = model.evaluate(data, y, verbose=0)
    model.save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.evaluate(data, y, verbose=0), before, 1e-6)


def test_saved_models_know_it_by_its_package():
    for thing in (continuous_bernoulli, ContinuousBernoulli):
        name = f"softkeras>{thing.__name__}"
        assert keras.saving.get_registered_object(name) is thing
        assert keras.saving.get_registered_name(thing) == name


def test_training_finds_the_mean(rng):
    """The best logit is the one whose mean is that of the targets."""
    from softkeras.ops.exp_ratio import continuous_bernoulli_mean

    y = rng.beta(0.6, 2, size=(400, 1)).astype("float32")
    layer = keras.layers.Dense(1, "linear", False, "zeros")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(10.0), loss=ContinuousBernoulli())
    ones = np.ones_like(y)
    history = model.fit(ones, y, epochs=20, batch_size=400, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    found = to_numpy(continuous_bernoulli_mean(model(ones[:1])))[0, 0]
    np.testing.assert_allclose(found, y.mean(), 0.02)


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="casts losses of float16 only on TensorFlow"
)
def test_mixed_precision():
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, dtype="mixed_float16")]
    )
    model.compile("adam", ContinuousBernoulli(), jit_compile=False)
    x = np.array([[1e4, -6e4], [0, 1]], "float32")
    model.fit(x, np.array([[0.0], [1.0]]), epochs=2, verbose=0)
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
