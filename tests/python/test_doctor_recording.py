"""What a recording finds, on functions whose fault is known."""

from __future__ import annotations

import traceback

import keras
import numpy as np
import pytest
from conftest import BACKEND, to_numpy, value_and_gradient
from keras import ops

from softkeras import losses
from softkeras import ops as soft
from softkeras.doctor._recording import (
    NotRecorded,
    blame,
    record,
    replaced,
    user_line,
)

X = np.array([0.1, 0.3, 0.9], "float32")
Y = ops.convert_to_tensor(np.array([0.0, 1.0, 1.0], "float32"))
GRID = ops.convert_to_tensor(np.array([[0.0, 0, 1], [1, 0, 0]], "float32"))
ONLY_TENSORFLOW = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="is about TensorFlow"
)
ONLY_JAX = pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
ONLY_TORCH = pytest.mark.skipif(BACKEND != "torch", reason="is about torch")


def precision(p):
    called = ops.round(p)
    return 1 - ops.sum(Y * called) / (ops.sum(called) + 1e-7)


def accuracy(p):
    return ops.mean(
        ops.cast(ops.equal(ops.cast(p > 0.5, "float32"), Y), "float32")
    )


def both(p):
    return ops.mean(ops.cast(ops.logical_and(p > 0.5, Y > 0.5), "float32"))


def chosen(p):
    return ops.cast(ops.argmax(p), "float32") * ops.mean(Y)


def whole(p):
    return ops.mean(ops.cast(ops.cast(p, "int32"), "float32") * Y)


def stopped(p):
    return ops.mean(ops.square(ops.stop_gradient(p) - Y))


def signed(p):
    return ops.sum(ops.sign(p - 0.5) * Y)


def added(p):
    error = ops.mean(ops.square(p - Y))
    return error + 0.1 * ops.mean(ops.abs(ops.round(p) - Y))


def entropy(p):
    return -ops.mean(Y * ops.log(p))


def unsafe(p):
    return ops.sum(ops.where(p > 0.0, ops.log(p), 0.0))


def root(p):
    return ops.sum(ops.sqrt(p) * Y)


def length(p):
    return ops.sum(ops.sqrt(ops.sum(ops.square(p), axis=-1)))


def ratio(p):
    return ops.sum(p / ops.sum(p))


def overflow(p):
    return ops.sum(ops.log(1 + ops.exp(100 * p)))


def masked(p):
    return ops.sum(ops.where(p > 0.5, p * 2, p))


def labelled(p):
    return ops.sum(p * ops.round(Y) * ops.cast(ops.argmax(Y), "float32"))


def through(p):
    return ops.mean(ops.square(p + ops.stop_gradient(ops.round(p) - p) - Y))


def through_softkeras(p):
    return ops.mean(soft.straight_through(ops.cast(p > 0.5, p.dtype), p) * Y)


def rounded_softly(p):
    return ops.mean(soft.soft_round(p) * Y)


def own_step(p):
    @ops.custom_gradient
    def step(p):
        return (
            ops.round(p),
            lambda *args, upstream=None: (
                args[0] if upstream is None else upstream
            ),
        )

    return ops.sum(step(p) * Y)


def words(found):
    return [each.operation.word for each in found]


def lost(recording):
    """What leaves the input without a gradient, on any backend.

    JAX and torch give zeros where TensorFlow gives None.
    """
    cut = blame.cuts(recording)
    zero = [each for each in blame.zeros(recording) if each.share == 1]
    return words(cut) or words(zero)


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (precision, "round"),
        (accuracy, "greater"),
        (both, "greater"),
        (chosen, "argmax"),
        (whole, "cast"),
        (stopped, "stop_gradient"),
        (signed, "sign"),
    ],
)
def test_names_what_takes_the_gradient_and_its_line(function, word):
    recording = record(function, X)
    gradient = recording.gradient
    assert gradient is None or not np.any(gradient)
    assert word in lost(recording)
    cut = blame.cuts(recording) or blame.zeros(recording)
    operation = next(c.operation for c in cut if c.operation.word == word)
    assert operation.where.file == __file__
    assert operation.where.function == function.__name__
    assert operation.where.source in "".join(
        traceback.linecache.getlines(__file__)
    )
    if word in ("round", "argmax", "sign", "cast"):
        assert operation.called == f"keras.ops.{word}"


@pytest.mark.parametrize("function", [masked, labelled, rounded_softly])
def test_masks_and_factors_do_not_cut(function):
    recording = record(function, X)
    assert np.any(recording.gradient)
    assert all(cut.bypassed for cut in blame.cuts(recording))
    assert not blame.terms_without_gradient(recording)
    assert not blame.straight_through(recording)
    assert blame.first_not_finite(recording) is None
    assert blame.first_bad_gradient(recording) is None


def test_what_does_not_depend_on_the_input_is_not_blamed():
    recording = record(labelled, X)
    assert not {"round", "argmax"} & {op.word for op in recording.operations}
    assert not blame.cuts(recording)


def test_a_constant_depends_on_nothing():
    recording = record(lambda p: ops.sum(Y), X)
    assert not recording.depends
    assert recording.gradient is None
    assert recording.operations == []
    # The size of p does not depend on what p is.
    recording = record(lambda p: ops.sum(Y) + ops.sum(ops.zeros_like(p)), X)
    assert recording.gradient is None or not np.any(recording.gradient)


def test_the_input_itself():
    recording = record(lambda p: p, X)
    assert recording.depends
    assert recording.gradient.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "function",
    [
        added,
        entropy,
        length,
        masked,
        overflow,
        ratio,
        root,
        rounded_softly,
        through,
        through_softkeras,
        unsafe,
        lambda p: ops.sum(ops.relu(p - 0.2) * ops.softplus(p)),
        lambda p: ops.sum(ops.take(p, [0, 0, 2]) ** 3),
        lambda p: ops.sum(ops.concatenate([p, p * p]) * ops.max(p)),
        lambda p: ops.sum(ops.map(lambda t: t * ops.round(t + 1), p)),
        lambda p: ops.stack([p, ops.exp(p)]),
        lambda p: keras.losses.binary_crossentropy(Y, p),
        lambda p: losses.soft_fbeta(Y, p, beta=2.0),
    ],
)
def test_gradients_are_those_of_the_backend(function):
    recording = record(function, X)
    value, gradient = value_and_gradient(function, X)
    np.testing.assert_allclose(
        recording.values[recording.output], value, rtol=1e-6
    )
    np.testing.assert_allclose(
        recording.gradient, gradient, rtol=1e-5, atol=1e-7
    )
    # What comes to a value is the sum of what is handed down to it.
    for value, gradient in recording.gradients.items():
        handed = [
            op.down[k]
            for op, k in recording.taken_by(value)
            if op.down[k] is not None and op.inside is None
        ]
        if gradient is not None and handed and value != recording.output:
            np.testing.assert_allclose(
                sum(handed), gradient, rtol=1e-5, atol=1e-7
            )


def test_zero_gradients_with_their_share():
    found = blame.zeros(record(lambda p: ops.sum(ops.relu(p - 0.2)), X))
    assert words(found) == ["relu"]
    assert found[0].share == pytest.approx(1 / 3)
    assert not found[0].is_factor
    found = blame.zeros(record(lambda p: ops.sum(ops.clip(p, 0.95, 1.0)), X))
    assert "clip" in words(found)
    assert 1.0 in [each.share for each in found]
    found = blame.zeros(record(lambda p: ops.sum(0 * p), X))
    assert words(found) == ["multiply"] and found[0].share == 1.0
    # A label of 0 is a factor.
    found = blame.zeros(record(lambda p: ops.sum(Y * p), X))
    assert [(each.is_factor, each.share) for each in found] == [
        (True, pytest.approx(1 / 3))
    ]


def test_terms_that_are_not_trained_on():
    (term,) = blame.terms_without_gradient(record(added, X))
    assert term.operation.word == "abs"
    assert [op.word for op in term.cuts] == ["round"]
    assert term.gradient == ("none" if BACKEND == "tensorflow" else "zero")
    # Where nothing has a gradient, no term is special.
    assert not blame.terms_without_gradient(record(precision, X))


@pytest.mark.parametrize("function", [through, through_softkeras])
def test_straight_through_is_seen_and_not_a_cut(function):
    recording = record(function, X)
    (found,) = blame.straight_through(recording)
    assert found.step.plain in ("round", "greater", "cast")
    assert not [cut for cut in blame.cuts(recording) if not cut.bypassed]
    assert "stop_gradient" not in [
        cut.operation.plain for cut in blame.cuts(recording)
    ]
    assert not blame.terms_without_gradient(recording)


def test_a_sum_with_a_step_in_it_is_not_straight_through():
    assert not blame.straight_through(
        record(lambda p: ops.sum(p + ops.round(p)), X)
    )
    # Here rounding changes nothing, so that the value tells nothing.
    assert not blame.straight_through(
        record(lambda p: ops.sum(p + 0 * ops.round(p)), np.round(X))
    )


def test_a_custom_gradient_of_a_step():
    recording = record(own_step, X)
    (found,) = blame.straight_through(recording)
    assert found.operation.plain == "custom_gradient"
    assert found.step.plain == "round"
    assert found.step.inside == found.operation.index
    assert not blame.cuts(recording)
    # One that has the derivative of its function is none.
    recording = record(rounded_softly, X)
    assert any(op.is_custom for op in recording.operations)
    assert not blame.straight_through(recording)


@pytest.mark.parametrize(
    ("function", "x", "word", "taken", "made"),
    [
        (entropy, [0.5, 0.0, 1.0], "log", 0.0, -np.inf),
        (root, [0.5, -1.0, 1.0], "sqrt", -1.0, np.nan),
        (ratio, [0.0, 0.0, 0.0], "divide", 0.0, np.nan),
        (overflow, [0.0, 0.5, 2.0], "exp", 200.0, np.inf),
        (
            lambda p: ops.sum(ops.power(p - 0.5, 0.5)),
            [0.5, 0.7, 0.2],
            "power",
            -0.3,
            np.nan,
        ),
    ],
)
def test_where_a_value_is_not_finite(function, x, word, taken, made):
    found = blame.first_not_finite(record(function, np.array(x, "float32")))
    assert found.operation.word == word
    assert found.inputs[0] == pytest.approx(taken)
    np.testing.assert_equal(found.value, made)


def test_series_of_steps_are_all_named():
    def exact(p):
        return ops.mean(ops.cast(ops.equal(ops.round(p), Y), "float32"))

    assert words(blame.cuts(record(exact, X))) == ["equal", "round"]


def test_an_infinite_mask_is_not_where_a_nan_comes_from():
    def attention(p):
        return ops.sum(ops.softmax(ops.where(p > 2.0, p, -float("inf"))))

    found = blame.first_not_finite(record(attention, X))
    assert found.operation.word == "softmax"


def test_many_ways_take_no_longer():
    def doubled(p):
        value = ops.log(p)
        for _ in range(60):
            value = value + value * p
        return ops.sum(value)

    recording = record(doubled, np.zeros(2, "float32"))
    assert blame.first_not_finite(recording).operation.word == "log"
    found = blame.first_bad_gradient(recording)
    assert "log" in (found.operation.word, found.infinite_from.word)


def test_a_value_that_is_not_chosen_may_be_infinite():
    recording = record(unsafe, np.array([0.0, 0.5, 1.0], "float32"))
    assert blame.first_not_finite(recording) is None
    found = blame.first_bad_gradient(recording)
    assert found.operation.word == "log"
    assert found.index == (0,)
    assert found.inputs[0] == 0
    assert found.unsafe_where.plain == "where"
    assert found.from_above == 0


def test_gradients_that_are_not_finite():
    found = blame.first_bad_gradient(record(root, np.zeros(3, "float32")))
    assert found.operation.word == "sqrt"
    assert found.unsafe_where is None
    recording = record(length, np.zeros((2, 3), "float32"))
    assert blame.first_not_finite(recording) is None
    assert blame.first_bad_gradient(recording).operation.word == "sqrt"
    found = blame.first_bad_gradient(
        record(lambda p: ops.sum(p**0.5), np.zeros(3, "float32"))
    )
    assert found.operation.word in ("power", "sqrt")
    # 0·log(0): the product hands down what log has made infinite.
    found = blame.first_bad_gradient(
        record(
            lambda p: ops.sum(ops.where(p > 0, p * ops.log(p), 0.0)),
            np.array([0.0, 0.5], "float32"),
        )
    )
    assert found.unsafe_where is not None
    assert "log" in (found.operation.word, found.infinite_from.word)


def keras_losses():
    for name in (
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "Hinge",
        "SquaredHinge",
        "MeanSquaredError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "Huber",
        "LogCosh",
        "KLDivergence",
        "Poisson",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalHinge",
        "CosineSimilarity",
        "Dice",
        "Tversky",
    ):
        yield getattr(keras.losses, name)()
    for name in ("SoftPrecision", "SoftRecall", "SoftAUC", "SoftMatthews"):
        yield getattr(losses, name)()
    yield losses.SoftCategoricalAccuracy()
    yield losses.SoftTopKAccuracy(k=2)


@pytest.mark.parametrize(
    "loss", [*keras_losses()], ids=lambda loss: type(loss).__name__
)
def test_sound_losses_are_not_blamed(loss, rng):
    p = rng.uniform(0.05, 1, (2, 3))
    p = (p / p.sum(-1, keepdims=True)).astype("float32")
    recording = record(lambda p: loss(GRID, p), p)
    assert np.any(recording.gradient)
    assert all(cut.bypassed for cut in blame.cuts(recording))
    assert blame.first_not_finite(recording) is None
    assert blame.first_bad_gradient(recording) is None
    assert not blame.straight_through(recording)
    terms = blame.terms_without_gradient(recording)
    assert not [term for term in terms if term.gradient == "none"]


def test_lines_below_a_library_name_what_was_called():
    recording = record(lambda p: keras.losses.binary_crossentropy(Y, p), X)
    named = [op for op in recording.operations if op.where]
    assert {op.called for op in named} >= {"keras.losses.binary_crossentropy"}
    recording = record(rounded_softly, X)
    assert "softkeras.ops.soft_round" in [
        op.called for op in recording.operations
    ]


def test_a_library_function_has_no_line_of_the_user():
    def close(y_true):
        import functools

        return functools.partial(keras.losses.mean_squared_error, y_true)

    recording = record(close(Y), X)
    assert all(op.where is None for op in recording.operations)


# What can't be recorded


def test_a_python_if_on_a_tensor():
    def branches(p):
        if ops.sum(p) > 0:
            return p
        return -p

    if BACKEND == "torch":
        assert record(branches, X).gradient.tolist() == [1, 1, 1]
        return
    with pytest.raises(NotRecorded) as caught:
        record(branches, X)
    assert caught.value.where.source == "if ops.sum(p) > 0:"
    assert caught.value.error is caught.value.__cause__


def test_a_variable_made_inside():
    def makes(p):
        weight = keras.Variable(2.0)
        return ops.sum(p * weight)

    with pytest.raises(NotRecorded) as caught:
        record(makes, X)
    assert caught.value.where.source == "weight = keras.Variable(2.0)"


def test_an_error_of_the_function():
    def fails(p):
        return ops.matmul(p, ops.ones((4, 4)))

    with pytest.raises(NotRecorded, match=r"at test_doctor_recording\.py"):
        record(fails, X)


def test_user_line():
    def fails(p):
        return keras.ops.reshape(p, (7, 7))

    with pytest.raises(Exception) as caught:
        fails(np.zeros(3))
    assert (
        user_line(caught.value).source == "return keras.ops.reshape(p, (7, 7))"
    )
    assert user_line(traceback.extract_stack()).function == "test_user_line"
    assert str(user_line(caught.value)).startswith("test_doctor_recording.py:")


def test_state_is_as_it_was():
    seed = keras.random.SeedGenerator(3)
    count = keras.Variable(1.0, trainable=False)

    def noisy(p):
        count.assign_add(1.0)
        return ops.sum(p * keras.random.uniform((3,), seed=seed)) * count

    before = to_numpy(seed.state).tolist()
    assert np.any(record(noisy, X).gradient)
    assert to_numpy(seed.state).tolist() == before
    assert float(count) == 1.0


@ONLY_TENSORFLOW
def test_functions_of_tensorflow_are_looked_into():
    import tensorflow as tf

    weight = tf.Variable(2.0)

    @tf.function
    def inner(p):
        return weight * tf.round(p)

    @tf.function
    def rewritten(p):
        if tf.reduce_sum(p) > 0:
            return 2 * p
        return p

    (cut,) = blame.cuts(record(inner, X))
    assert cut.operation.name == "Round"
    assert cut.operation.where.source == "return weight * tf.round(p)"
    # AutoGraph's `if` can't be inlined, and is one operation.
    recording = record(rewritten, X)
    assert [op.plain for op in recording.operations] == ["function"]
    assert recording.gradient.tolist() == [2, 2, 2]
    assert not tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        assert record(inner, X).gradient is None
        assert tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)


@ONLY_TENSORFLOW
def test_python_functions_of_tensorflow():
    import tensorflow as tf

    def outside(p):
        value = tf.numpy_function(lambda p: p * p, [p], tf.float32)
        return tf.reduce_sum(value)

    def eager(p):
        value = tf.py_function(lambda p: p.numpy() ** 2, [p], tf.float32)
        return tf.reduce_sum(value)

    assert lost(record(outside, X)) == ["numpy_function"]
    recording = record(eager, X)
    assert recording.gradient is None or not np.any(recording.gradient)
    assert lost(recording)[0] == "py_function"


@ONLY_TENSORFLOW
def test_values_of_a_graph_can_not_be_read():
    import tensorflow as tf

    with pytest.raises(NotRecorded, match="numpy") as caught:
        record(lambda p: tf.constant(p.numpy().round()), X)
    assert caught.value.where.source.startswith("record(lambda p: tf.constant")


@ONLY_JAX
def test_jax_is_as_it_was():
    import jax

    before = jax.custom_vjp.__call__
    record(rounded_softly, X)
    assert jax.custom_vjp.__call__ is before


@ONLY_JAX
def test_rules_of_jax():
    import jax

    def outside(p):
        like = jax.ShapeDtypeStruct(p.shape, p.dtype)
        return ops.sum(jax.pure_callback(np.asarray, like, p))

    recording = record(outside, X)
    (cut,) = blame.cuts(recording)
    assert cut.operation.plain == "numpy_function"
    assert cut.operation.unregistered
    # A function that is compiled by itself is looked into.
    recording = record(jax.jit(lambda p: jax.numpy.round(p) + p), X)
    assert "round" in [op.plain for op in recording.operations]


@ONLY_TORCH
def test_torch_is_as_it_was():
    import torch

    before = torch.autograd.Function.__dict__["apply"]
    state = torch.random.get_rng_state()
    record(lambda p: torch.nn.functional.dropout(p, 0.5), X)
    assert torch.autograd.Function.__dict__["apply"] is before
    assert torch.equal(torch.random.get_rng_state(), state)


@ONLY_TORCH
def test_torch_without_gradient():
    import torch

    def halved(p):
        with torch.no_grad():
            half = p * 0.5
        return half.sum()

    assert record(halved, X).gradient is None
    (cut,) = blame.cuts(record(lambda p: p.detach().exp().sum(), X))
    assert cut.operation.plain == "stop_gradient"


# Replaced


def _same(function, other, x=X):
    value, gradient = value_and_gradient(function, x)
    expected, slope = value_and_gradient(other, x)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-7)
    assert np.any(gradient)


def test_replaced_is_the_function_written_with_it():
    def softly(p):
        called = soft.soft_round(p)
        return 1 - ops.sum(Y * called) / (ops.sum(called) + 1e-7)

    _same(replaced(precision, "round", soft.soft_round), softly)
    recording = record(replaced(precision, "round", soft.soft_round), X)
    _, gradient = value_and_gradient(softly, X)
    np.testing.assert_allclose(
        recording.gradient, gradient, rtol=1e-4, atol=1e-7
    )


def test_what_is_soft_stays_soft():
    def step(a, b):
        return soft.soft_step(a - b)

    def both_softly(p):
        return ops.mean(soft.soft_step(p - 0.5) * Y)

    _same(replaced(both, "greater", step), both_softly)

    def count(p):
        return ops.cast(ops.sum(ops.cast(p > 0.5, "int32")), "float32") * 2

    def count_softly(p):
        return ops.sum(soft.soft_step(p - 0.5)) * 2

    _same(replaced(count, "greater", step), count_softly)

    def choose(p):
        return ops.sum(ops.where(p > 0.5, 3.0, 1.0))

    def choose_softly(p):
        return ops.sum(1 + 2 * soft.soft_step(p - 0.5))

    _same(replaced(choose, "greater", step), choose_softly)


def test_parameters_go_to_the_replacement(rng):
    x = rng.normal(size=(4, 3)).astype("float32")

    def index(p):
        return ops.sum(ops.cast(ops.argmax(p, axis=0), "float32"))

    def softly(p, axis):
        return soft.soft_argmax(p, axis=axis)

    _same(
        replaced(index, "argmax", softly),
        lambda p: ops.sum(soft.soft_argmax(p, axis=0)),
        x,
    )


def test_labels_are_not_replaced():
    def of_both(p):
        return ops.sum(ops.round(p) * ops.round(Y * 0.7))

    _same(
        replaced(of_both, "round", soft.soft_round),
        lambda p: ops.sum(soft.soft_round(p) * ops.round(Y * 0.7)),
    )


def test_one_kind_of_cast_is_replaced():
    recording = record(whole, X)
    (cut,) = blame.cuts(recording)
    _same(
        replaced(whole, cut.operation, soft.soft_floor),
        lambda p: ops.mean(soft.soft_floor(p) * Y),
    )


@ONLY_TENSORFLOW
def test_replaced_in_loops_branches_and_beside_custom_gradients(mode):
    import tensorflow as tf

    @tf.function
    def rewritten(p):
        if tf.reduce_sum(p) > 0:
            return tf.round(p) * p
        return p

    def looped(p):
        return ops.map(lambda t: ops.round(t) * t, p)

    for function in (rewritten, looped):
        value, gradient = value_and_gradient(
            replaced(function, "round", soft.soft_round), X, mode
        )
        expected, slope = value_and_gradient(
            lambda p: soft.soft_round(p) * p, X
        )
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        np.testing.assert_allclose(gradient, slope, rtol=1e-4)

    def beside(p):
        return soft.soft_ceil(p) * own_step(p) + ops.sign(p - 0.5)

    def beside_softly(p):
        return soft.soft_ceil(p) * own_step(p) + soft.soft_sign(p - 0.5)

    _same(replaced(beside, "sign", soft.soft_sign), beside_softly)
