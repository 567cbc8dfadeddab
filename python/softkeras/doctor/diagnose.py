"""diagnose: why does this loss, activation or model not train?"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from softkeras.doctor import (
    _curve,
    _layouts,
    _prepared,
    _probes,
    _run,
    _subject,
    _untouched,
)
from softkeras.doctor._checks import (
    batches,
    derivative,
    direction,
    finite,
    gradients,
    modes,
    precision,
    repeats,
    rows,
    shapes,
    variables,
    weights,
)
from softkeras.doctor._checks import data as data_check
from softkeras.doctor._examination import Examination
from softkeras.doctor.report import Report

__all__ = ["diagnose"]


def diagnose(
    target: Any, *data: Any, domain: str | None = None, seed: int = 0
) -> Report:
    """Says why a loss, an activation, a metric, a layer or a model won't train.

    It runs what it is given on many inputs and compares: with finite
    differences, with the same in a graph and compiled, with other rows, labels
    and weights. It trains nothing, and leaves variables, seeds and generators
    as they were. What has no weights yet gets them, as by its first call.

    Formula: none; each finding says what was measured. Its kinds are
    `gradient_none`, `gradient_zero`, `gradient_partly_none` (a term of the
    loss has none), `gradient_partly_zero`, `gradient_not_finite`,
    `gradient_wrong` (by finite differences), `straight_through`,
    `value_not_finite`, `one_class_batch`, `empty_batch`, `wrong_direction`
    (steps lead away from the labels), `unused_prediction`, `unused_target`,
    `logits_mixed_up`, `wrong_shape`, `wrong_axis`, `broadcasts` ((n,) with
    (n, 1)), `mixes_samples`, `sample_weight_ignored`, `mask_ignored`,
    `sum_not_mean`, `batch_not_mean`, `modes_differ`, `fails`, `float16` and
    `random`.

    Gradient: that of the loss for `y_pred`, of an activation or a layer for its
    input, of a layer and of a model for the variables too. Where it is None,
    zero, NaN or infinite, the operation is named that makes it so and, as far
    as the backend knows it, the line of code.

    Args:
        target: A function of `y_true` and `y_pred`, a loss or its name; a
            function of one tensor, an activation or its name; a metric, a
            layer, a compiled model.
        data: For a loss or a metric `y_true`, `y_pred` and, if there are any,
            sample weights; for an activation or a layer `x`; for a model `x`,
            `y` and sample weights, as for `fit()`: arrays, tensors or lists
            of numbers, of which the first 64 rows are looked at. Without data
            they are made, for labels of the forms that the loss takes.
        domain: What predictions or inputs can be: `"probability"` (0 to 1, both
            included), `"logit"` or `"real"` (of any size) or `"positive"`.
            Default: that of a known loss or of the data; else probabilities
            for a loss, real numbers for an activation.
        seed: Of the random inputs.

    Returns:
        A `Report`: print it, or read its `findings`.

    Raises:
        ValueError: for what can't be examined, such as an unknown name or a
            model that is not compiled. What the target itself raises is a
            finding.

    Reference: keras issues 17682, for a warning where a custom loss has no
    gradient, and 10321; Baydin et al., https://arxiv.org/abs/1502.05767, on
    what automatic differentiation can and cannot see.

    Example:

    >>> import softkeras
    >>> from keras import ops
    >>> def precision_loss(y_true, y_pred):
    ...     called = ops.round(y_pred)
    ...     return 1 - ops.sum(y_true * called) / (ops.sum(called) + 1e-7)
    >>> report = softkeras.diagnose(precision_loss)
    >>> report.errors[0].title in ("no gradient", "gradient is zero")
    True
    >>> softkeras.diagnose(softkeras.losses.SoftPrecision()).errors
    ()
    """
    if domain is not None and domain not in _probes.DOMAIN_WORDS:
        raise ValueError(
            f"`domain` must be one of {_probes.DOMAIN_WORDS} or None. "
            f"Received: domain={domain!r}"
        )
    domain = "real" if domain == "logit" else domain
    with _untouched.generators(), _untouched.quiet():
        subject = _prepared.subject_of(target, data)
        if subject.kind == "model":
            return _report(*_of_model(subject, domain, seed))
        exam = _prepared.prepare(subject, data, domain, seed)
        _check(exam)
        return _report(exam)


def _check(exam):
    name = exam.usual()[0]
    if not data_check.check(exam):
        return
    if exam.subject.differentiable(exam.arrays(name)[0]):
        if modes.settle(exam):
            _check_gradients(exam)
        shapes.check(exam)
    elif (error := exam.value(name).error) is not None:
        modes.fails(exam, name, error)
    if exam.subject.kind == "layer" and not exam.found("fails"):
        values, x = exam.subject.values(), exam.arrays(name)[0]
        variables.check(
            exam, lambda: _subject.weighted_sum(values(_run.tensor(x)))
        )


def _check_gradients(exam):
    repeats.check(exam)
    gradients.check(exam)
    finite.check(exam)
    _check_other_layouts(exam)
    if not exam.found("random"):
        modes.check(exam)
        derivative.check(exam)
        direction.check(exam)
        _check_rows(exam)
    precision.check(exam)


def _check_other_layouts(exam):
    """Looks for NaN with labels of other forms, where they are not known."""
    if exam.layout is None or exam.layout.known or exam.found(*finite.KINDS):
        return
    for layout in _layouts.guesses()[:2]:
        if layout.form == exam.layout.form:
            continue
        probes = _probes.for_loss(layout, exam.seed)
        other = Examination(exam.subject, probes, layout, exam.seed)
        if other.outcome("random").error is None:
            finite.check(other)
            exam.take_over(other, "", finite.KINDS, "warning")


def _check_rows(exam):
    weights.check(exam)
    batches.check(exam)
    if exam.subject.kind != "layer":
        rows.check(exam)
        return
    # In training a BatchNormalization mixes rows, as it is meant to.
    subject = _subject.LayerSubject(
        exam.subject.target, exam.subject.name, training=False
    )
    calm = Examination(subject, exam.probes, seed=exam.seed, given=exam.given)
    rows.check(calm)
    exam.take_over(calm, "")


def _of_model(subject, domain, seed):
    """A model is examined by its losses on its outputs, and its variables.

    Returns the examination, and that of the first loss, to be drawn.
    """
    exam = Examination(subject, {}, seed=seed)
    try:
        exam.restore()
        predicted = subject.predict()
    except Exception as error:
        modes.fails(exam, "yours", error)
        return exam, exam
    finally:
        exam.restore()
    scale, drawn = 0.0, None
    if not data_check.check_model(exam, subject, predicted):
        return exam, exam
    for output, loss, data in subject.parts(predicted):
        inner = _prepared.prepare(
            _prepared.subject_of(loss, data), data, domain, seed
        )
        _check(inner)
        of = f"output {output}, " if output else ""
        exam.take_over(inner, f"{of}loss {inner.subject.name}, ")
        gradient = inner.outcome("yours").gradient
        if gradient is not None and np.all(np.isfinite(gradient)):
            scale = max(scale, float(np.max(np.abs(gradient))))
        _one_unit(exam, subject.target, data[1])
        drawn = drawn or inner
    variables.check(exam, subject.loss, scale)
    return exam, drawn or exam


def _one_unit(exam, model, y_pred):
    """Finds a softmax over one unit, which is 1 whatever goes in."""
    last = getattr(model, "layers", [None])[-1]
    softmax = getattr(last, "activation", None) is keras.activations.softmax
    if softmax and y_pred.shape[-1] == 1:
        exam.add(
            "gradient_zero",
            "error",
            f"layer {last.name}",
            "It is a softmax over one unit, which is 1 whatever goes in.",
            remedy="activation='sigmoid', or two units and class ids.",
        )


def _report(exam, drawn=None):
    return Report(
        subject=exam.subject.name,
        kind=exam.subject.kind,
        findings=exam.sorted_findings(),
        checks=exam.checks,
        probes=exam.probes,
        curve=_curve.curve(drawn or exam),
        environment={
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
        seed=exam.seed,
    )
