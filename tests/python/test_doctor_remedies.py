"""Remedies: what they name exists, and what they put in place works."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import re

import keras
import numpy as np
import pytest
from conftest import BACKEND, value_and_gradient
from keras import ops

import softkeras
from softkeras.doctor import _remedies, _replacements
from softkeras.doctor._recording import Operation, blame, record, replaced
from softkeras.doctor._remedies import remedy

X = np.array([[0.1, 0.3, 0.9], [0.6, 0.7, 0.2]], "float32")
ZEROS = np.zeros((2, 3), "float32")
Y = ops.convert_to_tensor(np.array([[0.0, 1, 1], [1, 0, 0]], "float32"))
ALL = [
    pytest.param(spoiled, word, found, id=f"{spoiled}-{word}")
    for spoiled, table in _remedies._TABLES.items()
    for word, found in table.items()
]


def number(x):
    return ops.cast(x, "float32")


CUT = [
    lambda x: ops.round(x),
    lambda x: ops.floor(4 * x),
    lambda x: ops.ceil(4 * x),
    lambda x: ops.sign(x - 0.5),
    lambda x: ops.trunc(4 * x - 2),
    lambda x: number(x > 0.5),
    lambda x: number(x >= 0.5),
    lambda x: number(x < 0.5),
    lambda x: number(x >= 0.5),
    lambda x: number(ops.less_equal(x, 0.5)),
    lambda x: number(ops.argmax(x, axis=-1)),
    lambda x: number(ops.argmin(x, axis=-1)),
    lambda x: number(ops.cast(4 * x, "int32")),
    lambda x: ops.stop_gradient(x) * 2.0,
]
ZERO = [
    (lambda x: ops.relu(x - 2.0), X),
    (lambda x: ops.clip(x, 2.0, 3.0), X),
    (lambda x: ops.maximum(x, 2.0), X),
    (lambda x: ops.minimum(x, -2.0), X),
    (lambda x: ops.sign(x - 0.5), X),
]
NOT_FINITE = [
    (lambda x: ops.log(x), ZEROS),
    (lambda x: ops.log(x), ZEROS - 1),
    (lambda x: ops.log2(x), ZEROS),
    (lambda x: ops.log10(x), ZEROS),
    (lambda x: ops.log1p(x), ZEROS - 1),
    (lambda x: ops.sqrt(x), ZEROS),
    (lambda x: ops.sqrt(x), ZEROS - 1),
    (lambda x: ops.rsqrt(x), ZEROS),
    (lambda x: ops.sqrt(ops.sum(x * x, axis=-1)), ZEROS),
    (lambda x: ops.norm(x), ZEROS),
    (lambda x: ops.std(x, axis=-1), ZEROS),
    (lambda x: x / ops.sum(x), ZEROS),
    (lambda x: 1.0 / x, ZEROS),
    (lambda x: ops.reciprocal(x), ZEROS),
    (lambda x: ops.power(x, 0.5), ZEROS),
    (lambda x: ops.power(x, 0.3), ZEROS - 1),
    (lambda x: ops.exp(x), ZEROS + 500),
    (lambda x: ops.expm1(x), ZEROS + 500),
    (lambda x: ops.arcsin(x), ZEROS + 1),
    (lambda x: ops.arccos(x), ZEROS + 2),
    (lambda x: ops.arctanh(x), ZEROS + 1),
    (lambda x: ops.where(x > 0, ops.log(x), 0.0), ZEROS),
]


def total(function):
    """Its sum with labels, so that what comes from above is not constant."""

    def loss(x):
        value = function(x)
        if tuple(value.shape) == (2, 3):
            value = value * (Y + 0.5)
        return ops.sum(value)

    return loss


def blamed(recording):
    """What a report would name first, and how it spoils the gradient."""
    value = blame.first_not_finite(recording)
    if value is not None:
        return value.operation, "value", None
    bad = blame.first_bad_gradient(recording)
    if bad is not None:
        return bad.operation, "gradient", bad.unsafe_where
    cut = [c for c in blame.cuts(recording) if not c.bypassed]
    if cut:
        return cut[0].operation, "cut", None
    zero = [z for z in blame.zeros(recording) if z.share == 1]
    return zero[0].operation, "zero", None


def mended(function, x):
    """The function with all that is to blame replaced, one by one."""
    for _ in range(4):
        recording = record(function, x)
        gradient = recording.gradient
        fine = gradient is not None and np.isfinite(gradient).all()
        if fine and np.isfinite(recording.values[recording.output]).all():
            if np.any(gradient):
                break
        operation, spoiled, where = blamed(recording)
        found = remedy(operation, spoiled, where)
        assert found.replacement is not None, (operation, spoiled)
        function = replaced(function, operation, found.replacement)
    return function


@pytest.mark.parametrize("function", CUT)
def test_what_cuts_is_replaced_by_what_trains(function):
    function = total(function)
    _, gradient = value_and_gradient(function, X)
    assert not np.any(gradient)
    value, gradient = value_and_gradient(mended(function, X), X)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()
    assert np.any(gradient)


@pytest.mark.parametrize(("function", "x"), ZERO)
def test_what_gives_zeros_is_replaced_by_what_trains(function, x):
    function = total(function)
    _, gradient = value_and_gradient(function, x)
    assert not np.any(gradient)
    value, gradient = value_and_gradient(mended(function, x), x)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()
    assert np.any(gradient)


@pytest.mark.parametrize(("function", "x"), NOT_FINITE)
def test_what_is_not_finite_is_replaced_by_what_is(function, x):
    function = total(function)
    value, gradient = value_and_gradient(function, x)
    if np.isfinite(value).all() and np.isfinite(gradient).all():
        # As the norm of torch is.
        assert BACKEND != "tensorflow"
        return
    recording = record(function, x)
    operation, spoiled, where = blamed(recording)
    found = remedy(operation, spoiled, where)
    again = replaced(function, operation, found.replacement)
    value, gradient = value_and_gradient(again, x)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()


@pytest.mark.parametrize(("function", "x"), NOT_FINITE)
def test_elsewhere_a_safe_replacement_changes_nothing(function, x):
    function = total(function)
    recording = record(function, x)
    operation, spoiled, where = blamed(recording)
    if spoiled == "zero":
        # As the norm of torch is.
        return
    found = remedy(operation, spoiled, where)
    again = replaced(function, operation, found.replacement)
    expected, slope = value_and_gradient(function, X)
    value, gradient = value_and_gradient(again, X)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("spoiled", "word", "found"), ALL)
def test_all_names_in_the_texts_exist(spoiled, word, found):
    exported = (pathlib.Path(__file__).parents[2] / "NAMESPACE").read_text()
    named = re.findall(r"\b(?:soft)?keras(?:\.\w+)+", found.remedy)
    for name in named:
        module, *rest = name.split(".")
        value = importlib.import_module(module)
        for part in rest:
            value = getattr(value, part)
        assert callable(value) or inspect.ismodule(value), name
    if "softkeras." in found.remedy or "keras3" not in (found.r or "keras3"):
        own = re.findall(
            r"\b(?:op|loss|activation|soft)_[a-z_]+", _without_keras3(found.r)
        )
        for name in own:
            assert f"export({name})" in exported, name


def _without_keras3(text):
    """The text up to where it names functions of R's keras3."""
    return (text or "").split("keras3's")[0]


@pytest.mark.parametrize(("spoiled", "word", "found"), ALL)
def test_texts_are_sentences(spoiled, word, found):
    assert found.cause.endswith(".") and found.cause[0] != " "
    assert "{" not in found.cause + found.remedy + (found.r or "")
    assert not found.remedy.endswith(".")


def test_a_division_without_rest():
    # On JAX two gradients cancel in it, and torch refuses to give one.
    recording = record(total(lambda x: ops.floor_divide(x, 0.3)), X)
    operation, spoiled, _ = blamed(recording)
    assert operation.word == "floor_divide"
    assert spoiled == ("zero" if BACKEND == "jax" else "cut")
    assert "soft_floor" in remedy(operation, spoiled).remedy


def test_each_cut_has_its_own_words():
    causes = {
        word: remedy(blamed(record(total(function), X))[0], "cut").cause
        for word, function in (
            ("compare", lambda x: number(x > 0.5)),
            ("argmax", lambda x: number(ops.argmax(x, -1))),
            ("cast", lambda x: number(ops.cast(4 * x, "int32"))),
            ("round", ops.round),
        )
    }
    assert len(set(causes.values())) == 4
    assert "a > b" in causes["compare"]
    assert "integers" in causes["cast"]


def test_a_branch_that_was_not_chosen_has_its_own_remedy():
    def unsafe(x):
        return ops.sum(ops.where(x > 0, ops.log(x), 0.0))

    found = blame.first_bad_gradient(record(unsafe, ZERO_ONE))
    text = remedy(found.operation, "gradient", found.unsafe_where)
    assert "softkeras.ops.safe_where" in text.remedy
    assert "op_safe_where" in text.r
    assert "log" in text.cause


ZERO_ONE = np.array([0.0, 1.0], "float32")


def test_a_comparison_of_classes():
    def accuracy(p):
        return ops.mean(number(ops.equal(ops.argmax(p, -1), ops.argmax(Y, -1))))

    (cut,) = blame.cuts(record(accuracy, X))
    found = remedy(cut.operation, "cut")
    assert "SoftCategoricalAccuracy" in found.remedy


def test_an_unknown_operation_has_general_words():
    operation = Operation(
        index=0,
        name="Strange",
        plain="strange",
        inputs=(0,),
        outputs=(1,),
        input_dtypes=("float32",),
        output_dtypes=("float32",),
        depends=(True,),
        down=(None,),
        hands=(False,),
    )
    for spoiled in ("cut", "zero", "value", "gradient"):
        found = remedy(operation, spoiled)
        assert found.cause.startswith("strange ")
        assert found.replacement is None
    with pytest.raises(ValueError, match="Received: spoiled='lost'"):
        remedy(operation, "lost")


def test_replacements_keep_narrow_dtypes():
    for dtype in ("float16", "bfloat16", "float64"):
        x = ops.cast(ops.convert_to_tensor([0.5, 0.0]), dtype)
        for name in ("log", "sqrt", "exp", "rsqrt"):
            value = getattr(_replacements, name)(x)
            assert keras.backend.standardize_dtype(value.dtype) == dtype
            assert np.isfinite(
                ops.convert_to_numpy(ops.cast(value, "float32"))
            ).all()
    assert softkeras.ops.soft_round is _remedies._CUTS["round"].replacement
