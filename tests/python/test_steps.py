"""Steps: values, slopes, anchors, ends, and what is refused."""

import itertools

import keras
import numpy as np
import pytest
from conftest import (
    MODES,
    compiled,
    derivative,
    golden,
    to_numpy,
    value_and_gradient,
)

import softkeras
from softkeras import layers, losses, steps
from softkeras.steps import Step

SHAPES = tuple(name for name in steps.NAMES if name != "hard")
# The ends, subnormal, tiny, around both thresholds, outside [0, 1], huge.
NASTY = np.array(
    "0 -0 1e-45 1e-40 1.2e-38 1e-30 1e-20 1e-7 .3 .5 .99999994 1 1.0000001 "
    "2 -1 -3.4e38 3.4e38 65504 -65504".split(),
    "float32",
)


def every_step(sharpnesses=(0.25, 3.0, 8.0)):
    for shape, sharpness, (scale, anchored) in itertools.product(
        SHAPES,
        sharpnesses,
        [("logit", True), ("probability", True), ("probability", False)],
    ):
        if scale == "logit" or not anchored or sharpness > 2:
            yield Step(shape, sharpness, scale, anchored)


def values_and_slopes(many, x, mode="eager", *args):
    """Of each of many steps a row; compiled as one, which is far quicker."""

    def rows(x):
        own = keras.ops.unstack(x, len(many))
        return keras.ops.stack([f(x, *args) for f, x in zip(many, own)])

    x = np.repeat(np.asarray(x)[None], len(many), 0)
    return zip(many, *value_and_gradient(rows, x, mode))


@pytest.mark.parametrize("threshold", [0.5, 0.3])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize(
    "dtype, bound", [("float32", 3e-6), ("float64", 1e-12)]
)
def test_value_and_slope_are_those_of_the_reference(
    threshold, from_logits, dtype, bound, mode
):
    cases = [
        case
        for case in golden("steps")
        if (case["threshold"], case["from_logits"]) == (threshold, from_logits)
    ]
    many = [Step(**case["step"]) for case in cases]
    assert {step.shape for step in many} == set(SHAPES)
    x = np.array(cases[0]["y_pred"], dtype)
    results = values_and_slopes(many, x, mode, threshold, from_logits)
    for case, (step, value, slope) in zip(cases, results):
        assert case["y_pred"] == cases[0]["y_pred"]
        # The steepest of them magnifies the rounding of the input 50 times.
        np.testing.assert_allclose(
            value, case["value"], bound, 5 * bound, err_msg=str(step)
        )
        np.testing.assert_allclose(
            slope, case["slope"], 10 * bound, 50 * bound, err_msg=str(step)
        )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_the_sigmoid_is_a_power_of_the_odds(threshold, from_logits):
    """By its formula in float64, near both ends, beyond them and at them."""
    p = np.array([1e-40, 1e-9, 0.02, 0.3, 0.5, 0.7, 0.97, 0.99])
    x = np.log(p / (1 - p)) if from_logits else p
    for s in (1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 2.0, 3.0, 0.3):
        odds = ((1 - p) / p * threshold / (1 - threshold)) ** s
        value, slope = value_and_gradient(
            lambda x, s=s: Step(sharpness=s)(x, threshold, from_logits), x
        )
        np.testing.assert_allclose(value, 1 / (1 + odds), 1e-7, 1e-300)
        density = s * (odds / (1 + odds)) / (1 + odds)
        if not from_logits:
            density /= np.maximum(p * (1 - p), 1e-30)
        itself = s == 1 and threshold == 0.5 and not from_logits
        if itself:
            density = np.ones_like(p)
        np.testing.assert_allclose(slope, density, 2e-7, 1e-300)
        if not from_logits:
            value, slope = value_and_gradient(
                lambda x, s=s: Step(sharpness=s)(x, threshold),
                np.array([-3.0, -0.0, 0.0, 1.0, 4.0]),
            )
            assert value.tolist() == [0, 0, 0, 1, 1]
            assert slope.tolist() == [0, itself, itself, itself, 0]


@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_the_density_keeps_its_digits_next_to_both_ends(threshold, mode):
    """In float32, up to the last number below 1, against float64."""
    near = 10.0 ** -np.arange(1, 7)
    last = np.nextafter(np.float32(1), np.float32(0))
    p = np.concatenate([near, 1 - near, [last]]).astype("float32")
    rest = 1 - p.astype("float64")
    odds = rest / p * threshold / (1 - threshold)
    roots = (0.5, 0.25, 0.125)
    for s, (step, value, slope) in zip(
        roots,
        values_and_slopes(
            [Step(sharpness=s) for s in roots], p, mode, threshold
        ),
    ):
        ratio = odds**s
        np.testing.assert_allclose(value, 1 / (1 + ratio), 5e-7)
        density = s * ratio / (1 + ratio) ** 2 / (p * rest)
        # 1 - value is .016 at least for s = ¼, and has two digits less than 1.
        bound = 5e-7 if s == 0.5 else 5e-6
        np.testing.assert_allclose(slope, density, bound, err_msg=str(step))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_density_integrates_to_one(shape):
    """By adaptive quadrature of the gradient over the whole line."""
    from scipy.integrate import quad

    step = Step(shape, 1.0, "probability", anchored=False)

    def density(v):
        return float(value_and_gradient(step, np.array([v + 0.5]))[1][0])

    bends = {"ramp": 0.5, "smoothstep": 0.75, "smootherstep": 15 / 16}
    edge = bends.get(shape, 1.0)
    pieces = [(-np.inf, -edge), (-edge, 0), (0, edge), (edge, np.inf)]
    total = sum(quad(density, *ends, epsabs=1e-9)[0] for ends in pieces)
    np.testing.assert_allclose(total, 1, atol=1e-7)
    np.testing.assert_allclose(density(0.0), 1, 1e-12)


@pytest.mark.parametrize("scale", ["logit", "probability", "unanchored"])
def test_a_slope_is_the_difference_of_values(scale, rng):
    many = [
        step
        for step in every_step()
        if (step.scale if step.anchored else "unanchored") == scale
    ]
    x = rng.uniform(0.02, 0.98, 200)
    above, below = (
        [value for _, value, _ in values_and_slopes(many, x + h, "eager", 0.45)]
        for h in (1e-6, -1e-6)
    )
    for (step, _, slope), high, low in zip(
        values_and_slopes(many, x, "eager", 0.45), above, below
    ):
        wrong = ~np.isclose(slope, (high - low) / 2e-6, 1e-5, 1e-6)
        # A ramp has two bends, which a difference can lie across.
        assert wrong.sum() <= 2 * (step.shape == "ramp"), step


@pytest.mark.parametrize("shape", SHAPES)
def test_near_the_straight_line_an_anchored_step_is_it(shape, mode):
    p = np.linspace(0, 1, 101).astype("float32")
    many = [
        Step(shape, 1 + excess, "probability") for excess in (0, 1e-7, 1e-6)
    ]
    for step, value, slope in values_and_slopes(many, p, mode):
        np.testing.assert_allclose(value, p, atol=1e-5, err_msg=str(step))
        # The slope at the very ends may be that of beyond, which is 0.
        np.testing.assert_allclose(slope[1:-1], 1, atol=1e-4, err_msg=str(step))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_anchored_step_has_its_slope_whatever_the_sharpness(shape):
    """Over the range of what Newton's method is to solve: no jump in it."""
    p = np.linspace(0, 1, 2001)
    for sharpness in [1.0, *(1 + np.logspace(-5, 4, 46))]:
        step = Step(shape, sharpness, "probability")
        value, slope = value_and_gradient(step, p)
        np.testing.assert_allclose(slope[1000], sharpness, 1e-12)
        assert np.all(np.diff(value) >= -1e-15), step
        # The integral of the slope, which goes wrong if the rate is wrong.
        if sharpness < 100:
            area = np.sum((slope[1:] + slope[:-1]) / 2) / 2000
            np.testing.assert_allclose(
                area, 1, atol=5e-4 * sharpness, err_msg=str(step)
            )


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.9, 0.123])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_anchors_are_exact(threshold, dtype, mode):
    x = np.array([0, threshold, 1] * 3, dtype)
    many = [
        step
        for step in every_step((0.25, 3.0, 12.0))
        if step.scale == "logit" or (step.anchored and step.sharpness > 10)
    ]
    values = compiled(
        lambda x: keras.ops.stack([step(x, threshold) for step in many]), mode
    )(x)
    for step, value in zip(many, to_numpy(values)):
        assert value.tolist() == [0, 0.5, 1] * 3, step


@pytest.mark.parametrize("threshold", [0.25, 0.625, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_anchors_are_exact_wherever_the_threshold_is(threshold, dtype):
    """Also without the roots that halve what is left of an error."""
    x = np.array([0, threshold, 1], dtype)
    for step in every_step((1.0, 12.0)):
        if step.anchored:
            assert to_numpy(step(x, threshold)).tolist() == [0, 0.5, 1], step
    # From logits there is no rounding at the threshold that it could hide.
    logit = np.log(np.array(threshold / (1 - threshold)))
    for step in every_step((1.0,)):
        if step.scale == "logit":
            got = step(logit, threshold, from_logits=True)
            np.testing.assert_allclose(got, 0.5, 1e-14)


@pytest.mark.parametrize("from_logits", [False, True])
def test_what_comes_from_above_is_multiplied_by_the_slope(from_logits):
    x = np.array([0.0, 0.1, 0.47, 0.5, 0.52, 0.9, 1.0])
    above = np.array([3.0, -2.0, 0.5, 7.0, 0.0, 1e5, 1e-5])
    for step in every_step((3.0,)):
        for threshold in (0.5, 0.45):
            options = {"threshold": threshold, "from_logits": from_logits}
            _, slope = value_and_gradient(
                lambda x, step=step, o=options: step(x, **o), x
            )
            _, product = value_and_gradient(
                lambda x, step=step, o=options: keras.ops.multiply(
                    above, step(x, **o)
                ),
                x,
            )
            np.testing.assert_allclose(product, above * slope, 1e-12)


@pytest.mark.parametrize("threshold", [0.5, 0.4])
def test_an_anchored_step_has_its_slope_up_to_the_ends_and_none_beyond(
    threshold,
):
    """A prediction that was rounded to 1 can still be trained."""
    ends, within = np.array([0.0, 1.0]), np.array([1e-9, 1 - 1e-9])
    beyond = np.array([-3.4, -1e-9, 1 + 1e-9, 1.5, 2.0, 2.5])
    for shape in SHAPES:
        step = Step(shape, 1.3, "probability")
        slopes = [
            value_and_gradient(lambda p, s=step: s(p, threshold), p)[1]
            for p in (ends, within, beyond)
        ]
        np.testing.assert_allclose(slopes[0], slopes[1], 1e-6, err_msg=shape)
        np.testing.assert_array_equal(slopes[2], 0, err_msg=shape)


@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_sharpness_is_the_slope_at_the_threshold(threshold):
    for step in every_step((0.25, 1.0, 8.0)):
        if step.scale == "probability" and step.anchored and threshold != 0.5:
            step = Step(step.shape, 12.0, "probability")
        _, slope = value_and_gradient(
            lambda x, step=step: step(x, threshold), np.array([threshold])
        )
        unit = 4 * threshold * (1 - threshold) if step.scale == "logit" else 1
        np.testing.assert_allclose(slope * unit, step.sharpness, 1e-5)


def test_the_defaults_are_those_that_are_documented():
    for step, want in (
        (Step(), ("sigmoid", 0.25, "logit", True, False)),
        (Step("ramp"), ("ramp", 0.25, "logit", True, False)),
        (
            Step("ramp", scale="probability"),
            ("ramp", 8.0, "probability", True, False),
        ),
        (Step(cubic), (cubic, 1.0, "probability", False, False)),
        (Step(cubic, scale="logit"), (cubic, 1.0, "logit", True, False)),
    ):
        assert tuple(step.get_config().values())[1:] == want[1:]
        assert step.shape == want[0]
    assert to_numpy(Step("hard")([0.4, 0.6])).tolist() == [0, 1]


def test_the_sigmoid_on_the_log_odds_is_the_identity_at_sharpness_one(rng):
    p = rng.random(100)
    np.testing.assert_allclose(Step(sharpness=1.0)(p), p, 1e-14)


def test_square_roots_and_logarithms_agree(rng):
    """Sharpness ½^k is computed another way than its neighbours are."""
    p = np.concatenate([rng.random(100), 10.0 ** rng.uniform(-300, -3, 100)])
    for roots in range(5):
        exact, near = (
            Step(sharpness=0.5**roots),
            Step(sharpness=0.5**roots * (1 + 1e-13)),
        )
        for threshold in (0.5, 0.2):
            np.testing.assert_allclose(
                exact(p, threshold), near(p, threshold), 1e-9
            )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_finite_and_between_0_and_1_for_any_finite_input(
    from_logits, threshold, mode
):
    eager = (0.01, 0.25, 3.0, 1e4, 1e10)
    many = list(every_step(eager if mode == "eager" else (0.25, 1e10)))
    for step, value, slope in values_and_slopes(
        many, NASTY, mode, threshold, from_logits
    ):
        assert np.all((value >= 0) & (value <= 1)), step
        assert np.all((slope >= 0) & np.isfinite(slope)), step


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = keras.ops.cast(np.clip(NASTY, -6e4, 6e4), dtype)
    for step in every_step():
        value, slope = value_and_gradient(step, x)
        assert value.dtype == np.float32
        assert np.all(np.isfinite(slope.astype("float32"))), step
        wide = step(keras.ops.cast(x, "float32"))
        np.testing.assert_array_equal(value, wide)


def test_nan_stays_nan(mode):
    many = [*every_step((8.0,)), Step("hard"), Step(straight_through=True)]
    values = compiled(
        lambda x: keras.ops.stack([step(x) for step in many]), mode
    )(np.array([np.nan, 0.2], "float32"))
    for step, value in zip(many, to_numpy(values)):
        assert np.isnan(value).tolist() == [True, False], step


def test_logits_give_what_their_sigmoid_gives(rng):
    logits = rng.normal(size=200) * 5
    for step in every_step():
        for threshold in (0.5, 0.3):
            np.testing.assert_allclose(
                step(logits, threshold, from_logits=True),
                step(1 / (1 + np.exp(-logits)), threshold),
                1e-7,
                1e-9,
            )


def test_hard_is_the_decision_of_keras_metrics():
    p = np.array([0.0, 0.3, 0.49999, 0.5, 0.50001, 1.0], "float32")
    for step in (Step("hard"), Step("sigmoid", float("inf"))):
        assert to_numpy(step(p)).tolist() == [0, 0, 0, 0, 1, 1]
        assert to_numpy(step(p, 0.3)).tolist() == [0, 0, 1, 1, 1, 1]
        logits = np.array([-1.0, 0.0, 1e-6])
        hard = to_numpy(step(logits, from_logits=True))
        assert hard.tolist() == [0, 0, 1] and hard.dtype == "float64"
    # Where the slope of a soft step would have to be more than 8.
    hard = Step("hard", scale="probability")
    assert to_numpy(hard(p, 0.05)).tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda s: Step("hard", s),
        lambda s: steps.get("hard", s),
        lambda s: steps.get(Step("hard"), s),
        lambda s: losses.SoftFBeta(step="hard", sharpness=s).scoring.step,
        lambda s: losses.SoftAUC(step="hard", sharpness=s).step,
        lambda s: layers.SoftStep(step="hard", sharpness=s).step,
    ],
)
def test_a_hard_step_takes_no_sharpness(make):
    for sharpness in (3.0, 0.25, keras.Variable(2.0)):
        with pytest.raises(ValueError, match=r"step='hard', sharpness=.*soft"):
            make(sharpness)
    for sharpness in (None, float("inf")):
        assert make(sharpness).is_hard


def test_ops_and_data_take_no_sharpness_of_a_hard_step():
    p = np.array([0.2, 0.7])
    for call in (
        lambda: losses.soft_precision([0, 1], p, step="hard", sharpness=2.0),
        lambda: softkeras.soft_counts([0, 1], p, step="hard", sharpness=2.0),
        lambda: softkeras.ops.soft_round(p, step="hard", sharpness=2.0),
        lambda: softkeras.ops.soft_step(p, step="hard", sharpness=2.0),
    ):
        with pytest.raises(ValueError, match=r"step='hard', sharpness=2\.0"):
            call()


def test_sharpness_to_infinity_is_hard(rng):
    p = rng.random(300)
    hard = to_numpy(Step("hard")(p, 0.3))
    for shape in SHAPES:
        for scale in steps.SCALES:
            np.testing.assert_allclose(
                Step(shape, 1e9, scale)(p, 0.3), hard, atol=1e-5
            )


def test_straight_through_is_hard_forward_and_soft_backward(rng, mode):
    p = rng.random(100).astype("float32")
    soft = list(every_step((8.0,)))
    through = [
        Step(**{**step.get_config(), "straight_through": True}) for step in soft
    ]
    for (step, value, slope), (_, _, own) in zip(
        values_and_slopes(through, p, mode), values_and_slopes(soft, p, mode)
    ):
        np.testing.assert_array_equal(value, p > 0.5)
        np.testing.assert_array_equal(slope, own, err_msg=str(step))


def test_second_derivative_is_right():
    """Of the gradient in closed form, against a difference of it."""
    x = np.array([0.31, 0.58])
    for step in every_step():
        slope = derivative(lambda x, step=step: step(x, 0.45))
        second = to_numpy(derivative(slope)(x))
        difference = to_numpy(slope(x + 1e-6) - slope(x - 1e-6)) / 2e-6
        np.testing.assert_allclose(second, difference, 1e-4, 1e-4)


def test_arg_max_is_the_softmax_of_sharpened_logits(rng):
    from scipy.special import softmax

    logits = rng.normal(size=(20, 4))
    for sharpness in (0.25, 1.0, 7.0):
        step = Step(sharpness=sharpness)
        want = softmax(sharpness * logits, axis=-1)
        np.testing.assert_allclose(step(logits, None, True), want, 1e-12)
        np.testing.assert_allclose(
            step(softmax(logits, axis=-1), None), want, 1e-12
        )
    hard = to_numpy(Step("hard")(logits, None, True))
    assert hard.argmax(-1).tolist() == logits.argmax(-1).tolist()
    assert hard.sum(-1).tolist() == [1] * 20


@pytest.mark.parametrize("from_logits", [False, True])
def test_the_arg_max_has_the_slope_of_its_differences(rng, from_logits):
    x, weights = rng.uniform(0.1, 0.9, (4, 3)), rng.normal(size=(4, 3))

    def total(x):
        soft = Step(sharpness=3.0)(x, None, from_logits)
        return keras.ops.sum(soft * keras.ops.convert_to_tensor(weights))

    _, slope = value_and_gradient(total, x)
    for place in np.ndindex(4, 3):
        h = np.zeros((4, 3))
        h[place] = 1e-6
        difference = to_numpy(total(x + h) - total(x - h)) / 2e-6
        np.testing.assert_allclose(slope[place], difference, 1e-6, 1e-8)


def test_the_arg_max_is_over_the_last_of_any_axes(rng):
    x = rng.normal(size=(2, 3, 4))
    for step in (Step(sharpness=2.0), Step("hard")):
        got = to_numpy(step(x, None, True))
        assert got.dtype == "float64" and got.shape == x.shape
        for i in range(2):
            np.testing.assert_allclose(got[i], step(x[i], None, True), 1e-12)
    through = Step(sharpness=2.0, straight_through=True)
    np.testing.assert_array_equal(through(x, None, True), got)
    x[0, 1, 2] = np.nan
    got = to_numpy(Step("hard")(x, None, True))
    assert np.argwhere(np.isnan(got).any(-1)).tolist() == [[0, 1]]


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 1, 2), (2, 1, 3)])
def test_the_arg_max_of_one_row_is_one_as_of_any(rng, shape):
    from scipy.special import softmax

    x = rng.normal(size=shape)
    soft = Step(sharpness=2.0)(x, None, True)
    np.testing.assert_allclose(soft, softmax(2 * x, axis=-1), 1e-12)


def test_a_saved_step_is_known_by_its_package_and_by_custom_objects():
    assert keras.saving.get_registered_object("softkeras>Step") is Step

    def own(v):
        return keras.ops.clip(0.5 + v, 0, 1)

    config = steps.serialize(Step(cubic))
    config["config"]["shape"]["registered_name"] = "own"
    config["config"]["shape"]["config"] = "own"
    assert steps.deserialize(config, {"own": own}).shape is own


@pytest.mark.parametrize("from_logits", [False, True])
def test_the_arg_max_of_any_logits_and_of_an_empty_batch(from_logits):
    """Large ones do not overflow, those of one row are not of another."""
    step = Step(sharpness=2.0)
    x = np.array([[3e38, 2e38, -3e38], [1.0, 1.0, -1.0]], "float32")
    if from_logits:
        got = to_numpy(step(x, None, True))
        decay = np.exp(-4)
        want = np.array([[1, 0, 0], [1, 1, decay] / (2 + decay)])
        np.testing.assert_allclose(got, want, 1e-6)
    assert step(np.zeros((0, 3)), None, from_logits).shape == (0, 3)
    hard = Step("hard")(np.array([[np.nan, 1.0], [2.0, 1.0]]), None)
    np.testing.assert_array_equal(hard, [[np.nan, np.nan], [1, 0]])


def test_arg_max_of_rows_without_probability_is_finite():
    rows = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], "float32")
    value, slope = value_and_gradient(lambda p: Step()(p, None), rows)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slope))


@keras.saving.register_keras_serializable(package="test")
def cubic(v):
    """A smooth step of half-width 0.75."""
    u = keras.ops.clip(v / 0.75, -1, 1)
    return 0.5 + 0.75 * u - 0.25 * u**3


def test_a_callable_gets_the_distance_to_the_threshold():
    p = np.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(steps.get(cubic)(p, 0.4), cubic(p - 0.4))
    sharp = Step(cubic, sharpness=3.0)
    np.testing.assert_allclose(sharp(p, 0.4), cubic(3 * (p - 0.4)))


@pytest.mark.parametrize(
    "step",
    [
        Step(),
        Step("hard"),
        Step("ramp", 9, "probability"),
        Step("softsign", 50, "probability", False, True),
        Step("sigmoid", float("inf")),
        Step(cubic),
    ],
    ids=str,
)
def test_a_step_comes_back_from_its_configuration(step):
    import json

    config = json.loads(json.dumps(steps.serialize(step)))
    assert steps.deserialize(config) == step
    assert steps.get(config) == step
    assert steps.get(step) is step
    assert hash(steps.get(config)) == hash(step)


def test_a_sharpness_may_be_a_variable_that_changes():
    sharpness = keras.Variable(3.0, dtype="float32")
    p = np.array([0.2, 0.5, 0.6], "float32")
    for make in (
        lambda s: Step(sharpness=s),
        lambda s: Step("ramp", s, "probability"),
        lambda s: Step("ramp", s, "probability", False),
    ):
        step = make(sharpness)
        for number in (3.0, 1.25):
            sharpness.assign(number)
            got, want = to_numpy(step(p)), to_numpy(make(number)(p))
            np.testing.assert_allclose(got, want, 1e-6)
            assert step.sharpness_now == number
            assert step.get_config()["sharpness"] == number
            assert f"sharpness={number}" in repr(step)
    step = Step("ramp", sharpness, "probability")
    sharpness.assign(1.0)
    line = to_numpy(step(p))
    np.testing.assert_allclose(line, p, 1e-6)
    sharpness.assign(1.5)
    with pytest.raises(ValueError, match=r"`sharpness` .* least 1.667 and"):
        step(p, 0.3)
    # What it is when the step is made does not matter.
    sharpness.assign(1e16)
    step = Step(sharpness=sharpness)
    sharpness.assign(3.0)
    got, want = to_numpy(step(p)), to_numpy(Step(sharpness=3.0)(p))
    np.testing.assert_allclose(got, want, 1e-6)


@pytest.mark.parametrize("mode", [m for m in MODES if m != "eager"][:1])
def test_a_graph_reads_the_sharpness_of_a_variable_when_it_runs(mode):
    """Not when it is made, though a step of ½ or 1 could be a simpler one."""
    variable = keras.Variable(0.5, dtype="float32")
    step, p = Step(sharpness=variable), np.array([0.2, 0.9], "float32")

    def run(sharpness):
        with keras.StatelessScope([(variable, sharpness)]):
            return step(p)

    run = compiled(run, mode)
    for number in (0.5, 1.0, 3.0):
        got = run(keras.ops.convert_to_tensor(number, "float32"))
        want = p**number / (p**number + (1 - p) ** number)
        np.testing.assert_allclose(got, want, 1e-5)


def test_a_sharpness_has_the_limits_of_its_words():
    assert Step(sharpness=1e15)([0.4, 0.6]).shape == (2,)
    with pytest.raises(ValueError, match=r"at most 1e\+15.*sharpness=11000"):
        Step(sharpness=1.1e15)
    variable = keras.Variable(1.1e-30, dtype="float64")
    step = Step(sharpness=variable)
    p = np.array([0.2, 0.9])
    for number in (1.1e-30, 1e15):
        variable.assign(number)
        assert np.all(np.isfinite(to_numpy(step(p))))
    for number in (0.9e-30, 1.1e15):
        variable.assign(number)
        with pytest.raises(ValueError, match=r"above 0 and at most 1e\+15"):
            step(p)


def test_a_step_is_told_with_what_is_not_the_default():
    for step, text in (
        (Step(), "Step('sigmoid', sharpness=0.25, scale='logit')"),
        (Step("hard"), "Step('hard')"),
        (
            Step("ramp", 9, "probability", False, True),
            (
                "Step('ramp', sharpness=9.0, scale='probability', "
                "anchored=False, straight_through=True)"
            ),
        ),
        (
            Step(cubic),
            "Step('cubic', sharpness=1.0, scale='probability', anchored=False)",
        ),
        (
            Step("ramp", 9, "probability"),
            "Step('ramp', sharpness=9.0, scale='probability')",
        ),
    ):
        assert repr(step) == text


class Slope:
    """A callable without a name, a straight line around `middle`."""

    def __init__(self, slope, middle=0.5):
        self.slope, self.middle, self.seen = slope, middle, []

    def __call__(self, v):
        assert keras.ops.is_tensor(v)
        self.seen.append(to_numpy(v))
        return self.slope * v + self.middle


def test_a_callable_is_asked_once_whether_it_is_a_step():
    for shape in (
        Slope(1.0),
        Slope(0.0),  # Level there, it may rise further out.
        Slope(1.0, 0.5009),
        Slope(1.0, 0.4991),
    ):
        Step(shape)
        (seen,) = shape.seen
        np.testing.assert_array_equal(seen, [-0.25, 0.0, 0.25])
    for shape, words in (
        (Slope(1.0, 0.0), "½ at 0. Received: -0.25, 0, 0.25 at -¼, 0, ¼ from "),
        (Slope(-1.0), "Received: 0.75, 0.5, 0.25 at"),
        (Slope(1.0, 0.5011), "Received: 0.2511, 0.5011, 0.7511 at"),
        (Slope(1.0, 0.4989), "Received: 0.2489, 0.4989, 0.7489 at"),
        (Slope(1.0, float("nan")), "Received: nan, nan, nan at"),
    ):
        with pytest.raises(ValueError, match=words):
            Step(shape)


def test_a_callable_that_can_not_be_asked_is_taken_at_its_word():
    def of_rows(v):
        return keras.ops.softmax(v[:, :, None])

    assert Step(of_rows).shape is of_rows


def test_the_sigmoid_of_a_probability_is_cut_and_so_is_its_slope(mode):
    """At sharpness 1 it is the identity, whose slope is 1 up to the ends."""
    for x, slope in (
        ([-0.5, 0.0, 0.3, 1.0, 1.5], [0, 3, 3, 3, 0]),
        ([0.0, 0.3, 1.0], [3, 3, 3]),
    ):
        value, got = value_and_gradient(
            lambda p: 3.0 * Step(sharpness=1.0)(p), np.array(x), mode
        )
        np.testing.assert_allclose(value, 3 * np.clip(x, 0, 1))
        np.testing.assert_allclose(got, slope)


def test_steps_are_equal_by_what_they_are():
    assert Step("ramp", 2.0) != Step("ramp", 3.0) != "ramp"
    assert len({Step("ramp", 2.0), Step("ramp", 2), Step("softsign")}) == 2


def test_on_the_line_a_name_is_a_step_on_x_itself():
    assert steps.on_the_line("ramp") == Step("ramp", 8.0, "probability")
    assert steps.on_the_line("ramp", 2) == Step("ramp", 2.0, "probability")
    own = Step("softsign", 3.0, "probability", anchored=False)
    assert steps.on_the_line(own) is own
    assert steps.on_the_line(own, 4.0).sharpness == 4.0
    assert steps.on_the_line(Step("hard")).is_hard
    with pytest.raises(ValueError, match="step='sigmoid' and a sharpness"):
        steps.on_the_line(Step())


def test_get_takes_names_and_overrides_the_sharpness():
    assert steps.get("softsign") == Step("softsign")
    assert steps.get("softsign", sharpness=2) == Step("softsign", 2.0)
    assert steps.get(Step("ramp", 1.0), sharpness=2) == Step("ramp", 2.0)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Step("sigmod"), ["'sigmod'", "'sigmoid'", "'hard'"]),
        (lambda: steps.get("sigmod"), ["'sigmod'", "'sigmoid'"]),
        (lambda: steps.get(None), ["None", "softkeras.steps.Step"]),
        (lambda: steps.get(3), ["3", "`step` must be a name", "callable"]),
        (lambda: Step(sharpness=0), ["sharpness=0", "above 0"]),
        (lambda: Step(sharpness=-1.5), ["sharpness=-1.5", "above 0"]),
        (lambda: Step(sharpness=float("nan")), ["nan", "above 0"]),
        (lambda: Step(sharpness="high"), ["'high'", "number"]),
        (lambda: Step(scale="odds"), ["'odds'", "'logit'", "'probability'"]),
        (lambda: Step(anchored=False), ["anchored=False", "probability"]),
        (lambda: Step(cubic, anchored=True), ["anchored=True", "callable"]),
        (lambda: Step(scale="odds"), ["`scale`"]),
        (lambda: Step("ramp", anchored=1), ["`anchored` must", "anchored=1"]),
        (lambda: Step(straight_through=1), ["`straight_through` must"]),
        (lambda: Step(Step), ["class", "callable"]),
        (
            lambda: Step(Step("ramp")),
            ["`shape` must", "Step('ramp', sharp", "already; give it as `ste"],
        ),
        (lambda: Step()([1, 0]), ["`y_pred` must"]),
        (lambda: Step("ramp", scale="probability").check(None), ["arg-max"]),
        (lambda: Step(scale="probability").check(None), ["arg-max"]),
        (lambda: Step()(np.float32(0.5), None), ["()", "two classes"]),
        (lambda: Step()([0.5], 0.0), ["threshold=0.0", "between 0 and 1"]),
        (lambda: Step()([0.5], 1), ["threshold=1", "between 0 and 1"]),
        (lambda: Step()([0.5], "half"), ["'half'", "between 0 and 1"]),
        (lambda: Step()([1, 0]), ["int", "floats"]),
        (lambda: Step()([True, False]), ["bool", "floats"]),
        (
            lambda: Step("ramp", 1, "probability")([0.5], 0.3),
            ["sharpness=1.0", "1.667", "threshold=0.3"],
        ),
        (
            lambda: Step("ramp", 4.9, "probability")([0.5], 0.9),
            ["sharpness=4.9", "at least 5,", "threshold=0.9"],
        ),
        (lambda: Step("ramp")([[0.5]], None), ["'ramp'", "arg-max"]),
        (lambda: Step()([[0.5]], None), ["(1, 1)", "two classes"]),
        (
            lambda: steps.serialize(Step(lambda v: v + 0.5)),
            ["`step`", "lambda", "register_keras_serializable"],
        ),
        (lambda: steps.deserialize({"class_name": "Adam"}), ["Adam"]),
    ],
)
def test_what_is_refused_is_named(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
