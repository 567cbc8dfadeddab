"""Each broken case of the gallery is broken as it is said to be.

By NumPy and the backend's own gradient, so that the gallery is an oracle for
the doctor and not a mirror of it.
"""

import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient
from gallery import BROKEN, HEALTHY
from gallery._data import DOMAINS
from gallery._run import call, differences, variable_gradients
from keras import ops

KINDS = {
    "gradient_none": "error",
    "unused_prediction": "error",
    "unused_target": "warning",
    "gradient_zero": "error",
    "gradient_partly_zero": "warning",
    "value_not_finite": "error",
    "gradient_not_finite": "error",
    "gradient_wrong": "error",
    "straight_through": "info",
    "wrong_direction": "error",
    "wrong_shape": "error",
    "wrong_axis": "error",
    "mixes_samples": "warning",
    "broadcasts": "error",
    "sum_not_mean": "warning",
    "batch_not_mean": "info",
    "sample_weight_ignored": "info",
    "mask_ignored": "info",
    "empty_batch": "warning",
    "one_class_batch": "warning",
    "modes_differ": "error",
    "fails": "error",
    "float16": "warning",
    "random": "info",
}
HERE = [case for case in BROKEN if case.runs_here]


def of_last(case, arrays):
    """The case as a function of what it has its gradient of, and where."""
    target = case.target()
    *others, x = arrays
    return (lambda x: call(target, *others, x)), x


def raw_gradient(function, x):
    """d(Σ function)/dx, or None where TensorFlow says so."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        gradient = tape.gradient(value, x)
        return None if gradient is None else to_numpy(gradient)
    return value_and_gradient(function, x)[1]


def is_of_variables(case):
    return case.is_maker and case.kind.startswith("gradient")


def moves(case, argument):
    """Whether the value changes with one of the arguments."""
    arrays = list(case.sample())
    target = case.target()
    first = to_numpy(call(target, *arrays))
    for factor in (-3.0, 0.1, 7.0):
        changed = list(arrays)
        changed[argument] = (arrays[argument] * factor).astype(
            arrays[argument].dtype
        )
        if not np.array_equal(
            first, to_numpy(call(target, *changed)), equal_nan=True
        ):
            return True
    return False


def prove_gradient_none(case):
    if is_of_variables(case):
        of_case = {
            path: g
            for path, g in variable_gradients(case).items()
            if any(word in path for word in case.where)
        }
        assert of_case
        for gradient in of_case.values():
            assert gradient is None or not gradient.any()
            assert BACKEND != "tensorflow" or gradient is None
        return
    gradient = raw_gradient(*of_last(case, case.shown()))
    assert gradient is None or not gradient.any()
    assert BACKEND != "tensorflow" or gradient is None
    assert moves(case, -1)


def prove_gradient_zero(case):
    if is_of_variables(case):
        of_case = [
            g
            for path, g in variable_gradients(case).items()
            if any(word in path for word in case.where)
        ]
        assert of_case and not any(g.any() for g in of_case)
        return
    gradient = raw_gradient(*of_last(case, case.shown()))
    assert gradient is not None and not gradient.any()
    assert moves(case, -1)


def prove_gradient_partly_zero(case):
    y_true, y_pred = case.shown()
    gradient = raw_gradient(*of_last(case, (y_true, y_pred)))
    flat = gradient == 0
    assert 0 < flat.mean() < 1
    # And there it isn't satisfied: the target itself would be better.
    better = np.where(flat, y_true, y_pred).astype("float32")
    target = case.target()
    loss = to_numpy(call(target, y_true, y_pred))
    assert to_numpy(call(target, y_true, better)).mean() < loss.mean()


def prove_unused_prediction(case):
    gradient = raw_gradient(*of_last(case, case.shown()))
    assert gradient is None or not gradient.any()
    assert not moves(case, -1)


def prove_unused_target(case):
    assert not moves(case, 0)
    assert moves(case, -1)


def prove_value_not_finite(case):
    assert not np.isfinite(to_numpy(call(case.target(), *case.shown()))).all()
    finite_in_the_domain(case)


def prove_gradient_not_finite(case):
    value, gradient = value_and_gradient(*of_last(case, case.shown()))
    assert np.isfinite(value).all()
    assert not np.isfinite(gradient).all()
    finite_in_the_domain(case)


def finite_in_the_domain(case):
    """What is given must be a point at which the case may be asked."""
    x = case.shown()[-1]
    assert np.isfinite(x).all()
    if case.domain == "probability":
        assert x.min() >= 0 and x.max() <= 1
    if case.domain == "positive":
        assert x.min() > 0


def prove_gradient_wrong(case):
    arrays = [x.astype("float64") for x in case.shown()]
    function, x = of_last(case, arrays)
    right = differences(function, x)
    wrong = value_and_gradient(function, x)[1]
    assert np.abs(wrong - right).max() > 0.1 * np.abs(right).max() > 0


def prove_wrong_direction(case):
    y_true, y_pred = case.shown()
    gradient = raw_gradient(*of_last(case, (y_true, y_pred)))
    step = y_pred - 0.01 * gradient / np.abs(gradient).max()
    assert np.abs(step - y_true).sum() > np.abs(y_pred - y_true).sum()
    target = case.target()
    perfect = to_numpy(call(target, y_true, y_true)).mean()
    assert perfect > to_numpy(call(target, y_true, y_pred)).mean()


def prove_wrong_shape(case):
    y_true, y_pred = case.shown()
    value = call(case.target(), y_true, y_pred)
    assert len(value.shape) and value.shape[0] != len(y_true)


def prove_wrong_axis(case):
    y_true, y_pred = case.shown()
    value = call(case.target(), y_true, y_pred)
    assert tuple(value.shape) == y_pred.shape[1:] != y_pred.shape[:1]


def prove_mixes_samples(case):
    """The first row's value changes with the last row's input."""
    *others, x = case.shown()
    changed = x.copy()
    changed[-1] = 2 * np.abs(x).max() + 1 + np.arange(x.shape[-1])
    target = case.target()
    first = to_numpy(call(target, *others, x))
    assert len(first) == len(x)
    assert not np.allclose(
        first[0], to_numpy(call(target, *others, changed))[0]
    )


def prove_broadcasts(case):
    """Other pairs of the same targets and outputs give the same loss."""
    y_true, y_pred = case.shown()
    assert y_true.ndim == 1 and y_pred.shape == (len(y_true), 1)
    target = case.target()
    value = to_numpy(call(target, y_true, y_pred)).mean()
    turned = to_numpy(call(target, np.roll(y_true, 2), y_pred)).mean()
    np.testing.assert_allclose(value, turned, rtol=1e-5)


def prove_sum_not_mean(case):
    y_true, y_pred = case.shown()
    target = case.target()
    once = to_numpy(call(target, y_true, y_pred))
    twice = to_numpy(
        call(target, np.tile(y_true, (2, 1)), np.tile(y_pred, (2, 1)))
    )
    assert once.shape == ()
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)


def loss_gradient(case, *further):
    target = case.target()
    y_true, y_pred = case.shown()[:2]
    mask = getattr(y_pred, "_keras_mask", None)

    def function(x):
        if mask is not None:
            from softkeras._backend import set_keras_mask

            set_keras_mask(x, mask)
        return target(y_true, x, *further)

    return value_and_gradient(function, to_numpy(y_pred))[1]


def prove_sample_weight_ignored(case):
    """A row of weight 0 has a gradient all the same."""
    weights = case.shown()[2]
    gradient = loss_gradient(case, weights)
    assert (weights == 0).any()
    assert np.abs(gradient[weights == 0]).max() > 0


def prove_mask_ignored(case):
    """A step that is masked has a gradient all the same."""
    from softkeras._backend import get_keras_mask

    mask = to_numpy(get_keras_mask(case.shown()[1]))
    gradient = loss_gradient(case)
    assert np.abs(gradient[~mask]).max() > 0


def prove_one_class_batch(case):
    target = case.target()
    assert np.isfinite(to_numpy(call(target, *case.sample()))).all()
    y_true, y_pred = case.shown()
    assert len(np.unique(y_true)) == 1
    assert not np.isfinite(to_numpy(call(target, y_true, y_pred))).all()


def prove_modes_differ(case):
    *others, x = map(ops.convert_to_tensor, case.shown())
    target = case.target()
    values = [
        to_numpy(compiled(lambda x: target(*others, x), mode)(x))
        for mode in ("eager", "xla" if BACKEND == "tensorflow" else "jit")
    ]
    assert not np.allclose(*values, equal_nan=True)


def prove_fails(case):
    target = case.target()
    y_true, y_pred = map(ops.convert_to_tensor, case.shown())
    value = to_numpy(target(y_true, y_pred))  # Eagerly it is well.
    assert np.isfinite(value).all()
    if BACKEND == "tensorflow":
        import tensorflow as tf

        rows = None if case.mode == "unknown_batch" else len(y_pred)
        signature = [
            tf.TensorSpec((rows, *x.shape[1:]), x.dtype)
            for x in (y_true, y_pred)
        ]
        traced = tf.function(target, signature, autograph=False)
    else:
        traced = compiled(target, "jit")
    with pytest.raises(Exception) as caught:
        traced(y_true, y_pred)
    assert type(caught.value).__name__ in {
        "AttributeError",
        "ConcretizationTypeError",
        "NotImplementedError",
        "OperatorNotAllowedInGraphError",
        "TracerArrayConversionError",
        "TracerBoolConversionError",
        "TypeError",
        "ValueError",
    }


def prove_float16(case):
    y_true, y_pred = case.shown()
    target = case.target()
    assert np.isfinite(to_numpy(call(target, y_true, y_pred))).all()
    narrow = (y_true.astype("float16"), y_pred.astype("float16"))
    assert not np.isfinite(to_numpy(call(target, *narrow))).all()


@pytest.mark.parametrize("case", HERE, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
# What Keras's count_nonzero makes of a single number on torch.
@pytest.mark.filterwarnings("ignore:Tensor.T is deprecated:UserWarning")
def test_broken(case):
    globals()[f"prove_{case.kind}"](case)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken_is_described(case):
    assert case.kind in KINDS
    assert set(case.also) <= set(KINDS)
    assert case.form in DOMAINS
    assert case.link.startswith("https://")
    assert len(case.question) > 20
    if case.kind == "fails":
        assert case.mode in ("graph", "unknown_batch")


def test_gallery_is_large_enough():
    assert len({case.name for case in BROKEN}) == len(BROKEN) >= 45
    assert len({case.name for case in HEALTHY}) == len(HEALTHY) >= 40
    kinds = {case.kind for case in BROKEN}
    # Of some only an info is told, and healthy cases have those.
    unproved = {"straight_through", "batch_not_mean", "random", "empty_batch"}
    assert kinds == set(KINDS) - unproved
