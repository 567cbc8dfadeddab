"""What needs R in this process is left to tests/parity, and said to be."""

import importlib.util

import pytest

# What belongs to a backend can't be imported without it.
collect_ignore_glob = [
    f"python/softkeras/doctor/_recording/*{backend}*.py"
    for backend in ("tensorflow", "jax", "torch")
    if importlib.util.find_spec(backend) is None
]


def pytest_collection_modifyitems(items):
    skip = pytest.mark.skip(reason="needs R: make test-parity runs it")
    for item in items:
        if (
            isinstance(item, pytest.DoctestItem)
            and item.path.parent.name == "r"
        ):
            item.add_marker(skip)
