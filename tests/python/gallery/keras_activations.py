"""All of keras.activations, and layers and small models of Keras's own."""

import functools

import keras
from keras import layers

from gallery._case import add

# Those that take a row, or that need arguments. All others are of one number.
ROWS = {"glu", "log_softmax", "softmax", "sparsemax"}
OPTIONS = {"threshold": {"threshold": 0.5, "default_value": 0.0}}
NO_ACTIVATIONS = {"deserialize", "get", "serialize"}
# TensorFlow adds up the slopes of both sides of celu at 0: 2, where it is 1.
TRUE = {"celu": ("gradient_wrong",)}
NAMES = sorted(
    name
    for name in dir(keras.activations)
    if not name.startswith("_") and name not in NO_ACTIVATIONS
)


def _activation(name):
    function = getattr(keras.activations, name)
    options = OPTIONS.get(name)
    return functools.partial(function, **options) if options else function


for _name in NAMES:
    add(
        f"keras.activations.{_name}",
        functools.partial(_activation, _name),
        "rows" if _name in ROWS else "activation",
        TRUE.get(_name, ()),
    )


def _model(*stack, loss="mse"):
    model = keras.Sequential([keras.Input((4,)), *stack])
    model.compile("sgd", loss)
    return model


def _dense(units, activation=None, seed=1):
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
    )


def small_regression():
    return _model(_dense(8, "tanh"), _dense(1, seed=2))


def small_relu():
    return _model(_dense(16, "relu"), _dense(1, seed=2))


def normalised():
    return _model(
        _dense(8), layers.LayerNormalization(), _dense(1, "linear", seed=2)
    )


LAYERS = {
    "Dense": (lambda: _dense(3), "activation", ()),
    "Dense of relu": (lambda: _dense(3, "relu"), "activation", ()),
    # Random and of the batch in training, but not as it is called here.
    "Dropout": (lambda: layers.Dropout(0.5, seed=1), "activation", "random"),
    "BatchNormalization": (
        layers.BatchNormalization,
        "activation",
        "mixes_samples",
    ),
    "LayerNormalization": (layers.LayerNormalization, "rows", ()),
    "Embedding": (lambda: layers.Embedding(5, 3), "indices", ()),
    "LeakyReLU": (layers.LeakyReLU, "activation", ()),
    "PReLU": (layers.PReLU, "activation", ()),
    "Softmax": (layers.Softmax, "rows", ()),
    "Conv1D": (lambda: layers.Conv1D(2, 2), "steps", ()),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D, "steps", ()),
    "LSTM": (lambda: layers.LSTM(3), "steps", ()),
    "small model": (small_regression, "model", ()),
    "small model of relu": (small_relu, "model", ()),
    "model with LayerNormalization": (normalised, "model", ()),
}
for _name, (_make, _form, _infos) in LAYERS.items():
    add(f"keras.layers.{_name}", _make, _form, _infos)
