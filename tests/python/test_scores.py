"""Scores: against scikit-learn, with every average and empty policy."""

import itertools
import warnings

import keras
import numpy as np
import pytest
from conftest import MODES, compiled, to_numpy, value_and_gradient
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from softkeras import scores, soft_counts
from softkeras.counts import Counts
from softkeras.losses import score_loss
from softkeras.scores import averaging, names
from softkeras.steps import Step

ZERO_DIVISION = {"skip": np.nan, "one": 1.0, "zero": 0.0}
REFERENCE = {
    "precision": precision_score,
    "recall": recall_score,
    "f_beta": fbeta_score,
}
AVERAGES = (None, "micro", "macro", "weighted", "samples")


def data(rng, empties):
    """Labels and predictions with, if wanted, all kinds of empty groups."""
    y = rng.integers(0, 2, (40, 5))
    p = rng.random((40, 5))
    if empties:
        y[:, 1] = 0  # no label, some called positive
        y[:, 2], p[:, 2] = 0, 0.1  # no label, none called positive
        p[:, 3] = 0.1  # labels, none called positive
        y[7], p[7] = 0, 0.1
        y[8] = 0
        p[9] = 0.1
    return y, p


@pytest.mark.parametrize(
    "weighted, empties", [(False, True), (True, True), (True, False)]
)
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("empty", averaging.EMPTY)
@pytest.mark.parametrize(
    "name, arguments",
    [("precision", {}), ("recall", {}), ("f_beta", {"beta": 2.0})],
    ids=str,
)
def test_hard_scores_are_scikit_learn_s(
    rng, name, arguments, average, empty, weighted, empties
):
    y, p = data(rng, empties)
    w = rng.integers(0, 4, 40).astype(float) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = REFERENCE[name](
            y,
            p > 0.5,
            average=average,
            sample_weight=w,
            zero_division=ZERO_DIVISION[empty],
            **arguments,
        )
    loss = score_loss(
        y, p, name, w, average=average, empty=empty, step="hard", **arguments
    )
    # What the loss skips adds nothing to it, as a perfect score does.
    np.testing.assert_allclose(
        1 - to_numpy(loss), np.nan_to_num(want, nan=1.0), 1e-12, 1e-12
    )
    if average == "samples":
        counts, weights = soft_counts(y, p, step="hard", axis=1), w
    else:
        counts, weights = soft_counts(y, p, w, step="hard"), None
    got = scores.average_score(
        name, counts, average, empty, weights, **arguments
    )
    np.testing.assert_allclose(got, want, 1e-12, 1e-12)


@pytest.mark.parametrize("beta", [1e-3, 0.5, 1.0, 1e3, 1e150])
def test_f_beta_of_any_beta_is_its_formula(beta):
    """With the fractions of Python, in which nothing is rounded."""
    from fractions import Fraction

    tp, fp, fn, square = 3, 1, 2, Fraction(beta) ** 2
    want = (1 + square) * tp / ((1 + square) * tp + square * fn + fp)
    counts = Counts(*np.array([tp, fp, fn, 4.0]))
    got = scores.f_beta(counts, beta)
    np.testing.assert_allclose(got, float(want), 1e-15)
    got = scores.f_beta(counts, keras.ops.convert_to_tensor(beta, "float64"))
    np.testing.assert_allclose(got, float(want), 1e-15)


@pytest.mark.parametrize("mode", [m for m in MODES if m != "eager"][:1])
def test_beta_may_be_a_tensor_whose_value_is_not_known_yet(mode):
    counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    run = compiled(lambda beta: scores.f_beta(counts, beta), mode)
    got = run(keras.ops.convert_to_tensor(2.0, "float64"))
    np.testing.assert_allclose(got, 0.625, 1e-15)


def test_scores_with_arguments_have_the_defaults_that_they_are_known_for():
    counts = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
    for score, want in (
        (scores.f_beta, 6 / 9),
        (scores.tversky, 6 / 9),
        (scores.expected_cost, 7 / 10),
    ):
        np.testing.assert_allclose(score(counts), want, 1e-15)


def test_the_slope_of_the_geometric_mean_is_held():
    """At √10⁻¹² and below: 5·10⁵ times that of the product, recall here."""
    for recall in (0.0, 1e-14, 0.999e-12):
        _, slope = value_and_gradient(
            lambda tp: scores.g_mean(Counts(tp, 0.0 * tp, 1.0 - tp, 1.0)),
            np.array(recall),
        )
        np.testing.assert_allclose(slope, 5e5, 1e-6)
    _, slope = value_and_gradient(
        lambda tp: scores.g_mean(Counts(tp, 0.0 * tp, 1.0 - tp, 1.0)),
        np.array(1.1e-12),
    )
    np.testing.assert_allclose(slope, 0.5 / np.sqrt(1.1e-12), 1e-6)


def test_scores_of_huge_and_tiny_counts_do_not_overflow(rng):
    counts = rng.uniform(1, 9, 4).astype("float32")
    for name in ("matthews", "fowlkes_mallows", "f_beta", "g_mean"):
        score = names.get(name)
        for size in (1e-12, 1e15):
            got = score(Counts(*(size * counts).astype("float32")))
            np.testing.assert_allclose(got, score(Counts(*counts)), 1e-5)


@pytest.mark.parametrize("unit", [1e-32, 1e-10, 1e-3, 1e10, 1e30])
def test_the_unit_of_counts_does_not_matter(unit):
    """Neither for the score nor, times the unit, for its gradient."""
    counts = np.array([3.0, 1.0, 2.0, 4.0])
    for name in ("precision", "matthews", "cohen_kappa"):
        score = names.get(name)
        want = value_and_gradient(
            lambda x, score=score: score(Counts(*[x[i] for i in range(4)])),
            counts,
        )
        value, gradient = value_and_gradient(
            lambda x, name=name: scores.average_score(
                name, Counts(*[x[i] for i in range(4)])
            ),
            np.float32(unit * counts),
        )
        np.testing.assert_allclose(value, want[0], 1e-5)
        np.testing.assert_allclose(gradient * np.float64(unit), want[1], 1e-4)


@pytest.mark.parametrize("name, reference", REFERENCE.items())
def test_one_output_is_the_binary_score(rng, name, reference):
    y, p = rng.integers(0, 2, 50), rng.random(50)
    arguments = {"beta": 3.0} if name == "f_beta" else {}
    want = reference(y, p > 0.3, **arguments)
    for shape, average in itertools.product(
        ((50,), (50, 1)), ("micro", "macro", "weighted")
    ):
        loss = score_loss(
            y,
            p.reshape(shape),
            name,
            average=average,
            step="hard",
            threshold=0.3,
            **arguments,
        )
        np.testing.assert_allclose(1 - to_numpy(loss), want, 1e-12)


def rates(y, d, w):
    """Recall, specificity, precision and negative predictive value."""
    return (
        recall_score(y, d, sample_weight=w),
        recall_score(1 - y, 1 - d, sample_weight=w),
        precision_score(y, d, sample_weight=w),
        precision_score(1 - y, 1 - d, sample_weight=w),
    )


def tversky(y, d, w, alpha, beta):
    """From its definition on sets."""
    both, called = np.sum(w * y * d), np.sum(w * d * (1 - y))
    return both / (both + alpha * called + beta * np.sum(w * y * (1 - d)))


COSTS = [[-0.5, 2.0], [7.0, 0.25]]
# Each of labels, hard decisions and weights; by scikit-learn where it has it.
OTHERS = {
    "specificity": lambda y, d, w: rates(y, d, w)[1],
    "negative_predictive_value": lambda y, d, w: rates(y, d, w)[3],
    "accuracy": lambda y, d, w: accuracy_score(y, d, sample_weight=w),
    "hamming": lambda y, d, w: 1 - hamming_loss(y, d, sample_weight=w),
    "balanced_accuracy": lambda y, d, w: balanced_accuracy_score(
        y, d, sample_weight=w
    ),
    "informedness": lambda y, d, w: balanced_accuracy_score(
        y, d, sample_weight=w, adjusted=True
    ),
    "markedness": lambda y, d, w: sum(rates(y, d, w)[2:]) - 1,
    "f1": lambda y, d, w: fbeta_score(y, d, beta=1, sample_weight=w),
    "dice": lambda y, d, w: fbeta_score(y, d, beta=1, sample_weight=w),
    "jaccard": lambda y, d, w: jaccard_score(y, d, sample_weight=w),
    "critical_success_index": lambda y, d, w: jaccard_score(
        y, d, sample_weight=w
    ),
    "tversky": lambda y, d, w: tversky(y, d, w, 0.3, 0.9),
    "g_mean": lambda y, d, w: np.sqrt(np.prod(rates(y, d, w)[:2])),
    "fowlkes_mallows": lambda y, d, w: np.sqrt(
        rates(y, d, w)[0] * rates(y, d, w)[2]
    ),
    "matthews": lambda y, d, w: matthews_corrcoef(y, d, sample_weight=w),
    "cohen_kappa": lambda y, d, w: cohen_kappa_score(y, d, sample_weight=w),
    "expected_cost": lambda y, d, w: (
        1
        - np.sum(confusion_matrix(y, d, sample_weight=w) * np.array(COSTS))
        / np.sum(w)
    ),
}
ARGUMENTS = {
    "tversky": {"alpha": 0.3, "beta": 0.9},
    "expected_cost": {"cost_matrix": COSTS},
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_are_what_their_field_calls_so(rng, name):
    y, p = rng.integers(0, 2, (60, 3)), rng.random((60, 3))
    w = rng.integers(1, 5, 60).astype("float64")
    want = [OTHERS[name](y[:, i], p[:, i] > 0.4, w) for i in range(3)]
    options = {"threshold": 0.4, "step": "hard", **ARGUMENTS.get(name, {})}
    loss = score_loss(y, p, name, w, average=None, **options)
    np.testing.assert_allclose(1 - to_numpy(loss), want, 1e-12, 1e-12)


@pytest.mark.parametrize("name", [*REFERENCE, *OTHERS])
def test_a_score_has_the_slope_of_its_differences(rng, name):
    """In float64, at random counts, by each of the four."""
    counts = rng.uniform(1, 9, (4, 5))
    score = names.get(name, **ARGUMENTS.get(name, {}))

    def value(counts):
        return score(Counts(*(counts[i] for i in range(4))))

    _, gradient = value_and_gradient(value, counts)
    for i in range(4):
        h = np.zeros((4, 1))
        h[i] = 1e-6
        slope = to_numpy(value(counts + h) - value(counts - h)) / 2e-6
        np.testing.assert_allclose(gradient[i], slope, 1e-6, 1e-9)


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "jaccard"])
def test_of_soft_labels_the_labels_are_the_best_prediction(rng, name, mode):
    """At sharpness 1, where a decision is the probability."""
    y = rng.uniform(0.05, 0.95, 30).astype("float32")

    def loss(p):
        return score_loss(y, p, name, sharpness=1.0)

    at_labels, _ = value_and_gradient(loss, y, mode)
    np.testing.assert_allclose(at_labels, 0, atol=1e-6)
    # Off them both ways, so that neither precision nor recall can gain.
    off = np.where(np.arange(30) % 2, y / 2, (1 + y) / 2)
    value, gradient = value_and_gradient(loss, off, mode)
    assert value > 0.1
    nearer, _ = value_and_gradient(loss, off + 0.5 * (y - off), mode)
    assert nearer < value
    if name in ("f1", "jaccard"):
        assert np.all(gradient[1::2] < 0) and np.all(gradient[::2] > 0)


NEGATIVES = {"specificity", "negative_predictive_value"}
BOTH = {
    "balanced_accuracy",
    "informedness",
    "markedness",
    "g_mean",
    "matthews",
    "cohen_kappa",
}
NEITHER = {"accuracy", "hamming", "expected_cost"}
PERFECT = {("precision", 1.0), ("negative_predictive_value", 0.0)}


@pytest.mark.parametrize("name", [*REFERENCE, *OTHERS])
def test_a_batch_that_says_nothing_about_a_score_is_left_out(rng, name, mode):
    """Without the labels that it is about: loss and gradient exactly 0."""
    p = rng.uniform(0.05, 0.95, 9).astype("float32")
    for label in (0.0, 1.0):
        y = np.full(9, label, "float32")
        missing = (
            name in BOTH
            or (name in NEGATIVES and label == 1)
            or (name not in NEITHER | NEGATIVES and label == 0)
        )
        for average in ("macro", "micro"):
            loss, gradient = value_and_gradient(
                lambda p, y=y, average=average: score_loss(
                    y, p, name, average=average, **ARGUMENTS.get(name, {})
                ),
                p,
                mode,
            )
            # Of one class alone these two are perfect whatever is called so.
            perfect = (name, label) in PERFECT
            if missing:
                assert loss == 0 and np.all(gradient == 0)
            elif perfect:  # but for rounding
                np.testing.assert_allclose(loss, 0, atol=1e-6)
                np.testing.assert_allclose(gradient, 0, atol=1e-6)
            else:
                assert loss != 0 and np.any(gradient != 0)


@pytest.mark.parametrize("name", [*REFERENCE, *OTHERS])
def test_gradients_are_finite_where_all_is_wrong_or_right(name, mode):
    """Roots and quotients at the ends of their range."""
    y = np.array([1, 1, 0, 0], "float32")
    # Each a class with a loss of its own: so it is compiled once a step.
    p = np.stack([1 - y, y, 0 * y, 0 * y + 1, 0 * y + 1e-30], -1)
    y = np.stack([y] * 5, -1)
    for step in (
        Step(),
        Step("ramp", 8, "probability"),
        Step(straight_through=True),
    ):
        loss, gradient = value_and_gradient(
            lambda p, step=step: score_loss(
                y, p, name, average=None, step=step, **ARGUMENTS.get(name, {})
            ),
            p,
            mode,
        )
        assert loss.shape == (5,)
        assert np.all(np.isfinite(loss)) and np.all(np.isfinite(gradient))


def test_a_function_of_counts_is_a_score(rng):
    y, p = rng.integers(0, 2, (50, 3)), rng.random((50, 3))
    loss = score_loss(y, p, lambda c: c.tp / (c.tp + c.fp + c.fn), step="hard")
    want = jaccard_score(y, p > 0.5, average="macro")
    np.testing.assert_allclose(1 - to_numpy(loss), want, 1e-12)


def test_the_mean_is_by_the_weights_of_samples_and_by_the_support():
    """By hand: precisions ¾, ½ and none, of 4, 1 and 0 positives."""
    counts = Counts(*np.array([[3.0, 1, 0], [1, 1, 0], [1, 0, 0], [5, 8, 10]]))
    for options, want in (
        ({}, 0.625),
        ({"average": "weighted"}, (4 * 0.75 + 0.5) / 5),
        ({"average": "micro"}, 4 / 6),
        ({"average": "samples"}, 0.625),
        ({"average": "samples", "weights": [1, 3, 7]}, (0.75 + 1.5) / 4),
        # Weights that are 0 wherever there is a score: all count alike.
        ({"average": "samples", "weights": [0, 0, 7]}, 0.625),
        ({"average": "samples", "weights": [0, 0, 0]}, 0.625),
        (
            {"average": "samples", "weights": [1, 3, 4], "empty": "one"},
            6.25 / 8,
        ),
        ({"empty": "one"}, 2.25 / 3),
        ({"empty": "zero"}, 1.25 / 3),
        # Weights are those of samples: of classes there are none.
        ({"weights": [1, 3, 7]}, 0.625),
    ):
        got = scores.average_score("precision", counts, **options)
        np.testing.assert_allclose(got, want, 1e-15, err_msg=str(options))
    each = scores.average_score("precision", counts, None)
    np.testing.assert_array_equal(each, [0.75, 0.5, np.nan])
    nothing = Counts(*np.zeros((4, 2)))
    for average in ("macro", "weighted", "micro", "samples"):
        assert np.isnan(scores.average_score("precision", nothing, average))
    lists = Counts(*(count.tolist() for count in counts))
    assert scores.average_score("precision", lists) == 0.625
    # Small counts are as good as large ones.
    small = Counts(*(0.125 * np.array([count]) for count in counts))
    got = scores.average_score("precision", small, "weighted")
    np.testing.assert_allclose(got, (4 * 0.75 + 0.5) / 5, 1e-15)


@pytest.mark.parametrize("name", ["precision", "recall", "f_beta"])
def test_classes_that_none_is_of_weigh_alike(name):
    """With average="weighted", where all weights are 0."""
    y, d = np.zeros((6, 2), int), np.zeros((6, 2), int)
    d[:3, 0] = 1
    options = {"beta": 2.0} if name == "f_beta" else {}
    for empty in averaging.EMPTY:
        want = REFERENCE[name](
            y,
            d,
            average="weighted",
            zero_division=ZERO_DIVISION[empty],
            **options,
        )
        counts = soft_counts(y, d.astype(float), step="hard")
        got = scores.average_score(name, counts, "weighted", empty, **options)
        np.testing.assert_allclose(got, want, 1e-12)


@pytest.mark.parametrize(
    "name, want",
    [
        *(
            (name, 1 / 2)
            for name in (
                "precision recall f_beta specificity "
                "negative_predictive_value accuracy balanced_accuracy"
            ).split()
        ),
        ("jaccard", 1 / 3),
        ("informedness", 0),
        ("matthews", 0),
    ],
)
def test_predictions_of_one_half_are_not_taken_for_missing_labels(name, want):
    """Though tp = fn and tn = fp there; a network may well start so."""
    loss, gradient = value_and_gradient(
        lambda p: score_loss([1, 1, 0, 0], p, name), np.full(4, 0.5)
    )
    np.testing.assert_allclose(loss, 1 - want, 1e-12)
    assert np.any(gradient != 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32", "int64"])
@pytest.mark.parametrize("unit", [1, 2.0**-10, 2.0**10])
def test_counts_of_any_dtype_have_the_same_score(dtype, unit):
    unit = unit if "float" in dtype else max(unit, 1)
    exact = unit * np.array([[3.0, 0, 1], [1, 0, 0], [2, 0, 0], [4, 0, 1]])
    counts = Counts(*keras.ops.convert_to_tensor(exact, dtype))
    for name in ("precision", "f_beta", "accuracy", "matthews"):
        want = scores.average_score(name, Counts(*exact), average=None)
        got = scores.average_score(name, counts, average=None)
        got = to_numpy(keras.ops.cast(got, "float32"))
        np.testing.assert_allclose(got, want, 2e-2)


def test_a_score_has_the_dtype_of_its_counts():
    counts = Counts(
        *(keras.ops.convert_to_tensor(n, "float64") for n in (2.0, 1.0, 1.0, 5))
    )
    score = scores.average_score("jaccard", counts)
    assert score.dtype == counts.tp.dtype
    np.testing.assert_allclose(to_numpy(score), 0.5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_samples_of_half_precision_have_their_weights(dtype):
    """By hand: recalls 1, ½ and 0 with the weights 1, 4 and 3."""
    y = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]])
    p = keras.ops.cast([[0.9, 0.8, 0.7], [0.9, 0.1, 0.2], [0.1] * 3], dtype)
    options = {"average": "samples", "step": "hard"}
    loss = score_loss(y, p, "recall", [1.0, 4.0, 3.0], **options)
    np.testing.assert_allclose(loss, 1 - 3 / 8, 1e-6)


@pytest.mark.parametrize("name", [*REFERENCE, *OTHERS])
def test_next_to_nothing_that_weighs_next_to_nothing_has_a_finite_slope(name):
    """Squares of what is called are 0 there, in float32."""
    p = np.array([0, 1e-30, 1e-30, 0], "float32")
    for y, weight in (
        ([1, 1, 0, 0], 1e6),
        ([1, 1, 0, 0], 0.1),
        ([0, 0, 0, 0], 1e-10),
    ):
        w = np.full(4, weight, "float32")
        loss, gradient = value_and_gradient(
            lambda p, y=y, w=w: score_loss(
                y, p, name, w, sharpness=1.0, **ARGUMENTS.get(name, {})
            ),
            p,
        )
        assert np.isfinite(loss) and np.all(np.isfinite(gradient))


def test_a_score_that_is_undefined_has_no_gradient_and_others_theirs():
    counts = np.array([[3.0, 0.0], [1.0, 0.0], [1.0, 0.0], [5.0, 10.0]])
    for empty in averaging.EMPTY:
        _, gradient = value_and_gradient(
            lambda c, empty=empty: scores.average_score(
                "precision", Counts(*(c[i] for i in range(4))), empty=empty
            ),
            counts,
        )
        share = 1 if empty == "skip" else 2
        want = np.array([[1 / 16, 0], [-3 / 16, 0], [0, 0], [0, 0]]) / share
        np.testing.assert_allclose(gradient, want, 1e-12, 1e-12)


def test_the_support_is_a_weight_and_not_what_is_trained():
    """Its gradient would make a class that is bad count less."""
    counts = np.array([[3.0, 1.0], [1.0, 1.0], [1.0, 3.0], [5.0, 10.0]])
    _, gradient = value_and_gradient(
        lambda c: scores.average_score(
            "precision", Counts(*(c[i] for i in range(4))), "weighted"
        ),
        counts,
    )
    want = np.array([[1 / 16, 1 / 4], [-3 / 16, -1 / 4], [0, 0], [0, 0]]) / 2
    np.testing.assert_allclose(gradient, want, 1e-12, 1e-12)


def test_nan_in_the_counts_is_not_taken_for_undefined():
    counts = Counts(*np.array([[np.nan, 1.0], [1, 1], [1, 1], [1, 1]]))
    for empty in averaging.EMPTY:
        assert np.isnan(scores.average_score("precision", counts, empty=empty))


def test_a_function_of_the_user_s_gets_the_counts_as_they_are():
    """Whether it is the same of any unit nobody knows."""
    huge = Counts(*np.full((4, 2), 2.0**40))
    score = scores.average_score(lambda c: c.tp, huge, average=None)
    np.testing.assert_array_equal(score, [2.0**40] * 2)


def test_what_keeps_a_slope_finite_has_none_itself():
    """Precision is no function of tn, however little is called."""
    tiny = np.array([[1e-17], [0.0], [1.0], [1.0]], "float32")
    _, slope = value_and_gradient(
        lambda c: averaging.weighted_values(
            scores.precision,
            Counts(*(c[i] for i in range(4))),
            average="macro",
            empty="skip",
            hard=False,
        )[0],
        tiny,
    )
    assert slope[0] > 0 and slope[3] == 0


def test_an_entry_that_is_left_out_has_no_gradient_whatever_the_unit():
    """The root has an infinite slope where nothing is missed."""
    for empty in averaging.EMPTY:
        _, slope = value_and_gradient(
            lambda c, empty=empty: averaging.weighted_values(
                lambda c: 1 - keras.ops.sqrt(c.fn / (c.tp + c.fp)),
                Counts(*(c[i] for i in range(4))),
                average="macro",
                empty=empty,
                hard=False,
            )[0],
            np.array([[0.0], [1e-30], [0.0], [1e-30]], "float32"),
        )
        np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("constant", [None, "1", 1, 0.5, True])
def test_a_score_that_is_no_tensor_is_refused(constant, hard):
    with pytest.raises(ValueError) as error:
        averaging.computed(lambda c: constant, None, hard)
    for words in (
        "must be a tensor, computed from what it is given",
        "have no gradient",
        f"Received: {constant!r} of type {type(constant).__name__} from <lambd",
    ):
        assert words in str(error.value)


@pytest.mark.parametrize("make", [np.float32, lambda x: np.array([x])])
def test_numpy_may_compute_the_score_of_hard_decisions_alone(make):
    value = make(0.5)
    assert averaging.computed(lambda c: value, None, True) is value
    with pytest.raises(ValueError, match="NumPy and constants have no grad"):
        averaging.computed(lambda c: value, None, False)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: names.get("tversky", alpha=-1), ["alpha=-1", "0 or more"]),
        (
            lambda: names.get("tversky", alpha=0, beta=0),
            ["alpha=0, beta=0", "above 0"],
        ),
        (
            lambda: names.get("expected_cost", cost_matrix=[1, 2]),
            ["[1, 2]", "2 by 2"],
        ),
        (
            lambda: names.get(
                "expected_cost", cost_matrix=[[0, 1], [float("inf"), 0]]
            ),
            ["inf", "finite"],
        ),
        (lambda: names.get("sharpe"), ["'sharpe'", "'f_beta'", "'precision'"]),
        (lambda: names.get(3), ["3", "function"]),
        (lambda: names.get("f_beta", beta=1e200), ["beta=1e+200", "recall"]),
        (lambda: names.get("f_beta", beta=0), ["beta=0", "above 0"]),
        (lambda: names.get("f_beta", beta=-1.0), ["beta=-1.0", "above 0"]),
        (lambda: names.get("f_beta", beta="2"), ["'2'", "number"]),
        (lambda: names.get("precision", beta=2), ["precision", "beta"]),
        (
            lambda: scores.average_score(
                lambda c: keras.ops.sum(c.tp), Counts(*np.ones((4, 3)))
            ),
            ["one value an entry", "(3,)", "()"],
        ),
        (
            lambda: scores.average_score(
                lambda c: 0.5, Counts(*np.ones((4, 3)))
            ),
            ["must be a tensor", "Received: 0.5"],
        ),
        (
            lambda: scores.average_score(
                "recall", Counts(1.0, 1, 1, 1), "mean"
            ),
            ["average='mean'", "'macro'"],
        ),
        (
            lambda: scores.average_score(
                "recall", Counts(1.0, 1, 1, 1), "marco"
            ),
            ["average='marco'; did you mean 'macro'?"],
        ),
        (
            lambda: scores.average_score(
                "recall", Counts(1.0, 1, 1, 1), empty="nan"
            ),
            ["empty='nan'", "'skip'"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
