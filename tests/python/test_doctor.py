"""diagnose: users' data, layers, models, metrics, and what it leaves alone."""

import random

import keras
import numpy as np
import pytest
from conftest import BACKEND
from keras import layers, ops

import softkeras
from softkeras import diagnose

Y = np.array([0, 1, 0, 1, 1, 0, 0, 1], "float32")[:, None]
P = np.array([0.2, 0.6, 0.3, 0.4, 0.9, 0.1, 0.7, 0.8], "float32")[:, None]


def kinds(report):
    return {f.kind for f in (*report.errors, *report.warnings)}


def data():
    x = np.random.default_rng(1).normal(size=(24, 4)).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def compiled(loss, activation="sigmoid", units=1):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, "tanh", name="hidden"),
            layers.Dense(units, activation, name="last"),
        ]
    )
    model.compile("adam", loss)
    return model


def rounded(y_true, y_pred):
    return ops.mean(ops.abs(y_true - ops.round(y_pred)), axis=-1)


@pytest.mark.parametrize(
    "y_true, y_pred",
    [
        (Y, P),
        (Y.tolist(), P.tolist()),
        (Y[:, 0].tolist(), P[:, 0].tolist()),
        (Y > 0.5, P.astype("float64")),
        (Y.astype("int64"), ops.convert_to_tensor(P)),
    ],
)
def test_data_are_taken_as_users_have_them(y_true, y_pred):
    assert not kinds(diagnose("binary_crossentropy", y_true, y_pred))


@pytest.mark.parametrize(
    "arrays, words",
    [
        ((Y, P[:3]), "as many rows"),
        ((None, P), "`y_true` is None"),
        ((Y[:0], P[:0]), "one row or more"),
        ((np.array(["a"] * 8), P), "array of numbers"),
        ((Y, P, None, None), "4 arrays"),
    ],
)
def test_data_that_can_not_be_are_named(arrays, words):
    with pytest.raises(ValueError, match=words):
        diagnose("mse", *arrays)


@pytest.mark.parametrize("target", ["no such loss", 3, keras.losses.Huber])
def test_what_can_not_be_examined_is_named(target):
    with pytest.raises(ValueError, match="`target` must be"):
        diagnose(target)


def test_domain_is_checked():
    with pytest.raises(ValueError, match="domain='odds'"):
        diagnose("mse", domain="odds")


@pytest.mark.parametrize("rows", [slice(0, 1), [1, 3, 4]])
def test_labels_of_one_class_are_used_all_the_same(rows):
    assert "unused_target" not in kinds(diagnose("mse", Y[rows], P[rows]))


def test_nan_in_data_is_said_to_be_there():
    broken = np.where(Y == 1, np.nan, Y)
    (found,) = diagnose("mse", broken, P).errors
    assert found.kind == "value_not_finite"
    assert found.where == "y_true, row 1, 3, 4, 7"
    x, y = data()
    x[5, 2] = np.nan
    (found,) = diagnose(compiled("mse"), x, y).errors
    assert found.where == "x, row 5"


def test_a_term_without_gradient_is_found_in_a_loss_of_samples():
    def loss(y_true, y_pred):
        error = ops.mean(ops.square(y_true - y_pred), axis=-1)
        return error + ops.mean(ops.round(y_pred), axis=-1)

    report = diagnose(loss)
    assert kinds(report) == {"gradient_partly_none"}
    assert "round" in report.warnings[0].where


def test_the_line_is_the_users():
    found = diagnose(rounded).errors[0]
    assert (
        "test_doctor.py" in found.where and "ops.round(y_pred)" in found.where
    )
    assert "soft_round" in found.remedy and found.remedy_r.startswith("op_")
    assert found.retried


def test_random_functions_are_not_accused():
    def noisy(y_true, y_pred):
        noise = np.random.default_rng().normal()
        return ops.mean(ops.square(y_true - y_pred), axis=-1) + float(noise)

    report = diagnose(noisy)
    assert not report.errors or BACKEND == "jax"
    if BACKEND != "jax":  # jit draws once and for all
        assert [f.kind for f in report.infos][:1] == ["random"]


# Layers and models


class Own(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)


def test_layers_are_examined_built_or_not():
    x, _ = data()
    for layer in (Own(3), layers.Dense(2), layers.Lambda(ops.tanh)):
        assert not diagnose(layer, x).findings
    # On torch Keras's layer draws from a generator that is not its own.
    random = {"random"} if BACKEND == "torch" else set()
    found = diagnose(layers.Dropout(0.5)).findings
    assert {each.kind for each in found} == random


def test_a_layer_is_examined_by_its_variables():
    class Signs(layers.Dense):
        def call(self, x):
            return ops.matmul(x, ops.sign(self.kernel)) + self.bias

    found = diagnose(Signs(3), data()[0]).errors
    assert [f.kind for f in found] == ["gradient_zero"]
    assert "kernel" in found[0].where and "sign" in found[0].where


def test_a_model_is_examined_by_loss_and_variables():
    assert not diagnose(compiled("binary_crossentropy"), *data()).findings
    report = diagnose(compiled(rounded), *data())
    assert kinds(report) <= {"gradient_none", "gradient_zero"}
    assert any("loss rounded" in f.where for f in report.errors)
    assert any("variable" in f.where for f in report.errors)


def test_each_output_is_examined_by_its_loss():
    inputs = keras.Input((4,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in ("fine", "bad")]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=["mse", rounded])
    x, y = data()
    report = diagnose(model, x, [y, y])
    assert report.errors
    assert all("fine" not in f.where for f in report.errors)
    assert any("output bad, loss rounded" in f.where for f in report.errors)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy"])
def test_a_softmax_over_one_unit_is_named(loss):
    report = diagnose(compiled(loss, "softmax"), *data())
    assert any("softmax over one unit" in f.cause for f in report.errors)


def test_logits_and_probabilities_are_told_apart():
    model = compiled("binary_crossentropy", activation=None)
    found = diagnose(model, *data()).errors
    assert "logits_mixed_up" in {f.kind for f in found}
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    assert kinds(diagnose(compiled(loss), *data())) == {"logits_mixed_up"}
    assert not diagnose(compiled(loss, activation=None), *data()).findings


def test_a_model_that_is_not_compiled_is_named():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="must be compiled"):
        diagnose(model, *data())
    assert not diagnose(model, data()[0]).findings


def test_metrics_have_no_errors():
    report = diagnose(keras.metrics.Precision())
    assert not report.errors and not report.warnings
    assert report.infos[0].kind == "gradient_none"


# What is left as it was


def test_nothing_is_changed():
    x, y = data()
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=4),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", softkeras.losses.SoftFBeta(), metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    step = model.train_function
    before = [
        np.array(v) for v in (*model.variables, *model.optimizer.variables)
    ]
    keras.utils.set_random_seed(11)
    wanted = random.random(), np.random.rand(), keras.random.normal((2,))
    keras.utils.set_random_seed(11)
    diagnose(model, x, y)
    got = random.random(), np.random.rand(), keras.random.normal((2,))
    assert wanted[:2] == got[:2]
    np.testing.assert_array_equal(
        *map(ops.convert_to_numpy, (wanted[2], got[2]))
    )
    after = [
        np.array(v) for v in (*model.variables, *model.optimizer.variables)
    ]
    for a, b in zip(before, after):
        np.testing.assert_array_equal(a, b)
    assert model.train_function is step
    assert keras.config.floatx() == "float32"


@pytest.mark.skipif(BACKEND == "jax", reason="a loss can't keep state on JAX")
def test_the_state_of_a_loss_is_given_back():
    values = []
    for examined in (False, True):
        loss = softkeras.losses.SoftFBeta(momentum=0.9)
        loss(Y, P)
        if examined:
            diagnose(loss, Y, P)
        values.append(float(loss(Y, 1 - P)))
    assert values[0] == values[1]


def test_the_same_seed_gives_the_same_report():
    first, second = (diagnose(rounded, seed=5).to_dict() for _ in range(2))
    assert first["probes"] == second["probes"]
    assert first["findings"] == second["findings"]
    assert diagnose(rounded, seed=6).to_dict()["probes"] != first["probes"]
