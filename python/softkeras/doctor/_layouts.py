"""What labels and predictions a loss is for: known, or found by trying."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from softkeras import _options
from softkeras.doctor._probes import CLASSES, Layout

# Losses of Keras by the names of their functions. Logits are real numbers.
_KERAS = {
    "mean_squared_error": ("real", "real"),
    "mean_absolute_error": ("real", "real"),
    "mean_absolute_percentage_error": ("real", "real"),
    "mean_squared_logarithmic_error": ("real", "positive"),
    "cosine_similarity": ("one_hot", "real"),
    "huber": ("real", "real"),
    "log_cosh": ("real", "real"),
    "hinge": ("binary", "real"),
    "squared_hinge": ("binary", "real"),
    "categorical_hinge": ("one_hot", "real"),
    "kl_divergence": ("one_hot", "probability"),
    "poisson": ("real", "positive"),
    "categorical_crossentropy": ("one_hot", "probability"),
    "categorical_focal_crossentropy": ("one_hot", "probability"),
    "categorical_generalized_cross_entropy": ("ids", "probability"),
    "sparse_categorical_crossentropy": ("ids", "probability"),
    "binary_crossentropy": ("binary", "probability"),
    "binary_focal_crossentropy": ("binary", "probability"),
    "dice": ("labels", "probability"),
    "tversky": ("labels", "probability"),
}


_GUESSED = {"real": "real"}


def known(loss: Any, domain: str | None = None) -> Layout | None:
    """The layout of a loss of Keras or of softkeras, else None."""
    layout = _known(loss)
    if layout is None or domain is None:
        return layout
    return dataclasses.replace(layout, domain=domain)


def _known(loss):
    arguments = getattr(loss, "_fn_kwargs", {})
    name = getattr(getattr(loss, "fn", loss), "__name__", "")
    if name in _KERAS and _is_of_keras(getattr(loss, "fn", loss)):
        form, domain = _KERAS[name]
        if arguments.get("from_logits"):
            domain = "real"
        return Layout(form, domain, known=True)
    if type(loss).__module__.startswith("softkeras.losses"):
        return _of_softkeras(loss)
    return None


def _is_of_keras(function):
    return getattr(function, "__module__", "").startswith("keras.")


def _of_softkeras(loss):
    try:
        given = {k: v["value"] for k, v in _options.options(loss).items()}
    except (AttributeError, TypeError, ValueError):
        return None
    form = "binary"
    name = type(loss).__name__
    if given.get("sparse"):
        form = "ids"
    elif name in ("SoftNDCG", "SoftPrecisionAtK"):
        form = "labels"
    elif (
        name in ("SoftTopKAccuracy", "SoftMeanIoU", "ConfusionLoss")
        or "Categorical" in name
        or given.get("threshold", 0) is (None)
    ):
        form = "one_hot"
    domain = "real" if given.get("from_logits") else "probability"
    # With as many classes as there are places, all are at the top.
    k = given.get("k")
    classes = k + 3 if isinstance(k, int) else CLASSES
    return Layout(form, domain, known=True, classes=classes)


def of_data(y_true: Any, y_pred: Any, domain: str | None = None) -> Layout:
    """The layout that a user's labels and predictions have."""
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if domain is None:
        domain = "real"
        if y_pred.size and y_pred.min() >= 0:
            domain = "probability" if y_pred.max() <= 1 else "positive"
    classes = y_pred.shape[-1] if y_pred.ndim > 1 else 1
    of_rows = y_true.size and y_true.size * classes == y_pred.size
    if classes > 1 and of_rows and y_true.dtype.kind in "iub":
        form = "ids"
    elif y_true.size and np.isin(y_true, (-1, 1)).all():
        form = "signs"
    elif y_true.size and not np.isin(y_true, (0, 1)).all():
        of_one = classes > 1 and np.allclose(np.sum(y_true, -1), 1, atol=1e-3)
        form = "distribution" if of_one and y_true.min() >= 0 else "real"
    elif classes == 1:
        form = "binary"
    else:
        one = np.all(np.sum(y_true, -1) == 1)
        form = "one_hot" if one else "labels"
    return Layout(form, domain, known=True)


def guesses(domain: str | None = None) -> list[Layout]:
    """What is tried in turn for a function of which nothing is known."""
    forms = ("binary", "one_hot", "ids", "real", "image")
    return [
        Layout(form, domain or _GUESSED.get(form, "probability"), bool(domain))
        for form in forms
    ]
