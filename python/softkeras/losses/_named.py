"""What makes a named loss of a score: a function and a class of few lines.

What is written of each in its file is what is its own; the decorators of a
`Maker` add what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras._types import Decorator
from softkeras.losses._documentation import (
    Family,
    LossText,
    class_docstring,
    documented,
    function_docstring,
    loss_text,
    show_arguments,
)

register: Decorator = keras.saving.register_keras_serializable("softkeras")


class Named:
    """A loss of a score whose class says which score it is."""

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        del config["score"]
        return config


class Maker:
    """Makes the functions and the classes of one family of losses.

    Args:
        function: The loss of any score of that family, whose keyword arguments
            all have.
        cls: Its class.
        family: What their docstrings have in common.
    """

    def __init__(self, function: Callable, cls: type, family: Family):
        self.function = function
        self.cls = cls
        self.family = family
        self.texts: dict[Callable, LossText] = {}

    def twin(
        self,
        score: Callable,
        example: float,
        needed: dict[str, str] | None = None,
    ) -> Decorator:
        """Decorator: a public function; arguments as of `loss_text`."""

        def decorate(function):
            text = loss_text(function, score, example, needed, self.family)
            function.__doc__ = function_docstring(function, text)
            show_arguments(function, self.function)
            self.texts[function] = text
            return register(documented(function, self.family.texts))

        return decorate

    def loss_class(self, function: Callable) -> Decorator:
        """Decorator: the public class of the loss of a function."""

        def decorate(cls):
            cls.__doc__ = class_docstring(cls, function, self.texts[function])
            show_arguments(cls.__init__, self.cls.__init__)
            return register(documented(cls, self.family.texts))

        return decorate
