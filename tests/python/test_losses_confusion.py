"""ConfusionLoss and its named classes: their life in Keras."""

import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from categorical_cases import (
    COSTS,
    IDS,
    LOGITS,
    LOSSES,
    ONE_HOT,
    SHARES,
    WEIGHTS,
    jaccard,
)
from conftest import BACKEND, label
from sklearn import metrics as sk
from sklearn.datasets import load_wine

from softkeras import losses, scores
from softkeras.losses import (
    ConfusionLoss,
    SoftCategoricalAccuracy,
    SoftCategoricalCost,
    SoftCategoricalKappa,
    SoftCategoricalMatthews,
    SoftMeanIoU,
    confusion_loss,
    soft_categorical_cost,
)
from softkeras.metrics import EpochConfusionScore
from softkeras.scores import names

CLASS_OF = {
    function: getattr(losses, name)
    for function, *_ in LOSSES.values()
    for name in losses.categorical.__all__
    if name.lower() == function.__name__.replace("_", "")
}


def test_classes_and_functions_agree():
    assert len(CLASS_OF) == 6
    for function, options, _ in LOSSES.values():
        loss = CLASS_OF[function](sparse=True, **options)
        for w in (None, WEIGHTS, WEIGHTS[:, None]):
            want = function(IDS, SHARES, w, sparse=True, **options)
            np.testing.assert_allclose(loss(IDS, SHARES, w), want, 1e-5)
        of_function = dict(inspect.signature(function).parameters)
        of_class = dict(inspect.signature(CLASS_OF[function]).parameters)
        for name in ("y_true", "y_pred", "sample_weight", "mask"):
            del of_function[name]
        for name in ("reduction", "name", "dtype"):
            del of_class[name]
        assert {n: p.default for n, p in of_function.items()} == {
            n: p.default for n, p in of_class.items()
        }


@keras.saving.register_keras_serializable(package="test")
def accuracy_of_last(matrix):
    return matrix[-1, -1] / keras.ops.sum(matrix[-1])


ALL = [
    *(CLASS_OF[function](**own) for function, own, _ in LOSSES.values()),
    SoftMeanIoU(sparse=True, ignore_class=255, empty="zero", name="mine"),
    SoftCategoricalKappa("linear", step="hard", from_logits=True),
    ConfusionLoss("mean_iou", present=False),
    ConfusionLoss("mcc", sharpness=2.0, dtype="float64"),
    ConfusionLoss("categorical_cost", cost_matrix=COSTS),
    ConfusionLoss(accuracy_of_last, empty="one"),
]


@pytest.mark.parametrize("loss", ALL, ids=range(len(ALL)))
def test_a_loss_comes_back_from_its_configuration(loss):
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    again = keras.losses.deserialize(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    y = IDS if loss.scoring.labels.sparse else ONE_HOT
    np.testing.assert_array_equal(again(y, SHARES), loss(y, SHARES))


def test_names_are_those_of_the_scores():
    for name, function in names.OF_MATRIX.functions.items():
        options = {"cost_matrix": COSTS} if "cost" in name else {}
        got = confusion_loss(ONE_HOT, SHARES, name, **options)
        want = confusion_loss(ONE_HOT, SHARES, function, **options)
        assert float(got) == float(want)
        assert function is getattr(scores, name)
    assert confusion_loss(ONE_HOT, SHARES, "mcc") == confusion_loss(
        ONE_HOT, SHARES, "categorical_matthews"
    )
    for alias, name in names.OF_MATRIX.aliases.items():
        assert name in names.OF_MATRIX.functions, alias


def test_a_score_need_not_be_hashable():
    class FirstRecall:
        def __eq__(self, other):
            return self is other

        def __call__(self, matrix):
            return matrix[0, 0] / keras.ops.sum(matrix[0])

    with pytest.raises(TypeError):
        hash(FirstRecall())
    p = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]]
    value = confusion_loss(
        [0, 0, 1], p, FirstRecall(), step="hard", sparse=True
    )
    assert float(value) == 0.5


def test_a_function_that_is_not_registered_says_how():
    loss = ConfusionLoss(lambda m: m[0, 0] / keras.ops.sum(m))
    assert 0 < loss(ONE_HOT, SHARES) < 1
    with pytest.raises(ValueError, match="register_keras_serializable"):
        loss.get_config()


@pytest.mark.parametrize(
    "loss, score",
    [
        (SoftCategoricalAccuracy(sparse=True), "categorical_accuracy"),
        (SoftCategoricalMatthews(sparse=True), "categorical_matthews"),
        (SoftMeanIoU(sparse=True, from_logits=True), "mean_iou"),
        (
            SoftCategoricalCost(1 - np.eye(3), sparse=True),
            "categorical_accuracy",
        ),
    ],
    ids=label,
)
def test_fit_learns_the_score_that_it_trains_on(loss, score):
    x, y = load_wine(return_X_y=True)
    x = ((x - x.mean(0)) / x.std(0)).astype("float32")
    keras.utils.set_random_seed(1)
    logits = loss.scoring.from_logits
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation=None if logits else "softmax"),
        ]
    )
    metric = EpochConfusionScore(
        score, sparse=True, empty="zero", from_logits=logits
    )
    model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=[metric])
    model.fit(x, y, epochs=25, batch_size=32, verbose=0)
    after = model.evaluate(x, y, verbose=0, return_dict=True)
    assert after[score] > 0.95
    called = model.predict(x, verbose=0).argmax(-1)
    want = {
        "categorical_accuracy": sk.accuracy_score,
        "categorical_matthews": sk.matthews_corrcoef,
        "mean_iou": jaccard,
    }[score](y, called)
    np.testing.assert_allclose(after[score], want, 1e-5)


def test_a_saved_model_reloads_in_a_new_process(tmp_path):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="softmax")]
    )
    loss = SoftCategoricalCost(COSTS, sparse=True, ignore_class=-1)
    model.compile("adam", loss=loss)
    model.fit(LOGITS[:, :3], IDS, verbose=0)
    model.save(tmp_path / "model.keras")
    script = """
import keras, softkeras
model = keras.saving.load_model("model.keras")
assert type(model.loss) is softkeras.losses.SoftCategoricalCost
print(model.loss.get_config()["ignore_class"], model.loss.scoring.step)
"""
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    want = "-1 Step('sigmoid', sharpness=0.25, scale='logit')"
    assert output.strip() == want


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="casts losses of float16 only on TensorFlow"
)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    finally:
        keras.config.set_dtype_policy("float32")
    loss = SoftCategoricalMatthews(sparse=True, from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss=loss)
    history = model.fit(LOGITS, IDS, epochs=15, verbose=0).history["loss"]
    assert np.all(np.isfinite(history)) and history[-1] < history[0] - 0.1


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ConfusionLoss("f_beta"), ["'f_beta'", "'categorical_kappa'"]),
        (lambda: ConfusionLoss(3), ["3", "a function of a confusion matrix"]),
        (lambda: SoftCategoricalKappa("cubic"), ["'cubic'", "'quadratic'"]),
        (lambda: ConfusionLoss("kappa"), ["'kappa'"]),
        (lambda: ConfusionLoss("mean_iou", beta=2), ["mean_iou", "beta"]),
        (lambda: ConfusionLoss("categorical_cost"), ["cost_matrix"]),
        (lambda: SoftCategoricalCost([1, 2]), ["n by n", "[1, 2]"]),
        (
            lambda: soft_categorical_cost(
                IDS, SHARES, cost_matrix=np.eye(3), sparse=True
            ),
            ["4 by 4"],
        ),
        (
            lambda: confusion_loss(ONE_HOT, SHARES, keras.ops.diagonal),
            ["one number", "(4,)", "diagonal"],
        ),
        (lambda: SoftMeanIoU(empty="nan"), ["'nan'", "'skip'"]),
        (lambda: SoftMeanIoU(step="ramp"), ["arg-max", "ramp"]),
        (lambda: SoftMeanIoU(ignore_class=1), ["sparse=True"]),
        (lambda: scores.mean_iou(np.ones((2, 3))), ["(2, 3)", "classes"]),
        (lambda: scores.mean_iou(np.ones((2, 2)), 1), ["present=1"]),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
