"""What keras.ops can't say about a backend.

This file, `_ops`, `_replicas`, `_state` and what runs and reads the functions
of users in `doctor` (`_run`, `_recording`, `_derivatives`) are the only ones
that import one.
"""

from __future__ import annotations

import keras
import numpy as np

from softkeras._ops import ops

try:
    # Keras has no public name for it, and not all tensors take attributes.
    from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
except ImportError:

    def get_keras_mask(x):
        return getattr(x, "_keras_mask", None)

    def set_keras_mask(x, mask):
        x._keras_mask = mask


def is_concrete(x) -> bool:
    """Whether the values of tensor `x` can be looked at now.

    False while a graph is traced or compiled, and for KerasTensors.
    """
    if isinstance(x, keras.KerasTensor):
        return False
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.executing_eagerly() and not tf.is_symbolic_tensor(x)
    if backend == "jax":
        import jax

        # While JAX traces, what is made of a known value is not known.
        made = jax.numpy.zeros(())
        return not any(isinstance(v, jax.core.Tracer) for v in (x, made))
    if backend == "torch":
        import torch

        # Keras finds shapes by tensors on the device "meta", without values.
        return not torch.compiler.is_compiling() and not getattr(
            x, "is_meta", False
        )
    return True


def is_recorded(x) -> bool:
    """Whether a gradient with respect to `x` may be asked for.

    On TensorFlow as far as the graph that is traced can know: not where the
    tape is outside of it. On JAX, False.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        from tensorflow.python.eager import record

        return record.should_record_backprop([x])
    if backend == "torch":
        import torch

        return torch.is_grad_enabled() and x.requires_grad
    return False


def after_assigning(assignments, x):
    """`x`, which is not to be had before variables have their new values.

    So that an assignment in a backward pass is a part of it: a graph that is
    made for its results would leave it out.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        made = [variable.value.assign(new) for variable, new in assignments]
        with tf.control_dependencies(made):
            return tf.identity(x)
    for variable, new in assignments:
        variable.assign(new)
    return x


def sigmoid_gradient(value, upstream):
    """upstream·value·(1 - value), in one pass over memory if it can be."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.raw_ops.SigmoidGrad(y=value, dy=upstream)
    if keras.backend.backend() == "torch":
        import torch

        return torch.ops.aten.sigmoid_backward(upstream, value)
    return upstream * value * (1 - value)


def plus_where(condition, extra, base):
    """base, and where the condition holds base + extra, both finite."""
    if keras.backend.backend() == "torch":
        import torch

        # Torch's `where` takes a branch an element, which costs five times
        # as much as arithmetic where the condition is as good as random.
        if torch.is_grad_enabled():
            return base + condition * extra
        return condition.to(extra.dtype).mul_(extra).add_(base)
    return ops.where(condition, base + extra, base)


def extremes(x):
    """The least and the highest value, in one pass if it can be; NaN of NaN."""
    if keras.backend.backend() == "torch":
        import torch

        return torch.aminmax(x)
    return ops.min(x), ops.max(x)


def is_same(x, y) -> bool:
    """Whether all values are the same, where that is cheap to find out."""
    if keras.backend.backend() != "torch" or not is_concrete(x):
        return False
    import torch

    return torch.equal(x, y)


def may_need_gradient(x) -> bool:
    """Whether a gradient of tensor `x` may be asked for."""
    return keras.backend.backend() != "torch" or x.requires_grad


def value_and_slope(function, x):
    """An elementwise function of tensor `x` and its derivative there."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        none = tf.UnconnectedGradients.ZERO
        return value, tape.gradient(value, x, unconnected_gradients=none)
    if backend == "jax":
        import jax

        value, pull_back = jax.vjp(function, x)
        return value, pull_back(jax.numpy.ones_like(value))[0]
    import torch

    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        value = function(x)
        (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), slope


def traced(function, *like):
    """The same function of tensors, for many calls with ones like `like`."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        # Not called as it is: TensorFlow warns of functions that are traced
        # often, which is what is wanted here.
        traced = tf.function(function, autograph=False)
        return traced.get_concrete_function(*like)
    if backend == "jax":
        import jax

        return jax.jit(function)
    return function


def assert_in_graph(holds, message, least, most) -> bool:
    """Lets a graph fail with `message` when it runs and `holds` is false.

    Returns whether that can be had: in a TensorFlow graph that XLA does not
    compile.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    # XLA would drop the assertion without a word.
    if is_fused():
        return False
    tf.debugging.Assert(
        holds(), [message, "Received: values from", least(), "to", most()]
    )
    return True


def read(x):
    """The value of what is a variable on TensorFlow.

    Keras leaves it one, and a function with its own gradient takes none.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if isinstance(x, (tf.Variable, keras.Variable)):
            return tf.convert_to_tensor(x)
    return x


def is_ragged(x) -> bool:
    """Whether `x` is a RaggedTensor of TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(x, tf.RaggedTensor)


def map_flat_values(function, tensors: dict):
    """`function` of the flat values of ragged tensors, as a ragged tensor.

    Those that are not ragged must be scalars, or broadcast with the last axes
    of the flat values, not with their first: that holds elements of all rows.
    """
    import tensorflow as tf

    names = list(tensors)
    ragged = next(name for name, x in tensors.items() if is_ragged(x))
    inner = len(tensors[ragged].flat_values.shape) - 1
    for name, x in tensors.items():
        if x is None or is_ragged(x):
            continue
        shape = tuple(x.shape) if hasattr(x, "shape") else np.shape(x)
        if len(shape) > inner:
            raise ValueError(
                f"`{ragged}` is ragged, so `{name}` must be a number or ragged "
                f"with the same rows. Received: {name} of shape {shape}; one "
                f"number a row becomes ragged by tf.RaggedTensor."
                f"from_row_splits(tf.gather({name}, {ragged}.value_rowids()), "
                f"{ragged}.row_splits)."
            )
    return tf.ragged.map_flat_values(
        lambda *flat: function(**dict(zip(names, flat))), *tensors.values()
    )


def stored(gradient):
    """The numbers of a gradient; of an embedding's those of the rows used."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if isinstance(gradient, tf.IndexedSlices):
            return gradient.values
    return gradient


def dense(gradient):
    """A gradient with all rows, also of an embedding."""
    values = stored(gradient)
    if values is gradient:
        return gradient
    import tensorflow as tf

    # A row that is used twice is there twice.
    rows = gradient.dense_shape[0]
    whole = tf.math.unsorted_segment_sum(values, gradient.indices, rows)
    known = tf.get_static_value(gradient.dense_shape)
    return whole if known is None else tf.ensure_shape(whole, known)


def sum_of_squares(tensors):
    """Of all their elements, if that is cheaper than to look at them.

    So it is in a TensorFlow graph, where it is one operation for each tensor.
    XLA can't add up floats in parts, but can look whether all are finite so.
    """
    if keras.backend.backend() != "tensorflow" or is_fused():
        return None
    import tensorflow as tf

    # Not all devices have it for the narrow ones.
    if any(x.dtype not in (tf.float32, tf.float64) for x in tensors):
        return None
    return tf.add_n([tf.cast(tf.nn.l2_loss(x), "float32") for x in tensors])


def generators():
    """What gives the backend's own random generators back as they are now."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        state = torch.random.get_rng_state()
        of_gpus = (
            torch.cuda.get_rng_state_all()
            if torch.cuda.is_initialized()
            else []
        )

        def undo():
            torch.random.set_rng_state(state)
            if of_gpus:
                torch.cuda.set_rng_state_all(of_gpus)

        return undo
    if backend == "tensorflow":
        from tensorflow.python.eager import context

        generator = getattr(context.context(), "_rng", None)
        if generator is not None:
            state = generator.getstate()
            return lambda: generator.setstate(state)
    return lambda: None


def check_numpy_callable() -> None:
    """Raises a ValueError where `call_numpy` can't be compiled."""
    if keras.backend.backend() == "tensorflow" and is_fused():
        raise ValueError(
            "XLA can't compile a NumPy function. Use compile("
            "jit_compile=False), or tf.function(jit_compile=False)."
        )


def call_numpy(function, arrays, dtype, shape):
    """`function` of NumPy arrays, as a tensor, also where a graph is traced.

    It has no gradient, so `arrays` must come from `ops.stop_gradient`.
    """
    check_numpy_callable()

    def run(*arrays):
        return np.asarray(function(*map(np.asarray, arrays)), dtype)

    backend = keras.backend.backend()
    if all(is_concrete(x) for x in arrays):
        values = run(*map(keras.ops.convert_to_numpy, arrays))
        return keras.ops.convert_to_tensor(values, dtype)
    if backend == "tensorflow":
        import tensorflow as tf

        result = tf.numpy_function(run, arrays, dtype)
        result.set_shape(shape)
        return result
    if backend == "jax":
        import jax

        return jax.pure_callback(
            run, jax.ShapeDtypeStruct(shape, dtype), *arrays
        )
    if any(getattr(x, "is_meta", False) for x in arrays):
        return keras.ops.zeros(shape, dtype)
    raise ValueError(
        f"A NumPy function can't be part of a graph of {backend}. Run it "
        "uncompiled, with compile(jit_compile=False)."
    )


def erfc(x):
    """1 - erf(x), without its cancellation (ops.erfc is of newer Kerases)."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.math.erfc(x)
    if backend == "jax":
        import jax

        return jax.scipy.special.erfc(x)
    import torch

    return torch.special.erfc(x)


def has_replicas() -> bool:
    """Whether this is one of several replicas of tf.distribute."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context is not None and context.num_replicas_in_sync > 1


def can_branch() -> bool:
    """Whether any function may stand in a branch of `ops.cond`.

    In TensorFlow XLA has no gradient of a loop in a branch, and replicas can't
    add up their parts in one.
    """
    if keras.backend.backend() != "tensorflow":
        return True
    return not is_fused() and not has_replicas()


def static_value(x):
    """Tensor `x` as a NumPy array, if its values are known now, else None.

    Unlike `is_concrete` says, a constant in a TensorFlow graph is known.
    """
    if keras.backend.backend() == "tensorflow" and not is_concrete(x):
        import tensorflow as tf

        if isinstance(x, keras.KerasTensor):
            return None
        return tf.get_static_value(x)
    return keras.ops.convert_to_numpy(x) if is_concrete(x) else None


def is_fused() -> bool:
    """Whether what runs now is traced for XLA, or by a backend built on it."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf
        from tensorflow.python.ops import control_flow_util

        # tf.function(jit_compile=True) opens this context while it traces.
        return control_flow_util.GraphOrParentsInXlaContext(
            tf.compat.v1.get_default_graph()
        )
    return backend == "jax"
