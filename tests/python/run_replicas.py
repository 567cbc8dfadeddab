"""Trains on one device and on replicas of it, and writes both as JSON.

Run in a process of its own: logical devices are set before TensorFlow starts,
and the collective keys of one MirroredStrategy can't be used by another.

Arguments: "default" or "one_device", how to sum over replicas; numbers of
replicas.
"""

import itertools
import json
import sys

import keras
import numpy as np
import tensorflow as tf

from softkeras import losses
from softkeras.metrics import EpochScore


class OfTwoClasses(losses.SoftCategoricalKappa):
    """A loss of a confusion matrix, with one probability as those of two."""

    def evaluate(self, y_true, y_pred, sample_weight, mask):
        y_true, y_pred = (tf.concat([1 - x, x], -1) for x in (y_true, y_pred))
        return super().evaluate(y_true, y_pred, sample_weight, mask)


ROWS, BATCH = 69, 16  # so 5 in the last batch: 2, 2, 1 and 0 on 4 replicas
TRAINED = {
    "f_beta": losses.SoftFBeta,
    "momentum": lambda: losses.SoftFBeta(momentum=0.9),
    "auc": losses.SoftAUC,
    "kappa": OfTwoClasses,
    "proportions": lambda: losses.ContinuousBernoulli(from_logits=False),
}
LOSSES = TRAINED | {
    "weighted": lambda: losses.SoftFBeta(average="weighted", beta=2.0),
    "micro": lambda: losses.SoftMatthews(average="micro"),
    "samples": lambda: losses.SoftDice(average="samples"),
    "by_class": lambda: losses.SoftJaccard(average=None, reduction="sum"),
    "average_precision": losses.SoftAveragePrecision,
    "ndcg": losses.SoftNDCG,
    "precision_at_k": lambda: losses.SoftPrecisionAtK(2),
    "constraint": lambda: losses.SoftPrecisionAtRecall(0.8),
    "float16": lambda: losses.SoftAUC(dtype="float16"),
    "sum": lambda: losses.ContinuousBernoulli(False, reduction="sum"),
    "mean": lambda: losses.ContinuousBernoulli(
        False, reduction="mean_with_sample_weight"
    ),
}


def data():
    rng = np.random.default_rng(20261121)
    x = rng.normal(size=(ROWS, 4, 5)).astype("float32")
    x[rng.random((ROWS, 4)) < 0.2] = 0  # masked
    y = rng.random((ROWS, 4, 1)) < 0.3
    weight = rng.random((ROWS, 4)).astype("float32")
    weight[::7] = 0
    return x, y.astype("float32"), weight


def compiled_model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4, 5))
    x = keras.layers.Masking()(inputs)
    x = keras.layers.Dense(6, "tanh")(x)
    outputs = {
        name: keras.layers.Dense(1, "sigmoid", name=name)(x) for name in TRAINED
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.1),
        {name: make() for name, make in TRAINED.items()},
        weighted_metrics={
            "f_beta": EpochScore("f_beta", name="hard"),
            "auc": EpochScore("jaccard", average="samples", name="hard"),
        },
    )
    return model


def results(strategy=None):
    """What is shown and what is learnt in 5 steps."""
    if strategy is None:
        model = compiled_model()
    else:
        with strategy.scope():
            model = compiled_model()
    x, y, weight = data()
    y = dict.fromkeys(TRAINED, y)
    options = {
        "sample_weight": dict.fromkeys(TRAINED, weight),
        "batch_size": BATCH,
        "verbose": 0,
    }
    start = model.get_weights()
    history = model.fit(x, y, shuffle=False, **options).history
    moving = model.loss["momentum"].get_state()
    shown = model.evaluate(x, y, return_dict=True, **options)
    after = model.loss["momentum"].get_state()
    return {
        "start": listed(start),
        "weights": listed(model.get_weights()),
        "history": {name: value[0] for name, value in history.items()},
        "evaluate": shown,
        "moving": listed(moving.values()),
        "after": listed(after.values()),
    }


def listed(arrays):
    return [np.asarray(each).tolist() for each in arrays]


def value_and_gradients(strategy, make):
    """The loss of uneven shares of a batch, one of them without rows, and the
    gradients of the sum of what replicas return; the same of all in one."""
    rng = np.random.default_rng(7)
    y, p, weight, mask = rng.random((4, 11, 3, 1)).astype("float32")
    y, weight, mask = (y < 0.4) * 1.0, weight[..., 0], mask[..., 0] < 0.8
    ends = [0, 5, 5, 7, 11]
    shares = [slice(*each) for each in itertools.pairwise(ends)]

    def step(loss, y, p, weight, mask):
        with tf.GradientTape() as tape:
            tape.watch([p, weight])
            p._keras_mask = mask
            value = loss(y, p, weight)
        return value, tape.gradient(value, [p, weight])

    def of_shares(x):
        return strategy.experimental_distribute_values_from_function(
            lambda c: tf.constant(x[shares[c.replica_id_in_sync_group]])
        )

    whole = step(make(), *map(tf.constant, (y, p, weight, mask)))
    with strategy.scope():
        loss = make()
    data = [of_shares(x) for x in (y, p, weight, mask)]
    local = strategy.experimental_local_results
    values, gradients = strategy.run(lambda *x: step(loss, *x), data)
    split = (
        [float(x) for x in local(values)],
        [np.concatenate([np.asarray(x) for x in local(g)]) for g in gradients],
    )
    return {
        "whole": [float(whole[0]), listed(whole[1])],
        "split": [split[0], listed(split[1])],
    }


def own_loop(strategy):
    """Values and gradients of two steps of a loop without fit()."""
    x, y, _ = data()
    x, y = x[:16, 0], y[:16, 0]

    def steps(scope, run, total, batch):
        with scope:
            kernel = tf.Variable(tf.ones((5, 1)) / 5)
            loss = losses.SoftFBeta(momentum=0.5, from_logits=True)

        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, x @ kernel)
            return total(value), total(tape.gradient(value, kernel))

        found = []
        for start in (0, 8):
            value, gradient = run(step, batch(x, start), batch(y, start))
            found.append([float(value), gradient.numpy().tolist()])
        return found, listed(loss.get_state().values())

    def on_replicas(step, *arguments):
        local = strategy.experimental_local_results
        return [local(x)[0] for x in strategy.run(step, arguments)]

    replicas = strategy.num_replicas_in_sync
    size = 8 // replicas
    whole = steps(
        tf.distribute.get_strategy().scope(),
        lambda step, *arguments: step(*arguments),
        tf.identity,
        lambda x, start: tf.constant(x[start : start + 8]),
    )
    split = steps(
        strategy.scope(),
        on_replicas,
        lambda x: tf.distribute.get_replica_context().all_reduce("SUM", x),
        lambda x, start: strategy.experimental_distribute_values_from_function(
            lambda c: tf.constant(
                x[start + size * c.replica_id_in_sync_group :][:size]
            )
        ),
    )
    with strategy.scope():
        loss = losses.SoftFBeta()
        outside = float(loss(y, tf.sigmoid(x[:, :1])))
    alone = float(loss(y, tf.sigmoid(x[:, :1])))
    return {"whole": whole, "split": split, "outside": [outside, alone]}


def state_of_elsewhere(strategy):
    """The error of a loss whose state was made without the strategy, and the
    state of one that got it with the strategy."""
    y, p = tf.constant([[1.0], [0.0]]), tf.constant([[0.6], [0.3]])
    loss = losses.SoftFBeta(momentum=0.5)
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = loss(y, p)
    tape.gradient(value, p)
    try:
        strategy.run(loss, (y, p))
        error = ""
    except ValueError as raised:
        error = str(raised)
    with strategy.scope():
        other = losses.SoftFBeta(momentum=0.5)
        other.set_state(loss.get_state())
    strategy.run(other, (y, p))
    states = [listed(each.get_state().values()) for each in (loss, other)]
    return {"error": error, "states": states}


def main(reduction, *replicas):
    (device,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        device, [tf.config.LogicalDeviceConfiguration()] * 4
    )
    found = {}
    if reduction != "default":
        found["alone"] = results()
    for count in replicas:
        strategy = tf.distribute.MirroredStrategy(
            [f"CPU:{i}" for i in range(int(count))],
            None
            if reduction == "default"
            else tf.distribute.ReductionToOneDevice(),
        )
        found[count] = results(strategy)
    if reduction != "default":
        found["losses"] = {
            name: value_and_gradients(strategy, make)
            for name, make in LOSSES.items()
        }
        found["loop"] = own_loop(strategy)
        found["elsewhere"] = state_of_elsewhere(strategy)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
