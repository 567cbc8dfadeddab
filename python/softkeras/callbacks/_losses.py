"""The losses that a model is trained with."""

from __future__ import annotations

import keras

from softkeras.losses import _terms


def losses_of(model) -> list:
    """The losses that a model is compiled with, and those they are made of."""
    given = keras.tree.flatten(getattr(model, "loss", None))
    return [part for loss in given for part in _terms.walk(loss)]
