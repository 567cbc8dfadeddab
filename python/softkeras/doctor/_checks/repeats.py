"""Whether two calls give the same."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._examination import Examination


def check(exam: Examination) -> None:
    """Finds what is random, which no later check could compare."""
    probe = exam.probes[exam.usual()[0]]
    first, second = (exam.outcome(probe, "eager") for _ in range(2))
    same = all(
        a is b is None or np.array_equal(a, b, equal_nan=True)
        for a, b in (
            (first.value, second.value),
            (first.gradient, second.gradient),
        )
    )
    if not same:
        exam.add(
            "random",
            "info",
            exam.subject.name,
            "Two calls with the same input differ: it draws random numbers, or "
            "changes something when it is called. What compares calls is left "
            "out.",
            remedy="Draw with a keras.random.SeedGenerator, which can be set "
            "back.",
        )
