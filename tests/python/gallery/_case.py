"""What is said of a case of the gallery."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any

import keras

from gallery import _data

BROKEN: list[Broken] = []
HEALTHY: list[Healthy] = []

# What is true of any loss that gives one number for the batch. Allowed beside
# the finding that is expected, but not required.
OF_SCALARS = (
    "batch_not_mean",
    "empty_batch",
    "mask_ignored",
    "mixes_samples",
    "sample_weight_ignored",
)


@dataclasses.dataclass(frozen=True)
class Broken:
    """A loss, activation, layer or model, and the finding that it must get.

    Args:
        function: the loss or activation; with `is_maker`, a function without
            arguments that makes the layer, loss object or model.
        kind: the kind of the finding.
        where: operations (or the variable), of which `where` must name one,
            whatever its case and whatever is written around it. Empty: any.
        remedy: what the remedy must mention. Empty: anything.
        form: the form of the data, see `_data`.
        show: makes the arrays that show the fault, if those of `form` don't.
        given: whether the doctor is to be given `sample()`, as it can't guess.
        also: kinds that are true of the case too, and may be reported.
        backends: where the case can be run.
        mode: for kind "fails": the mode it fails in, "graph" (as fit() traces
            it), "unknown_batch" (a graph whose batch size is None) or
            "gradient" (wherever a gradient is taken).
    """

    function: Callable[..., Any]
    kind: str
    where: tuple[str, ...]
    remedy: str
    form: str
    show: Callable[[], tuple] | None
    given: bool
    also: tuple[str, ...]
    backends: tuple[str, ...]
    mode: str
    is_maker: bool

    @property
    def name(self) -> str:
        return self.function.__name__

    def target(self) -> Any:
        """What is given to `diagnose`."""
        return self.function() if self.is_maker else self.function

    def sample(self) -> tuple:
        """Arrays of the right form, in which nothing special happens."""
        return _data.sample(self.form)

    def shown(self) -> tuple:
        """Arrays that show the fault."""
        return self.show() if self.show else self.sample()

    @property
    def domain(self) -> str:
        return _data.DOMAINS[self.form]

    @property
    def runs_here(self) -> bool:
        return keras.backend.backend() in self.backends

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which this backend's doctor must report one.

        Only TensorFlow tells a gradient that is cut from one of zeros.
        """
        if self.kind == "gradient_none":
            if keras.backend.backend() != "tensorflow":
                return "gradient_none", "gradient_zero"
        return (self.kind,)

    @property
    def link(self) -> str:
        return re.findall(r"https://\S+", self._comment)[0]

    @property
    def question(self) -> str:
        """What was asked, in a line or two."""
        lines = self._comment.replace("# ", "").splitlines()
        return " ".join(x for x in lines if not x.startswith("https://"))

    @property
    def _comment(self) -> str:
        return inspect.getcomments(self.function) or ""


@dataclasses.dataclass(frozen=True)
class Healthy:
    """A loss, activation, layer or model in which nothing is to be found.

    Args:
        name: its name.
        make: makes it.
        form: the form of its data, see `_data`.
        infos: infos that are true of it, and may be reported.
        note: why a naive tool would accuse it.
        is_exact: whether its gradient is the derivative of its value. Not so
            where a part of it is held fixed on purpose.
    """

    name: str
    make: Callable[[], Any]
    form: str
    infos: tuple[str, ...]
    note: str
    is_exact: bool

    def target(self) -> Any:
        return self.make()

    def sample(self) -> tuple:
        return _data.sample(self.form)

    @property
    def domain(self) -> str:
        return _data.DOMAINS[self.form]


def _words(x):
    return (x,) if isinstance(x, str) else tuple(x)


def broken(
    kind,
    where=(),
    remedy="",
    form="binary",
    *,
    show=None,
    given=False,
    also=(),
    backends=("tensorflow", "jax", "torch"),
    mode="",
    is_maker=False,
):
    """Enters a function into `BROKEN`. The link is in the comment above it."""

    def enter(function):
        BROKEN.append(
            Broken(
                function,
                kind,
                _words(where),
                remedy,
                form,
                show,
                given,
                _words(also),
                _words(backends),
                mode,
                is_maker,
            )
        )
        return function

    return enter


def add(name, make, form, infos=(), note="", is_exact=True):
    """Enters what `make` makes into `HEALTHY`."""
    infos = _words(infos)
    is_exact = is_exact and "straight_through" not in infos
    HEALTHY.append(Healthy(name, make, form, infos, note, is_exact))


def healthy(form, infos=(), is_exact=True):
    """Enters a function into `HEALTHY`; its docstring is the note."""

    def enter(function):
        add(
            function.__name__,
            lambda: function,
            form,
            infos,
            function.__doc__,
            is_exact,
        )
        return function

    return enter
