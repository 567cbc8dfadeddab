"""Functions of another language, which a saved model keeps as their source."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Sequence
from keyword import iskeyword
from typing import Any

import keras

REST = "..."


@keras.saving.register_keras_serializable("softkeras")
class ForeignFunction:
    """A function that lives only as long as the session that wrote it.

    A model with it is saved and loads; what it was is then known by its source
    alone, and a call says so.

    Args:
        function: What is called, or `None` after loading.
        source: Its source, for whoever loads the model.
        name: What it is called in messages and histories.
        arguments: Names of its arguments, with a "=" behind those that have a
            default; "..." stands for any more.
        language: The language it is written in.
        remedy: What to do to train on, as said when it is called after loading.
    """

    def __init__(
        self,
        function: Callable | None,
        source: str,
        name: str,
        arguments: Sequence[str] = (REST,),
        language: str = "R",
        remedy: str = "",
    ):
        self.function = function
        self.source = source
        self.__name__ = name
        self.arguments = list(arguments)
        self.language = language
        self.remedy = remedy or (
            "Give the function again to compile() to train or evaluate; "
            "predict() needs neither."
        )
        self.__signature__ = _signature(self.arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function is None:
            raise RuntimeError(
                f"`{self.__name__}` is a function of {self.language}, which a "
                f"saved model keeps only as its source. {self.remedy} It "
                f"was:\n{self.source}"
            )
        return self.function(*args, **kwargs)

    def __deepcopy__(self, memo: dict) -> ForeignFunction:
        return self

    def __repr__(self) -> str:
        return f"<function {self.__name__} of {self.language}>"

    def get_config(self) -> dict:
        return {
            "source": self.source,
            "name": self.__name__,
            "arguments": self.arguments,
            "language": self.language,
            "remedy": self.remedy,
        }

    @classmethod
    def from_config(cls, config: dict) -> ForeignFunction:
        return cls(None, **config)


def _signature(arguments: Sequence[str]) -> inspect.Signature:
    kinds = inspect.Parameter
    # What stands behind a default, or behind "...", is given by its name.
    named, by_name = [], False
    for each in arguments:
        name = each.removesuffix("=")
        has_default = name != each
        if each == REST:
            named.append(kinds("args", kinds.VAR_POSITIONAL))
            by_name = True
        elif name.isidentifier():
            named.append(
                kinds(
                    name,
                    kinds.KEYWORD_ONLY
                    if by_name
                    else kinds.POSITIONAL_OR_KEYWORD,
                    default=None if has_default else kinds.empty,
                )
            )
            by_name = by_name or has_default
    if REST in arguments:
        named.append(kinds("kwargs", kinds.VAR_KEYWORD))
    # "..." may stand behind what is given by its name.
    named.sort(key=lambda parameter: parameter.kind)
    return inspect.Signature(named)


def line_of(file: str, line: int, name: str, source: str = "") -> Callable:
    """A function that calls what it is given, from a line of a file.

    Python's tracebacks, and those that backends keep of operations, then have
    that line, though it is of another language.

    Args:
        file: Path of the file, or a name in angle brackets for what is none.
        line: Counted from 1.
        name: Of the function that the line is in.
        source: The whole text, for what is no file.

    Returns:
        A function of a function without arguments.
    """
    if source:
        lines = [f"{text}\n" for text in source.split("\n")]
        linecache.cache[file] = (len(source), None, lines, file)
    name = name if name.isidentifier() and not iskeyword(name) else "function"
    code = f"def {name}(call): return call()"
    made: dict[str, Any] = {}
    exec(compile("\n" * (line - 1) + code, file, "exec"), made)
    return made[name]
