"""That all of softkeras is compared, and that a wrong number is found."""

from __future__ import annotations

from unittest import mock

import devices
import gpu_bounds
import gpu_cases
import gpu_trainings
import numpy as np
import pytest
from conftest import MODES
from test_gpu import GROUPS, differences

from softkeras import _ops, layers, losses, metrics, ops, scores, steps

CASES = gpu_cases.every()


@pytest.mark.parametrize(
    "module, names",
    [
        ("ops", ops.__all__),
        ("steps", steps.NAMES),
        ("scores", scores.__all__),
        ("losses", set(losses.__all__) - gpu_cases.TRAINED),
    ],
)
def test_every_public_name_has_a_case(module, names):
    compared = {
        name.partition(".")[2].split()[0]
        for name in CASES
        if name.startswith(f"{module}.")
    }
    missing = set(names) - compared
    assert not missing, f"no case in gpu_cases for {module}: {missing}"


def test_what_has_no_case_is_trained():
    wanted = gpu_cases.TRAINED | {*layers.__all__, *metrics.__all__}
    missing = wanted - gpu_trainings.names()
    assert not missing, f"no training in gpu_trainings with {missing}"


def test_every_case_has_a_bound_that_is_used_and_explained():
    used = {case.family for case in CASES.values()}
    assert used == gpu_bounds.BOUNDS.keys() == gpu_bounds.MEANING.keys()


def test_every_case_is_in_one_group():
    grouped = [name for group in GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_the_same_in_every_dtype(name):
    """They have 8 binary digits, and float16's range."""
    for x in CASES[name].inputs:
        x = np.where(np.isfinite(x), x, 0.0)
        mantissa, _ = np.frexp(x)
        np.testing.assert_array_equal(mantissa * 256 % 1, 0)
        np.testing.assert_array_equal(x.astype("float16"), x)


@pytest.mark.parametrize("family", gpu_bounds.BOUNDS)
@pytest.mark.parametrize("dtype", gpu_bounds.EPSILON)
def test_a_bound_is_where_it_is_said_to_be(family, dtype):
    want = np.array([1.0, -3.0, np.nan, np.inf, 0.0])
    allowed = gpu_bounds.bound(family, dtype, want)

    def found(factor, where):
        got = want.copy()
        got[where] += factor * np.broadcast_to(allowed, 5)[where]
        return gpu_bounds.differences(family, dtype, want, got)

    assert not gpu_bounds.differences(family, dtype, want, want)
    for where in (0, 1, 4):
        assert not found(0.9, where)
        if np.broadcast_to(allowed, 5)[where]:
            assert found(1.1, where)
    for got in (
        want + np.array([0.2, 0, 0, 0, 0]),
        np.nan_to_num(want, nan=0.0),
        np.where(np.isinf(want), 1e30, want),
        np.where(np.isinf(want), -np.inf, want),
        want[:4],
    ):
        assert gpu_bounds.differences(family, "float32", want, got)


@pytest.mark.gpu
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "function, group",
    [
        ("exp", "ops.exp_ratio"),
        ("sqrt", "counts.soft_counts"),
        ("sum", "losses.soft_hamming"),
        ("square", "ops.soft_sign"),
        ("sort", "losses.soft_ndcg"),
        ("matmul", "confusion.soft_confusion_matrix"),
    ],
)
def test_a_function_that_a_device_gets_wrong_is_found(function, group, mode):
    device, right = devices.other(), getattr(_ops.ops, function)

    def wrong(x, *args, **kwargs):
        value = right(x, *args, **kwargs)
        if devices.now() != device:
            return value
        if function == "sort":
            return _ops.ops.flip(value, -1)
        return value * (1 + 2.0**-6)

    with mock.patch.object(_ops.ops, function, wrong):
        assert differences(GROUPS[group], mode, device)
