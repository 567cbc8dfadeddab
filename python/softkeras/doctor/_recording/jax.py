"""Recording on JAX: the equations of the jaxpr, each with its own vjp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr, Literal, jaxpr_as_fun

from softkeras.doctor._recording._data import (
    NotRecorded,
    Operation,
    Recording,
    matches,
)
from softkeras.doctor._recording._jax_equations import (
    CUSTOM,
    bind,
    bind_again,
    bind_replacement,
    bind_softly,
    closed_of,
    frames_of,
    is_float_value,
    parameters_of,
    plain_of,
)
from softkeras.doctor._recording._jax_rules import with_rules
from softkeras.doctor._recording._places import place, user_line

# Calls of a function that are nothing but that function.
_CALLS = {
    "pjit": "jaxpr",
    "jit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
}


def record(function: Callable, x: np.ndarray) -> Recording:
    """See `softkeras.doctor._recording.record`."""
    x = jnp.asarray(x)
    try:
        closed, rules = with_rules(function, x)
        flat = Flat(closed, x, rules=rules)
        flat.back()
    except Exception as error:
        raise NotRecorded(error, user_line(error)) from error
    return flat.recording()


@dataclass(eq=False)
class _Node:
    """An equation, with calls unfolded."""

    equation: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    frames: list
    inside: _Node | None
    handed: tuple = ()
    inside_gradient: tuple | None = None
    results: tuple = ()
    unregistered: bool = False

    @property
    def name(self):
        return self.equation.primitive.name

    def bind(self, *values):
        return bind(self.equation, *values)


class Flat:
    """The equations of a function in one list, with their values."""

    def __init__(self, closed, x, wanted=None, replacement=None, rules=None):
        self.wanted, self.replacement = wanted, replacement
        self.rules = rules
        self.nodes: list[_Node] = []
        self.values: list = []
        self.gradients: dict[int, Any] = {}
        self.input = self._value(x)
        self.depends = {self.input}
        given = [self.input]
        if rules is not None:
            given += map(self._value, rules.comes)
        self.output, *others = self._unfold(
            closed.jaxpr, closed.consts, given, None, None
        )
        # By what a custom gradient makes: which one it is.
        self.by_rule: dict[int, int] = {}
        for k, (made, handed) in enumerate(rules.sizes if rules else ()):
            self.by_rule.update(dict.fromkeys(others[:made], k))
            others = others[made + handed :]

    def _value(self, value) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def _unfold(self, jaxpr: Jaxpr, consts, inputs, frames, inside):
        """The ids of what the equations of `jaxpr` make of the inputs."""
        ids = dict(zip(jaxpr.constvars, map(self._value, consts)))
        ids.update(zip(jaxpr.invars, inputs))

        def read(v):
            if isinstance(v, Literal):
                return self._value(np.asarray(v.val, v.aval.dtype))
            return ids[v]

        for equation in jaxpr.eqns:
            given = tuple(read(v) for v in equation.invars)
            # A call that JAX has seen before keeps the lines of its first one.
            lines = frames or frames_of(equation)
            inner = _CALLS.get(equation.primitive.name)
            if inner is not None:
                called = closed_of(equation.params[inner])
                made = self._unfold(
                    called.jaxpr, called.consts, given, lines, inside
                )
            else:
                made = self._node(equation, given, lines, inside)
            ids.update(zip(equation.outvars, made))
        return [read(v) for v in jaxpr.outvars]

    def _node(self, equation, given, lines, inside):
        node = _Node(equation, given, (), lines, inside)
        depends = any(v in self.depends for v in given)
        if equation.primitive.name in CUSTOM and depends:
            called = closed_of(equation.params["call_jaxpr"])
            if self.wanted is None:
                node.results = tuple(
                    self._unfold(
                        called.jaxpr, called.consts, given, lines, node
                    )
                )
        values = [self.values[v] for v in given]
        if depends and self._is_wanted(equation):
            made = [bind_replacement(self.replacement, equation, values)]
        else:
            made = bind_softly(equation, values) or bind_again(equation, values)
        node.outputs = tuple(map(self._value, made))
        if depends:
            self.depends.update(node.outputs)
        self.nodes.append(node)
        return node.outputs

    def _is_wanted(self, equation):
        return self.wanted is not None and matches(
            self.wanted,
            equation.primitive.name,
            plain_of(equation),
            [str(v.aval.dtype) for v in equation.invars],
        )

    def back(self):
        """Takes the gradient of the sum of the output, node by node."""
        output = self.values[self.output]
        if is_float_value(output):
            self.gradients[self.output] = jnp.ones_like(output)
        for node in reversed(self.nodes):
            if node.inside is None and self.depends & set(node.outputs):
                self._hand_down(node)

    def _hand_down(self, node):
        values = [self.values[v] for v in node.inputs]
        depends = [v in self.depends for v in node.inputs]
        above = [self.gradients.get(v) for v in node.outputs]
        node.handed = (None,) * len(values)
        if node.name in CUSTOM:
            called = closed_of(node.equation.params["call_jaxpr"])
            node.inside_gradient, _ = _pulled_back(
                jaxpr_as_fun(called),
                values,
                depends,
                [
                    jnp.ones_like(self.values[v])
                    if is_float_value(self.values[v])
                    else None
                    for v in node.outputs
                ],
            )
        if all(g is None for g in above) or node.name == "stop_gradient":
            return
        if node.outputs[0] in self.by_rule:
            node.handed = self._by_its_rule(node, above)
        else:
            node.handed, node.unregistered = _pulled_back(
                node.bind, values, depends, above
            )
        for v, handed in zip(node.inputs, node.handed):
            if handed is not None and v in self.depends:
                before = self.gradients.get(v)
                total = handed if before is None else before + handed
                self.gradients[v] = total

    def _by_its_rule(self, node, above):
        """What a custom gradient hands down, as the trace has found it."""
        comes, at, first = [], 0, 1
        number = self.by_rule[node.outputs[0]]
        for k, (made, handed) in enumerate(self.rules.sizes):
            if k == number:
                break
            first += made + handed
        for v in self.by_rule:
            if is_float_value(self.values[v]):
                come = self.rules.comes[at]
                if v in node.outputs:
                    come = above[node.outputs.index(v)]
                    if come is None:
                        come = jnp.zeros_like(self.values[v])
                comes.append(come)
                at += 1
        found = self.rules.run(self.values[self.input], *comes)
        made, handed = self.rules.sizes[number]
        found = list(found[first + made : first + made + handed])
        # Before its arguments stand the constants that it holds.
        found = [None] * (len(node.inputs) - handed) + found
        return tuple(
            g if is_float_value(self.values[v]) and v in self.depends else None
            for v, g in zip(node.inputs, found)
        )

    def recording(self) -> Recording:
        """What was found, in the words of all backends."""
        nodes = self._on_the_way()
        index = {id(node): k for k, node in enumerate(nodes)}
        made = []
        for k, node in enumerate(nodes):
            where, called = place(node.frames)
            handed = node.handed or (None,) * len(node.inputs)
            made.append(
                Operation(
                    index=k,
                    name=node.name,
                    plain=plain_of(node.equation),
                    inputs=node.inputs,
                    outputs=node.outputs,
                    input_dtypes=tuple(map(self._dtype, node.inputs)),
                    output_dtypes=tuple(map(self._dtype, node.outputs)),
                    depends=tuple(v in self.depends for v in node.inputs),
                    down=tuple(map(_numpy, handed)),
                    hands=tuple(g is not None for g in handed),
                    where=where,
                    called=called,
                    parameters=parameters_of(node.equation),
                    own_rule=(False,) * len(node.inputs),
                    inside=index.get(id(node.inside)),
                    inside_gradient=node.inside_gradient
                    and tuple(map(_numpy, node.inside_gradient)),
                    results=node.results,
                    unregistered=node.unregistered,
                )
            )
        values = {k: _numpy(v) for k, v in enumerate(self.values)}
        return Recording(
            made,
            {k: v for k, v in values.items() if v is not None},
            {v: _numpy(self.gradients.get(v)) for v in self.depends},
            self.input,
            self.output,
            "jax",
        )

    def _dtype(self, value):
        return str(self.values[value].dtype)

    def _on_the_way(self):
        """The nodes between the input and the output, in order."""
        used, found, outer = {self.output}, [], set()
        for node in reversed(self.nodes):
            if node.inside is None:
                wanted = bool(used & set(node.outputs))
            else:
                wanted = id(node.inside) in outer
            if wanted and self.depends & set(node.outputs):
                found.append(node)
                outer.add(id(node))
                used.update(node.inputs)
        return found[::-1]


def _pulled_back(function, values, depends, above):
    """What a function hands down to its inputs, and whether it can't."""
    # Only to those that need one: custom gradients refuse their constants.
    places = [
        k for k, v in enumerate(values) if depends[k] and is_float_value(v)
    ]
    handed = [None] * len(values)
    comes = [k for k, g in enumerate(above) if g is not None]

    def of_floats(*floats):
        given = list(values)
        for k, v in zip(places, floats):
            given[k] = v
        made = function(*given)
        return [made[k] for k in comes]

    if not places or not comes:
        return tuple(handed), False
    try:
        _, back = jax.vjp(of_floats, *(values[k] for k in places))
        found = back([above[k] for k in comes])
    except Exception:
        # JAX has no rule for it backward, as for a callback or `while`.
        return tuple(handed), True
    for k, g in zip(places, found):
        handed[k] = g
    return tuple(handed), False


def _numpy(value):
    """As an array; None for what is none, such as a key."""
    if value is None:
        return None
    if jnp.issubdtype(value.dtype, jax.dtypes.extended):
        return None
    return np.asarray(value)
