"""Training with our losses: every way in which Keras runs a step."""

import keras
import numpy as np
import pytest
from conftest import BACKEND
from sklearn.metrics import f1_score, roc_auc_score

from softkeras.callbacks import LossState
from softkeras.losses import (
    SoftAUC,
    SoftFBeta,
    SoftRecallAtPrecision,
    WarmUp,
)

LOSSES = {
    "counts": lambda: SoftFBeta(),
    "ranks": lambda: SoftAUC(),
    "at a constraint": lambda: SoftRecallAtPrecision(0.8),
    "warm-up": lambda: WarmUp("binary_crossentropy", SoftFBeta(), steps=5),
    "sum": lambda: 0.5 * SoftFBeta() + keras.losses.BinaryCrossentropy(),
}
RNG = np.random.default_rng(20261121)
X = RNG.normal(size=(128, 4)).astype("float32")
Y = (X[:, :1] - X[:, 1:2] + RNG.normal(size=(128, 1)) > 0.7).astype("float32")
BATCH = 32
OPTIONS = {"batch_size": BATCH, "shuffle": False, "verbose": 0}


@pytest.fixture(params=LOSSES)
def kind(request):
    return request.param


def layers():
    return [
        keras.layers.Dense(6, "tanh", name="hidden"),
        keras.layers.Dense(1, "sigmoid", dtype="float32", name="head"),
    ]


def functional(cls=keras.Model):
    keras.utils.set_random_seed(2)
    hidden, head = layers()
    inputs = keras.Input((4,))
    return cls(inputs, head(hidden(inputs)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.head = layers()

    def call(self, x):
        return self.head(self.hidden(x))


def train(model, loss, epochs=2, rate=0.3, optimizer=None, **options):
    optimizer = optimizer or keras.optimizers.SGD(rate)
    model.compile(optimizer, loss=loss, **options)
    model.fit(X, Y, epochs=epochs, **OPTIONS, callbacks=[LossState()])
    return model


def assert_same(weights, wanted, atol=3e-6):
    for got, want in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=atol)


_plain = {}


def plain(kind):
    """The weights that are reached without anything special."""
    if kind not in _plain:
        model = train(functional(), LOSSES[kind](), run_eagerly=True)
        _plain[kind] = model.get_weights()
    return _plain[kind]


@pytest.fixture
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "policy", ["mixed_float16", "mixed_bfloat16"], indirect=True
)
def test_mixed_precision(kind, policy):
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "tanh"),
            keras.layers.Dense(1, "sigmoid"),  # in 16 bits too
        ]
    )
    before = model.predict(X, verbose=0)[:, 0].astype("float32")
    optimizer = keras.optimizers.Adam(0.03)
    train(model, LOSSES[kind](), epochs=12, optimizer=optimizer)
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    if scaled:
        assert int(model.optimizer.iterations) > 0, "every step was skipped"
    p = model.predict(X, verbose=0)[:, 0].astype("float32")
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())
    assert roc_auc_score(Y, p) > max(0.8, roc_auc_score(Y, before))
    if kind in ("counts", "warm-up", "sum"):
        assert f1_score(Y, p > 0.5) > max(0.6, f1_score(Y, before > 0.5))


def test_compiled(kind):
    jit = BACKEND != "torch"  # there it takes a C compiler
    model = train(functional(), LOSSES[kind](), jit_compile=jit)
    assert_same(model.get_weights(), plain(kind))


@pytest.mark.skipif(
    BACKEND == "torch", reason="Keras has no steps_per_execution on torch"
)
def test_steps_per_execution(kind):
    # 4 batches an epoch, run as 3 and 1.
    model = train(functional(), LOSSES[kind](), steps_per_execution=3)
    assert_same(model.get_weights(), plain(kind))


def test_subclassed_model(kind):
    model = Subclassed()
    model(X[:1])  # builds it
    model.set_weights(functional().get_weights())
    train(model, LOSSES[kind]())
    assert_same(model.get_weights(), plain(kind))


def test_gradient_accumulation(kind):
    """It steps by the mean of the batches' gradients."""
    start = functional().get_weights()
    steps = []
    for rows in (slice(0, BATCH), slice(BATCH, 2 * BATCH)):
        model = functional()
        model.compile(keras.optimizers.SGD(0.3), loss=LOSSES[kind]())
        model.fit(X[rows], Y[rows], **OPTIONS, callbacks=[LossState()])
        steps.append([w - s for w, s in zip(model.get_weights(), start)])
    model = functional()
    optimizer = keras.optimizers.SGD(0.3, gradient_accumulation_steps=2)
    model.compile(optimizer, loss=LOSSES[kind]())
    rows = slice(0, 2 * BATCH)
    model.fit(X[rows], Y[rows], **OPTIONS, callbacks=[LossState()])
    want = [s + (a + b) / 2 for s, a, b in zip(start, *steps)]
    assert_same(model.get_weights(), want)


class Custom(keras.Model):
    """A model with a step of its own, as the guides of Keras write it."""

    if BACKEND == "jax":

        def train_step(self, state, data):
            import jax

            trainable, rest, optimizer, metrics = state
            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
            function = jax.value_and_grad(
                self.compute_loss_and_updates, has_aux=True
            )
            (loss, (_, _, rest, metrics)), gradients = function(
                trainable,
                rest,
                metrics,
                x,
                y,
                None,
                training=True,
                optimizer_variables=optimizer,
            )
            trainable, optimizer = self.optimizer.stateless_apply(
                optimizer, gradients, trainable
            )
            return {"loss": loss}, (trainable, rest, optimizer, metrics)

    elif BACKEND == "tensorflow":

        def train_step(self, data):
            import tensorflow as tf

            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"loss": loss}

    else:

        def train_step(self, data):
            import torch

            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
            self.zero_grad()
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            loss.backward()
            variables = self.trainable_variables
            with torch.no_grad():
                self.optimizer.apply([v.value.grad for v in variables])
            return {"loss": loss}


def test_a_train_step_of_ones_own(kind):
    model = train(functional(Custom), LOSSES[kind]())
    assert_same(model.get_weights(), plain(kind))


@pytest.mark.parametrize("container", ["list", "dict"])
def test_one_loss_for_each_output(container):
    """Outputs without a common layer train as if each were alone."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((4,))
    towers, outputs = [], {}
    for kind in LOSSES:
        hidden, head = layers()
        head.name = hidden.name = kind.replace(" ", "_")
        hidden.name += "_hidden"
        outputs[head.name] = head(hidden(inputs))
        towers.append((hidden, head))
    model = keras.Model(
        inputs, outputs if container == "dict" else list(outputs.values())
    )
    for tower in towers:
        for layer, like in zip(tower, functional().layers[1:], strict=True):
            layer.set_weights(like.get_weights())
    losses = [make() for make in LOSSES.values()]
    labels = [Y] * len(losses)
    if container == "dict":
        losses = dict(zip(outputs, losses))
        labels = dict.fromkeys(outputs, Y)
    model.compile(keras.optimizers.SGD(0.3), loss=losses)
    model.fit(X, labels, epochs=2, **OPTIONS, callbacks=[LossState()])
    for kind, tower in zip(LOSSES, towers, strict=True):
        weights = [w for layer in tower for w in layer.get_weights()]
        assert_same(weights, plain(kind))


def test_it_trains(kind):
    model = functional()
    before = model.predict(X, verbose=0)
    optimizer = keras.optimizers.Adam(0.03)
    train(model, LOSSES[kind](), epochs=15, optimizer=optimizer)
    p = model.predict(X, verbose=0)
    assert roc_auc_score(Y, p) > max(0.8, roc_auc_score(Y, before))
