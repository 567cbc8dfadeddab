"""EpochConfusionScore: the score of the epoch's confusion matrix."""

import json

import keras
import numpy as np
import pytest
from conftest import to_numpy
from scipy.special import softmax
from sklearn import metrics as sk

from softkeras.losses import soft_categorical_kappa
from softkeras.metrics import EpochConfusionScore

CLASSES = 4
RNG = np.random.default_rng(20261121)
IDS = RNG.integers(0, CLASSES, 90)
ONE_HOT = np.eye(CLASSES)[IDS]
LOGITS = (RNG.normal(size=(90, CLASSES)) + ONE_HOT).astype("float32")
CALLED = LOGITS.argmax(-1)
WEIGHTS = RNG.integers(0, 4, 90) / 2


def kappa_of(weights):
    return lambda y, called, **options: sk.cohen_kappa_score(
        y, called, weights=weights, **options
    )


SCORES = [
    ("categorical_accuracy", {}, sk.accuracy_score),
    ("categorical_balanced_accuracy", {}, sk.balanced_accuracy_score),
    ("categorical_matthews", {}, sk.matthews_corrcoef),
    ("categorical_kappa", {}, kappa_of(None)),
    ("categorical_kappa", {"weights": "linear"}, kappa_of("linear")),
    ("categorical_kappa", {"weights": "quadratic"}, kappa_of("quadratic")),
    (
        "mean_iou",
        {},
        lambda y, called, **options: sk.jaccard_score(
            y, called, average="macro", **options
        ),
    ),
    (
        "categorical_cost",
        {"cost_matrix": (1 - np.eye(CLASSES)).tolist()},
        sk.accuracy_score,
    ),
]


def run(metric, y, p, w=None, batches=7):
    for part in np.array_split(np.arange(len(y)), batches):
        metric.update_state(y[part], p[part], None if w is None else w[part])
    return to_numpy(metric.result())


@pytest.mark.parametrize("name, options, score", SCORES, ids=range(8))
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_scikit_learn_s_of_all_batches(name, options, score, weighted):
    w = WEIGHTS if weighted else None
    want = score(IDS, CALLED, sample_weight=w)
    for y, sparse in ((IDS, True), (ONE_HOT, False)):
        metric = EpochConfusionScore(
            name, sparse=sparse, from_logits=True, **options
        )
        np.testing.assert_allclose(run(metric, y, LOGITS, w), want, 1e-5)
        metric.reset_state()
        got = run(metric, y, LOGITS, w, batches=1)
        np.testing.assert_allclose(got, want, 1e-5)


def test_ignored_classes_count_nowhere():
    y = np.where(np.arange(90) % 4 > 0, IDS, 255)
    metric = EpochConfusionScore(
        "cohen_kappa", sparse=True, ignore_class=255, from_logits=True
    )
    want = sk.cohen_kappa_score(IDS[y < 255], CALLED[y < 255])
    np.testing.assert_allclose(run(metric, y, LOGITS), want, 1e-5)


def test_a_class_that_is_called_and_does_not_occur_counts_as_in_keras():
    y = np.where(IDS == 3, 0, IDS)
    theirs = keras.metrics.MeanIoU(CLASSES, sparse_y_pred=False)
    metric = EpochConfusionScore("mean_iou", sparse=True, from_logits=True)
    theirs.update_state(y, LOGITS)
    want = to_numpy(theirs.result())
    np.testing.assert_allclose(run(metric, y, LOGITS), want, 1e-5)


def test_with_the_loss_s_step_it_is_the_loss_of_the_epoch():
    options = {"sparse": True, "from_logits": True}
    metric = EpochConfusionScore(
        "categorical_kappa", step="sigmoid", weights="linear", **options
    )
    loss = soft_categorical_kappa(IDS, LOGITS, weights="linear", **options)
    np.testing.assert_allclose(run(metric, IDS, LOGITS), 1 - loss, 1e-5)


def test_it_counts_on_where_float32_stops():
    """2^24 + 1 is no float32."""
    metric = EpochConfusionScore("categorical_kappa", sparse=True)
    p = np.array([[0.9, 0.1]], "float32")
    metric.update_state([0], p, [2.0**24])
    for _ in range(40):
        metric.update_state([0], p)
    total, rest = (to_numpy(v)[0, 0] for v in metric.variables)
    assert total + rest.astype("float64") == 2**24 + 40


def test_what_is_0_by_0_is_nan_or_as_asked():
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    for empty, want in (("skip", np.nan), ("zero", 0.0), ("one", 1.0)):
        metric = EpochConfusionScore("mcc", sparse=True, empty=empty)
        assert np.isnan(to_numpy(metric.result()))
        metric.update_state([0, 1], p)
        np.testing.assert_array_equal(to_numpy(metric.result()), want)
        metric.update_state([1], [[0.3, 0.7]])
        assert 0 < float(metric.result()) < 1
    assert sk.matthews_corrcoef([0, 1], [0, 0]) == 0


def test_in_fit_it_shows_the_score_of_the_epoch():
    """Of images, with weights of pixels."""
    x = LOGITS.reshape(15, 3, 2, CLASSES)
    y, w = IDS.reshape(15, 3, 2), WEIGHTS.reshape(15, 3, 2)
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((None, None, CLASSES)), keras.layers.Dense(CLASSES)]
    )
    options = {"sparse": True, "from_logits": True}
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[EpochConfusionScore("mean_iou", **options)],
        weighted_metrics=[EpochConfusionScore("cohen_kappa", **options)],
    )
    history = model.fit(
        x, y, batch_size=4, epochs=2, verbose=0, validation_data=(x, y, w)
    ).history
    called = model.predict(x, verbose=0).argmax(-1).ravel()
    want = sk.jaccard_score(IDS, called, average="macro")
    np.testing.assert_allclose(history["val_mean_iou"][-1], want, 1e-5)
    want = sk.cohen_kappa_score(IDS, called, sample_weight=WEIGHTS)
    got = history["val_cohen_kappa"][-1]
    np.testing.assert_allclose(got, want, 1e-5, 1e-6)


@keras.saving.register_keras_serializable(package="test")
def recall_of_first(matrix):
    return matrix[0, 0] / keras.ops.sum(matrix[0])


@pytest.mark.parametrize(
    "metric",
    [
        EpochConfusionScore("mean_iou"),
        EpochConfusionScore("cohen_kappa", weights="quadratic", name="mine"),
        EpochConfusionScore(recall_of_first, step="sigmoid", sharpness=3.0),
        EpochConfusionScore(
            "categorical_cost",
            cost_matrix=np.eye(3),
            sparse=True,
            ignore_class=-1,
        ),
    ],
    ids=lambda metric: metric.name,
)
def test_a_metric_comes_back_from_its_configuration(metric):
    config = json.loads(json.dumps(keras.metrics.serialize(metric)))
    again = keras.metrics.deserialize(config)
    assert again.get_config() == metric.get_config()
    assert again.name == metric.name


def test_what_is_refused_is_named():
    metric = EpochConfusionScore("mean_iou", sparse=True)
    metric.update_state([0], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"(?s)mean_iou: every.*3,.*2,"):
        metric.update_state([0], softmax([[1.0, 2.0, 3.0]], -1))
    with pytest.raises(ValueError, match=r"f_beta.*categorical_kappa"):
        EpochConfusionScore("f_beta")
