"""Each healthy case of the gallery is healthy, on its data and at its best.

Finite, with a gradient that is the derivative, and one step down that gradient
goes down; without the doctor.
"""

import keras
import numpy as np
import pytest
from conftest import BACKEND, compiled, to_numpy, value_and_gradient
from gallery import HEALTHY
from gallery._run import STEP, call, variable_gradients
from keras import ops


def best(case):
    """A prediction that a healthy loss has its least value at, or None."""
    y_true, y_pred = case.sample()
    if "smooth" in case.name:  # Not the target's own label, then.
        return None
    if "ids" in case.form:
        one_hot = np.eye(y_pred.shape[-1], dtype="float32")[y_true.ravel()]
        return 60 * one_hot - 30 if case.form == "ids_logits" else one_hot
    if case.form in ("multi_label_logits", "binary_logits", "one_hot_logits"):
        return 60 * y_true - 30
    if case.form in ("pairs", "ctc", "embeddings", "relevance"):
        return None
    return y_true


def is_loss(case):
    return len(case.sample()) == 2 and case.form != "model"


def descends(function, x, gradient):
    """A small step against the gradient lowers the mean."""
    step = 1e-3 * gradient / np.abs(gradient).max()
    before = to_numpy(function(ops.convert_to_tensor(x))).mean()
    after = to_numpy(function(ops.convert_to_tensor(x - step))).mean()
    return after < before


# softkeras's functions are what its classes call, and slow to compile twice.
SEPARATE = [c for c in HEALTHY if "softkeras.losses.soft_" not in c.name]
if BACKEND == "jax":
    # It counts its steps, for which a compiled step of JAX needs a callback,
    # and says so.
    SEPARATE = [c for c in SEPARATE if "WarmUp" not in c.name]
# JAX compiles each operation by itself when it runs a function as it is.
FIRST = "jit" if BACKEND == "jax" else "eager"


@pytest.mark.parametrize("case", SEPARATE, ids=lambda case: case.name)
def test_healthy(case):
    if case.form in ("model", "indices") or isinstance(
        case.target(), keras.layers.Layer
    ):
        assert_variables_learn(case)
        return
    *others, x = case.sample()
    function = weighted(case, others)
    value, gradient = value_and_gradient(function, x, FIRST)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 1e-6
    if BACKEND == "tensorflow":
        again = value_and_gradient(function, x, "graph")
        np.testing.assert_allclose(again[0], value, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(again[1], gradient, rtol=1e-3, atol=1e-4)
    if is_loss(case):
        assert value.shape in ((), (len(x),), x.shape[:-1], x.shape)
        run = compiled(function, FIRST)
        assert descends(run, x, gradient)
        perfect = best(case)
        if perfect is not None:
            perfect = perfect.astype("float32")
            at_best, slope = value_and_gradient(function, perfect, FIRST)
            assert np.isfinite(at_best).all() and np.isfinite(slope).all()
            assert at_best.mean() <= value.mean()
    # softkeras's own are compared in tests of their own, in float64.
    if case.is_exact and case.form != "ctc" and "softkeras" not in case.name:
        agrees_with_differences(case)


def weighted(case, others):
    """The case as a function of its last array.

    An activation's values have weights: a softmax's sum is always 1.
    """
    target = case.target()

    def function(x):
        value = call(target, *others, x)
        if is_loss(case):
            return value
        weights = np.cos(np.arange(np.prod(value.shape)))
        return value * ops.cast(weights.reshape(value.shape), value.dtype)

    return function


def agrees_with_differences(case):
    *others, x = (
        a.astype("float64") if a.dtype == "float32" else a
        for a in case.sample()
    )
    function = weighted(case, others)
    value, gradient = value_and_gradient(function, x, FIRST)
    if value.dtype != "float64":
        return
    run = compiled(function, FIRST)
    for seed in range(2):
        way = np.random.default_rng(seed).normal(size=x.shape)
        ends = (
            to_numpy(run(ops.convert_to_tensor(x + sign * STEP * way)))
            for sign in (1, -1)
        )
        slope = np.subtract(*ends).sum() / (2 * STEP)
        scale = np.abs(gradient * way).sum()
        np.testing.assert_allclose(
            (gradient * way).sum(), slope, rtol=1e-3, atol=(1e-4 + STEP) * scale
        )


def assert_variables_learn(case):
    """Finite gradients, and none that is None or zero as a whole."""
    for path, gradient in variable_gradients(case).items():
        assert gradient is not None, path
        assert np.isfinite(gradient).all() and gradient.any(), path


def test_all_of_keras_and_softkeras_are_in_it():
    from gallery import keras_activations, keras_losses

    import softkeras

    names = " ".join(case.name for case in HEALTHY)
    public = {n for n in dir(keras.losses) if not n.startswith("_")}
    for name in public - keras_losses.NO_LOSSES:
        assert f"keras.losses.{name}(" in names, name
    for name in keras_activations.NAMES:
        assert f"keras.activations.{name}" in names, name
    for name in softkeras.losses.__all__:
        assert f"softkeras.losses.{name}" in names, name
    for name in softkeras.layers.__all__:
        assert f"softkeras.layers.{name}" in names, name
