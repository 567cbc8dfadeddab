"""What the doctor says of rows, weights, shapes and batches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import softkeras.losses
from softkeras import _backend
from softkeras.doctor import _layouts, _probes
from softkeras.doctor._checks import batches, rows, shapes, weights
from softkeras.doctor._examination import Examination
from softkeras.doctor._subject import ActivationSubject, LossSubject, name_of

CHECKS = (shapes, rows, weights, batches)
# What is true of every loss that is one number for the batch.
OF_SCALARS = {
    "batch_not_mean",
    "empty_batch",
    "mask_ignored",
    "sample_weight_ignored",
}


def checked(exam):
    made = exam.outcome(exam.usual()[0])
    assert made.error is None, made.error
    for module in CHECKS:
        module.check(exam)
    return exam


def examine(loss):
    """An examination of a known loss, by these checks alone."""
    return checked(made(loss, _layouts.known(loss)))


def on(form, domain, loss):
    """An examination with labels and predictions of a layout."""
    return checked(made(loss, _probes.Layout(form, domain)))


def made(loss, layout):
    subject = LossSubject(loss, name_of(loss))
    return Examination(subject, _probes.for_loss(layout), layout)


def given(loss, y_true, y_pred, **more):
    """An examination with a user's arrays."""
    subject = LossSubject(loss, name_of(loss))
    probe = {"y_true": y_true, "y_pred": y_pred, **more}
    layout = _layouts.of_data(y_true, y_pred)
    return checked(Examination(subject, {"yours": probe}, layout, given=True))


def activated(function):
    subject = ActivationSubject(function, "activation")
    return checked(Examination(subject, _probes.for_activation()))


def kinds(exam):
    return {(f.kind, f.severity) for f in exam.findings}


def squares(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def absolute(y_true, y_pred):
    return ops.abs(y_true - y_pred)


def logistic(y_true, y_pred):
    y_pred = ops.clip(y_pred, 1e-6, 1 - 1e-6)
    return -ops.mean(
        y_true * ops.log(y_pred) + (1 - y_true) * ops.log(1 - y_pred), -1
    )


def weighted_by_label(y_true, y_pred):
    return ops.mean((1 + 4 * y_true) * ops.abs(y_true - y_pred), -1)


# ---- shapes


class SquaresLoss(keras.losses.Loss):
    """The example in the docstring of keras.losses.Loss."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_pred - y_true), axis=-1)


class SquaredSum(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_pred - y_true))


class CrossedInPart(keras.losses.Loss):
    def call(self, y_true, y_pred):
        crossed = ops.mean(ops.square(y_true - y_pred))
        return crossed + ops.mean(ops.abs(y_true - y_pred[:, 0]))


class Fading(keras.losses.Loss):
    """Counts its calls, and is smaller with each."""

    def __init__(self, part):
        super().__init__()
        self.part = part
        self.strength = keras.Variable(1.0, trainable=False)

    def call(self, y_true, y_pred):
        self.strength.assign(self.strength * 0.9)
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        if self.part == "batch":
            y_true, y_pred = ops.mean(y_true), ops.mean(y_pred)
        return self.strength * ops.mean(ops.square(y_true - y_pred))


class Reshaped(keras.losses.Loss):
    def call(self, y_true, y_pred):
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        return ops.mean(ops.square(y_pred - y_true), axis=-1)


def first_column(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred[:, 0]))


def squeezed_labels(y_true, y_pred):
    return ops.mean(ops.abs(ops.squeeze(y_true, -1) - y_pred), -1)


def sum_of_crossed(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred[:, 0]))


@pytest.mark.parametrize(
    "loss", [first_column, squeezed_labels, sum_of_crossed]
)
def test_labels_that_meet_all_predictions(loss):
    exam = on("real", "real", loss)
    assert ("broadcasts", "error") in kinds(exam)
    assert not exam.found("mixes_samples", "sum_not_mean", "batch_not_mean")
    # That of the pairs indeed: it is the same for labels in another order.
    probe = exam.probes["random"]
    shuffled = {**probe, "y_true": np.roll(probe["y_true"], 1, 0)}
    np.testing.assert_allclose(exam.total(shuffled), exam.total(probe), 1e-5)


@pytest.mark.parametrize("loss", [SquaresLoss(), SquaredSum()])
def test_a_loss_class_meets_labels_without_an_axis(loss):
    exam = on("real", "real", loss)
    (finding,) = [f for f in exam.findings if f.kind == "broadcasts"]
    # A warning: nobody gave labels of that shape.
    assert finding.severity == "warning" and finding.where == "y_true"
    # 12 labels against 12 predictions, by hand.
    probe = exam.probes["random"]
    crossed = np.mean((probe["y_true"][:, 0] - probe["y_pred"]) ** 2)
    own = np.mean((probe["y_true"] - probe["y_pred"]) ** 2)
    assert f"{crossed:.4g} in place of {own:.4g}" in finding.cause


def test_own_labels_without_an_axis(rng):
    y_pred = rng.normal(size=(9, 1)).astype("float32")
    y_true = rng.normal(size=9).astype("float32")
    assert ("broadcasts", "error") in kinds(
        given(SquaresLoss(), y_true, y_pred)
    )
    # Labels that fit are no matter of those that would not.
    assert not kinds(given(SquaresLoss(), y_true[:, None], y_pred))
    # Keras brings those of a function to one shape; its user does not.
    exam = given(squares, y_true, y_pred)
    assert kinds(exam) == {("broadcasts", "info")}
    aligned = np.mean((y_true - y_pred[:, 0]) ** 2)
    crossed = np.mean((y_true - y_pred) ** 2)
    assert f"loss is {aligned:.4g}." in exam.findings[0].cause
    assert f"(9, 9) of them: {crossed:.4g}." in exam.findings[0].cause
    # What aligns by itself, or adds up to the same, is fine by hand as well.
    for loss in (
        keras.losses.mean_squared_error,
        keras.losses.MeanSquaredError(),
        lambda y_true, y_pred: ops.mean(y_true) - ops.mean(y_pred),
    ):
        assert not given(loss, y_true, y_pred).found("broadcasts")


def test_own_labels_that_meet_all_predictions_are_shown_where(rng):
    y_pred = rng.normal(size=(9, 1)).astype("float32")
    y_true = rng.normal(size=9).astype("float32")
    exam = given(SquaresLoss(), y_true, y_pred)
    (finding,) = [f for f in exam.findings if f.kind == "broadcasts"]
    if keras.backend.backend() == "tensorflow":
        assert "subtract in" in finding.where


@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="JAX's trace does not tell axes that are added from those asked for",
)
def test_own_labels_that_meet_all_predictions_in_a_part(rng):
    y_pred = rng.normal(size=(9, 1)).astype("float32")
    y_true = rng.normal(size=9).astype("float32")
    # The second part makes the order of labels matter.
    exam = given(CrossedInPart(), y_true, y_pred)
    (finding,) = [f for f in exam.findings if f.kind == "broadcasts"]
    assert "whichever row" not in finding.cause


ALTERNATING = np.float32([[0], [1], [0], [1]])


def equal(y_true, y_pred):
    return 1 - ops.mean(ops.cast(ops.equal(y_true, y_pred), "float32"), -1)


def rounded(y_true, y_pred):
    return ops.square(y_true - ops.round(y_pred))


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.mean_squared_error,
        keras.losses.MeanAbsoluteError(),
        SquaresLoss(),
        equal,
        rounded,
        SquaredSum(),
        SquaredSum(reduction="sum"),
        keras.losses.MeanSquaredError(reduction="sum"),
    ],
)
@pytest.mark.parametrize(
    "y_pred",
    [
        1 - ALTERNATING,
        ALTERNATING,
        np.zeros_like(ALTERNATING),
        np.full_like(ALTERNATING, 0.5),
        np.float32([[0], [0], [1], [1]]),
    ],
)
def test_wrong_predictions_are_no_broadcast(loss, y_pred):
    assert not given(loss, ALTERNATING, y_pred).found("broadcasts")


@pytest.mark.parametrize("form", ["binary", "one_hot", "labels"])
def test_staircases_are_no_broadcast(form):
    for loss in (rounded, equal):
        assert not on(form, "probability", loss).found("broadcasts")


def pairs_of_scores(y_true, y_pred):
    """(n, 1) and (n,) of the same scores, on purpose."""
    apart = y_pred[:, :1] - y_pred[:, 0]
    order = y_true[:, :1] - y_true[:, 0]
    return ops.mean(ops.softplus(-order * apart))


def test_pairs_on_purpose_are_no_broadcast(rng):
    y_pred = rng.normal(size=(6, 1)).astype("float32")
    y_true = (np.arange(6) % 2).astype("float32")[:, None]
    assert not given(pairs_of_scores, y_true, y_pred).found("broadcasts")


@pytest.mark.parametrize("part", ["rows", "batch"])
def test_a_loss_that_changes_its_variable(part):
    loss = Fading(part)
    exam = on("binary", "probability", loss)
    assert not exam.found("broadcasts")
    (finding,) = [f for f in exam.findings if "weight_ig" in f.kind]
    assert "only rescales" in finding.cause
    assert float(loss.strength) == 1.0


def one_hot_entropy(y_true, y_pred):
    labels = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
    return -ops.sum(labels * ops.log(y_pred + 1e-7), -1)


def test_class_ids_with_an_axis():
    exam = on("ids", "probability", one_hot_entropy)
    assert ("broadcasts", "warning") in kinds(exam)
    assert not kinds(
        on("ids", "probability", keras.losses.sparse_categorical_crossentropy)
    )


def pairwise(y_true, y_pred):
    """A loss of pairs of a positive and a negative, on purpose."""
    scores = y_pred[:, 0]
    apart = scores[:, None] - scores[None, :]
    pairs = y_true[:, :1] * (1 - y_true[:, 0][None, :])
    return ops.sum(pairs * ops.softplus(-apart)) / (ops.sum(pairs) + 1e-7)


def difference_of_means(y_true, y_pred):
    return ops.square(ops.mean(y_true) - ops.mean(y_pred))


@pytest.mark.parametrize(
    "loss", [Reshaped(), squares, pairwise, difference_of_means, absolute]
)
def test_losses_that_do_not_broadcast(loss):
    assert not on("binary", "probability", loss).found("broadcasts")


def mean_over_rows(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=0)


def entropy_over_rows(y_true, y_pred):
    return -ops.sum(y_true * ops.log(y_pred + 1e-7), axis=0)


class RowsLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        return ops.mean(ops.abs(y_true - y_pred), axis=0)


def f1_by_class(y_true, y_pred):
    both = ops.sum(y_true * y_pred, 0)
    return 1 - 2 * both / (ops.sum(y_true, 0) + ops.sum(y_pred, 0) + 1e-7)


@pytest.mark.parametrize("form", ["binary", "one_hot"])
@pytest.mark.parametrize(
    "loss", [mean_over_rows, entropy_over_rows, RowsLoss()]
)
def test_reduced_over_the_batch(form, loss):
    exam = on(form, "probability", loss)
    (finding,) = exam.findings
    assert (finding.kind, finding.severity) == ("wrong_axis", "error")
    # Told apart from one number with an axis, though there is one column.
    assert "(4,)" in finding.cause


@pytest.mark.parametrize("form", ["labels", "binary"])
def test_a_score_of_each_class_is_not_of_samples(form):
    exam = on(form, "probability", f1_by_class)
    assert (
        {
            ("wrong_axis", "warning"),
            ("batch_not_mean", "info"),
        }
        >= kinds(exam)
        >= {("wrong_axis", "warning")}
    )


def test_a_score_of_each_class_with_own_weights(rng):
    y_pred = rng.uniform(size=(8, 3)).astype("float32")
    y_true = (rng.uniform(size=(8, 3)) < 0.5).astype("float32")
    weights_of_rows = np.ones(8, "float32")
    probe = {"y_true": y_true, "y_pred": y_pred}
    exam = Examination(
        LossSubject(f1_by_class, "f1"),
        {"yours": {**probe, "sample_weight": weights_of_rows}},
        _layouts.of_data(y_true, y_pred),
        given=True,
    )
    # It raises an error before anything else can be seen.
    assert exam.outcome("yours").error is not None
    shapes.check(exam)
    assert ("wrong_axis", "error") in kinds(exam)


def test_weights_in_the_losses_of_classes():
    loss = softkeras.losses.SoftFBeta(average=None)
    assert not kinds(on("labels", "probability", loss))


def flattened(y_true, y_pred):
    return ops.reshape(ops.square(y_true - y_pred), (-1,))


def transposed(y_true, y_pred):
    return ops.transpose(ops.square(y_true - y_pred))


def without_a_row(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), -1)[1:]


def with_axes(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), keepdims=True)


@pytest.mark.parametrize("loss", [flattened, transposed, without_a_row])
def test_results_of_a_wrong_shape(loss):
    exam = on("one_hot", "probability", loss)
    assert ("wrong_shape", "error") in kinds(exam)


def test_a_number_with_axes():
    assert kinds(on("one_hot", "probability", with_axes)) >= {
        ("wrong_shape", "warning")
    }


# ---- rows


def over_the_maximum(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred / ops.max(y_pred)), -1)


def softmax_over_rows(y_true, y_pred):
    y_pred = ops.softmax(y_pred, axis=0)
    return -ops.sum(y_true * ops.log(y_pred + 1e-7), -1)


def standardised(y_true, y_pred):
    y_pred = (y_pred - ops.mean(y_pred)) / (ops.std(y_pred) + 1e-3)
    return ops.mean(ops.square(y_true - y_pred), -1)


def balanced_by_the_batch(y_true, y_pred):
    weight = ops.mean(1 - y_true) / (ops.mean(y_true) + 1e-3)
    return ops.mean((1 + weight * y_true) * ops.square(y_true - y_pred), -1)


@pytest.mark.parametrize(
    "loss, where",
    [
        (over_the_maximum, "y_pred"),
        (softmax_over_rows, "y_pred"),
        (standardised, "y_pred"),
        (balanced_by_the_batch, "y_true"),
    ],
)
@pytest.mark.parametrize("form", ["binary", "labels"])
def test_samples_that_mix(form, loss, where):
    exam = on(form, "probability", loss)
    (finding,) = exam.findings
    assert (finding.kind, finding.severity) == ("mixes_samples", "warning")
    # The operation follows, where it is known.
    assert finding.where.split(":")[0] == where


def test_own_rows_that_mix(rng):
    y_pred = rng.uniform(0.1, 0.9, size=(2, 1)).astype("float32")
    y_true = np.float32([[0], [1]])
    assert given(over_the_maximum, y_true, y_pred).found("mixes_samples")


def test_activations_that_mix():
    for mixing in (
        lambda x: ops.softmax(x, axis=0),
        lambda x: x / ops.max(ops.abs(x)),
        lambda x: x - ops.mean(x, axis=0),
        lambda x: x / ops.norm(x),
    ):
        assert kinds(activated(mixing)) == {("mixes_samples", "warning")}
    for fine in (
        keras.activations.relu,
        keras.activations.softmax,
        keras.activations.sparsemax,
        lambda x: x / (ops.norm(x, axis=-1, keepdims=True) + 1e-6),
        lambda x: ops.round(x),
    ):
        assert not kinds(activated(fine))


# ---- weights and masks


def dice(y_true, y_pred):
    both = ops.sum(y_true * y_pred)
    return 1 - (2 * both + 1) / (ops.sum(y_true) + ops.sum(y_pred) + 1)


def mean_of_all(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))


class Deaf(keras.losses.Loss):
    """Takes the weights, and drops them."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        return ops.mean(ops.abs(y_true - y_pred))


class Hearing(keras.losses.Loss):
    """With the weights in its counts, and the mask too."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = _backend.get_keras_mask(y_pred)
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        weights = ops.ones_like(y_pred)
        for part in (sample_weight, mask):
            if part is not None:
                weights *= ops.cast(ops.reshape(part, (-1, 1)), "float32")
        return 1 - ops.sum(weights * y_true * y_pred) / (
            ops.sum(weights * (y_true + y_pred)) + 1e-6
        )


@pytest.mark.parametrize("loss", [dice, mean_of_all, Deaf()])
def test_weights_and_masks_that_do_not_reach_a_batch_loss(loss):
    exam = on("binary", "probability", loss)
    assert ("sample_weight_ignored", "info") in kinds(exam)
    # Said in one.
    assert not exam.found("mask_ignored")
    (finding,) = [f for f in exam.findings if "weight_ig" in f.kind]
    assert "mask" in finding.cause
    assert {f.kind for f in exam.findings} <= OF_SCALARS


def test_masks_of_steps_are_told_by_themselves(rng):
    y_pred = rng.uniform(size=(4, 3, 1)).astype("float32")
    exam = given(SquaredSum(), np.zeros_like(y_pred), y_pred)
    assert kinds(exam) >= {
        ("sample_weight_ignored", "info"),
        ("mask_ignored", "info"),
    }


def test_what_weights_do_to_a_number():
    def cause(loss):
        exam = on("binary", "probability", loss)
        return next(
            f for f in exam.findings if f.kind == "sample_weight_ignored"
        ).cause

    assert "only rescales" in cause(dice)
    assert "sample_weight and masks do not reach" in cause(Deaf())


def test_own_weights_that_are_ignored(rng):
    y_pred = rng.uniform(size=(8, 1)).astype("float32")
    y_true = (np.arange(8) % 2).astype("float32")[:, None]
    for shape in ((8,), (8, 1)):
        exam = given(dice, y_true, y_pred, sample_weight=np.ones(shape))
        assert ("sample_weight_ignored", "warning") in kinds(exam)
        assert not exam.found("mask_ignored")
    exam = given(dice, y_true, y_pred, mask=np.ones(8, "bool"))
    assert ("mask_ignored", "warning") in kinds(exam)


@pytest.mark.parametrize("form", ["binary", "labels"])
@pytest.mark.parametrize(
    "loss", [logistic, squares, Reshaped(), weighted_by_label]
)
def test_losses_of_samples_are_healthy(form, loss):
    exam = on(form, "probability", loss)
    assert not kinds(exam)
    assert not [c for c in exam.checks if c["outcome"] != "fine"]


def test_losses_of_elements():
    assert not kinds(on("binary", "probability", absolute))
    # (12, 4) times (12,) is an error, or the wrong thing with 4 rows.
    exam = on("labels", "probability", absolute)
    assert kinds(exam) == {("sample_weight_ignored", "info")}
    assert "(12, 4)" in exam.findings[0].cause


def test_own_weights_of_elements(rng):
    y_pred = rng.uniform(size=(8, 3)).astype("float32")
    y_true = (rng.uniform(size=(8, 3)) < 0.5).astype("float32")
    ones = np.ones((8, 1), "float32")
    exam = given(absolute, y_true, y_pred, sample_weight=ones)
    assert not exam.found("sample_weight_ignored")


def test_a_loss_of_counts_that_hears():
    exam = on("binary", "probability", Hearing())
    assert not exam.found("sample_weight_ignored", "mask_ignored")


def test_weights_that_are_refused():
    class Refusing(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            if sample_weight is not None:
                raise ValueError("no weights here")
            return ops.mean(ops.square(y_true - y_pred))

    class HearingWeights(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            y_true = ops.reshape(y_true, ops.shape(y_pred))
            if sample_weight is None:
                return ops.mean(ops.square(y_true - y_pred))
            each = ops.mean(ops.square(y_true - y_pred), -1)
            return ops.mean(each * ops.reshape(sample_weight, (-1,)))

    # What weights do not say of masks is said by itself.
    exam = on("binary", "probability", HearingWeights())
    assert ("mask_ignored", "info") in kinds(exam)
    assert not exam.found("sample_weight_ignored")
    exam = on("labels", "probability", Refusing())
    (finding,) = [f for f in exam.findings if f.kind == "sample_weight_ignored"]
    assert "no weights here" in finding.cause


def test_errors_are_told_without_names_of_nodes():
    class OneShape(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            each = ops.mean(ops.square(y_true - y_pred), -1)
            if sample_weight is not None:
                each = each * ops.concatenate([sample_weight, sample_weight])
            return ops.mean(each)

    exam = on("labels", "probability", OneShape())
    (finding,) = [f for f in exam.findings if f.kind == "sample_weight_ignored"]
    assert "can't be used with it: " in finding.cause
    assert "{{" not in finding.cause and "[Op" not in finding.cause


# ---- batches


def sum_of_all(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred))


def over_a_fixed_size(y_true, y_pred):
    return ops.sum(ops.abs(y_true - y_pred)) / 32


def sum_with_constant(y_true, y_pred):
    return 3.0 + ops.sum(ops.square(y_true - y_pred))


def norm(y_true, y_pred):
    return ops.sqrt(ops.sum(ops.square(y_true - y_pred)) + 1e-12)


class SumInside(keras.losses.Loss):
    def call(self, y_true, y_pred):
        y_true = ops.reshape(y_true, ops.shape(y_pred))
        return ops.sum(ops.square(y_true - y_pred))


@pytest.mark.parametrize(
    "loss",
    [sum_of_all, over_a_fixed_size, sum_with_constant, norm, SumInside()],
)
@pytest.mark.parametrize("form", ["binary", "labels"])
def test_sums_over_the_batch(form, loss):
    exam = on(form, "probability", loss)
    assert ("sum_not_mean", "warning") in kinds(exam)
    assert not exam.found("batch_not_mean")


def test_sums_that_are_asked_for():
    for loss in (
        keras.losses.MeanSquaredError(reduction="sum"),
        SumInside(reduction="sum"),
    ):
        exam = on("labels", "probability", loss)
        assert not exam.found("sum_not_mean", "batch_not_mean")


def root_mean_square(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_true - y_pred)) + 1e-12)


def hardest(y_true, y_pred):
    each = ops.mean(ops.square(y_true - y_pred), -1)
    return ops.mean(ops.top_k(each, 3)[0])


def correlation(y_true, y_pred):
    y_true, y_pred = y_true - ops.mean(y_true), y_pred - ops.mean(y_pred)
    return 1 - ops.sum(y_true * y_pred) / (
        ops.sqrt(ops.sum(y_true**2) * ops.sum(y_pred**2)) + 1e-6
    )


@pytest.mark.parametrize(
    "loss", [root_mean_square, hardest, correlation, dice, pairwise]
)
def test_a_batch_that_is_not_the_mean_of_its_parts(loss):
    exam = on("binary", "probability", loss)
    assert ("batch_not_mean", "info") in kinds(exam)
    assert not exam.found("sum_not_mean", "mixes_samples", "broadcasts")
    assert {f.kind for f in exam.findings} <= OF_SCALARS


def test_the_size_of_the_gap(rng):
    y_pred = rng.uniform(size=(8, 1)).astype("float32")
    y_true = (np.arange(8) < 2).astype("float32")[:, None]
    exam = given(root_mean_square, y_true, y_pred)
    (finding,) = [f for f in exam.findings if f.kind == "batch_not_mean"]
    squares = (y_true - y_pred).astype("float64") ** 2
    whole = np.sqrt(squares.mean())
    gaps = [
        abs(whole - np.mean([np.sqrt(part.mean()) for part in halves]))
        for halves in (np.split(squares, 2), (squares[::2], squares[1::2]))
    ]
    assert f"{max(gaps):.2g} apart" in finding.cause


def test_means_are_means_of_their_parts():
    exam = on("binary", "probability", mean_of_all)
    assert not exam.found("batch_not_mean", "sum_not_mean")


def mean_of_known(y_true, y_pred):
    known = ops.cast(y_true >= 0, "float32")
    return ops.sum(known * ops.square(y_true - y_pred)) / ops.sum(known)


def mean_of_not_nan(y_true, y_pred):
    known = ops.logical_not(ops.isnan(y_true))
    y_true = ops.where(known, y_true, 0.0)
    known = ops.cast(known, "float32")
    return ops.sum(known * ops.abs(y_true - y_pred)) / ops.sum(known)


def mean_of_known_columns(y_true, y_pred):
    known = ops.cast(y_true >= 0, "float32")
    each = ops.sum(known * ops.square(y_true - y_pred), -1)
    return each / ops.sum(known, -1)


def safe_mean_of_known(y_true, y_pred):
    known = ops.cast(y_true >= 0, "float32")
    total = ops.sum(known * ops.square(y_true - y_pred))
    return total / ops.maximum(ops.sum(known), 1.0)


@pytest.mark.parametrize(
    "loss", [mean_of_known, mean_of_not_nan, mean_of_known_columns]
)
@pytest.mark.parametrize("form", ["binary", "labels"])
def test_nothing_is_left_of_a_batch(form, loss):
    exam = on(form, "probability", loss)
    assert ("empty_batch", "warning") in kinds(exam)
    assert not exam.found("gradient_not_finite")


@pytest.mark.parametrize(
    "loss", [safe_mean_of_known, squares, keras.losses.hinge, dice, absolute]
)
def test_losses_of_what_is_left_that_are_fine(loss):
    assert ("empty_batch", "warning") not in kinds(
        on("binary", "probability", loss)
    )


def test_labels_left_out_of_the_value_alone():
    def loss(y_true, y_pred):
        squares = ops.square(y_true - y_pred)
        return ops.where(ops.isnan(y_true), 0.0, squares)

    exam = on("binary", "probability", loss)
    assert ("gradient_not_finite", "error") in kinds(exam)


def test_weights_that_are_all_zero():
    def loss(y_true, y_pred, sample_weight=None):
        squares = ops.square(y_true - y_pred)
        if sample_weight is None:
            return ops.mean(squares)
        sample_weight = sample_weight * ops.ones_like(squares)
        return ops.sum(sample_weight * squares) / ops.sum(sample_weight)

    exam = on("labels", "probability", softkeras.losses.FunctionLoss(loss))
    assert ("empty_batch", "warning") in kinds(exam)
    assert not exam.found("sample_weight_ignored", "mask_ignored")


def test_a_batch_of_no_rows():
    assert ("empty_batch", "info") in kinds(
        on("binary", "probability", mean_of_all)
    )
    # Keras takes a mean of no losses as 0.
    assert not on("binary", "probability", squares).found("empty_batch")
    assert not on("binary", "probability", dice).found("empty_batch")


# ---- no false alarms


OF_KERAS = [
    getattr(keras.losses, name)
    for name in sorted(_layouts._KERAS)
    # Not in all versions, and with an argument that it needs.
    if name != "categorical_generalized_cross_entropy"
]


@pytest.mark.parametrize("loss", OF_KERAS, ids=lambda f: f.__name__)
def test_losses_of_keras(loss):
    exam = examine(loss)
    allowed = OF_SCALARS if loss.__name__ in ("dice", "tversky") else set()
    assert {f.kind for f in exam.findings} <= allowed
    assert {f.severity for f in exam.findings} <= {"info"}


def test_generalized_cross_entropy_of_keras_broadcasts(rng):
    """Its documentation allows ids of shape (n, 1), which it gets wrong."""
    loss = getattr(keras.losses, "CategoricalGeneralizedCrossEntropy", None)
    if loss is None:
        pytest.skip("This Keras has no such loss.")
    loss = loss()
    y_pred = rng.dirichlet(np.ones(4), 6).astype("float32")
    y_true = np.arange(6) % 4
    right = np.mean((1 - y_pred[np.arange(6), y_true] ** 0.5) / 0.5)
    np.testing.assert_allclose(float(loss(y_true, y_pred)), right, 1e-5)
    same = np.isclose(float(loss(y_true[:, None], y_pred)), right, 1e-3)
    assert examine(loss).found("broadcasts") == (not same)


@pytest.mark.parametrize(
    "name",
    [
        "ContinuousBernoulli",
        "SoftAUC",
        "SoftAccuracy",
        "SoftAveragePrecision",
        "SoftCategoricalAccuracy",
        "SoftCategoricalMatthews",
        "SoftCohenKappa",
        "SoftDice",
        "SoftFBeta",
        "SoftFowlkesMallows",
        "SoftGMean",
        "SoftJaccard",
        "SoftMatthews",
        "SoftPrecision",
        "SoftRecall",
        "SoftTversky",
    ],
)
def test_losses_of_softkeras(name):
    exam = examine(getattr(softkeras.losses, name)())
    assert not kinds(exam)
    assert not [c for c in exam.checks if c["outcome"] != "fine"]


def test_losses_of_softkeras_with_arguments():
    from softkeras.losses import (
        SoftFBeta,
        SoftPrecisionAtRecall,
        WarmUp,
        WeightedSum,
    )

    entropy = keras.losses.BinaryCrossentropy()
    losses = [
        SoftPrecisionAtRecall(0.8),
        WeightedSum([entropy, SoftFBeta()], [0.5, 0.5]),
    ]
    # On JAX a WarmUp fails, as in fit(), without a callback for its state.
    if keras.backend.backend() != "jax":
        losses.append(WarmUp(entropy, SoftFBeta(), steps=9))
    for loss in losses:
        assert not kinds(on("binary", "probability", loss))


@pytest.mark.skipif(
    keras.backend.backend() == "jax",
    reason="JAX traces no random numbers without a seed",
)
def test_random_losses_are_not_accused():
    def loss(y_true, y_pred):
        return ops.mean(keras.random.uniform(()) * (y_true - y_pred))

    exam = made(loss, _probes.Layout("binary", "probability"))
    exam.add("random", "info", "the result", "Two calls differ.")
    assert len(checked(exam).findings) == 1
