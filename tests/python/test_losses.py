"""Losses: the golden vectors, their properties, and their life in Keras."""

import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, golden, label, to_numpy, value_and_gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import jaccard_score

from softkeras import losses, soft_counts
from softkeras.losses import (
    ScoreLoss,
    SoftFBeta,
    SoftPrecision,
    SoftRecall,
    soft_fbeta,
    soft_precision,
    soft_recall,
)
from softkeras.metrics import EpochScore
from softkeras.steps import Step

FUNCTIONS = (soft_precision, soft_recall, soft_fbeta)
CLASSES = (SoftPrecision, SoftRecall, SoftFBeta)
STEPS = [
    Step(),
    Step("softsign", 2.0),
    Step("ramp", 0.5),
    Step("sigmoid", 8, "probability"),
    Step("softsign", 50, "probability", anchored=False),
    Step("sigmoid", 1.0, straight_through=True),
]


# Against the reference


def arguments_of(case):
    step = case["step"]
    arguments = {
        "average": case["average"],
        "empty": case["empty"],
        "step": Step(**step) if step["shape"] != "hard" else "hard",
        "threshold": case["threshold"],
        "from_logits": case["from_logits"],
    }
    return arguments | case["score_args"]


@pytest.mark.parametrize("case", golden("losses"), ids=lambda c: c["loss"])
def test_value_counts_and_gradient_are_those_of_the_reference(case):
    function = getattr(losses, case["loss"])
    y, w = np.array(case["y_true"]), case["sample_weight"]
    x = np.array(case["y_pred"])
    arguments = arguments_of(case)
    value = function(y, x, w, **arguments)
    np.testing.assert_allclose(value, case["value"], 1e-10, 1e-12)

    decision = {
        key: value
        for key, value in arguments.items()
        if key in ("step", "threshold", "from_logits")
    }
    counts = soft_counts(y, x, w, **decision)
    for name, want in case["counts"].items():
        np.testing.assert_allclose(getattr(counts, name), want, 1e-10, 1e-10)
    if "gradient" not in case:
        return
    _, gradient = value_and_gradient(
        lambda x: (
            keras.ops.sum(function(y, x, w, **arguments))
            / np.size(case["value"])
        ),
        x,
    )
    np.testing.assert_allclose(gradient, case["gradient"], 1e-8, 1e-10)


def test_float32_and_every_way_to_compile_agree_with_it(mode):
    # Each loss once or twice: what compiles takes seconds.
    for case in golden("losses")[::9]:
        if "gradient" not in case:
            continue
        function = getattr(losses, case["loss"])
        arguments = arguments_of(case)
        y, w = case["y_true"], case["sample_weight"]
        value, gradient = value_and_gradient(
            lambda x, f=function, y=y, w=w, a=arguments: keras.ops.mean(
                f(y, x, w, **a)
            ),
            np.array(case["y_pred"], "float32"),
            mode,
        )
        np.testing.assert_allclose(value, np.mean(case["value"]), 1e-5, 1e-6)
        scale = np.abs(case["gradient"]).max()
        np.testing.assert_allclose(
            gradient, case["gradient"], 1e-4, 1e-6 + 1e-5 * scale
        )


# Properties

# Few shapes, because JAX compiles each operation anew for each.
shapes = st.sampled_from([(1,), (6,), (5, 1), (4, 3), (2, 3, 4)])


def arrays(elements):
    return shapes.flatmap(
        lambda s: hnp.arrays(np.float32, s, elements=elements)
    )


probabilities = arrays(st.floats(0, 1, width=32))
any_floats = arrays(st.floats(allow_nan=False, allow_infinity=False, width=32))


def labels_for(p, seed):
    return np.random.default_rng(seed).integers(0, 2, p.shape)


@pytest.mark.parametrize("step", STEPS, ids=str)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(p=probabilities, seed=st.integers(0, 9))
def test_a_loss_is_between_0_and_1(step, p, seed):
    y = labels_for(p, seed)
    for function in FUNCTIONS:
        for average in ("macro", "micro", None):
            value = to_numpy(function(y, p, step=step, average=average))
            assert np.all((value >= 0) & (value <= 1 + 1e-6))


@pytest.mark.parametrize("step", STEPS, ids=str)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(x=any_floats, seed=st.integers(0, 9), from_logits=st.booleans())
def test_the_gradient_is_finite_for_every_finite_input(
    step, x, seed, from_logits
):
    y = labels_for(x, seed)
    if not from_logits:  # anything else is refused
        x = np.clip(x, -1e-3, 1 + 1e-3)
    for function in FUNCTIONS:
        value, gradient = value_and_gradient(
            lambda x, f=function: f(y, x, step=step, from_logits=from_logits), x
        )
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("step", STEPS, ids=str)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(p=probabilities, seed=st.integers(0, 9))
def test_it_falls_with_a_positive_s_prediction_and_rises_with_a_negative_s(
    step, p, seed
):
    """Precision, recall and F1; recall does not mind negatives."""
    y = labels_for(p, seed)
    decision, slope = value_and_gradient(lambda p: step(p, 0.5), p)
    for function in FUNCTIONS:
        _, gradient = value_and_gradient(
            lambda p, f=function: f(y, p, step=step), p
        )
        # Rounding errors are as large as what is taken times the step's slope.
        called = np.clip(decision.sum(), 1e-30, 1)
        slack = 1e-6 * (1 + slope.astype("float64") / called)
        assert np.all((gradient <= slack)[y == 1])
        assert np.all((gradient >= -slack)[y == 0])


@pytest.mark.parametrize("step", STEPS[:-1], ids=str)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    p=hnp.arrays(
        np.float64,
        st.sampled_from([(3, 2), (4, 1), (2, 3)]),
        elements=st.floats(0.02, 0.98),
    ),
    seed=st.integers(0, 9),
)
def test_the_gradient_matches_finite_differences(step, p, seed):
    y, h = labels_for(p, seed), 1e-6
    # Away from where the softsign's and the ramp's slope bends or jumps.
    for bend in (0.5, 0.5 - 0.5 / 8, 0.5 + 0.5 / 8, 0.5**17, 0.018, 0.982):
        p = np.where(np.abs(p - bend) < 1e-3, p + 2e-3, p)
    for function in FUNCTIONS:
        loss = lambda p, f=function: f(y, p, step=step)  # noqa: E731
        _, gradient = value_and_gradient(loss, p)
        for index in np.ndindex(p.shape):
            moved = np.zeros(p.shape)
            moved[index] = h
            slope = to_numpy(loss(p + moved) - loss(p - moved)) / (2 * h)
            np.testing.assert_allclose(gradient[index], slope, 1e-4, 1e-7)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(p=probabilities, seed=st.integers(0, 9))
def test_the_order_of_the_batch_is_nothing(p, seed):
    y = labels_for(p, seed)
    order = np.random.default_rng(seed).permutation(len(p))
    for function in FUNCTIONS:
        np.testing.assert_allclose(
            function(y[order], p[order]), function(y, p), 1e-5, 1e-6
        )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(p=probabilities, seed=st.integers(0, 9))
def test_a_weight_of_n_is_the_sample_n_times(p, seed):
    rng = np.random.default_rng(seed)
    y, times = labels_for(p, seed), rng.integers(0, 4, len(p))
    for function in FUNCTIONS:
        for average in ("macro", "micro", "weighted"):
            np.testing.assert_allclose(
                function(y, p, times, average=average),
                function(
                    np.repeat(y, times, 0),
                    np.repeat(p, times, 0),
                    average=average,
                ),
                1e-5,
                1e-6,
            )


def test_nothing_positive_is_no_loss_and_no_gradient(rng, mode):
    p = rng.random((8, 3)).astype("float32")
    y = np.zeros((8, 3), "float32")
    for step in STEPS if mode == "eager" else STEPS[:1]:
        for function in FUNCTIONS:
            for average in ("macro", "micro", "weighted", "samples"):
                value, gradient = value_and_gradient(
                    lambda p, f=function, a=average, s=step: f(
                        y, p, average=a, step=s
                    ),
                    p,
                    mode,
                )
                assert value == 0
                assert np.all(gradient == 0)


def test_all_called_negative_still_has_a_way_out():
    """0/0 with positives about is a loss of 1, and not skipped."""
    y, p = np.array([1.0, 1.0, 0.0]), np.array([0.2, 0.4, 0.1])
    step = Step(sharpness=1.0, straight_through=True)
    value, gradient = value_and_gradient(
        lambda p: soft_precision(y, p, step=step), p
    )
    assert value == 1
    assert np.all(gradient[:2] < 0)


# In Keras


def test_classes_and_functions_agree_and_weights_are_in_the_counts(rng):
    y = rng.integers(0, 2, (30, 4)).astype("float32")
    p = rng.random((30, 4)).astype("float32")
    w = rng.random(30).astype("float32")
    for function, cls in zip(FUNCTIONS, CLASSES):
        for weights in (None, w, w[:, None]):
            np.testing.assert_allclose(
                cls()(y, p, sample_weight=weights),
                function(y, p, weights),
                1e-6,
            )
        only = (np.arange(30) == 3).astype("float32")
        np.testing.assert_allclose(
            cls()(y, p, only), cls()(y[3:4], p[3:4]), 1e-6
        )


def test_functions_and_classes_have_the_same_arguments():
    for function, cls in zip(FUNCTIONS, CLASSES):
        of_function = dict(inspect.signature(function).parameters)
        of_class = dict(inspect.signature(cls).parameters)
        for name in ("y_true", "y_pred", "sample_weight", "mask"):
            del of_function[name]
        for name in ("momentum", "reduction", "name", "dtype"):
            del of_class[name]
        assert {n: p.default for n, p in of_function.items()} == {
            n: p.default for n, p in of_class.items()
        }


@pytest.mark.parametrize("average", [None, "macro"])
@pytest.mark.parametrize(
    "reduction, reduce",
    [
        ("sum_over_batch_size", np.mean),
        ("mean", np.mean),
        ("mean_with_sample_weight", np.mean),
        ("sum", np.sum),
        ("none", lambda x: x),
        (None, lambda x: x),
    ],
)
def test_reduction_is_over_classes(rng, average, reduction, reduce):
    y, p = rng.integers(0, 2, (20, 4)), rng.random((20, 4)).astype("float32")
    each = to_numpy(soft_fbeta(y, p, average=average))
    loss = SoftFBeta(average=average, reduction=reduction)
    np.testing.assert_allclose(loss(y, p), reduce(each), 1e-6)


def test_call_is_the_unreduced_loss(rng):
    y, p = rng.integers(0, 2, (20, 4)), rng.random((20, 4)).astype("float32")
    np.testing.assert_allclose(
        SoftRecall(average=None).call(y, p), soft_recall(y, p, average=None)
    )


@keras.saving.register_keras_serializable(package="test")
def jaccard(counts):
    return counts.tp / (counts.tp + counts.fp + counts.fn)


LOSSES = [
    SoftPrecision(),
    SoftRecall(step="hard", threshold=None, average="micro"),
    SoftFBeta(2, average="weighted", empty="one", from_logits=True),
    SoftFBeta(step=Step("softsign", 50, "probability", False), name="mine"),
    SoftFBeta(sharpness=float("inf"), dtype="float64", reduction="sum"),
    ScoreLoss("f_beta", beta=0.5, average=None),
    ScoreLoss(jaccard, empty="zero"),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_a_loss_comes_back_from_its_configuration(loss, rng):
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    again = keras.losses.deserialize(config)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    y, p = rng.integers(0, 2, (9, 3)), rng.random((9, 3)).astype("float32")
    np.testing.assert_array_equal(again(y, p), loss(y, p))


def test_a_loss_of_an_unregistered_function_says_how_to_register_it():
    with pytest.raises(ValueError, match="register_keras_serializable"):
        ScoreLoss(lambda c: c.tp / (c.tp + c.fp)).get_config()


def small_model(activation="sigmoid", bias=0.0):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(
                1,
                activation=activation,
                bias_initializer=keras.initializers.Constant(bias),
            ),
        ]
    )


@pytest.mark.parametrize(
    "loss, score",
    [
        (SoftPrecision(), "precision"),
        (SoftRecall(), "recall"),
        (SoftFBeta(), "f_beta"),
        (SoftFBeta(from_logits=True), "f_beta"),
        (SoftFBeta(step=Step(straight_through=True)), "f_beta"),
        (soft_fbeta, "f_beta"),
    ],
    ids=label,
)
def test_fit_learns_the_score_that_it_trains_on(medical, loss, score):
    x, y = medical
    logits = getattr(getattr(loss, "scoring", None), "from_logits", False)
    # It starts calling all negative, or for precision all positive.
    bias = 6.0 if score == "precision" else -6.0
    model = small_model("linear" if logits else "sigmoid", bias)
    metric = EpochScore(score, empty="zero", from_logits=logits)
    model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=[metric])
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    model.fit(x, y, epochs=30, batch_size=64, verbose=0)
    after = model.evaluate(x, y, verbose=0, return_dict=True)
    assert before[metric.name] < 0.1
    assert after[metric.name] > 0.9
    assert after["loss"] < before["loss"]


def test_class_weight_and_sample_weight_of_fit_reach_the_counts(medical):
    """One step of fit() on the whole batch is one step on repeated samples."""
    x, y = medical
    times = np.where(y == 1, 3, 1)

    def step(x, y, **arguments):
        model = small_model()
        model.compile(keras.optimizers.SGD(0.5), loss=SoftFBeta())
        model.fit(x, y, batch_size=4096, shuffle=False, verbose=0, **arguments)
        return [to_numpy(w) for w in model.weights]

    want = step(np.repeat(x, times, 0), np.repeat(y, times))
    for got in (
        step(x, y, class_weight={0: 1.0, 1: 3.0}),
        step(x, y, sample_weight=times.astype("float32")),
    ):
        for a, b in zip(got, want):
            np.testing.assert_allclose(a, b, 1e-4, 1e-6)
    unweighted = step(x, y)
    assert np.abs(unweighted[0] - want[0]).max() > 1e-4


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "samples"])
def test_it_trains_on_images_in_batches_of_any_size(rng, average):
    x = rng.normal(size=(20, 8, 8, 1)).astype("float32")
    y = (x > 1).astype("float32")
    layer = keras.layers.Conv2D(
        1, 1, activation="sigmoid", kernel_initializer="ones"
    )
    model = keras.Sequential([layer])
    loss = losses.SoftJaccard(average=average)
    metric = EpochScore("jaccard", average=average)
    model.compile(keras.optimizers.Adam(0.1), loss, metrics=[metric])
    model.fit(x, y, batch_size=8, epochs=20, verbose=0)
    called = to_numpy(model(x)) >= 0.5
    each = [jaccard_score(a.ravel(), b.ravel()) for a, b in zip(y, called)]
    want = np.mean(each)
    if average != "samples":
        want = jaccard_score(y.ravel(), called.ravel())
    assert want > 0.6
    shown = model.evaluate(x, y, batch_size=8, verbose=0)[1]
    np.testing.assert_allclose(shown, want, 1e-5)


@pytest.mark.parametrize(
    "cls", [SoftFBeta, losses.SoftAUC, losses.SoftMeanIoU], ids=label
)
def test_class_ids_of_rows_that_weigh_nothing_may_be_anything(rng, cls):
    ids = np.arange(12) % 3
    p = rng.dirichlet(np.ones(3), 12)
    loss, kept = cls(sparse=True), np.arange(12) % 4 > 0
    want = loss(ids[kept], p[kept])
    got = loss(np.where(kept, ids, -7), p, kept * 1.0)
    np.testing.assert_allclose(to_numpy(got), to_numpy(want), 1e-6)


def test_the_mask_of_a_layer_reaches_the_counts(rng):
    x = rng.normal(size=(8, 5, 3)).astype("float32")
    x[3:, 3:] = 0
    y = rng.integers(0, 2, (8, 5, 1)).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            keras.layers.Masking(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss=SoftFBeta(), metrics=[EpochScore("recall")])
    mask = np.any(x != 0, axis=-1)
    p = model.predict(x, verbose=0)
    got = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    np.testing.assert_allclose(got["loss"], soft_fbeta(y, p, mask=mask), 1e-5)
    assert abs(got["loss"] - float(soft_fbeta(y, p))) > 1e-4
    recall = 1 - soft_recall(y[mask], p[mask], step="hard")
    np.testing.assert_allclose(got["recall"], recall, 1e-6)


def test_mixed_precision_trains(medical):
    x, y = medical
    for policy in ("mixed_float16", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            model = small_model()
        finally:
            keras.config.set_dtype_policy("float32")
        optimizer = keras.optimizers.Adam(0.01)
        model.compile(optimizer, loss=SoftFBeta())
        history = model.fit(x, y, epochs=15, batch_size=64, verbose=0).history
        assert np.all(np.isfinite(history["loss"]))
        assert history["loss"][-1] < history["loss"][0] - 0.1


def test_a_saved_model_reloads_in_a_new_process_without_custom_objects(
    tmp_path, medical
):
    x, y = medical
    model = small_model()
    model.compile(
        "adam",
        loss=SoftFBeta(step=Step("ramp", 3.0), beta=2.0),
        metrics=[EpochScore("precision", threshold=0.3)],
    )
    model.fit(x, y, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "p.npy", model.predict(x, verbose=0))
    script = """
import sys, keras, numpy as np, softkeras
model = keras.saving.load_model("model.keras")
np.testing.assert_array_equal(
    model.predict(np.load("x.npy"), verbose=0), np.load("p.npy"))
assert type(model.loss) is softkeras.losses.SoftFBeta, model.loss
print(model.loss.get_config()["beta"], model.loss.scoring.step)
"""
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.strip() == "2.0 Step('ramp', sharpness=3.0, scale='logit')"


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: SoftFBeta(beta=0), ["beta=0", "above 0"]),
        (lambda: soft_fbeta([1.0], [0.5], beta=-2), ["beta=-2", "above 0"]),
        (lambda: SoftPrecision(step="sgimoid"), ["'sgimoid'", "'sigmoid'"]),
        (lambda: SoftPrecision(sharpness=-1), ["sharpness=-1", "above 0"]),
        (lambda: SoftPrecision(threshold=1.5), ["threshold=1.5", "0 and 1"]),
        (lambda: SoftPrecision(average="mean"), ["'mean'", "'macro'"]),
        (lambda: SoftPrecision(empty="nan"), ["'nan'", "'skip'"]),
        (lambda: SoftPrecision(reduction="avg"), ["avg"]),
        (lambda: ScoreLoss("sharpe"), ["'sharpe'", "'f_beta'"]),
        (lambda: ScoreLoss("recall", beta=2.0), ["recall", "beta"]),
        (
            lambda: SoftPrecision(threshold=None, step="ramp"),
            ["'ramp'", "threshold=None"],
        ),
        (
            lambda: SoftPrecision(
                step=Step("ramp", 1, "probability"), threshold=0.2
            ),
            ["sharpness=1.0", "2.5"],
        ),
        (lambda: SoftPrecision()([1, 0], [True, False]), ["bool", "floats"]),
        (lambda: SoftPrecision()([1, 0], [1, 0]), ["int", "floats"]),
        (
            lambda: SoftPrecision(average="samples")([1, 0], [0.2, 0.3]),
            ["'samples'", "(2,)"],
        ),
        (
            lambda: SoftPrecision()([1, 0, 1], [0.2, 0.3]),
            ["(3,)", "(2,)", "same shape"],
        ),
        (lambda: SoftPrecision()([1, 2], [0.2, 0.3]), ["y_true", "2.0"]),
        (
            lambda: SoftPrecision()([1, 0], [0.2, 0.3], [-1.0, 1.0]),
            ["sample_weight", "-1.0"],
        ),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_fit_on_bad_labels_fails_with_the_reason(medical):
    x, y = medical
    model = small_model()
    model.compile(loss=SoftFBeta(), jit_compile=False)
    with pytest.raises(Exception, match="labels from 0 to 1"):
        model.fit(x, 2 * y - 1, verbose=0)
    model.compile(loss=SoftFBeta(), jit_compile=True)
    history = model.fit(x, 2 * y - 1, verbose=0).history
    assert np.isnan(history["loss"][0])


RARE = np.float32([1e-38, 2e-17, 3e-9, 1e-4])
NAMED = [
    name
    for name in (*losses.rates.__all__, *losses.agreement.__all__)
    if name.islower()
]


@pytest.mark.parametrize("name", NAMED)
def test_confident_batches_have_finite_gradients(name):
    """Where next to nothing is called, or all but all of it."""
    function = getattr(losses, name)
    for y, p, sharpness in (
        ([0.0, 0, 0, 0], RARE, 1.3),
        ([0.0, 1, 0, 1], RARE, 1.3),
        ([0.0, 1, 0, 1], 1 - RARE, 2.0),
        ([1.0, 1, 1, 1], 1 - RARE, 0.25),
    ):
        value, gradient = value_and_gradient(
            lambda p, y=y, s=sharpness: function(y, p, sharpness=s), p, "jit"
        )
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("p", [np.float32([0.3, 0.2, 0.8, 0.6]), RARE])
@pytest.mark.parametrize("name", NAMED)
def test_the_unit_of_the_weights_does_not_matter(name, p):
    """Squares of sums of weights of 1e-10 are 0 in float32."""
    function = getattr(losses, name)
    y, w = np.float32([0, 1, 0, 1]), np.float32([1, 2, 0.5, 3])
    want = None
    for unit in (1, 1e-30, 1e-10, 1e-4, 1e5, 1e10, 1e30):
        got = value_and_gradient(
            lambda p, unit=unit: function(y, p, np.float32(w * unit)), p
        )
        want = got if want is None else want
        np.testing.assert_allclose(got[0], want[0], 1e-5, 1e-6)
        scale = np.abs(want[1]).max()
        np.testing.assert_allclose(got[1], want[1], 1e-4, 1e-5 * scale)
        assert scale > 0


def test_a_row_without_a_positive_has_no_gradient_however_confident():
    for sharpness in (0.25, 1.0, 1.3, 2.0, 5.0):
        for score in ("f1", lambda c: c.tp / (c.tp + c.fp + c.fn), "precision"):
            value, gradient = value_and_gradient(
                lambda p, s=sharpness, score=score: losses.score_loss(
                    [0.0], p, score, sharpness=s
                ),
                np.float32([2.2193565e-17]),
                "jit",
            )
            assert value == 0
            np.testing.assert_array_equal(gradient, [0])


@pytest.mark.parametrize(
    "cls",
    [
        losses.SoftFBeta,
        losses.SoftAUC,
        losses.SoftCategoricalMatthews,
        losses.SoftMeanIoU,
    ],
    ids=label,
)
def test_saturated_float16_predictions_have_finite_gradients(cls):
    p = np.float16([[1, 0], [0, 1], [0.5, 0.5], [1, 0]])
    y = np.float16([[0, 1], [0, 1], [1, 0], [1, 0]])
    value, gradient = value_and_gradient(lambda p: cls()(y, p), p)
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


EMPTY = {
    losses.SoftNDCG: {},
    losses.SoftPrecisionAtK: {"k": 2},
    losses.SoftTopKAccuracy: {"k": 2},
    losses.SoftCategoricalKappa: {},
    losses.SoftFBeta: {},
    losses.SoftAUC: {},
    losses.SoftAveragePrecision: {},
    losses.SoftPrecisionAtRecall: {"recall": 0.8},
    losses.SoftRecallAtPrecision: {"precision": 0.8},
    losses.SoftSensitivityAtSpecificity: {"specificity": 0.8},
    losses.SoftSpecificityAtSensitivity: {"sensitivity": 0.8},
}


@pytest.mark.parametrize("cls", EMPTY, ids=label)
def test_a_batch_without_rows_has_no_loss(cls):
    nothing = np.zeros((0, 3), "float32")
    for step in ("sigmoid", "hard"):
        loss = cls(step=step, **EMPTY[cls])
        assert float(loss(nothing, nothing)) == 0
        assert float(loss(nothing, nothing, np.zeros(0, "float32"))) == 0
