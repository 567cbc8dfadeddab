"""What `blame` finds: operations, and what they do to the gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softkeras.doctor._recording._data import Operation


@dataclass(frozen=True, eq=False)
class Cut:
    """Operations of one call that leave the input without a gradient.

    Attributes:
        operation: The one that stands for the call.
        operations: All of them; a function of Keras may be made of some.
        bypassed: Whether the input has a gradient by another way, so that
            this may be a mask or a factor, and no fault.
    """

    operation: Operation
    operations: tuple[Operation, ...]
    bypassed: bool


@dataclass(frozen=True, eq=False)
class Zero:
    """An operation to which a gradient comes and that hands zeros down.

    Attributes:
        operation: The operation.
        share: Of the elements to which a gradient comes, how many get none.
        is_factor: Whether they are multiplied by a 0 that does not depend on
            the input, such as a label, or not chosen by a `where`.
    """

    operation: Operation
    share: float
    is_factor: bool


@dataclass(frozen=True, eq=False)
class Term:
    """A part of a sum that depends on the input without a gradient.

    Attributes:
        value: Its id.
        operation: The operation that made it.
        gradient: "none" if there is none, "zero" if it is zero.
        cuts: The operations in it that cut the gradient, or hand down zeros.
    """

    value: int
    operation: Operation
    gradient: str
    cuts: tuple[Operation, ...]


@dataclass(frozen=True, eq=False)
class NotFinite:
    """Where a value is NaN or infinite for the first time.

    Attributes:
        operation: The operation that made it of finite values.
        index: The place of the first such element in its output.
        value: That element.
        inputs: For each input, the element that it was made of, or all of it
            where it is not made of one.
    """

    operation: Operation
    index: tuple[int, ...]
    value: float
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class BadGradient:
    """Where a gradient is NaN or infinite for the first time.

    Attributes:
        operation: The operation that was handed a finite one.
        index: The place of the first such element in its input.
        place: Which of its inputs that is.
        value: What it hands down there.
        inputs: For each input, the element there, or all of it.
        from_above: The gradient that came there, or all of it.
        infinite_from: The operation that made the value by which it is
            spoiled, if that was NaN or infinite before.
        unsafe_where: The `where` that did not choose this branch, so that what
            comes is 0 and 0·inf is handed down, if there is one.
    """

    operation: Operation
    index: tuple[int, ...]
    place: int
    value: float
    inputs: tuple[np.ndarray, ...]
    from_above: np.ndarray
    infinite_from: Operation | None
    unsafe_where: Operation | None


@dataclass(frozen=True, eq=False)
class StraightThrough:
    """A step forward that has the gradient of another function backward.

    Attributes:
        operation: The sum or the custom gradient that makes it.
        step: The step that it is made of.
    """

    operation: Operation
    step: Operation
