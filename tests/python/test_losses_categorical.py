"""Losses of a confusion matrix: against scikit-learn, Keras and loops."""

import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import (
    BACKEND,
    compiled,
    golden,
    label,
    to_numpy,
    value_and_gradient,
)
from scipy.special import softmax
from sklearn import metrics as sk

from softkeras import losses, scores, soft_confusion_matrix
from softkeras.losses import (
    ConfusionLoss,
    SoftCategoricalAccuracy,
    SoftCategoricalCost,
    SoftCategoricalKappa,
    SoftCategoricalMatthews,
    SoftMeanIoU,
    confusion_loss,
    soft_categorical_accuracy,
    soft_categorical_balanced_accuracy,
    soft_categorical_cost,
    soft_categorical_kappa,
    soft_categorical_matthews,
    soft_mean_iou,
)
from softkeras.scores import names
from softkeras.steps import Step

CLASSES = 4
RNG = np.random.default_rng(20261121)
IDS = RNG.integers(0, CLASSES, 40)
ONE_HOT = np.eye(CLASSES)[IDS]
LOGITS = 2 * RNG.normal(size=(40, CLASSES)) + 1.5 * ONE_HOT
SHARES = softmax(LOGITS, -1)
WEIGHTS = RNG.integers(0, 4, 40) / 2
COSTS = RNG.integers(0, 9, (CLASSES, CLASSES)) / 3


def mean_cost(y, called, sample_weight=None):
    return 1 - np.average(COSTS[y, called], weights=sample_weight)


def kappa_of(weights):
    return lambda y, called, sample_weight=None: sk.cohen_kappa_score(
        y, called, weights=weights, sample_weight=sample_weight
    )


def jaccard(y, called, sample_weight=None):
    return sk.jaccard_score(
        y, called, average="macro", sample_weight=sample_weight
    )


# Of a loss: its arguments, and the score of scikit-learn.
LOSSES = {
    "accuracy": (soft_categorical_accuracy, {}, sk.accuracy_score),
    "balanced": (
        soft_categorical_balanced_accuracy,
        {},
        sk.balanced_accuracy_score,
    ),
    "matthews": (soft_categorical_matthews, {}, sk.matthews_corrcoef),
    "kappa": (soft_categorical_kappa, {}, kappa_of(None)),
    "linear": (
        soft_categorical_kappa,
        {"weights": "linear"},
        kappa_of("linear"),
    ),
    "quadratic": (
        soft_categorical_kappa,
        {"weights": "quadratic"},
        kappa_of("quadratic"),
    ),
    "iou": (soft_mean_iou, {}, jaccard),
    "cost": (soft_categorical_cost, {"cost_matrix": COSTS}, mean_cost),
}
CLASS_OF = {
    function: getattr(losses, name)
    for function, *_ in LOSSES.values()
    for name in losses.categorical.__all__
    if name.lower() == function.__name__.replace("_", "")
}


# Against scikit-learn


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_with_hard_decisions_it_is_scikit_learn_s(name, weighted, mode):
    function, options, score = LOSSES[name]
    w = WEIGHTS if weighted else None
    want = 1 - score(IDS, LOGITS.argmax(-1), sample_weight=w)
    for y, sparse in ((IDS, True), (ONE_HOT, False)):
        run = compiled(
            lambda x, y=y, s=sparse: function(
                y, x, w, step="hard", sparse=s, from_logits=True, **options
            ),
            mode,
        )
        got = run(keras.ops.convert_to_tensor(LOGITS))
        np.testing.assert_allclose(got, want, 1e-12)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("called", [4, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_a_class_that_does_not_occur(name, called):
    """Called all the same, or not: scikit-learn's number."""
    function, options, score = LOSSES[name]
    y = np.where(IDS == 3, 0, IDS)
    decisions = np.random.default_rng(1).integers(0, called, len(y))
    want = 1 - score(y, decisions)
    p = np.eye(CLASSES)[decisions]
    got = function(y, p, step="hard", sparse=True, **options)
    np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_sharp_it_comes_close_to_the_hard_one(name):
    function, options, score = LOSSES[name]
    got = function(
        IDS, LOGITS, sparse=True, from_logits=True, sharpness=1e4, **options
    )
    want = 1 - score(IDS, LOGITS.argmax(-1))
    np.testing.assert_allclose(got, want, 1e-9, 1e-9)


@pytest.mark.parametrize("case", golden("confusion"), ids=lambda c: c["loss"])
def test_value_matrix_and_gradient_are_those_of_the_reference(case):
    function = getattr(losses, case["loss"])
    y, x, w = np.array(case["y_true"]), np.array(case["y_pred"]), case["weight"]
    decision = {key: case[key] for key in ("step", "sharpness", "from_logits")}
    decision["sparse"] = case["sparse"]
    matrix = soft_confusion_matrix(y, x, w, **decision)
    np.testing.assert_allclose(matrix, case["matrix"], 1e-10, 1e-12)
    options = {"empty": case["empty"], **case["score_args"], **decision}
    value, gradient = value_and_gradient(
        lambda x: function(y, x, w, **options), x
    )
    np.testing.assert_allclose(value, case["value"], 1e-10, 1e-12)
    if case["gradient"] is not None:
        np.testing.assert_allclose(gradient, case["gradient"], 1e-8, 1e-10)


# What is the same number


@pytest.mark.parametrize("y", ["one-hot", "shares"])
@pytest.mark.parametrize("options", [{}, {"sharpness": 1.0}], ids=str)
def test_losses_of_counts_with_the_arg_max_are_the_same_number(y, options):
    labels = ONE_HOT if y == "one-hot" else RNG.dirichlet(np.ones(4), 40)
    for got, twin, average in (
        (soft_categorical_accuracy, losses.soft_recall, "micro"),
        (soft_categorical_balanced_accuracy, losses.soft_recall, "macro"),
        (soft_mean_iou, losses.soft_jaccard, "macro"),
    ):
        for data in (labels, np.where(np.arange(4) == 2, 0, ONE_HOT)[:30]):
            w = WEIGHTS * (data.sum(-1) > 0) if len(data) == 40 else None
            rows = data.sum(-1) > 0
            want = twin(
                data[rows],
                SHARES[: len(data)][rows],
                None if w is None else w[rows],
                threshold=None,
                average=average,
                **options,
            )
            value = got(
                data[rows],
                SHARES[: len(data)][rows],
                None if w is None else w[rows],
                **options,
            )
            np.testing.assert_allclose(value, want, 1e-10)


def test_kappa_and_matthews_of_two_classes_are_those_of_counts():
    y, x = IDS % 2, LOGITS[:, 0]
    both = np.stack([-x / 2, x / 2], -1)
    for got, twin in (
        (soft_categorical_kappa, losses.soft_cohen_kappa),
        (soft_categorical_matthews, losses.soft_matthews),
    ):
        value = got(y, both, sparse=True, from_logits=True)
        want = twin(y, x, from_logits=True)
        np.testing.assert_allclose(value, want, 1e-10)


def test_labels_are_the_best_prediction_of_themselves():
    y = RNG.dirichlet(np.ones(4), 12)
    for function, options, _ in list(LOSSES.values())[:-1]:
        loss = lambda p, f=function, o=options: f(y, p, sharpness=1, **o)  # noqa: E731
        best = to_numpy(loss(y))
        np.testing.assert_allclose(best, 0, atol=1e-12)
        for _ in range(20):
            other = RNG.dirichlet(np.ones(4), 12)
            assert loss(0.9 * y + 0.1 * other) > best


# Gradients


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_matches_finite_differences(name):
    function, options, _ = LOSSES[name]
    y, x, w = IDS[:9], LOGITS[:9], WEIGHTS[:9]

    def loss(x):
        return function(y, x, w, sparse=True, from_logits=True, **options)

    _, gradient = value_and_gradient(loss, x)
    for index in np.ndindex(x.shape):
        moved = np.zeros(x.shape)
        moved[index] = 1e-5
        slope = to_numpy(loss(x + moved) - loss(x - moved)) / 2e-5
        np.testing.assert_allclose(gradient[index], slope, 1e-5, 1e-9)


EXTREME = {
    "all one class": np.tile([3e38, 0, -3e38, 1.0], (40, 1)),
    "nearly": np.tile([60.0, 0, 0, 0], (40, 1)) + LOGITS,
    "large": 1e4 * LOGITS,
    "wrong": -90 * ONE_HOT,
    "right": 90 * ONE_HOT,
    "flat": np.zeros((40, 4)),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kind", EXTREME)
def test_value_and_gradient_are_finite_for_every_finite_input(name, kind):
    function, options, _ = LOSSES[name]
    x = EXTREME[kind].astype("float32")
    p = softmax(EXTREME[kind] / 4, -1).astype("float32")
    for step in (Step(), Step(sharpness=1.0), Step(straight_through=True)):
        for data, from_logits in ((x, True), (p, False)):
            value, gradient = value_and_gradient(
                lambda x, s=step, f=from_logits: function(
                    IDS, x, sparse=True, from_logits=f, step=s, **options
                ),
                data,
            )
            assert np.isfinite(value) and np.all(np.isfinite(gradient))
            if name != "cost":
                assert -1e-6 <= value <= 2 + 1e-6


def test_matthews_keeps_its_digits_where_almost_all_is_called_one_class():
    """There n·Σ m - Σ t·c would lose all of them in float32."""
    x = np.tile([60.0, 0, 0, 0], (40, 1)) + LOGITS
    call = lambda x: soft_categorical_matthews(  # noqa: E731
        IDS, x, sparse=True, from_logits=True, sharpness=1.0
    )
    want, slope = value_and_gradient(call, x)
    got, gradient = value_and_gradient(call, x.astype("float32"))
    np.testing.assert_allclose(got, want, 1e-5)
    np.testing.assert_allclose(
        gradient, slope, 1e-3, 1e-5 * np.abs(slope).max()
    )


def test_all_called_one_class_still_has_a_way_out():
    """0/0 with several classes about is no better than a guess."""
    step = Step(sharpness=1.0, straight_through=True)
    x = np.tile([3.0, 0, 0, 0], (40, 1))
    value, gradient = value_and_gradient(
        lambda x: soft_categorical_matthews(
            IDS, x, sparse=True, from_logits=True, step=step
        ),
        x,
    )
    assert 1 <= value < 1.2
    right = gradient[np.arange(40), IDS]
    assert np.all(right[IDS > 0] < 0)


# What has no score


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_a_score(name, mode):
    function, options, _ = LOSSES[name]
    for y, w in ((IDS, np.zeros(40)), (np.full(40, 2), None)):
        needs_several = name in ("matthews", "kappa", "linear", "quadratic")
        if w is None and not needs_several:
            continue
        for empty, want in (("skip", 0.0), ("one", 0.0), ("zero", 1.0)):
            value, gradient = value_and_gradient(
                lambda x, y=y, w=w, e=empty: function(
                    y, x, w, sparse=True, from_logits=True, empty=e, **options
                ),
                LOGITS,
                mode,
            )
            assert value == want
            assert np.all(gradient == 0)


def test_hard_it_has_none_where_it_is_0_by_0():
    """All is called one class: scikit-learn's matthews_corrcoef says 0."""
    p = np.tile([0.7, 0.1, 0.1, 0.1], (40, 1))
    hard = {"sparse": True, "step": "hard"}
    for empty, want in (("skip", 0.0), ("one", 0.0), ("zero", 1.0)):
        loss = soft_categorical_matthews(IDS, p, empty=empty, **hard)
        assert float(loss) == want
    assert sk.matthews_corrcoef(IDS, p.argmax(-1)) == 0
    assert float(soft_categorical_kappa(IDS, p, **hard)) == 1


def test_what_is_not_sound_is_nan_and_not_left_out():
    p = SHARES.copy()
    p[3] = np.nan
    for function, options, _ in LOSSES.values():
        assert np.isnan(function(IDS, p, sparse=True, **options))


# In Keras


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
    *(
        cls(**options)
        for cls, options in (
            (CLASS_OF[function], options)
            for function, options, _ in LOSSES.values()
        )
    ),
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
    for alias, name in names.OF_MATRIX.aliases.items():
        assert (
            names.OF_MATRIX.functions[name]
            is names.OF_MATRIX.get(
                alias, **({"cost_matrix": COSTS} if "cost" in name else {})
            )
            or "cost" in name
        )


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
    from sklearn.datasets import load_wine

    from softkeras.metrics import EpochConfusionScore

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


@pytest.mark.skipif(BACKEND != "tensorflow", reason="Keras's mixed precision")
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


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_scores_take_scikit_learn_s_matrix(dtype):
    called = LOGITS.argmax(-1)
    matrix = sk.confusion_matrix(IDS, called).astype(dtype)
    for function, options, score in LOSSES.values():
        name = function.__name__.removeprefix("soft_")
        got = getattr(scores, name)(matrix, **options)
        np.testing.assert_allclose(got, score(IDS, called), 1e-5)
