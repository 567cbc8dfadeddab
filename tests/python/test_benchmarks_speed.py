"""docs/speed.md says what benchmarks/results/speed.json does."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import _timing  # noqa: E402
import speed_report  # noqa: E402


@pytest.mark.skipif(
    not speed_report.RESULTS.exists(),
    reason="needs a checkout: no results here",
)
def test_page_is_that_of_the_results():
    result = json.loads(speed_report.RESULTS.read_text())
    assert speed_report.PAGE.read_text() == speed_report.page(result)
    if speed_report.has_picture(result):
        assert speed_report.PICTURE.exists()


def a_result(**row):
    group = {
        "family": "counts",
        "backend": "jax",
        "mode": "jit",
        "rows": [{"name": "ours", "milliseconds": [1, 2, 3], **row}],
    }
    return {"groups": [group], "missing": {}}


def test_targets_are_of_softkeras_and_of_the_medians():
    ratios = {"to_best_peer": [0.9, 1.1, 1.2], "to_floor": [2, 2.4, 9]}
    judged = speed_report.judged(a_result(role="softkeras", **ratios))
    peer, floor, *_ = judged.values()
    assert peer == [(1.1, 1.0, "ours, JAX, jit")]
    assert floor == [(2.4, 2.5, "ours, JAX, jit")]
    others = speed_report.judged(a_result(role="peer", **ratios))
    assert not any(others.values())


def test_a_target_without_a_figure_is_not_called_met():
    text = speed_report.targets({"groups": [], "missing": {}})
    assert text.count("not measured") == 5


def test_what_is_missing_is_shown():
    result = {"missing": {"libauc": "No module\nnamed 'libauc'"}}
    assert "| libauc | No module named 'libauc' |" in speed_report.absent(
        result
    )


def test_ratios_are_taken_round_by_round(monkeypatch):
    """A machine that is ten times slower in half of the rounds."""
    clock = [0.0]
    monkeypatch.setattr(_timing.time, "process_time", lambda: clock[0])
    turn = [0]

    def of(seconds):
        def call():
            turn[0] += 1
            clock[0] += seconds * (10 if turn[0] // 8 % 2 else 1)

        return call

    rows = [
        _timing.Row("ours", "softkeras", of(3.0)),
        _timing.Row("theirs", "peer", of(2.0)),
    ]
    result = _timing.group("x", rows, 0.0)
    assert result["best_peer"] == "theirs"
    assert result["rows"][0]["to_best_peer"] == [1.5, 1.5, 1.5]


def test_picture_is_drawn_where_sizes_and_classes_were_measured(tmp_path):
    def groups(family, key, values):
        return [
            {
                "family": family,
                "mode": "XLA",
                key: value,
                "floor_milliseconds": [1, value / 100, 3],
                "rows": [
                    {
                        "name": name,
                        "role": role,
                        "milliseconds": [1, factor * value / 50, 9],
                    }
                    for name, role, factor in (
                        ("ours", "softkeras", 1),
                        ("theirs", "peer", 2),
                    )
                ],
            }
            for value in values
        ]

    result = {
        "groups": groups("sizes", "elements", (10**3, 10**5))
        + groups("classes", "classes", (2, 100))
    }
    assert speed_report.has_picture(result)
    assert not speed_report.has_picture({"groups": result["groups"][:2]})
    speed_report.draw(result, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").stat().st_size > 5000


def test_memory_has_a_table_of_its_own():
    group = {
        "family": "memory",
        "backend": "jax",
        "mode": "jit",
        "rows": [
            {
                "name": "ours",
                "role": "softkeras",
                "bytes_an_element": 13.04,
                "memory_to_best_peer": 1.25,
            }
        ],
    }
    assert speed_report.table([group]).splitlines() == [
        "| | | bytes an element | to the best peer |",
        "|---|---|---|---|",
        "| JAX, jit | **ours** | 13 | 1.25 |",
    ]
