"""WarmUp: which loss is in force, and what counts as a step."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, MODES, to_numpy

import softkeras
from softkeras.callbacks import LossState
from softkeras.losses import (
    SoftAUC,
    SoftFBeta,
    SoftPrecisionAtRecall,
    WarmUp,
    WeightedSum,
)

RNG = np.random.default_rng(20261121)
X = RNG.normal(size=(48, 3)).astype("float32")
Y = (X[:, :1] + 0.5 * RNG.normal(size=(48, 1)) > 0.3).astype("float32")
BATCH = 16  # 3 batches an epoch
OPTIONS = {"batch_size": BATCH, "shuffle": False, "verbose": 0}


def build(outputs=1):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "tanh")(inputs)
    heads = [
        keras.layers.Dense(1, "sigmoid", name=f"head{i}")(hidden)
        for i in range(outputs)
    ]
    return keras.Model(inputs, heads if outputs > 1 else heads[0])


def compiled(loss, model=None, **options):
    model = build() if model is None else model
    model.compile(keras.optimizers.SGD(0.1), loss=loss, **options)
    return model


def by_hand(phases):
    """Weights after batches on one loss, then on another."""
    model, batch = build(), 0
    for loss, steps in phases:
        compiled(loss, model)
        for _ in range(steps):
            rows = slice(batch % 3 * BATCH, batch % 3 * BATCH + BATCH)
            model.train_on_batch(X[rows], Y[rows])
            batch += 1
    return model.get_weights()


def assert_same(model, weights):
    for got, want in zip(model.get_weights(), weights):
        np.testing.assert_allclose(got, want, atol=2e-6)


@pytest.mark.parametrize(
    "then",
    [SoftFBeta(), SoftAUC(), SoftPrecisionAtRecall(recall=0.8)],
    ids=lambda loss: loss.name,
)
@pytest.mark.parametrize("how", [*MODES, "two steps per execution"])
def test_weights_are_those_of_both_losses_in_turn(then, how):
    if BACKEND == "torch" and how.startswith("two"):
        pytest.skip("Keras has no steps_per_execution on torch")
    options = {
        "eager": {"run_eagerly": True},
        "xla": {"jit_compile": True},
        "two steps per execution": {"steps_per_execution": 2},
    }.get(how, {})
    loss = WarmUp("binary_crossentropy", then, steps=5)
    model = compiled(loss, **options)
    model.fit(X, Y, epochs=3, **OPTIONS, callbacks=[LossState()])
    assert loss.steps == 0
    assert_same(model, by_hand([("binary_crossentropy", 5), (then, 4)]))


def test_nothing_is_traced_again_and_only_training_counts():
    calls = []

    def counting(y_true, y_pred):
        calls.append(1)
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    loss = WarmUp(counting, WeightedSum([counting], [2.0]), steps=7)
    model = compiled(loss)
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((loss.steps, len(calls), logs["val_loss"]))

    model.fit(
        X,
        Y,
        epochs=4,
        validation_data=(X, Y),
        callbacks=[LossState(), Look()],
        **OPTIONS,
    )
    assert [steps for steps, _, _ in seen] == [4, 1, 0, 0]
    if BACKEND != "torch":  # which traces nothing
        assert seen[0][1] == seen[-1][1]
    shown = [value for _, _, value in seen]
    assert shown[2] > 1.5 * shown[1], "validation shows the loss in force"
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert loss.steps == 0


def test_evaluation_does_not_count():
    loss = WarmUp("mse", SoftFBeta(), steps=2)
    model = compiled(loss)
    for _ in range(3):
        model.evaluate(X, Y, verbose=0)
        model.test_on_batch(X, Y)
        loss(Y, to_numpy(model(X)))
    assert loss.steps == 2


def test_one_loss_of_two_outputs_counts_once_a_step():
    loss = WarmUp("mse", SoftFBeta(), steps=4)
    model = compiled([loss, loss], build(2))
    model.fit(X, [Y, Y], epochs=1, **OPTIONS, callbacks=[LossState()])
    assert loss.steps == 1


def test_accumulated_batches_count_each():
    loss = WarmUp("mse", SoftFBeta(), steps=5)
    model = build()
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    model.compile(optimizer, loss=loss)
    model.fit(X, Y, epochs=1, **OPTIONS, callbacks=[LossState()])
    assert loss.steps == 2


def test_the_loss_that_is_not_in_force_may_have_any_gradient():
    """Where it is computed, NaN·0 must not come in."""

    def nan_behind(y_true, y_pred):
        zero = y_pred - y_pred
        return keras.ops.mean(keras.ops.sqrt(zero), axis=-1)

    for options in ({}, {"jit_compile": True}):
        if BACKEND == "torch" and options:
            continue
        model = compiled(WarmUp("mse", nan_behind, steps=10), **options)
        model.fit(X, Y, epochs=1, **OPTIONS, callbacks=[LossState()])
        assert_same(model, by_hand([("mse", 3)]))


@pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
def test_without_the_callback_jax_says_so():
    for options in ({}, {"run_eagerly": True}):
        model = compiled(WarmUp("mse", SoftFBeta(), steps=2), **options)
        with pytest.raises(ValueError, match=r"LossState\(\)"):
            model.fit(X, Y, **OPTIONS)
    model = compiled(WarmUp("mse", SoftFBeta(), steps=2))
    with pytest.raises(ValueError, match=r"LossState\(\)"):
        model.train_on_batch(X, Y)


@pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
def test_a_loop_of_ones_own_on_jax():
    import jax

    loss = WarmUp("mse", SoftFBeta(), steps=2)
    y, p = Y, keras.ops.sigmoid(X[:, :1])
    jax.grad(lambda p: loss(y, p))(p)
    assert loss.steps == 1
    with pytest.raises(ValueError, match="StatelessScope"):
        jax.jit(jax.grad(lambda p: loss(y, p)))(p)

    def step(left, p):
        def value(p):
            with keras.StatelessScope([(loss.variables[0], left)]) as scope:
                result = loss(y, p)
            return result, scope.get_current_value(loss.variables[0])

        return jax.grad(value, has_aux=True)(p)

    _, left = jax.jit(step)(loss.variables[0].value, p)
    assert int(left) == 0 and loss.steps == 1


@pytest.mark.skipif(BACKEND == "jax", reason="JAX needs the callback LossState")
def test_train_on_batch_counts_by_itself():
    loss = WarmUp("mse", SoftFBeta(), steps=5)
    model = compiled(loss)
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    assert loss.steps == 3


def test_epochs_become_steps_when_training_starts():
    loss = WarmUp("binary_crossentropy", SoftFBeta(), epochs=5 / 3)
    assert loss.steps is None
    model = compiled(loss)
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
    model.fit(X, Y, epochs=3, **OPTIONS, callbacks=[LossState()])
    assert loss.steps == 0
    phases = [("binary_crossentropy", 5), (SoftFBeta(), 4)]
    assert_same(model, by_hand(phases))
    # Evaluation was compiled before.
    shown = model.evaluate(X, Y, batch_size=BATCH, verbose=0)
    want = compiled(SoftFBeta(), model).evaluate(
        X, Y, batch_size=BATCH, verbose=0
    )
    np.testing.assert_allclose(shown, want, rtol=1e-5)


def test_epochs_without_a_count_of_batches():
    loss = WarmUp("mse", SoftFBeta(), epochs=1.5)
    with pytest.raises(ValueError, match=r"epochs=1.5\).*LossState\(\)"):
        compiled(loss).fit(X, Y, **OPTIONS)
    batches = ((X, Y) for _ in range(3))
    with pytest.raises(ValueError, match="steps_per_epoch"):
        compiled(loss).fit(
            batches, shuffle=False, verbose=0, callbacks=[LossState()]
        )


def test_a_saved_model_goes_on_where_it_was(tmp_path):
    loss = 1.0 * WarmUp("binary_crossentropy", SoftFBeta(), steps=5)
    model = compiled(loss)
    model.fit(X, Y, epochs=1, **OPTIONS, callbacks=[LossState()])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.loss.losses[0].steps == 2
    again.fit(X, Y, epochs=2, **OPTIONS, callbacks=[LossState()])
    phases = [("binary_crossentropy", 5), (SoftFBeta(), 4)]
    assert_same(again, by_hand(phases))


def test_configuration():
    for options in ({"steps": 3}, {"epochs": 2.5}):
        loss = WarmUp("mse", SoftFBeta(beta=2.0), **options, name="mine")
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        assert again.get_config() == loss.get_config()
        assert again.epochs == options.get("epochs")


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "either `steps` or `epochs`"),
        ({"steps": 1, "epochs": 1}, "either `steps` or `epochs`"),
        ({"steps": -1}, "whole number.*-1"),
        ({"steps": 1.5}, "whole number.*1.5"),
        ({"steps": True}, "whole number.*True"),
        ({"steps": 2**31 - 1}, "whole number"),
        ({"epochs": 0}, "above 0"),
        ({"epochs": float("inf")}, "finite"),
        ({"epochs": "2"}, "number above 0"),
    ],
    ids=str,
)
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WarmUp("mse", SoftFBeta(), **options)


def test_what_is_no_loss_is_refused():
    with pytest.raises(ValueError, match="`first` must hold losses"):
        WarmUp("no such loss", SoftFBeta(), 1)
    with pytest.raises(ValueError, match="`then` must hold losses"):
        WarmUp("mse", 3, 1)


REPLICAS = """
import numpy as np, tensorflow as tf, keras
from softkeras.losses import SoftFBeta, WarmUp

cpu, = tf.config.list_physical_devices("CPU")
device = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [device] * 2)
strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 3)).astype("float32"), np.ones((32, 1), "float32")

def trained(scope, loss):
    with scope:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), loss=loss or make())
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert model.loss.steps == 0
    return model.get_weights()

def make():
    return WarmUp("mean_squared_error", "mean_absolute_error", steps=5)

one = trained(tf.device("CPU:0"), None)
two = trained(strategy.scope(), None)
print(max(np.abs(a - b).max() for a, b in zip(one, two)))
try:
    trained(strategy.scope(), make())
except ValueError as error:
    print(error)
"""


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has tf.distribute"
)
def test_replicas_count_as_one():
    package = pathlib.Path(softkeras.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", REPLICAS],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=True,
    )
    difference, error = run.stdout.split("\n", 1)
    assert float(difference) < 1e-6
    assert "must be made in the scope of the strategy" in error


def test_counts_that_move_do_so_in_the_warm_up_and_after_it():
    if keras.backend.backend() == "jax":
        pytest.skip("a loss can't keep state on JAX")
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    weights = []
    for jit in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(1, "sigmoid")]
        )
        moving = SoftFBeta(momentum=0.9)
        loss = WarmUp("binary_crossentropy", moving, steps=3)
        model.compile(keras.optimizers.SGD(0.5), loss=loss, jit_compile=jit)
        model.fit(x, y, batch_size=10, verbose=0, shuffle=False)
        assert loss.steps == 0
        # The bias correction after four batches: 1 - 0.9⁴.
        np.testing.assert_allclose(
            moving.get_state()["weight"], 1 - 0.9**4, rtol=1e-6
        )
        weights.append(model.get_weights()[0])
        if keras.backend.backend() == "torch":
            break
    np.testing.assert_allclose(weights[0], weights[-1], rtol=1e-5)
    assert np.all(np.isfinite(weights[0]))
