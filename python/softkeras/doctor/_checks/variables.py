"""Whether the variables of a layer or a model get a gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from softkeras.doctor import _blame, _run
from softkeras.doctor._examination import Examination

# Share of a bias's or kernel's units that may get none, as units of ReLU do.
DEAD_SHARE = 0.5
# Of the scale of gradients; float32 has seven digits.
ZERO = 1e-6


def check(exam: Examination, function: Callable, scale: float = 0.0) -> None:
    """Finds trainable variables without a gradient, or with a bad one.

    Args:
        exam: Where findings are written down.
        function: Without arguments; its result is what is trained on.
        scale: Of gradients, as that of the loss for the predictions: beside
            it what is rounding is zero.
    """
    variables = exam.subject.target.trainable_variables
    if not variables:
        exam.left_out("variables: there is none that trains")
        return
    exam.restore()
    value, gradients = _run.of_variables(function, variables)
    exam.restore()
    if not np.all(np.isfinite(value)):
        exam.add(
            "value_not_finite",
            "error",
            exam.subject.name,
            f"The value is {float(np.ravel(value)[0])} on these data.",
        )
    largest = max(
        (np.max(np.abs(g), initial=0.0) for g in gradients if g is not None),
        default=0.0,
    )
    largest = max(largest, scale)
    before = len(exam.findings)
    if all(gradient is None for gradient in gradients):
        found = _blame.variable(exam, function, variables[-1])
        names = f"all {len(variables)} trainable variables"
        if len(variables) == 1:
            names = f"variable {variables[0].path}"
        _untrained(exam, names, True, found)
        return
    infinite = [
        (variable.path, np.mean(~np.isfinite(gradient)))
        for variable, gradient in zip(variables, gradients)
        if gradient is not None and not np.all(np.isfinite(gradient))
    ]
    if infinite:
        _not_finite(exam, infinite)
    groups: dict = {}
    for variable, gradient in zip(variables, gradients):
        if not _examine(exam, variable.path, gradient, largest):
            found = _blame.variable(exam, function, variable)
            groups.setdefault((gradient is None, found), []).append(variable)
    for (is_none, found), members in groups.items():
        paths = ", ".join(variable.path for variable in members)
        _untrained(exam, f"variable {paths}", is_none, found)
    if len(exam.findings) == before:
        exam.fine(
            f"all {len(variables)} trainable variables get a finite gradient"
        )


def _not_finite(exam, infinite):
    """Writes down variables whose gradient is NaN or infinite."""
    paths = ", ".join(path for path, _ in infinite)
    share = max(share for _, share in infinite)
    exam.add(
        "gradient_not_finite",
        "error",
        f"variable {paths}",
        f"Up to {share:.0%} of a gradient is NaN or infinite: one such step, "
        "and the weights are lost.",
        remedy="Diagnose the loss and the activations by themselves with "
        "these data: diagnose(loss, y, model.predict(x)).",
    )


def _untrained(exam, where, is_none, found):
    """Writes down variables whose gradient is None, or zero throughout."""
    cause, remedy = found.cause, found.remedy
    if is_none:
        kind = "gradient_none"
        cause = cause or (
            "The result does not depend on it, or only by way of an operation "
            "without a gradient."
        )
        remedy = remedy or (
            "Use the output of its layer; set trainable=False where it is not "
            "to train."
        )
    else:
        kind = "gradient_zero"
        cause = cause or (
            "Its gradient is zero on these data: it stays as it is."
        )
        remedy = remedy or (
            "See whether the layers after it are saturated or dead (ReLU "
            "below 0, a step, a clip), or its output is multiplied by 0; scale "
            "the inputs, or take a smaller learning rate."
        )
    exam.add(
        kind,
        "error",
        _blame.where(where, found),
        cause,
        remedy=remedy,
        remedy_r=found.remedy_r,
    )


def _examine(exam, path, gradient, largest):
    """Whether a variable has a gradient; one that is bad is written down."""
    where = f"variable {path}"
    if gradient is None:
        return False
    if not np.all(np.isfinite(gradient)):
        return True
    size = np.max(np.abs(gradient), initial=0.0)
    if size <= ZERO * largest:
        return False
    # A column of a kernel is that of a unit.
    if gradient.ndim < 2 or gradient.shape[-1] < 2:
        return True
    flat = np.abs(gradient).reshape(-1, gradient.shape[-1])
    dead = np.mean(np.max(flat, 0) <= 1e-9 * size)
    if dead > DEAD_SHARE:
        exam.add(
            "gradient_partly_zero",
            "warning",
            where,
            f"{dead:.0%} of its units get a gradient of zero on these data: "
            "they are dead, or saturated.",
            remedy="Use leaky_relu or gelu, a smaller learning rate, or "
            "normalised inputs.",
        )
    return True
