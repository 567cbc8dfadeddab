"""Each skip that is due to a backend is a row of docs/backends.md."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "backends.md"


def reasons(file):
    """Why tests are skipped where the condition is the backend."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and node.args:
            if ast.unparse(node.func).endswith("mark.skipif"):
                given = {each.arg: each.value for each in node.keywords}
                if _of_backend(node.args[0]):
                    yield given["reason"].value
        if isinstance(node, ast.If) and _of_backend(node.test):
            for call in ast.walk(ast.Module([*node.body, *node.orelse], [])):
                if isinstance(call, ast.Call) and (
                    ast.unparse(call.func) == "pytest.skip"
                ):
                    yield call.args[0].value


def _of_backend(test):
    text = ast.unparse(test)
    return "BACKEND" in text or "backend()" in text or "word is None" in text


@pytest.mark.skipif(not PAGE.exists(), reason="the page is not in this copy")
def test_the_rows_are_the_reasons():
    files = [*HERE.glob("test_*.py"), *HERE.glob("gpu/*.py")]
    found = {reason for file in files for reason in reasons(file)}
    rows = re.findall(r"^\|.*\| `([^`]+)` \|$", PAGE.read_text(), re.M)
    assert found == set(rows)
    assert len(rows) == len(set(rows))
