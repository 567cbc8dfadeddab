"""Every op, step, score and loss on a GPU: what it is on the CPU.

Value and gradients, in float16 to float64, eager and compiled. Without a GPU
each is skipped; `devices` says how to run them on the CPU alone.
"""

from __future__ import annotations

import devices
import gpu_bounds
import gpu_cases
import gpu_run
import pytest
from conftest import MODES

GROUPS = gpu_cases.groups()

pytestmark = pytest.mark.gpu


def differences(cases, mode, device):
    """What is not the same on `device`, one line each."""
    want = gpu_run.run(cases, mode, devices.CPU)
    got = gpu_run.run(cases, mode, device)
    return [
        f"{name}, {dtype}, {'value' if i == 0 else f'gradient {i}'}: {line}"
        for name, dtype in want
        for i, pair in enumerate(zip(want[name, dtype], got[name, dtype]))
        for line in gpu_bounds.differences(cases[name].family, dtype, *pair)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("group", GROUPS)
def test_a_device_gives_what_the_cpu_gives(group, mode):
    found = differences(GROUPS[group], mode, devices.other())
    assert not found, "\n".join(found)
