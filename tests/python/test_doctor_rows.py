"""What the doctor says of rows, weights, shapes and batches."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest
from keras import ops

import softkeras.losses
from softkeras.doctor import _layouts, _probes, diagnose
from softkeras.doctor._checks import batches, rows, shapes, weights
from softkeras.doctor._examination import Examination

CHECKS = (shapes, rows, weights, batches)
# What is true of every loss that is one number for the batch.
OF_SCALARS = {
    "batch_not_mean",
    "empty_batch",
    "mask_ignored",
    "sample_weight_ignored",
}


def examine(target, *data):
    """An examination by these checks alone."""
    if data:
        exam = given(target, *data)
    else:
        module = inspect.getmodule(diagnose)
        subject = module._subject_of(target, ())
        exam = module._prepare(subject, (), None, 0)
    made = exam.outcome(exam.usual()[0])
    assert made.error is None, made.error
    for module in CHECKS:
        module.check(exam)
    return exam


def given(target, y_true, y_pred, **more):
    module = inspect.getmodule(diagnose)
    subject = module._subject_of(target, (y_true, y_pred))
    probe = {"y_true": y_true, "y_pred": y_pred, **more}
    layout = _layouts.of_data(y_true, y_pred)
    return Examination(subject, {"yours": probe}, layout, given=True)


def on(form, domain, target):
    """An examination with labels and predictions of a layout."""
    module = inspect.getmodule(diagnose)
    subject = module._subject_of(target, ())
    layout = _probes.Layout(form, domain)
    exam = Examination(subject, _probes.for_loss(layout), layout)
    for module in CHECKS:
        module.check(exam)
    return exam


def kinds(exam):
    return {(f.kind, f.severity) for f in exam.findings}


def squares(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def absolute(y_true, y_pred):
    return ops.abs(y_true - y_pred)


def logistic(y_true, y_pred):
    y_pred = ops.clip(y_pred, 1e-6, 1 - 1e-6)
    return -ops.mean(
        y_true * ops.log(y_pred) + (1 - y_true) * ops.log(1 - y_pred), -1
    )


def weighted_by_label(y_true, y_pred):
    return ops.mean(ops.where(y_true > 0.5, 5.0, 1.0) * squares_of(y_true, y_pred), -1)


def squares_of(y_true, y_pred):
    return ops.square(y_true - y_pred)
