"""EpochMetric: a black box, once an epoch, in the history."""

import keras
import numpy as np
import pytest
from sklearn import metrics

from softkeras.callbacks import EpochMetric

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 2)).astype("float32")
Y = (X[:, 0] + 0.5 * RNG.normal(size=60) > 0).astype("int64")


def model():
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, "sigmoid")]
    )
    network.compile(keras.optimizers.SGD(0.5), loss="binary_crossentropy")
    return network


def test_the_history_has_the_metric_of_each_epoch():
    network, after = model(), []
    weights = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: after.append(network.get_weights())
    )
    shown = EpochMetric(metrics.roc_auc_score, X[40:], Y[40:])
    history = network.fit(
        X[:40], Y[:40], epochs=3, verbose=0, callbacks=[shown, weights]
    )
    want = []
    for kernel, bias in after:
        logits = X[40:] @ kernel + bias
        want.append(metrics.roc_auc_score(Y[40:], logits[:, 0]))
    assert history.history["roc_auc_score"] == pytest.approx(want)


def test_training_is_what_it_is_without_it():
    weights = []
    for callbacks in (
        [],
        [EpochMetric(metrics.log_loss, X, Y, name="shown", batch_size=7)],
    ):
        network = model()
        network.fit(X, Y, epochs=3, verbose=0, callbacks=callbacks)
        weights.append(network.get_weights())
    for a, b in zip(*weights):
        np.testing.assert_array_equal(a, b)


def test_weights_and_early_stopping():
    w = RNG.random(60)
    seen = []

    def share(y_true, y_pred, sample_weight):
        seen.append(sample_weight)
        return len(seen) * np.float32(-1)

    stopping = keras.callbacks.EarlyStopping("share", patience=1, mode="max")
    history = model().fit(
        X,
        Y,
        epochs=9,
        verbose=0,
        callbacks=[EpochMetric(share, X, Y, w), stopping],
    )
    assert history.history["share"] == [-1.0, -2.0]
    assert seen[0] is w


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda y, p: p, "must return a number"),
        (lambda y, p: None, "must return a number. Received: None"),
        (lambda y, p: "0.5", "must return a number"),
    ],
    ids=["array", "none", "text"],
)
def test_what_is_no_number_is_refused(function, said):
    with pytest.raises(ValueError, match=said):
        model().fit(X, Y, verbose=0, callbacks=[EpochMetric(function, X, Y)])


def test_one_output_has_the_shape_of_its_labels():
    seen = []
    for y in (Y, Y[:, None]):
        shown = EpochMetric(lambda y, p: seen.append(p.shape) or 0.0, X, y)
        assert shown.name == "epoch_metric"
        model().fit(X, Y, verbose=0, callbacks=[shown])
    assert seen == [(60,), (60, 1)]


def test_bad_arguments():
    with pytest.raises(ValueError, match="metrics of Keras go to compile"):
        EpochMetric(keras.metrics.AUC(), X, Y)
    with pytest.raises(ValueError, match=r"`function`.*'auc'"):
        EpochMetric("auc", X, Y)
    twice = EpochMetric(lambda y, p: 1.0, X, Y, name="loss")
    with pytest.raises(ValueError, match="'loss' already"):
        model().fit(X, Y, verbose=0, callbacks=[twice])
