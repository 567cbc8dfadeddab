"""Recipes: the loss that is recommended, and that it trains."""

import keras
import numpy as np
import pytest
from conftest import to_numpy
from sklearn.metrics import f1_score

from softkeras import recipes
from softkeras.callbacks import LossState
from softkeras.losses import WarmUp
from softkeras.steps import Step

NETWORK, LINEAR = Step("sigmoid", 0.25), Step("sigmoid", 2.0)


@pytest.mark.parametrize(
    "score, options, first, step, factor",
    [
        ("f1", {}, "binary_crossentropy", NETWORK, 1),
        ("matthews", {}, "binary_crossentropy", NETWORK, 1),
        (
            "balanced_accuracy",
            {},
            "binary_crossentropy",
            Step("softsign", 0.25),
            1,
        ),
        ("f1", {"linear": True}, "binary_crossentropy", LINEAR, 10),
        ("g_mean", {"linear": True}, "binary_crossentropy", LINEAR, 10),
        ("f1", {"threshold": None}, "categorical_crossentropy", NETWORK, 1),
        (
            "balanced_accuracy",
            {"sparse": True},
            "sparse_categorical_crossentropy",
            NETWORK,
            1,
        ),
    ],
    ids=[str(i) for i in range(7)],
)
@pytest.mark.parametrize("logits", [False, True])
def test_what_it_is_made_of(score, options, first, step, factor, logits):
    loss = recipes.train_on(score, 30, from_logits=logits, **options)
    assert type(loss) is WarmUp and loss.steps == 30
    warm, then = loss.losses
    assert warm.name == first
    assert warm.get_config()["from_logits"] == logits
    if factor != 1:
        assert then.weights == [factor]
        (then,) = then.losses
    assert then.scoring.step == step
    assert then.scoring.from_logits == logits


def test_its_value_is_that_of_its_parts():
    y = np.array([1.0, 0.0, 1.0, 0.0], "float32")
    p = np.array([0.9, 0.4, 0.3, 0.1], "float32")
    d = 1 / (1 + ((1 - p) / p) ** 2)  # sharpness 2 on the log-odds
    f2 = 5 * np.sum(y * d) / (4 * np.sum(y) + np.sum(d))
    loss = recipes.train_on("f_beta", 0, linear=True, beta=2.0)
    np.testing.assert_allclose(to_numpy(loss(y, p)), 10 * (1 - f2), rtol=1e-5)


def test_a_linear_model_learns_what_cross_entropy_does_not(rng):
    x = rng.normal(size=(600, 4)).astype("float32")
    y = (x[:, 0] + x[:, 1] + rng.normal(size=600) > 3).astype("float32")

    def trained(loss, callbacks=None):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.02), loss=loss)
        model.fit(
            x, y, epochs=20, batch_size=60, verbose=0, callbacks=callbacks
        )
        return f1_score(y, model.predict(x, verbose=0)[:, 0] > 0)

    plain = trained(keras.losses.BinaryCrossentropy(from_logits=True))
    recipe = recipes.train_on("f1", epochs=6, linear=True, from_logits=True)
    assert trained(recipe, [LossState()]) > plain + 0.1


def test_it_is_saved():
    loss = recipes.train_on("f1", 30, linear=True)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        (("f9",), {"steps": 1}, "Unknown score 'f9'"),
        (("f1",), {}, "either `steps` or `epochs`"),
        (("f1", 1), {"linear": "yes"}, "linear.*True or False"),
        (("f1", 1), {"gamma": 2}, "gamma"),
        (("f1", 1), {"threshold": 1.0}, "between 0 and 1"),
    ],
    ids=[str(i) for i in range(5)],
)
def test_what_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        recipes.train_on(*arguments, **options)
