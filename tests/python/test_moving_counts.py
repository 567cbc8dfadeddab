"""Moving counts: ScoreLoss(momentum=...), against sums in NumPy."""

import pathlib
import re

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient

from softkeras import losses
from softkeras.losses import (
    ScoreLoss,
    SoftFBeta,
    SoftMatthews,
    SoftPrecision,
    SoftRecall,
)

keeps_state = pytest.mark.skipif(
    BACKEND == "jax", reason="a loss can't keep state on JAX"
)
graphs = pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "across_batches.md"
# Decisions are the probabilities themselves.
IDENTITY = {"sharpness": 1.0}


def counts(y, p, weight=None):
    """tp, fp, fn, tn of each class, in NumPy."""
    y, p = np.float64(y), np.float64(p)
    w = np.ones(len(y)) if weight is None else np.float64(weight)
    w = w[:, None]
    parts = y * p, (1 - y) * p, y * (1 - p), (1 - y) * (1 - p)
    return np.stack([(w * part).sum(0) for part in parts])


def f1_loss(c):
    """1 - F1, the mean over classes, and its gradient by the counts."""
    tp, fp, fn, _ = c
    whole = 2 * tp + fp + fn
    by_tp, by_wrong = -2 * (fp + fn) / whole**2, 2 * tp / whole**2
    gradient = np.stack([by_tp, by_wrong, by_wrong, 0 * tp])
    return np.mean(1 - 2 * tp / whole), gradient / len(tp)


def gradient_by_prediction(by_counts, y):
    tp, fp, fn, tn = by_counts
    return y * (tp - fn) + (1 - y) * (fp - tn)


class Averages:
    """The reference: the corrected average of all batches so far."""

    def __init__(self, momentum):
        self.momentum = momentum
        self.batches = []

    def __call__(self, c):
        self.batches.append(c)
        ages = np.arange(len(self.batches))[::-1]
        return np.average(
            self.batches, axis=0, weights=self.momentum ** ages.astype(float)
        )


def batches(rng, number=6, rows=8, classes=3, rate=0.3):
    for _ in range(number):
        y = (rng.random((rows, classes)) < rate).astype("float32")
        yield y, rng.random((rows, classes)).astype("float32")


@keeps_state
@pytest.mark.parametrize("momentum", [0.3, 0.99])
def test_loss_and_gradient_are_those_of_the_average_of_counts(
    rng, mode, momentum
):
    loss, average = SoftFBeta(momentum=momentum, **IDENTITY), Averages(momentum)
    for y, p in batches(rng, 4):
        weight = rng.random(len(y)).astype("float32")
        value, gradient = value_and_gradient(
            lambda p, y=y, w=weight: loss(y, p, w), p, mode
        )
        want, by_counts = f1_loss(average(counts(y, p, weight)))
        np.testing.assert_allclose(value, want, 1e-5)
        np.testing.assert_allclose(
            gradient,
            weight[:, None] * gradient_by_prediction(by_counts, y),
            1e-4,
            1e-6,
        )


@keeps_state
def test_at_the_first_batch_it_is_the_loss_itself(rng):
    ((y, p),) = batches(rng, 1)
    for name in (*losses.rates.__all__, *losses.agreement.__all__):
        if name.islower():
            continue
        cls = getattr(losses, name)
        arguments = (
            {"cost_matrix": [[0, 1], [5, 0]]}
            if name == "SoftExpectedCost"
            else {"alpha": 0.3, "beta": 0.7}
            if name == "SoftTversky"
            else {}
        )
        want, slope = value_and_gradient(
            lambda p, c=cls, a=arguments: c(**a)(y, p), p
        )
        loss = cls(momentum=0.9, **arguments)
        got, gradient = value_and_gradient(lambda p, f=loss: f(y, p), p)
        np.testing.assert_allclose(got, want, 1e-5, 1e-6, err_msg=name)
        np.testing.assert_allclose(gradient, slope, 1e-4, 1e-6, err_msg=name)


@keeps_state
def test_a_batch_without_a_positive_still_teaches(rng):
    loss = SoftFBeta(momentum=0.9, **IDENTITY)
    y, p = np.float32([[1], [0], [0]]), np.float32([[0.6], [0.2], [0.3]])
    none = np.zeros_like(y)

    def gradient(y):
        return value_and_gradient(lambda p: loss(y, p), p)

    # Nothing seen yet that has a score.
    value, slope = gradient(none)
    assert value == 0 and not slope.any()
    gradient(y)
    value, slope = gradient(none)
    assert value > 0 and (slope > 0).all()
    average = Averages(0.9)
    for labels in (none, y, none):
        c = average(counts(labels, p))
    want, by_counts = f1_loss(c)
    np.testing.assert_allclose(value, want, 1e-5)
    np.testing.assert_allclose(
        slope, gradient_by_prediction(by_counts, none), 1e-5
    )


@keeps_state
def test_without_a_gradient_the_loss_is_that_of_the_batch(rng, mode):
    loss = SoftFBeta(momentum=0.9, **IDENTITY)
    for y, p in batches(rng, 3):
        value_and_gradient(lambda p, y=y: loss(y, p), p, mode)
    state = loss.get_state()
    y, p = next(batches(rng, 1))
    value = compiled(loss, mode)(*map(keras.ops.convert_to_tensor, (y, p)))
    np.testing.assert_allclose(to_numpy(value), f1_loss(counts(y, p))[0], 1e-5)
    for name, kept in loss.get_state().items():
        np.testing.assert_array_equal(kept, state[name])


@keeps_state
def test_counts_that_are_not_finite_are_forgotten(rng):
    loss = SoftFBeta(momentum=0.9, from_logits=True)
    for y, p in batches(rng, 2):
        value_and_gradient(lambda p, y=y: loss(y, p), p)
    state = loss.get_state()
    value, _ = value_and_gradient(lambda p: loss(y, p), p * np.nan)
    assert np.isnan(value)
    for name, kept in loss.get_state().items():
        np.testing.assert_array_equal(kept, state[name])


@keeps_state
def test_reset_get_state_and_set_state(rng):
    ((y, p),) = batches(rng, 1)
    loss, other = SoftRecall(momentum=0.8), SoftRecall(momentum=0.8)

    def train(loss, p):
        return value_and_gradient(lambda p: loss(y, p), p)

    assert loss.get_state() == {}
    first = train(loss, p)
    state = loss.get_state()
    second = train(loss, p / 2)
    other.set_state(state)
    for got, want in zip(train(other, p / 2), second):
        np.testing.assert_array_equal(got, want)
    for state in ({}, None):
        loss.reset() if state is None else loss.set_state(state)
        for got, want in zip(train(loss, p), first):
            np.testing.assert_array_equal(got, want)


@keeps_state
def test_other_classes_are_an_error(rng):
    loss = SoftPrecision(momentum=0.8)
    for y, p in batches(rng, 1):
        loss(y, p)
        with pytest.raises(ValueError, match=r"shape \(1,\) after .* \(3,\)"):
            loss(y[:, :1], p[:, :1])


def test_configuration_has_the_momentum_and_not_the_state(rng):
    loss = ScoreLoss("matthews", momentum=0.7)
    if BACKEND != "jax":
        for y, p in batches(rng, 1):
            value_and_gradient(lambda p, y=y: loss(y, p), p)
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == loss.get_config()
    assert again.momentum == 0.7
    assert again.get_state() == {}
    assert SoftMatthews().get_config()["momentum"] == 0


@pytest.mark.parametrize("momentum", [1, -0.1, "0.9", True, None, float("nan")])
def test_a_momentum_that_is_none_is_an_error(momentum):
    with pytest.raises(ValueError, match="`momentum` must be"):
        SoftFBeta(momentum=momentum)


def test_samples_have_no_momentum():
    with pytest.raises(ValueError, match="average='samples'"):
        SoftFBeta(momentum=0.9, average="samples")


@pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
def test_jax_says_that_it_keeps_no_state(rng):
    ((y, p),) = batches(rng, 1)
    loss = SoftFBeta(momentum=0.9)
    with pytest.raises(ValueError, match="on JAX a training step can't keep"):
        loss(y, p)
    model = keras.Sequential([keras.layers.Dense(3, "sigmoid")])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match="on JAX a training step can't keep"):
        model.fit(p, y, verbose=0)


# In fit()


def data(rng):
    x = rng.normal(size=(30, 4)).astype("float32")
    return x, (rng.random((30, 1)) < 0.2).astype("float32")


def linear_model(loss, **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.SGD(0.5), loss, **options)
    return model


def trained_by_hand(x, y, momentum, epochs, size=8, rate=0.5):
    """Weights, losses and average counts of gradient descent in NumPy."""
    model = linear_model("mse")
    kernel, bias = (np.float64(w) for w in model.get_weights())
    average, values = Averages(momentum), []
    for _ in range(epochs):
        for start in range(0, len(x), size):
            a, b = x[start : start + size], y[start : start + size]
            p = 1 / (1 + np.exp(-(a @ kernel + bias)))
            c = average(counts(b, p))
            value, by_counts = f1_loss(c)
            values.append((value, len(a)))
            slope = gradient_by_prediction(by_counts, b) * p * (1 - p)
            kernel = kernel - rate * a.T @ slope
            bias = bias - rate * slope.sum(0)
    return [kernel, bias], values, c


FIT = [
    pytest.param({}, id="fit"),
    pytest.param({"run_eagerly": True}, id="eager"),
    pytest.param(
        {"jit_compile": True},
        marks=pytest.mark.skipif(
            BACKEND == "torch", reason="not compiled on torch"
        ),
        id="xla",
    ),
    pytest.param(
        {"steps_per_execution": 3},
        marks=pytest.mark.skipif(
            BACKEND == "torch",
            reason="Keras has no steps_per_execution on torch",
        ),
        id="steps_per_execution",
    ),
]


@keeps_state
@pytest.mark.parametrize("options", FIT)
def test_fit_is_gradient_descent_on_the_average(rng, options):
    x, y = data(rng)
    loss = SoftFBeta(momentum=0.9, **IDENTITY)
    model = linear_model(loss, **options)
    history = model.fit(
        x,
        y,
        batch_size=8,
        epochs=2,
        shuffle=False,
        verbose=0,
        validation_data=(x, y),
    ).history
    weights, values, average = trained_by_hand(x, y, 0.9, 2)
    for got, want in zip(model.get_weights(), weights):
        np.testing.assert_allclose(got, want, 1e-4, 1e-5)
    for epoch in (0, 1):
        want, rows = zip(*values[4 * epoch : 4 * epoch + 4])
        want = np.average(want, weights=rows)
        np.testing.assert_allclose(history["loss"][epoch], want, 1e-5)
    state = loss.get_state()
    np.testing.assert_allclose(state["sums"] / state["weight"], average, 1e-4)

    shown = model.evaluate(x, y, batch_size=30, verbose=0)
    p = model.predict(x, verbose=0)
    np.testing.assert_allclose(shown, f1_loss(counts(y, p))[0], 1e-5)
    for name, kept in loss.get_state().items():
        np.testing.assert_array_equal(kept, state[name])


@keeps_state
def test_gradient_accumulation_moves_counts_with_every_batch(rng):
    x, y = data(rng)
    loss = SoftFBeta(momentum=0.9, **IDENTITY)
    optimizer = keras.optimizers.SGD(0.5, gradient_accumulation_steps=5)
    model = linear_model(loss)
    model.compile(optimizer, loss)
    p = model.predict(x, verbose=0)  # of all, the weights being the same
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    average = Averages(0.9)
    for start in range(0, 30, 8):
        rows = slice(start, start + 8)
        want = average(counts(y[rows], p[rows]))
    state = loss.get_state()
    np.testing.assert_allclose(state["sums"] / state["weight"], want, 1e-4)


@keeps_state
def test_a_loss_for_another_model_is_reset_first(rng):
    x, y = data(rng)
    loss = SoftFBeta(momentum=0.9, **IDENTITY)
    options = {"batch_size": 8, "shuffle": False, "verbose": 0}
    for each in (loss, loss, SoftFBeta(momentum=0.9, **IDENTITY)):
        loss.reset()
        model = linear_model(each)
        model.fit(x, y, **options)
        weights = model.get_weights()
        for got, want in zip(weights, trained_by_hand(x, y, 0.9, 1)[0]):
            np.testing.assert_allclose(got, want, 1e-4, 1e-5)


@graphs
def test_a_tape_around_a_graph_moves_the_counts_too(rng):
    import tensorflow as tf

    loss, average = SoftFBeta(momentum=0.9, **IDENTITY), Averages(0.9)
    graph = tf.function(lambda y, p: loss(y, p))
    for y, p in batches(rng, 4):
        p = tf.constant(p)
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = graph(y, p)
        gradient = tape.gradient(value, p)
        c = average(counts(y, p))
        np.testing.assert_allclose(
            gradient, gradient_by_prediction(f1_loss(c)[1], y), 1e-4, 1e-6
        )
        state = loss.get_state()
        np.testing.assert_allclose(state["sums"] / state["weight"], c, 1e-5)


@graphs
def test_an_unknown_number_of_classes_is_an_error():
    import tensorflow as tf

    unknown = tf.TensorSpec((None, None))
    with pytest.raises(ValueError, match="known number of classes"):
        tf.function(
            SoftFBeta(momentum=0.5), input_signature=[unknown, unknown]
        ).get_concrete_function()


# What it is for


def errors_of_batches(rng, momentum, streams=400, steps=60, size=16):
    """How gradients and losses of small batches differ from those of all rows.

    3 % are positive, and the weights of a good model stay the same. Classes
    stand for independent streams of batches, each with counts of its own.

    Returns: the size of the mean error of the gradient, the root mean square
    of its deviations from its mean, both as shares of the full gradient's size;
    the same two of the loss.
    """
    rows = 16384
    x = rng.normal(size=(rows, 3))
    y = (rng.random(rows) < 0.03).astype("float32")
    x[:, 0] += 3 * y
    p = (1 / (1 + np.exp(3 - x @ [1.5, 0.3, -0.2]))).astype("float32")
    slope_of_p = x * (p * (1 - p))[:, None]
    loss_of_all, by_counts = f1_loss(counts(y[:, None], p[:, None]))
    full = slope_of_p.T @ gradient_by_prediction(by_counts[:, 0], y)

    loss = SoftFBeta(
        momentum=momentum, average=None, reduction="none", **IDENTITY
    )
    gradients, values = [], []
    for _ in range(steps):
        part = rng.integers(0, rows, (size, streams))
        value, gradient = value_and_gradient(
            lambda p, part=part: loss(y[part], p), p[part]
        )
        gradients.append(np.einsum("nkf,nk->kf", slope_of_p[part], gradient))
        values.append(value)
    gradients = np.concatenate(gradients[steps // 2 :])
    values = np.concatenate(values[steps // 2 :])
    length = np.linalg.norm(full)
    return (
        np.linalg.norm(gradients.mean(0) - full) / length,
        np.sqrt(gradients.var(0).sum()) / length,
        abs(values.mean() - loss_of_all),
        values.std(),
    )


def assert_shown(row, numbers):
    """That they stand in this row of the page, rounded as they are there."""
    shown = re.search(
        rf"^\| {row} \| (\S+) \| (\S+) \|$", PAGE.read_text(), re.M
    )
    for words, number in zip(shown.groups(), numbers):
        unit = 10.0 ** -len(words.partition(".")[2])
        assert float(words) == pytest.approx(number, rel=0, abs=unit / 2)


@keeps_state
def test_it_takes_the_bias_of_small_batches_at_a_cost_in_variance(rng):
    bias, spread, loss_bias, loss_spread = errors_of_batches(rng, 0.0)
    assert bias > 0.8 and loss_bias > 0.4
    moving = errors_of_batches(rng, 0.9)
    assert moving[0] < 0.2 and moving[2] < 0.03
    assert moving[3] < 0.3 * loss_spread
    # Where the loss is 0 for most batches, so is its gradient: that has little
    # variance. An unbiased one has what the sampling of positives gives it.
    assert spread < moving[1] < 2.5 * spread
    # In the mean over an epoch of 1,000 batches, what is left is less.
    error, moving_error = (
        np.hypot(b, s / 1000**0.5) for b, s in ((bias, spread), moving[:2])
    )
    assert moving_error < 0.4 * error
    for row, *numbers in (
        ("error of the mean gradient", bias, moving[0]),
        ("standard deviation of a gradient", spread, moving[1]),
        ("error of the mean loss", loss_bias, moving[2]),
        ("standard deviation of the loss", loss_spread, moving[3]),
        ("error of the mean gradient of 1,000 batches", error, moving_error),
    ):
        assert_shown(row, numbers)
