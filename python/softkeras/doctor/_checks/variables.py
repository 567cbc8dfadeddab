"""Whether the variables of a layer or a model get a gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from softkeras.doctor import _blame, _run
from softkeras.doctor._examination import Examination

# Share of a bias's or kernel's units that may get none, as units of ReLU do.
DEAD_SHARE = 0.5
ZERO = 1e-12


def check(exam: Examination, function: Callable) -> None:
    """Finds trainable variables without a gradient, or with a bad one.

    Args:
        exam: Where findings are written down.
        function: Without arguments; its result is what is trained on.
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
    before = len(exam.findings)
    if all(gradient is None for gradient in gradients):
        found = _blame.variable(exam, function, variables[-1])
        names = f"all {len(variables)} trainable variables"
        if len(variables) == 1:
            names = variables[0].path
        _untrained(exam, names, True, found)
        return
    for variable, gradient in zip(variables, gradients):
        if not _examine(exam, variable.path, gradient, largest):
            found = _blame.variable(exam, function, variable)
            _untrained(exam, variable.path, gradient is None, found)
    if len(exam.findings) == before:
        exam.fine(
            f"all {len(variables)} trainable variables get a finite gradient"
        )


def _untrained(exam, path, is_none, found):
    """Writes down a variable whose gradient is None, or zero throughout."""
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
        _blame.where(f"variable {path}", found),
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
        share = np.mean(~np.isfinite(gradient))
        exam.add(
            "gradient_not_finite",
            "error",
            where,
            f"{share:.0%} of its gradient is NaN or infinite: one such step, "
            "and the weights are lost.",
            remedy="Diagnose the loss and the activations by themselves with "
            "these data: diagnose(loss, y, model.predict(x)).",
        )
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
