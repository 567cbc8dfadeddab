"""Recording on torch: each call of a torch function, run again on its own.

A `TorchFunctionMode` sees the calls above autograd, so what a call hands down
is its own gradient and not that of what stands before it.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_flatten, tree_unflatten

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import (
    NotRecorded,
    Operation,
    Recording,
)
from softkeras.doctor._recording._places import place, user_line

_CASTS = ("to", "type", "float", "double", "half", "int", "long", "bool")
_WITH_AXIS = frozenset(
    ("argmax", "argmin", "sum", "mean", "max", "min", "prod", "cumsum")
)


def record(function: Callable, x: np.ndarray) -> Recording:
    """See `softkeras.doctor._recording.record`."""
    tensor = keras.ops.convert_to_tensor(x).detach().requires_grad_(True)
    calls = _Calls(tensor)
    try:
        with _as_it_was(), _custom_calls(calls), calls:
            output = function(tensor)
        calls.back(output)
    except Exception as error:
        raise NotRecorded(error, user_line(error)) from error
    return calls.recording(output)


@contextlib.contextmanager
def _as_it_was():
    """Leaves seeds and variables as they were."""
    with torch.random.fork_rng(devices=[]), keras.StatelessScope():
        with torch.enable_grad():
            yield


@dataclass(eq=False)
class _Call:
    """A call of a torch function: how to repeat it, and what it took."""

    function: Callable
    given: list
    spec: Any
    places: list[int]
    inputs: tuple[int, ...]
    frames: list
    name: str
    differentiated: bool
    inside: _Call | None
    seed: Any
    outputs: tuple[int, ...] = ()
    handed: tuple = ()
    inside_gradient: tuple | None = None
    parameters: dict = field(default_factory=dict)
    results: tuple = ()
    unregistered: bool = False

    def again(self, tensors):
        """The tensors that it makes of others."""
        given = list(self.given)
        for k, tensor in zip(self.places, tensors):
            given[k] = tensor
        args, kwargs = tree_unflatten(given, self.spec)
        with torch.random.fork_rng(devices=[], enabled=self.seed is not None):
            if self.seed is not None:
                torch.random.set_rng_state(self.seed)
            return tensors_in(self.function(*args, **(kwargs or {})))


class _Calls(TorchFunctionMode):
    """Keeps all calls that depend on x, in order."""

    def __init__(self, x):
        super().__init__()
        self.x = x
        self.kept: list = []  # So that no id is given again.
        self.ids: dict[int, int] = {}
        self.values: list = []
        self.calls: list[_Call] = []
        self.gradients: dict[int, Any] = {}
        self.inside: list[_Call] = []
        self.depends = {self.value(x)}

    def value(self, tensor, new=False) -> int:
        """The id of a tensor; another one after it was changed in place."""
        if new or id(tensor) not in self.ids:
            self.kept.append(tensor)
            self.ids[id(tensor)] = len(self.values)
            self.values.append(tensor.detach().clone())
        return self.ids[id(tensor)]

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = resolve_name(func) or getattr(func, "__name__", str(func))
        return self.run(func, name, args, kwargs or {})

    def run(self, function, name, args, kwargs, custom=False):
        """Calls a function and keeps that, if it depends on x."""
        given, spec = tree_flatten((args, kwargs))
        places = [k for k, v in enumerate(given) if is_tensor(v)]
        inputs = tuple(self.value(given[k]) for k in places)
        depends = any(v in self.depends for v in inputs)
        word = word_of(name)
        if not depends or _words.squashed(name) in _words.OF_SHAPE:
            return function(*args, **kwargs)
        is_random = "drop" in word or "bernoulli" in word or "rand" in word
        call = _Call(
            function,
            list(given),
            spec,
            places,
            inputs,
            _stack(),
            name,
            torch.is_grad_enabled(),
            self.inside[-1] if self.inside else None,
            torch.random.get_rng_state() if is_random else None,
            parameters=parameters_of(word, args, kwargs),
        )
        for k in places:
            given[k] = given[k].detach()
        call.given = given
        if custom:
            self.inside.append(call)
        try:
            made = function(*args, **kwargs)
        finally:
            if custom:
                self.inside.pop()
        tensors = tensors_in(made)
        if not tensors or all(
            any(t is given_ for given_ in args) and not name.endswith("_")
            for t in tensors
        ):
            return made
        call.outputs = tuple(self.value(t, new=True) for t in tensors)
        self.depends.update(call.outputs)
        self.calls.append(call)
        return made

    def back(self, output):
        """Takes the gradient of the sum of the output, call by call."""
        if not is_tensor(output):
            raise TypeError(
                "The result must be a tensor. Received: "
                f"{type(output).__name__}"
            )
        last = self.value(output)
        if output.is_floating_point():
            self.gradients[last] = torch.ones_like(self.values[last])
        outer = [call for call in self.calls if call.inside is None]
        self._back(outer, self.gradients, False)

    def _back(self, calls, gradients, inside):
        for call in reversed(calls):
            if call.name == "custom_gradient" and not inside:
                call.inside_gradient = self._through(call)
            above = [gradients.get(v) for v in call.outputs]
            if all(g is None for g in above):
                continue
            if not (call.differentiated or inside):
                continue
            handed = self._handed(call, above)
            if not inside:
                call.handed = handed
            for v, g in zip(call.inputs, handed):
                if g is not None and v in self.depends:
                    before = gradients.get(v)
                    gradients[v] = g if before is None else before + g

    def _through(self, call):
        """What autodiff would hand down where a custom gradient stands."""
        within = [each for each in self.calls if each.inside is call]
        # The last one made what the function returns.
        made = within[-1].outputs if within else ()
        call.results = made
        gradients = {
            v: torch.ones_like(self.values[v])
            for v in made
            if self.values[v].is_floating_point()
        }
        for each in within:
            # A result is detached, which is no part of the function.
            if word_of(each.name) == "stop_gradient" and each is within[-1]:
                gradients = {
                    each.inputs[0]: torch.ones_like(self.values[made[0]])
                }
        self._back(within, gradients, True)
        return tuple(gradients.get(v) for v in call.inputs)

    def _handed(self, call, above):
        wanted = [
            v in self.depends and self.values[v].is_floating_point()
            for v in call.inputs
        ]
        tensors = [
            self.values[v].clone().requires_grad_(is_wanted)
            for v, is_wanted in zip(call.inputs, wanted)
        ]
        if call.name.endswith("_"):
            # In place, which a leaf does not allow.
            given = [t.clone() for t in tensors]
        else:
            given = tensors
        try:
            with torch.enable_grad():
                found = _pulled_back(call.again(given), tensors, above)
        except RuntimeError:  # It has no derivative, and torch says so.
            call.unregistered = True
            return (None,) * len(tensors)
        return tuple(found)

    def recording(self, output) -> Recording:
        """What was found, in the words of all backends."""
        last = self.value(output)
        calls = self._on_the_way(last)
        index = {id(call): k for k, call in enumerate(calls)}
        made = []
        for k, call in enumerate(calls):
            where, called = place(call.frames)
            handed = call.handed or (None,) * len(call.inputs)
            made.append(
                Operation(
                    index=k,
                    name=call.name,
                    plain=word_of(call.name),
                    inputs=call.inputs,
                    outputs=call.outputs,
                    input_dtypes=tuple(map(self._dtype, call.inputs)),
                    output_dtypes=tuple(map(self._dtype, call.outputs)),
                    depends=tuple(v in self.depends for v in call.inputs),
                    down=tuple(map(_numpy, handed)),
                    hands=tuple(g is not None for g in handed),
                    where=where,
                    called=called,
                    parameters=call.parameters,
                    own_rule=(False,) * len(call.inputs),
                    inside=index.get(id(call.inside)),
                    inside_gradient=call.inside_gradient
                    and tuple(map(_numpy, call.inside_gradient)),
                    results=call.results,
                    unregistered=call.unregistered,
                )
            )
        return Recording(
            made,
            {k: _numpy(v) for k, v in enumerate(self.values)},
            {v: _numpy(self.gradients.get(v)) for v in self.depends},
            0,
            last,
            "torch",
        )

    def _dtype(self, value):
        return str(self.values[value].dtype).removeprefix("torch.")

    def _on_the_way(self, last):
        """The calls between the input and the output, in order."""
        used, outer, found = {last}, set(), []
        for call in reversed(self.calls):
            if call.inside is None:
                wanted = bool(used & set(call.outputs))
            else:
                wanted = id(call.inside) in outer
            if wanted:
                found.append(call)
                outer.add(id(call))
                used.update(call.inputs)
        return found[::-1]


@contextlib.contextmanager
def _custom_calls(calls):
    """Keeps calls of `autograd.Function`, which no mode sees."""
    original = torch.autograd.Function.__dict__["apply"]

    def apply(cls, *args, **kwargs):
        bound = original.__get__(None, cls)
        return calls.run(bound, "custom_gradient", args, kwargs, custom=True)

    torch.autograd.Function.apply = classmethod(apply)
    try:
        yield
    finally:
        torch.autograd.Function.apply = original


def _pulled_back(made, tensors, above):
    """The gradients of those tensors that take one, else None."""
    pairs = [
        (t, g) for t, g in zip(made, above) if g is not None and t.requires_grad
    ]
    asked = [t for t in tensors if t.requires_grad]
    if not pairs or not asked:
        return [None] * len(tensors)
    found = iter(
        torch.autograd.grad(
            [t for t, _ in pairs],
            asked,
            [g for _, g in pairs],
            allow_unused=True,
        )
    )
    return [next(found) if t.requires_grad else None for t in tensors]


def is_tensor(x):
    return isinstance(x, torch.Tensor)


def tensors_in(made):
    return [t for t in tree_flatten(made)[0] if is_tensor(t)]


def _numpy(tensor):
    if tensor is None:
        return None
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:  # NumPy has none.
        tensor = tensor.float()
    return tensor.numpy()


def _stack():
    """The frames above, the outermost first."""
    return [
        (f.f_code.co_filename, line, f.f_code.co_name)
        for f, line in traceback.walk_stack(None)
    ][::-1]


def word_of(name):
    word = _words.squashed(name)
    if word in _CASTS:
        return "cast"
    if word == "get" and name.endswith("data.__get__"):
        return "stop_gradient"
    return _words.plain(name)


def parameters_of(word, args, kwargs):
    axis = kwargs.get("dim", kwargs.get("axis"))
    if axis is None and word in _WITH_AXIS and len(args) > 1:
        axis = args[1] if isinstance(args[1], (int, tuple, list)) else None
    return {} if axis is None else {"axis": axis}
