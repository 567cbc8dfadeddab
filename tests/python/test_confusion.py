"""The soft confusion matrix: against scikit-learn, loops and differences."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient
from scipy.special import softmax
from sklearn.metrics import confusion_matrix

import softkeras
from softkeras import soft_confusion_matrix

CLASSES = 4
RNG = np.random.default_rng(20261121)
IDS = RNG.integers(0, CLASSES, 30)
ONE_HOT = np.eye(CLASSES)[IDS]
LOGITS = 2 * RNG.normal(size=(30, CLASSES))
SHARES = softmax(LOGITS, -1)
WEIGHTS = RNG.integers(0, 4, 30) / 2
SOFT_LABELS = RNG.dirichlet(np.ones(CLASSES), 30)


def coupled(y, d):
    """The matrix of one row of shares: what agrees, and the rest pro rata."""
    m = np.diag(np.minimum(y, d))
    short, over = np.maximum(y - d, 0), np.maximum(d - y, 0)
    if over.sum() > 0:
        m += np.outer(short, over) / over.sum()
    return m


def soft_matrix(y, logits, w, s):
    rows = zip(y, softmax(s * logits, -1), w)
    return sum(each * coupled(label, d) for label, d, each in rows)


@pytest.mark.parametrize("hard", [{"step": "hard"}, {"sharpness": np.inf}])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_hard_it_is_scikit_learn_s(hard, weighted, sparse, mode):
    w = WEIGHTS if weighted else None
    want = confusion_matrix(
        IDS, SHARES.argmax(-1), labels=range(CLASSES), sample_weight=w
    )
    for p, from_logits in ((SHARES, False), (LOGITS, True)):
        run = compiled(
            lambda p, f=from_logits: soft_confusion_matrix(
                IDS if sparse else ONE_HOT,
                p,
                w,
                sparse=sparse,
                from_logits=f,
                **hard,
            ),
            mode,
        )
        got = run(keras.ops.convert_to_tensor(p.astype("float32")))
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("s", [0.25, 1.0, 3.0])
def test_soft_it_is_the_sum_of_products(s, mode):
    want = np.einsum("n,ni,nj->ij", WEIGHTS, ONE_HOT, softmax(s * LOGITS, -1))
    for labels, sparse in ((IDS, True), (ONE_HOT, False)):
        run = compiled(
            lambda x, y=labels, p=sparse: soft_confusion_matrix(
                y, x, WEIGHTS, sparse=p, sharpness=s, from_logits=True
            ),
            mode,
        )
        got = run(keras.ops.convert_to_tensor(LOGITS))
        np.testing.assert_allclose(got, want, 1e-12)
        got = soft_confusion_matrix(
            labels, SHARES, WEIGHTS, sparse=sparse, sharpness=s
        )
        np.testing.assert_allclose(got, want, 1e-10)


@pytest.mark.parametrize("s", [0.25, 1.0])
def test_shares_agree_as_far_as_they_can(s, mode):
    run = compiled(
        lambda x: soft_confusion_matrix(
            SOFT_LABELS, x, WEIGHTS, sharpness=s, from_logits=True
        ),
        mode,
    )
    got = to_numpy(run(keras.ops.convert_to_tensor(LOGITS)))
    want = soft_matrix(SOFT_LABELS, LOGITS, WEIGHTS, s)
    np.testing.assert_allclose(got, want, 1e-10)
    # Its sums are those of the labels and of the decisions.
    np.testing.assert_allclose(got.sum(1), WEIGHTS @ SOFT_LABELS, 1e-10)
    decisions = softmax(s * LOGITS, -1)
    np.testing.assert_allclose(got.sum(0), WEIGHTS @ decisions, 1e-10)


def test_labels_are_the_best_prediction_of_themselves():
    got = to_numpy(soft_confusion_matrix(SOFT_LABELS, SOFT_LABELS, sharpness=1))
    want = np.diag(SOFT_LABELS.sum(0))
    np.testing.assert_allclose(got, want, 1e-10, 1e-10)


@pytest.mark.parametrize("y", [ONE_HOT, SOFT_LABELS], ids=["one-hot", "shares"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_gradient_matches_finite_differences(y, from_logits):
    x, h = (LOGITS if from_logits else SHARES)[:6], 1e-6
    mix = keras.ops.convert_to_tensor(RNG.normal(size=(CLASSES, CLASSES)))

    def function(x):
        m = soft_confusion_matrix(
            y[:6], x, WEIGHTS[:6], sharpness=0.7, from_logits=from_logits
        )
        return keras.ops.sum(m * mix)

    _, gradient = value_and_gradient(function, x)
    for index in np.ndindex(x.shape):
        moved = np.zeros(x.shape)
        moved[index] = h
        slope = to_numpy(function(x + moved) - function(x - moved)) / (2 * h)
        np.testing.assert_allclose(gradient[index], slope, 1e-6, 1e-8)


def test_the_gradient_is_finite_for_every_finite_input():
    x = np.array(
        [[3e38, -3e38, 0], [-3e38] * 3, [1e-38, 0, -1e-38], [80, -80, 0]],
        "float32",
    )
    p = np.array(
        [[1, 0, 0], [0, 1, 0], [1e-30, 1, 0], [0.5, 0.5, 0]], "float32"
    )
    for y in (np.eye(3)[[0, 1, 2, 1]], p, np.full((4, 3), 1 / 3, "float32")):
        for data, from_logits in ((x, True), (p, False)):
            for s in (0.25, 1.0, 40.0):
                value, gradient = value_and_gradient(
                    lambda x, y=y, f=from_logits, s=s: soft_confusion_matrix(
                        y, x, sharpness=s, from_logits=f
                    ),
                    data,
                )
                assert np.all(np.isfinite(value))
                assert np.all(np.isfinite(gradient))


def test_images_masks_weights_and_ignored_classes(rng, mode):
    """All of them say which pixels count, and which how much."""
    x = rng.normal(size=(3, 5, 2, 4)).astype("float32")
    ids = rng.integers(0, 4, (3, 5, 2))
    mask, w = rng.random((3, 5, 2)) > 0.3, rng.integers(1, 4, (3, 1, 2))
    ignored = np.where(rng.random((3, 5, 2)) > 0.8, 255, ids)
    run = compiled(
        lambda x: soft_confusion_matrix(
            ignored,
            x,
            w,
            mask,
            step="hard",
            from_logits=True,
            sparse=True,
            ignore_class=255,
        ),
        mode,
    )
    counts = (ignored != 255) & mask
    want = confusion_matrix(
        ids[counts],
        x.argmax(-1)[counts],
        labels=range(4),
        sample_weight=np.broadcast_to(w, ids.shape)[counts],
    )
    np.testing.assert_array_equal(run(keras.ops.convert_to_tensor(x)), want)
    of_images = soft_confusion_matrix(
        ids, x, [1.0, 0.0, 2.0], sparse=True, from_logits=True
    )
    each = [
        soft_confusion_matrix(y, a, sparse=True, from_logits=True)
        for y, a in zip(ids, x)
    ]
    np.testing.assert_allclose(of_images, each[0] + 2 * each[2], 1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_what_counts_nowhere_may_be_anything(sparse, mode):
    mask = np.arange(30) % 3 > 0
    ids, p, one_hot = IDS.copy(), SHARES.copy(), ONE_HOT.copy()
    ids[~mask], p[~mask], one_hot[~mask] = -7, np.nan, np.inf
    y = ids if sparse else one_hot
    want = soft_confusion_matrix(IDS[mask], SHARES[mask], sparse=True)
    for hidden in ({"mask": mask}, {"sample_weight": mask * 1.0}):
        value, gradient = value_and_gradient(
            lambda p, h=hidden: soft_confusion_matrix(y, p, sparse=sparse, **h),
            p,
            mode,
        )
        np.testing.assert_allclose(value, want, 1e-10)
        assert np.all(gradient[~mask] == 0)
        assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_floats_are_accumulated_in_float32(dtype):
    p = keras.ops.cast(np.tile([[0.7, 0.2, 0.1]], (3000, 1)), dtype)
    m = soft_confusion_matrix(np.zeros(3000), p, step="hard", sparse=True)
    assert keras.backend.standardize_dtype(m.dtype) == "float32"
    assert to_numpy(m)[0, 0] == 3000


def test_no_row_is_a_matrix_of_zeros():
    m = soft_confusion_matrix(np.zeros((0, 3)), np.zeros((0, 3), "float32"))
    np.testing.assert_array_equal(m, np.zeros((3, 3)))


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_sizes_need_not_be_known():
    import tensorflow as tf

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None, CLASSES], tf.float64),
            tf.TensorSpec([None], tf.float64),
        ]
    )
    def run(y, p, w):
        return soft_confusion_matrix(y, p, w, sparse=True)

    got = run(IDS.reshape(5, 6), SHARES.reshape(5, 6, CLASSES), WEIGHTS[:5])
    want = soft_confusion_matrix(
        IDS, SHARES, np.repeat(WEIGHTS[:5], 6), sparse=True
    )
    np.testing.assert_allclose(got, want, 1e-12)


BAD = [
    ({"y_pred": SHARES[:, 0], "y_true": IDS}, ["two classes", "(30,)"]),
    ({"y_pred": SHARES[:, :1]}, ["two classes", "(30, 1)"]),
    ({"y_pred": IDS}, ["floats", "int"]),
    ({"y_true": IDS}, ["(30,)", "(30, 4)"]),
    ({"y_true": IDS, "sparse": True, "ignore_class": 1.5}, ["1.5"]),
    ({"ignore_class": 1}, ["sparse=True", "ignore_class=1"]),
    ({"y_true": IDS + 1, "sparse": True}, ["4 classes", "4.0"]),
    ({"y_true": IDS + 0.5, "sparse": True}, ["4 classes"]),
    ({"y_true": 2 * ONE_HOT}, ["from 0 to 1", "2.0"]),
    ({"y_true": 0.5 * ONE_HOT}, ["sum", "sparse=True", "0.5"]),
    ({"y_pred": LOGITS}, ["from_logits=True"]),
    ({"sample_weight": -WEIGHTS}, ["sample_weight", "0 or more"]),
    ({"sample_weight": SHARES}, ["rows", "(30, 4)"]),
    ({"mask": ONE_HOT > 0}, ["`mask`", "rows"]),
    ({"sample_weight": WEIGHTS[:7]}, ["(7,)", "(30, 4)"]),
    ({"step": "ramp"}, ["arg-max", "ramp"]),
    ({"sharpness": -1.0}, ["sharpness=-1", "above 0"]),
    ({"from_logits": 1}, ["from_logits=1"]),
]


@pytest.mark.parametrize("change, words", BAD, ids=range(len(BAD)))
def test_what_is_refused_is_named(change, words):
    arguments = {"y_true": ONE_HOT, "y_pred": SHARES} | change
    with pytest.raises(ValueError) as error:
        soft_confusion_matrix(**arguments)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "y, sparse",
    [(IDS + 1, True), (0.5 * ONE_HOT, False), (ONE_HOT - 1e-2, False)],
    ids=["no class", "half", "negative"],
)
def test_what_is_bad_does_not_pass_a_compiler(y, sparse, mode):
    if mode == "eager":
        pytest.skip("refused there, as above")
    run = compiled(
        lambda y: soft_confusion_matrix(y, SHARES, sparse=sparse), mode
    )
    y = keras.ops.convert_to_tensor(y)
    if mode == "graph":
        with pytest.raises(Exception, match="y_true"):
            run(y)
    else:
        assert np.any(np.isnan(run(y)))


def test_it_is_where_soft_counts_is():
    assert softkeras.soft_confusion_matrix is soft_confusion_matrix
