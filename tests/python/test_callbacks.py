"""SharpnessSchedule: which sharpness each step of training has."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, MODES

from softkeras.callbacks import LossState, SharpnessSchedule
from softkeras.layers import SoftArgmax, SoftRound, SoftStep
from softkeras.losses import (
    ScoreLoss,
    SoftAUC,
    SoftFBeta,
    SoftRecall,
    SoftRecallAtPrecision,
    WarmUp,
)
from softkeras.steps import Step

RNG = np.random.default_rng(20261121)
X = RNG.normal(size=(48, 3)).astype("float32")
Y = (X[:, :1] + 0.5 * RNG.normal(size=(48, 1)) > 0.3).astype("float32")
OPTIONS = {"batch_size": 16, "shuffle": False, "verbose": 0}  # 3 batches


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


def assert_same(model, other):
    for got, want in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_allclose(got, want, atol=2e-6)


def rate(start, end, schedule, progress):
    return {
        "linear": (1 - progress) * start + progress * end,
        "cosine": end + (start - end) * np.cos(np.pi / 2 * progress) ** 2,
        "exponential": np.exp(
            (1 - progress) * np.log(start) + progress * np.log(end)
        ),
    }[schedule]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "exponential"])
@pytest.mark.parametrize("start, end", [(0.25, 4.0), (3.0, 0.5)])
def test_schedules(schedule, start, end):
    callback = SharpnessSchedule(start, end, schedule, warm_up=1)
    model = compiled(SoftFBeta())
    history = model.fit(X, Y, epochs=5, **OPTIONS, callbacks=[callback])
    want = [start, *(rate(start, end, schedule, k / 3) for k in range(4))]
    np.testing.assert_allclose(history.history["sharpness"], want, rtol=1e-6)


def test_a_function_of_progress():
    callback = SharpnessSchedule(schedule=lambda progress: 1 + progress**2)
    model = compiled(SoftFBeta())
    history = model.fit(X, Y, epochs=3, **OPTIONS, callbacks=[callback])
    assert history.history["sharpness"] == [1.0, 1.25, 2.0]


LOSSES = {
    "counts": lambda **step: SoftFBeta(**step),
    "ranks": lambda **step: SoftAUC(**step),
    "at a constraint": lambda **step: SoftRecallAtPrecision(0.6, **step),
    "a function": lambda **step: ScoreLoss(lambda c: c.tp / (c.tp + 1), **step),
}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("update", ["epoch", "batch"])
def test_training_sees_each_value(kind, update):
    model = compiled(LOSSES[kind]())
    callback = SharpnessSchedule(0.5, 4.5, update=update)
    model.fit(X, Y, epochs=3, **OPTIONS, callbacks=[callback])
    rebuilt = build()
    for batch in range(9):
        progress = batch // 3 / 2 if update == "epoch" else batch / 8
        rows = slice(batch % 3 * 16, batch % 3 * 16 + 16)
        if update == "batch" or batch % 3 == 0:
            loss = LOSSES[kind](sharpness=0.5 + 4 * progress)
            compiled(loss, rebuilt, run_eagerly=True)
        rebuilt.train_on_batch(X[rows], Y[rows])
    assert_same(model, rebuilt)


@pytest.mark.parametrize("how", MODES)
def test_other_ways_to_run_it(how):
    options = {
        "eager": {"run_eagerly": True},
        "xla": {"jit_compile": True},
    }.get(how, {})
    model = compiled(SoftFBeta(), **options)
    callback = SharpnessSchedule(0.5, 4.5)
    model.fit(X, Y, epochs=2, **OPTIONS, callbacks=[callback])
    rebuilt = build()
    for sharpness in (0.5, 4.5):
        compiled(SoftFBeta(sharpness=sharpness), rebuilt)
        rebuilt.fit(X, Y, **OPTIONS)
    assert_same(model, rebuilt)


def test_nothing_is_traced_again():
    calls = []

    def counting(c):
        calls.append(1)
        return c.tp / (c.tp + c.fp + c.fn)

    model = compiled(ScoreLoss(counting))
    model.fit(X, Y, **OPTIONS)  # at a fixed sharpness, compiled as that
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(calls))

    for update in ("epoch", "batch"):
        schedule = SharpnessSchedule(0.5, 9.0, update=update)
        model.fit(
            X,
            Y,
            epochs=4,
            validation_data=(X, Y),
            callbacks=[schedule, Look()],
            **OPTIONS,
        )
    # Validation follows after the first epoch's end.
    if BACKEND != "torch":
        assert seen[1] == seen[3] == seen[7]


def test_validation_has_the_sharpness_of_the_moment():
    model = compiled(SoftFBeta())
    model.optimizer.learning_rate = 0.0
    history = model.fit(
        X,
        Y,
        epochs=3,
        validation_data=(X, Y),
        callbacks=[SharpnessSchedule(1.0, 9.0)],
        **OPTIONS,
    )
    for sharpness, shown in zip((1.0, 5.0, 9.0), history.history["val_loss"]):
        batch = compiled(SoftFBeta(sharpness=sharpness), build())
        batch.set_weights(model.get_weights())
        want = batch.evaluate(X, Y, batch_size=16, verbose=0)
        np.testing.assert_allclose(shown, want, rtol=1e-5)


def test_losses_of_several_outputs_and_inside_others():
    first = SoftFBeta() + keras.losses.BinaryCrossentropy()
    second = WarmUp("mse", 2 * SoftRecall(), steps=4)
    for losses in ([first, second], {"head0": first, "head1": second}):
        model = compiled(losses, build(2))
        callbacks = [LossState(), SharpnessSchedule(0.5, 3.0)]
        model.fit(X, [Y, Y], epochs=2, **OPTIONS, callbacks=callbacks)
        for loss in (first.losses[0], second.losses[1].losses[0]):
            config = loss.get_config()["step"]["config"]
            assert config["sharpness"] == 3.0


def test_a_step_that_others_share_is_left_alone():
    step = Step("softsign", 2.0)
    one, other = SoftFBeta(step=step), SoftFBeta(step=step)
    model = compiled(one)
    model.fit(X, Y, **OPTIONS, callbacks=[SharpnessSchedule(0.5, 3.0)])
    assert step.sharpness == 2.0
    assert other.get_config()["step"]["config"]["sharpness"] == 2.0
    assert one.get_config()["step"]["config"]["sharpness"] == 3.0
    assert "sharpness=3.0" in repr(one)


def test_the_model_is_saved_with_the_last_sharpness(tmp_path):
    model = compiled(SoftFBeta(step="softsign"))
    path = str(tmp_path / "{epoch}.keras")
    model.fit(
        X,
        Y,
        epochs=3,
        callbacks=[
            SharpnessSchedule(1.0, 2.0),
            keras.callbacks.ModelCheckpoint(path),
        ],
        **OPTIONS,
    )
    for epoch, sharpness in ((1, 1.0), (2, 1.5), (3, 2.0)):
        again = keras.saving.load_model(path.format(epoch=epoch))
        assert again.loss.scoring.step == Step("softsign", sharpness)
    assert_same(model, again)
    np.testing.assert_allclose(
        again.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0)
    )
    assert len(model.weights) == len(again.weights) == 4
    again.fit(X, Y, **OPTIONS)
    model.fit(X, Y, **OPTIONS)
    assert_same(model, again)


def test_it_goes_on_in_a_second_fit():
    model = compiled(SoftFBeta())
    model.fit(X, Y, epochs=2, **OPTIONS, callbacks=[SharpnessSchedule(1, 2)])
    callback = SharpnessSchedule(4.0, 8.0)
    model.fit(X, Y, epochs=2, **OPTIONS, callbacks=[callback])
    rebuilt = build()
    for sharpness in (1.0, 2.0, 4.0, 8.0):
        compiled(SoftFBeta(sharpness=sharpness), rebuilt)
        rebuilt.fit(X, Y, **OPTIONS)
    assert_same(model, rebuilt)


def layered(sharpness=1.0):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4),
            SoftStep(sharpness=sharpness, name="soft"),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )


@pytest.mark.parametrize("update", ["epoch", "batch"])
def test_layers(update, tmp_path):
    model = compiled("mse", layered())
    model.predict(X, verbose=0)  # compiled at the sharpness of the start
    callback = SharpnessSchedule(2.0, 6.0, layers="soft", update=update)
    model.fit(X, Y, epochs=3, **OPTIONS, callbacks=[callback])
    rebuilt = layered()
    for batch in range(9):
        progress = batch // 3 / 2 if update == "epoch" else batch / 8
        now = layered(2 + 4 * progress)
        now.set_weights(rebuilt.get_weights())
        compiled("mse", now, run_eagerly=True)
        rows = slice(batch % 3 * 16, batch % 3 * 16 + 16)
        now.train_on_batch(X[rows], Y[rows])
        rebuilt = now
    assert_same(model, rebuilt)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_layer("soft").step.sharpness == 6.0
    for other in (again, rebuilt):
        np.testing.assert_allclose(
            other.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-5
        )


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "`start` must be given"),
        ({"start": 1.0}, "`end` must be given"),
        ({"start": 0, "end": 1}, "`start` must be above 0"),
        ({"start": 1, "end": float("inf")}, "through which nothing trains"),
        ({"start": 1, "end": 1e16}, "from 1e-30 to 1e\\+15"),
        ({"start": 1, "end": "2"}, "`end` must be a number"),
        ({"start": 1, "end": 2, "schedule": "sine"}, "'cosine'.*'sine'"),
        ({"start": 1, "schedule": float}, "gives the sharpness itself"),
        ({"start": 1, "end": 2, "warm_up": -1}, "0 or more"),
        ({"start": 1, "end": 2, "update": "step"}, "'batch'.*'step'"),
    ],
    ids=str,
)
def test_what_is_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message):
        SharpnessSchedule(**options)


ANCHORED = Step("ramp", 8, "probability")


@pytest.mark.parametrize(
    "loss, options, message",
    [
        ("mse", {}, "no soft step"),
        (SoftFBeta(step="hard"), {}, "no soft step"),
        (SoftFBeta(step=ANCHORED), {}, "at least 1, the slope"),
        (SoftFBeta(step=ANCHORED, threshold=0.2), {"start": 2}, "least 2.5"),
        (SoftFBeta(), {"warm_up": 2}, "less than the epochs.*warm_up=2"),
        (SoftFBeta(), {"layers": ["head0"]}, "no soft step.*head0"),
        (SoftFBeta(), {"layers": ["none"]}, "No such layer: none"),
        (
            SoftFBeta(),
            {"start": None, "end": None, "schedule": lambda s: 1 - s},
            "`schedule` must be above 0",
        ),
    ],
    ids=[str(i) for i in range(8)],
)
def test_what_is_refused_before_training(loss, options, message):
    model = compiled(loss)
    before = model.get_weights()
    callback = SharpnessSchedule(**{"start": 0.5, "end": 4.0, **options})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, epochs=2, **OPTIONS, callbacks=[callback])
    for got, want in zip(model.get_weights(), before):
        np.testing.assert_array_equal(got, want)


def test_layers_have_bounds_of_their_own():
    model = keras.Sequential(
        [keras.Input((3,)), SoftRound(name="round"), keras.layers.Dense(1)]
    )
    callback = SharpnessSchedule(0.5, 4.0, layers=["round"])
    with pytest.raises(ValueError, match="at least 1"):
        compiled("mse", model).fit(
            X, Y, epochs=2, verbose=0, callbacks=[callback]
        )


def test_a_layer_without_a_step():
    model = keras.Sequential([keras.Input((3,)), SoftArgmax(name="arg")])
    callback = SharpnessSchedule(0.5, 4.0, layers=["arg"])
    with pytest.raises(ValueError, match="no soft step"):
        compiled("mse", model).fit(X, Y, verbose=0, callbacks=[callback])


def test_batches_that_are_not_counted():
    callback = SharpnessSchedule(0.5, 4.0, update="batch")
    with pytest.raises(ValueError, match="steps_per_epoch"):
        compiled(SoftFBeta()).fit(
            ((X, Y) for _ in range(3)),
            shuffle=False,
            verbose=0,
            callbacks=[callback],
        )
