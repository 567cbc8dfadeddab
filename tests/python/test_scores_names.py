"""Scores by name: what a name stands for, and what a saved model keeps."""

import functools
import inspect
import itertools
import warnings

import keras
import numpy as np
import pytest

from softkeras import losses, scores
from softkeras.counts import Counts
from softkeras.losses import (
    ConfusionLoss,
    ScoreLoss,
    confusion_loss,
    score_loss,
)
from softkeras.metrics import EpochConfusionScore, EpochScore
from softkeras.scores import names
from softkeras.thresholds import best_threshold

COUNTS = Counts(*np.array([3.0, 1.0, 2.0, 4.0]))
MATRIX = np.array([[4.0, 1.0], [2.0, 3.0]])
OF_COUNTS = {
    **{
        name: name
        for name in (
            "accuracy balanced_accuracy cohen_kappa critical_success_index "
            "dice expected_cost f_beta fowlkes_mallows g_mean hamming "
            "informedness jaccard markedness matthews "
            "negative_predictive_value precision recall specificity tversky"
        ).split()
    },
    "f1": "f_beta",
    "iou": "jaccard",
    "mcc": "matthews",
    "sensitivity": "recall",
    "youden": "informedness",
}
OF_MATRIX = {
    **{
        name: name
        for name in (
            "categorical_accuracy categorical_balanced_accuracy "
            "categorical_cost categorical_kappa categorical_matthews mean_iou"
        ).split()
    },
    "accuracy": "categorical_accuracy",
    "balanced_accuracy": "categorical_balanced_accuracy",
    "cohen_kappa": "categorical_kappa",
    "iou": "mean_iou",
    "matthews": "categorical_matthews",
    "mcc": "categorical_matthews",
}


@pytest.mark.parametrize(
    "kind, table",
    [(names.OF_COUNTS, OF_COUNTS), (names.OF_MATRIX, OF_MATRIX)],
    ids=["counts", "matrix"],
)
def test_a_name_stands_for_the_public_function_of_its_kind(kind, table):
    for name, function in table.items():
        if function == "categorical_cost":
            continue  # has no cost of its own
        assert kind.get(name) is getattr(scores, function)
    # And every one that is public has a name.
    assert set(kind.functions) == set(table.values())
    assert set(kind.aliases) - set(table) <= {"expected_cost"}


def test_the_expected_cost_of_several_classes_is_the_categorical_one():
    costs = [[0.0, 1.0], [4.5, 0.0]]
    score = names.OF_MATRIX.get("expected_cost", cost_matrix=costs)
    np.testing.assert_allclose(score(MATRIX), 0.0, atol=1e-12)
    three = np.ones((3, 3)) - np.eye(3)
    score = names.OF_MATRIX.get("categorical_cost", cost_matrix=three)
    np.testing.assert_allclose(score(np.diag([1.0, 2.0, 3.0])), 1.0)


def test_arguments_are_bound():
    """Good ones are not refused, of a matrix of any size either."""
    score = names.OF_MATRIX.get("categorical_kappa", weights="linear")
    np.testing.assert_allclose(score(MATRIX), 0.4)
    assert names.OF_MATRIX.get("iou", present=True)(np.eye(4)) == 1
    score = names.get("f_beta", beta=2.0)
    np.testing.assert_allclose(score(COUNTS), 15 / 24)
    np.testing.assert_allclose(names.get("f1")(COUNTS), 6 / 9)
    own = names.get(lambda c, power: c.tp**power, power=3)
    assert own(COUNTS) == 27


def test_the_user_s_own_is_not_tried():
    """Only the data that it is for would do."""

    def score(counts, strict):
        raise AssertionError

    names.get(score, strict=True)


def test_what_has_no_signature_is_taken_at_its_word():
    assert names.get(max) is max


@keras.saving.register_keras_serializable(package="test_scores_names")
def share(counts, of=1.0):
    return of * counts.tp / sum(counts)


class Callable:
    def __call__(self, counts):
        return counts.tp


def test_a_score_comes_back_from_what_is_saved():
    for score, saved in (
        (scores.recall, "recall"),
        (names.get("f_beta", beta=2.0), "f_beta"),
    ):
        assert names.serialize(score) == saved
    assert names.OF_MATRIX.serialize(scores.mean_iou) == "mean_iou"
    config = names.serialize(share)
    assert isinstance(config, dict)
    assert names.get(config) is share
    assert names.serialize(functools.partial(share, of=2.0)) == config
    bound = names.get(config, of=2.0)
    np.testing.assert_allclose(bound(COUNTS), 0.6)
    with pytest.raises(ValueError, match=r"`score`.*register_keras_serial"):
        names.serialize(lambda counts: counts.tp)


def test_a_score_has_a_name():
    assert names.name_of(scores.f_beta) == "f_beta"
    assert names.name_of(names.get("f_beta", beta=2.0)) == "f_beta"
    assert names.name_of(Callable()) == "Callable"
    assert names.name_of(functools.partial(Callable())) == "Callable"


@pytest.mark.parametrize(
    "make, words",
    [
        (
            lambda: names.get("sharpe"),
            ["'sharpe'", "'f_beta'", "'youden'", "function of Counts will do"],
        ),
        (
            lambda: names.OF_MATRIX.get("f_beta"),
            [
                "'f_beta'",
                "'mean_iou'",
                "'mcc'",
                "function of a confusion matrix will do",
            ],
        ),
        (lambda: names.get(3), ["3", "name or a function of Counts. "]),
        (lambda: names.get(None), ["None", "name or a function"]),
        (lambda: names.get(Callable), ["Callable", "name or a function"]),
        (
            lambda: names.get(keras.metrics.Precision()),
            ["name or a function", "Precision", "a loss or metric of Keras"],
        ),
        (
            lambda: names.get(keras.losses.Dice()),
            ["name or a function", "dice", "a loss or metric of Keras"],
        ),
        (
            lambda: names.get("tversky", gamma=2),
            ["tversky", "'gamma': 2", "takes: alpha, beta; and", "spelling"],
        ),
        (lambda: names.get("recall", beta=2), ["recall", "takes: nothing;"]),
        (lambda: names.get("f_beta", beta=-1), ["beta=-1", "above 0"]),
        (
            lambda: names.OF_MATRIX.get("kappa_"),
            ["'kappa_'", "'categorical_kappa'"],
        ),
        (
            lambda: names.OF_MATRIX.get("categorical_kappa", weights="cubic"),
            ["'cubic'", "'linear'"],
        ),
        (
            lambda: names.OF_MATRIX.get("categorical_cost"),
            ["categorical_cost", "needs cost_matrix"],
        ),
        (
            lambda: names.OF_MATRIX.get("expected_cost", cost_matrix=[1, 2]),
            ["`cost_matrix`", "[1, 2]"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "given, meant",
    [
        ("F1", "f1"),
        ("precison", "precision"),
        ("Balanced Accuracy", "balanced_accuracy"),
        ("g-mean", "g_mean"),
    ],
)
def test_a_name_that_is_spelt_alike_is_asked_for(given, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'. Known are"):
        names.get(given)


def test_a_name_like_none_is_not_guessed():
    with pytest.raises(ValueError, match="Unknown score 'xyzzy'\\. Known"):
        names.get("xyzzy")


def needy(counts, power, base, offset=0.0, *, scale=1.0):
    return counts.tp


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "score needy needs power, base besides Counts"),
        ({"power": 1, "scale": 1}, "score needy needs base besides Counts"),
        ({"base": 1}, "score needy needs power besides Counts"),
        # What it does not take comes first: it may be one that is misspelt.
        (
            {"powers": 1},
            r"{'powers': 1}: .* power, base, offset, scale; .*'power'\?$",
        ),
    ],
)
def test_the_arguments_that_a_score_needs_are_named(given, words):
    with pytest.raises(ValueError, match=words):
        names.get(needy, **given)


def test_an_argument_without_a_name_is_not_asked_for_by_name():
    def score(counts, power=1, /):
        return counts.tp

    with pytest.raises(ValueError, match="score can't be called with Counts"):
        names.get(score, power=2)


def test_options_are_those_of_the_losses_and_metrics_of_scores():
    taken = [
        set(inspect.signature(take).parameters)
        for take in (ScoreLoss, ConfusionLoss, EpochScore, EpochConfusionScore)
    ]
    own = {"name", "dtype", "score", "score_args", "kwargs"}
    assert set(names.OPTIONS) <= set.union(*taken)
    assert set.intersection(*taken) - own <= set(names.OPTIONS)


@pytest.mark.parametrize(
    "option",
    "average empty step sharpness threshold from_logits labels sparse "
    "ignore_class momentum reduction".split(),
)
def test_an_option_that_is_misspelt_is_asked_for(option):
    with pytest.raises(ValueError, match=f"Did you mean '{option}'\\?$"):
        names.get("recall", **{f"{option}y": 1})


def test_of_several_that_are_misspelt_the_first_is_asked_for():
    options = "average empty labels momentum reduction sparse step".split()
    for chosen in itertools.combinations(options, 5):
        given = {f"{option}y": 1 for option in reversed(chosen)}
        with pytest.raises(ValueError, match=f"mean '{chosen[0]}'\\?$"):
            names.get("recall", **given)
    with pytest.raises(ValueError, match="Did you mean 'empty'"):
        names.get("recall", aaaaaaaa=1, emty="one")


def test_what_is_like_no_option_is_not_guessed():
    with pytest.raises(ValueError, match=r"look at its spelling\.$"):
        names.get("recall", xyzzy=1)


@pytest.mark.parametrize(
    "name, loss",
    [
        ("auc", "SoftAUC"),
        ("roc_auc", "SoftAUC"),
        ("average_precision", "SoftAveragePrecision"),
        ("pr_auc", "SoftAveragePrecision"),
        ("ndcg", "SoftNDCG"),
        ("top_k_accuracy", "SoftTopKAccuracy"),
    ],
)
def test_a_name_of_ranks_is_told_its_loss(name, loss):
    assert hasattr(losses, loss)
    for kind in (names.OF_COUNTS, names.OF_MATRIX):
        words = f"{name!r} is of ranks: there is losses.{loss}\\.$"
        with pytest.raises(ValueError, match=words):
            kind.get(name)


def test_a_name_of_the_other_kind_is_told_who_takes_it():
    words = "'mean_iou' is of a confusion matrix: ConfusionLoss and "
    with pytest.raises(ValueError, match=f"{words}EpochConfusionScore take it"):
        names.OF_COUNTS.get("mean_iou")
    for name in ("precision", "f1"):
        words = f"'{name}' is of Counts: ScoreLoss and EpochScore take it.$"
        with pytest.raises(ValueError, match=words):
            names.OF_MATRIX.get(name)
    for kind in (names.OF_COUNTS, names.OF_MATRIX):
        with pytest.raises(ValueError, match=f"{kind.of} will do too.$"):
            kind.get("xyzzy")


def test_a_score_is_asked_where_all_is_right_and_where_all_is_wrong():
    """It is called with what the function that is given makes of numbers."""
    seen = []

    def score(of):
        seen.append(of)
        return 1.0

    names.OF_COUNTS.check_rises(score, np.float32)
    assert seen == [Counts(1, 0, 0, 1), Counts(0, 1, 1, 0)]
    assert all(type(count) is np.float32 for of in seen for count in of)
    seen.clear()
    names.OF_MATRIX.check_rises(score, np.array)
    assert all(isinstance(of, np.ndarray) for of in seen)
    np.testing.assert_array_equal(seen, [np.eye(2), 1 - np.eye(2)])


def test_a_score_that_is_the_same_of_right_and_wrong_passes():
    names.OF_COUNTS.check_rises(lambda c: c.tp + c.fp, float)
    names.OF_MATRIX.check_rises(lambda matrix: matrix.sum(), np.array)


def test_nothing_is_said_of_what_a_score_divides_by():
    def share_of_calls(counts):
        return counts.tp / (counts.fp + counts.fn)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names.OF_COUNTS.check_rises(share_of_calls, np.float64)
        # Nor is it an error that would let a score pass.
        with pytest.raises(ValueError, match=r"is 0 where .* and inf where"):
            names.OF_COUNTS.check_rises(
                lambda c: c.fp / (c.tp + c.tn), np.float64
            )


def false_positive_rate(counts):
    return counts.fp / (counts.fp + counts.tn)


def error_rate(matrix):
    return 1 - keras.ops.trace(matrix) / keras.ops.sum(matrix)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ScoreLoss(false_positive_rate),
        lambda: score_loss([0, 1], [0.2, 0.7], false_positive_rate),
        lambda: ConfusionLoss(error_rate),
        lambda: confusion_loss([0, 1], np.eye(2), error_rate, sparse=True),
        lambda: best_threshold([0, 1], [0.2, 0.7], false_positive_rate),
    ],
)
def test_a_score_that_is_lower_where_all_is_right_is_refused(make):
    words = "_rate, which is 0 where all is right and 1 where all is wrong"
    with pytest.raises(ValueError, match=words):
        make()


def test_of_other_scores_nothing_is_asked():
    assert EpochScore(false_positive_rate)([0.0, 1.0], [0.7, 0.7]) == 1
    undefined = lambda c: c.tp * c.fp / (c.tp * c.fp)  # noqa: E731
    not_of_one_number = lambda c: c.tp[:, None]  # noqa: E731
    for score in (undefined, not_of_one_number, lambda c: c.tp / 1000):
        assert ScoreLoss(score).scoring.score is score


def test_a_loss_shows_its_score():
    assert "score=f_beta(beta=2)" in repr(ScoreLoss("f1", beta=2))
    both = repr(ScoreLoss("tversky", alpha=0.3, beta=0.7))
    assert "score=tversky(alpha=0.3, beta=0.7) step" in both
    assert "score=mean_iou step" in repr(ConfusionLoss("iou"))
