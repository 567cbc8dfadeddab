"""Recording on TensorFlow: the traced graph and each operation's own gradient.

The gradient is not asked for by name: `get_gradient_function` knows of custom
gradients, of functions and of loops, as `tf.gradients` does, and so the way
back is taken here, operation by operation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops as framework

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import NotRecorded, Operation, Recording
from softkeras.doctor._recording._places import place, user_line

# Inputs that say how, and not what: their values are parameters.
_PARAMETERS = {
    "ArgMax": {1: "axis"},
    "ArgMin": {1: "axis"},
    "ConcatV2": {-1: "axis"},
    "Cumsum": {1: "axis"},
    "Max": {1: "axis"},
    "Mean": {1: "axis"},
    "Min": {1: "axis"},
    "Prod": {1: "axis"},
    "Sum": {1: "axis"},
}


def record(function: Callable, x: np.ndarray) -> Recording:
    """See `softkeras.doctor._recording.record`."""
    try:
        return _record(function, x, inline=True)
    except NotRecorded:
        # What AutoGraph has to rewrite can't be inlined.
        return _record(function, x, inline=False)


def _record(function, x, inline):
    found = {}

    def run(x):
        found["trace"] = trace = _Trace(x, *called(function, x, inline))
        return trace.fetched()

    x = tf.convert_to_tensor(x)
    try:
        # Traced and not called, which works where functions run eagerly too.
        concrete = tf.function(run, autograph=False).get_concrete_function(x)
        with _variables_as_they_were(concrete.captured_inputs):
            arrays = concrete(x)
    except NotRecorded:
        raise
    except Exception as error:
        raise NotRecorded(error, user_line(error)) from error
    return found["trace"].recording(arrays)


def called(function, x, inline):
    """`function` of a symbolic x, and the operations that it made."""
    graph = framework.get_default_graph()
    first = len(graph.get_operations())
    inlined = _calls_inlined() if inline else contextlib.nullcontext()
    with _no_variables(), inlined:
        output = function(x)
    if isinstance(output, (tf.RaggedTensor, tf.SparseTensor)):
        raise TypeError(
            f"The result must be a tensor. Received: a {type(output).__name__}"
        )
    output = tf.convert_to_tensor(output)
    if output.graph is not graph:
        output = tf.identity(output)
    return output, graph.get_operations()[first:]


@contextlib.contextmanager
def _calls_inlined():
    """Lets functions of `tf.function` trace into the graph of their caller."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _no_variables():
    """A scope in which no variable can be made, as in fit()."""

    def refuse(next_creator, **kwargs):
        raise ValueError(
            "A tf.Variable or keras.Variable is made inside of the function, "
            "so each call makes another one, and what is assigned to it has "
            "no gradient."
        )

    return tf.variable_creator_scope(refuse)


@contextlib.contextmanager
def _variables_as_they_were(captured):
    """Gives variables back the values that a run may change, as of seeds."""
    kept = []
    for handle in captured:
        if handle.dtype != tf.resource:
            continue
        data = getattr(handle, "_handle_data", None)
        if data is None or not data.shape_and_type:
            continue
        dtype = tf.dtypes.as_dtype(data.shape_and_type[0].dtype)
        with contextlib.suppress(tf.errors.OpError):
            value = tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
            kept.append((handle, tf.identity(value)))
    try:
        yield
    finally:
        for handle, value in kept:
            tf.raw_ops.AssignVariableOp(resource=handle, value=value)


class _Trace:
    """The operations between x and the output, with their gradients."""

    def __init__(self, x, output, operations):
        self.x, self.output = x, output
        self.ids = {}
        self.tensors = []
        depends = {x.ref()}
        used = {output.ref()}
        for op in operations:
            if _words.squashed(op.type) in _words.OF_SHAPE:
                continue
            if any(t.ref() in depends for t in op.inputs):
                depends.update(t.ref() for t in op.outputs)
        on_way = []
        for op in reversed(operations):
            is_used = any(t.ref() in used for t in op.outputs)
            if is_used and any(t.ref() in depends for t in op.outputs):
                on_way.append(op)
                used.update(t.ref() for t in op.inputs)
        self.operations = on_way[::-1]
        self.depends = depends
        self.rules = [Rule(op) for op in self.operations]
        self.inside = self._insides()
        self.traceback = [op.traceback for op in self.operations]
        # Before rules change what they belong to, as those of loops do.
        self.inputs = [list(op.inputs) for op in self.operations]
        self.outputs = [list(op.outputs) for op in self.operations]
        for t in [x, output, *_flat(self.inputs), *_flat(self.outputs)]:
            self._id(t)
        self.inside_gradients = [
            self._inside_gradient(k) for k in range(len(self.operations))
        ]
        self.gradients = {}
        self.down = [() for _ in self.operations]
        self._back()

    def _id(self, tensor):
        key = tensor.ref()
        if key not in self.ids:
            self.ids[key] = len(self.tensors)
            self.tensors.append(tensor)
        return self.ids[key]

    def _insides(self):
        """By operation, the one with a gradient of its own that it is in."""
        reached = {self.output.ref()}
        inside = {}
        found = [None] * len(self.operations)
        for k in range(len(self.operations) - 1, -1, -1):
            op, rule = self.operations[k], self.rules[k]
            on_way = any(t.ref() in reached for t in op.outputs)
            owner = next(
                (inside[t.ref()] for t in op.outputs if t.ref() in inside), None
            )
            if not on_way:
                found[k] = owner
            for place_, t in enumerate(op.inputs):
                if on_way and not rule.own(place_):
                    reached.add(t.ref())
                else:
                    inside.setdefault(t.ref(), k if on_way else owner)
        return found

    def _inside_gradient(self, k):
        """What autodiff would hand down where a custom gradient stands."""
        rule = self.rules[k]
        if not rule.results:
            return None
        results = self.inputs[k][: rule.results]
        given = self.inputs[k][rule.results :]
        try:
            found = tf.gradients(
                [t for t in results if _is_trainable(t)], given
            )
        except (LookupError, TypeError, ValueError):
            found = [None] * len(given)
        return [None] * rule.results + [_dense(t) for t in found]

    def _back(self):
        """Takes the gradient of the sum of the output to all values."""
        parts = {}
        if _is_trainable(self.output):
            parts[self.output.ref()] = [tf.ones_like(self.output)]
        for k in range(len(self.operations) - 1, -1, -1):
            op = self.operations[k]
            above = [self._sum(parts, t) for t in self.outputs[k]]
            handed = self.rules[k].hand_down(op, self.outputs[k], above)
            handed = [_dense(t) for t in handed]
            handed += [None] * (len(self.inputs[k]) - len(handed))
            handed = handed[: len(self.inputs[k])]
            self.down[k] = handed
            for t, gradient in zip(self.inputs[k], handed):
                if gradient is not None and t.ref() in self.depends:
                    parts.setdefault(t.ref(), []).append(gradient)
        self._sum(parts, self.x)

    def _sum(self, parts, tensor):
        found = parts.get(tensor.ref())
        if found and len(found) > 1:
            found = [tf.add_n(found)]
        gradient = found[0] if found else None
        self.gradients[tensor.ref()] = gradient
        return gradient

    def fetched(self):
        """All tensors that are to be known, for the function to return."""
        return {
            "values": {
                str(k): t for k, t in enumerate(self.tensors) if _is_array(t)
            },
            "gradients": {
                str(self.ids[key]): t
                for key, t in self.gradients.items()
                if t is not None and _is_array(t)
            },
            "down": [_arrays(handed) for handed in self.down],
            "inside": [
                _arrays(handed or ()) for handed in self.inside_gradients
            ],
        }

    def recording(self, arrays) -> Recording:
        """What was fetched, in words of all backends."""
        values = {int(k): v.numpy() for k, v in arrays["values"].items()}
        found = {int(k): v.numpy() for k, v in arrays["gradients"].items()}
        made = []
        for k, op in enumerate(self.operations):
            frames = [
                (f.filename, f.lineno or 0, f.name) for f in self.traceback[k]
            ]
            where, called = place(frames)
            rule, inputs = self.rules[k], self.inputs[k]
            inside = None
            if rule.results:
                inside = _numpy(arrays["inside"][k], len(inputs))
            made.append(
                Operation(
                    index=k,
                    name=op.type,
                    plain=rule.plain,
                    inputs=tuple(self._id(t) for t in inputs),
                    outputs=tuple(self._id(t) for t in self.outputs[k]),
                    input_dtypes=tuple(t.dtype.name for t in inputs),
                    output_dtypes=tuple(t.dtype.name for t in self.outputs[k]),
                    depends=tuple(t.ref() in self.depends for t in inputs),
                    down=_numpy(arrays["down"][k], len(inputs)),
                    hands=tuple(t is not None for t in self.down[k]),
                    where=where,
                    called=called,
                    parameters=dict(parameters(op, inputs).values()),
                    own_rule=tuple(rule.own(i) for i in range(len(inputs))),
                    inside=self.inside[k],
                    inside_gradient=inside,
                    results=tuple(self._id(t) for t in inputs[: rule.results]),
                    unregistered=rule.unregistered,
                )
            )
        gradients = {
            self.ids[key]: found.get(self.ids[key])
            for key in self.depends
            if key in self.ids
        }
        return Recording(
            made,
            values,
            gradients,
            self._id(self.x),
            self._id(self.output),
            "tensorflow",
        )


class Rule:
    """The gradient that is registered for an operation."""

    def __init__(self, op):
        self.plain = _words.plain(op.type)
        self.unregistered = False
        self.results = 0
        self.function = None
        try:
            self.function = framework.get_gradient_function(op)
        except LookupError:
            self.unregistered = True
        if op.type == "IdentityN" and _is_custom(op):
            self.plain = "custom_gradient"
            # It takes the results that it hands on, and then what they are
            # a function of: to these its gradient goes.
            self.results = _results(op)

    def own(self, place_):
        return place_ < self.results

    def hand_down(self, op, outputs, above):
        if self.function is None or all(g is None for g in above):
            return []
        above = [
            tf.zeros_like(t) if g is None and _is_trainable(t) else g
            for t, g in zip(outputs, above)
        ]
        with framework.get_default_graph().as_default():
            handed = self.function(op, *above)
        return list(handed) if isinstance(handed, (list, tuple)) else [handed]


def _is_custom(op):
    try:
        return bool(op.get_attr("_gradient_op_type"))
    except ValueError:
        return False


def _results(op):
    """How many inputs of a custom gradient are results.

    All outputs are handed on; those behind the last that anything takes are
    the arguments, which nothing takes from here.
    """
    taken = [k for k, t in enumerate(op.outputs) if t.consumers()]
    return (taken[-1] if taken else 0) + 1


def _is_trainable(tensor):
    dtype = tensor.dtype
    return dtype.is_floating or dtype.is_complex or dtype == tf.variant


def _is_array(tensor):
    return tensor.dtype not in (tf.resource, tf.variant, tf.string)


def _dense(gradient):
    """A tensor; not the slices that the gradient of a look-up is."""
    if gradient is None:
        return None
    return tf.convert_to_tensor(gradient)


def _flat(lists):
    return [t for each in lists for t in each]


def _arrays(handed):
    return {
        str(k): t
        for k, t in enumerate(handed)
        if t is not None and _is_array(t)
    }


def _numpy(arrays, number):
    found = [arrays.get(str(k)) for k in range(number)]
    return tuple(None if t is None else t.numpy() for t in found)


def parameters(op, inputs):
    """By place, the inputs that are parameters: name and value."""
    found = {}
    for at, name in _PARAMETERS.get(op.type, {}).items():
        value = tf.get_static_value(inputs[at])
        if value is not None:
            found[at] = (name, value.tolist())
    return found
