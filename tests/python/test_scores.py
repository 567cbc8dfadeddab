"""Scores: against scikit-learn, with every average and empty policy."""

import itertools
import warnings

import keras
import numpy as np
import pytest
from conftest import to_numpy
from sklearn.metrics import fbeta_score, precision_score, recall_score

from softkeras import scores, soft_counts
from softkeras.counts import Counts
from softkeras.losses import score_loss
from softkeras.scores import averaging, names

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


@pytest.mark.parametrize("empties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("empty", averaging.EMPTY)
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("precision", {}),
        ("recall", {}),
        *[("f_beta", {"beta": b}) for b in (0.5, 1.0, 2.0)],
    ],
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


def test_a_function_of_counts_is_a_score(rng):
    from sklearn.metrics import jaccard_score

    y, p = rng.integers(0, 2, (50, 3)), rng.random((50, 3))
    loss = score_loss(y, p, lambda c: c.tp / (c.tp + c.fp + c.fn), step="hard")
    want = jaccard_score(y, p > 0.5, average="macro")
    np.testing.assert_allclose(1 - to_numpy(loss), want, 1e-12)


def test_nan_in_the_counts_is_not_taken_for_undefined():
    counts = Counts(*np.array([[np.nan, 1.0], [1, 1], [1, 1], [1, 1]]))
    for empty in averaging.EMPTY:
        assert np.isnan(scores.average_score("precision", counts, empty=empty))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: names.get("sharpe"), ["'sharpe'", "'f_beta'", "'precision'"]),
        (lambda: names.get(3), ["3", "function"]),
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
                "recall", Counts(1.0, 1, 1, 1), "mean"
            ),
            ["average='mean'", "'macro'"],
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
