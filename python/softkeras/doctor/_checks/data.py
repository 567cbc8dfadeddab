"""Whether a user's data and a loss fit together."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from softkeras.doctor import _run
from softkeras.doctor._examination import Examination

# Fewer predictions may lie between 0 and 1 by chance.
ENOUGH = 8


def check(exam: Examination) -> bool:
    """Finds data that no loss could be right on; False where they are NaN."""
    if not exam.given:
        return True
    probe = exam.probes["yours"]
    made = exam.value("yours")
    if made.value is not None and not np.all(np.isfinite(made.value)):
        for name, x in probe.items():
            bad = ~np.isfinite(x.reshape(len(x), -1)).all(1)
            if bad.any():
                _not_finite(exam, name, np.flatnonzero(bad))
                return False
    if exam.subject.kind == "loss":
        _logits(exam, probe["y_pred"])
    return True


def check_model(exam: Examination, subject: Any, predicted: Any) -> bool:
    """Finds rows of x and y that are NaN; False if predictions are, of them."""
    outputs = [_run.array(x) for x in keras.tree.flatten(predicted)]
    if all(np.all(np.isfinite(x)) for x in outputs):
        return True
    for name in ("x", "y"):
        for x in keras.tree.flatten(getattr(subject, name)):
            x = np.asarray(x)
            bad = ~np.isfinite(x.reshape(len(x), -1)).all(1)
            if x.dtype.kind == "f" and bad.any():
                exam.probes["yours"] = {name: x}
                _not_finite(exam, name, np.flatnonzero(bad))
                return False
    return True


def _not_finite(exam, name, rows):
    some = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
    of = "of a model's predictions" if name == "y_pred" else "of your data"
    exam.add(
        "value_not_finite",
        "error",
        f"{name}, row {some}",
        f"{len(rows)} of the {len(exam.probes['yours'][name])} rows {of} are "
        "NaN or infinite, so no loss of them is finite.",
        remedy="Leave these rows out or fill them in; if it is a model that "
        "makes them, look at its layers one by one: diagnose(layer, x).",
        example={name: exam.probes["yours"][name][rows[:1]]},
    )


def _logits(exam, y_pred):
    """Probabilities taken for logits, or logits for probabilities."""
    takes_logits = exam.subject.from_logits
    if takes_logits is None or not y_pred.size:
        return
    low, high = float(np.min(y_pred)), float(np.max(y_pred))
    inside = low >= 0 and high <= 1
    between = f"The predictions lie from {low:.4g} to {high:.4g}"
    if not takes_logits and (low < -1e-3 or high > 1 + 1e-3):
        exam.add(
            "logits_mixed_up",
            "error",
            "y_pred",
            f"{between}, and the loss takes probabilities: what is beyond 0 "
            "and 1 is cut off, and has no gradient.",
            remedy="from_logits=True, or sigmoid (softmax) as the activation "
            "of the last layer.",
        )
    elif takes_logits and inside and y_pred.size >= ENOUGH and high - low > 0:
        exam.add(
            "logits_mixed_up",
            "warning",
            "y_pred",
            f"{between}, as probabilities do, and the loss takes logits: it "
            "puts them through one more sigmoid (softmax), which leaves them "
            "between 0.5 and 0.73.",
            remedy="Leave from_logits=True out, or the activation of the last "
            "layer.",
        )
