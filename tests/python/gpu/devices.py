"""The two devices that are compared: the CPU, and a GPU if there is one.

`SOFTKERAS_TEST_DEVICE` names another one in the words of `keras.device`. With
`cpu:1`, a second device made of this processor, all of it runs without a GPU.
torch has no second CPU: there the first is compared with itself.
"""

from __future__ import annotations

import contextlib
import os

import keras
import pytest

BACKEND = keras.backend.backend()
# torch takes "cpu:0" for another device than "cpu", and copies.
CPU = "cpu" if BACKEND == "torch" else "cpu:0"
ASKED = os.environ.get("SOFTKERAS_TEST_DEVICE", "")
# The device that a function of a test runs on now; faults look at it.
_now = [None]


def _split_the_cpu():
    """Makes two devices of the CPU, before the backend looks at it."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        half = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [half, half])
    elif BACKEND == "jax":
        import jax

        jax.config.update("jax_num_cpu_devices", 2)


if ASKED == "cpu:1":
    _split_the_cpu()


def _gpu():
    """Keras's name of the first GPU, or the reason why there is none."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        if tf.config.list_logical_devices("GPU"):
            return "gpu:0", ""
    elif BACKEND == "jax":
        import jax

        if any(each.platform == "gpu" for each in jax.devices()):
            return "gpu:0", ""
    elif BACKEND == "torch":
        import torch

        if torch.cuda.is_available():
            return "cuda:0", ""
    return None, f"no GPU: {BACKEND} sees none"


def other() -> str:
    """The device to compare with the CPU; skips the test without one."""
    if ASKED:
        return ASKED
    name, reason = _gpu()
    if name is None:
        pytest.skip(reason)
    return name


def real(device: str) -> str:
    """The device itself, where `cpu:1` is only a name of the first."""
    return CPU if BACKEND == "torch" and device == "cpu:1" else device


@contextlib.contextmanager
def on(device: str):
    """Puts on `device` what is made within."""
    before, _now[0] = _now[0], device
    try:
        with keras.device(real(device)):
            yield
    finally:
        _now[0] = before


def now() -> str | None:
    """The device that `on` put things on, for what is run within."""
    return _now[0]


def of(tensor) -> str:
    """The device that a tensor lies on, in the words of `keras.device`."""
    if BACKEND == "tensorflow":
        kind, number = tensor.device.lower().split(":")[-2:]
        return f"{kind}:{number}"
    if BACKEND == "jax":
        (device,) = tensor.devices()
        return f"{device.platform}:{device.id}"
    return str(tensor.device)
