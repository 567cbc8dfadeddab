"""Scores of a confusion matrix: scikit-learn, exact numbers, and the ends."""

import keras
import mpmath as mp
import numpy as np
import pytest
from conftest import to_numpy, value_and_gradient
from sklearn import metrics as sk

from softkeras import scores

COSTS = np.array([[0.5, 2.0, 1.0], [3.0, -1.0, 0.25], [4.0, 0.0, 0.75]])
# Full; without a label of class 2, called or not; almost all of one class, and
# almost all called so.
MATRICES = {
    "full": [[3.0, 1.0, 0.5], [1.25, 2.0, 0.25], [0.75, 4.0, 2.5]],
    "called only": [[3.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]],
    "absent": [[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]],
    "rare": [[16777216.0, 2.0, 1.0], [3.0, 4.0, 0.5], [1.5, 0.0, 2.0]],
    "rarely called": [[16777216.0, 2.0, 1.0], [3e3, 0.5, 0.0], [2e3, 0, 0.25]],
}


def recalls(m):
    return np.nanmean(np.diag(m) / np.where(m.sum(1) > 0, m.sum(1), np.nan))


def ious(m, of):
    union = m.sum(0) + m.sum(1) - np.diag(m)
    return np.mean((np.diag(m) / np.where(union > 0, union, 1))[of(m, union)])


def matthews(m):
    """With 50 digits, of which squares of counts may cost some."""
    with mp.workdps(50):
        m = mp.matrix(m.tolist())
        i = range(3)
        t = [mp.fsum(m[j, k] for k in i) for j in i]
        c = [mp.fsum(m[k, j] for k in i) for j in i]
        n = mp.fsum(t)
        hits = n * mp.fsum(m[j, j] for j in i)
        return float(
            (hits - mp.fdot(t, c))
            / mp.sqrt((n**2 - mp.fdot(t, t)) * (n**2 - mp.fdot(c, c)))
        )


def kappa(weights):
    """scikit-learn's, each entry a row of its weight."""
    y, called = np.indices((3, 3)).reshape(2, -1)
    return lambda m: sk.cohen_kappa_score(
        y, called, weights=weights, sample_weight=m.ravel()
    )


# Of a case: the score, its arguments, and what it is of a float64 matrix.
CASES = {
    "accuracy": (
        scores.categorical_accuracy,
        {},
        lambda m: np.trace(m) / m.sum(),
    ),
    "balanced": (scores.categorical_balanced_accuracy, {}, recalls),
    "iou": (scores.mean_iou, {}, lambda m: ious(m, lambda m, u: u > 0)),
    "iou of those present": (
        scores.mean_iou,
        {"present": True},
        lambda m: ious(m, lambda m, u: m.sum(1) > 0),
    ),
    "matthews": (scores.categorical_matthews, {}, matthews),
    "kappa": (scores.categorical_kappa, {}, kappa(None)),
    "linear": (
        scores.categorical_kappa,
        {"weights": "linear"},
        kappa("linear"),
    ),
    "quadratic": (
        scores.categorical_kappa,
        {"weights": "quadratic"},
        kappa("quadratic"),
    ),
    "cost": (
        scores.categorical_cost,
        {"cost_matrix": COSTS},
        lambda m: 1 - np.sum(COSTS * m) / m.sum(),
    ),
}


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("case", CASES)
def test_a_score_is_that_of_its_definition(case, matrix):
    score, options, reference = CASES[case]
    m = np.array(MATRICES[matrix])
    want = reference(m)
    np.testing.assert_allclose(score(m, **options), want, 1e-12)
    # Float32 keeps its digits where almost all is of one class too.
    if not (matrix.startswith("rare") and score is scores.categorical_kappa):
        got = to_numpy(score(m.astype("float32"), **options))
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, 1e-6)
    for size in (1e-30, 1e30):
        got = score((size * m).astype("float32"), **options)
        np.testing.assert_allclose(got, score(m, **options), 1e-3, 1e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_score_has_the_slope_of_its_differences(case):
    score, options, _ = CASES[case]
    m = np.array(MATRICES["full"])
    _, gradient = value_and_gradient(lambda m: score(m, **options), m)
    for place in np.ndindex(3, 3):
        h = np.zeros((3, 3))
        h[place] = 1e-6
        both = [to_numpy(score(m + s * h, **options)) for s in (1, -1)]
        slope = (both[0] - both[1]) / 2e-6
        np.testing.assert_allclose(gradient[place], slope, 1e-6, 1e-8)


def test_a_class_that_is_left_out_has_no_gradient():
    m = np.array(MATRICES["absent"])
    for score in (scores.categorical_balanced_accuracy, scores.mean_iou):
        _, gradient = value_and_gradient(score, m)
        assert gradient[2, 2] == 0 and np.all(np.isfinite(gradient))
        assert gradient[0, 0] > 0 > gradient[0, 1]


@pytest.mark.parametrize("case", CASES)
def test_nothing_and_nan_are_nan_and_integers_are_numbers(case):
    score, options, reference = CASES[case]
    assert np.isnan(score(np.zeros((3, 3)), **options))
    m = np.array(MATRICES["full"])
    for place in ((0, 0), (2, 2)):
        broken = m.copy()
        broken[place] = np.nan
        assert np.isnan(score(broken, **options))
    whole = np.array([[5, 1, 2], [0, 3, 1], [2, 2, 7]])
    got = to_numpy(score(whole, **options))
    assert got.dtype == keras.backend.floatx()
    np.testing.assert_allclose(got, reference(whole.astype(float)), 1e-6)


def test_matthews_and_kappa_of_one_class_are_nan():
    alone = np.diag([0.0, 4.0, 0.0])
    for score in (scores.categorical_matthews, scores.categorical_kappa):
        assert np.isnan(score(alone))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: scores.mean_iou(np.ones((2, 3))), ["(2, 3)", "classes"]),
        (lambda: scores.mean_iou(np.ones((1, 1))), ["(1, 1)", "two"]),
        (lambda: scores.mean_iou(np.ones(4)), ["(4,)", "classes"]),
        (lambda: scores.mean_iou(np.ones((2, 2, 2))), ["(2, 2, 2)"]),
        (
            lambda: scores.mean_iou(keras.KerasTensor((None, None))),
            ["(None, None)"],
        ),
        (lambda: scores.mean_iou(None), ["`matrix`", "None"]),
        (lambda: scores.mean_iou(np.ones((2, 2)), 1), ["present=1"]),
        (
            lambda: scores.categorical_kappa(np.ones((2, 2)), "cubic"),
            ["weights='cubic'", "'linear'", "'quadratic'"],
        ),
        (
            lambda: scores.categorical_cost(np.ones((2, 2)), np.eye(3)),
            ["`cost_matrix`", "2 by 2"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
