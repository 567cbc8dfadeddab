"""The score-function estimator: against enumeration of all decisions."""

import itertools

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient
from keras import ops

from softkeras.ops.score_function import _uniform, score_function_loss

# XLA of TensorFlow can't call NumPy, which is tested on its own.
MODES = {"tensorflow": ["eager", "graph"], "jax": ["eager", "jit"]}.get(
    BACKEND, ["eager"]
)
LABELS = np.array([1, 0, 1])


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def f1(y_true, decisions):
    """Not a sum over elements, and 0 where it is 0/0."""
    hits = np.sum(y_true * decisions)
    return 2 * hits / max(np.sum(y_true) + np.sum(decisions), 1)


def odd(y_true, decisions):
    """Any values: of any size, positive and negative, and far from 0."""
    code = int("".join(str(int(d)) for d in decisions), 3)
    return [100.5, 103, 90, 101, 99, 120, 97, 102.25, 100][code % 9]


def exact(metric, logits, categorical):
    """The mean of the metric over all decisions, and its gradient in logits.

    Of a probability P = Π p, d mean = Σ metric·P·d log P.
    """
    logits = np.asarray(logits, "float64")
    if categorical:
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        choices = range(logits.shape[-1])
    else:
        p = 1 / (1 + np.exp(-logits))
        choices = (0, 1)
    mean, gradient = 0.0, np.zeros_like(p)
    for decisions in itertools.product(choices, repeat=len(p)):
        d = np.array(decisions)
        hot = np.eye(p.shape[-1])[d] if categorical else d
        likelihood = (
            np.prod(p[np.arange(len(p)), d])
            if categorical
            else np.prod(np.where(d == 1, p, 1 - p))
        )
        value = metric(LABELS, d) * likelihood
        mean += value
        gradient += value * (hot - p)
    return mean, gradient


BITS = np.array([0.4, -1.0, 2.0], "float32")
CLASSES = np.array([[0.1, 1, -1], [0, -2, 0.5], [1, 1, 0.3]], "float32")


def estimates(metric, logits, calls, categorical=False, **options):
    """Independent estimates (calls, *shape), and the loss in each."""
    options = {"samples": 8, **options}
    seed = keras.random.SeedGenerator(7)
    values, slopes = [], []
    for _ in range(calls):
        value, slope = value_and_gradient(
            lambda x: score_function_loss(
                metric,
                x,
                LABELS,
                seed=seed,
                categorical=categorical,
                from_logits=True,
                **options,
            ),
            logits,
        )
        values.append(value)
        slopes.append(slope)
    return np.array(values, "float64"), np.array(slopes, "float64")


@pytest.mark.parametrize("metric", [f1, odd])
@pytest.mark.parametrize("categorical", [False, True])
def test_many_samples_come_close_to_enumeration(metric, categorical, mode):
    logits = CLASSES if categorical else BITS
    mean, gradient = exact(metric, logits, categorical)
    count = 40_000
    value, slope = value_and_gradient(
        lambda x: score_function_loss(
            metric,
            x,
            LABELS,
            samples=count,
            seed=3,
            categorical=categorical,
            from_logits=True,
        ),
        logits,
        mode,
    )
    # Four standard errors, of a metric with a spread of at most 8 (odd).
    spread = 8 if metric is odd else 0.4
    bound = 4 * spread / count**0.5
    np.testing.assert_allclose(value, mean, atol=bound)
    np.testing.assert_allclose(slope, gradient, atol=bound)
    # So that the bound says something.
    assert np.abs(gradient).max() > 2 * bound


@pytest.mark.parametrize(
    "categorical, samples, baseline",
    [(False, 2, True), (True, 3, True), (False, 1, False)],
)
def test_few_samples_are_unbiased(categorical, samples, baseline):
    """The mean of many small estimates, within four of its standard errors."""
    logits = CLASSES if categorical else BITS
    mean, gradient = exact(f1, logits, categorical)
    values, slopes = estimates(
        f1, logits, 200, categorical, samples=samples, baseline=baseline
    )
    for sample, want in ((values, mean), (slopes, gradient)):
        error = sample.std(0, ddof=1) / len(sample) ** 0.5
        assert np.all(np.abs(sample.mean(0) - want) < 4 * error + 1e-7)


def test_the_baseline_takes_away_noise():
    """The more, the farther the metric is from 0."""
    for metric, times in ((f1, 2), (odd, 50)):
        noise = {
            baseline: estimates(metric, BITS, 40, baseline=baseline)[1]
            .var(0)
            .sum()
            for baseline in (True, False)
        }
        assert noise[True] * times < noise[False], metric


def test_probabilities_and_their_logits_agree(mode):
    p = 1 / (1 + np.exp(-BITS))
    _, of_p = value_and_gradient(
        lambda p: score_function_loss(f1, p, LABELS, seed=5), p, mode
    )
    _, of_logits = value_and_gradient(
        lambda x: score_function_loss(f1, x, LABELS, seed=5, from_logits=True),
        BITS,
        mode,
    )
    np.testing.assert_allclose(of_p * p * (1 - p), of_logits, 1e-4)
    soft = np.exp(CLASSES) / np.exp(CLASSES).sum(-1, keepdims=True)
    options = {"seed": 5, "categorical": True}
    _, of_p = value_and_gradient(
        lambda p: score_function_loss(odd, p, LABELS, **options), soft, mode
    )
    _, of_logits = value_and_gradient(
        lambda x: score_function_loss(
            odd, x, LABELS, from_logits=True, **options
        ),
        CLASSES,
        mode,
    )
    inner = np.sum(soft * of_p, -1, keepdims=True)
    np.testing.assert_allclose(soft * (of_p - inner), of_logits, 1e-4, 1e-4)


def test_certain_decisions_are_made_and_have_no_nan(mode):
    p = np.array([[0, 1], [1, 0], [1e-38, 1], [1e-45, 1], [0, 1]], "float32")
    seen = []

    def metric(decisions):
        seen.append(decisions.copy())
        return decisions.sum() ** 2

    for baseline, samples in ((True, 300), (False, 1)):
        value, slope = value_and_gradient(
            lambda p, b=baseline, n=samples: score_function_loss(
                metric, p, samples=n, seed=0, baseline=b
            ),
            p,
            mode,
        )
        assert value == 25
        assert np.all(np.isfinite(slope))
        assert np.all(slope == 0) == baseline
    assert all(np.array_equal(d, p > 0.5) for d in seen)
    seen.clear()
    value, slope = value_and_gradient(
        lambda p: score_function_loss(metric, p, seed=0, categorical=True),
        p,
        mode,
    )
    assert value == 16 and np.all(slope == 0)
    assert all(d.tolist() == [1, 0, 1, 1, 1] for d in seen)


def test_random_numbers_are_fine_near_0():
    """Or a probability of a millionth would be some percent off.

    With the backends' own steps of 2⁻²³, all remainders would be 0.
    """
    u = to_numpy(_uniform((2_000_000,), 3, "float32")).astype("float64")
    assert 0 < u.min() < 1e-5 and u.max() <= 1
    remainder = (u[u < 2.0**-7] * 2**23) % 1
    assert abs(remainder.mean() - 0.5) < 4 / (12 * len(remainder)) ** 0.5 + 0.01
    assert abs(np.mean(remainder < 0.25) - 0.25) < 0.02
    bins = np.histogram(u, 20, (0, 1))[0]
    assert np.all(np.abs(bins - 100_000) < 4 * 100_000**0.5)


@pytest.mark.parametrize("categorical", [False, True])
def test_frequencies_are_the_probabilities(categorical, rng):
    p = rng.dirichlet(np.ones(4), size=3).astype("float32")
    p[1] = [0, 0.25, 0.75, 0]
    p[2] = [1, 0, 0, 0]
    drawn = []

    def metric(decisions):
        drawn.append(decisions)
        return 0.0

    n = 20_000
    score_function_loss(metric, p, samples=n, seed=2, categorical=categorical)
    drawn = np.array(drawn)
    assert drawn.dtype.kind == "i"
    if categorical:
        assert drawn.shape == (n, 3)
        drawn = np.eye(4)[drawn]
    spread = np.sqrt(p * (1 - p) / n)
    assert np.all(np.abs(drawn.mean(0) - p) <= 4 * spread)


def test_maximize_is_the_negative(mode):
    value, slope = value_and_gradient(
        lambda x: score_function_loss(f1, x, LABELS, seed=5, from_logits=True),
        BITS,
        mode,
    )
    negative = value_and_gradient(
        lambda x: score_function_loss(
            f1, x, LABELS, seed=5, from_logits=True, maximize=True
        ),
        BITS,
        mode,
    )
    np.testing.assert_array_equal(negative[0], -value)
    np.testing.assert_array_equal(negative[1], -slope)


def test_a_large_common_part_of_the_metric_cancels():
    """1e9 is more than float32 can add a f1 to."""
    _, slope = value_and_gradient(
        lambda x: score_function_loss(f1, x, LABELS, seed=5), 0 * BITS + 0.3
    )
    _, shifted = value_and_gradient(
        lambda x: score_function_loss(
            lambda y, d: 1e9 + f1(y, d), x, LABELS, seed=5
        ),
        0 * BITS + 0.3,
    )
    np.testing.assert_allclose(shifted, slope, 1e-5)


def test_seeds():
    p = np.full((50,), 0.5, "float32")

    def loss(seed):
        return float(score_function_loss(np.sum, p, samples=2, seed=seed))

    assert loss(3) == loss(3) != loss(4)
    generator = keras.random.SeedGenerator(3)
    assert len({loss(generator) for _ in range(6)}) > 1
    keras.utils.set_random_seed(0)
    assert len({loss(None) for _ in range(6)}) > 1


def test_the_metric_may_change_its_arguments(mode):
    def metric(y_true, decisions):
        number = f1(y_true, decisions)
        y_true[:] = 9
        decisions[:] = 9
        return number

    one, other = (
        value_and_gradient(
            lambda x, m=m: score_function_loss(
                m, x, LABELS, seed=5, from_logits=True
            ),
            BITS,
            mode,
        )
        for m in (f1, metric)
    )
    np.testing.assert_array_equal(one[1], other[1])
    assert LABELS.tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    p = ops.cast(np.array([0.1, 0.5, 0.9]), dtype)
    value, slope = value_and_gradient(
        lambda p: score_function_loss(f1, p, LABELS, seed=1), p
    )
    assert value.dtype == "float32" and str(slope.dtype) == dtype
    assert np.all(np.isfinite(slope.astype("float32")))
    _, wide = value_and_gradient(
        lambda p: score_function_loss(f1, p, LABELS, seed=1),
        ops.cast(p, "float32"),
    )
    np.testing.assert_allclose(slope.astype("float32"), wide, 1e-2, 1e-3)


def test_a_model_is_trained_by_a_metric_of_numpy(medical):
    x, y = medical
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((30,)), keras.layers.Dense(1, activation="sigmoid")]
    )
    # An attribute, so that JAX hands its state from step to step.
    model.seed = keras.random.SeedGenerator(2)

    def loss(y_true, y_pred):
        return score_function_loss(
            f1, y_pred, y_true, seed=model.seed, maximize=True
        )

    model.compile(keras.optimizers.Adam(0.1), loss=loss, jit_compile=False)

    def score():
        return f1(y, model.predict(x, verbose=0)[:, 0] > 0.5)

    before, state = score(), to_numpy(model.seed.state).copy()
    history = model.fit(x, y, epochs=20, batch_size=64, verbose=0).history
    assert np.any(to_numpy(model.seed.state) != state)
    assert np.all(np.isfinite(history["loss"]))
    assert history["loss"][-1] < history["loss"][0] - 0.1
    assert score() > max(before, 0.8)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="JAX's XLA calls NumPy")
def test_xla_is_refused_in_words():
    import tensorflow as tf

    run = tf.function(
        lambda p: score_function_loss(f1, p, LABELS), jit_compile=True
    )
    with pytest.raises(ValueError, match=r"compile\(jit_compile=False\)"):
        run(tf.constant([0.1, 0.5, 0.9]))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile(
        loss=lambda y, p: score_function_loss(f1, p, y, from_logits=True),
        jit_compile=True,
    )
    with pytest.raises(ValueError, match=r"compile\(jit_compile=False\)"):
        model.fit(np.zeros((3, 3)), np.zeros((3, 3)), verbose=0)


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_graphs_of_unknown_shape_and_ragged_tensors():
    import tensorflow as tf

    run = tf.function(
        lambda p, y: score_function_loss(f1, p, y, seed=1),
        input_signature=[tf.TensorSpec([None]), tf.TensorSpec([None])],
    )
    p, y = tf.constant([0.1, 0.5, 0.9]), tf.constant([1.0, 0.0, 1.0])
    eager = score_function_loss(f1, p, y, seed=1)
    assert float(run(p, y)) == float(eager)
    with pytest.raises(ValueError, match="ragged `probabilities`"):
        score_function_loss(f1, tf.ragged.constant([[0.1], []]))


def test_what_is_wrong_at_run_time_is_named(mode):
    p = ops.convert_to_tensor(np.array([0.2, 0.7], "float32"))
    run = compiled(
        lambda p: score_function_loss(lambda d: float("nan"), p, seed=1), mode
    )
    with pytest.raises(Exception, match="must return one finite number"):
        to_numpy(run(p))
    run = compiled(lambda p: score_function_loss(np.sum, p, seed=1), mode)
    if mode == "jit":
        assert np.isnan(run(p + 1))
        assert not np.isnan(run(p))
    else:
        with pytest.raises(Exception, match="numbers from 0 to 1"):
            run(p + 1)


P = np.array([0.2, 0.7], "float32")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: score_function_loss(P, P), ["`metric`", "lambda y_true"]),
        (
            lambda: score_function_loss(np.sum, P, samples=1),
            ["samples=1", "at least 2", "baseline=True"],
        ),
        (
            lambda: score_function_loss(np.sum, P, samples=0, baseline=False),
            ["samples=0", "at least 1"],
        ),
        (lambda: score_function_loss(np.sum, P, samples=2.5), ["2.5", "whole"]),
        (lambda: score_function_loss(np.sum, P * 2), ["1.399", "0 to 1"]),
        (
            lambda: score_function_loss(np.sum, P, categorical=True),
            ["sum to 1", "0.89"],
        ),
        (lambda: score_function_loss(lambda d: d, P), ["one finite number"]),
        (lambda: score_function_loss(lambda d: "x", P), ["'x'", "finite"]),
        (lambda: score_function_loss(np.sum, P, seed="a"), ["seed", "'?a'?"]),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words[: 1 if "seed" in words else None]:
        assert word in str(error.value)
