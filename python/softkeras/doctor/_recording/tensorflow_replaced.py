"""The same TensorFlow function with one kind of operation put in its place.

The traced graph is run once more, operation by operation. So a replacement may
give floats where integers or booleans stood: what takes them in follows, as a
cast, a sum or a `where` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.framework import ops as framework

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import matches
from softkeras.doctor._recording.tensorflow import (
    Rule,
    called,
    parameters,
)

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_LOOPS = ("While", "StatelessWhile")
_BRANCHES = ("If", "StatelessIf")


def replaced(function: Callable, wanted, replacement: Callable) -> Callable:
    """See `softkeras.doctor._recording.replaced`."""

    def is_replaced(op):
        dtypes = [t.dtype.name for t in op.inputs]
        return matches(wanted, op.type, _words.plain(op.type), dtypes)

    def run(x):
        x = tf.convert_to_tensor(x)
        like = tf.TensorSpec(x.shape, x.dtype)
        try:
            traced = _traced(function, like, inline=True)
        except Exception:
            traced = _traced(function, like, inline=False)
        outer = [*traced.inputs[1:], *(t for _, t in traced.graph.captures)]
        given = dict(zip((t.ref() for t in outer), traced.captured_inputs))
        depends = {traced.inputs[0].ref()}
        again = _Again(
            traced.graph,
            {traced.inputs[0].ref(): x, **given},
            depends,
            is_replaced,
            replacement,
        )
        return again.value(traced.outputs[0])

    return run


def _traced(function, like, inline):
    def run(x):
        return tf.identity(called(function, x, inline)[0])

    return tf.function(run, autograph=False).get_concrete_function(like)


class _Again:
    """Computes tensors of a graph from given ones, in the graph of now."""

    def __init__(self, graph, known, depends, is_replaced, replacement):
        self.graph = graph
        self.known = known
        self.depends = depends
        self.is_replaced = is_replaced
        self.replacement = replacement

    def value(self, tensor):
        """The value of a tensor of the graph."""
        for op in self._before(tensor):
            if any(t.ref() in self.depends for t in op.inputs) and (
                _words.squashed(op.type) not in _words.OF_SHAPE
            ):
                self.depends.update(t.ref() for t in op.outputs)
            outputs = self._run(op, [self.known[t.ref()] for t in op.inputs])
            self.known.update(zip((t.ref() for t in op.outputs), outputs))
        return self.known[tensor.ref()]

    def _before(self, tensor):
        """The operations that it needs and that have not been run, in order."""
        found, seen, stack = [], set(), [(tensor.op, False)]
        while stack:
            op, is_ready = stack.pop()
            if is_ready:
                found.append(op)
            elif op.name not in seen and any(
                t.ref() not in self.known for t in op.outputs
            ):
                seen.add(op.name)
                stack.append((op, True))
                stack += [(t.op, False) for t in op.inputs]
        return found

    def _run(self, op, inputs):
        depends = any(t.ref() in self.depends for t in op.inputs)
        if depends and self.is_replaced(op):
            given = parameters(op, op.inputs)
            tensors = [
                v
                for k, v in enumerate(inputs)
                if k not in given and k - len(inputs) not in given
            ]
            return [_call(self.replacement, tensors, dict(given.values()))]
        if op.type == "Const":
            return [tf.constant(tf.get_static_value(op.outputs[0]))]
        if op.type in _CALLS:
            graph = self._function(op, "f")
            return self._inner(graph, op.inputs, inputs)
        if op.type in _LOOPS:
            return self._loop(op, inputs)
        if op.type in _BRANCHES:
            return self._branch(op, inputs)
        if Rule(op).results:
            return self._with_own_gradient(op, inputs)
        return _soft(op, inputs) or _plainly(op, inputs)

    def _function(self, op, attribute):
        name = op.get_attr(attribute).name
        return self.graph._get_function(name).graph

    def _inner(self, graph, outer, inputs):
        """The outputs of a function's graph, whose inputs are `outer` here."""
        known = dict(zip((t.ref() for t in graph.inputs), inputs))
        depends = {
            t.ref()
            for t, given in zip(graph.inputs, outer)
            if given.ref() in self.depends
        }
        again = _Again(
            graph, known, depends, self.is_replaced, self.replacement
        )
        return [again.value(t) for t in graph.outputs]

    def _loop(self, op, inputs):
        test, body = self._function(op, "cond"), self._function(op, "body")
        return tf.while_loop(
            lambda *now: tf.cast(self._inner(test, op.inputs, now)[0], tf.bool),
            lambda *now: [
                tf.cast(value, was.dtype) if was.dtype != tf.variant else value
                for value, was in zip(self._inner(body, op.inputs, now), now)
            ],
            inputs,
            shape_invariants=[t.shape for t in body.outputs],
            maximum_iterations=_most(inputs),
        )

    def _branch(self, op, inputs):
        made = [
            self._function(op, name) for name in ("then_branch", "else_branch")
        ]
        found = tf.cond(
            tf.cast(inputs[0], tf.bool),
            *(
                lambda graph=graph: self._inner(
                    graph, op.inputs[1:], inputs[1:]
                )
                for graph in made
            ),
        )
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def _with_own_gradient(self, op, inputs):
        """A custom gradient: its rule is run in the old graph, then again."""
        with self.graph.as_default():
            above = [
                tf.compat.v1.placeholder(t.dtype, t.shape) for t in op.outputs
            ]
            handed = framework.get_gradient_function(op)(op, *above)

        @tf.custom_gradient
        def again(*inputs):
            def backward(*comes):
                known = dict(self.known)
                known.update(zip((t.ref() for t in above), comes))
                inner = _Again(
                    self.graph, known, set(), self.is_replaced, self.replacement
                )
                return [
                    None if t is None else inner.value(tf.convert_to_tensor(t))
                    for t in handed[: len(inputs)]
                ]

            return [tf.identity(t) for t in inputs], backward

        return again(*inputs)


def _most(inputs):
    """How often a loop runs at most, which XLA has to know."""
    # tf.while_loop counts in its first variable, up to its second.
    if len(inputs) < 2 or inputs[1].dtype != tf.int32:
        return None
    most = tf.get_static_value(inputs[1])
    return None if most is None or most.ndim or most < 0 else int(most)


def _call(function, tensors, given):
    names = inspect.signature(function).parameters
    takes_all = any(p.kind == p.VAR_KEYWORD for p in names.values())
    given = {k: v for k, v in given.items() if takes_all or k in names}
    return tf.convert_to_tensor(function(*tensors, **given))


def _soft(op, inputs):
    """What becomes of an operation on booleans and integers that are floats."""
    soft = [
        now.dtype.is_floating and not was.dtype.is_floating
        for now, was in zip(inputs, op.inputs)
    ]
    if not any(soft):
        return None
    if op.type == "Cast":
        to = op.outputs[0].dtype
        return [tf.cast(inputs[0], to) if to.is_floating else inputs[0]]
    if op.type == "LogicalNot":
        return [1 - inputs[0]]
    if op.type == "LogicalAnd":
        a, b = _floats(inputs)
        return [a * b]
    if op.type == "LogicalOr":
        a, b = _floats(inputs)
        return [a + b - a * b]
    if op.type in ("Select", "SelectV2") and soft[0]:
        share, a, b = _floats(inputs)
        return [share * a + (1 - share) * b]
    return None


def _floats(inputs):
    """All in the dtype of the first float."""
    dtype = next(t.dtype for t in inputs if t.dtype.is_floating)
    return [tf.cast(t, dtype) for t in inputs]


def _plainly(op, inputs):
    """The same operation of other inputs."""
    inputs = _same_types(op, inputs)
    try:
        return _raw(op, inputs)
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        # It takes no floats, as an index does not.
        return _raw(
            op,
            [
                now if now.dtype == was.dtype else tf.cast(now, was.dtype)
                for now, was in zip(inputs, op.inputs)
            ],
        )


def _same_types(op, inputs):
    """Casts inputs that have to have one dtype, if one has another now."""
    groups: dict = {}
    for k, argument in enumerate(_arguments(op)):
        groups.setdefault(argument.type_attr, []).append(k)
    inputs = list(inputs)
    for name, places in groups.items():
        changed = [k for k in places if inputs[k].dtype != op.inputs[k].dtype]
        if name and changed:
            for k in places:
                inputs[k] = tf.cast(inputs[k], inputs[changed[0]].dtype)
    return inputs


def _arguments(op):
    """For each input, the argument of the operation's definition."""
    found = []
    for argument in op.op_def.input_arg:
        found += [argument] * _length(op, argument)
    return found


def _length(op, argument):
    if argument.number_attr:
        return op.get_attr(argument.number_attr)
    if argument.type_list_attr:
        return len(op.get_attr(argument.type_list_attr))
    return 1


def _raw(op, inputs):
    function = getattr(tf.raw_ops, op.type)
    given, at, inferred = {}, 0, set()
    for name, argument in zip(_names(op, function), op.op_def.input_arg):
        number = _length(op, argument)
        is_list = argument.number_attr or argument.type_list_attr
        given[name] = inputs[at : at + number] if is_list else inputs[at]
        at += number
        inferred |= {
            argument.type_attr,
            argument.number_attr,
            argument.type_list_attr,
        }
    for attribute in op.op_def.attr:
        if attribute.name not in inferred:
            given[attribute.name] = op.get_attr(attribute.name)
    made = function(**given)
    if isinstance(made, tf.Tensor):
        return [made]
    return list(made) if made is not None else []


def _names(op, function):
    """What Python calls the inputs, which some definitions name otherwise."""
    taken = list(inspect.signature(function).parameters)
    own = [argument.name for argument in op.op_def.input_arg]
    known = {*own, "name", *(attribute.name for attribute in op.op_def.attr)}
    others = iter([name for name in taken if name not in known])
    return [name if name in taken else next(others) for name in own]
