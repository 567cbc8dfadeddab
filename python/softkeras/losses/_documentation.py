"""What the docstrings of the losses of counts have in common."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import NamedTuple, TypedDict

from softkeras._types import DTypeLike, T
from softkeras.steps import StepLike

# The arguments that all of them have, in the words that all of them use.
LABEL_ARGUMENTS = """\
        labels: The numbers that stand for a negative and a positive label,
            such as (-1, 1).
        sparse: Whether `y_true` holds ids of classes from 0 on, of the shape
            of `y_pred` without its last axis.
        ignore_class: Labels of this number count nowhere: elements, or with
            `sparse` rows."""
DECISION_ARGUMENTS = (
    """\
        average: `"macro"` for the mean over classes, `"weighted"` for that
            mean weighted by how often each class occurs, `"micro"` for the
            score of all counts in one, `"samples"` for the mean over samples,
            `None` for one loss a class.
        empty: What a class, sample or batch does in which the score has no
            meaning, because even the right decisions have none, as precision
            without a positive label: `"skip"` leaves the mean (nothing left:
            loss and gradient are exactly 0), `"one"` counts as perfect,
            `"zero"` as worthless. With step="hard" that goes for a score of
            0/0 instead, as in scikit-learn.
        step: The shape of the soft threshold: `"sigmoid"`, `"softsign"`,
            `"ramp"`, `"hard"`, a `softkeras.steps.Step`, or a callable.
        sharpness: If given, in place of the step's own: the slope of the step
            at the threshold, per unit of probability; infinite is hard.
        threshold: Where a probability becomes a 1, in (0, 1); `None` for the
            arg-max over the last axis.
        from_logits: Whether `y_pred` holds logits.
"""
    + LABEL_ARGUMENTS
)
DATA_ARGUMENTS = """\
        y_true: Labels from 0 to 1 (numbers or booleans), of the shape of
            `y_pred`; (n,) and (n, 1) go together.
        y_pred: Probabilities, or logits: floats of shape (n,) or
            (n, ..., classes)."""
WEIGHT_ARGUMENTS = """\
        sample_weight: Weights >= 0, of the shape of the leading axes of
            `y_pred` or one that broadcasts to it. They go into the counts: a
            sample of weight 2 is the same as two samples.
        mask: Booleans of such a shape; elements where it is false count
            nowhere."""
LOSS_ARGUMENTS = """\
        reduction: For `average=None`: `"sum_over_batch_size"` is the mean
            over classes (a skipped one adds 0), `"sum"` their sum, `"none"`
            one loss a class. A loss that is one number has nothing to reduce.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx. Counts of narrower
            predictions are accumulated in float32."""
MOMENTUM_ARGUMENT = """\
        momentum: From 0 to below 1: how much of the counts of earlier batches
            is kept. Above 0 the loss is that of c̄, the mean of the counts of
            this batch and of earlier ones, the one i batches ago with weight
            momentum^i, and its gradient Σ ∂loss/∂c̄·∂c/∂p, with c those of this
            batch: for small batches in which a class is rare. Only training
            changes c̄; `evaluate()` shows the loss of each batch alone. Needs
            TensorFlow or torch, and an object for each output of each model;
            `reset()` forgets, and `get_state()` and `set_state()` keep c̄,
            which is not in the configuration."""
ERRORS = """\
        ValueError: for an argument that is not allowed, shapes that do not
            match, predictions that are not floats, labels or probabilities
            outside [0, 1] or negative weights; the message says what came and
            what is allowed.
            (In a graph that XLA or another backend compiles, values can't be
            looked at: there the loss is NaN instead.)"""


# The same of the losses of a confusion matrix.
CATEGORICAL_DECISION_ARGUMENTS = """\
        empty: What a batch does in which the score has no meaning, because even
            the right decisions have none, as a correlation where all labels
            are of one class: `"skip"` makes loss and gradient exactly 0,
            `"one"` counts as perfect, `"zero"` as worthless. With step="hard"
            that goes for a score of 0/0 instead.
        step: The shape of the soft arg-max: `"sigmoid"` for the softmax,
            `"hard"`, or a `softkeras.steps.Step` of these.
        sharpness: If given, in place of the step's own: s, by which the
            softmax takes the logits times; 1 leaves the probabilities what
            they are, infinite is hard.
        from_logits: Whether `y_pred` holds logits.
        sparse: Whether `y_true` holds ids of classes from 0 on, of the shape
            of `y_pred` without its last axis.
        ignore_class: With `sparse`, rows of this class count nowhere."""
CATEGORICAL_DATA_ARGUMENTS = """\
        y_true: Labels in the shape of `y_pred`: shares of the classes that add
            up to 1, such as one-hot rows; or class ids with `sparse`.
        y_pred: Probabilities of the classes along the last axis, or logits:
            floats of shape (n, ..., classes)."""
CATEGORICAL_WEIGHT_ARGUMENTS = """\
        sample_weight: Weights >= 0 of rows, of the shape of the leading axes
            of `y_pred`, its last axis excepted, or one that broadcasts to it.
            They go into the matrix: a row of weight 2 is the same as two rows.
        mask: Booleans of such a shape; rows where it is false count nowhere."""
CATEGORICAL_LOSS_ARGUMENTS = """\
        reduction: As in Keras; the loss is one number, so there is nothing to
            reduce.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx. Sums over narrower
            predictions are accumulated in float32."""
CATEGORICAL_ERRORS = """\
        ValueError: for an argument that is not allowed, shapes that do not
            match, predictions that are not floats, labels that do not add up
            to 1 or are no class, probabilities outside [0, 1] or negative
            weights; the message says what came and what is allowed.
            (In a graph that XLA or another backend compiles, values can't be
            looked at: there the loss is NaN instead.)"""


class Decision(TypedDict, total=False):
    """The keyword arguments of the named functions, for type checkers."""

    average: str | None
    empty: str
    step: StepLike
    sharpness: float | None
    threshold: float | None
    from_logits: bool
    labels: tuple[float, float]
    sparse: bool
    ignore_class: int | None


class LossOptions(Decision, total=False):
    """The same of the named classes."""

    momentum: float
    reduction: str | None
    dtype: DTypeLike


class CategoricalDecision(TypedDict, total=False):
    """The keyword arguments of the named functions of a confusion matrix."""

    empty: str
    step: StepLike
    sharpness: float | None
    from_logits: bool
    sparse: bool
    ignore_class: int | None


class CategoricalLossOptions(CategoricalDecision, total=False):
    """The same of the named classes."""

    reduction: str | None
    dtype: DTypeLike


class Family(NamedTuple):
    """What the docstrings of one family of losses have in common."""

    texts: dict[str, str]  # of shared arguments, by their key
    sums: str  # what the formula is made of
    chain: str  # the gradient, if there is no more to say
    returns: str
    values: str  # the data of the example
    outputs: int  # of the model of the example


def fill(thing, key: str, text: str) -> None:
    """Puts a text in place of the line `key` of a docstring.

    It is indented as that line is: from Python 3.13 on, the indent that the
    lines of a docstring have in common is gone.
    """
    thing.__doc__ = re.sub(
        rf"^( *){re.escape(key)}$",
        lambda line: textwrap.indent(textwrap.dedent(text), line[1]),
        thing.__doc__,
        flags=re.MULTILINE,
    )


def documented(thing: T, texts: dict[str, str] | None = None) -> T:
    """Fills the shared arguments into a docstring."""
    for key, text in (texts or BINARY.texts).items():
        fill(thing, key, text)
    return thing


BINARY = Family(
    {
        "{data}": DATA_ARGUMENTS,
        "{weights}": WEIGHT_ARGUMENTS,
        "{decision}": DECISION_ARGUMENTS,
        "{loss}": f"{MOMENTUM_ARGUMENT}\n{LOSS_ARGUMENTS}",
        "{errors}": ERRORS,
    },
    """\
    Here d is the step's decision on `y_pred`, tp = Σ w·min(y, d), which is
    Σ w·y·d for labels 0 and 1, fp = Σ w·d - tp, fn = Σ w·y - tp, and tn what is
    left of Σ w.""",
    """\
    Gradient: that of `softkeras.scores.{score}` by the chain rule, with
    ∂tp/∂p = w·y·F'(p) and ∂fp/∂p = w·(1 - y)·F'(p), of fn and tn the negatives;
    F' is the density of the step.""",
    "The loss, a scalar; with `average=None` one a class.",
    """\
    >>> y_true = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    >>> y_pred = [0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.1, 0.1]""",
    1,
)
CATEGORICAL = Family(
    {
        "{data}": CATEGORICAL_DATA_ARGUMENTS,
        "{weights}": CATEGORICAL_WEIGHT_ARGUMENTS,
        "{decision}": CATEGORICAL_DECISION_ARGUMENTS,
        "{loss}": CATEGORICAL_LOSS_ARGUMENTS,
        "{errors}": CATEGORICAL_ERRORS,
    },
    """\
    Here m = `softkeras.soft_confusion_matrix` of the batch: mᵢⱼ = Σ w·yᵢ·dⱼ for
    labels of one class, with d the softmax of s·logits; tᵢ = Σⱼ mᵢⱼ,
    cⱼ = Σᵢ mᵢⱼ, and n the sum of m.""",
    """\
    Gradient: that of `softkeras.scores.{score}` by the chain
    rule, with ∂mᵢⱼ/∂xₖ = w·yᵢ·s·dⱼ·([j = k] - dₖ) in the logits x.""",
    "The loss, a scalar.",
    """\
    >>> y_true = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    >>> y_pred = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1],
    ...           [0.1, 0.3, 0.6]]""",
    3,
)


class LossText(NamedTuple):
    """What the docstrings of a function and its class have in common."""

    formula: str  # and gradient
    arguments: str  # of the score
    reference: str
    example: float  # the loss of the example with hard decisions
    needed: dict[str, str] | None = None  # arguments of the example, as code
    family: Family = BINARY


def loss_text(function, score, example, needed=None, family=BINARY) -> LossText:
    """Reads the docstring of a loss's function and the one of its score.

    Args:
        function: Its docstring has a first line, a Formula, Args of the score,
            if there are any, and a Gradient, if there is more to say than the
            chain rule.
        score: Its Reference is taken over.
        example: The loss of the example with hard decisions.
        needed: Arguments without which it can't be called, as code.
        family: Of which it is.
    """
    own = _sections(function)
    gradient = own.get("Gradient", family.chain.format(score=score.__name__))
    return LossText(
        f"{own['Formula']}.\n{family.sums}\n\n{gradient}",
        own.get("Args", "").partition("\n")[2],
        _sections(score)["Reference"],
        example,
        needed,
        family,
    )


def _docstring(thing) -> str:
    return inspect.getdoc(thing) or ""


def _sections(thing) -> dict[str, str]:
    """The sections of a docstring by their first word, indented."""
    paragraphs = _docstring(thing).split("\n\n")
    return {
        text.split(":")[0]: textwrap.indent(text, "    ") for text in paragraphs
    }


def function_docstring(function, text: LossText) -> str:
    name, needed = function.__name__, _needed(text)
    lines = [
        _docstring(function).split("\n")[0],
        "",
        text.formula,
        "",
        "    Args:",
        "        {data}",
        "        {weights}",
        *filter(None, [text.arguments]),
        "        {decision}",
        "",
        "    Returns:",
        f"        {text.family.returns}",
        "",
        "    Raises:",
        "        {errors}",
        "",
        text.reference,
        "",
        "    Example:",
        "",
        f"    >>> from softkeras.losses import {name}",
        text.family.values,
        *_definitions(text),
        f"    >>> loss = {name}(y_true, y_pred, {needed}step='hard')",
        "    >>> round(float(loss), 4)",
        f"    {text.example}",
        "    ",
    ]
    return "\n".join(lines)


def _needed(text):
    """The arguments that the example can't do without."""
    return "".join(f"{name}={name}, " for name in text.needed or {})


def _definitions(text):
    return [
        f"    >>> {name} = {code}" for name, code in (text.needed or {}).items()
    ]


def class_docstring(cls, function, text: LossText) -> str:
    name, needed = cls.__name__, _needed(text)
    lines = [
        cls.__doc__,
        "",
        text.formula,
        "",
        "    Args:",
        *filter(None, [text.arguments]),
        "        {decision}",
        "        {loss}",
        "",
        "    Call arguments: `y_true`, `y_pred` and `sample_weight` as in",
        f"    `{function.__name__}`; the mask is the one that Keras attached",
        "    to `y_pred`.",
        "",
        "    Returns:",
        "        A loss for `compile()`; called, a scalar (see `reduction`).",
        "",
        "    Raises:",
        "        {errors}",
        "",
        text.reference,
        "",
        "    Example:",
        "",
        "    >>> import keras",
        f"    >>> from softkeras.losses import {name}",
        *_definitions(text),
        (
            "    >>> model = keras.Sequential("
            f"[keras.layers.Dense({text.family.outputs})])"
        ),
        f"    >>> loss = {name}({needed}from_logits=True)",
        '    >>> model.compile(optimizer="adam", loss=loss)',
        text.family.values,
        f"    >>> loss = {name}({needed}step='hard')",
        "    >>> round(float(loss(y_true, y_pred)), 4)",
        f"    {text.example}",
        "    ",
    ]
    return "\n".join(lines)


def show_arguments(function, template):
    """Shows the keyword arguments of `template` in a function's signature."""
    signature = inspect.signature(function)
    own = dict(signature.parameters)
    own.popitem()  # **options
    shared = {
        name: own.pop(name, parameter)
        for name, parameter in inspect.signature(template).parameters.items()
        if parameter.kind == parameter.KEYWORD_ONLY
    }
    function.__signature__ = signature.replace(
        parameters=[*own.values(), *shared.values()]
    )
