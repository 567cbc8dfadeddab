"""diagnose: why does this loss, activation or model not train?"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from softkeras.doctor import _curve, _layouts, _probes, _subject
from softkeras.doctor._checks import (
    derivative,
    direction,
    finite,
    gradients,
    modes,
    precision,
)
from softkeras.doctor._examination import Examination
from softkeras.doctor.report import Report

__all__ = ["diagnose"]


def diagnose(
    target: Any, *data: Any, domain: str | None = None, seed: int = 0
) -> Report:
    """Says why a loss, an activation, a metric, a layer or a model fails."""
    subject = _subject_of(target, data)
    exam = _prepare(subject, data, domain, seed)
    if exam.outcome(exam.usual()[0]).error is None:
        gradients.check(exam)
        finite.check(exam)
        derivative.check(exam)
        direction.check(exam)
        modes.check(exam)
        precision.check(exam)
    return _report(exam)


def _subject_of(target, data):
    if isinstance(target, str):
        target = (
            keras.losses.get(target)
            if _layouts.is_loss_name(target)
            else keras.activations.get(target)
        )
    name = _subject.name_of(target)
    if isinstance(target, keras.metrics.Metric):
        return _subject.MetricSubject(target, name)
    if isinstance(target, keras.losses.Loss):
        return _subject.LossSubject(target, name)
    if len(data) == 2 or (not data and _subject.arity(target) == 2):
        return _subject.LossSubject(target, name)
    return _subject.ActivationSubject(target, name)


def _prepare(subject, data, domain, seed):
    if subject.kind == "activation":
        probes = _probes.for_activation(seed)
        return Examination(subject, probes, seed=seed)
    layout = _layouts.known(subject.target)
    if layout is not None:
        return Examination(
            subject, _probes.for_loss(layout, seed), layout, seed
        )
    exams = []
    for layout in _layouts.guesses():
        probes = _probes.for_loss(layout, seed)
        exam = Examination(subject, probes, layout, seed)
        made = exam.outcome("random")
        if made.error is None:
            exams.append(exam)
        if (
            made.error is None
            and made.gradient is not None
            and np.any(made.gradient)
        ):
            return exam
    return exams[0] if exams else exam


def _report(exam):
    return Report(
        subject=exam.subject.name,
        kind=exam.subject.kind,
        findings=exam.sorted_findings(),
        checks=exam.checks,
        probes=exam.probes,
        curve=_curve.curve(exam),
        environment={
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
        seed=exam.seed,
    )
