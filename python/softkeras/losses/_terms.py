"""Losses that are parts of other losses: what may be one, and its config."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import keras

from softkeras import _checks

# The class by which compile() takes a function; Keras has no public name for
# it.
LossFunctionWrapper = keras.losses.MeanSquaredError.__bases__[0]


def get(name: str, identifier: Any) -> keras.losses.Loss:
    """The loss that an instance, a name, a function or a config stands for."""
    try:
        loss = keras.losses.get(identifier)
    except ValueError:
        if isinstance(identifier, dict):
            raise
        loss = None
    if loss is None:
        raise ValueError(
            f"`{name}` must hold losses: instances, names such as "
            "'binary_crossentropy', or functions of y_true and y_pred. "
            f"Received: {identifier!r}"
        )
    if isinstance(loss, keras.losses.Loss):
        return loss
    # A function of R is an object of a class of softkeras, and welcome.
    own = inspect.isfunction(loss) and loss.__module__.startswith("softkeras.")
    if own:
        raise ValueError(
            f"`{name}` holds the function {loss.__name__}, by which weights "
            "and masks would not reach the counts. Give an instance of its "
            "class, such as SoftFBeta() for soft_fbeta."
        )
    return LossFunctionWrapper(loss, name=getattr(loss, "__name__", "loss"))


def serialize(name: str, loss: keras.losses.Loss) -> Any:
    """What `get` makes the same loss of."""
    if type(loss) is not LossFunctionWrapper:
        return keras.saving.serialize_keras_object(loss)
    known = getattr(loss.fn, "__name__", "")
    if getattr(keras.losses, known, None) is loss.fn:
        return known
    return _checks.serializable(name, loss.fn)


def walk(loss: Any) -> Iterator[Any]:
    """A loss, and the losses that it is made of (its attribute `losses`)."""
    yield loss
    parts = getattr(loss, "losses", ())
    for part in parts if isinstance(parts, list) else ():
        yield from walk(part)


def single(name: str, values: list) -> None:
    """Makes sure that losses which are joined are of one shape."""
    shapes = [tuple(value.shape) for value in values]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"The losses of {name} must have results of one shape. Received: "
            f"results of shape {', '.join(map(str, shapes))}; leave "
            "`reduction` at its default in each of them."
        )
