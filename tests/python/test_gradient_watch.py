"""GradientWatch: what it sees, what it saves, and that it changes nothing."""

import keras
import numpy as np
import pytest
from conftest import BACKEND

import softkeras
from softkeras.callbacks import GradientWatch, SharpnessSchedule, load_batch
from softkeras.losses import SoftFBeta

layers = keras.layers
MODES = {
    "tensorflow": {
        "graph": {"jit_compile": False},
        "xla": {"jit_compile": True},
        "eager": {"run_eagerly": True},
        "several": {"steps_per_execution": 3},
    },
    "jax": {
        "jit": {},
        "eager": {"run_eagerly": True},
        "several": {"steps_per_execution": 3},
    },
}.get(BACKEND, {"eager": {}})
RNG = np.random.default_rng(20261122)
X = RNG.normal(size=(40, 3)).astype("float32")
Y = (X[:, :1] - 0.3 * X[:, 1:2]).astype("float32")
OPTIONS = {"batch_size": 8, "shuffle": False, "verbose": 0}  # 5 batches


def every_mode():
    return pytest.mark.parametrize("mode", MODES)


def network(mode, optimizer=None, loss="mse", inputs=True, rate=0.3):
    """With all that keeps a state: normalisation, random numbers, momentum."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            *([keras.Input((3,))] if inputs else []),
            # Not relu, which makes 0 of a NaN where TensorFlow has oneDNN.
            layers.Dense(4, "elu", name="first"),
            layers.BatchNormalization(name="normal"),
            layers.Dropout(rate),
            layers.Dense(1, name="last"),
        ],
        name="network",
    )
    optimizer = keras.optimizers.Adam(0.01) if optimizer is None else optimizer
    model.compile(optimizer, loss=loss, **MODES[mode])
    return model


def state(model):
    return [
        np.array(keras.ops.convert_to_numpy(variable))
        for variable in [
            *model.trainable_variables,
            *model.non_trainable_variables,
            *model.optimizer.variables,
        ]
    ]


def assert_equal(a, b, mode=None):
    """To the last digit; under XLA of TensorFlow up to the rounding of sums."""
    assert len(a) == len(b)
    for one, other in zip(a, b):
        if mode == "xla":
            np.testing.assert_allclose(one, other, rtol=2e-6, atol=2e-7)
        else:
            np.testing.assert_array_equal(one, other)


def stopped(model, x, y, watch, **options):
    """fit() that is to stop; returns the warning."""
    options = {**OPTIONS, "epochs": 2, **options}
    with pytest.warns(RuntimeWarning, match="GradientWatch stopped") as record:
        model.fit(x, y, callbacks=[watch], **options)
    # Among warnings of the backend, as torch's with NumPy 2.
    said = [str(w.message) for w in record if w.category is RuntimeWarning]
    return " ".join(said[0].split())


@every_mode()
def test_the_numbers_are_those_of_gradients_by_hand(mode):
    kernel, bias = np.array([[1.0], [2.0], [0.0]]), np.array([0.5])
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(1, name="linear")], name="network"
    )
    model.compile(keras.optimizers.SGD(0.1), loss="mse", **MODES[mode])
    model.set_weights([kernel, bias])
    x = np.array(X)
    x[:, 2] = 0  # so that a third of the kernel's gradient is zero
    watch = GradientWatch(every=2, path=None)
    model.fit(x, Y, callbacks=[watch], **OPTIONS)
    want = []
    for step in range(5):
        rows = slice(8 * step, 8 * step + 8)
        slope = 2 / 8 * (x[rows] @ kernel + bias - Y[rows])
        of_kernel, of_bias = x[rows].T @ slope, slope.sum(0)
        if step % 2 == 0:
            for name, g in (("kernel", of_kernel), ("bias", of_bias)):
                norm = float(np.sqrt((g**2).sum()))
                zero = 1 / 3 if name == "kernel" else 0
                want.append([step + 1, "linear", name, zero, 0, norm])
        kernel, bias = kernel - 0.1 * of_kernel, bias - 0.1 * of_bias
    assert len(watch.history) == len(want)
    for row, expected in zip(watch.history, want):
        assert list(row.values())[:3] == expected[:3]
        np.testing.assert_allclose(list(row.values())[3:], expected[3:], 2e-5)


@every_mode()
@pytest.mark.parametrize("stop", [True, False])
def test_training_is_what_it_is_without_it(mode, stop):
    after = []
    for callbacks in ([], [GradientWatch(every=2, stop=stop)]):
        model = network(mode)
        model.fit(X, Y, epochs=3, callbacks=callbacks, **OPTIONS)
        after.append(state(model))
    assert_equal(*after, mode)


def test_a_model_that_is_built_by_fit_is_the_same_too():
    after = []
    for callbacks in ([], [GradientWatch(every=2)]):
        model = network(next(iter(MODES)), inputs=False)
        model.fit(X, Y, epochs=2, callbacks=callbacks, **OPTIONS)
        after.append(state(model))
    assert_equal(*after)


@every_mode()
@pytest.mark.parametrize("inputs", [True, False])
@pytest.mark.parametrize("bad", [0, 3])
def test_it_stops_before_the_first_bad_step(mode, inputs, bad, tmp_path):
    if not inputs and mode not in ("graph", "jit"):
        pytest.skip("one compiled mode is enough for how a model is built")
    path = tmp_path / "bad.npz"
    x = np.array(X)
    x[8 * bad + 5, 1] = np.nan
    model, watch = network(mode, inputs=inputs), GradientWatch(100, path=path)
    said = stopped(model, x, Y, watch)
    assert f"at step {bad + 1} (epoch 1, batch {bad + 1})" in said
    assert "variable 'bias' of layer 'last' is NaN or infinite" in said
    assert "x has NaN or infinite values in 1 of 8 rows, the first of" in said
    assert "as it was before, and all its weights are finite" in said
    assert str(path) in said
    # The steps before it, and nothing of the bad one and of those after it.
    rows = slice(8 * bad, 8 * bad + 8)
    good = network(mode)
    if bad:
        good.fit(X[: 8 * bad], Y[: 8 * bad], **OPTIONS)
        assert_equal(state(model), state(good), mode)
    assert all(np.isfinite(value).all() for value in state(model))
    batch = load_batch(path)
    np.testing.assert_array_equal(batch.x, x[rows])
    np.testing.assert_array_equal(batch.y, Y[rows])
    assert batch.sample_weight is None
    assert (batch.step, batch.epoch) == (bad + 1, 1)
    assert (batch.layer, batch.variable) == ("last", "bias")
    assert_equal(batch.weights, watch.batch.weights)
    # Replayed in another model.
    other = network(mode)
    batch.restore(other)
    assert_equal(state(other)[: len(batch.weights)], batch.weights)
    assert np.isnan(other.train_on_batch(batch.x, batch.y))


@every_mode()
def test_a_gradient_may_be_bad_where_the_loss_is_not(mode):
    @keras.saving.register_keras_serializable(package="softkeras_tests")
    def root(y_true, y_pred):
        return keras.ops.sqrt(keras.ops.abs(y_true - y_pred))

    model = keras.Sequential(
        [keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")]
    )
    model.compile("sgd", loss=root, **MODES[mode])
    x = np.ones((16, 1), "float32")
    y = np.array([[3.0]] * 8 + [[1.0]] * 8, "float32")
    watch = GradientWatch(path=None)
    model.optimizer.learning_rate = 0.0
    said = stopped(model, x, y, watch)
    assert "step 2 (epoch 1, batch 2)" in said and "values in" not in said
    assert "the watch's `batch`" in said
    assert watch.history[-1]["step"] == 2
    assert watch.history[-1]["non_finite"] == 1


def test_all_is_put_back_and_nothing_is_compiled_again():
    model = network(next(iter(MODES)))
    traced = []
    own_step = type(model).train_step

    class Counting(keras.Sequential):
        def train_step(self, *args):
            traced.append(1)
            return own_step(self, *args)

    model = Counting(model.layers)
    model.compile("sgd", loss="mse")
    model.fit(X, Y, **OPTIONS)
    function, before = model.train_function, len(traced)
    kept = (set(vars(model)), set(vars(model.optimizer)), len(model.variables))
    model.fit(X, Y, callbacks=[GradientWatch(every=2)], **OPTIONS)
    assert model.train_function is function
    now = (set(vars(model)), set(vars(model.optimizer)), len(model.variables))
    assert now == kept
    traced.clear()
    model.fit(X, Y, **OPTIONS)
    assert len(traced) == (5 if BACKEND == "torch" else 0)
    assert before


def test_what_was_interrupted_is_put_back(tmp_path):
    model = network(next(iter(MODES)))

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=[GradientWatch(), Interrupt()], **OPTIONS)
    model.fit(X, Y, **OPTIONS)
    assert not set(vars(model)) & {"train_step", "make_train_function"}
    assert not set(vars(model.optimizer)) & {"apply", "stateless_apply"}
    model.save(tmp_path / "model.keras")


def test_a_model_is_saved_while_it_is_watched(tmp_path):
    path = tmp_path / "model.keras"
    saving = keras.callbacks.ModelCheckpoint(path)
    model = network(next(iter(MODES)), rate=0.0)
    model.fit(X, Y, callbacks=[GradientWatch(), saving], **OPTIONS)
    loaded = keras.saving.load_model(path)
    assert_equal(model.get_weights(), loaded.get_weights())


def test_nested_inputs_weights_shared_frozen_and_embedded_layers(tmp_path):
    keras.utils.set_random_seed(1)
    ids, one, two = (
        keras.Input((2,), dtype="int32", name="ids"),
        keras.Input((3,), name="one"),
        keras.Input((3,), name="two"),
    )
    shared = layers.Dense(2, name="shared")
    frozen = layers.Dense(2, name="frozen", trainable=False)
    table = layers.Embedding(10, 2, name="table")
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2)], name="inner")
    sums = layers.Add()(
        [shared(one), frozen(shared(two)), keras.ops.sum(table(ids), 1)]
    )
    outputs = {
        "a": layers.Dense(1, name="a")(inner(sums)),
        "b": layers.Dense(1, name="b")(sums),
    }
    model = keras.Model({"ids": ids, "one": one, "two": two}, outputs)
    model.compile("sgd", loss={"a": "mse", "b": "mse"})
    data = {
        "ids": RNG.integers(0, 5, (40, 2)).astype("int32"),
        "one": X,
        "two": np.array(X),
    }
    labels = {"a": Y, "b": np.array(-Y)}
    weights = {"a": RNG.random(40).astype("float32"), "b": np.ones(40, "f4")}
    data["ids"][:8, 0] = data["ids"][:8, 1] = 3  # a row used more than once
    data["two"][20] = np.inf
    path = tmp_path / "bad.npz"
    watch = GradientWatch(every=1, path=path)
    said = stopped(model, data, labels, watch, sample_weight=weights)
    assert "step 3 " in said and "x['two'] has NaN or infinite" in said
    rows = [row for row in watch.history if row["step"] == 1]
    names = {(row["layer"].split("/")[-1], row["variable"]) for row in rows}
    assert ("shared", "kernel") in names and ("table", "embeddings") in names
    assert not any("frozen" in layer for layer, _ in names)
    embedded = next(row for row in rows if "table" in row["layer"])
    assert embedded["zero"] == pytest.approx(0.9)
    batch = load_batch(path)
    for got, want in ((batch.x, data), (batch.y, labels)):
        assert set(got) == set(want)
        for name, value in want.items():
            np.testing.assert_array_equal(got[name], value[16:24])
    np.testing.assert_array_equal(batch.sample_weight["a"], weights["a"][16:24])
    batch.restore(model)


def test_the_norm_of_an_embedding_adds_up_rows_that_are_used_twice():
    model = keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            layers.Embedding(4, 1, embeddings_initializer="ones", name="table"),
            layers.Flatten(),
            layers.Dense(
                1, use_bias=False, kernel_initializer="ones", trainable=False
            ),
        ]
    )
    model.compile("sgd", loss="mse")
    watch = GradientWatch(path=None)
    model.fit(
        np.array([[2, 2]]), np.array([[0.0]]), verbose=0, callbacks=[watch]
    )
    # 2·(1 + 1) for each of the two uses.
    assert watch.history[0]["norm"] == pytest.approx(8.0)
    assert watch.history[0]["zero"] == 0.75


def test_small_and_large_gradients_have_a_norm():
    for scale in (1e-30, 1e30):
        model = keras.Sequential(
            [keras.Input((2,)), layers.Dense(1, use_bias=False)]
        )
        model.compile(
            keras.optimizers.SGD(0.0),
            loss=lambda y, p, scale=scale: scale * (p - y),
        )
        watch = GradientWatch(path=None)
        x, y = np.array([[3.0, 4.0]]), np.array([[0.0]])
        model.fit(x, y, verbose=0, callbacks=[watch])
        assert watch.history[0]["norm"] == pytest.approx(5 * scale, rel=1e-5)


@pytest.mark.skipif(
    BACKEND == "jax", reason="JAX has zeros for a gradient that is None"
)
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_a_variable_without_a_gradient_is_named():
    class Unused(layers.Layer):
        def build(self, shape):
            self.unused = self.add_weight(name="unused")

        def call(self, x):
            return x

    model = keras.Sequential(
        [keras.Input((3,)), Unused(name="idle"), layers.Dense(1)]
    )
    model.compile("sgd", loss="mse")
    watch = GradientWatch(path=None)
    model.fit(X, Y, callbacks=[watch], **OPTIONS)
    assert watch.history[0] == {
        "step": 1,
        "layer": "idle",
        "variable": "unused",
        "zero": None,
        "non_finite": None,
        "norm": None,
    }
    assert "none" in str(watch.history).splitlines()[1]
    assert watch.history[1]["norm"] > 0


def test_a_loss_whose_gradient_is_0_is_named():
    mode = next(iter(MODES))
    model = network(mode, loss=lambda y, p: 0.0 * keras.ops.sum(p))
    watch = GradientWatch(every=2, path=None)
    with pytest.warns(RuntimeWarning, match=r"trained: .* looked at \(3\)"):
        model.fit(X, Y, **OPTIONS, callbacks=[watch])


def test_a_scaled_loss_may_have_infinite_gradients():
    def scaled(initial):
        inner = keras.optimizers.SGD(0.01)
        return keras.optimizers.LossScaleOptimizer(inner, initial_scale=initial)

    # The first steps overflow, and the optimiser leaves them out.
    after = []
    for callbacks in ([], [GradientWatch(every=1, path=None)]):
        model = network(next(iter(MODES)), scaled(1e38))
        model.fit(X, 1e6 * Y, epochs=8, callbacks=callbacks, **OPTIONS)
        after.append(state(model))
    assert_equal(*after)
    shares = callbacks[0].history.to_dict()["non_finite"]
    assert max(shares) > 0 and shares[-1] == 0
    # What is infinite without a scale too is a fault.
    x = np.array(X)
    x[:] = np.nan
    model = network(next(iter(MODES)), scaled(8.0))
    said = stopped(model, x, Y, GradientWatch(path=None))
    assert "step 4 " in said


def test_mixed_precision():
    for policy in ("mixed_float16", "mixed_bfloat16"):
        with_policy = keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(4, "relu", dtype=policy),
                layers.Dense(1, dtype=policy),
            ]
        )
        with_policy.compile("adam", loss="mse")
        watch = GradientWatch(every=2, path=None)
        with_policy.fit(X, Y, callbacks=[watch], **OPTIONS)
        norms = watch.history.to_dict()["norm"]
        assert np.isfinite(norms).all() and 0 < max(norms) < 100


def test_without_stop_nothing_is_kept_back():
    x = np.array(X)
    x[9] = np.nan
    model, watch = network(next(iter(MODES))), GradientWatch(2, stop=False)
    model.fit(x, Y, callbacks=[watch], **OPTIONS)
    assert watch.batch is None
    assert [row["step"] for row in watch.history][::6] == [1, 3, 5]
    assert watch.history[-1]["non_finite"] == 1
    assert np.isnan(model.get_weights()[0]).all()


def test_it_goes_with_a_callback_that_compiles_anew():
    model = network(next(iter(MODES)), loss=SoftFBeta(from_logits=True))
    watch = GradientWatch(every=2, path=None)
    y = (Y > 0).astype("float32")
    callbacks = [watch, SharpnessSchedule(0.5, 1.0)]
    model.fit(X, y, epochs=2, callbacks=callbacks, **OPTIONS)
    assert [row["step"] for row in watch.history][::6] == [1, 3, 5, 7, 9]
    model.fit(X, y, **OPTIONS)


def test_what_can_not_be_watched_is_said():
    with pytest.raises(ValueError, match="whole number of steps"):
        GradientWatch(every=0)
    with pytest.raises(ValueError, match="`stop` must be True or False"):
        GradientWatch(stop="yes")
    model = network(next(iter(MODES)))
    with pytest.raises(ValueError, match="one GradientWatch"):
        model.fit(X, Y, callbacks=[GradientWatch(), GradientWatch()], **OPTIONS)

    class Own(keras.Sequential):
        def train_step(self, *args):
            return ({}, args[0]) if BACKEND == "jax" else {}

    own = Own([keras.Input((3,)), layers.Dense(1)])
    own.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="does not call optimizer"):
        own.fit(X, Y, callbacks=[GradientWatch()], **OPTIONS)
    assert "train_step" not in vars(own)


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has tf.distribute"
)
def test_a_strategy_is_refused():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = network("graph")
    with pytest.raises(ValueError, match="not work under tf"):
        model.fit(X, Y, callbacks=[GradientWatch()], **OPTIONS)


def test_a_file_of_something_else(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.ones(2))
    with pytest.raises(ValueError, match="that GradientWatch has written"):
        load_batch(tmp_path / "other.npz")


def test_strings_and_what_a_file_can_not_hold(tmp_path):
    from softkeras.callbacks import BadBatch

    text = np.array([b"a", b"bc"], object)
    x = [text, (np.ones(2), None)]
    batch = BadBatch(x, object(), None, 1, 1, "dense", "kernel", [])
    assert batch.save(tmp_path / "batch.npz") == ["y (object)"]
    read = load_batch(tmp_path / "batch.npz")
    assert read.x[0].tolist() == [b"a", b"bc"] and read.x[1][1] is None
    assert isinstance(read.x[1], tuple) and read.y is None


@every_mode()
def test_the_doctor_finds_the_fault_in_the_batch(mode, tmp_path):
    def log_loss(y_true, y_pred):
        return -keras.ops.mean(y_true * keras.ops.log(y_pred), -1)

    model = keras.Sequential(
        [keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")],
        name="network",
    )
    model.compile("sgd", loss=log_loss, **MODES[mode])
    model.optimizer.learning_rate = 0.0
    x = np.linspace(1, 2, 40, dtype="float32")[:, None]
    x[20] = 0.0  # nothing wrong with it, but its logarithm is -inf
    path = tmp_path / "bad.npz"
    said = stopped(
        model, x, np.ones_like(x), GradientWatch(path=path), epochs=1
    )
    assert "step 3 " in said and "values in" not in said
    batch = load_batch(path)
    batch.restore(model)
    report = softkeras.diagnose(model, batch.x, batch.y)
    assert report.errors
    kinds = {finding.kind for finding in report.errors}
    assert kinds & {"value_not_finite", "gradient_not_finite"}
    text = report.text()
    assert "log" in text and "kernel" in text
    sound = softkeras.diagnose(model, x[:8], np.ones((8, 1), "float32"))
    assert not {f.kind for f in sound.errors} & kinds
