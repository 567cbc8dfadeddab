"""exp_ratio and its kin: to the last digits, everywhere, and in training."""

import functools
import importlib.util
import math
import pathlib
import sys

import keras
import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
from conftest import BACKEND, compiled, derivative, to_numpy, value_and_gradient

from softkeras.ops.exp_ratio import (
    continuous_bernoulli_mean,
    exp_ratio,
    exp_ratio_sum,
    log_exprel,
    log_exprel_below,
)

sys.path.append(str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_exp_ratio as reference

ROOT = pathlib.Path(__file__).parents[2]

# In units of the last place: f, f', f'' and log_exprel.
BOUNDS = (2, 5, 7, 2.5)
EXACT = (
    reference.exp_ratio,
    reference.slope,
    reference.curvature,
    reference.log_exprel,
)
only_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has ragged tensors"
)


def derivatives(function, x, mode, orders=3):
    """f(x), f'(x) and f''(x), by differentiating `function`."""
    x = keras.ops.convert_to_tensor(x)
    results = []
    for _ in range(orders):
        results.append(to_numpy(compiled(function, mode)(x)))
        function = derivative(function)
    return results


def last_place(exact, dtype):
    """The distance of floats next to float64 numbers, and where it says so.

    That is where they are well above what is flushed to zero.
    """
    info = ml_dtypes.finfo(dtype)
    _, exponent = np.frexp(exact)
    lowest = info.minexp + 1
    if dtype != "float16":  # its small numbers are cast, not computed with
        counts = np.abs(exact) >= 1024 * float(info.tiny)
    else:
        counts = np.full(exact.shape, True)
    return np.ldexp(1.0, np.maximum(exponent, lowest) - 1 - info.nmant), counts


@functools.cache
def grid(dtype):
    """Over the whole range, and dense where the formulas change; exact."""
    rng = np.random.default_rng(20261121)
    low, high = {"float32": (-37, 38), "float64": (-300, 307)}[dtype]
    positive = np.concatenate(
        [
            10.0 ** rng.uniform(low, high, 250),
            10.0 ** rng.uniform(-4, 2.5, 350),
            rng.uniform(0, 12, 500),
            np.ravel([[s - 1e-6, s, s + 1e-6] for s in (0.5, 2.5, 4, 5)]),
        ]
    )
    x = np.concatenate([positive, -positive]).astype(dtype)
    return x, [[exact(float(v)) for v in x] for exact in EXACT]


def ulps(got, exact, dtype):
    """The largest error, in units of the last place of `dtype`."""
    assert np.all(np.isfinite(got))
    size, counts = last_place(np.array(exact, "float64"), dtype)
    errors = [
        float(abs(mp.mpf(float(g)) - e)) / u
        for g, e, u, counted in zip(got, exact, size, counts)
        if counted
    ]
    return max(errors)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_derivatives_to_the_last_places(dtype, mode):
    x, exact = grid(dtype)
    got = [
        *derivatives(exp_ratio, x, mode),
        *derivatives(log_exprel, x, mode, 1),
    ]
    for own, want, bound in zip(got, exact, BOUNDS):
        assert own.dtype == dtype
        assert ulps(own, want, dtype) <= bound
    slope = derivatives(log_exprel, x, mode, 2)[1]
    assert ulps(slope, exact[0], dtype) <= BOUNDS[0]


def test_the_float64_reference_is_exact_enough_for_narrower_types():
    x, exact = grid("float32")
    for own, want in zip(reference.float64(x.astype("float64")), exact):
        error = [abs(mp.mpf(float(a)) / b - 1) for a, b in zip(own, want) if b]
        assert max(error) < 1e-12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_all_half_precision_numbers(dtype, mode):
    x = np.arange(2**16, dtype=np.uint16).view(getattr(ml_dtypes, dtype, dtype))
    got = derivatives(exp_ratio, x, mode)
    got += derivatives(log_exprel, x, mode, 1)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        wide = x.astype("float64")
    finite = np.isfinite(wide)
    exact = reference.float64(wide[finite])
    for i, (own, want) in enumerate(zip(got, exact)):
        assert own.dtype == x.dtype
        own = own.astype("float64")
        assert np.array_equal(np.isnan(own), np.isnan(wide))
        size, counts = last_place(want, dtype)
        error = np.abs(own[finite] - want) / size
        assert np.max(error[counts]) <= 0.51, i
    # At ±∞.
    ends = [own.astype("float64")[np.isinf(wide)].tolist() for own in got]
    assert ends == [[1, 0], [0, 0], [0, 0], [math.inf, -math.inf]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_nan_but_of_nan(dtype, mode):
    info = np.finfo(dtype)
    inf, nan = np.inf, np.nan
    x = np.array([0.0, -0.0, inf, -inf, nan], dtype)
    slope = 1 / 12
    for got, want in zip(
        derivatives(exp_ratio, x, mode),
        (
            [0.5, 0.5, 1, 0, nan],
            [slope, slope, 0, 0, nan],
            [0, 0, 0, 0, nan],
        ),
    ):
        np.testing.assert_array_equal(got, np.array(want, dtype))
    value = derivatives(log_exprel, x, mode, 1)[0]
    np.testing.assert_array_equal(value, [0, 0, inf, -inf, nan])

    positive = np.concatenate(
        [
            2.0 ** np.arange(info.minexp - info.nmant, info.maxexp),
            [info.max, info.tiny, info.smallest_subnormal],
            np.nextafter(np.array([2.5, 4, 5], dtype), 0, dtype=dtype),
            [2.5, 4, 5, 88.7, 88.8, 103.9, 709.7, 709.8, 745.2],
        ]
    )
    x = np.concatenate([positive, -positive]).astype(dtype)
    for function in (exp_ratio, log_exprel, exp_ratio_sum):
        for got in derivatives(function, x, mode):
            assert np.all(np.isfinite(got)), function


def test_third_derivative_is_right_too(mode):
    x = np.array([0.0, 0.1, -3, 4.9, 5, -5, 5.1, 40])
    got = derivatives(exp_ratio, x, mode, 4)[3]
    mp.mp.dps = 50
    want = [float(mp.diff(reference.curvature, v, h=1e-15)) for v in x]
    np.testing.assert_allclose(got, want, 1e-9)


@pytest.mark.skipif(BACKEND != "jax", reason="is about JAX")
def test_nothing_infinite_and_no_nan_inside():
    """Nor in the formula that is not taken."""
    import jax

    x = np.array([0, 1e-40, 1e-7, -3, 30, -100, 3e38, -3e38], "float32")
    for function in (exp_ratio, log_exprel, log_exprel_below):
        # They raise at one.
        with jax.debug_infs(True):
            derivatives(function, x, "eager", 2)
        with jax.debug_nans(True):
            results = derivatives(function, x, "eager")
        assert all(np.isfinite(result).all() for result in results)


def golden():
    """The cases by op and arguments, those of one call put together."""
    groups = {}
    for case in reference.cases():
        x, *rest = case["args"].values()
        key = (case["op"], *map(tuple, rest))
        for whole, part in zip(
            groups.setdefault(key, ([], [], [])),
            (x, case["value"], case["gradient"]),
        ):
            whole += part
    return list(groups.items())


@pytest.mark.parametrize("call, numbers", golden())
def test_golden_vectors(call, numbers, mode):
    name, *rest = call
    functions = (exp_ratio, exp_ratio_sum, log_exprel)
    functions = {f.__name__: f for f in (*functions, continuous_bernoulli_mean)}
    x, value, gradient = map(np.array, numbers)
    got = value_and_gradient(lambda x: functions[name](x, *rest), x, mode)
    np.testing.assert_allclose(got[0], value, 1e-15)
    np.testing.assert_allclose(got[1], gradient, 2e-15)


def test_the_sum_is_that_of_its_terms(mode):
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-70, 20, 300), [-50, -25, -1e-6, 0]])
    x = x.astype("float32")
    moved = x.astype("float64")
    exact = [
        np.add(*pair)
        for pair in zip(
            reference.float64(moved)[:3], reference.float64(moved + 50)[:3]
        )
    ]
    # f'' of the sum has zeros of its own, next to which nothing is relative.
    floor = np.abs(reference.float64(moved)[2])
    scale = (exact[0], exact[1], np.maximum(np.abs(exact[2]), floor))
    # What x + 50 rounds to is off by half a unit of its last place.
    for got, want, size, slope in zip(
        derivatives(exp_ratio_sum, x, mode),
        exact,
        scale,
        (exact[1], 0.02, 0.01),
    ):
        error = np.abs(got - want)
        rounding = np.spacing(np.abs(x) + 50) * slope
        assert np.all(
            error <= 7 * np.spacing(size.astype("float32")) + rounding
        )


def test_shifts():
    x = np.array([-3.0, 0.0, 7.0])
    np.testing.assert_array_equal(exp_ratio_sum(x, [0]), exp_ratio(x))
    np.testing.assert_allclose(
        exp_ratio_sum(x, (1, 2.5, -4)),
        sum(to_numpy(exp_ratio(x + s)) for s in (1, 2.5, -4)),
        1e-15,
    )
    for shifts in ((), 3.0, None, ["1"], [float("nan")], [math.inf], [True]):
        with pytest.raises(ValueError, match="`shifts` must be a sequence"):
            exp_ratio_sum(x, shifts)


def test_the_mean_by_its_other_name():
    x = np.array([-1000.0, -2.0, 0.0, 3.0])
    np.testing.assert_array_equal(continuous_bernoulli_mean(x), exp_ratio(x))


def test_any_numbers():
    assert to_numpy(exp_ratio(0)).dtype == keras.backend.floatx()
    np.testing.assert_allclose(exp_ratio([0, 2]), [0.5, 0.656518], 1e-5)
    np.testing.assert_allclose(exp_ratio(True), 0.581977, 1e-5)
    assert exp_ratio(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    for function in (exp_ratio, exp_ratio_sum, log_exprel):
        with pytest.raises(ValueError, match="must hold numbers"):
            function(np.array([1j]))
    with pytest.raises(ValueError, match="`logits` must hold numbers"):
        continuous_bernoulli_mean(np.array([1j]))


def test_in_a_model_that_is_saved(tmp_path):
    rows = keras.Input((None, 3))
    x = keras.layers.Dense(2)(rows)
    x = exp_ratio(x) + exp_ratio_sum(x, shifts=(0.0, 50.0, -7.0))
    x = continuous_bernoulli_mean(log_exprel(x))
    model = keras.Model(rows, x)
    assert x.shape == (None, None, 2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    data = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
    np.testing.assert_array_equal(to_numpy(again(data)), to_numpy(model(data)))


@only_tensorflow
@pytest.mark.parametrize(
    "function",
    [exp_ratio, exp_ratio_sum, log_exprel, continuous_bernoulli_mean],
)
def test_ragged_rows(function, mode):
    import tensorflow as tf

    if mode == "xla":
        pytest.skip("XLA takes no ragged tensors")
    flat = tf.constant([0.0, -120.0, 3.0, 1e-9, -50.0, 700.0])
    lengths = tf.constant([3, 0, 1, 2])

    def run(flat):
        return function(tf.RaggedTensor.from_row_lengths(flat, lengths))

    ragged = compiled(run, mode)(flat)
    assert ragged.row_lengths().numpy().tolist() == [3, 0, 1, 2]
    value, gradient = value_and_gradient(function, flat)
    np.testing.assert_allclose(ragged.flat_values, value, 1e-6)
    _, through = value_and_gradient(lambda x: run(x).flat_values, flat, mode)
    np.testing.assert_allclose(through, gradient, 1e-6)


@only_tensorflow
def test_a_graph_of_unknown_shape():
    import tensorflow as tf

    graph = tf.function(
        lambda x: (exp_ratio_sum(x), log_exprel(x)),
        input_signature=[tf.TensorSpec(None, "float32")],
    )
    value, log = graph(tf.zeros((2, 1)))
    np.testing.assert_allclose(value, [[1.48]] * 2, 1e-6)
    np.testing.assert_array_equal(log, [[0.0]] * 2)


@only_tensorflow
def test_trains_where_the_question_dies(monkeypatch):
    path = ROOT / "examples" / "exp_ratio_ragged.py"
    monkeypatch.syspath_prepend(path.parent)
    spec = importlib.util.spec_from_file_location("exp_ratio_ragged", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    died = example.train(example.where_ratio_sum, 250)
    lived = example.train(exp_ratio_sum, 250)
    assert math.isnan(died[-1]) and 30 < len(died) < 250
    assert np.all(np.isfinite(lived))
    # Up to there they are the same function, but for rounding.
    np.testing.assert_allclose(lived[:20], died[:20], 1e-3)
    assert lived[-1] < 0.5 * min(died[:-1])


def test_gradient_descent_on_the_plateau_and_at_zero():
    """One step of the question's loss, where tf.where has a NaN gradient."""
    x = np.array([0.0, 1e-9, -200.0, -50.0], "float32")
    _, gradient = value_and_gradient(
        lambda x: keras.ops.square(exp_ratio_sum(x) - 0.1), x
    )
    assert np.all(np.isfinite(gradient)) and np.all(gradient != 0)
