"""AUC and average precision: against scikit-learn, pairs, and differences."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, label, to_numpy, value_and_gradient
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, roc_auc_score

from softkeras import _pairs
from softkeras.losses import (
    SoftAUC,
    SoftAveragePrecision,
    soft_auc,
    soft_average_precision,
)
from softkeras.steps import Step

PAIRS = [
    (soft_auc, SoftAUC, roc_auc_score),
    (soft_average_precision, SoftAveragePrecision, average_precision_score),
]
HARD = ({"step": "hard"}, {"sharpness": float("inf")})
STEPS = [
    Step("sigmoid"),
    Step("softsign", 4.0),
    Step("arctan", 8.0, "probability"),
    Step("normal", 0.5),
]
AVERAGES = [None, "macro", "micro", "weighted", "samples"]


@pytest.fixture
def table(rng):
    """Labels, logits with many ties, and weights of samples."""
    y = (rng.random((40, 4)) < [0.2, 0.4, 0.6, 0.5]).astype(float)
    y[:, :2] = [[0, 1]]
    y[::3, 0], y[::4, 1] = 1, 0
    y[:, 3] = 1 - y[:, 0]  # so that each sample has both
    x = np.round(rng.normal(size=y.shape) + y, 1)
    return y, x, rng.random(len(y)) + 0.1


# Against scikit-learn


@pytest.mark.parametrize("function, cls, metric", PAIRS, ids=label)
def test_labels_come_in_every_form(rng, function, cls, metric):
    ids = np.arange(30) % 3
    x = rng.normal(size=(30, 3)) + np.eye(3)[ids]
    want = 1 - metric(np.eye(3)[ids], x)
    hard = {"from_logits": True, "step": "hard"}
    for y, form in (
        (ids, {"sparse": True}),
        (2 * np.eye(3)[ids] - 1, {"labels": (-1, 1)}),
        (np.eye(3)[ids] > 0, {}),
    ):
        for got in (function(y, x, **hard, **form), cls(**hard, **form)(y, x)):
            np.testing.assert_allclose(float(got), want, 1e-6)
    ids[::4] = 255
    kept = ids != 255
    got = function(ids, x, sparse=True, ignore_class=255, **hard)
    want = 1 - metric(np.eye(3)[ids[kept]], x[kept])
    np.testing.assert_allclose(float(got), want, 1e-6)
    with pytest.raises(ValueError, match=r"Received: .* from -1"):
        function(2 * np.eye(3)[[0, 1, 2]] - 1, x[:3], **hard)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("function, cls, metric", PAIRS, ids=label)
def test_hard_is_that_of_scikit_learn(table, function, cls, metric, average):
    y, x, w = table
    for weight in (None, w):
        want = 1 - metric(y, x, average=average, sample_weight=weight)
        for hard in HARD:
            got = function(
                y, x, weight, average=average, from_logits=True, **hard
            )
            np.testing.assert_allclose(got, want, 1e-12, 1e-12)
            got = function(y, expit(x), weight, average=average, **hard)
            np.testing.assert_allclose(got, want, 1e-12, 1e-12)


@pytest.mark.parametrize("max_fpr", [0.01, 0.1, 0.25, 0.5, 0.9, 1.0, 1])
def test_hard_partial_area_is_that_of_scikit_learn(table, max_fpr):
    y, x, w = table
    for each in range(3):
        for weight in (None, w):
            got = soft_auc(
                y[:, each],
                expit(x[:, each]),
                weight,
                max_fpr=max_fpr,
                step="hard",
            )
            want = 1 - roc_auc_score(
                y[:, each], x[:, each], sample_weight=weight, max_fpr=max_fpr
            )
            np.testing.assert_allclose(got, want, 1e-12, 1e-12)


@pytest.mark.parametrize("max_fpr", [None, 0.2])
def test_a_sharp_comparison_comes_close_to_the_hard_one(rng, max_fpr):
    y, x = (rng.random(60) < 0.4).astype(float), rng.permutation(60) / 10
    options = {"sharpness": 1e4, "from_logits": True}
    got = soft_auc(y, x, max_fpr=max_fpr, **options)
    want = 1 - roc_auc_score(y, x, max_fpr=max_fpr)
    # At the end of the part, half of a negative is between.
    slack = 1e-9 if max_fpr is None else 0.02
    np.testing.assert_allclose(got, want, 0, slack)
    got = soft_average_precision(y, x, **options)
    np.testing.assert_allclose(got, 1 - average_precision_score(y, x), 1e-9)


# Against all pairs, one by one

CDFS = {
    "sigmoid": lambda v: expit(4 * v),
    "softsign": lambda v: 0.5 + v / (1 + 2 * np.abs(v)),
    "arctan": lambda v: 0.5 + np.arctan(np.pi * v) / np.pi,
}


def comparisons(p, step):
    x = logit(p) / 4 if step.scale == "logit" else p
    return CDFS[step.shape](step.sharpness * (x[None, :] - x[:, None]))


@pytest.mark.parametrize("step", STEPS[:3], ids=str)
def test_soft_is_the_sum_over_pairs(rng, mode, step):
    y = rng.integers(0, 2, 30) * 0.9 + 0.05  # labels between count in both
    p, w = rng.random(30), rng.random(30) * (rng.random(30) < 0.8)
    h = comparisons(p, step)
    u, v = w * y, w * (1 - y)
    auc = (u[:, None] * v[None] * h).sum() / u.sum() / v.sum()
    hits, alarms = u / 2 + h @ u, v / 2 + h @ v
    precision = (u * hits / (hits + alarms)).sum() / u.sum()
    for function, want in (
        (soft_auc, auc),
        (soft_average_precision, 1 - precision),
    ):
        run = compiled(lambda p, f=function: f(y, p, w, step=step), mode)
        got = run(keras.ops.convert_to_tensor(p))
        np.testing.assert_allclose(got, want, 1e-10)
        run = compiled(
            lambda p, f=function: f(y, p, w, step=step, from_logits=True), mode
        )
        got = run(keras.ops.convert_to_tensor(logit(p)))
        np.testing.assert_allclose(got, want, 1e-10)


def test_the_soft_partial_area_is_that_of_the_soft_top(rng):
    y, p = rng.integers(0, 2, 30) * 1.0, rng.random(30)
    x, b = logit(p), 0.3
    negatives = (1 - y).sum()
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        called = ((1 - y) * expit(2 * (x - middle))).sum()
        low, high = (middle, high) if called > b * negatives else (low, middle)
    share = (1 - y) * expit(2 * (x - low))
    h = expit(2 * (x[None, :] - x[:, None]))
    wrong = (y[:, None] * share[None] * h).sum() / y.sum() / negatives
    got = soft_auc(y, p, max_fpr=b, sharpness=2.0)
    np.testing.assert_allclose(got, wrong / (b * (2 - b)), 1e-9)


# Gradients


def losses_of(y, w, step):
    options = {"step": step, "from_logits": False}
    return {
        "auc": lambda p: soft_auc(y, p, w, **options),
        "part": lambda p: soft_auc(y, p, w, max_fpr=0.3, **options),
        "ap": lambda p: soft_average_precision(y, p, w, **options),
    }


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_gradients_match_finite_differences(rng, step):
    y, w = rng.integers(0, 2, (9, 2)) * 0.8 + 0.1, rng.random(9)
    p, h = rng.random((9, 2)) * 0.9 + 0.05, 1e-6
    for loss in losses_of(y, w, step).values():
        _, gradient = value_and_gradient(loss, p)
        for _ in range(4):
            along = rng.normal(size=p.shape)
            ends = loss(p + h * along), loss(p - h * along)
            slope = to_numpy(ends[0] - ends[1]) / (2 * h)
            np.testing.assert_allclose((gradient * along).sum(), slope, 1e-6)


@keras.saving.register_keras_serializable(package="test")
def slanted(v):
    return keras.ops.sigmoid(4 * v)


def test_a_step_of_the_user_s_own(rng):
    y, p = rng.integers(0, 2, 9), rng.random(9)
    for function, _, _ in PAIRS:
        got, want = (
            value_and_gradient(lambda p, f=function, s=s: f(y, p, step=s), p)
            for s in (slanted, Step("sigmoid", 1.0, "probability"))
        )
        for a, b in zip(got, want):
            np.testing.assert_allclose(a, b, 1e-10)


def test_straight_through_is_hard_with_the_soft_gradient(rng, mode):
    y, p = rng.integers(0, 2, 30), np.round(rng.random(30), 1)
    p = np.clip(p, 0.05, 0.95).astype("float32")
    for name, hard in losses_of(y, None, "hard").items():
        if name != "ap" and mode != "eager":
            continue  # compiled elsewhere
        through = Step("sigmoid", 1.0, straight_through=True)
        got = value_and_gradient(losses_of(y, None, through)[name], p, mode)
        soft = losses_of(y, None, Step("sigmoid", 1.0))[name]
        np.testing.assert_allclose(got[0], hard(p), 1e-6)
        want = value_and_gradient(soft, p, mode)[1]
        np.testing.assert_allclose(got[1], want, 1e-4, 1e-6)


# In blocks


@pytest.mark.parametrize("block", [1, 350])
def test_blocks_change_nothing(rng, mode, monkeypatch, block):
    """Of one row, or of some that do not divide n; two labels side by side."""
    if block == 1 and mode != "eager":
        pytest.skip("one size of block is enough")
    y = (rng.random((50, 2)) < 0.3).astype("float32")
    p = rng.random((50, 2)).astype("float32")
    losses = losses_of(y, None, Step("sigmoid", 1.0))
    losses = [losses[name] for name in ("part", "ap")]
    want = [value_and_gradient(loss, p) for loss in losses]
    monkeypatch.setattr(_pairs, "BLOCK", block)
    for loss, pair in zip(losses, want):
        got = value_and_gradient(loss, p, mode)
        np.testing.assert_allclose(got[0], pair[0], 1e-5)
        np.testing.assert_allclose(got[1], pair[1], 1e-3, 1e-6)
    run = compiled(lambda p: soft_auc(y, p, step="hard"), mode)
    got = run(keras.ops.convert_to_tensor(p))
    np.testing.assert_allclose(got, 1 - roc_auc_score(y, p), 1e-5)


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
@pytest.mark.parametrize("shape", [[None], [None, None]], ids=str)
def test_shapes_that_are_not_known_before(rng, shape):
    import tensorflow as tf

    spec = tf.TensorSpec(shape, "float32")

    @tf.function(input_signature=[spec, spec])
    def run(y, p):
        losses = losses_of(y, None, Step("sigmoid", 1.0)).values()
        values = []
        for loss in losses:
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = loss(p)
            values += [value, tape.gradient(value, p)]
        return values

    for n in (1, 30):
        size = [n, 2][: len(shape)]
        y = (rng.random(size) < 0.5).astype("float32")
        p = rng.random(size).astype("float32")
        losses = losses_of(y, None, Step("sigmoid", 1.0)).values()
        want = [x for loss in losses for x in value_and_gradient(loss, p)]
        for a, b in zip(run(y, p), want):
            np.testing.assert_allclose(a, b, 1e-4, 1e-6)


# Batches and weights


def test_nothing_to_compare_is_no_loss_and_no_gradient(rng, mode):
    p = rng.random((9, 2)).astype("float32")
    for y in [np.zeros((9, 2)), np.ones((9, 2))][: 2 if mode == "eager" else 1]:
        for name, loss in losses_of(y, None, "sigmoid").items():
            value, gradient = value_and_gradient(loss, p, mode)
            assert value == 0, name
            assert np.all(gradient == 0), name


def test_what_an_undefined_label_does_is_said(rng):
    y, p = np.zeros((9, 2)), rng.random((9, 2))
    y[:4, 0] = 1
    for function, _, _ in PAIRS:
        first = to_numpy(function(y[:, 0], p[:, 0]))
        for empty, want in (
            ("skip", first),
            ("one", first / 2),
            ("zero", (first + 1) / 2),
        ):
            np.testing.assert_allclose(function(y, p, empty=empty), want, 1e-10)


def test_a_weight_of_n_is_the_sample_n_times(rng):
    y, p, times = rng.integers(0, 2, 20), rng.random(20), rng.integers(0, 4, 20)
    more = [np.repeat(values, times) for values in (y, p)]
    for options in ({}, {"step": "hard"}):
        for max_fpr in (None, 0.4):
            np.testing.assert_allclose(
                soft_auc(y, p, times, max_fpr=max_fpr, **options),
                soft_auc(*more, max_fpr=max_fpr, **options),
                1e-10,
            )
    np.testing.assert_allclose(
        soft_average_precision(y, p, times, step="hard"),
        soft_average_precision(*more, step="hard"),
        1e-10,
    )


def test_what_counts_nowhere_may_be_anything(rng, mode):
    y, p = rng.integers(0, 2, 12) * 1.0, rng.random(12)
    rest = np.arange(12) % 3 > 0
    bad = np.where(rest, p, [np.nan, 7, -3] * 4)
    odd = np.where(rest, y, 9.0)
    for name in ("auc", "part", "ap") if mode == "eager" else ("part",):
        want = value_and_gradient(
            losses_of(y[rest], None, Step("sigmoid", 1.0))[name], p[rest]
        )
        got = value_and_gradient(
            losses_of(odd, rest * 1.0, Step("sigmoid", 1.0))[name], bad, mode
        )
        np.testing.assert_allclose(got[0], want[0], 1e-9)
        np.testing.assert_allclose(got[1][rest], want[1], 1e-7)
        assert np.all(got[1][~rest] == 0)
    np.testing.assert_allclose(
        soft_auc(odd, bad, mask=rest), soft_auc(y[rest], p[rest]), 1e-9
    )


def test_weights_of_any_size(rng):
    y, p = rng.integers(0, 2, 12), rng.random(12).astype("float32")
    for function, _, _ in PAIRS:
        for size in (1e-30, 1e35):
            got = function(y, p, np.full(12, size, "float32"))
            np.testing.assert_allclose(got, function(y, p), 1e-5)


# Numbers at the end of their range


EXTREMES = {
    "float32": [0, 1e-45, -1e-30, 3e38, -3e38, 1, -100, 88],
    "float16": [0, 6e-8, -6e4, 6e4, 1, -1, 11, -12],
}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_gradient_is_finite_for_every_finite_input(step, dtype):
    logits = np.array(EXTREMES[dtype] * 2, dtype)
    near = [0, 6e-8, 1e-4, 0.5, 1 - 1e-3, 1, 1.0005, -0.0005]
    y = np.arange(16) % 3 == 0
    for x, from_logits in ((logits, True), (np.array(near * 2, dtype), False)):
        for function in (
            soft_auc,
            lambda *a, **k: soft_auc(*a, max_fpr=0.1, **k),
            soft_average_precision,
        ):
            value, gradient = value_and_gradient(
                lambda x, f=function, logits=from_logits: f(
                    y, x, step=step, from_logits=logits
                ),
                x,
            )
            assert np.isfinite(value)
            assert np.all(np.isfinite(gradient))


def test_nan_stays_nan(rng):
    y, p = np.arange(8) % 2, rng.random(8)
    p[3] = np.nan
    for step in ("sigmoid", "hard"):
        for loss in losses_of(y, None, step).values():
            assert np.isnan(loss(p))


def test_narrow_predictions_are_computed_in_float32(rng):
    y, x = rng.integers(0, 2, 500), rng.normal(size=500).astype("float16")
    for function, _, _ in PAIRS:
        got = function(y, x, from_logits=True)
        assert keras.backend.standardize_dtype(got.dtype) == "float32"
        want = function(y, x.astype("float64"), from_logits=True)
        np.testing.assert_allclose(got, want, 1e-5)


# What is refused


@pytest.mark.parametrize("function, cls, _", PAIRS, ids=label)
def test_bad_arguments_and_data(function, cls, _):
    y, p = np.array([1.0, 0, 1, 0]), np.array([0.9, 0.2, 0.6, 0.4])
    for options, words in (
        ({"average": "mean"}, "average='mean'"),
        ({"empty": "nan"}, "empty='nan'"),
        ({"step": "sgimoid"}, "sgimoid"),
        ({"sharpness": -1.0}, "sharpness=-1.0"),
        ({"from_logits": 1}, "from_logits=1"),
    ):
        with pytest.raises(ValueError, match=words):
            function(y, p, **options)
        with pytest.raises(ValueError, match=words):
            cls(**options)
    for data, words in (
        ((y, 3 * p), "from_logits=True"),
        ((-y, p), "labels from 0 to 1"),
        ((y, p, -y), "weights of 0 or more"),
        ((y[:3], p), "same shape"),
        ((y, y.astype(int)), "floats"),
        ((1.0, 0.5), "axis of samples"),
    ):
        with pytest.raises(ValueError, match=words):
            function(*data)
    with pytest.raises(ValueError, match=r"samples.*\(4,\)"):
        function(y, p, average="samples")


def test_max_fpr_is_in_0_to_1():
    for bad in (0, -0.1, 1.1, float("nan"), "all"):
        with pytest.raises(ValueError, match="max_fpr"):
            SoftAUC(bad)


# In Keras


@pytest.mark.parametrize(
    "loss",
    [
        SoftAUC(),
        SoftAUC(0.1, average="weighted", empty="one", from_logits=True),
        SoftAveragePrecision(step=Step("softsign", 2.0), average=None),
        SoftAveragePrecision(sharpness=3.0, dtype="float64", reduction="sum"),
        SoftAUC(step=slanted, name="mine"),
    ],
    ids=lambda loss: loss.name,
)
def test_a_loss_comes_back_from_its_configuration(loss, rng):
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    again = keras.losses.deserialize(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    y, p = rng.integers(0, 2, (9, 3)), rng.random((9, 3)).astype("float32")
    np.testing.assert_array_equal(again(y, p), loss(y, p))


def test_class_and_function_agree(rng):
    y, p = rng.integers(0, 2, (20, 3)), rng.random((20, 3)).astype("float32")
    w = rng.random(20).astype("float32")
    for function, cls, _ in PAIRS:
        np.testing.assert_allclose(cls()(y, p, w), function(y, p, w), 1e-6)
        each = to_numpy(function(y, p, w, average=None))
        loss = cls(average=None)
        np.testing.assert_allclose(loss(y, p, w), np.mean(each), 1e-6)
        loss = cls(average=None, reduction="none")
        np.testing.assert_allclose(loss(y, p, w), each, 1e-6)


def test_the_mask_that_keras_attached_counts(rng):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    x[:, 3:] = 0
    layers = [keras.layers.Masking(), keras.layers.Dense(1)]
    p = keras.Sequential([keras.Input((5, 2)), *layers])(x)
    y = rng.integers(0, 2, (3, 5, 1))
    y[0, :2, 0] = 0, 1
    loss = SoftAUC(from_logits=True)
    want = soft_auc(y[:, :3], to_numpy(p)[:, :3], from_logits=True)
    np.testing.assert_allclose(to_numpy(loss(y, p)), want, 1e-5)


def test_a_saved_model_reloads_in_another_process(tmp_path):
    model = small_model("sigmoid")
    model.compile("sgd", loss=SoftAUC(0.2, step=Step("softsign", 3.0)))
    model.save(tmp_path / "model.keras")
    code = (
        "import keras, softkeras\n"
        "loss = keras.saving.load_model('model.keras').loss\n"
        "print(loss, loss.options['max_fpr'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{model.loss} 0.2" in run.stdout


def small_model(activation):
    keras.utils.set_random_seed(2)
    layers = [
        keras.layers.Dense(8, activation="tanh"),
        keras.layers.Dense(1, activation=activation),
    ]
    return keras.Sequential([keras.Input((30,)), *layers])


@pytest.mark.parametrize(
    "loss, metric",
    [
        (SoftAUC(), roc_auc_score),
        (SoftAUC(max_fpr=0.1, from_logits=True), roc_auc_score),
        (SoftAveragePrecision(from_logits=True), average_precision_score),
    ],
    ids=["auc", "part", "ap"],
)
def test_fit_raises_the_metric(medical, loss, metric):
    x, y = medical
    model = small_model("linear" if loss.from_logits else "sigmoid")
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    before = metric(y, model.predict(x, verbose=0)[:, 0])
    start = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=10, batch_size=64, verbose=0)
    after = metric(y, model.predict(x, verbose=0)[:, 0])
    assert before < 0.9
    assert after > 0.98
    assert model.evaluate(x, y, verbose=0) < start
