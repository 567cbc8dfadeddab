"""NDCG, precision at k, top-k accuracy: against scikit-learn and Keras."""

import itertools
import json

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient
from scipy.optimize import brentq
from scipy.special import expit, softmax
from sklearn.metrics import ndcg_score

from softkeras.losses import (
    SoftNDCG,
    SoftPrecisionAtK,
    SoftTopKAccuracy,
    soft_ndcg,
    soft_precision_at_k,
    soft_top_k_accuracy,
)
from softkeras.steps import Step

HARD = ({"step": "hard"}, {"sharpness": float("inf")})
STEPS = [Step("sigmoid"), Step("softsign", 4.0), Step("normal", 0.5)]


@pytest.fixture
def groups(rng):
    """Grades, scores with ties, and weights of groups."""
    grades = rng.integers(0, 4, (12, 7)) * 1.0
    grades[3] = 0
    return grades, np.round(rng.normal(size=(12, 7)), 1), rng.random(12) + 0.1


# Against scikit-learn and keras.metrics


@pytest.mark.parametrize("k", [None, 1, 3, 20])
def test_hard_ndcg_is_that_of_scikit_learn(groups, mode, k):
    y, x, w = groups
    for weight, hard in itertools.product((None, w, w[:, None]), HARD):
        run = compiled(
            lambda x, w=weight, h=hard: soft_ndcg(
                y, x, w, k=k, empty="zero", from_logits=True, **h
            ),
            mode,
        )
        got = run(keras.ops.convert_to_tensor(x))
        want = ndcg_score(
            y, x, k=k, sample_weight=None if weight is None else w
        )
        np.testing.assert_allclose(got, 1 - want, 1e-10)
        if mode != "eager":
            break
    got = soft_ndcg(
        y, x, w, k=k, gain="exponential", step="hard", from_logits=True
    )
    some = y.sum(1) > 0  # skipped where there is no gain
    want = ndcg_score(2 ** y[some] - 1, x[some], k=k, sample_weight=w[some])
    np.testing.assert_allclose(got, 1 - want, 1e-10)


@pytest.mark.parametrize("k", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("sparse", [False, True])
def test_hard_top_k_accuracy_is_that_of_keras(rng, sparse, k):
    metric = (
        keras.metrics.SparseTopKCategoricalAccuracy
        if sparse
        else keras.metrics.TopKCategoricalAccuracy
    )(k=k)
    if BACKEND != "tensorflow" and k > 6:
        pytest.skip("Keras's metric needs k classes but on TensorFlow")
    p = np.round(rng.random((50, 6)), 1).astype("float32")
    ids, w = rng.integers(0, 6, 50), rng.random(50).astype("float32")
    y = ids if sparse else np.eye(6)[ids]
    for weight in (None, w):
        metric.reset_state()
        metric.update_state(y, p, weight)
        for hard in HARD:
            got = soft_top_k_accuracy(y, p, weight, k=k, sparse=sparse, **hard)
            np.testing.assert_allclose(got, 1 - metric.result(), 1e-5, 1e-6)


def test_hard_precision_at_k_is_the_mean_over_all_orders_of_ties(rng):
    y, x = rng.integers(0, 2, (4, 5)), rng.integers(0, 3, (4, 5)) * 1.0
    for k in (1, 2, 4, 5, 8):
        want = []
        for labels, items in zip(y, x):
            orders = [
                labels[list(order)][:k].mean()
                for order in itertools.permutations(range(5))
                if np.all(np.diff(items[list(order)]) <= 0)
            ]
            want.append(np.mean(orders))
        for hard in HARD:
            got = soft_precision_at_k(y, x, k=k, from_logits=True, **hard)
            np.testing.assert_allclose(got, 1 - np.mean(want), 1e-10)


def test_a_sharp_comparison_comes_close_to_the_hard_one(groups):
    y, _, w = groups
    x = np.random.default_rng(3).permutation(y.size).reshape(y.shape) / 10
    options = {"sharpness": 1e5, "from_logits": True}
    got = soft_ndcg(y, x, w, empty="zero", **options)
    want = 1 - ndcg_score(y, x, sample_weight=w)
    np.testing.assert_allclose(got, want, 1e-9)
    for k in (1, 4):
        got = soft_ndcg(y, x, w, k=k, empty="zero", **options)
        want = 1 - ndcg_score(y, x, k=k, sample_weight=w)
        np.testing.assert_allclose(got, want, 1e-9)
        for function in (soft_precision_at_k, soft_top_k_accuracy):
            labels = np.eye(7)[y.argmax(1)]
            got = function(labels, x, k=k, **options)
            want = function(labels, x, k=k, step="hard", from_logits=True)
            np.testing.assert_allclose(got, want, 1e-9)


# Against the definitions, item by item


def soft_top(x, k, cdf=expit):
    """The share of each x among the top k."""
    if k >= len(x):
        return np.ones(len(x))
    wide = 1e3 + np.abs(x).max()
    level = brentq(lambda t: cdf(x - t).sum() - k, -wide, wide, xtol=1e-14)
    return cdf(x - level)


@pytest.mark.parametrize("k", [None, 2])
def test_soft_ndcg_is_its_formula(groups, mode, k):
    y, x, w = groups
    losses = []
    for grades, items in zip(y, x):
        h = expit(2 * (items[None, :] - items[:, None]))
        discount = 1 / np.log2(1.5 + h.sum(1))
        n = len(items) if k is None else k
        if k is not None:
            discount *= soft_top(items, k, lambda d: expit(2 * d))
        best = np.sort(grades)[::-1][:n] / np.log2(2 + np.arange(n))
        losses.append(1 - (grades * discount).sum() / max(best.sum(), 1e-9))
    counts = w * (y.sum(1) > 0)
    run = compiled(
        lambda x: soft_ndcg(y, x, w, k=k, sharpness=2.0, from_logits=True), mode
    )
    got = run(keras.ops.convert_to_tensor(x))
    np.testing.assert_allclose(got, np.average(losses, weights=counts), 1e-10)


CDFS = {
    "sigmoid": lambda d: expit(d),
    "softsign": lambda d: 0.5 + d / (1 + 2 * np.abs(d)),
    "ramp": lambda d: np.clip(0.5 + d / 4, 0, 1),
}


@pytest.mark.parametrize(
    "step, shape",
    [
        (Step("sigmoid", 1.0), "sigmoid"),
        (Step("softsign", 4.0), "softsign"),
        (Step("ramp", 1.0), "ramp"),
    ],
    ids=str,
)
@pytest.mark.parametrize("k", [1, 3, 5, 6])
def test_soft_precision_at_k_and_top_k_are_their_formulas(
    rng, mode, step, shape, k
):
    x, y = 4 * rng.normal(size=(10, 6)), rng.integers(0, 2, (10, 6))
    ids, w = rng.integers(0, 6, 10), rng.random(10)
    share = np.stack([soft_top(row, k, CDFS[shape]) for row in x])
    missed = (share * (1 - y)).sum(1) / share.sum(1)
    options = {"k": k, "step": step, "from_logits": True}
    run = compiled(lambda x: soft_precision_at_k(y, x, w, **options), mode)
    got = run(keras.ops.convert_to_tensor(x))
    np.testing.assert_allclose(got, np.average(missed, weights=w), 1e-8, 1e-10)
    right = share[np.arange(10), ids]
    run = compiled(
        lambda x: soft_top_k_accuracy(ids, x, w, sparse=True, **options), mode
    )
    got = run(keras.ops.convert_to_tensor(x))
    want = 1 - np.average(right, weights=w)
    np.testing.assert_allclose(got, want, 1e-8, 1e-10)
    if mode == "eager":
        options["from_logits"] = False
        got = soft_top_k_accuracy(np.eye(6)[ids], softmax(x, -1), w, **options)
        np.testing.assert_allclose(got, want, 1e-6, 1e-8)


# Gradients


def losses_of(y, w, step, k=2):
    options = {"step": step, "from_logits": True}
    return {
        "ndcg": lambda x: soft_ndcg(3 * y, x, w, **options),
        "ndcg@k": lambda x: soft_ndcg(
            3 * y, x, w, k=k, gain="exponential", **options
        ),
        "precision": lambda x: soft_precision_at_k(y, x, w, k=k, **options),
        "top": lambda x: soft_top_k_accuracy(
            y, x, None if w is None else w[:, 0], k=k, **options
        ),
    }


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_gradients_match_finite_differences(rng, step):
    y, w = rng.integers(0, 2, (5, 6)), rng.random((5, 6))
    x, h = rng.normal(size=(5, 6)), 1e-6
    for loss in losses_of(y, w, step).values():
        _, gradient = value_and_gradient(loss, x)
        for _ in range(4):
            along = rng.normal(size=x.shape)
            ends = loss(x + h * along), loss(x - h * along)
            slope = to_numpy(ends[0] - ends[1]) / (2 * h)
            np.testing.assert_allclose((gradient * along).sum(), slope, 1e-5)


def test_float32_and_every_way_to_compile_agree(rng, mode):
    y, w = rng.integers(0, 2, (5, 6)), rng.random((5, 6))
    x = rng.normal(size=(5, 6))
    for loss in losses_of(y, w, STEPS[0]).values():
        want = value_and_gradient(loss, x)
        got = value_and_gradient(loss, x.astype("float32"), mode)
        np.testing.assert_allclose(got[0], want[0], 1e-5)
        np.testing.assert_allclose(got[1], want[1], 1e-3, 1e-6)


def test_straight_through_is_hard_with_the_soft_gradient(rng):
    y, x = rng.integers(0, 2, (5, 6)), np.round(rng.normal(size=(5, 6)), 1)
    through = Step(straight_through=True)
    for got, soft, hard in zip(
        losses_of(y, None, through).values(),
        losses_of(y, None, STEPS[0]).values(),
        losses_of(y, None, "hard").values(),
    ):
        value, gradient = value_and_gradient(got, x)
        np.testing.assert_allclose(value, hard(x), 1e-12)
        np.testing.assert_allclose(gradient, value_and_gradient(soft, x)[1])


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_shapes_that_are_not_known_before(rng):
    import tensorflow as tf

    spec = tf.TensorSpec([None, None], "float32")

    @tf.function(input_signature=[spec, spec])
    def run(y, x):
        values = []
        for name in ("ndcg@k", "top"):
            loss = losses_of(y, None, STEPS[0])[name]
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = loss(x)
            values += [value, tape.gradient(value, x)]
        return values

    y = rng.integers(0, 2, (5, 6)).astype("float32")
    x = rng.normal(size=(5, 6)).astype("float32")
    losses = losses_of(y, None, STEPS[0])
    losses = [losses[name] for name in ("ndcg@k", "top")]
    want = [each for loss in losses for each in value_and_gradient(loss, x)]
    for a, b in zip(run(y, x), want):
        np.testing.assert_allclose(a, b, 1e-4, 1e-6)


# Weights, masks, empty groups


def test_items_that_are_masked_are_not_there(rng, mode):
    y, x = rng.integers(0, 2, (5, 6)), rng.normal(size=(5, 6))
    there = np.ones((5, 6), bool)
    there[:, 4:] = False
    bad, odd = x.copy(), y * 1.0
    bad[~there], odd[~there] = np.nan, -7
    names = ("ndcg", "precision") if mode == "eager" else ("ndcg@k",)
    for name, step in itertools.product(names, (STEPS[0], "hard")):
        want = value_and_gradient(
            losses_of(y[:, :4], None, step)[name], x[:, :4]
        )
        got = value_and_gradient(losses_of(odd, there, step)[name], bad, mode)
        np.testing.assert_allclose(got[0], want[0], 1e-9)
        np.testing.assert_allclose(got[1][:, :4], want[1], 1e-7, 1e-10)
        assert np.all(got[1][:, 4:] == 0)


def test_weights_of_items_are_in_the_sums(rng):
    y, x = rng.integers(0, 4, (1, 6)) * 1.0, rng.permutation(6)[None] * 1.0
    w = rng.random((1, 6))
    ranks = 5 - x[0]
    gains = w[0] * y[0]
    best = np.sort(gains)[::-1] / np.log2(2 + np.arange(6))
    want = (gains / np.log2(2 + ranks)).sum() / best.sum()
    options = {"step": "hard", "from_logits": True}
    np.testing.assert_allclose(soft_ndcg(y, x, w, **options), 1 - want, 1e-10)
    top = ranks < 3
    want = (w[0] * (y[0] > 1))[top].sum() / w[0][top].sum()
    got = soft_precision_at_k(y > 1, x, w, k=3, **options)
    np.testing.assert_allclose(got, 1 - want, 1e-10)


def test_nothing_there_is_no_loss_and_no_gradient(rng, mode):
    y, x = np.zeros((5, 6)), rng.normal(size=(5, 6)).astype("float32")
    value, gradient = value_and_gradient(
        losses_of(y, None, "sigmoid")["ndcg@k"], x, mode
    )
    assert value == 0 and np.all(gradient == 0)
    for loss in losses_of(y + 1, np.zeros((5, 6)), "sigmoid").values():
        value, gradient = value_and_gradient(loss, x)
        assert value == 0 and np.all(gradient == 0)
    assert soft_ndcg(y, x, empty="zero", from_logits=True) == 1
    assert soft_ndcg(y, x, empty="one", from_logits=True) == 0


def test_a_top_that_holds_all_has_no_gradient(rng):
    y, x = np.eye(6), rng.normal(size=(6, 6))
    for k in (6, 9):
        for name in ("precision", "top"):
            loss = losses_of(y, None, STEPS[0], k)[name]
            _, gradient = value_and_gradient(loss, x)
            assert np.all(gradient == 0)
        assert losses_of(y, None, STEPS[0], k)["top"](x) == 0


def test_shapes_with_an_axis_more(rng):
    y, x, w = rng.integers(0, 2, (3, 4)), rng.random((3, 4)), rng.random((3, 4))
    for function in (soft_ndcg, lambda *a: soft_precision_at_k(*a, k=2)):
        want = function(y, x, w)
        np.testing.assert_allclose(function(y, x[..., None], w), want)
        got = function(y[..., None], x[..., None], w[..., None])
        np.testing.assert_allclose(got, want)
    ids, p = rng.integers(0, 5, (3, 4)), rng.random((3, 4, 5))
    options = {"k": 2, "sparse": True}
    got = soft_top_k_accuracy(ids, p, w, **options)
    flat = (ids.reshape(12), p.reshape(12, 5), w.reshape(12))
    want = soft_top_k_accuracy(*flat, **options)
    np.testing.assert_allclose(got, want, 1e-12)
    got = soft_top_k_accuracy(ids[..., None], p, w, **options)
    np.testing.assert_allclose(got, want, 1e-12)
    one_hot = np.eye(5)[ids]
    np.testing.assert_allclose(
        soft_top_k_accuracy(one_hot, p, w, k=2), want, 1e-12
    )


# Numbers at the end of their range


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_gradient_is_finite_for_every_finite_input(step, dtype):
    most = float(np.finfo(dtype).max)
    logits = [[0, 1e-7, most, -most, 1, 0], [most, 0, 0, -3, 88, -200]]
    near = [[0, 0, 0, 0, 0, 1], [1, 1e-7, 0.5, 1 - 1e-3, 1.0005, -0.0005]]
    y = np.array([[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 1.0]])
    for x, from_logits in ((logits, True), (near, False)):
        for function in (
            soft_ndcg,
            lambda *a, **o: soft_ndcg(*a, k=3, **o),
            lambda *a, **o: soft_precision_at_k(*a, k=3, **o),
            lambda *a, **o: soft_top_k_accuracy(*a, k=3, **o),
        ):
            value, gradient = value_and_gradient(
                lambda x, f=function, logits=from_logits: f(
                    y, x, step=step, from_logits=logits
                ),
                np.array(x, dtype),
            )
            assert np.isfinite(value)
            assert np.all(np.isfinite(gradient))


def test_nan_stays_nan(rng):
    y, x = rng.integers(0, 2, (5, 6)), rng.normal(size=(5, 6))
    y[:, :2] = 1
    x[:, 1] = np.nan
    for step in ("sigmoid", "hard"):
        for loss in losses_of(y, None, step).values():
            assert np.isnan(loss(x))


def test_gains_of_any_size(rng):
    y, x = rng.integers(0, 4, (5, 6)), rng.normal(size=(5, 6)).astype("float32")
    want = soft_ndcg(y, x, from_logits=True)
    for size in (1e-30, 1e37):
        got = soft_ndcg(y * size, x, from_logits=True)
        np.testing.assert_allclose(got, want, 1e-5)
    got = soft_ndcg(200 * y, x, gain="exponential", from_logits=True)
    assert np.isfinite(got)


# What is refused


def test_bad_arguments_and_data(rng):
    y, p = np.eye(4), rng.random((4, 4))
    for call, words in (
        (lambda: SoftPrecisionAtK(0), "k=0"),
        (lambda: SoftNDCG(k=2.5), "k=2.5"),
        (lambda: SoftTopKAccuracy(k=True), "k=True"),
        (lambda: SoftNDCG(gain="square"), "gain='square'"),
        (lambda: SoftNDCG(empty="nan"), "empty='nan'"),
        (lambda: SoftTopKAccuracy(sparse="yes"), "sparse='yes'"),
        (lambda: soft_ndcg(y[0], p[0]), r"\(groups, items\).*\(4,\)"),
        (lambda: soft_ndcg(-y, p), "grades of 0 or more"),
        (lambda: soft_ndcg(y, 9 * p), "from_logits=True"),
        (lambda: soft_precision_at_k(2 * y, p, k=1), "labels from 0 to 1"),
        (lambda: soft_ndcg(y, p, -y), "weights of 0 or more"),
        (lambda: soft_top_k_accuracy(y[:, 0], p), "same shape"),
        (lambda: soft_top_k_accuracy(y, p, sparse=True), "leave sparse out"),
        (
            lambda: soft_top_k_accuracy([0, 1, 2, 4], p, sparse=True),
            "from 0 to 3",
        ),
        (
            lambda: soft_top_k_accuracy([0, 1, 2, 1.5], p, sparse=True),
            "are no whole numbers",
        ),
        (lambda: soft_top_k_accuracy(y[:, :1], p[:, :1]), "two classes"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


# In Keras


@pytest.mark.parametrize(
    "loss",
    [
        SoftNDCG(3, gain="exponential", empty="one", from_logits=True),
        SoftPrecisionAtK(2, step=Step("softsign", 2.0), dtype="float64"),
        SoftTopKAccuracy(2, sharpness=3.0, name="mine"),
    ],
    ids=lambda loss: loss.name,
)
def test_a_loss_comes_back_from_its_configuration(loss, rng):
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    again = keras.losses.deserialize(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    y, p = np.eye(4)[[0, 2, 1]], rng.random((3, 4)).astype("float32")
    np.testing.assert_array_equal(again(y, p), loss(y, p))


def test_class_and_function_agree(rng):
    y, p = np.eye(4)[[0, 2, 1]], rng.random((3, 4)).astype("float32")
    w = rng.random(3).astype("float32")
    for loss, value in (
        (SoftNDCG(2), soft_ndcg(y, p, w, k=2)),
        (SoftPrecisionAtK(2), soft_precision_at_k(y, p, w, k=2)),
        (SoftTopKAccuracy(2), soft_top_k_accuracy(y, p, w, k=2)),
    ):
        np.testing.assert_allclose(loss(y, p, w), value, 1e-6)


def test_fit_raises_ndcg_and_precision_at_k(medical):
    """A query is a handful of patients, and the malignant are to be first."""
    x, y = medical
    order = np.random.default_rng(1).permutation(len(y))[:390]
    x, y = x[order].reshape(-1, 13, 30), y[order].reshape(-1, 13)
    some = y.sum(1) > 0

    def score(model):
        predicted = model.predict(x, verbose=0)[..., 0]
        return ndcg_score(y[some], predicted[some], k=5)

    for loss in (
        SoftNDCG(k=5, from_logits=True),
        SoftPrecisionAtK(3, from_logits=True),
    ):
        keras.utils.set_random_seed(4)
        layers = [keras.Input((13, 30)), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.Adam(0.02), loss=loss)
        before = score(model)
        model.fit(x, y, epochs=15, batch_size=8, verbose=0)
        assert before < 0.8
        assert score(model) > 0.95


def test_fit_raises_top_k_accuracy(medical):
    """Which sixth of the range is the first measurement in? Two guesses."""
    x, _ = medical
    cuts = np.quantile(x[:, 0], np.arange(1, 6) / 6)
    ids = np.searchsorted(cuts, x[:, 0])
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(6, activation="softmax"),
        ]
    )
    metric = keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top")
    loss = SoftTopKAccuracy(k=2, sparse=True)
    model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=[metric])
    before = model.evaluate(x, ids, verbose=0, return_dict=True)
    model.fit(x, ids, epochs=20, batch_size=64, verbose=0)
    after = model.evaluate(x, ids, verbose=0, return_dict=True)
    assert before["top"] < 0.5
    assert after["top"] > 0.9
    assert after["loss"] < before["loss"]
