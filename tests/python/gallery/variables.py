"""Layers and models of which a variable gets no gradient."""

import keras
from keras import initializers, layers, ops

from gallery._case import broken


def _dense(units, name, **options):
    """A Dense layer whose weights are the same each time."""
    options.setdefault("kernel_initializer", initializers.GlorotUniform(1))
    return layers.Dense(units, name=name, **options)


def _model(*stack):
    model = keras.Sequential([keras.Input((4,)), *stack])
    model.compile("sgd", "mse")
    return model


class ArgMax(layers.Layer):
    def call(self, x):
        return ops.argmax(x, axis=-1)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape[:-1], "int32")


# https://github.com/keras-team/keras/issues/11157
# argmax between an encoder and the embedding of a decoder.
@broken(
    "gradient_none",
    where="encoder",
    remedy="soft_",
    form="model",
    given=True,
    is_maker=True,
)
def decoder_after_argmax():
    return _model(
        _dense(5, "encoder", activation="softmax"),
        ArgMax(),
        layers.Embedding(
            5, 3, embeddings_initializer=initializers.RandomNormal(seed=1)
        ),
        _dense(1, "decoder"),
    )


# https://github.com/keras-team/keras/issues/7057
# Units that never fire on any row: detect dead ReLUs.
@broken(
    "gradient_zero", where="hidden", form="model", given=True, is_maker=True
)
def dead_relu():
    below = initializers.Constant(-100.0)
    return _model(
        _dense(3, "hidden", activation="relu", bias_initializer=below),
        _dense(1, "output"),
    )


class BinaryDense(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], 3),
            initializer=initializers.RandomNormal(seed=1),
            name="kernel",
        )

    def call(self, x):
        return ops.matmul(x, ops.sign(self.kernel))


# https://github.com/itayhubara/BinaryNet/issues/9
# Weights that are binarised on their way: none of them is trained.
@broken(
    "gradient_zero",
    where=("kernel", "sign"),
    remedy="soft_sign",
    form="activation",
    is_maker=True,
)
def dense_of_signs():
    return BinaryDense()


class IntegerScale(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(1,), initializer="ones", dtype="int32", name="scale"
        )

    def call(self, x):
        return x * ops.cast(self.scale, x.dtype)


# https://github.com/keras-team/keras/issues/20058
# "No gradients provided" when a variable is of integers.
@broken(
    "gradient_none",
    where=("scale", "cast"),
    form="activation",
    is_maker=True,
    backends="tensorflow",
)
def scale_of_integers():
    return IntegerScale()
