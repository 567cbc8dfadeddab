"""What a benchmark ran on: written into its result, with no name or path."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import sys

LIBRARIES = (
    "tensorflow",
    "tensorflow_probability",
    "jax",
    "torch",
    "keras",
    "numpy",
    "mpmath",
    "softjax",
    "softtorch",
    "segmentation_models_pytorch",
    "libauc",
)


def machine() -> dict:
    """The processor, the cores it may use, and versions of what is loaded."""
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES if name in sys.modules},
    }


def _version(name):
    version = getattr(sys.modules[name], "__version__", None)
    return version or importlib.metadata.version(name)


def _cpu():
    """The model's name; Linux has it in a file, other systems in part."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
