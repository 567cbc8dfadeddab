"""The benchmark of GPUs: tried out on the CPU, and its page."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from conftest import BACKEND

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the benchmarks are not in this checkout"
)


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import gpu_report

    return gpu_report


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("gpu") / "result.json"
    command = [sys.executable, str(FOLDER / "gpu.py"), "--device", "cpu"]
    command += ["--elements", "1e3", "--rounds", "1", "--out", str(out)]
    path = os.pathsep.join([str(ROOT / "python"), *sys.path])
    environment = {**os.environ, "KERAS_BACKEND": BACKEND, "PYTHONPATH": path}
    run = subprocess.run(
        command, capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    return json.loads(out.read_text())


def test_shares_are_of_the_bytes_that_must_be_moved(result):
    assert result["backend"] == BACKEND and result["elements"] == 1000
    copied = 8 * 1000 / result["copy"]["milliseconds"] / 1e6
    assert result["copy"]["gigabytes_a_second"] == pytest.approx(copied)
    for row in result["functions"]:
        moved = {"value + gradient": 20, "forward": 8, "forward + gradient": 12}
        assert row["bytes_an_element"] == moved[row["computes"]]
        rate = moved[row["computes"]] * 1000 / row["milliseconds"] / 1e6
        assert row["gigabytes_a_second"] == pytest.approx(rate)
        assert row["share_of_copy"] == pytest.approx(rate / copied)
    assert {row["function"] for row in result["functions"]} >= {
        "SoftPrecision",
        "SoftFBeta",
        "exp_ratio",
    }


def test_the_page_is_made_of_the_results(report, result):
    files = sorted((FOLDER / "results").glob("gpu_*.json"))
    committed = [json.loads(file.read_text()) for file in files]
    assert report.PAGE.read_text() == report.page(committed)
    assert "No run on a GPU is committed yet" in report.page([])
    page = report.page([result])
    assert "No run" not in page and result["device"] in page
    for row in result["functions"]:
        assert f"{row['milliseconds']:.2f}" in page
