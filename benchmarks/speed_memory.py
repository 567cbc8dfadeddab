"""Family of benchmarks/speed.py: peak memory of a value with its gradient.

As a script this is the process of one loss, which prints its bytes an element.
"""

from __future__ import annotations

import argparse
import gc
import pathlib
import subprocess
import sys

import _timing
import speed_losses

# So many that what the compiler takes is next to nothing.
ELEMENTS = 32_000_000
# Of the losses of speed_losses these: the formula itself, and to train on.
OVERLAP = ("SoftDice(sharpness=1)", "keras Dice")
TO_TRAIN_ON = ("SoftPrecision", "SoftFBeta", "keras BinaryCrossentropy")
PEAK = pathlib.Path("/proc/self/clear_refs")


def memory(backend, seconds, missing, quick):
    """Bytes an element at the peak, above what the inputs take."""
    if not PEAK.exists():
        missing["peak memory"] = "only Linux lets a process set its peak back"
        return
    for mode in _timing.modes(backend):
        for kind, names in (("overlap", OVERLAP), ("to train on", TO_TRAIN_ON)):
            rows = [
                {
                    "name": name,
                    "role": "softkeras" if "Soft" in name else "peer",
                    "bytes_an_element": peak(name, mode),
                }
                for name in names
            ]
            peers = [row for row in rows if row["role"] == "peer"]
            best = min(peers, key=lambda row: row["bytes_an_element"])
            for row in rows:
                ratio = row["bytes_an_element"] / best["bytes_an_element"]
                row["memory_to_best_peer"] = float(f"{ratio:.4g}")
            yield {
                "family": "memory",
                "backend": backend,
                "mode": mode,
                "kind": kind,
                "elements": ELEMENTS,
                "best_peer": best["name"],
                "rows": rows,
            }


def peak(name, mode) -> float:
    """What a process of its own finds."""
    output = subprocess.run(
        [sys.executable, __file__, name, mode],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return float(output.split()[-1])


def resident(field) -> int:
    """Bytes from /proc/self/status."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def call_of(loss, elements, mode):
    y, p = speed_losses.binary(elements)
    y = _timing.tensor(y, mode)
    return _timing.value_and_gradient(lambda p: loss(y, p), p, mode)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("mode")
    args = parser.parse_args()
    _, loss = {
        **speed_losses.overlap_losses({}),
        **speed_losses.training_losses(),
    }[args.name]
    # The small one is for what the library loads when it is first used.
    call_of(loss, 8, args.mode)()
    call = call_of(loss, ELEMENTS, args.mode)
    # What only waits to be freed would make room for the call.
    gc.collect()
    PEAK.write_text("5")  # sets the peak to what is resident now
    before = resident("VmRSS")
    call()
    print((resident("VmHWM") - before) / ELEMENTS)


if __name__ == "__main__":
    main()
