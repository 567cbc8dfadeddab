"""Counts: against formulas, scikit-learn, weights, masks, and bad data."""

import keras
import numpy as np
import pytest
from conftest import (
    BACKEND,
    MODES,
    compiled,
    label,
    to_numpy,
    value_and_gradient,
)
from sklearn.metrics import multilabel_confusion_matrix

from softkeras import Counts, soft_counts
from softkeras.losses import SoftPrecision, soft_precision
from softkeras.steps import NAMES, Step


def as_numbers(counts):
    return [to_numpy(count) for count in counts]


def numpy_counts(y, d, w, axis):
    """The four sums in float64."""
    return [
        np.sum(w * y * d, axis),
        np.sum(w * (1 - y) * d, axis),
        np.sum(w * y * (1 - d), axis),
        np.sum(w * (1 - y) * (1 - d), axis),
    ]


# The roundings that were seen in the question which softkeras started from, as
# they stand there. The ramp's argument is centred on 0.


def ramp(p):
    return np.minimum(1, np.maximum(0, ((p - 0.5) + 0.0625) / 0.125))


def softsign(p, k=100):
    u = p - 0.5
    return np.clip(0.5 * (1 + k * u / (1 + k * np.abs(u))), 0, 1)


QUESTION = [
    (Step("ramp", 8, "probability", anchored=False), ramp),
    (Step("softsign", 50, "probability", anchored=False), softsign),
    (Step("ramp", 8, "probability", straight_through=True), np.round),
    (Step("hard"), np.round),
]


@pytest.mark.parametrize("step, rounding", QUESTION, ids=label)
def test_the_question_s_own_loss_and_counts(step, rounding, rng):
    p = np.concatenate([rng.random(200), [0.0, 0.44, 0.48, 0.5, 0.52, 1.0]])
    y = rng.integers(0, 2, p.size).astype(float)
    d = rounding(p)
    tp, fp = np.sum(y * d), np.sum((1 - y) * d)
    fn, tn = np.sum(y * (1 - d)), np.sum((1 - y) * (1 - d))
    np.testing.assert_allclose(
        as_numbers(soft_counts(y, p, step=step)), [tp, fp, fn, tn], 1e-12
    )
    loss = 1 - tp / (tp + fp)
    np.testing.assert_allclose(soft_precision(y, p, step=step), loss, 1e-12)
    np.testing.assert_allclose(SoftPrecision(step=step)(y, p), loss, 1e-5)


def test_the_question_s_gradient(rng):
    """Of the softsign: by finite differences of its formula in float64."""
    p = rng.random(50)
    y = rng.integers(0, 2, p.size).astype(float)

    def formula(p):
        d = softsign(p)
        return 1 - np.sum(y * d) / (np.sum(y * d) + np.sum((1 - y) * d))

    step = QUESTION[1][0]
    _, gradient = value_and_gradient(
        lambda p: soft_precision(y, p, step=step), p
    )
    for i in range(p.size):
        moved = np.zeros(p.size)
        moved[i] = 1e-6
        slope = (formula(p + moved) - formula(p - moved)) / 2e-6
        np.testing.assert_allclose(gradient[i], slope, 1e-5, 1e-8)


@pytest.mark.parametrize("weighted", [False, True])
def test_hard_counts_are_the_confusion_matrix(rng, weighted, mode):
    y = rng.integers(0, 2, (60, 4))
    p = rng.random((60, 4)).astype("float32")
    w = rng.integers(0, 5, 60).astype("float32") if weighted else None
    run = compiled(lambda y, p: soft_counts(y, p, w, step="hard"), mode)
    tensors = [keras.ops.convert_to_tensor(x) for x in (y, p)]
    got = Counts(*as_numbers(run(*tensors)))
    want = multilabel_confusion_matrix(y, p > 0.5, sample_weight=w)
    np.testing.assert_array_equal(got.tp, want[:, 1, 1])
    np.testing.assert_array_equal(got.fp, want[:, 0, 1])
    np.testing.assert_array_equal(got.fn, want[:, 1, 0])
    np.testing.assert_array_equal(got.tn, want[:, 0, 0])


@pytest.mark.parametrize(
    "shape, weight_shape",
    [
        ((12,), (12,)),
        ((12,), (12, 1)),
        ((12, 1), (12,)),
        ((12, 3), (12,)),
        ((12, 3), (12, 1)),
        ((12, 3), (12, 3)),
        ((12, 3), ()),
        ((4, 5, 6, 2), (4,)),
        ((4, 5, 6, 2), (4, 5, 6)),
        ((4, 5, 6, 1), (4, 1, 6, 1)),
    ],
)
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_weights_of_any_leading_shape(rng, shape, weight_shape, axis):
    y = rng.integers(0, 2, shape).astype(float)
    p, w = rng.random(shape), rng.random(weight_shape)
    full = w.reshape(w.shape[: len(shape)])
    full = full.reshape(full.shape + (1,) * (len(shape) - full.ndim))
    axes = axis if axis is not None else tuple(range(max(len(shape) - 1, 1)))
    want = numpy_counts(y, p, full, axes)
    got = soft_counts(y, p, w, step=Step(sharpness=1.0), axis=axis)
    for a, b in zip(got, want):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, 1e-10)


def test_a_mask_leaves_elements_out_whatever_is_there(rng):
    y = rng.integers(0, 2, (5, 7, 2)).astype(float)
    p = rng.random((5, 7, 2))
    mask = rng.random((5, 7)) < 0.6
    want = numpy_counts(y, p, mask[..., None], (0, 1))
    y[~mask] = -1  # as padding often is
    got = soft_counts(y, p, mask=mask, step=Step(sharpness=1.0))
    np.testing.assert_allclose(as_numbers(got), want, 1e-10)
    y[~mask] = np.nan
    got = soft_counts(y, p, mask=mask, step=Step(sharpness=1.0))
    np.testing.assert_allclose(as_numbers(got), want, 1e-10)
    w = rng.random(5)
    both = soft_counts(y, p, w, mask, step=Step(sharpness=1.0))
    again = soft_counts(y, p, w[:, None] * mask, step=Step(sharpness=1.0))
    np.testing.assert_allclose(as_numbers(both), as_numbers(again), 1e-10)


@pytest.mark.parametrize("kind", [bool, int, "float64", "uint8", list])
def test_labels_of_any_type_and_a_column_or_a_row(rng, kind):
    labels = rng.integers(0, 2, 20)
    p = rng.random(20).astype("float32")
    want = as_numbers(soft_counts(labels.astype("float32"), p))
    y = labels.tolist() if kind is list else labels.astype(kind)
    np.testing.assert_array_equal(as_numbers(soft_counts(y, p)), want)
    column = np.asarray(y)[:, None]
    np.testing.assert_array_equal(as_numbers(soft_counts(column, p)), want)
    of_column = as_numbers(soft_counts(y, p[:, None]))
    np.testing.assert_array_equal(of_column, np.array(want)[:, None])


def test_gradients_reach_labels_and_weights_too(rng):
    """What is not differentiated by the tape is so by the closed form."""
    y, p, w = rng.random(9), rng.random(9), rng.random(9)
    for position in range(3):

        def of_one(x, position=position):
            args = [y, p, w]
            args[position] = x
            counts = soft_counts(*args)
            return counts.tp + 2 * counts.fp + 3 * counts.fn + 5 * counts.tn

        x = [y, p, w][position]
        _, gradient = value_and_gradient(of_one, x)
        for i in range(9):
            moved = np.zeros(9)
            moved[i] = 1e-6
            slope = to_numpy(of_one(x + moved) - of_one(x - moved)) / 2e-6
            np.testing.assert_allclose(gradient[i], slope, 1e-6)


def test_narrow_predictions_are_counted_in_float32():
    """4,096 times 0.5 is beyond what float16 can add up in steps."""
    for dtype in ("float16", "bfloat16"):
        p = keras.ops.cast(np.full(10_000, 0.75), dtype)
        tp = soft_counts(np.ones(10_000), p, step=Step(sharpness=1.0)).tp
        assert keras.backend.standardize_dtype(tp.dtype) == "float32"
        np.testing.assert_allclose(tp, 7500, 1e-6)


def test_counts_never_become_negative_by_rounding(rng):
    p = np.ones(100_000, "float32")
    y = np.ones(100_000, "float32")
    p[:3] = 1 - 6e-8
    for weight in (None, rng.random(100_000).astype("float32")):
        counts = as_numbers(soft_counts(y, p, weight, step=Step(sharpness=1.0)))
        assert min(counts) >= 0


def test_an_empty_batch_counts_nothing():
    counts = soft_counts(np.zeros((0, 2)), np.zeros((0, 2), "float32"))
    assert np.array(as_numbers(counts)).tolist() == [[0, 0]] * 4


Y, P = np.array([[1, 0], [0, 1], [1, 1]]), np.full((3, 2), 0.4, "float32")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((Y[:2], P), ["(2, 2)", "(3, 2)", "y_true", "same shape"]),
        ((Y[:, :1], P), ["(3, 1)", "(3, 2)"]),
        ((Y[:, 0], P), ["(3,)", "(3, 2)"]),
        ((Y, P[:, 0]), ["(3, 2)", "(3,)"]),
        ((Y[:, 0], P[:, :1][:2]), ["(3,)", "(2, 1)"]),
        ((Y, P > 0.5), ["bool", "floats", "y_pred"]),
        ((Y, Y), ["int", "floats", "y_pred"]),
        ((2 * Y, P), ["y_true", "0 to 1", "2.0"]),
        ((2 * Y - 1, P), ["y_true", "0 to 1", "-1.0"]),
        ((Y + np.nan, P), ["y_true", "0 to 1", "NaN in"]),
        ((Y, P, [1.0, -0.5, 1.0]), ["sample_weight", "-0.5"]),
        ((Y, P, [1.0, np.nan, 1.0]), ["sample_weight", "NaN in 33.3 %"]),
        ((Y, P, [1.0, np.inf, 1.0]), ["sample_weight", "inf"]),
        ((Y, P, [1.0, 1.0]), ["sample_weight", "(2,)", "(3, 2)"]),
        ((Y, P, None, [True, True]), ["mask", "(2,)", "(3, 2)"]),
    ],
)
def test_bad_data_is_named(arguments, words):
    with pytest.raises(ValueError) as error:
        soft_counts(*arguments)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "eager"])
@pytest.mark.parametrize(
    "y, w",
    [
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]),
        ([0.0, 1.0, -1.0], [1.0, 1.0, 1.0]),
        ([0.0, 1.0, np.nan], [1.0, 1.0, 1.0]),
        ([0.0, 1.0, 1.0], [1.0, 1.0, -1.0]),
        ([0.0, 1.0, 1.0], [1.0, 1.0, np.nan]),
    ],
)
def test_a_graph_gives_no_number_for_bad_data(y, w, mode):
    """It fails where it can, and is NaN where it can't; the loss as well."""
    arguments = [
        keras.ops.convert_to_tensor(np.array(x, "float32"))
        for x in (y, [0.2, 0.6, 0.7], w)
    ]
    for function in (soft_counts, soft_precision):
        run = compiled(function, mode)
        if BACKEND == "tensorflow" and mode == "graph":
            with pytest.raises(Exception, match="must hold"):
                run(*arguments)
        else:
            result = run(*arguments)
            result = result if function is soft_counts else [result]
            assert np.all(np.isnan(as_numbers(result)))


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_sizes_that_differ_only_at_run_time_fail():
    import tensorflow as tf

    unknown = tf.TensorSpec([None, 1], "float32")
    run = tf.function(soft_counts, input_signature=[unknown, unknown])
    with pytest.raises(Exception, match="shape"):
        run(tf.zeros((4, 1)), tf.zeros((1, 1)))


def forgets_nan(v):
    """A step whose value at NaN is a number."""
    sides = keras.ops.where(v > 0, 0.75, keras.ops.where(v < 0, 0.25, 0.5))
    return sides + 0 * keras.ops.relu(v)


FORGETFUL = [
    *map(Step, NAMES),
    *(Step(name, scale="probability") for name in NAMES if name != "hard"),
    Step(straight_through=True),
    forgets_nan,
]


@pytest.mark.parametrize(
    ("average", "steps"),
    [
        ("macro", FORGETFUL),
        # What follows the step is the same for all of them.
        ("micro", FORGETFUL[-1:]),
        ("samples", FORGETFUL[-1:]),
    ],
    ids=["macro", "micro", "samples"],
)
def test_what_compilers_cannot_refuse_is_nan_with_every_step(average, steps):
    """Not a number that looks right, also with a step that drops NaN."""
    if len(MODES) == 1:
        pytest.skip("this backend compiles nothing here, and so can refuse")
    y = np.array([[1, 0, 1], [0, 1, 0]], "float32")
    p = np.array([[0.9, 0.2, 0.4], [0.3, 0.6, 0.1]], "float32")
    high, low, odd = y.copy(), y.copy(), p.copy()
    high[0, 1], low[0, 1], odd[0, 1] = 2, -1, 1.5
    for step in steps:
        loss = SoftPrecision(step=step, average=average)
        run = compiled(lambda y, p, loss=loss: loss(y, p), MODES[-1])
        for bad in ((high, p), (low, p), (y, odd)):
            value = run(*map(keras.ops.convert_to_tensor, bad))
            assert np.isnan(to_numpy(value)), step
        value = run(*map(keras.ops.convert_to_tensor, (y, p)))
        assert np.isfinite(to_numpy(value)), step


@pytest.mark.parametrize("mode", MODES)
def test_probabilities_themselves_are_exact_and_train_at_the_ends(mode):
    """Sharpness 1 is p: slope 1 also at 0 and 1, and 0 beyond them."""
    p = np.array([-5e-4, 0.0, 1e-30, 0.1, 0.7, 1.0, 1.0005], "float32")
    value, slope = value_and_gradient(Step("sigmoid", 1.0), p, mode)
    np.testing.assert_array_equal(value, np.clip(p, 0, 1))
    np.testing.assert_array_equal(slope, [0, 1, 1, 1, 1, 1, 0])
