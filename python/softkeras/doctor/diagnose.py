"""diagnose: why does this loss, activation or model not train?"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from softkeras.doctor import (
    _curve,
    _layouts,
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
from softkeras.doctor._examination import Examination
from softkeras.doctor.report import Report

__all__ = ["diagnose"]

# Of a user's data; more rows would show little more, and take long.
MOST_ROWS = 64


def diagnose(
    target: Any, *data: Any, domain: str | None = None, seed: int = 0
) -> Report:
    """Says why a loss, an activation, a metric, a layer or a model won't train.

    It runs what it is given on many inputs and compares: with finite
    differences, with the same in a graph and compiled, with other rows, labels
    and weights. It trains nothing, and leaves variables, seeds and generators
    as they were.

    Formula: none; each finding says what was measured. Its kinds are
    `gradient_none`, `gradient_zero`, `gradient_partly_none` (a term of the
    loss has none), `gradient_partly_zero`, `gradient_not_finite`,
    `gradient_wrong` (by finite differences), `straight_through`,
    `value_not_finite`, `one_class_batch`, `empty_batch`, `wrong_direction`
    (steps lead away from the labels), `unused_prediction`, `unused_target`,
    `wrong_shape`, `wrong_axis`, `broadcasts` ((n,) with (n, 1)),
    `mixes_samples`, `sample_weight_ignored`, `mask_ignored`, `sum_not_mean`,
    `batch_not_mean`, `modes_differ`, `fails`, `float16` and `random`.

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
            `y` and sample weights, as for `fit()`. The first 64 rows are
            looked at. Without data they are made, for labels of the forms
            that the loss takes.
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
    with _untouched.generators():
        subject = _subject_of(target, data)
        if subject.kind == "model":
            return _report(_of_model(subject, domain, seed))
        exam = _prepare(subject, data, domain, seed)
        _check(exam)
        return _report(exam)


def _check(exam):
    name = exam.usual()[0]
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
    """A model is examined by its loss on its predictions, and its variables."""
    exam = Examination(subject, {}, seed=seed)
    try:
        exam.restore()
        predicted = subject.predict()
    except Exception as error:
        modes.fails(exam, "yours", error)
        return exam
    finally:
        exam.restore()
    loss = subject.target.loss
    if any(
        isinstance(x, (list, tuple, dict)) for x in (predicted, subject.y, loss)
    ):
        exam.left_out(
            "the losses of several outputs; give them one by one: "
            "diagnose(loss, y, predictions)"
        )
    elif loss is not None:
        data = [subject.y, keras.ops.convert_to_numpy(predicted)]
        if subject.sample_weight is not None:
            data.append(subject.sample_weight)
        inner = _prepare(_subject_of(loss, data), data, domain, seed)
        _check(inner)
        exam.take_over(inner, f"loss {inner.subject.name}, ")
    variables.check(exam, subject.loss)
    return exam


def _subject_of(target, data):
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
        return _subject.ModelSubject(target, name, _first_rows(data))
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
    """The layer, or a copy with weights where it has none yet."""
    if layer.built:
        return layer
    twin = type(layer).from_config(layer.get_config())
    x = _first_rows(data)[0] if data else np.zeros((1, _probes.CLASSES), "f4")
    twin(_run.tensor(x))
    return twin


def _first_rows(data):
    return [
        None
        if each is None
        else keras.tree.map_structure(
            lambda x: np.asarray(_run.array(x))[:MOST_ROWS], each
        )
        for each in data
    ]


def _prepare(subject, data, domain, seed):
    data = _first_rows(data)
    if "y_pred" in subject.arguments:
        return _prepare_loss(subject, data, domain, seed)
    if len(data) > 1:
        raise ValueError(
            f"A {subject.kind} is examined on one input. Received: "
            f"{len(data)} arrays."
        )
    if data:
        probes = _probes.for_input(_run.floats(data[0]))
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
        yours = {name: x for name, x in zip(names, data) if x is not None}
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
