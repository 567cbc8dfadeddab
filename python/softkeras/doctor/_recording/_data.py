"""What a recording holds; the same for all backends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softkeras.doctor._recording._places import Place


class NotRecorded(Exception):
    """A function that can't be traced: what it raised, and on which line."""

    def __init__(self, error: BaseException, where: Place | None):
        place = f" at {where}" if where else ""
        super().__init__(f"{type(error).__name__}{place}: {error}")
        self.error = error
        self.where = where


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation that was run, and what it hands down.

    Attributes:
        index: Its place in `Recording.operations`.
        name: The backend's own name, such as "Round" or "torch.round".
        plain: The name in the words of Keras, the same for all backends.
        inputs: Ids of the values that it takes in.
        outputs: Ids of the values that it makes.
        input_dtypes: Dtypes of its inputs.
        output_dtypes: Dtypes of its outputs.
        depends: For each input, whether it depends on the recorded one.
        down: For each input, the gradient that it hands down, or None where
            it hands down none (or what is no array, see `hands`).
        where: The user's line, if there is one.
        called: The function of Keras or softkeras that the line called.
        parameters: What else it was given, such as "axis", where it is known.
        own_rule: For each input, whether a rule that the user or a library
            wrote decides about its gradient and leaves it out on purpose, as
            for what is computed inside a custom gradient.
        inside: Index of the operation with such a rule in which this one
            stands, so that no gradient is meant to come to it.
        inside_gradient: Of an operation with such a rule: for each input, what
            autodiff would have handed down.
        hands: For each input, whether it hands down anything at all.
        results: Of an operation with such a rule: ids of what it was computed
            as inside, before it was given that rule.
        unregistered: Whether the backend has no rule for it at all, and raises
            if it is asked for one.
    """

    index: int
    name: str
    plain: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_dtypes: tuple[str, ...]
    output_dtypes: tuple[str, ...]
    depends: tuple[bool, ...]
    down: tuple[np.ndarray | None, ...]
    hands: tuple[bool, ...]
    where: Place | None = None
    called: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    own_rule: tuple[bool, ...] = ()
    inside: int | None = None
    inside_gradient: tuple[np.ndarray | None, ...] | None = None
    results: tuple[int, ...] = ()
    unregistered: bool = False

    def __str__(self) -> str:
        name = self.called or self.plain
        return f"{name} ({self.where})" if self.where else name

    @property
    def word(self) -> str:
        """What the user wrote: the function of Keras, or the operation."""
        if self.called and self.called.startswith("keras.ops."):
            return self.called.rsplit(".", 1)[-1]
        return self.plain

    @property
    def is_custom(self) -> bool:
        """Whether it has a gradient that the user or a library wrote."""
        return self.inside_gradient is not None

    def ways(self):
        """Places and ids of the inputs that a gradient should go to."""
        own = self.own_rule or (False,) * len(self.inputs)
        for k, value in enumerate(self.inputs):
            if (
                self.depends[k]
                and not own[k]
                and is_float(self.input_dtypes[k])
            ):
                yield k, value


@dataclass(frozen=True, eq=False)
class Recording:
    """What a function of one tensor was made of, operation by operation.

    Attributes:
        operations: Those on a way from the input to the output, in order.
        values: What each id stood for, constants too.
        gradients: Of the sum of the output with respect to each value that
            depends on the input, or None.
        input: The id of the input.
        output: The id of the output.
        backend: The name of the backend.
    """

    operations: list[Operation]
    values: dict[int, np.ndarray]
    gradients: dict[int, np.ndarray | None]
    input: int
    output: int
    backend: str
    _made: dict[int, Operation] = field(init=False, repr=False)
    _taken: dict[int, list[tuple[Operation, int]]] = field(
        init=False, repr=False
    )

    def __post_init__(self):
        made = {v: op for op in self.operations for v in op.outputs}
        object.__setattr__(self, "_made", made)
        taken: dict[int, list] = {}
        for op in self.operations:
            for k, v in enumerate(op.inputs):
                taken.setdefault(v, []).append((op, k))
        object.__setattr__(self, "_taken", taken)

    @property
    def depends(self) -> bool:
        """Whether the output depends on the input."""
        return self.output == self.input or self.output in self._made

    @property
    def gradient(self) -> np.ndarray | None:
        """Of the sum of the output with respect to the input."""
        return self.gradients.get(self.input)

    def made_by(self, value: int) -> Operation | None:
        """The operation that made a value, if it depends on the input."""
        return self._made.get(value)

    def taken_by(self, value: int) -> list[tuple[Operation, int]]:
        """The operations that take it in, each with the place of the input."""
        return self._taken.get(value, [])

    def from_above(self, operation: Operation) -> list[np.ndarray | None]:
        """The gradients that come to the outputs of an operation."""
        return [self.gradients.get(v) for v in operation.outputs]


def is_float(dtype: str) -> bool:
    """Whether a gradient can be taken with respect to that dtype."""
    return "float" in dtype or "complex" in dtype


def matches(wanted: str | Operation, name, plain, input_dtypes) -> bool:
    """Whether an operation is of the wanted kind.

    One that is like a recorded operation takes the same dtypes in too, so that
    a cast to integers is told from one to floats.
    """
    if isinstance(wanted, str):
        return wanted in (name, plain)
    return wanted.name == name and wanted.input_dtypes == tuple(input_dtypes)
