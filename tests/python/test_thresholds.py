"""Thresholds: every cut point tried one by one, and scikit-learn's curves."""

import keras
import numpy as np
import pytest
from conftest import label
from sklearn import metrics as sk

from softkeras.counts import Counts
from softkeras.layers import ThresholdLayer
from softkeras.steps import Step
from softkeras.thresholds import BestThreshold, best_threshold


def specificity(c):
    return c.tn / (c.tn + c.fp)


def accuracy(c):
    return (c.tp + c.tn) / (c.tp + c.fp + c.fn + c.tn)


def cost(c):
    """Not monotone in anything, and never 0/0."""
    return -(5 * c.fn + c.fp) + 0.3 * np.sqrt(c.tp * c.tn)


SCORES = ["precision", "recall", "f_beta", specificity, accuracy, cost]


def counts_at(y, p, w, t):
    d = p > t
    return Counts(*(w[m].sum() for m in (d & y, d & ~y, ~d & y, ~d & ~y)))


def value_at(score, y, p, w, t):
    c = counts_at(y.astype(bool), p, w, t)
    named = {
        "precision": lambda c: c.tp / (c.tp + c.fp),
        "recall": lambda c: c.tp / (c.tp + c.fn),
        "f_beta": lambda c: 2 * c.tp / (2 * c.tp + c.fp + c.fn),
    }
    with np.errstate(invalid="ignore"):
        return named.get(score, score)(c)


def brute_force(score, y, p, w, at_least=()):
    """The highest score over all t in (0, 1), of which p > t knows no more."""
    ends = np.unique(np.concatenate([p, [0.0, 1.0]]))
    middles = (ends[1:] + ends[:-1]) / 2
    tried = np.concatenate([middles, ends[(ends > 0) & (ends < 1)]])
    best = -np.inf
    for t in tried:
        if all(
            value_at(s, y, p, w, t) >= least - 1e-9 for s, least in at_least
        ):
            value = value_at(score, y, p, w, t)
            best = max(best, -np.inf if np.isnan(value) else value)
    return best


def samples(seed, n=24):
    """Labels, probabilities with ties and ends, weights with zeros."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n).astype(float)
    p = [
        rng.random(n),
        rng.integers(0, 6, n) / 5,
        np.clip(rng.normal(0.5, 0.5, n), 0, 1),
        rng.integers(1, 5, n) / 5,
    ][seed % 4]
    w = [np.ones(n), rng.random(n), rng.integers(0, 3, n).astype(float)]
    return y, p, w[seed % 3]


@pytest.mark.parametrize("score", SCORES, ids=label)
@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_best_of_all_cut_points(score, seed):
    y, p, w = samples(seed)
    found = best_threshold(y, p, score, w)
    assert isinstance(found, BestThreshold) and 0 < found.threshold < 1
    np.testing.assert_allclose(found.score, brute_force(score, y, p, w), 1e-12)
    reached = value_at(score, y, p, w, found.threshold)
    np.testing.assert_allclose(found.score, reached, 1e-12)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    "score, bounds",
    [
        ("precision", [("recall", 0.7)]),
        ("recall", [("precision", 0.5)]),
        (cost, [(specificity, 0.3), ("recall", 0.2)]),
    ],
    ids=["precision", "recall", "cost"],
)
def test_it_is_the_best_of_those_that_reach_the_bounds(score, bounds, seed):
    y, p, w = samples(seed)
    want = brute_force(score, y, p, w, bounds)
    if want == -np.inf:
        with pytest.raises(ValueError, match="No threshold reaches"):
            best_threshold(y, p, score, w, at_least=dict(bounds))
        return
    found = best_threshold(y, p, score, w, at_least=dict(bounds))
    np.testing.assert_allclose(found.score, want, 1e-12)
    for bound, least in bounds:
        assert value_at(bound, y, p, w, found.threshold) >= least - 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_best_of_scikit_learn_s_curves(seed):
    y, p, w = samples(seed, 200)
    p = np.clip(p, 0.01, 0.99)  # every cut point there is can be had
    precision, recall, _ = sk.precision_recall_curve(y, p, sample_weight=w)
    with np.errstate(invalid="ignore"):
        f1 = 2 * precision * recall / (precision + recall)
    got = best_threshold(y, p, "f_beta", w)
    np.testing.assert_allclose(got.score, np.nanmax(f1), 1e-12)
    decision = p > got.threshold
    np.testing.assert_allclose(
        got.score, sk.f1_score(y, decision, sample_weight=w), 1e-12
    )
    got = best_threshold(y, p, "precision", w, at_least={"recall": 0.8})
    want = precision[:-1][recall[:-1] >= 0.8 - 1e-12].max()
    np.testing.assert_allclose(got.score, want, 1e-12)

    fpr, tpr, _ = sk.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
    got = best_threshold(y, p, "recall", w, at_least={specificity: 0.6})
    np.testing.assert_allclose(got.score, tpr[fpr <= 0.4 + 1e-12].max(), 1e-12)
    got = best_threshold(y, p, lambda c: c.tp / (c.tp + c.fn) + specificity(c))
    fpr, tpr, _ = sk.roc_curve(y, p)
    np.testing.assert_allclose(got.score, 1 + (tpr - fpr).max(), 1e-12)


def test_the_threshold_is_halfway_and_nearest_to_a_half():
    y = [0, 0, 1, 1]
    assert best_threshold(y, [0.1, 0.2, 0.6, 0.7]) == (0.4, 1.0)
    # Recall is 1 below 0.2: at the end, or between the two below.
    assert best_threshold([0, 1, 1], [0.1, 0.2, 0.6], "recall") == (
        pytest.approx(0.15),
        1.0,
    )
    # No threshold in (0, 1) calls a 0 positive or a 1 negative.
    assert best_threshold([1.0, 0.0], [0.0, 1.0], accuracy).score == 0.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_neighbouring_floats_are_told_apart(dtype):
    for low in (0.3, 0.5, 0.999, 1e-3):
        low = np.dtype(dtype).type(low)
        high = np.nextafter(low, np.dtype(dtype).type(1))
        for y, want in (([0, 1], 1.0), ([1, 0], 0.5)):
            p = np.array([low, high])
            found = best_threshold(y, p, accuracy)
            assert found.score == want
            # Also where the comparison is made in that dtype.
            cut = np.dtype(dtype).type(found.threshold)
            assert np.mean((p > cut) == y) == want
            decision = Step("hard")(p, found.threshold)
            assert np.mean(np.array(decision) == y) == want


def test_each_class_has_its_own(rng):
    y = rng.integers(0, 2, (30, 2, 3))
    p, w = rng.random((30, 2, 3)), rng.random(30)
    threshold, score = best_threshold(y, p, "f_beta", w, beta=2.0)
    assert threshold.shape == score.shape == (3,)
    for k in range(3):
        alone = best_threshold(
            y[..., k].ravel(), p[..., k].ravel(), "f_beta", w.repeat(2), beta=2
        )
        assert (threshold[k], score[k]) == alone


def test_shapes_dtypes_and_weights_that_are_the_same(rng):
    y, p = rng.integers(0, 2, 20), rng.random(20).astype("float32")
    times = rng.integers(0, 3, 20)
    want = best_threshold(np.repeat(y, times), np.repeat(p, times))
    dirty, holes = y.astype(float), p.copy()
    dirty[times == 0], holes[times == 0] = np.nan, 7.0
    for args in (
        (y, p, "f_beta", times),
        (y[:, None], p, "f_beta", times[:, None]),
        (y == 1, p[:, None], "f_beta", times),
        (dirty, holes, "f_beta", times),
        (
            keras.ops.convert_to_tensor(y),
            keras.ops.convert_to_tensor(p),
            "f_beta",
            keras.ops.convert_to_tensor(times),
        ),
    ):
        np.testing.assert_allclose(best_threshold(*args), want, 1e-12)


def test_an_undefined_score_does_what_empty_says():
    p = [0.2, 0.6]
    with pytest.raises(ValueError, match=r"recall is 0/0.*'zero'"):
        best_threshold([0, 0], p, "recall")
    assert best_threshold([0, 0], p, "recall", empty="zero").score == 0
    assert best_threshold([0, 0], p, "recall", empty="one").score == 1
    # Calling nothing positive: precision is 0/0, which is not the best.
    assert best_threshold([1, 0], p, "precision").score == 0.5
    found = best_threshold([1, 0], p, "precision", empty="one")
    assert found.score == 1 and found.threshold > 0.6


def test_a_score_that_is_the_same_everywhere_is_said_to_be():
    p = np.array([0.1, 0.8, 0.4, 0.6], "float32")
    with pytest.warns(UserWarning, match="f_beta is 0 at every threshold"):
        best = best_threshold(np.zeros(4), p, empty="zero")
    assert best.score == 0
    y = np.array([[1, 0], [0, 0], [1, 0], [1, 0]])
    with pytest.warns(UserWarning, match="of class 1 is 0 at every"):
        best_threshold(y, np.stack([p, p], -1), "f_beta")


def test_functions_of_keras_ops_will_do(rng):
    y, p = rng.integers(0, 2, 40), rng.random(40)
    score = lambda c: keras.ops.sqrt(  # noqa: E731
        c.tp / (c.tp + c.fn) * c.tn / (c.tn + c.fp)
    )
    found = best_threshold(y, p, score)
    d = p > found.threshold
    want = np.sqrt(d[y == 1].mean() * (~d)[y == 0].mean())
    np.testing.assert_allclose(found.score, want, 1e-6)


def test_a_million_take_no_longer_than_sorting_them(rng):
    p = rng.random(1_000_000)
    y = rng.random(1_000_000) < p
    assert best_threshold(y, p, accuracy).threshold == pytest.approx(0.5, 0.05)


@pytest.mark.parametrize(
    "args, options, words",
    [
        (([0, 2], [0.1, 0.2]), {}, ["y_true", "0 and 1", "2"]),
        (([0, 1], [0.1, np.nan]), {}, ["y_prob", "nan"]),
        (([0, np.nan], [0.1, 0.2]), {}, ["y_true", "nan"]),
        (([0, 1], [0.1, 1.2]), {}, ["y_prob", "1.2", "sigmoid"]),
        (([0, 1], [0, 1]), {}, ["y_prob", "floats", "int"]),
        (([0, 1, 1], [0.1, 0.2]), {}, ["(3,)", "(2,)"]),
        (([], np.zeros(0)), {}, ["y_prob", "(0,)"]),
        ((["a", "b"], [0.1, 0.2]), {}, ["y_true", "<U1"]),
        (([0, 1], [0.1, 0.2], "f_beta", [1, -1]), {}, ["weight", "-1"]),
        (([0, 1], [0.1, 0.2], "f_beta", [1, np.inf]), {}, ["weight", "inf"]),
        (([0, 1], [0.1, 0.2], "f_beta", [0, 0]), {}, ["weights", "0"]),
        (([0, 1], [0.1, 0.2], "f_beta", [1, 1, 1]), {}, ["(3,)", "(2,)"]),
        (([0, 1], [0.1, 0.2], "sharpe"), {}, ["'sharpe'", "'f_beta'"]),
        (([0, 1], [0.1, 0.2], "recall"), {"beta": 2}, ["beta"]),
        (([0, 1], [0.1, 0.2]), {"empty": "nan"}, ["'nan'", "'skip'"]),
        (([0, 1], [0.1, 0.2]), {"at_least": 0.9}, ["at_least", "0.9"]),
        (
            ([1, 0], [0.1, 0.2], "recall"),
            {"at_least": {"precision": 0.9}},
            ["precision >= 0.9", "0.5"],
        ),
        (
            (np.eye(2)[[0, 0]], np.full((2, 2), 0.5), "recall"),
            {},
            ["of class 1", "recall"],
        ),
        (
            ([0, 1], [0.1, 0.2], lambda c: 1.0),
            {},
            ["one value an entry", "()"],
        ),
        (([0, [1]], [0.1, 0.2]), {}, ["y_true", "rows of unlike lengths"]),
        (([0, 1], np.eye(2)), {}, ["(2, 2)", "y_prob[:, 1]"]),
    ],
    ids=range(21),
)
def test_what_is_refused_is_named(args, options, words):
    with pytest.raises(ValueError) as error:
        best_threshold(*args, **options)
    for word in words:
        assert word in str(error.value)


def test_the_layer_decides_what_the_threshold_was_chosen_for(rng):
    y = rng.integers(0, 2, (50, 3))
    p = rng.random((50, 3)).astype("float32")
    threshold, score = best_threshold(y, p)
    decision = np.array(ThresholdLayer(threshold)(p))
    want = sk.f1_score(y, decision, average=None)
    np.testing.assert_allclose(score, want, 1e-12)
