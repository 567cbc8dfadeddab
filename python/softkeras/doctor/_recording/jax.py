"""Recording on JAX: the equations of the jaxpr, each with its own vjp."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import (
    NotRecorded,
    Operation,
    Recording,
    is_float,
    matches,
)
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
_CUSTOM = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")


def record(function: Callable, x: np.ndarray) -> Recording:
    """See `softkeras.doctor._recording.record`."""
    x = jnp.asarray(x)
    try:
        closed, rules = _with_rules(function, x)
        flat = _Flat(closed, x, rules=rules)
        flat.back()
    except Exception as error:
        raise NotRecorded(error, user_line(error)) from error
    return flat.recording()


def replaced(function: Callable, wanted, replacement: Callable) -> Callable:
    """See `softkeras.doctor._recording.replaced`."""

    def run(x):
        x = jnp.asarray(x)
        flat = _Flat(_traced(function, x), x, wanted, replacement)
        return flat.values[flat.output]

    return run


def _traced(function, *given) -> ClosedJaxpr:
    def run(*given):
        # What is assigned to variables, such as seeds, stays in the scope:
        # it would be a tracer that is of no use to anyone afterwards.
        with keras.StatelessScope():
            return jax.tree.map(jnp.asarray, function(*given))

    like = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in given]
    return jax.make_jaxpr(run)(*like)


# Custom gradients: their rules may hold what is known only while the function
# is traced, so they are run then, on gradients that are inputs of the trace.


@dataclass(frozen=True)
class _Rules:
    """What the custom gradients of a trace hand down.

    The trace takes x and what comes to each of them; it returns the output,
    and for each what it made and what it hands down.
    """

    run: Callable
    comes: list
    sizes: list[tuple[int, int]]


def _with_rules(function, x):
    comes: list = []

    def note(call, args):
        made = call(*args)
        floats = [v for v in jax.tree.leaves(made) if _is_float(v)]
        comes.extend(np.ones(v.shape, v.dtype) for v in floats)
        return made

    with _custom_calls(note):
        without = _traced(function, x)
    if not comes:
        return without, None
    sizes: list = []

    def run(x, *comes):
        comes, found = iter(comes), []

        def differentiate(call, args):
            made, back = jax.vjp(call, *args)
            above = jax.tree.map(
                lambda v: (
                    next(comes)
                    if _is_float(v)
                    else np.zeros(v.shape, jax.dtypes.float0)
                ),
                made,
            )
            result = call(*args)
            handed = [
                g if _is_float(v) else jnp.zeros_like(v)
                for v, g in zip(
                    jax.tree.leaves(args), jax.tree.leaves(back(above))
                )
            ]
            leaves = jax.tree.leaves(result)
            sizes.append((len(leaves), len(handed)))
            found.extend([*leaves, *handed])
            return result

        with _custom_calls(differentiate):
            return [function(x), *found]

    try:
        closed = _traced(run, x, *comes)
    except jax.errors.UnexpectedTracerError:
        # One of them is called in a function that is traced by itself.
        return without, None
    return closed, _Rules(jaxpr_as_fun(closed), comes, sizes)


@contextlib.contextmanager
def _custom_calls(around):
    """Calls `around(call, args)` for each call of a `jax.custom_vjp`."""
    original = jax.custom_vjp.__call__

    @functools.wraps(original)
    def call(self, *args, **kwargs):
        return around(lambda *args: original(self, *args, **kwargs), args)

    jax.custom_vjp.__call__ = call
    try:
        yield
    finally:
        jax.custom_vjp.__call__ = original


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
        return _bind(self.equation, *values)


class _Flat:
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
            lines = frames or _frames(equation)
            inner = _CALLS.get(equation.primitive.name)
            if inner is not None:
                called = _closed(equation.params[inner])
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
        if equation.primitive.name in _CUSTOM and depends:
            called = _closed(equation.params["call_jaxpr"])
            if self.wanted is None:
                node.results = tuple(
                    self._unfold(
                        called.jaxpr, called.consts, given, lines, node
                    )
                )
        values = [self.values[v] for v in given]
        if depends and self._is_wanted(equation):
            made = [_call(self.replacement, equation, values)]
        else:
            made = _soft(equation, values) or _plainly(equation, values)
        node.outputs = tuple(map(self._value, made))
        if depends:
            self.depends.update(node.outputs)
        self.nodes.append(node)
        return node.outputs

    def _is_wanted(self, equation):
        return self.wanted is not None and matches(
            self.wanted,
            equation.primitive.name,
            _plain(equation),
            [str(v.aval.dtype) for v in equation.invars],
        )

    def back(self):
        """Takes the gradient of the sum of the output, node by node."""
        output = self.values[self.output]
        if _is_float(output):
            self.gradients[self.output] = jnp.ones_like(output)
        for node in reversed(self.nodes):
            if node.inside is None and self.depends & set(node.outputs):
                self._hand_down(node)

    def _hand_down(self, node):
        values = [self.values[v] for v in node.inputs]
        depends = [v in self.depends for v in node.inputs]
        above = [self.gradients.get(v) for v in node.outputs]
        node.handed = (None,) * len(values)
        if node.name in _CUSTOM:
            called = _closed(node.equation.params["call_jaxpr"])
            node.inside_gradient, _ = _pulled_back(
                jaxpr_as_fun(called),
                values,
                depends,
                [
                    jnp.ones_like(self.values[v])
                    if _is_float(self.values[v])
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
            if _is_float(self.values[v]):
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
            g if _is_float(self.values[v]) and v in self.depends else None
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
                    plain=_plain(node.equation),
                    inputs=node.inputs,
                    outputs=node.outputs,
                    input_dtypes=tuple(map(self._dtype, node.inputs)),
                    output_dtypes=tuple(map(self._dtype, node.outputs)),
                    depends=tuple(v in self.depends for v in node.inputs),
                    down=tuple(map(_numpy, handed)),
                    hands=tuple(g is not None for g in handed),
                    where=where,
                    called=called,
                    parameters=_parameters(node.equation),
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


def _bind(equation, *values):
    functions, given = equation.primitive.get_bind_params(equation.params)
    made = equation.primitive.bind(*functions, *values, **given)
    return list(made) if equation.primitive.multiple_results else [made]


def _pulled_back(function, values, depends, above):
    """What a function hands down to its inputs, and whether it can't."""
    # Only to those that need one: custom gradients refuse their constants.
    places = [k for k, v in enumerate(values) if depends[k] and _is_float(v)]
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


def _closed(jaxpr):
    if isinstance(jaxpr, Jaxpr):
        return ClosedJaxpr(jaxpr, ())
    return jaxpr


def _frames(equation):
    """The stack of an equation, the outermost frame first."""
    stack = equation.source_info.traceback
    return [
        (f.file_name, f.line_num, f.function_name.rsplit(".", 1)[-1])
        for f in reversed(stack.frames if stack is not None else [])
    ]


def _plain(equation):
    name = equation.primitive.name
    if name not in _CUSTOM:
        # The reductions are reduce_max and reduce_min.
        return {"max": "maximum", "min": "minimum"}.get(
            name, _words.plain(name)
        )
    # JAX's own functions have rules of their own too.
    called = _closed(equation.params["call_jaxpr"])
    name = getattr(called.jaxpr.debug_info, "func_name", "")
    if any(hasattr(m, name) for m in (jax.nn, jnp)):
        return name
    return "custom_gradient"


def _parameters(equation):
    given = equation.params
    axes = given.get("axes", given.get("axis"))
    if equation.primitive.name in ("argmax", "argmin"):
        return {"axis": int(axes[0])}
    if isinstance(axes, int):
        return {"axis": axes}
    if isinstance(axes, tuple):
        return {"axis": [int(a) for a in axes]}
    return {}


def _is_float(value):
    return (
        is_float(str(value.dtype))
        if hasattr(value, "dtype")
        else (isinstance(value, float))
    )


def _numpy(value):
    """As an array; None for what is none, such as a key."""
    if value is None:
        return None
    if jnp.issubdtype(value.dtype, jax.dtypes.extended):
        return None
    return np.asarray(value)


# Replacing


def _call(function, equation, values):
    names = inspect.signature(function).parameters
    takes_all = any(p.kind == p.VAR_KEYWORD for p in names.values())
    given = _parameters(equation)
    given = {k: v for k, v in given.items() if takes_all or k in names}
    if equation.primitive.name == "select_n":
        which, if_false, if_true = values
        values = [which, if_true, if_false]
    if equation.primitive.name == "integer_pow":
        values = [values[0], jnp.asarray(equation.params["y"], values[0].dtype)]
    return jnp.asarray(function(*values, **given))


def _soft(equation, values):
    """What becomes of an operation on booleans and integers that are floats."""
    soft = _changed(equation, values)
    if not any(soft):
        return None
    name = equation.primitive.name
    if name == "convert_element_type":
        to = equation.params["new_dtype"]
        is_number = jnp.issubdtype(to, jnp.floating)
        return [values[0].astype(to) if is_number else values[0]]
    if name == "not":
        return [1 - values[0]]
    if name == "and":
        return [jnp.multiply(*values)]
    if name == "or":
        return [values[0] + values[1] - values[0] * values[1]]
    if name == "select_n" and soft[0]:
        share, if_false, if_true = values
        return [share * if_true + (1 - share) * if_false]
    return None


def _changed(equation, values):
    return [
        _is_float(now) and not is_float(str(was.aval.dtype))
        for now, was in zip(values, equation.invars)
    ]


def _plainly(equation, values):
    """The same operation of other inputs."""
    changed = _changed(equation, values)
    if not any(changed):
        return _bind(equation, *values)
    dtype = values[changed.index(True)].dtype
    try:
        return _bind(equation, *(jnp.asarray(v, dtype) for v in values))
    except TypeError:
        # It takes no floats, as an index does not.
        return _bind(
            equation,
            *(
                jnp.asarray(now, was.aval.dtype)
                for now, was in zip(values, equation.invars)
            ),
        )
