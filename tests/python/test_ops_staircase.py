"""The soft staircase: S1's own, the reference, gradients, any shape."""

import itertools
import pathlib
import sys

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient

from softkeras import steps
from softkeras.ops.rounding import soft_round, soft_step
from softkeras.ops.staircase import soft_staircase
from softkeras.steps import Step

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
import ops_rounding

SHAPES = tuple(name for name in steps.NAMES if name != "hard")
# Of each way to evaluate one; where each must be compiled on its own.
SOME = ("softsign", "arctan", "smoothstep")
CASES = [c for c in ops_rounding.cases() if c["op"] == "soft_staircase"]
DTYPES = [("float32", 4e-6)]
if BACKEND != "jax":  # float64 is float32 there
    DTYPES.append(("float64", 1e-12))
THRESHOLDS, LEVELS = [-1.0, 0.5, 0.75, 3.0], [0.0, 1.0, 5.0, -2.0, 3.5]
WIDE = "float32" if BACKEND == "jax" else "float64"


def own_step(args):
    step = args.pop("step")
    return {**args, "step": Step(**step) if isinstance(step, dict) else step}


@pytest.mark.parametrize("dtype, bound", DTYPES)
def test_value_and_gradient_are_those_of_the_reference(dtype, bound, mode):
    for case in CASES:
        args = own_step(dict(case["args"]))
        x = np.array(args.pop("x"), dtype)
        value, gradient = value_and_gradient(
            lambda x, args=args: soft_staircase(x, **args), x, mode
        )
        text = str(case["args"])
        np.testing.assert_allclose(
            value, case["value"], bound, 5 * bound, err_msg=text
        )
        np.testing.assert_allclose(
            gradient, case["gradient"], 20 * bound, 100 * bound, err_msg=text
        )


# lo, h, mid, h' of the quarters.
QUARTERS = [
    (0, 0.25, 0.125, 0.25),
    (0.25, 0.25, 0.375, 0.25),
    (0.5, 0.25, 0.625, 0.25),
    (0.75, 0.5, 1, 0.5),
]


def quadruple(z, sharp):
    """The quadruple piece-wise constant neuron as it is quoted."""
    if z <= 0 or z >= 1:
        return float(z >= 1), 0.0
    lo, h, mid, width = QUARTERS[int(np.ceil(4 * z)) - 1]
    s = lo + h / (1 + np.exp(-sharp * (z - mid) / width))
    return s, sharp / width * (s - lo) * (1 - (s - lo) / h)


@pytest.mark.parametrize("sharp", [100, 10, 2])
def test_the_quadruple_piecewise_constant_neuron(sharp, mode):
    z = np.linspace(-0.5, 1.5, 1601).astype(WIDE)
    z = z[z != 1]  # where its slope jumps
    want, slope = np.array([quadruple(each, sharp) for each in z]).T
    value, gradient = value_and_gradient(
        lambda z: soft_staircase(
            z,
            thresholds=[0.125, 0.375, 0.625, 1.0],
            levels=[0.0, 0.25, 0.5, 0.75, 1.25],
            step=Step("sigmoid", sharp / 4, "probability", anchored=False),
            edges=[0.0, 0.25, 0.5, 0.75, 1.0],
        ),
        z,
        mode,
    )
    bound = 2e-5 if WIDE == "float32" else 1e-12
    np.testing.assert_allclose(value, want, atol=bound)
    assert np.all(value[z <= 0] == 0) and np.all(value[z > 1] == 1)
    np.testing.assert_allclose(gradient, slope, 100 * bound, 100 * bound)


def test_one_step_is_soft_step_and_many_even_ones_soft_round(rng, mode):
    x = rng.uniform(-4, 4, (30, 2)).astype("float32")
    for shape in SHAPES if mode == "eager" else SOME:
        one = compiled(
            lambda x, shape=shape: soft_staircase(x, [0.3], [0, 1], shape), mode
        )(x)
        np.testing.assert_allclose(one, soft_step(x, 0.3, shape), 0, 1e-6)
        many = compiled(
            lambda x, shape=shape: soft_staircase(
                x,
                np.arange(-6, 6) + 0.5,
                np.arange(-6, 7),
                shape,
                sharpness=3.0,
            ),
            mode,
        )(x)
        want = soft_round(x, shape, sharpness=3.0)
        np.testing.assert_allclose(many, want, 0, 5e-6)


def test_it_does_not_depend_on_the_unit_of_x(rng):
    x = rng.uniform(-3, 5, 100).astype("float32")
    t = np.array(THRESHOLDS)
    small = soft_staircase(x, t, LEVELS, "arctan")
    large = soft_staircase(1024 * x, 1024 * t, LEVELS, "arctan")
    np.testing.assert_array_equal(small, large)


def test_it_is_continuous_and_levels_are_reached(mode):
    """Between 256 uneven steps too: no jump at any threshold or edge."""
    rng = np.random.default_rng(5)
    t = np.cumsum(rng.uniform(0.1, 2.0, 256))
    levels = np.cumsum(rng.uniform(0.1, 2.0, 257))
    edges = (t[1:] + t[:-1]) / 2
    for shape in SHAPES if mode == "eager" else SOME:
        f = compiled(
            lambda x, shape=shape: soft_staircase(
                x, t, levels, shape, sharpness=2.0
            ),
            mode,
        )
        np.testing.assert_allclose(f(edges), levels[1:-1], 1e-5)
        np.testing.assert_allclose(f(t), (levels[1:] + levels[:-1]) / 2, 1e-5)
        for at in (t, edges):
            jump = to_numpy(f(at + 1e-4)) - to_numpy(f(at - 1e-4))
            assert np.all(np.abs(jump) < 2e-2), shape
        x = np.linspace(t[0] - 3, t[-1] + 3, 5001)
        assert np.all(np.diff(to_numpy(f(x))) > -1e-4), shape
    ends = to_numpy(f(np.array([-1e30, 1e30], "float32")))
    np.testing.assert_allclose(ends, levels[[0, -1]], 1e-6)


@pytest.mark.parametrize("edges", [None, [-2.0, 0.0, 0.6, 2.0, 4.0]])
@pytest.mark.parametrize("anchored", [True, False])
def test_gradients_of_thresholds_levels_and_edges(edges, anchored, mode):
    """Against central differences in float64."""
    x = np.linspace(-3.03, 4.97, 53)
    weights = np.cos(np.arange(53.0))
    for shape in SHAPES if mode == "eager" else SOME:
        if not anchored and shape == "ramp":
            continue  # its bends move across an x
        step = Step(shape, 1.5, "probability", anchored)
        parts = [np.array(THRESHOLDS), np.array(LEVELS)]
        if edges is not None and anchored:
            parts.append(np.array(edges))

        def total(flat, step=step):
            own = flat[9:] if edges is not None and anchored else edges
            y = soft_staircase(x, flat[:4], flat[4:9], step, edges=own)
            return keras.ops.sum(keras.ops.convert_to_tensor(weights) * y)

        flat = np.concatenate(parts)
        _, gradient = value_and_gradient(total, flat, mode)
        h = 1e-6
        f = compiled(total, mode)
        want = [
            (float(f(flat + h * e)) - float(f(flat - h * e))) / (2 * h)
            for e in np.eye(len(flat))
        ]
        np.testing.assert_allclose(
            gradient, want, 1e-5, 1e-6, err_msg=str(step)
        )


def test_finite_for_any_finite_number_and_known_at_the_others(mode):
    x = np.array(
        "0 -0 1e-45 1e-30 -1e-7 .5 .75 3 3.4e38 -3.4e38 inf -inf nan".split(),
        "float32",
    )
    some = SHAPES if mode == "eager" else SOME
    for edges, shape, sharpness in itertools.product(
        (None, [-1.5, 0.0, 0.6, 2.0, 4.0]), (*some, "hard"), (1.0, 1e9)
    ):
        # A hard step has no sharpness.
        sharpness = np.inf if shape == "hard" else sharpness

        def f(x, edges=edges, shape=shape, sharpness=sharpness):
            return soft_staircase(
                x, THRESHOLDS, LEVELS, shape, sharpness, edges=edges
            )

        value, gradient = value_and_gradient(f, x, mode)
        assert np.all(np.isfinite(value[:-1])), shape
        assert np.all(np.isfinite(gradient[:-1])), shape
        np.testing.assert_allclose(value[-3:], [3.5, 0, np.nan], 1e-6)


def test_hard_and_straight_through(rng, mode):
    x = np.concatenate([rng.normal(size=200) * 3, THRESHOLDS])
    x = x.astype("float32")
    want = np.array(LEVELS)[(x[:, None] > np.array(THRESHOLDS)).sum(1)]
    for kwargs in (
        {"hard": True},
        {"step": "hard"},
        {"sharpness": float("inf")},
    ):
        value, gradient = value_and_gradient(
            lambda x, kwargs=kwargs: soft_staircase(
                x, THRESHOLDS, LEVELS, **kwargs
            ),
            x,
            mode,
        )
        np.testing.assert_array_equal(value, want.astype("float32"))
        np.testing.assert_array_equal(gradient, 0)

    def pair(through, wrt):
        def f(variable):
            args = {"x": x, "thresholds": THRESHOLDS, "levels": LEVELS}
            args[wrt] = variable
            return soft_staircase(
                **args, step="arctan", straight_through=through
            )

        start = {"x": x, "thresholds": THRESHOLDS, "levels": LEVELS}[wrt]
        return value_and_gradient(f, np.array(start, "float32"), mode)

    for wrt in ("x", "thresholds", "levels"):
        _, own = pair(False, wrt)
        value, gradient = pair(True, wrt)
        np.testing.assert_array_equal(value, want.astype("float32"))
        np.testing.assert_allclose(gradient, own, 1e-4, 1e-4)


def test_shapes_and_dtypes(rng, mode):
    for shape in ((), (7,), (2, 3), (2, 0, 3), (2, 1, 3, 4)):
        x = np.asarray(rng.normal(size=shape), "float32")
        y = compiled(lambda x: soft_staircase(x, THRESHOLDS, LEVELS), mode)(x)
        assert y.shape == shape
        flat = soft_staircase(x.ravel(), THRESHOLDS, LEVELS)
        np.testing.assert_allclose(to_numpy(y).ravel(), flat, 1e-5, 1e-6)
    for dtype in ("float16", "bfloat16"):
        x = keras.ops.cast(rng.normal(size=20), dtype)
        y = soft_staircase(x, THRESHOLDS, LEVELS)
        assert keras.backend.standardize_dtype(y.dtype) == dtype
        wide = soft_staircase(keras.ops.cast(x, "float32"), THRESHOLDS, LEVELS)
        np.testing.assert_array_equal(
            to_numpy(y), to_numpy(keras.ops.cast(wide, dtype))
        )
    assert to_numpy(soft_staircase([0, 1], [0], [0, 1], "ramp")).tolist() == [
        0.5,
        1.0,
    ]


@pytest.mark.skipif(
    BACKEND != "tensorflow",
    reason="only TensorFlow has graphs of unknown shapes",
)
def test_ragged_and_unknown_shapes():
    import tensorflow as tf

    x = tf.ragged.constant([[0.2, 1.7], [], [-3.4]])
    value = soft_staircase(x, THRESHOLDS, LEVELS)
    want = soft_staircase(x.flat_values, THRESHOLDS, LEVELS)
    np.testing.assert_array_equal(value.flat_values, want)
    f = tf.function(
        lambda x: soft_staircase(x, THRESHOLDS, LEVELS),
        input_signature=[tf.TensorSpec([None, None])],
        autograph=False,
    )
    np.testing.assert_allclose(f(x.flat_values[None])[0], want, 1e-5)


def test_in_a_functional_model_that_is_saved(tmp_path, rng):
    inputs = keras.Input((4,))
    outputs = soft_staircase(
        inputs,
        THRESHOLDS,
        LEVELS,
        Step("smoothstep", 3.0, "probability"),
        edges=[-2.0, 0.0, 0.6, 2.0, 4.0],
    )
    model = keras.Model(inputs, outputs)
    path = tmp_path / "model.keras"
    model.save(path)
    x = rng.normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(path)(x), model(x))


def test_thresholds_out_of_order_are_nan_where_no_error_can_be():
    if BACKEND == "tensorflow":
        modes = ["graph", "xla"]
    elif BACKEND == "jax":
        modes = ["jit"]
    else:
        pytest.skip("not compiled on torch")
    for mode in modes:
        f = compiled(lambda t: soft_staircase([0.1, 9.0], t, [0, 1, 2]), mode)
        wrong = f(keras.ops.convert_to_tensor([1.0, 0.5]))
        assert np.all(np.isnan(to_numpy(wrong)))
        right = f(keras.ops.convert_to_tensor([0.5, 1.0]))
        assert np.all(np.isfinite(to_numpy(right)))


@pytest.mark.parametrize(
    "args, words",
    [
        (([1.0, 1.0], [0, 1, 2]), ["[1.0, 1.0]", "increase"]),
        (([1.0, 0.5], [0, 1, 2]), ["[1.0, 0.5]", "increase"]),
        (([float("nan"), 0.5], [0, 1, 2]), ["nan", "finite"]),
        (([], [0]), ["(0,)", "n >= 1"]),
        ((0.5, [0, 1]), ["()", "n >= 1"]),
        (([0.5], [0, 1, 2]), ["(3,)", "2 numbers", "levels"]),
        (([0.5], [0, 1], "stair"), ["'stair'", "'ramp'"]),
        (([0.5], [0, 1], Step("ramp")), ["scale='logit'"]),
        (([0.5], [0, 1], "ramp", 0.5), ["sharpness=0.5", "anchored=False"]),
        (([0.5], [0, 1], "ramp", -1), ["sharpness=-1", "above 0"]),
    ],
)
def test_what_is_refused_is_named(args, words):
    for run in (lambda f: f(), lambda f: compiled(f, "graph")()):
        if BACKEND != "tensorflow" and "graph" in run.__code__.co_consts:
            continue  # JAX does not know a constant's values in a trace
        with pytest.raises(ValueError) as error:
            run(lambda: soft_staircase([0.1], *args))
        for word in words:
            assert word in str(error.value)


@pytest.mark.parametrize(
    "edges, words",
    [
        ([0.0, 1.0], ["3 numbers", "(2,)", "edges"]),
        ([0.0, 0.4, 1.0], ["[0.0, 0.4", "one threshold between"]),
        ([0.6, 0.7, 1.0], ["one threshold between"]),
        ([0.0, 0.5, 1.0], ["one threshold between"]),
    ],
)
def test_edges_that_are_refused(edges, words):
    with pytest.raises(ValueError) as error:
        soft_staircase([0.1], [0.5, 0.9], [0, 1, 2], edges=edges)
    for word in words:
        assert word in str(error.value)
