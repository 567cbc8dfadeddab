"""What must not pass in silence: arguments and data that can't be meant."""

import keras
import numpy as np
import pytest
from conftest import BACKEND, MODES, compiled

import softkeras
from softkeras import losses
from softkeras.losses import (
    ConfusionLoss,
    ScoreLoss,
    SoftCategoricalAccuracy,
    SoftFBeta,
    SoftPrecision,
    SoftTopKAccuracy,
    soft_precision,
)
from softkeras.metrics import EpochScore
from softkeras.plots import plot_steps
from softkeras.steps import Step

Y = np.array([1.0, 0, 1, 0], "float32")
P = np.array([0.9, 0.2, 0.6, 0.4], "float32")


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_arg_max_over_one_output_is_refused(shape):
    y, p = Y.reshape(shape), P.reshape(shape)
    for call in (
        lambda: softkeras.soft_counts(y, p, threshold=None),
        lambda: softkeras.soft_counts(y, p, threshold=None, step="hard"),
        lambda: soft_precision(y, p, threshold=None),
        lambda: EpochScore("recall", threshold=None).update_state(y, p),
    ):
        with pytest.raises(ValueError, match=r"two classes.*\(4,"):
            call()


def test_probabilities_outside_0_to_1_are_refused():
    for p in ([3.0, -2, 5, -1], [1.01, 0.2, 0.6, 0.4]):
        with pytest.raises(ValueError, match="from_logits=True"):
            soft_precision(Y, p)
        soft_precision(Y, p, from_logits=True)
    # Rounding is forgiven, NaN stays NaN.
    assert soft_precision(Y, [1.0005, -0.0005, 0.6, 0.4]) < 1
    assert np.isnan(soft_precision(Y, [np.nan, 0.2, 0.6, 0.4]))


@pytest.mark.parametrize("mode", [m for m in MODES if m != "eager"])
def test_probabilities_outside_0_to_1_do_not_pass_a_compiler(mode):
    function = compiled(lambda p: soft_precision(Y, p), mode)
    assert np.isfinite(function(P))
    bad = keras.ops.convert_to_tensor([3.0, -2, 5, -1])
    if mode == "graph":
        with pytest.raises(Exception, match="from_logits=True"):
            function(bad)
    else:
        assert np.isnan(function(bad))


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_the_range_in_a_graph_is_that_of_the_data():
    function = compiled(lambda y: soft_precision(y, P), "graph")
    with pytest.raises(Exception, match=r"\[2\] \[to\] \[2\]|2.*to.*2"):
        function(keras.ops.convert_to_tensor([2.0, 2, 2, 2]))


def test_what_a_mask_hides_may_be_anything():
    p = np.array([0.9, np.nan, 7.0, 0.4], "float32")
    mask = [True, False, False, True]
    want = soft_precision(Y[[0, 3]], P[[0, 3]])
    np.testing.assert_allclose(soft_precision(Y, p, mask=mask), want, 1e-6)


def test_batches_that_weigh_nothing_leave_an_epoch_as_it_is():
    y = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1.0]])
    p = np.array([[9, 2, 7], [8, 1, 9], [1, 1, 9], [9, 9, 1]]) / 10
    w = np.array([1, 1, 0, 0.0])
    metric = EpochScore("precision", average="samples", empty="zero")
    metric.update_state(y[:2], p[:2], w[:2])
    before = float(metric.result())
    metric.update_state(y[2:], p[2:], w[2:])
    assert float(metric.result()) == before == 0.75  # scikit-learn's


@pytest.mark.parametrize("bad", [["M", "B", "M", "B"], None, {"a": 1}])
def test_labels_that_are_no_numbers(bad):
    with pytest.raises(ValueError, match=r"`y_true` must be an array.*type"):
        soft_precision(bad, P)


def test_a_misspelt_argument_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"shapness.*spelling"):
        SoftPrecision(shapness=3)
    with pytest.raises(ValueError, match=r"betaa.*takes: beta"):
        EpochScore("f_beta", betaa=3)


def test_numbers_and_things_that_can_not_be_meant():
    for call, words in (
        (lambda: SoftFBeta(beta=float("inf")), "recall"),
        (lambda: SoftPrecision(step=Step), "Unknown step"),
        (lambda: SoftPrecision(from_logits="no"), "from_logits='no'"),
        (lambda: ScoreLoss(lambda y_true, y_pred: 0.0), "y_pred"),
        (lambda: softkeras.soft_counts(Y, P, axis=5), "axis=5"),
        (lambda: soft_precision(1.0, 0.5), "single number"),
        (lambda: plot_steps("sigmoid"), "into a list"),
        (lambda: plot_steps(threshold=None), "threshold=None"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert np.isfinite(SoftFBeta(beta=1e30)(Y, P))


def test_another_number_of_classes_in_a_later_batch():
    metric = EpochScore("recall")
    metric.update_state(np.eye(3), np.full((3, 3), 0.6))
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        metric.update_state(np.eye(2), np.full((2, 2), 0.6))


def test_a_plot_shows_the_gradient_that_straight_through_hands_back():
    figure = plot_steps(
        [
            Step("sigmoid", 4.0, straight_through=True),
            Step("softsign", 50.0, "probability", anchored=False),
        ]
    )
    soft = 1 / (1 + (0.7 / 0.3) ** 4)
    line = figure.axes[1].lines[0]
    slope = np.interp(0.3, line.get_xdata(), line.get_ydata())
    np.testing.assert_allclose(slope, 4 * soft * (1 - soft) / 0.21, 1e-3)
    labels = [text.get_text() for text in figure.axes[0].get_legend().texts]
    assert labels[1].endswith("straight-through")
    assert labels[2].endswith("not anchored")


@pytest.mark.parametrize("bad", [["a", "b"], None, {"a": 1}])
def test_ops_of_what_are_no_numbers(bad):
    with pytest.raises(ValueError, match=r"`x` must"):
        softkeras.ops.soft_round(bad)


@pytest.mark.parametrize(
    "y_true, options, said",
    [
        ([0.5, 1.0], {"sparse": True}, "values that are no whole numbers"),
        ([1, 2], {"sparse": True}, "from 0 to 1; subtract 1 if they begin"),
        (["a", "b"], {"sparse": True}, "ids of classes.*dtype string"),
        ([0, 1], {}, "ids of 2 classes, give sparse=True"),
        ([[0], [1]], {}, "ids of 2 classes, give sparse=True"),
        ([[0, 1, 0], [1, 0, 0]], {}, "Give a label for each prediction"),
        ([[0, 1], [1, float("nan")]], {}, "NaN in 25 % of its values"),
        ([[0, 2], [1, 1]], {}, "from 0.0 to 2.0"),
    ],
    ids=["half", "one", "text", "ids", "column", "three", "nan", "two"],
)
def test_labels_that_do_not_fit_say_what_to_do(y_true, options, said):
    if options and isinstance(y_true[0], str) and BACKEND != "tensorflow":
        pytest.skip("only TensorFlow has tensors of strings")
    with pytest.raises(ValueError, match=said):
        soft_precision(y_true, [[0.2, 0.8], [0.6, 0.4]], **options)


def test_labels_of_an_axis_less_say_how_to_add_it():
    with pytest.raises(ValueError, match=r"y_true\[\.\.\., None\]"):
        soft_precision(np.ones((2, 3)), np.full((2, 3, 1), 0.5))


def test_words_for_labels_say_what_to_make_of_them():
    for words in (["yes", "no"], [["yes"], ["no"]], np.array(["yes", "no"])):
        with pytest.raises(ValueError, match=r"np.equal\(y_true, 'yes'\)"):
            soft_precision(words, [0.2, 0.8])


def test_arrays_of_unlike_shapes_are_refused_in_the_same_words():
    unlike = [np.zeros((2, 3)), np.zeros((2, 4))]
    with pytest.raises(ValueError, match="`y_true` must be an array or a tens"):
        soft_precision(unlike, np.full((2, 2, 3), 0.5))


@pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)
def test_ragged_predictions_say_what_to_give():
    import tensorflow as tf

    p = tf.ragged.constant([[0.2], [0.3, 0.4]])
    with pytest.raises(ValueError, match=r"`y_pred` .* its flat_values"):
        soft_precision(p, p)


@pytest.mark.parametrize("score", [lambda c: None, lambda c: 1, lambda c: "1"])
def test_a_score_that_is_not_computed_of_the_counts(score):
    for call in (losses.score_loss, losses.confusion_loss):
        with pytest.raises(ValueError, match=r"must be a tensor, .*Received: "):
            call([[0.0, 1.0]], [[0.2, 0.8]], score)


def test_a_score_that_numpy_computes_has_no_gradient():
    def score(counts):
        return keras.ops.convert_to_numpy(counts.tp)

    with pytest.raises(ValueError, match="NumPy and constants have no grad"):
        losses.score_loss([0.0, 1.0], [0.2, 0.8], score)
    counts = softkeras.soft_counts([0.0, 1.0], [0.2, 0.8], step="hard")
    got = softkeras.scores.average_score(score, counts)
    np.testing.assert_allclose(got, 1.0)


def test_a_score_of_more_than_counts_says_what_it_needs():
    with pytest.raises(ValueError, match="needs p besides Counts"):
        losses.score_loss([0.0, 1.0], [0.2, 0.8], lambda c, p: c.tp)


@pytest.mark.parametrize(
    "value, dtype",
    [
        (2**32, "int64"),
        (1 - 2**32, "int64"),
        (2**32, "uint64"),
        (2**64 - 1, "uint64"),
        (2**32 - 1, "uint32"),
    ],
)
def test_ids_that_32_bits_do_not_hold_do_not_wrap_around(value, dtype):
    y, p = np.array([value, 1, 1], dtype), np.full((3, 2), 0.5, "float32")
    for loss in (
        SoftCategoricalAccuracy(sparse=True, ignore_class=-1),
        SoftTopKAccuracy(k=1, sparse=True),
        SoftFBeta(sparse=True, threshold=None),
    ):
        with pytest.raises(ValueError, match="or none of 32 bits"):
            loss(y, p)
        # A row that counts nowhere may hold anything.
        assert np.isfinite(loss(y, p, np.array([0.0, 1.0, 1.0])))
    if BACKEND == "tensorflow":
        loss = SoftCategoricalAccuracy(sparse=True)
        assert np.isnan(
            compiled(loss, "xla")(keras.ops.convert_to_tensor(y), p)
        )


def test_rows_of_unlike_lengths_are_to_be_padded():
    with pytest.raises(ValueError, match="rows have 1 to 2 entries: pad y_pr"):
        soft_precision([[0, 1], [1, 0]], [[0.2, 0.3], [0.4]])


def test_a_loss_of_a_name_like_one_there_is_is_named():
    for guess, name in (
        ("SoftF1", "SoftFBeta"),
        ("SoftIoU", "SoftJaccard"),
        ("SoftMCC", "SoftMatthews"),
        ("SoftPrecison", "SoftPrecision"),
    ):
        with pytest.raises(AttributeError, match=f"no {guess}.* {name}"):
            getattr(losses, guess)
    assert not hasattr(losses, "__path_of_nothing__")


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_ids_of_classes_whose_number_is_not_known_yet():
    import tensorflow as tf

    loss = SoftTopKAccuracy(k=1, sparse=True)
    spec = [tf.TensorSpec([None], "int64"), tf.TensorSpec([None, None])]
    graph = tf.function(lambda y, p: loss(y, p), input_signature=spec)
    p = tf.constant([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(graph([0, 1], p), loss([0, 1], p), 1e-6)
    for wrong in (3, 2**32):
        with pytest.raises(tf.errors.InvalidArgumentError, match="one less"):
            graph([0, wrong], p)


def test_the_number_to_ignore_has_32_bits():
    with pytest.raises(
        ValueError, match=r"of 32 bits\. Received: ignore_class=4"
    ):
        SoftCategoricalAccuracy(sparse=True, ignore_class=2**32)


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_booleans_are_labels_whatever_the_numbers_of_labels(average):
    p = np.array([0.9, 0.2, 0.7], "float32")
    loss = SoftFBeta(labels=(-1, 1), average=average)
    want = loss(np.array([1.0, -1.0, 1.0]), p)
    assert loss(np.array([True, False, True]), p) == want
    assert want == SoftFBeta(average=average)(np.array([1, 0, 1]), p)


def test_what_is_no_score_of_counts_is_told_where_it_is():
    for make, words in (
        (lambda: ScoreLoss("auc"), "SoftAUC"),
        (lambda: ScoreLoss("mean_iou"), "confusion matrix.*ConfusionLoss"),
        (lambda: EpochScore("mean_iou"), "EpochConfusionScore"),
        (lambda: ConfusionLoss("precision"), "of Counts.*ScoreLoss"),
        (lambda: ScoreLoss(keras.metrics.Precision()), "metric of Keras"),
        (lambda: SoftFBeta(sharpnes=2), "'sharpness'"),
        (lambda: Step(Step("ramp")), "is a Step already"),
        (lambda: Step(lambda v: 5 * v), r"½ at 0\. Received: -1.25, 0, 1.25"),
        (lambda: Step(lambda v: 0.5 - v), "0.75, 0.5, 0.25 at"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
