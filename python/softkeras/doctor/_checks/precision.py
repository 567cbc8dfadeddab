"""Whether it can be used in half precision."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination

# Inputs at which float16 itself is at its limits, whatever is computed.
LIMITS = (
    "far out, right",
    "far out, wrong",
    "very far out",
    "tiny",
    "denormal",
)


# Pixels of an image, and the largest number of float16.
MANY, LARGEST = 512 * 512, 65504
LOOPS = (
    "fit() casts predictions to float32 before a loss; a training loop of your "
    "own does not."
)


def check(exam: Examination) -> None:
    """Finds inputs that are fine in float32 and not in float16.

    `fit()` casts predictions to float32 before any loss, also under
    mixed_float16; so it matters for a loss in loops of one's own only.
    """
    names = [name for name in exam.probes if name not in LIMITS]
    if exam.subject.kind in ("loss", "metric") and not exam.subject.is_own:
        exam.left_out(
            f"float16: Keras casts to float32 before this {exam.subject.kind}"
        )
        return
    for name in names:
        wide, narrow = (
            exam.outcome(name, dtype=dtype) for dtype in ("float32", "float16")
        )
        if narrow.error is not None:
            exam.left_out(f"float16: {_blame.first_line(narrow.error)}")
            return
        if not wide.is_finite or wide.gradient is None:
            continue
        lost = narrow.gradient is None or (
            not np.any(narrow.gradient) and np.max(np.abs(wide.gradient)) > 1e-3
        )
        if not narrow.is_finite or lost:
            _report(exam, name, narrow)
            return
    if exam.subject.kind == "loss" and _sums_overflow(exam):
        return
    exam.fine(f"float16 is finite where float32 is, on {len(names)} inputs")


def _sums_overflow(exam):
    """Finds sums that over as many pixels as an image has are too large."""
    probe = exam.probes[exam.usual()[0]]
    found = _blame.largest_sum(exam, probe)
    size = np.size(exam.arrays(probe)[0])
    if found is None or found[1] / size * MANY <= LARGEST:
        return False
    exam.add(
        "float16",
        "info",
        f"{exam.subject.arguments[0]}: {found[0]}",
        f"Over {size} numbers the sum is {found[1]:.4g}; over the {MANY} of an "
        f"image of 512 by 512 it would be {found[1] / size * MANY:.4g}, and "
        f"float16 ends at {LARGEST}. {LOOPS}",
        remedy="Cast to float32 first, or take means in place of sums.",
        example=probe,
    )
    return True


def _report(exam, name, narrow):
    is_loss = exam.subject.kind == "loss"
    example = exam.probes[name]
    blame = _blame.in_half(exam, example)
    if is_loss and blame.of_library:
        exam.left_out("float16: fit() casts to float32 before a loss")
        return
    exam.add(
        "float16",
        "info" if is_loss else "warning",
        _blame.where(exam.subject.arguments[0], blame),
        f"On the input “{name}” it is fine in float32, and in float16 "
        + (
            "its gradient is zero. "
            if narrow.is_finite
            else "it is NaN or infinite: float16 ends at 65504, and what is "
            "below 6e-8 is 0 there, so an epsilon of 1e-8 is none. "
        )
        + (LOOPS if is_loss else "Under mixed_float16 layers compute so."),
        remedy="Cast to float32 first, and back; or take an epsilon of 1e-3 "
        "or more.",
        example=example,
    )
