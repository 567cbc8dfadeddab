"""EpochRankingScore: the mean over all groups or rows of an epoch."""

import json

import keras
import numpy as np
import pytest
from conftest import to_numpy
from sklearn.metrics import ndcg_score, top_k_accuracy_score

from softkeras.losses import SoftNDCG
from softkeras.metrics import EpochRankingScore

RNG = np.random.default_rng(20261121)
GRADES = RNG.integers(0, 4, (23, 5)).astype("float32")
GRADES[4] = 0
SCORES = RNG.permuted(np.tile(np.linspace(0.1, 0.9, 5), (23, 1)), axis=1)
SCORES = SCORES.astype("float32")
WEIGHTS = RNG.integers(0, 5, 23).astype("float32")


def run(metric, y, p, w=None, batches=4):
    for part in np.array_split(np.arange(len(y)), batches):
        metric.update_state(y[part], p[part], None if w is None else w[part])
    return to_numpy(metric.result())


def precision_at_2(relevant, scores):
    top = np.argsort(-scores, axis=1)[:, :2]
    return np.take_along_axis(relevant, top, axis=1).mean(axis=1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batches", [1, 4])
def test_ndcg_is_that_of_scikit_learn_over_all_groups(weighted, batches):
    w = WEIGHTS if weighted else None
    metric = EpochRankingScore("ndcg", k=3, empty="zero")
    want = ndcg_score(GRADES, SCORES, k=3, sample_weight=w)
    np.testing.assert_allclose(
        run(metric, GRADES, SCORES, w, batches), want, 1e-5
    )
    metric.reset_state()
    assert np.isnan(to_numpy(metric.result()))


@pytest.mark.parametrize("batches", [1, 4])
def test_precision_at_k_is_the_weighted_mean_of_the_groups(batches):
    relevant = (GRADES > 1) * 1.0
    each = precision_at_2(relevant, SCORES)
    for w in (None, WEIGHTS):
        metric = EpochRankingScore("precision_at_k", k=2)
        got = run(metric, relevant, SCORES, w, batches)
        np.testing.assert_allclose(got, np.average(each, weights=w), 1e-5)


def test_top_k_accuracy_is_that_of_scikit_learn():
    ids = GRADES.argmax(axis=1)
    for w in (None, WEIGHTS):
        want = top_k_accuracy_score(
            ids, SCORES, k=2, labels=range(5), sample_weight=w
        )
        for y, sparse in ((ids, True), (np.eye(5)[ids], False)):
            metric = EpochRankingScore("top_k_accuracy", k=2, sparse=sparse)
            np.testing.assert_allclose(run(metric, y, SCORES, w), want, 1e-5)


def test_it_shows_what_fit_trains_on():
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(1).normal(size=(23, 5, 3)).astype("float32")
    y = np.round(3 / (1 + np.exp(-2 * x[..., 0])))
    model = keras.Sequential(
        [keras.layers.Dense(1), keras.layers.Reshape((5,))]
    )
    metric = EpochRankingScore("ndcg", from_logits=True)
    model.compile(
        keras.optimizers.Adam(0.1), SoftNDCG(from_logits=True), metrics=[metric]
    )
    model.fit(x, y, batch_size=7, epochs=60, verbose=0)
    shown = model.evaluate(x, y, batch_size=7, verbose=0)[1]
    want = ndcg_score(y, to_numpy(model(x)))
    np.testing.assert_allclose(shown, want, 1e-5)
    assert want > 0.97


def test_configuration_and_errors():
    metric = EpochRankingScore("ndcg", k=3, gain="exponential", name="best")
    config = json.loads(json.dumps(metric.get_config()))
    copy = EpochRankingScore.from_config(config)
    assert copy.get_config() == metric.get_config()
    assert copy.name == "best"
    want = run(metric, GRADES, SCORES)
    np.testing.assert_allclose(run(copy, GRADES, SCORES), want)
    for make, text in (
        (lambda: EpochRankingScore("auc"), "'ndcg'"),
        (lambda: EpochRankingScore("ndcg", depth=2), "k, gain, empty"),
        (lambda: EpochRankingScore("precision_at_k"), "needs `k`"),
        (lambda: EpochRankingScore("ndcg", k=0), "whole number of 1 or more"),
        (lambda: EpochRankingScore("ndcg", gain="cubic"), "cubic"),
    ):
        with pytest.raises(ValueError, match=text):
            make()
