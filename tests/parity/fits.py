"""A small fit, and a loss of R with its twin, for what hosts R."""

import keras
import numpy as np

SQUARES = "function(y_true, y_pred) (y_true - y_pred)^2"


def squares(y_true, y_pred):
    return (y_true - y_pred) ** 2


def clouds():
    rng = np.random.default_rng(3)
    y = (np.arange(96) % 4 == 0).astype("float32")
    x = rng.normal(size=(96, 2)).astype("float32") + 2 * y[:, None]
    return x, y[:, None]


def fitted(loss, **options):
    """The model after three epochs, and its weights."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss=loss, **options)
    model.fit(*clouds(), epochs=3, batch_size=32, verbose=0)
    return model, model.get_weights()


def assert_trains_alike(of_r, of_python, **options):
    _, got = fitted(of_r, **options)
    _, wanted = fitted(of_python, **options)
    for ours, theirs in zip(got, wanted):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
