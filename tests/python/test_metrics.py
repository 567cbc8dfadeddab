"""EpochScore: the score of the epoch, not the mean of the batches'."""

import json
import warnings

import keras
import numpy as np
import pytest
from conftest import to_numpy
from sklearn.metrics import f1_score, fbeta_score, precision_score

from softkeras.losses import soft_fbeta
from softkeras.metrics import EpochScore
from softkeras.steps import Step


def run(metric, y, p, w=None, batches=7):
    for part in np.array_split(np.arange(len(y)), batches):
        metric.update_state(y[part], p[part], None if w is None else w[part])
    return to_numpy(metric.result())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "average", [None, "micro", "macro", "weighted", "samples"]
)
@pytest.mark.parametrize(
    "empty, zero_division", [("skip", np.nan), ("one", 1.0), ("zero", 0.0)]
)
def test_it_is_scikit_learn_s_score_of_all_batches(
    rng, average, empty, zero_division, weighted
):
    y = rng.integers(0, 2, (90, 4))
    y[:, 2] = 0
    p = rng.random((90, 4)).astype("float32")
    p[:, 2] = 0.2
    y[5], p[5] = 0, 0.1
    w = rng.integers(0, 4, 90) if weighted else None
    metric = EpochScore("f_beta", beta=2.0, average=average, empty=empty)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = fbeta_score(
            y,
            p > 0.5,
            beta=2.0,
            average=average,
            sample_weight=w,
            zero_division=zero_division,
        )
    np.testing.assert_allclose(run(metric, y, p, w), want, 1e-6)
    metric.reset_state()
    np.testing.assert_allclose(run(metric, y, p, w, batches=1), want, 1e-6)


def test_it_is_not_the_mean_over_batches(rng):
    y, p = rng.integers(0, 2, 40), rng.random(40).astype("float32")
    parts = np.array_split(np.arange(40), 10)
    mean = np.mean([f1_score(y[i], p[i] > 0.5) for i in parts])
    got = run(EpochScore("f_beta"), y, p, batches=10)
    np.testing.assert_allclose(got, f1_score(y, p > 0.5), 1e-6)
    assert abs(got - mean) > 1e-3


def test_with_the_loss_s_step_it_is_the_loss_of_the_epoch(rng):
    y, p = rng.integers(0, 2, (40, 3)), rng.random((40, 3)).astype("float32")
    metric = EpochScore("f_beta", step=Step(), threshold=0.4)
    np.testing.assert_allclose(
        run(metric, y, p), 1 - soft_fbeta(y, p, threshold=0.4), 1e-5
    )


def test_it_counts_on_where_float32_stops():
    """2^24 + 1 is no float32; here there are 2^24 + 400 of one kind."""
    metric = EpochScore("precision")
    metric.update_state([1.0], [0.9], [2.0**24])
    for _ in range(400):
        metric.update_state([1.0], [0.9])
    metric.update_state([0.0], [0.9], [800.0])
    want = (2**24 + 400) / (2**24 + 1200)
    assert abs(float(metric.result()) - want) < 1e-7
    total, rest = (float(v) for v in metric.variables[:2])
    assert total + rest == 2**24 + 400


def test_nothing_defined_is_nan_and_not_a_number_made_up():
    metric = EpochScore("recall")
    assert np.isnan(to_numpy(metric.result()))
    metric.update_state([0.0, 0.0], [0.1, 0.2])
    assert np.isnan(to_numpy(metric.result()))
    metric.update_state([1.0], [0.7])
    assert float(metric.result()) == 1


@keras.saving.register_keras_serializable(package="test")
def specificity(counts):
    return counts.tn / (counts.tn + counts.fp)


@pytest.mark.parametrize(
    "metric",
    [
        EpochScore("precision"),
        EpochScore("f_beta", beta=0.5, average=None, name="mine"),
        EpochScore(specificity, step=Step("ramp", 3.0), threshold=0.2),
        EpochScore("recall", threshold=None, from_logits=True, empty="one"),
    ],
    ids=lambda metric: metric.name,
)
def test_a_metric_comes_back_from_its_configuration(metric):
    config = json.loads(json.dumps(keras.metrics.serialize(metric)))
    again = keras.metrics.deserialize(config)
    assert again.get_config() == metric.get_config()
    assert again.name == metric.name


def test_in_fit_it_shows_the_score_of_the_epoch(medical):
    x, y = medical
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((30,)), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(
        "adam",
        "binary_crossentropy",
        metrics=[EpochScore("precision"), EpochScore("f_beta")],
        weighted_metrics=[EpochScore("precision", name="weighted")],
    )
    w = np.where(y == 1, 5.0, 1.0)
    history = model.fit(
        x, y, epochs=3, batch_size=32, verbose=0, validation_data=(x, y, w)
    ).history
    decision = model.predict(x, verbose=0)[:, 0] > 0.5
    for name, want in {
        "val_precision": precision_score(y, decision),
        "val_f_beta": f1_score(y, decision),
        "val_weighted": precision_score(y, decision, sample_weight=w),
    }.items():
        np.testing.assert_allclose(history[name][-1], want, 1e-6)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: EpochScore("sharpe"), ["'sharpe'", "'f_beta'"]),
        (lambda: EpochScore("f_beta", beta=0), ["beta=0"]),
        (lambda: EpochScore("recall", average="mean"), ["'mean'"]),
        (lambda: EpochScore("recall", threshold=2), ["threshold=2"]),
        (
            lambda: EpochScore("recall").update_state([1], [True]),
            ["bool", "floats"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
