"""Which ops of keras.ops have a gradient: measured, not looked up."""

from __future__ import annotations

import dataclasses
import difflib
import html
import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import keras

from softkeras.doctor import _keras_ops
from softkeras.doctor._keras_ops import summary

__all__ = ["Differentiability", "DifferentiabilityTable", "differentiable"]

MODULES = ("image", "linalg", "nn", "numpy")
# By backend; the first is the default.
MODES = {
    "tensorflow": ("eager", "graph", "xla"),
    "jax": ("jit", "eager"),
    "torch": ("eager",),
}


@dataclasses.dataclass(frozen=True)
class Differentiability:
    """What `differentiable` found out about one op: a row of its table.

    Gradient: what the fields tell about.

    Args:
        op: Its name in `keras.ops`.
        group: What it is for, such as "Reductions".
        gradient: "yes"; "zero" for one that is there and always 0; "none" if
            the backend gives none; "part" if inputs, results or options
            differ; "no floats" for an op whose inputs or results can't have
            one; "fails" if it raises; "wrong" if it differs from finite
            differences; "not probed".
        not_finite_at: Where the value, or the gradient although the value is
            finite, is NaN or infinite, or where the op raises.
        with_respect_to: The inputs that have the gradient; if there is none,
            those that were tried.
        replacement: An op of softkeras for what this one lacks, or "".
        note: What differs, and why.

    Reference: https://github.com/keras-team/keras/issues/10321.

    Example:

    >>> import softkeras
    >>> softkeras.doctor.differentiable("argmax")[0].replacement
    'softkeras.ops.soft_argmax'
    """

    op: str
    group: str
    gradient: str
    not_finite_at: str = ""
    with_respect_to: str = ""
    replacement: str = ""
    note: str = ""


COLUMNS = tuple(field.name for field in dataclasses.fields(Differentiability))


class DifferentiabilityTable(Sequence):
    """The rows that `differentiable` gives; prints as a table.

    `table[0]` is a `Differentiability`, `table["sqrt"]` that of an op.

    Gradient: what the rows tell about.

    Args:
        rows: The `Differentiability` of each op.
        backend: On which they were found.
        mode: In which they were run.

    Reference: https://github.com/keras-team/keras/issues/10321.

    Example:

    >>> import softkeras
    >>> table = softkeras.doctor.differentiable(["relu", "sqrt"])
    >>> [row.gradient for row in table]
    ['yes', 'yes']
    >>> table["sqrt"].not_finite_at
    'value below 0; gradient at 0'
    """

    def __init__(
        self,
        rows: Iterable[Differentiability],
        backend: str = "",
        mode: str = "eager",
    ):
        self.rows = list(rows)
        self.backend = backend
        self.mode = mode

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Differentiability]:
        return iter(self.rows)

    @overload
    def __getitem__(self, which: str | int) -> Differentiability: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Differentiability]: ...

    def __getitem__(
        self, which: str | int | slice
    ) -> Differentiability | Sequence[Differentiability]:
        if isinstance(which, str):
            for row in self.rows:
                if row.op == which:
                    return row
            raise KeyError(
                f"There is no row for {which!r}. Received: {which!r}; this "
                f"table has {_near(which, [row.op for row in self.rows])}."
            )
        return self.rows[which]

    def to_dict(self) -> dict[str, list[str]]:
        """A list for each column, as `pandas.DataFrame` takes them."""
        return {
            name: [getattr(row, name) for row in self.rows] for name in COLUMNS
        }

    def __str__(self) -> str:
        shown = [name for name in COLUMNS if name != "group"]
        lines = [[getattr(row, name) for name in shown] for row in self.rows]
        # Notes are cut rather than wrapped: `to_dict` has all of them.
        widths = [
            min(max(map(len, column)), 44) for column in zip(shown, *lines)
        ]

        def line(cells):
            return "  ".join(
                (cell if len(cell) <= width else cell[: width - 1] + "…").ljust(
                    width
                )
                for cell, width in zip(cells, widths)
            ).rstrip()

        title = (
            f"keras.ops of Keras {keras.__version__} on {self.backend}, "
            f"{self.mode}"
        )
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([title, line(shown), rule, *map(line, lines)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in COLUMNS)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(getattr(row, name))}</td>"
                for name in COLUMNS
            )
            + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def differentiable(
    ops: str | Iterable[str] | None = None, mode: str | None = None
) -> DifferentiabilityTable:
    """Which ops of `keras.ops` have a gradient on the backend in use.

    Nothing is looked up: each op is run on numbers where it is smooth, and its
    gradient for each float input is compared with finite differences; then at
    special values, such as 0, -0, 1e30, equal entries or no entries, where the
    value or the gradient may be NaN or infinite. All of `keras.ops` takes
    seconds; on JAX, which compiles each op, about a minute.

    Gradient: that of a weighted sum of each result. "yes" means that it equals
    finite differences, in float64 where the op computes in it; "zero" that it
    is there and vanishes; "none" that the backend has none. JAX gives zeros
    where TensorFlow and torch have none.

    Args:
        ops: Names in `keras.ops`, one or several; by default all of them.
        mode: `"eager"`; on TensorFlow also `"graph"` and `"xla"`, on JAX
            `"jit"`. By default `"eager"`, on JAX `"jit"`, which is quicker
            there; what can't be compiled is run without, and the note says so.

    Returns:
        A `DifferentiabilityTable` with a row for each op.

    Raises:
        ValueError: for a name that is no op, a mode that the backend lacks, or
            a backend without gradients.

    Reference: https://github.com/keras-team/keras/issues/10321.

    Example:

    >>> import softkeras
    >>> table = softkeras.doctor.differentiable("round")
    >>> table["round"].gradient in ("zero", "none")
    True
    >>> table["round"].replacement
    'softkeras.ops.soft_round'
    """
    backend = keras.backend.backend()
    mode = _checked_mode(mode, backend)
    known = names()
    if ops is None:
        ops = known
    elif isinstance(ops, str):
        ops = [ops]
    ops = [str(name).removeprefix("keras.ops.") for name in ops]
    for name in ops:
        if name not in known:
            raise ValueError(
                f"`ops` must be names of functions in keras.ops. Received: "
                f"{name!r}; there is {_near(name, known)}."
            )
    return DifferentiabilityTable(
        [_row(name, mode) for name in ops], backend, mode
    )


def names() -> list[str]:
    """The public functions of keras.ops, in the order of the table.

    Those of its modules that keras.ops itself has not are named with theirs,
    such as "image.resize".
    """
    found = _functions(keras.ops)
    for module in MODULES:
        of_module = _functions(getattr(keras.ops, module, None))
        found += [f"{module}.{name}" for name in of_module if name not in found]
    order = {name: place for place, name in enumerate(_keras_ops.OF_OP)}
    groups = list(_keras_ops.GROUPS)

    def place(name):
        if name not in order:
            return len(groups), name
        return groups.index(_keras_ops.OF_OP[name][0]), name

    return sorted(found, key=place)


def _functions(module) -> list[str]:
    return [
        name
        for name in dir(module)
        if not name.startswith("_")
        and callable(getattr(module, name))
        and not inspect.ismodule(getattr(module, name))
    ]


def _function(name: str):
    found = keras.ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _near(name, known) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return ", ".join(near) if near else f"{known[0]}, {known[1]}, …"


def _checked_mode(mode, backend) -> str:
    if backend not in MODES:
        raise ValueError(
            f"The backend must be one that has gradients: {', '.join(MODES)}. "
            f"Received: {backend}; set KERAS_BACKEND before keras is imported."
        )
    allowed = MODES[backend]
    if mode is not None and mode not in allowed:
        raise ValueError(
            f"`mode` must be one of {', '.join(map(repr, allowed))} on "
            f"{backend}. Received: mode={mode!r}."
        )
    return mode or allowed[0]


def _row(name: str, mode: str) -> Differentiability:
    group, cases = _keras_ops.OF_OP.get(name, ("Others", None))
    replacement = _keras_ops.REPLACEMENTS.get(name, "")
    if replacement:
        replacement = f"softkeras.ops.{replacement}"
    if name in _keras_ops.WITHOUT_FLOATS:
        note = _keras_ops.WITHOUT_FLOATS[name]
        return Differentiability(
            name, group, "no floats", replacement=replacement, note=note
        )
    op = _function(name)
    if cases is None:
        cases = summary.guess(op)
    if not cases:
        return Differentiability(
            name, group, "not probed", note="no inputs are known for it"
        )
    return Differentiability(
        name,
        group,
        replacement=replacement,
        **summary.of_cases(op, cases, mode),
    )
