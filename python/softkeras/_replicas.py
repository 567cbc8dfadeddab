"""What passes between the replicas of a tf.distribute strategy.

A batch is split over the replicas, and what is no mean over rows must be
computed of the whole of it. On JAX an array that is spread over devices is one
array, and all of this does nothing there, nor on a single device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from softkeras._ops import ops

__all__ = ["count", "gather", "has_copies", "share", "total", "variable"]


def count() -> int:
    """How many replicas run what runs now.

    1 outside `strategy.run`, where a batch is whole.
    """
    context = _context()
    return context.num_replicas_in_sync if context else 1


def _context():
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.get_replica_context()


def total(tensors: Sequence[Any]) -> list[Any]:
    """Each of the tensors summed over replicas, for which it has one shape.

    The gradient of a sum over replicas is the sum of what comes from above on
    each of them, so that it is right whatever they make of it.
    """
    if count() == 1:
        return list(tensors)
    import tensorflow as tf

    return _context().all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))


def gather(tensors: Sequence[Any]) -> list[Any]:
    """Each of the tensors with the rows of all replicas, of any number each."""
    if count() == 1:
        return list(tensors)
    # One by one: TensorFlow's gradient for several at once takes them for parts
    # of one tensor.
    return [_context().all_gather(_sendable(x), axis=0) for x in tensors]


def _sendable(x):
    """Collective operations know no booleans and no short integers."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" in dtype or dtype == "int64":
        return x
    return ops.cast(x, "int32")


def share(loss: Any) -> Any:
    """The share of each replica in a loss that all of them have computed.

    As in Keras's own losses: optimisers sum gradients over replicas, and what
    fit() shows is multiplied by their number again.
    """
    replicas = count()
    return loss if replicas == 1 else loss / replicas


def variable(shape: tuple[int, ...], dtype: str, name: str) -> keras.Variable:
    """A variable of zeros, of which each replica assigns to its own copy."""

    def make():
        return keras.Variable(
            "zeros",
            shape,
            dtype,
            trainable=False,
            # Keras's words for that; all copies get the same values.
            synchronization="on_read",
            aggregation="only_first_replica",
            autocast=False,
            name=name,
        )

    if keras.backend.backend() != "tensorflow":
        return make()
    import tensorflow as tf

    def make_for_all(strategy):
        with tf.init_scope(), strategy.scope():
            return make()

    if count() > 1:
        return _context().merge_call(make_for_all)
    # Not in the graph that is being traced, which may be traced again.
    with tf.init_scope():
        return make()


def has_copies(variable: keras.Variable) -> bool:
    """Whether each of the replicas that run now has a copy of its own."""
    if count() == 1:
        return True
    import tensorflow as tf

    return isinstance(variable.value, tf.distribute.DistributedValues)
