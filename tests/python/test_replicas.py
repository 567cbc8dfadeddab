"""Batches that are split: tf.distribute, and keras.distribution on JAX.

In processes of their own, see run_replicas.py and run_sharded.py.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import BACKEND

from softkeras import _replicas

HERE = pathlib.Path(__file__).parent
tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="only TensorFlow has tf.distribute"
)
TRAINED = ("f_beta", "momentum", "auc", "proportions")
LOSSES = (
    *TRAINED,
    "weighted",
    "micro",
    "samples",
    "by_class",
    "average_precision",
    "ndcg",
    "precision_at_k",
    "constraint",
    "float16",
    "sum",
    "mean",
)


def run(script, *arguments, **variables):
    """What a script of this folder prints, read as JSON."""
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def one_device():
    """All of it, sums over replicas by way of one device."""
    return run("run_replicas.py", "one_device", "1", "2", "4")


@pytest.fixture(scope="module")
def default():
    """With default collectives, each strategy in a process of its own."""
    return {
        replicas: run("run_replicas.py", "default", replicas)[replicas]
        for replicas in ("2", "4")
    }


def assert_same_training(got, want):
    assert want["start"] != want["weights"]
    for name in ("start", "weights", "moving", "after"):
        for each, wanted in zip(got[name], want[name], strict=True):
            np.testing.assert_allclose(each, wanted, 0, 1e-6, err_msg=name)
    assert want["moving"] == want["after"]
    for name in ("history", "evaluate"):
        assert got[name].keys() == want[name].keys()
        for key, value in want[name].items():
            np.testing.assert_allclose(
                got[name][key], value, 0, 1e-6, err_msg=f"{name} {key}"
            )


@tensorflow
@pytest.mark.parametrize("replicas", ["1", "2", "4"])
def test_fit_is_that_of_one_device(one_device, replicas):
    """5 steps; weights, masks, a replica without rows in the last batch."""
    assert_same_training(one_device[replicas], one_device["alone"])


@tensorflow
@pytest.mark.parametrize("replicas", ["2", "4"])
def test_fit_with_default_collectives_is_that_of_one_device(
    one_device, default, replicas
):
    assert_same_training(default[replicas], one_device["alone"])


@tensorflow
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradients_of_shares_are_those_of_the_batch(one_device, name):
    """Of 5, 0, 2 and 4 rows; by predictions and by weights."""
    value, gradients = one_device["losses"][name]["whole"]
    values, split = one_device["losses"][name]["split"]
    exact = 1e-6 if name != "float16" else 1e-3
    # Each replica returns a quarter, as Keras's own losses do.
    np.testing.assert_allclose(4 * np.array(values), value, 0, exact)
    assert np.any(gradients[0])
    for got, want in zip(split, gradients, strict=True):
        np.testing.assert_allclose(got, want, 0, exact)


@tensorflow
def test_a_loop_of_ones_own_keeps_moving_counts(one_device):
    whole, split = (one_device["loop"][name] for name in ("whole", "split"))
    for (value, slope), (total, sum_of_slopes) in zip(whole[0], split[0]):
        np.testing.assert_allclose(total, value, 0, 1e-6)
        np.testing.assert_allclose(sum_of_slopes, slope, 0, 1e-6)
    for got, want in zip(split[1], whole[1], strict=True):
        np.testing.assert_allclose(got, want, 0, 1e-6)


@tensorflow
def test_outside_of_replicas_a_batch_is_whole(one_device):
    inside_scope, alone = one_device["loop"]["outside"]
    assert inside_scope == alone


@tensorflow
def test_moving_counts_of_no_strategy_are_an_error(one_device):
    found = one_device["elsewhere"]
    assert "set_state() inside strategy.scope()" in found["error"]
    own, given = found["states"]
    assert own == given


def test_one_device_is_left_alone():
    tensors = [np.ones(2), np.ones(3)]
    assert _replicas.count() == 1
    for same in (_replicas.total(tensors), _replicas.gather(tensors)):
        assert all(a is b for a, b in zip(same, tensors, strict=True))
    assert _replicas.share(tensors[0]) is tensors[0]


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX has keras.distribution")
def test_data_parallel_fit_is_that_of_one_device():
    """5 steps on 4 devices, the last batch being smaller."""
    found = run(
        "run_sharded.py",
        XLA_FLAGS="--xla_force_host_platform_device_count=4",
    )
    assert found["devices"] == 4
    assert_same_training(found["parallel"], found["alone"])
