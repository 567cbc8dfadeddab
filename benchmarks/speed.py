"""How fast softkeras is, beside what others offer.

    python benchmarks/speed.py [--quick] [--only FAMILY ...]

Each family of comparisons runs once for each backend, in a process of its own
that keeps to one processor: what TensorFlow, JAX and torch do in parallel
differs from machine to machine, and from moment to moment where others work on
it. Functions take turns, and ratios are taken round by round (_timing). A peer
that is not installed, or does not run, is listed as missing, with the reason.
Writes benchmarks/results/speed.json, and docs/speed.md and its picture from it
(speed_report). With --only, families that were measured before are kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "speed.json"
# Family: the file that has it, its backends, seconds for a comparison.
ALL = ("tensorflow", "jax", "torch")
FAMILIES = {
    "counts": ("speed_losses", ALL, 5),
    "sizes": ("speed_losses", ("tensorflow",), 6),
    "classes": ("speed_losses", ("tensorflow",), 6),
    "ranks": ("speed_losses", ALL, 5),
    "argmax": ("speed_ops", ALL, 5),
    "steps": ("speed_ops", ALL, 4),
    "exp_ratio": ("speed_ops", ALL, 4),
    "epoch": ("speed_fit", ("tensorflow",), 0),
    "from_r": ("speed_fit", ("tensorflow",), 0),
    "imports": ("speed_fit", ("tensorflow",), 0),
}
QUICK = 0.15


def child(family, backend, quick):
    """Runs one family on one backend; prints its part of the JSON."""
    import _timing

    _timing.pin()
    module = importlib.import_module(FAMILIES[family][0])
    seconds = FAMILIES[family][2] * (QUICK if quick else 1)
    missing = {}
    groups = list(getattr(module, family)(backend, seconds, missing, quick))
    from _machine import machine

    part = {"machine": machine(), "missing": missing, "groups": groups}
    print("\n" + json.dumps(part))


def measure(family, backend, quick):
    """The part of the JSON of a family and backend, by a new process."""
    if importlib.util.find_spec(backend) is None:
        return {"missing": {backend: "not installed"}, "groups": []}
    path = [str(HERE.parent / "python"), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, __file__, "--child", family, backend]
    run = subprocess.run(
        command + ["--quick"] * quick,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": os.pathsep.join(path),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # As TensorFlow comes; without it XLA's sums take twice the time.
            "TF_ENABLE_ONEDNN_OPTS": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    if run.returncode:
        reason = f"ended with exit status {run.returncode}"
        return {"missing": {f"{family} on {backend}": reason}, "groups": []}
    return json.loads(run.stdout.splitlines()[-1])


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
    parser.add_argument("--quick", action="store_true", help="in 3 minutes")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=[])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(*args.child, args.quick)
    result = {**kept(args.only), "quick": args.quick}
    load = [round(mean, 2) for mean in os.getloadavg()]
    start = time.perf_counter()
    for family in args.only or FAMILIES:
        for backend in FAMILIES[family][1]:
            print(f"{family}, {backend}", end="", flush=True)
            since = time.perf_counter()
            part = measure(family, backend, args.quick)
            print(f": {time.perf_counter() - since:.0f} s", flush=True)
            for name in ("machine", "missing"):
                result[name].update(part.get(name, {}))
            result["groups"] += part["groups"]
    result["load_average_before"] = load
    result["load_average_after"] = [round(x, 2) for x in os.getloadavg()]
    result["seconds"] = round(time.perf_counter() - start)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    import speed_report

    speed_report.write(result)
    print(speed_report.summary(result))


if __name__ == "__main__":
    main()
