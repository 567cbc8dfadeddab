"""A hard threshold whose gradient is right, and whose threshold learns.

    python examples/hard_threshold.py

The question: "S_λ(f) = f where abs(f) > λ, else 0. My tf.where version has NaN
gradients; my relu version is soft thresholding instead." First the versions on
the question's own numbers, then each as a layer that has to find spikes in
noise.
"""

import _shared  # isort: skip

import keras
import numpy as np
from keras import ops

from softkeras.layers.hard_threshold import HardThreshold
from softkeras.ops.hard_threshold import hard_threshold

ASKED = np.array(
    [
        [1, 2, 3, 4, 5, 10, -10, 14, -20],
        [-100, -2, -3, -4, -5, -10, 10, -14, -20],
    ],
    "float32",
)


def where(x, t):
    """Right; but the threshold is in a condition, which has no gradient."""
    return ops.where(ops.abs(x) > t, x, 0.0)


def where_dividing(x, t):
    """Soft thresholding put right by division: 0/0 at abs(x) = t.

    `where` hides it in the value, but not in the gradient, which is 0·NaN.
    """
    over = ops.abs(x) - t
    return ops.where(over > 0, x * ops.relu(over) / over, 0.0)


def soft(x, t):
    """What is kept comes out smaller by t: soft thresholding."""
    return ops.relu(x - t) - ops.relu(-x - t)


VERSIONS = {
    "where(abs(x) > t, x, 0)": where,
    "where(..., x·relu(u)/u, 0)": where_dividing,
    "relu(x - t) - relu(-x - t)": soft,
    "softkeras hard_threshold": hard_threshold,
}


def show_versions():
    """Value and gradient on the question's numbers, beside the wanted ones."""
    print(
        f"The question's {ASKED.size} numbers, λ = 5: how many are wrong\n"
        f"{'':30}{'values':>8}{'gradients':>12}{'of those NaN':>15}"
    )
    kept = np.abs(ASKED) > 5
    for name, function in VERSIONS.items():
        value = ops.convert_to_numpy(function(ASKED, 5.0))
        slope = _shared.gradient(lambda x, f=function: f(x, 5.0), ASKED)
        print(
            f"{name:30}{np.sum(value != kept * ASKED):8}"
            f"{np.sum(slope != kept):12}{np.isnan(slope).sum():15}"
        )


class Threshold(keras.layers.Layer):
    """One of the versions with a threshold a channel that may be trained."""

    def __init__(self, function, start):
        super().__init__()
        self.function = function
        self.start = start

    def build(self, input_shape):
        self.threshold = self.add_weight(
            shape=input_shape[-1:],
            initializer=keras.initializers.Constant(self.start),
            constraint="non_neg",
        )

    def call(self, x):
        return self.function(x, self.threshold)


CHANNELS, START = 8, 1.0
NOISE = np.linspace(0.5, 2.5, CHANNELS)


def spikes(count, rng):
    """Readings and what is behind them: rare spikes, noise of each sensor.

    A reading is a whole number, as from a counter, so abs(x) = λ does occur.
    The spikes stand out from the noise and are to be kept as they are, which
    is what a hard threshold is for; where both are of a size, a soft one is
    the better estimate.
    """
    size = rng.uniform(6, 20, (count, CHANNELS))
    sign = rng.choice([-1, 1], (count, CHANNELS))
    signal = np.where(rng.random((count, CHANNELS)) < 0.1, sign * size, 0)
    readings = np.round(signal + NOISE * rng.normal(size=signal.shape))
    return readings.astype("float32"), signal.astype("float32")


def train(layer, data, held_out):
    """The error on held-out readings, and the threshold of each sensor."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((CHANNELS,)),
            # It may unmix the sensors; it starts by leaving them alone.
            keras.layers.Dense(
                CHANNELS, kernel_initializer="identity", use_bias=False
            ),
            layer,
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), loss="mse")
    model.fit(*data, epochs=15, batch_size=100, verbose=0)
    error = model.evaluate(*held_out, verbose=0)
    return error, ops.convert_to_numpy(layer.threshold)


def best_thresholds(x, y):
    """By trying: the threshold of each sensor with the least error."""
    grid = np.arange(0.25, 15, 0.25)
    errors = np.array(
        [((np.where(np.abs(x) > t, x, 0) - y) ** 2).mean(0) for t in grid]
    )
    return errors.min(0).mean(), grid[errors.argmin(0)]


def main():
    """Shows the versions, then trains each."""
    print(f"keras {keras.__version__} on {keras.backend.backend()}\n")
    show_versions()
    rng = np.random.default_rng(0)
    data, held_out = spikes(6000, rng), spikes(6000, rng)
    layers = {
        name: Threshold(function, START)
        for name, function in VERSIONS.items()
        if function is not hard_threshold
    }
    layers["softkeras HardThreshold"] = HardThreshold(
        START, trainable=True, surrogate="sigmoid", per_channel=True
    )
    print(
        "\nSpikes in noise, λ of each sensor trained from 1; mean squared "
        f"error\n{'':27}{'held out':>9}  λ of the sensors, quiet to noisy"
    )
    for name, layer in layers.items():
        with _shared.warnings_said():
            error, thresholds = train(layer, data, held_out)
        print(f"{name:27}{error:9.3f} ", *(f"{t:4.2f}" for t in thresholds))
    error, thresholds = best_thresholds(*held_out)
    print(
        f"{'best, by trying them all':27}{error:9.3f} ",
        *(f"{t:4.2f}" for t in thresholds),
    )


if __name__ == "__main__":
    main()
