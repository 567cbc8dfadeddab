"""Rates at a constraint: every cut point tried, and roots that SciPy finds."""

import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, label, to_numpy, value_and_gradient
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.metrics import roc_curve

from softkeras import losses
from softkeras.steps import Step

FUNCTIONS = [
    losses.soft_precision_at_recall,
    losses.soft_recall_at_precision,
    losses.soft_sensitivity_at_specificity,
    losses.soft_specificity_at_sensitivity,
]
CLASSES = [
    losses.SoftPrecisionAtRecall,
    losses.SoftRecallAtPrecision,
    losses.SoftSensitivityAtSpecificity,
    losses.SoftSpecificityAtSensitivity,
]
LEAST_RECALL = 0.1  # as documented


def rates(d, y, w):
    """Precision, recall and specificity of decisions from 0 to 1."""
    tp, fp = np.sum(w * y * d), np.sum(w * (1 - y) * d)
    return {
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / np.sum(w * y),
        "sensitivity": tp / np.sum(w * y),
        "specificity": 1 - fp / np.sum(w * (1 - y)),
    }


def names(function):
    """What is to be high, and what is asked for."""
    _, high, _, asked = function.__name__.split("_")
    return high, asked


def brute_force(function, y, p, level, w):
    high, asked = names(function)
    best = 0.0
    for t in np.append(-1.0, p):
        r = rates(p > t, y, w)
        if r[asked] >= level - 1e-9:
            best = max(best, r[high])
    return 1 - best


def reference(function, y, x, level, w, s):
    """The soft loss on logits, with the step σ(s·(x - τ))."""
    high, asked = names(function)

    def at(t):
        return rates(expit(s * (x - t)), y, w)

    ends = (x.min() - 40 / s, x.max() + 40 / s)

    def root(name, level):
        return brentq(lambda t: at(t)[name] - level, *ends, xtol=1e-14)

    if asked != "precision":
        return 1 - at(root(asked, level))[high]
    if np.sum(w * y) >= level * np.sum(w):
        return 0.0
    last = root("recall", LEAST_RECALL)
    tried = np.linspace(ends[0], last, 500)
    above = [t for t in tried if at(t)["precision"] >= level]
    if not above:
        return 1 - LEAST_RECALL * at(last)["precision"] / level
    before = above[0] - (tried[1] - tried[0])
    first = brentq(
        lambda t: at(t)["precision"] - level, before, above[0], xtol=1e-14
    )
    return 1 - at(first)["recall"]


def sample(seed, n=16, prevalence=0.3, signal=1.5):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < prevalence).astype(float)
    y[:2] = [1, 0]
    return y, signal * y + rng.normal(size=n), rng.random(n) + 0.1


# The exact one


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_the_hard_loss_is_the_best_of_all_cut_points(function):
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, (20, 12)).astype(float)
    y[0], y[1] = 1, 0
    p = rng.random((20, 12))
    p[:, :5] = rng.integers(0, 6, (20, 5)) / 5
    for w in (np.ones(20), rng.random(20), rng.integers(0, 3, 20) + 0.0):
        w[:2] += 1
        for level in (0.25, 0.5, 0.8, 0.999):
            got = function(y, p, level, w, average=None, step="hard")
            want = [
                brute_force(function, *columns, level, w)
                for columns in zip(y.T, p.T)
            ]
            np.testing.assert_allclose(got, want, 1e-9, 1e-12)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_the_hard_loss_is_one_minus_the_metric_of_keras(function, rng, mode):
    y = rng.integers(0, 2, 80).astype("float32")
    p = ((rng.integers(0, 50, 80) + y * rng.integers(0, 50, 80)) / 100).astype(
        "float32"
    ) + np.float32(0.003)
    name = function.__name__.removeprefix("soft_").title().replace("_", "")
    for level in (0.55,):
        metric = getattr(keras.metrics, name)(level, num_thresholds=101)
        metric.update_state(y, p)
        got, gradient = value_and_gradient(
            lambda p, level=level: function(y, p, level, step="hard"), p, mode
        )
        np.testing.assert_allclose(got, 1 - metric.result(), 1e-5, 1e-6)
        assert np.all(gradient == 0)


# The soft one


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
@pytest.mark.parametrize("s", [0.25, 1.0, 3.0])
def test_value_and_gradient_are_those_of_the_reference(function, s, mode):
    """Through the threshold: the reference finds it anew for each change."""
    if mode != "eager" and s != 1.0:
        pytest.skip("each is compiled anew: once is enough")
    level, h = {0.25: 0.4, 1.0: 0.6, 3.0: 0.8}[s], 1e-5
    y, x, w = sample(5 if s > 1 else 1)
    value, gradient = value_and_gradient(
        lambda x: function(y, x, level, w, sharpness=s, from_logits=True),
        x,
        mode,
    )
    want = reference(function, y, x, level, w, s)
    np.testing.assert_allclose(value, want, 1e-9)
    assert 0.01 < want < 0.99
    slopes = [
        (
            reference(function, y, x + e, level, w, s)
            - reference(function, y, x - e, level, w, s)
        )
        / (2 * h)
        for e in h * np.eye(len(x))
    ]
    np.testing.assert_allclose(gradient, slopes, 1e-5, 1e-8)
    assert np.abs(gradient).max() > 1e-4


def test_a_precision_that_is_not_reached_and_one_that_always_is():
    function = losses.soft_recall_at_precision
    y, x, w = sample(2, signal=0.0)
    for level, h in ((0.9, 1e-5), (0.05, 1e-5)):
        value, gradient = value_and_gradient(
            lambda x, level=level: function(
                y, x, level, w, sharpness=1.0, from_logits=True
            ),
            x,
        )
        want = reference(function, y, x, level, w, 1.0)
        np.testing.assert_allclose(value, want, 1e-9)
        slopes = [
            (
                reference(function, y, x + e, level, w, 1.0)
                - reference(function, y, x - e, level, w, 1.0)
            )
            / (2 * h)
            for e in h * np.eye(len(x))
        ]
        np.testing.assert_allclose(gradient, slopes, 1e-5, 1e-9)
        if level > 0.5:  # it shows the way
            assert value > 1 - LEAST_RECALL and gradient[0] < 0
        else:
            assert value == 0 and np.all(gradient == 0)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_float32_and_probabilities_agree_with_the_reference(function, mode):
    y, x, w = sample(1)
    p = expit(x)
    want = reference(function, y, x, 0.6, w, 1.0)
    value, gradient = value_and_gradient(
        lambda p: function(y, p, 0.6, w, sharpness=1.0),
        p.astype("float32"),
        mode,
    )
    np.testing.assert_allclose(value, want, 1e-5)
    _, of_logits = value_and_gradient(
        lambda x: function(y, x, 0.6, w, sharpness=1.0, from_logits=True), x
    )
    np.testing.assert_allclose(gradient, of_logits / (p * (1 - p)), 1e-3, 1e-5)


def test_sharp_steps_come_to_the_roc_curve_of_scikit_learn():
    y, x, w = sample(7, n=60)
    fpr, tpr, _ = roc_curve(y, x, sample_weight=w, drop_intermediate=False)
    options = dict(sharpness=1e5, from_logits=True)
    for level in (0.513, 0.777, 0.913):  # which no cut point hits
        got = losses.soft_sensitivity_at_specificity(y, x, level, w, **options)
        np.testing.assert_allclose(1 - got, np.interp(1 - level, fpr, tpr))
        got = losses.soft_specificity_at_sensitivity(y, x, level, w, **options)
        want = 1 - np.interp(level, tpr, fpr)
        np.testing.assert_allclose(1 - got, want, 1e-9)
        got = losses.soft_precision_at_recall(y, x, level, w, **options)
        hits = level * np.sum(w * y)
        alarms = (1 - want) * np.sum(w * (1 - y))
        np.testing.assert_allclose(1 - got, hits / (hits + alarms), 1e-9)


@pytest.mark.parametrize("shape", ["softsign", "ramp", "arctan", "normal"])
def test_every_shape_meets_its_constraint(shape):
    """The other rate, at the threshold that the first one implies."""
    y, x, _ = sample(3)
    step = Step(shape, 4.0)
    tried = np.linspace(x.min() - 40, x.max() + 40, 20001)
    decided = to_numpy(step(x - tried[:, None], from_logits=True))
    recall = decided[:, y == 1].mean(1)
    for level in (0.3, 0.7):
        got = losses.soft_specificity_at_sensitivity(
            y, x, level, step=step, from_logits=True
        )
        at = np.searchsorted(-recall, -level)
        want = 1 - decided[at, y == 0].mean()
        np.testing.assert_allclose(1 - got, want, atol=5e-3)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_straight_through_has_the_hard_value_and_the_soft_gradient(function):
    y, x, w = sample(4)
    soft = Step(sharpness=1.0)
    hard = Step(sharpness=1.0, straight_through=True)
    of_soft, of_hard = (
        value_and_gradient(
            lambda x, s=step: function(y, x, 0.7, w, step=s, from_logits=True),
            x,
        )
        for step in (soft, hard)
    )
    np.testing.assert_array_equal(of_hard[1], of_soft[1])
    want = function(y, x, 0.7, w, step="hard", from_logits=True)
    np.testing.assert_allclose(of_hard[0], want, 1e-12)


# What holds for every loss


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_a_shift_of_all_logits_and_the_order_are_nothing(function):
    y, x, w = sample(6)
    options = dict(from_logits=True, sharpness=1.0)
    want = function(y, x, 0.6, w, **options)
    np.testing.assert_allclose(
        function(y, x + 3.7, 0.6, w, **options), want, 1e-9
    )
    order = np.argsort(np.sin(np.arange(len(x))))
    np.testing.assert_allclose(
        function(y[order], x[order], 0.6, w[order], **options), want, 1e-9
    )


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
@pytest.mark.parametrize("step", ["sigmoid", "hard"])
def test_weights_masks_and_shapes(function, step, rng):
    y, x, _ = sample(8)
    p, times = expit(x), rng.integers(0, 4, len(x))
    times[:2] = 1
    options = dict(step=step)
    want = function(np.repeat(y, times), np.repeat(p, times), 0.6, **options)
    dirty = np.where(times > 0, p, np.nan)
    padded = np.where(times > 0, y, -7.0)
    for args in (
        (y, p, 0.6, times),
        (y[:, None], p[:, None], 0.6, times),
        (y, p[:, None], 0.6, times[:, None]),
        (padded, dirty, 0.6, times),
        (y, p, 0.6, 1e30 * times),
        (y, p, 0.6, np.maximum(times, 1) * 1.0, times > 0),
    ):
        got = function(*args, **options)
        if len(args) == 5:
            want = function(y, p, 0.6, times, **options)
            got = function(y, p, 0.6, times * 1.0, times > 0, **options)
        np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_averages(function, rng):
    y = rng.integers(0, 2, (14, 3)).astype(float)
    y[0], y[1] = 1, 0
    y[:, 0], y[:, 1] = [1, 0] * 7, [0, 1] * 7
    p = rng.random((14, 3))
    options = dict(step="hard")
    each = [function(*c, 0.6, **options) for c in zip(y.T, p.T)]
    got = function(y, p, 0.6, average=None, **options)
    np.testing.assert_allclose(got, each, 1e-9)
    got = function(y, p, 0.6, **options)
    np.testing.assert_allclose(got, np.mean(each), 1e-9)
    got = function(y, p, 0.6, average="weighted", **options)
    np.testing.assert_allclose(got, np.average(each, weights=y.sum(0)), 1e-9)
    got = function(y, p, 0.6, average="micro", **options)
    want = function(y.ravel(), p.ravel(), 0.6, **options)
    np.testing.assert_allclose(got, want, 1e-9)
    w = rng.random(14)
    got = function(y, p, 0.6, w, average="samples", **options)
    negatives = "spec" in function.__name__
    some = (y.sum(1) > 0) & ((y.sum(1) < 3) | (not negatives))
    each = [function(*r, 0.6, **options) for r in zip(y[some], p[some])]
    np.testing.assert_allclose(got, np.average(each, weights=w[some]), 1e-9)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
@pytest.mark.parametrize("step", ["sigmoid", "hard"])
def test_an_undefined_score_does_what_empty_says(function, step, mode, rng):
    p = rng.random((16, 1)).astype("float32")
    y = np.zeros((16, 1), "float32")
    for empty, want in (("skip", 0), ("one", 0), ("zero", 1)):
        value, gradient = value_and_gradient(
            lambda p, e=empty: function(y, p, 0.6, empty=e, step=step), p, mode
        )
        assert value == want
        assert np.all(gradient == 0)
    if mode == "eager":
        both = np.concatenate([y, y + (p > 0.5)], 1)
        got = function(both, np.repeat(p, 2, 1), 0.6, step=step)
        want = function(both[:, 1], p, 0.6, step=step)
        np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_value_and_gradient_are_finite_whatever_comes(function, mode):
    shape = (16,)
    y = (np.arange(16) % 3 == 0).astype("float32")
    rng = np.random.default_rng(0)
    of_logits = [
        np.zeros(shape),
        3e38 * np.sign(rng.normal(size=shape)),
        rng.normal(size=shape) * 10.0 ** rng.integers(-38, 38, shape),
        1000.0 * y,
        -1000.0 * y,
        np.where(y, 1e-30, 0),
    ]
    of_probabilities = [
        np.zeros(shape),
        np.ones(shape),
        y,
        1 - y,
        np.where(y, 1e-38, 1 - 6e-8),
    ]
    for from_logits, cases in ((True, of_logits), (False, of_probabilities)):

        def run(x, from_logits=from_logits):
            return function(y, x, 0.7, from_logits=from_logits)

        # One function, so that it is compiled once.
        for x in cases if mode == "eager" else cases[1:4:2]:
            value, gradient = value_and_gradient(run, x.astype("float32"), mode)
            assert 0 <= value <= 1
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("function", FUNCTIONS, ids=label)
def test_narrow_floats_are_computed_with_in_float32(function):
    y, x, _ = sample(9)
    p = expit(x).astype("float16")
    value, gradient = value_and_gradient(lambda p: function(y, p, 0.6), p)
    assert str(value.dtype) == "float32" and gradient.dtype == p.dtype
    want = function(y, p.astype("float32"), 0.6)
    np.testing.assert_allclose(value, want, 1e-6)
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)


def test_a_nan_does_not_go_unseen():
    y, p = [0.0, 1.0, 0.0, 1.0], [0.2, float("nan"), 0.3, 0.4]
    for function in FUNCTIONS:
        for step in ("sigmoid", "hard"):
            assert np.isnan(to_numpy(function(y, p, 0.6, step=step)))


# In Keras


@pytest.mark.parametrize(
    "function, cls", list(zip(FUNCTIONS, CLASSES)), ids=label
)
def test_class_and_function_agree(function, cls, rng):
    y = rng.integers(0, 2, (20, 3)).astype("float32")
    p, w = rng.random((20, 3)).astype("float32"), rng.random(20)
    np.testing.assert_allclose(cls(0.7)(y, p, w), function(y, p, 0.7, w), 1e-6)
    each = to_numpy(function(y, p, 0.7, average=None))
    for reduction, want in (("none", each), ("sum", each.sum())):
        loss = cls(0.7, average=None, reduction=reduction)
        np.testing.assert_allclose(loss(y, p), want, 1e-5)
    np.testing.assert_allclose(cls(0.7, None).call(y, p), each, 1e-6)
    of_function = dict(inspect.signature(function).parameters)
    of_class = dict(inspect.signature(cls).parameters)
    for name in ("y_true", "y_pred", "sample_weight", "mask"):
        del of_function[name]
    for name in ("reduction", "name", "dtype"):
        del of_class[name]
    assert {n: p.default for n, p in of_function.items()} == {
        n: p.default for n, p in of_class.items()
    }


@pytest.mark.parametrize("cls", CLASSES, ids=label)
def test_it_comes_back_from_its_configuration(cls):
    for options in (
        {},
        dict(average=None, empty="one", step="hard", reduction="none"),
        dict(sharpness=2.0, from_logits=True, name="mine", dtype="float64"),
        dict(step=Step("softsign", 2.0, straight_through=True)),
    ):
        loss = cls(0.8, **options)
        config = json.loads(json.dumps(keras.losses.serialize(loss)))
        again = keras.losses.deserialize(config)
        assert type(again) is cls
        assert again.get_config() == loss.get_config()


def model_of(activation):
    keras.utils.set_random_seed(2)
    return keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation=activation),
        ]
    )


@pytest.mark.parametrize(
    "loss",
    [cls(level) for cls, level in zip(CLASSES, (0.95, 0.9, 0.95, 0.95))]
    + [losses.SoftRecallAtPrecision(0.9, from_logits=True)],
    ids=lambda loss: f"{loss.name}-{loss.constrained.from_logits}",
)
def test_fit_learns_the_score_that_it_trains_on(medical, loss):
    x, y = medical
    logits = loss.constrained.from_logits
    model = model_of("linear" if logits else "sigmoid")
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    hard = type(loss)(loss.constrained.level, step="hard", from_logits=logits)
    before = float(hard(y, model.predict(x, verbose=0)))
    history = model.fit(x, y, epochs=25, batch_size=128, verbose=0).history
    after = float(hard(y, model.predict(x, verbose=0)))
    assert history["loss"][-1] < history["loss"][0] - 0.05
    assert before > 0.1 > after + 0.04


def test_a_saved_model_reloads_in_a_new_process(tmp_path, medical):
    x, y = medical
    model = model_of("sigmoid")
    model.compile("adam", loss=losses.SoftPrecisionAtRecall(0.9, sharpness=1))
    model.fit(x, y, batch_size=128, verbose=0)
    model.save(tmp_path / "model.keras")
    script = """
import keras, softkeras
loss = keras.saving.load_model("model.keras").loss
print(type(loss).__name__, loss.constrained.level, loss.constrained.step)
"""
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.strip() == (
        "SoftPrecisionAtRecall 0.9 "
        "Step('sigmoid', sharpness=1.0, scale='logit')"
    )


def call(*args, cls=losses.SoftPrecisionAtRecall, **options):
    return lambda: cls(0.8, **options)(*args)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: CLASSES[0](1.0), ["recall=1.0", "0 and 1"]),
        (lambda: CLASSES[1](0), ["precision=0", "0 and 1"]),
        (lambda: CLASSES[2](specificity="x"), ["specificity='x'"]),
        (lambda: CLASSES[3](-0.5), ["sensitivity=-0.5"]),
        (lambda: CLASSES[0](0.5, average="mean"), ["'mean'", "'macro'"]),
        (lambda: CLASSES[0](0.5, empty="nan"), ["'nan'", "'skip'"]),
        (lambda: CLASSES[0](0.5, sharpness=-1), ["sharpness=-1"]),
        (lambda: CLASSES[0](0.5, from_logits=2), ["from_logits=2"]),
        (
            lambda: CLASSES[0](0.5, step=Step("ramp", scale="probability")),
            ["scale='logit'", "Step('ramp'"],
        ),
        (
            lambda: CLASSES[0](0.5, step=lambda v: v + 0.5),
            ["scale='logit'"],
        ),
        (call([1, 0], [1, 0]), ["int", "floats"]),
        (call([1, 2], [0.2, 0.3]), ["y_true", "2.0"]),
        (call([1, 0, 1], [0.2, 0.3]), ["(3,)", "(2,)"]),
        (call([1, 0], [0.2, 3.0]), ["y_pred", "from_logits=True"]),
        (call([1, 0], [0.2, 0.3], [1, -1]), ["sample_weight", "-1"]),
        (call([1, 0], [0.2, 0.3], average="samples"), ["'samples'", "(2,)"]),
    ],
    ids=range(16),
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
def test_bad_labels_in_graphs(mode):
    y, p = np.array([0.0, 3.0]), np.array([0.2, 0.4])
    for function in FUNCTIONS:
        for step in ("sigmoid", "hard"):
            if mode == "xla":
                value, _ = value_and_gradient(
                    lambda p, f=function, s=step: f(y, p, 0.6, step=s), p, mode
                )
                assert np.isnan(value)
            elif mode == "graph":
                with pytest.raises(Exception, match="labels from 0 to 1"):
                    value_and_gradient(
                        lambda p, f=function, s=step: f(y, p, 0.6, step=s),
                        p,
                        mode,
                    )


def test_logits_of_probabilities_at_the_reference(mode):
    """The step by default is σ(logit p - τ)."""
    y, x, w = sample(1)
    for function in FUNCTIONS[:1]:
        value, _ = value_and_gradient(
            lambda p, f=function: f(y, p, 0.6, w), expit(x), mode
        )
        want = reference(function, y, logit(expit(x)), 0.6, w, 1.0)
        np.testing.assert_allclose(value, want, 1e-9)


@pytest.mark.parametrize(
    "function, cls", list(zip(FUNCTIONS, CLASSES)), ids=label
)
def test_labels_come_in_every_form(rng, function, cls):
    ids = np.arange(30) % 3
    x = rng.normal(size=(30, 3)) + np.eye(3)[ids]
    want = function(np.eye(3)[ids], x, 0.6, from_logits=True)
    for y, form in (
        (ids, {"sparse": True}),
        (2 * np.eye(3)[ids] - 1, {"labels": (-1, 1)}),
    ):
        form["from_logits"] = True
        for got in (function(y, x, 0.6, **form), cls(0.6, **form)(y, x)):
            np.testing.assert_allclose(float(got), float(want), 1e-6)
    copy = cls.from_config(cls(0.6, labels=(-1, 1)).get_config())
    assert copy.constrained.labels.values == (-1, 1)
    ids[::4] = 255
    kept = ids != 255
    got = function(ids, x, 0.6, sparse=True, ignore_class=255, from_logits=True)
    want = function(np.eye(3)[ids[kept]], x[kept], 0.6, from_logits=True)
    np.testing.assert_allclose(float(got), float(want), 1e-6)
