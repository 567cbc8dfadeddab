"""Whether it can be used in half precision."""

from __future__ import annotations

import numpy as np

from softkeras.doctor import _blame
from softkeras.doctor._examination import Examination

# Inputs at which float16 itself is at its limits, whatever is computed.
LIMITS = ("very far out", "tiny", "denormal")


def check(exam: Examination) -> None:
    """Finds inputs that are fine in float32 and not in float16."""
    names = [name for name in exam.probes if name not in LIMITS]
    for name in names:
        wide, narrow = (
            exam.outcome(name, dtype=dtype) for dtype in ("float32", "float16")
        )
        if narrow.error is not None:
            exam.left_out(f"float16: {_first_line(narrow.error)}")
            return
        if not wide.is_finite or wide.gradient is None:
            continue
        lost = (
            narrow.gradient is None
            or not np.any(narrow.gradient)
            and np.max(np.abs(wide.gradient)) > 1e-3
        )
        if narrow.is_finite and not lost:
            continue
        blame = _blame.in_half(exam, exam.probes[name])
        what = exam.subject.arguments[0]
        exam.add(
            "float16",
            "warning",
            _blame.where(what, blame),
            f"On the input “{name}” it is fine in float32, and in float16 "
            + (
                "its gradient is zero."
                if narrow.is_finite
                else "it is NaN or infinite: float16 ends at 65504, and what "
                "is below 6e-8 is 0 there, so an epsilon of 1e-8 is none."
            ),
            remedy="Cast to float32 first (Keras's losses do, with a dtype of "
            "float32), and take an epsilon of 1e-3 or more in float16.",
            example=exam.probes[name],
        )
        return
    exam.fine(f"float16 is finite where float32 is, on {len(names)} inputs")


def _first_line(error):
    return str(error).strip().split("\n")[0][:120]
