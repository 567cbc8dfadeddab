"""The named losses of one class of several: against independent numbers."""

import keras
import numpy as np
import pytest
from categorical_cases import (
    CLASSES,
    IDS,
    LOGITS,
    LOSSES,
    ONE_HOT,
    RNG,
    SHARES,
    WEIGHTS,
)
from conftest import compiled, golden, to_numpy, value_and_gradient
from scipy.special import softmax
from sklearn import metrics as sk

from softkeras import losses, scores, soft_confusion_matrix
from softkeras.losses import (
    soft_categorical_accuracy,
    soft_categorical_balanced_accuracy,
    soft_categorical_kappa,
    soft_categorical_matthews,
    soft_mean_iou,
)
from softkeras.steps import Step

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


@pytest.mark.parametrize(
    "loss, score",
    [
        (soft_categorical_accuracy, lambda m: np.trace(m) / m.sum()),
        (
            soft_categorical_balanced_accuracy,
            lambda m: np.mean(np.diag(m) / m.sum(1)),
        ),
        (
            soft_mean_iou,
            lambda m: np.mean(np.diag(m) / (m.sum(0) + m.sum(1) - np.diag(m))),
        ),
    ],
)
@pytest.mark.parametrize("labels", ["ids", "one_hot", "shares"])
def test_what_needs_no_matrix_is_that_of_the_matrix(loss, score, labels):
    y = {"ids": IDS, "one_hot": ONE_HOT, "shares": SHARES[::-1]}[labels]
    given = (y, SHARES, WEIGHTS)
    sparse = labels == "ids"
    matrix = to_numpy(soft_confusion_matrix(*given, sparse=sparse))
    got = loss(*given, sparse=sparse)
    np.testing.assert_allclose(got, 1 - score(matrix), 1e-12)


def test_many_classes_do_not_make_a_matrix_of_their_square():
    """It would take 40 GB here."""
    p = np.zeros((2, 100_000), "float32")
    p[0, 7], p[1, 99_999], p[1, 8] = 1.0, 0.75, 0.25
    for loss, want in (
        (soft_categorical_accuracy, 0.5),
        (soft_categorical_balanced_accuracy, 0.5),
        (soft_mean_iou, 2 / 3),
    ):
        got = loss([7, 8], p, step="hard", sparse=True)
        np.testing.assert_allclose(got, want, 1e-6)


def test_top_1_of_two_classes_is_accuracy_at_half_the_sharpness():
    y, x = IDS % 2, LOGITS[:, :2]
    options = {"sparse": True, "from_logits": True}
    want = losses.soft_top_k_accuracy(y, x, k=1, sharpness=0.8, **options)
    got = soft_categorical_accuracy(y, x, sharpness=0.4, **options)
    np.testing.assert_allclose(got, want, 1e-10)


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
            assert to_numpy(loss(0.9 * y + 0.1 * other)) > best


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


@pytest.mark.parametrize("name", LOSSES)
def test_the_unit_of_the_weights_does_not_matter(name):
    """Squares of sums of weights of 1e-10 are 0 in float32."""
    function, options, _ = LOSSES[name]
    p, want = SHARES.astype("float32"), None
    for unit in (1, 1e-30, 1e-10, 1e-4, 1e5, 1e10, 1e30):
        w = np.float32(WEIGHTS * unit)
        got = value_and_gradient(
            lambda p, w=w: function(IDS, p, w, sparse=True, **options), p
        )
        want = got if want is None else want
        np.testing.assert_allclose(got[0], want[0], 1e-5)
        scale = np.abs(want[1]).max()
        np.testing.assert_allclose(got[1], want[1], 1e-3, 1e-5 * scale)


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
        value = function(IDS, p, sparse=True, **options)
        assert np.isnan(to_numpy(value))


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_scores_take_scikit_learn_s_matrix(dtype):
    called = LOGITS.argmax(-1)
    matrix = sk.confusion_matrix(IDS, called).astype(dtype)
    for function, options, score in LOSSES.values():
        name = function.__name__.removeprefix("soft_")
        got = getattr(scores, name)(matrix, **options)
        np.testing.assert_allclose(got, score(IDS, called), 1e-5)
