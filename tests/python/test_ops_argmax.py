"""Soft arg-max: values, gradients, ties, infinities, masks, axes, refusals."""

import pathlib
import sys

import keras
import numpy as np
import pytest
from conftest import (
    BACKEND,
    compiled,
    derivative,
    to_numpy,
    value_and_gradient,
)
from scipy.special import softmax

from softkeras.ops import _calling
from softkeras.ops.argmax import soft_argmax, soft_one_hot

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_argmax

OPS = [soft_argmax, soft_one_hot]
CASES = list(ops_argmax.cases())
INF, NAN = np.inf, np.nan
LARGEST = float(np.finfo("float32").max)


needs_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)


def weighted(op, weights, **arguments):
    """The values times weights, so that Σ p = 1 does not hide the gradient."""

    def function(x):
        value = op(x, **arguments)
        return value * keras.ops.convert_to_tensor(weights, value.dtype)

    return function


def calling(op, **arguments):
    return lambda x: op(x, **arguments)


def shape_of(op, x, **arguments):
    return to_numpy(op(x, **arguments)).shape


def ids(case):
    return f"{case['op']}-{CASES.index(case)}"


def check_case(case, dtype, bound, mode):
    arguments = dict(case["args"])
    x = np.array(arguments.pop("x"), dtype)
    if "mask" in arguments:
        arguments["mask"] = np.array(arguments["mask"])
    op = {each.__name__: each for each in OPS}[case["op"]]
    value, gradient = value_and_gradient(lambda x: op(x, **arguments), x, mode)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, case["value"], bound, bound)
    scale = max(1, arguments["sharpness"])
    np.testing.assert_allclose(
        gradient, case["gradient"], 10 * bound, bound * scale
    )


def plain(op, x, axis, sharpness, mask):
    """The formula in NumPy, of float64."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    x = np.where(mask, x, -1e9)
    p = softmax(sharpness * x, axis=axis) * mask
    if op is soft_one_hot:
        return p
    indices = np.indices(x.shape)
    y = np.stack([np.sum(indices[a] * p, axis) for a in axes], -1)
    return y if isinstance(axis, tuple) else y[..., 0]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_value_and_gradient_are_those_of_the_reference(case, mode):
    check_case(case, "float32", 2e-6, mode)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_float64_is_that_of_the_reference(case):
    check_case(case, "float64", 4e-15, "eager")


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("axis", [0, 1, -1, (1, 2), (2, 1), (-1, 0), (0, 1, 2)])
def test_it_is_scipys_softmax(rng, sharpness, axis):
    x = rng.normal(size=(3, 4, 5))
    for op in OPS:
        want = plain(op, x, axis, sharpness, True)
        np.testing.assert_allclose(op(x, axis, sharpness), want, 1e-12, 1e-300)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axis", [1, (2, 0)])
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_is_that_of_finite_differences(rng, op, axis, masked, mode):
    x = rng.normal(size=(2, 3, 4))
    mask = rng.random((2, 3, 4)) < (0.7 if masked else 1.1)
    weights = rng.normal(size=plain(op, x, axis, 2.5, mask).shape)
    arguments = {"axis": axis, "sharpness": 2.5}
    if masked:
        arguments["mask"] = mask
    _, gradient = value_and_gradient(
        weighted(op, weights, **arguments), x, mode
    )
    h = 1e-6
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = h
        difference = plain(op, x + step, axis, 2.5, mask) - plain(
            op, x - step, axis, 2.5, mask
        )
        want = np.sum(weights * difference) / (2 * h)
        assert abs(gradient[place] - want) < 1e-8


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("as_tensor", [False, True])
@pytest.mark.parametrize("mode", ["eager", "compiled"])
def test_second_derivative_is_that_of_finite_differences(
    rng, op, as_tensor, mode
):
    x = rng.normal(size=(2, 4))
    x[1, :2] = 1.5  # a tie
    mask = np.array([[True] * 4, [True, True, True, False]])
    sharpness = keras.ops.convert_to_tensor(1.7) if as_tensor else 1.7
    weights = rng.normal(size=plain(op, x, -1, 1.0, mask).shape)
    function = weighted(op, weights, sharpness=sharpness, mask=mask)
    along = rng.normal(size=x.shape)

    def slope(x):
        return np.sum(value_and_gradient(function, x)[1] * along)

    def slope_along(x):
        return derivative(function)(x) * keras.ops.convert_to_tensor(along)

    second = derivative(slope_along)
    if mode == "compiled" and BACKEND != "torch":
        graph = {"tensorflow": "graph", "jax": "jit"}[BACKEND]
        second = compiled(second, graph)
    got = second(keras.ops.convert_to_tensor(x))
    h = 1e-5
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = h
        want = (slope(x + step) - slope(x - step)) / (2 * h)
        assert abs(to_numpy(got)[place] - want) < 1e-7


ROWS = np.array(
    [
        [88.5, 87.5, 86.5],  # exp is silently wrong here, and NaN above
        [LARGEST, -LARGEST, 0],
        [-LARGEST, LARGEST, LARGEST],
        [-LARGEST, -LARGEST, -LARGEST],
        [3e38, 2.9e38, -3e38],
        [1e-38, 0, -1e-38],
        [1e-30, 2e-30, 0],
        [-0.0, 0.0, -1.0],
        [1.0, 1.0000001, 1.0],
        [7.0, 7.0, 7.0],
        [-90.0, -91.0, -92.0],
    ],
    "float32",
)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("straight_through", [False, True])
def test_finite_for_any_finite_input_and_sharpness(op, straight_through, mode):
    weights = 3.0 if op is soft_argmax else np.array([1.0, -2.0, 5.0])
    for sharpness in (3e-36, 1.0, 1e10, 1e300):
        function = weighted(
            op,
            weights,
            sharpness=sharpness,
            straight_through=straight_through,
        )
        value, gradient = value_and_gradient(function, ROWS, mode)
        assert np.all(np.isfinite(value)), sharpness
        assert np.all(np.isfinite(gradient)), sharpness
        if op is soft_argmax:
            assert np.all((value >= 0) & (value <= 2 * 3)), sharpness


@pytest.mark.parametrize("straight_through", [False, True])
@pytest.mark.parametrize("op", OPS)
def test_finite_for_any_sharpness_that_is_a_tensor(op, straight_through, mode):
    for sharpness in (3e-36, 1e10, INF):

        def of_both(both):
            x = keras.ops.reshape(both[1:], ROWS.shape)
            return 2 * op(x, -1, both[0], straight_through)

        both = np.append(np.float32(sharpness), ROWS)
        value, gradient = value_and_gradient(of_both, both, mode)
        assert np.all(np.isfinite(value)), sharpness
        assert np.all(np.isfinite(gradient)), sharpness
        if sharpness == INF:
            np.testing.assert_array_equal(
                value, 2 * to_numpy(op(ROWS, hard=True))
            )
            assert not gradient.any()


def test_what_the_naive_exponential_gets_wrong(mode):
    value, gradient = value_and_gradient(soft_argmax, ROWS, mode)
    p = softmax(ROWS[0].astype("float64"))
    y = np.sum(np.arange(3) * p)
    np.testing.assert_allclose(value[0], y, 1e-6)
    np.testing.assert_allclose(gradient[0], p * (np.arange(3) - y), 1e-5)
    assert value[1:3].tolist() == [0, 1.5]


@pytest.mark.parametrize("sharpness", [1.0, 1e10])
@pytest.mark.parametrize("tied", [[2, 5], [0, 1, 2, 3, 4, 5]])
def test_ties_share(tied, sharpness, mode):
    """Mean index, gradient s/m (i - mean), the others far below."""
    x = np.full(6, -1e4, "float32")
    x[tied] = 2.0
    m, mean = len(tied), np.mean(tied)
    value, gradient = value_and_gradient(
        calling(soft_argmax, sharpness=sharpness), x, mode
    )
    np.testing.assert_allclose(value, mean, 1e-6)
    want = np.zeros(6)
    want[tied] = sharpness / m * (np.array(tied) - mean)
    np.testing.assert_allclose(gradient, want, 1e-5, 1e-6 * sharpness)
    shares = to_numpy(
        compiled(lambda x: soft_one_hot(x, -1, sharpness), mode)(x)
    )
    np.testing.assert_allclose(shares[tied], 1 / m, 1e-6)


def test_a_gradient_beyond_the_floats_is_their_largest(mode):
    x = np.zeros(2, "float32")
    _, gradient = value_and_gradient(
        lambda x: 100 * soft_argmax(x, sharpness=3e38), x, mode
    )
    assert gradient.tolist() == [-LARGEST, LARGEST]
    _, gradient = value_and_gradient(
        weighted(soft_one_hot, [100.0, 0.0], sharpness=3e38), x, mode
    )
    assert gradient.tolist() == [LARGEST, -LARGEST]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("sharpness", [1.0, 1e10])
def test_infinite_entries(op, sharpness, mode):
    x = np.array(
        [
            [1.0, INF, LARGEST],
            [INF, 1.0, INF],
            [-INF, 2.0, 2.0],
            [-INF, -INF, -INF],
            [INF, -INF, 0.0],
            [INF, INF, INF],
        ],
        "float32",
    )
    shares = np.array(
        [[0, 1, 0], [3, 0, 3], [0, 3, 3], [2, 2, 2], [6, 0, 0], [2, 2, 2]]
    ) / np.array([1, 6, 6, 6, 6, 6]).reshape(-1, 1)
    want = shares if op is soft_one_hot else shares @ np.arange(3)
    weights = np.ones(1) if op is soft_argmax else np.array([1.0, -3.0, 0.5])
    value, gradient = value_and_gradient(
        weighted(op, weights, sharpness=sharpness), x, mode
    )
    np.testing.assert_allclose(value, want * weights, 1e-6, 1e-7)
    assert np.all(np.isfinite(gradient))
    # Exact 0 where there is one that has it all.
    assert not gradient[[0, 4]].any() and not gradient[2, 0]
    hard = [1, 0, 1, 0, 0, 0]
    for arguments in ({"hard": True}, {"straight_through": True}):
        value = to_numpy(compiled(calling(op, **arguments), mode)(x))
        np.testing.assert_array_equal(
            value, hard if op is soft_argmax else np.eye(3)[hard]
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"straight_through": True},
        {"hard": True},
        {"sharpness": "tensor"},
    ],
    ids=str,
)
@pytest.mark.parametrize("op", OPS)
def test_nan_makes_its_own_row_nan(op, arguments, mode):
    if "tensor" in arguments.values():
        arguments = {"sharpness": keras.ops.convert_to_tensor(2.0)}
    x = np.array(
        [
            [NAN, 1, 2],
            [1, NAN, 2],
            [1, 2, NAN],
            [NAN, INF, -INF],
            [NAN] * 3,
            [3, 1, 2],
        ],
        "float32",
    )
    value, gradient = value_and_gradient(
        weighted(op, 2.0, **arguments), x, mode
    )
    assert np.all(np.isnan(value[:5])) and np.all(np.isfinite(value[5]))
    assert np.all(np.isfinite(gradient[5]))
    mask = np.isfinite(x)
    masked, gradient = value_and_gradient(
        lambda x: op(x, mask=mask, **arguments), x, mode
    )
    assert np.all(np.isfinite(masked)) and np.all(np.isfinite(gradient))
    heat = to_numpy(op(x.reshape(2, 3, 3), axis=(1, 2), **arguments))
    assert np.all(np.isnan(heat[0])) and np.all(np.isnan(heat[1]))


@pytest.mark.parametrize("op", OPS)
def test_masked_entries_can_not_be_chosen(rng, op, mode):
    x = rng.normal(size=(40, 7)).astype("float32")
    mask = rng.random((40, 7)) < 0.5
    mask[:3] = False
    x[3:20][~mask[3:20]] = rng.choice([NAN, INF, LARGEST, -INF])
    weights = 1.0 if op is soft_argmax else rng.normal(size=7)
    function = weighted(op, weights, sharpness=3.0, mask=mask)
    value, gradient = value_and_gradient(function, x, mode)
    assert not gradient[~mask].any() and not value[:3].any()
    for i in range(3, 40):
        if mask[i].any():
            p = np.zeros(7)
            p[mask[i]] = softmax(3 * x[i][mask[i]].astype("float64"))
            want = p if op is soft_one_hot else p @ np.arange(7)
            np.testing.assert_allclose(value[i], want * weights, 1e-5, 1e-6)
    for arguments in ({"hard": True}, {"straight_through": True}):
        value = to_numpy(compiled(calling(op, mask=mask, **arguments), mode)(x))
        chosen = np.argmax(np.where(mask, x, -INF), -1)
        one_hot = np.eye(7)[chosen] * mask.any(-1, keepdims=True)
        want = one_hot if op is soft_one_hot else one_hot @ np.arange(7)
        np.testing.assert_array_equal(value, want)


def test_a_mask_beats_infinities_and_broadcasts(mode):
    x = np.array([[INF, -INF, -INF], [5.0, -INF, 1.0]], "float32")
    mask = np.array([False, True, True])
    for arguments, want in (
        ({}, [1.5, 2.0]),
        ({"hard": True}, [1, 2]),
        ({"straight_through": True}, [1, 2]),
    ):
        value, gradient = value_and_gradient(
            calling(soft_argmax, mask=mask, **arguments), x, mode
        )
        assert value.tolist() == want
        assert np.all(np.isfinite(gradient)) and not gradient[:, 0].any()
    column = np.array([[True], [False]])
    shares = to_numpy(soft_one_hot(np.ones((2, 4), "float32"), mask=column))
    assert shares.tolist() == [[0.25] * 4, [0] * 4]


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_straight_through_is_exactly_the_arg_max(rng, dtype, mode):
    """Of NumPy; with the gradient of the soft one, bit for bit."""
    x = rng.normal(size=(200, 11)).round(1).astype(dtype)  # many ties
    x[:20] = rng.integers(-1, 1, (20, 11)) * np.array(0.0, dtype)  # ±0
    wide = "float32" if dtype == "float16" else dtype
    arguments = {"sharpness": 30.0, "straight_through": True}
    value, gradient = value_and_gradient(
        calling(soft_argmax, **arguments), x, mode
    )
    assert value.dtype == wide
    np.testing.assert_array_equal(value, np.argmax(x, -1))
    _, soft = value_and_gradient(calling(soft_argmax, sharpness=30.0), x, mode)
    np.testing.assert_array_equal(gradient, soft)
    weights = 2.0 ** np.arange(11)  # exact, so that the values show
    value, gradient = value_and_gradient(
        weighted(soft_one_hot, weights, **arguments), x, mode
    )
    np.testing.assert_array_equal(value, weights * np.eye(11)[np.argmax(x, -1)])
    _, soft = value_and_gradient(
        weighted(soft_one_hot, weights, sharpness=30.0), x, mode
    )
    np.testing.assert_array_equal(gradient, soft)


@pytest.mark.parametrize("arguments", [{"hard": True}, {"sharpness": INF}])
def test_hard_is_the_arg_max_over_one_and_more_axes(rng, arguments, mode):
    x = rng.integers(0, 4, (5, 3, 4, 2)).astype("float32")
    for axis in range(4):
        value = compiled(calling(soft_argmax, axis=axis, **arguments), mode)(x)
        np.testing.assert_array_equal(value, np.argmax(x, axis))
    peaks = compiled(calling(soft_argmax, axis=(1, 2), **arguments), mode)(x)
    flat = np.argmax(np.moveaxis(x, 3, 1).reshape(5, 2, 12), -1)
    np.testing.assert_array_equal(
        peaks, np.stack(np.unravel_index(flat, (3, 4)), -1)
    )
    chosen = compiled(calling(soft_one_hot, axis=(1, 2), **arguments), mode)(x)
    want = np.moveaxis(np.eye(12)[flat].reshape(5, 2, 3, 4), 1, 3)
    np.testing.assert_array_equal(chosen, want)
    # Ties in the order of the axes that are named.
    tie = np.array([[0.0, 1.0], [1.0, 0.0]], "float32")
    assert to_numpy(soft_argmax(tie, (0, 1), **arguments)).tolist() == [0, 1]
    assert to_numpy(soft_argmax(tie, (1, 0), **arguments)).tolist() == [0, 1]


@pytest.mark.parametrize("op", OPS)
def test_hard_and_zero_gradients_do_not_break_a_sum(op, mode):
    """A part without a gradient is added to one that has it."""
    x = np.array([[0.3, 0.1, 0.9]], "float32")

    def function(x):
        return keras.ops.sum(op(x, hard=True)) + keras.ops.sum(op(x) * x[:, :1])

    _, gradient = value_and_gradient(function, x, mode)
    assert np.all(np.isfinite(gradient)) and gradient.any()


def test_coordinates_of_a_heat_map(mode):
    """A Gaussian has its expected coordinates at its centre."""
    row, column = np.mgrid[:30, :40]
    centres = np.array([[11.25, 20.5], [15.0, 12.75]])
    heat = np.stack(
        [-((row - r) ** 2 + (column - c) ** 2) / 8 for r, c in centres], -1
    )[None].astype("float32")
    value = compiled(lambda x: soft_argmax(x, axis=(1, 2)), mode)(heat)
    np.testing.assert_allclose(value, centres[None], 1e-5)
    swapped = compiled(lambda x: soft_argmax(x, axis=(2, 1)), mode)(heat)
    np.testing.assert_allclose(swapped, centres[None, :, ::-1], 1e-5)


def test_shapes_and_dtypes():
    x = np.zeros((2, 3, 4), "float32")
    assert shape_of(soft_argmax, x) == (2, 3)
    assert shape_of(soft_argmax, x, axis=0) == (3, 4)
    assert shape_of(soft_argmax, x, axis=(1,)) == (2, 4, 1)
    assert shape_of(soft_argmax, x, axis=[1, 2]) == (2, 2)
    assert shape_of(soft_argmax, x, axis=(0, 1, 2)) == (3,)
    assert shape_of(soft_argmax, x, axis=np.int64(1)) == (2, 4)
    assert shape_of(soft_argmax, x[0, 0]) == ()
    assert shape_of(soft_argmax, x[:0]) == (0, 3)
    for axis in (0, -1, (1, 2)):
        assert shape_of(soft_one_hot, x, axis=axis) == x.shape
    for dtype in ("float16", "bfloat16"):
        half = keras.ops.cast(x, dtype)
        given = keras.backend.standardize_dtype(soft_one_hot(half).dtype)
        assert given == dtype
        given = keras.backend.standardize_dtype(soft_argmax(half).dtype)
        assert given == "float32"
    counts = np.array([[3, 1, 2]])
    assert to_numpy(soft_argmax(counts)).dtype == keras.backend.floatx()
    assert to_numpy(soft_argmax(counts, hard=True)).tolist() == [0]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(rng, op, dtype, mode):
    x = np.concatenate(
        [rng.normal(size=(4, 3000)) * 5, ROWS[:1].repeat(1000).reshape(1, -1)]
    )
    half = keras.ops.cast(np.clip(x, -6e4, 6e4), dtype)
    for sharpness in (0.1, 1e10):
        value, gradient = value_and_gradient(
            calling(op, sharpness=sharpness), half, mode
        )
        assert np.all(np.isfinite(value.astype("float32")))
        assert np.all(np.isfinite(gradient.astype("float32")))
        wide = op(keras.ops.cast(half, "float32"), sharpness=sharpness)
        eps = 2e-5 if op is soft_argmax else 2**-8
        np.testing.assert_allclose(value.astype("float32"), wide, eps, 1e-7)


def test_the_index_of_a_half_float_is_exact_above_2048(mode):
    x = np.zeros(5000, "float16")
    x[4097] = 100.0
    for arguments in ({}, {"straight_through": True}, {"hard": True}):
        value = compiled(calling(soft_argmax, **arguments), mode)(x)
        assert float(value) == 4097


def test_indices_are_exact_up_to_the_limit():
    x = np.zeros(2**24 - 3, "float32")
    x[-1] = 200.0
    assert float(soft_argmax(x)) == 2**24 - 4
    assert float(soft_argmax(x, hard=True)) == 2**24 - 4
    with pytest.raises(ValueError, match="up to 16,777,216") as error:
        soft_argmax(np.zeros((2**24 + 1,), "float16"))
    assert "float64" in str(error.value)


@needs_tensorflow
def test_sizes_that_show_only_when_the_graph_runs(rng):
    import tensorflow as tf

    for axis, shape, arguments in (
        (-1, (3, 7), {"straight_through": True}),
        ((2, 0), (3, 4, 2), {"sharpness": 2.0}),
        ((0, 2), (3, 4, 2), {"hard": True}),
    ):
        x = rng.normal(size=shape).astype("float32")
        mask = rng.random(shape) < 0.6
        for op in OPS:

            def function(x, mask, op=op, arguments=arguments, axis=axis):
                return op(x, axis, mask=mask, **arguments)

            unknown = tf.function(
                function,
                input_signature=[
                    tf.TensorSpec([None] * x.ndim, tf.float32),
                    tf.TensorSpec([None] * x.ndim, tf.bool),
                ],
                autograph=False,
            )
            want = function(x, mask)
            np.testing.assert_allclose(unknown(x, mask), want, 1e-6)
            known = unknown.get_concrete_function().output_shapes
            assert len(known) == to_numpy(want).ndim
    length = tf.function(
        soft_argmax, input_signature=[tf.TensorSpec([None], tf.float32)]
    )
    assert np.isnan(length(np.zeros(2**24 + 1, "float32")))
    assert np.isnan(length(np.zeros(0, "float32")))


@pytest.mark.parametrize("op", OPS)
def test_sharpness_may_be_a_variable_and_is_trained(rng, op, mode):
    x = rng.normal(size=(5, 6)).astype("float32")
    variable = keras.Variable(1.5)
    for through in (False, True):
        arguments = {"straight_through": through}
        trained, fixed = (
            compiled(calling(op, sharpness=s, **arguments), mode)(x)
            for s in (variable, 1.5)
        )
        np.testing.assert_array_equal(to_numpy(trained), to_numpy(fixed))
    variable.assign(3.0)
    np.testing.assert_allclose(
        to_numpy(op(x, sharpness=variable)), op(x, sharpness=3), 1e-6
    )
    weights = rng.normal(size=6) if op is soft_one_hot else 1.0
    high, low = (
        np.sum(weights * plain(op, x.astype("float64"), -1, s, True))
        for s in (1.5 + 1e-5, 1.5 - 1e-5)
    )
    _, gradient = value_and_gradient(
        lambda s: keras.ops.sum(weighted(op, weights, sharpness=s)(x)),
        np.float32(1.5),
        mode,
    )
    np.testing.assert_allclose(gradient, (high - low) / 2e-5, 1e-4)


def test_a_sharpness_that_is_not_above_0_is_nan_where_it_can_not_be_seen():
    x = np.array([[1.0, 3.0, 2.0]], "float32")
    mode = {"tensorflow": "graph", "jax": "jit"}.get(BACKEND, "eager")
    for wrong in (0.0, -2.0, 1e-36, NAN):
        s = keras.ops.convert_to_tensor(wrong, "float32")
        with pytest.raises(ValueError, match="`sharpness` must be"):
            soft_argmax(x, sharpness=s)
        if mode != "eager":
            value = compiled(lambda s: soft_argmax(x, sharpness=s), mode)(s)
            assert np.isnan(value)


@pytest.mark.parametrize("op", OPS)
def test_in_a_functional_model_that_is_saved(op, rng, tmp_path):
    heat = keras.Input((None, 8, 2))
    may = keras.Input((None, 8, 2), dtype="bool")
    x = op(keras.layers.Dense(2)(heat), axis=(1, 2), sharpness=2, mask=may)
    y = op(heat, axis=(1, 3), straight_through=True)
    model = keras.Model([heat, may], [x, y])
    rank = {soft_argmax: (3, 3), soft_one_hot: (4, 4)}[op]
    assert tuple(len(each.shape) for each in model.outputs) == rank
    if op is soft_argmax:
        assert model.outputs[0].shape == (None, 2, 2)
    inputs = [rng.normal(size=(3, 6, 8, 2)), rng.random((3, 6, 8, 2)) < 0.8]
    inputs[0] = inputs[0].astype("float32")
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    for a, b in zip(model(inputs), again(inputs)):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))
    assert op.__name__ in _calling._OPS


def test_it_trains_what_the_arg_max_can_not(rng):
    """A loss of the index: a dense layer learns to put its peak on it."""
    x = rng.normal(size=(256, 4)).astype("float32")
    index = np.clip(np.round(2 * x[:, 0] + 4), 0, 8).astype("float32")
    for arguments in ({}, {"straight_through": True}):
        keras.utils.set_random_seed(3)
        inputs = keras.Input((4,))
        scores = keras.layers.Dense(9)(inputs)
        model = keras.Model(inputs, soft_argmax(scores, **arguments))
        model.compile(keras.optimizers.Adam(0.05), "mse")
        losses = model.fit(
            x, index, epochs=12, batch_size=32, verbose=0
        ).history["loss"]
        assert losses[-1] < 0.25 * losses[0], arguments


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"axis": 2}, ["axis=2", "(2, 3)", "2 axes"]),
        ({"axis": (0, -3)}, ["(0, -3)", "(2, 3)"]),
        ({"axis": (0, -2)}, ["(0, -2)", "once"]),
        ({"axis": ()}, ["()", "one axis or more"]),
        ({"axis": None}, ["None", "integer"]),
        ({"axis": True}, ["True", "integer"]),
        ({"axis": 1.0}, ["1.0", "integer"]),
        ({"sharpness": 0}, ["sharpness=0", "above 0"]),
        ({"sharpness": -1.0}, ["-1.0", "above 0"]),
        ({"sharpness": NAN}, ["nan", "above 0"]),
        ({"sharpness": 1e-45}, ["1e-45", "2.9e-36", "float32"]),
        ({"sharpness": "high"}, ["'high'", "number"]),
        ({"sharpness": "row"}, ["(2, 1)", "scalar"]),
        ({"mask": np.ones((2, 3))}, ["boolean", "mask > 0"]),
        ({"mask": np.ones((2, 3), int)}, ["boolean", "mask > 0"]),
        ({"mask": np.ones(4, bool)}, ["(4,)", "(2, 3)"]),
        ({"mask": np.ones((1, 2, 3), bool)}, ["(1, 2, 3)", "(2, 3)"]),
        ({"x": np.zeros((2, 0))}, ["(2, 0)", "none"]),
        ({"x": 3.0}, ["axis=-1", "()"]),
        ({"x": np.zeros((2, 2, 0)), "axis": (1, 2)}, ["(2, 2, 0)"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("op", OPS)
def test_what_is_refused_is_named(op, arguments, words):
    arguments = {"x": np.zeros((2, 3), "float32"), **arguments}
    if isinstance(arguments["x"], np.ndarray):
        arguments["x"] = arguments["x"].astype("float32")
    if arguments.get("sharpness") == "row":
        arguments["sharpness"] = keras.ops.ones((2, 1))
    if "mask" in arguments and arguments["mask"].dtype == "float64":
        arguments["mask"] = arguments["mask"].astype("float32")
    with pytest.raises(ValueError) as error:
        op(**arguments)
    for word in words:
        assert word in str(error.value)


@needs_tensorflow
@pytest.mark.parametrize("op", OPS)
def test_ragged_rows_are_told_to_become_a_tensor_and_a_mask(op):
    import tensorflow as tf

    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match="to_tensor"):
        op(ragged)


def test_softjax_has_the_same(rng):
    """Its soft index is p, softness is 1/sharpness."""
    softjax = pytest.importorskip("softjax")
    if BACKEND != "jax":
        pytest.skip("is about JAX")
    x = rng.normal(size=(5, 7, 3)).astype("float32")
    for axis in (-1, 1):
        for sharpness in (0.5, 4.0):
            index = softjax.argmax(
                x,
                axis=axis,
                softness=1 / sharpness,
                mode="smooth",
                method="softsort",
                standardize=False,
            )
            own = soft_one_hot(x, axis, sharpness)
            np.testing.assert_allclose(
                np.moveaxis(to_numpy(own), axis, -1), index, 1e-5, 1e-7
            )
            np.testing.assert_allclose(
                soft_argmax(x, axis, sharpness),
                np.sum(np.arange(x.shape[axis]) * np.asarray(index), -1),
                1e-5,
            )
    hard = softjax.argmax(x, axis=1, mode="hard")
    own = soft_one_hot(x, 1, hard=True)
    np.testing.assert_array_equal(np.moveaxis(to_numpy(own), 1, -1), hard)


def test_indices_count_from_where_the_first_is_said_to_be():
    x = np.array([[1.0, 3.0, 2.0], [9.0, 0.0, 0.0]], "float32")
    for first in (0, 1, -3):
        got = soft_argmax(x, hard=True, first_index=first)
        np.testing.assert_array_equal(to_numpy(got), x.argmax(-1) + first)
    with pytest.raises(ValueError, match="first_index=True"):
        soft_argmax(x, first_index=True)
