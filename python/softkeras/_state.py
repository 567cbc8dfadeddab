"""The state that a loss keeps from one training step to the next.

What `_backend` is for functions, this is for variables: each backend has its
own idea of what a compiled step may change.
"""

from __future__ import annotations

from typing import NamedTuple

import keras

from softkeras import _backend
from softkeras._ops import ops


def number(variable):
    """The value of a scalar variable; None while a backend traces it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.init_scope():  # out of the graph that may be traced now
            return float(variable.numpy())
    if _backend.is_concrete(variable.value):
        return float(keras.ops.convert_to_numpy(variable.value))
    return None


def when_differentiated(x, action):
    """`x`; `action()` runs each time that it is differentiated.

    That is: once a training step, and not where a loss is only evaluated. On
    TensorFlow and torch it runs in the backward pass; on JAX now, if a gradient
    is being taken.
    """
    if keras.backend.backend() != "jax":

        def function(x):
            def backward(upstream):
                action()
                return upstream

            return x, backward

        return ops.custom_gradient(function)(x)
    import jax

    differentiated = []

    @jax.custom_vjp
    def same(x):
        return x

    def forward(x):
        # What is assigned here would be a tracer that escapes.
        differentiated.append(True)
        return x, None

    same.defvjp(forward, lambda _, upstream: (upstream,))
    x = same(x)
    if differentiated:
        action()
    return x


def at_start_of_step(variable):
    """A variable's value, as a tensor; on JAX as this step found it.

    There what a training step assigns is seen by what it computes next.
    """
    value = _backend.read(keras.ops.convert_to_tensor(variable))
    if keras.backend.backend() != "jax":
        return value
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    scope = get_stateless_scope()
    if scope is None:
        return value
    found = vars(scope).setdefault("_softkeras_found", {})
    return found.setdefault(id(variable), value)


def check_kept(variable, what) -> None:
    """Raises a ValueError where an assignment to `variable` would be lost.

    On JAX a compiled step returns the state of the model, and drops the rest.
    A variable that replicas of tf.distribute share without their strategy
    knowing is changed by each of them.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        known = isinstance(variable.value, tf.distribute.DistributedValues)
        if _backend.has_replicas() and not known:
            raise ValueError(
                f"Under tf.distribute, {what} must be made in the scope of the "
                "strategy, as the model is: with strategy.scope(): ..."
            )
    if keras.backend.backend() != "jax":
        return
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    scope = get_stateless_scope()
    if scope is not None:
        kept = scope.get_current_value(variable) is not None
    else:
        kept = _backend.is_concrete(variable.value)
    if not kept:
        raise ValueError(
            f"On JAX, {what} can't keep its state by itself. Give fit() "
            "callbacks=[softkeras.callbacks.LossState()]. (In a training loop "
            "of your own, make its `variables` part of the state that you "
            "carry through keras.StatelessScope.)"
        )


class _Carried(NamedTuple):
    """What Keras takes for the generator of a layer's random numbers."""

    state: keras.Variable


def join_state(layer, variables) -> None:
    """Makes variables part of a layer's state where that must be: on JAX.

    As the state of a random generator is: carried from step to step, but no
    weight that is saved or counted.
    """
    if keras.backend.backend() != "jax":
        return
    known = {id(variable) for variable in layer.variables}
    for variable in variables:
        if id(variable) not in known:
            layer._seed_generators.append(_Carried(variable))


def leave_state(layer, variables) -> None:
    """Undoes `join_state`."""
    left = {id(variable) for variable in variables}
    carried = layer._seed_generators
    for i in reversed(range(len(carried))):
        if isinstance(carried[i], _Carried) and id(carried[i].state) in left:
            carried.pop(i)
