"""Trains on one device and on four under keras.distribution.DataParallel.

Run on JAX in a process of its own, in which XLA_FLAGS makes four devices of the
CPU. Writes JSON.
"""

import json

import jax
import keras
import numpy as np

from softkeras import losses
from softkeras.metrics import EpochScore

LOSSES = {
    "f_beta": losses.SoftFBeta,
    "samples": lambda: losses.SoftDice(average="samples"),
    "auc": losses.SoftAUC,
    "ndcg": losses.SoftNDCG,
    "constraint": lambda: losses.SoftPrecisionAtRecall(0.8),
    "proportions": lambda: losses.ContinuousBernoulli(from_logits=False),
}
# 8 in the last batch. JAX itself refuses a number that 4 does not divide.
ROWS, BATCH = 72, 16


def results():
    rng = np.random.default_rng(20261121)
    x = rng.normal(size=(ROWS, 4, 5)).astype("float32")
    x[rng.random((ROWS, 4)) < 0.2] = 0  # masked
    y = (rng.random((ROWS, 4, 1)) < 0.3).astype("float32")
    weight = rng.random((ROWS, 4)).astype("float32")
    weight[::7] = 0

    keras.utils.set_random_seed(1)
    inputs = keras.Input((4, 5))
    hidden = keras.layers.Masking()(inputs)
    hidden = keras.layers.Dense(6, "tanh")(hidden)
    outputs = {
        name: keras.layers.Dense(1, "sigmoid", name=name)(hidden)
        for name in LOSSES
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.1),
        {name: make() for name, make in LOSSES.items()},
        weighted_metrics={"f_beta": EpochScore("f_beta", name="hard")},
    )
    y = dict.fromkeys(LOSSES, y)
    options = {
        "sample_weight": dict.fromkeys(LOSSES, weight),
        "batch_size": BATCH,
        "verbose": 0,
    }
    start = listed(model.get_weights())
    history = model.fit(x, y, shuffle=False, **options).history
    return {
        "start": start,
        "weights": listed(model.get_weights()),
        "history": {name: value[0] for name, value in history.items()},
        "evaluate": model.evaluate(x, y, return_dict=True, **options),
        "moving": [],
        "after": [],
    }


def listed(arrays):
    return [np.asarray(each).tolist() for each in arrays]


def main():
    found = {"devices": jax.device_count(), "alone": results()}
    distribution = keras.distribution.DataParallel(
        devices=keras.distribution.list_devices("cpu")
    )
    with distribution.scope():
        found["parallel"] = results()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
