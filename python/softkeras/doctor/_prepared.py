"""What is examined, and with which probes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from softkeras.doctor import _layouts, _probes, _run, _subject
from softkeras.doctor._checks import direction
from softkeras.doctor._examination import Examination

# Of a user's data; more rows would show little more, and take long.
MOST_ROWS = 64


def subject_of(target: Any, data: Sequence[Any]) -> _subject.Subject:
    """What a user gave, as what can be examined."""
    name = _subject.name_of(target)
    if isinstance(target, str):
        target = _named(target)
    if isinstance(target, keras.metrics.Metric):
        return _subject.MetricSubject(target, name)
    if isinstance(target, keras.losses.Loss):
        return _subject.LossSubject(target, name)
    if isinstance(target, keras.Model) and len(data) > 1:
        if not target.compiled:
            raise ValueError(
                "A model must be compiled with its loss to be examined on "
                f"labels. Received: the model {name!r}, not compiled; call "
                "compile(), or give x alone."
            )
        return _subject.ModelSubject(target, name, _structures(data))
    if isinstance(target, keras.Layer):
        return _subject.LayerSubject(_built(target, data), name)
    if not callable(target) or isinstance(target, type):
        raise ValueError(
            "`target` must be a loss, an activation, a metric, a layer, a "
            "model, a function of them, or the name of a loss or an "
            f"activation. Received: {target!r}"
        )
    arity = _subject.arity(target)
    if len(data) > 1 or (not data and arity == 2):
        return _subject.LossSubject(target, name)
    if not data and arity not in (1, None):
        raise ValueError(
            "A function must take one tensor, as an activation does, or two, "
            f"y_true and y_pred, as a loss does. Received: {name} with {arity} "
            "arguments without a default; wrap it in a function that has "
            "them set."
        )
    return _subject.ActivationSubject(target, name)


def _named(name):
    for module in (keras.losses, keras.activations):
        try:
            found = module.get(name)
        except ValueError:
            continue
        if found is not None:
            return found
    raise ValueError(
        "`target` must be the name of a loss or an activation of Keras, such "
        f"as 'binary_crossentropy' or 'relu', or the thing itself. Received: "
        f"{name!r}"
    )


def _built(layer, data):
    """The layer, or a copy with weights where it has none yet.

    A layer that can't be copied by its configuration gets its weights, as by
    its first call.
    """
    if layer.built:
        return layer
    x = np.zeros((1, _probes.CLASSES), "float32")
    if data:
        (x,) = _arrays(data[:1], ("x",))
    # Each layer has a reason of its own for which it has no configuration.
    with contextlib.suppress(Exception):
        layer = type(layer).from_config(layer.get_config())
    layer(_run.tensor(_run.floats(x)))
    return layer


def _structures(data):
    """The first rows of what fit() takes: arrays, lists or dictionaries."""

    def rows(x):
        x = _run.array(x)
        return _run.floats(x[:MOST_ROWS])

    return [
        None if each is None else keras.tree.map_structure(rows, each)
        for each in data
    ]


def _arrays(data, names):
    """Arrays of a user's data, floats where they are booleans."""
    arrays = []
    for name, each in zip(names, data):
        if each is None and name != "sample_weight":
            raise ValueError(f"`{name}` is None. Give an array, or no data.")
        arrays.append(None if each is None else _array(name, each))
    counts = {len(x) for x in arrays if x is not None}
    if len(counts) > 1:
        shapes = [x.shape for x in arrays if x is not None]
        raise ValueError(
            "All data must have as many rows. Received: "
            f"{', '.join(names[: len(data)])} of shapes {shapes}"
        )
    return arrays


def _array(name, x):
    if not keras.ops.is_tensor(x) and isinstance(x, (list, tuple)):
        x = [_run.array(each) for each in x]
    try:
        x = np.asarray(_run.array(x))
    except ValueError:
        x = np.asarray(None)
    if x.dtype.kind not in "fiub" or not x.ndim or not len(x):
        raise ValueError(
            f"`{name}` must be an array of numbers with one row or more, such "
            f"as a batch of what fit() gets. Received: {type(x).__name__} of "
            f"{x.dtype}, shape {x.shape}"
        )
    x = x[:MOST_ROWS]
    return x.astype("float32") if x.dtype.kind == "b" else x


def prepare(
    subject: _subject.Subject,
    data: Sequence[Any],
    domain: str | None,
    seed: int,
) -> Examination:
    """A subject with its probes: a user's data, or made for it."""
    if "y_pred" in subject.arguments:
        return _prepare_loss(subject, data, domain, seed)
    if len(data) > 1:
        raise ValueError(
            f"A {subject.kind} is examined on one input. Received: "
            f"{len(data)} arrays."
        )
    if data:
        (x,) = _arrays(data, ("x",))
        probes = _probes.for_input(_run.floats(x))
    else:
        probes = _probes.for_activation(seed, domain or "real")
        shape = _subject.input_shape(subject.target)
        if shape is not None:
            rng = np.random.default_rng(seed)
            probes = _probes.for_input(rng.normal(size=shape).astype("f4"))
    return Examination(subject, probes, seed=seed, given="yours" in probes)


def _prepare_loss(subject, data, domain, seed):
    if data:
        names = ("y_true", "y_pred", "sample_weight")
        if not 2 <= len(data) <= 3:
            raise ValueError(
                f"A {subject.kind} is examined on y_true, y_pred and, if there "
                f"are any, sample weights. Received: {len(data)} arrays."
            )
        arrays = _arrays(data, names)
        yours = {name: x for name, x in zip(names, arrays) if x is not None}
        yours["y_pred"] = _run.floats(yours["y_pred"])
        layout = _layouts.of_data(yours["y_true"], yours["y_pred"], domain)
        probes = _probes.for_loss(layout, seed, given=yours)
        return Examination(subject, probes, layout, seed, given=True)
    known = _layouts.known(subject.target, domain)
    if known is not None:
        probes = _probes.for_loss(known, seed)
        return Examination(subject, probes, known, seed)
    return _guess(subject, domain, seed)


def _guess(subject, domain, seed):
    """The layout in which a loss does the most of what a loss does.

    It runs, changes with the predictions and with the labels, and has a
    gradient: on a single column, say, a softmax does not.
    """
    best, most = None, -1
    for layout in _layouts.guesses(domain):
        probes = _probes.for_loss(layout, seed)
        exam = Examination(subject, probes, layout, seed)
        made = exam.outcome("random")
        good = 0
        if made.error is None:
            trains = made.gradient is not None and np.any(made.gradient)
            moves = exam.spread() > 0
            good = 1 + trains + moves + direction.uses_labels(exam)
        if good > most:
            best, most = exam, good
        if good == 4:
            break
    return _with_logits(best)


def _with_logits(exam):
    """The examination, also far out if the loss may be one of logits."""
    layout = exam.layout
    if layout.domain != "probability" or layout.known:
        return exam
    if exam.outcome("random").error is not None:
        return exam
    y_true = exam.probes["random"]["y_true"]
    x = np.random.default_rng(exam.seed).normal(
        0, 2, exam.probes["random"]["y_pred"].shape
    )
    if exam.outcome({"y_true": y_true, "y_pred": x}).is_finite:
        exam.probes |= _probes.far(layout, y_true)
    return exam
