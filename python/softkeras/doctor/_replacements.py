"""What is run in place of an operation, as a function of its inputs."""

from __future__ import annotations

import keras
import numpy as np

from softkeras import ops as soft
from softkeras._ops import ops


def _epsilon(x):
    return keras.backend.epsilon() if _digits(x) > 4 else 1e-3


def _digits(x):
    dtype = keras.backend.standardize_dtype(x.dtype)
    return {"float16": 3, "bfloat16": 2}.get(dtype, 7)


def _largest(x):
    """The logarithm of the largest number of x's dtype, less some room."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    greatest = {"bfloat16": 3.3e38}.get(dtype)
    return 0.9 * float(np.log(greatest or np.finfo(dtype).max))


def _floats(*tensors):
    """All of them in the dtype of the first float."""
    dtypes = [keras.backend.standardize_dtype(x.dtype) for x in tensors]
    dtype = next((d for d in dtypes if "float" in d), keras.backend.floatx())
    return [ops.cast(x, dtype) for x in tensors]


def above(a, b):
    a, b = _floats(a, b)
    return soft.soft_step(a - b)


def below(a, b):
    a, b = _floats(a, b)
    return soft.soft_step(b - a)


def argmax(x, axis=-1):
    return soft.soft_argmax(x, axis=axis)


def argmin(x, axis=-1):
    return soft.soft_argmax(-x, axis=axis)


def trunc(x):
    return ops.where(x > 0, soft.soft_floor(x), soft.soft_ceil(x))


def floor_divide(a, b):
    a, b = _floats(a, b)
    return soft.soft_floor(a / b)


def same(x):
    return x


def relu(x):
    return ops.leaky_relu(x)


def clip(x, *limits):
    x, *limits = _floats(x, *limits)
    return soft.straight_through(ops.clip(x, *limits), x)


def bounded(function):
    """A maximum or minimum with the gradient of what is bounded."""

    def run(a, b):
        a, b = _floats(a, b)
        # The bound is the smaller one, a number most often.
        if len(a.shape) < len(b.shape):
            a, b = b, a
        return soft.straight_through(function(a, b), a)

    return run


def log(x):
    return ops.log(ops.maximum(x, _epsilon(x)))


def log2(x):
    return ops.log2(ops.maximum(x, _epsilon(x)))


def log10(x):
    return ops.log10(ops.maximum(x, _epsilon(x)))


def log1p(x):
    return ops.log1p(ops.maximum(x, _epsilon(x) - 1))


def sqrt(x):
    return ops.sqrt(ops.maximum(x, 0.0) + _epsilon(x))


def rsqrt(x):
    return 1 / sqrt(x)


def norm(x, axis=None):
    return sqrt(ops.sum(ops.square(x), axis=axis))


def std(x, axis=None):
    return sqrt(ops.var(x, axis=axis))


def divide(a, b):
    a, b = _floats(a, b)
    small = ops.abs(b) < _epsilon(b)
    return a / ops.where(small, ops.cast(_epsilon(b), b.dtype), b)


def reciprocal(x):
    return divide(ops.ones_like(x), x)


def power(x, p):
    x, p = _floats(x, p)
    least = ops.cast(_epsilon(x), x.dtype)
    # Whole powers are fine below 0.
    away = ops.where(ops.abs(x) < least, least, x)
    base = ops.where(ops.equal(p, ops.round(p)), away, ops.maximum(x, least))
    return ops.power(base, p)


def exp(x):
    return ops.exp(ops.minimum(x, _largest(x)))


def expm1(x):
    return ops.expm1(ops.minimum(x, _largest(x)))


def within_one(function):
    def run(x):
        limit = 1 - _epsilon(x)
        return function(ops.clip(x, -limit, limit))

    return run
