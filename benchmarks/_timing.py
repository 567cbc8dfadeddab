"""Timing: functions that take turns, and what the ratios of their times are.

Times of a machine that others use, or whose clock drifts, can't be compared
when they are taken one after the other. Here all functions of a group run once
in each round, in an order that changes, and ratios are taken round by round:
what is slow for all of a round leaves the ratio as it is. Given are the median
and the quartiles over the rounds.

What is taken is the time of the processor, of all threads of the process, which
keeps to one processor (`pin`). On a machine with nothing else to do that is the
time of a clock; where others work too, it leaves out the time that they have.
"""

from __future__ import annotations

import os
import pathlib
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

# Rounds that are not counted: they compile, and warm the caches.
WARM_UP = 2


class Row(NamedTuple):
    """One function of a group.

    Args:
        name: What it is called in the table.
        role: `"softkeras"`; `"peer"`, which does the same for the same purpose,
            so that softkeras is to be no slower; or `"other"`, which is there
            to look at.
        call: Runs it once, and returns when the result is there.
    """

    name: str
    role: str
    call: Callable[[], object]


def pin() -> None:
    """Keeps this process, and what it starts, to one processor.

    To be called before libraries make their pools of threads.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def quartiles(values: list[float]) -> list[float]:
    """The first quartile, the median and the third, to four digits."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [float(f"{value:.4g}") for value in (low, middle, high)]


def alternate(calls: dict[str, Callable], budget: float, least: int = 5):
    """Seconds of each call in each round: for `budget` seconds, about.

    Returns:
        A list of seconds for each name, all of one length: `least` at least.
    """
    names = list(calls)
    seconds = {name: [] for name in names}
    for _ in range(WARM_UP):
        for name in names:
            calls[name]()
    end = time.perf_counter() + budget
    while len(seconds[names[0]]) < least or time.perf_counter() < end:
        for name in names:
            start = time.process_time()
            calls[name]()
            seconds[name].append(time.process_time() - start)
        # No one always follows the same: it would find its caches.
        names.append(names.pop(0))
        names.reverse()
    return seconds


def group(
    family: str,
    rows: list[Row],
    budget: float,
    floor: Callable | None = None,
    **about,
) -> dict:
    """Times of functions that are to be compared, as a part of the JSON.

    Args:
        family: Which table it belongs to.
        rows: The functions.
        budget: Seconds to spend on it.
        floor: Moves the bytes that can't be avoided, and does nothing else.
        about: What tells this group from others of the family.
    """
    calls = {row.name: row.call for row in rows}
    if floor is not None:
        calls["floor"] = floor
    seconds = alternate(calls, budget)
    peers = [row.name for row in rows if row.role == "peer"]
    best = min(
        peers, key=lambda name: statistics.median(seconds[name]), default=None
    )

    def ratios(name, other):
        return quartiles([a / b for a, b in zip(seconds[name], seconds[other])])

    table = []
    for row in rows:
        cells = {"name": row.name, "role": row.role}
        cells["milliseconds"] = quartiles([1e3 * s for s in seconds[row.name]])
        if best is not None:
            cells["to_best_peer"] = ratios(row.name, best)
        if floor is not None:
            cells["to_floor"] = ratios(row.name, "floor")
        table.append(cells)
    result = {"family": family, **about, "rounds": len(seconds[rows[0].name])}
    if best is not None:
        result["best_peer"] = best
    if floor is not None:
        result["floor_milliseconds"] = quartiles(
            [1e3 * s for s in seconds["floor"]]
        )
    return {**result, "rows": table}


def memory_floor(*inputs) -> Callable:
    """Reads the inputs twice and writes one result of the first one's size.

    What a value and a gradient can't do without: a first look for the sums, and
    a second one for the gradient, which depends on them.
    """
    import numpy as np

    flat = [np.ravel(np.asarray(x)) for x in inputs]
    gradient = np.empty_like(flat[0])
    if len(flat) == 1:

        def run():
            flat[0].dot(flat[0])
            np.negative(flat[0], out=gradient)
    else:

        def run():
            flat[0].dot(flat[1])
            np.add(flat[0], flat[1], out=gradient)

    return run


def modes(backend: str) -> list[str]:
    """The ways in which code of a backend is run."""
    return {
        "tensorflow": ["graph", "XLA"],
        "jax": ["jit"],
        "torch": ["eager"],
    }[backend]


def value_and_gradient(function, x, mode: str) -> Callable:
    """A call that computes the sum of function(x) and its gradient in x.

    Args:
        function: Of one tensor, to a tensor.
        x: A NumPy array.
        mode: One of `modes`.
    """
    if mode in ("graph", "XLA"):
        import tensorflow as tf

        x = tf.constant(x)

        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = tf.reduce_sum(function(x))
            return value, tape.gradient(value, x)

        compiled = tf.function(run, jit_compile=mode == "XLA", autograph=False)
        # Once traced, without Keras's and TensorFlow's look at the arguments.
        return lambda: float(compiled(x)[0])
    if mode == "jit":
        import jax

        x = jax.numpy.asarray(x)
        compiled = jax.jit(
            jax.value_and_grad(lambda x: jax.numpy.sum(function(x)))
        )
        return lambda: jax.block_until_ready(compiled(x))
    import torch

    x = torch.from_numpy(x).requires_grad_(True)

    def call():
        x.grad = None
        function(x).sum().backward()

    return call


def tensor(x, mode: str):
    """A NumPy array as a tensor of the library that a mode belongs to."""
    if mode in ("graph", "XLA"):
        import tensorflow as tf

        return tf.constant(x)
    if mode == "jit":
        import jax

        return jax.numpy.asarray(x)
    import torch

    return torch.from_numpy(x)


def available_bytes() -> float:
    """Memory that can be taken without others losing theirs."""
    try:
        text = pathlib.Path("/proc/meminfo").read_text()
    except OSError:
        return float("inf")
    line = next(x for x in text.splitlines() if x.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024.0
