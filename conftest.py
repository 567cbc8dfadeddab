"""What needs R in this process is left to tests/parity, and said to be."""

import pytest


def pytest_collection_modifyitems(items):
    skip = pytest.mark.skip(reason="needs R: make test-parity runs it")
    for item in items:
        if (
            isinstance(item, pytest.DoctestItem)
            and item.path.parent.name == "r"
        ):
            item.add_marker(skip)
