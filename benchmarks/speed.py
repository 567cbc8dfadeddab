"""How fast softkeras is, beside what others offer.

    python benchmarks/speed.py [--quick] [--only FAMILY ...]

All families of comparisons of a backend run in a process of its own
that keeps to one processor: what TensorFlow, JAX and torch do in parallel
differs from machine to machine, and from moment to moment where others work on
it. Functions take turns, and ratios are taken round by round (_timing). A peer
that is not installed, or does not run, is listed as missing, with the reason.
Writes benchmarks/results/speed.json, and docs/speed.md and its picture from it
(speed_report). With --only, families that were measured before are kept.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import os
import pathlib
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "speed.json"
# Family: the file that has it, its backends, seconds for a comparison.
ALL = ("tensorflow", "jax", "torch")
FAMILIES = {
    "counts": ("speed_losses", ALL, 5),
    "sizes": ("speed_losses", ("tensorflow",), 6),
    "classes": ("speed_losses", ("tensorflow",), 6),
    "memory": ("speed_memory", ALL, 0),
    "ranks": ("speed_losses", ALL, 5),
    "argmax": ("speed_ops", ALL, 5),
    "steps": ("speed_ops", ALL, 4),
    "exp_ratio": ("speed_ops", ALL, 4),
    "epoch": ("speed_fit", ("tensorflow",), 0),
    "from_r": ("speed_fit", ("tensorflow",), 0),
    "imports": ("speed_fit", ("tensorflow",), 0),
}
QUICK = 0.15
# What a child's lines of JSON begin with.
MARK = "softkeras speed: "


def child(backend, families, quick):
    """Runs families on one backend; prints the part of the JSON of each."""
    import _timing

    _timing.pin()
    from _machine import machine

    # It warns that so many functions are traced, which is what is wanted here.
    logging.getLogger("tensorflow").setLevel("ERROR")
    for family in families:
        name, _, seconds = FAMILIES[family]
        missing = {}
        try:
            measure = getattr(importlib.import_module(name), family)
            groups = list(
                measure(backend, seconds * QUICK**quick, missing, quick)
            )
        except Exception as error:
            # Others are measured all the same, and this one is seen to lack.
            traceback.print_exc()
            groups = []
            missing[f"{family} on {backend}"] = (
                f"{type(error).__name__}: " + (str(error)[:200])
            )
        part = {"machine": machine(), "missing": missing, "groups": groups}
        print(MARK + json.dumps({family: part}), flush=True)


def measured(backend, families, quick):
    """Families and the parts of the JSON of each, by a new process."""
    if importlib.util.find_spec(backend) is None:
        yield backend, {"missing": {backend: "not installed"}, "groups": []}
        return
    path = [str(HERE.parent / "python"), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [
            *(sys.executable, __file__, "--child", backend),
            *("--only", *families),
            *(["--quick"] if quick else []),
        ],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            # Else each import would compile softkeras anew.
            "PYTHONDONTWRITEBYTECODE": "",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # As TensorFlow comes; without it XLA's sums take twice the time.
            "TF_ENABLE_ONEDNN_OPTS": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    left = list(families)
    for line in process.stdout:
        if line.startswith(MARK):
            part = json.loads(line.removeprefix(MARK))
            left.remove(next(iter(part)))
            yield from part.items()
    status = process.wait()
    for family in left:
        reason = f"its process ended with exit status {status}"
        yield (
            family,
            {"missing": {f"{family} on {backend}": reason}, "groups": []},
        )


def kept(only):
    """What is there already of the families that are not measured now."""
    if not only or not RESULTS.exists():
        return {"machine": {}, "missing": {}, "groups": []}
    before = json.loads(RESULTS.read_text())
    before["groups"] = [
        each for each in before["groups"] if each["family"] not in only
    ]
    before["missing"] = {
        name: reason
        for name, reason in before["missing"].items()
        if name.split(" on ")[0] not in only
    }
    return before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=[])
    parser.add_argument("--child", choices=ALL, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, args.only, args.quick)
        return
    result = {**kept(args.only), "quick": args.quick}
    load = [round(mean, 2) for mean in os.getloadavg()]
    start = time.perf_counter()
    for backend in ALL:
        families = [
            family
            for family in args.only or FAMILIES
            if backend in FAMILIES[family][1]
        ]
        if not families:
            continue
        for family, part in measured(backend, families, args.quick):
            seconds = time.perf_counter() - start
            print(f"{seconds:5.0f} s  {backend}, {family}", flush=True)
            for name in ("machine", "missing"):
                result[name].update(part.get(name, {}))
            result["groups"] += part["groups"]
    order = list(FAMILIES)
    result["groups"].sort(key=lambda group: order.index(group["family"]))
    result["load_average_before"] = load
    result["load_average_after"] = [round(x, 2) for x in os.getloadavg()]
    # The rest is of the last run of all.
    result["again"] = args.only
    result["seconds"] = round(time.perf_counter() - start)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    import speed_report

    speed_report.write(result)
    print(speed_report.summary(result))


if __name__ == "__main__":
    main()
