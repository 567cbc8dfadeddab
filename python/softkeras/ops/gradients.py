"""Tools to make one's own function that trains: gradients put in place."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras

from softkeras import _checks
from softkeras._gradients import differentiable
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import elementwise

__all__ = [
    "clip_gradient",
    "replace_gradient",
    "safe_where",
    "straight_through",
    "surrogate_gradient",
]


@elementwise("soft", "hard")
def straight_through(hard: TensorLike, soft: TensorLike) -> Tensor:
    """One tensor forward, the gradient of another backward.

    Formula: f = hard, exactly, and whatever `soft` is: unlike
    hard + (soft - stop_gradient(soft)), which is NaN where `soft` is infinite.

    Gradient: what comes from above goes to `soft` as it is, and nothing to
    `hard`: df/dθ = dsoft/dθ, of any order. Where `soft` is infinite or NaN,
    nothing goes to it; so the gradient is finite where that of `soft` is.

    Args:
        hard: Numbers or booleans of any shape; may come from a function
            without a gradient, or with a NaN in it.
        soft: Floats of the same shape, in the same units.

    Returns:
        A tensor of the shape and dtype of `soft`, with the values of `hard`.

    Raises:
        ValueError: if the shapes differ.

    Reference: Bengio et al., Estimating or propagating gradients through
    stochastic neurons, https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from softkeras.ops.gradients import straight_through
    >>> p = ops.convert_to_tensor([0.2, 0.7])
    >>> np.array(straight_through(p > 0.5, p)).tolist()
    [0.0, 1.0]
    """
    _same_shape(hard, soft)
    hard = ops.stop_gradient(ops.cast(hard, soft.dtype))
    # Not ops.custom_gradient: on JAX the derivative of its gradient takes the
    # way through `hard`, and is 0. And `where` around the difference, because
    # a TensorFlow graph makes (hard + soft) - soft of the plain sum if `hard`
    # is a constant.
    is_finite = ops.abs(soft) < float("inf")
    return hard + ops.where(is_finite, soft - ops.stop_gradient(soft), 0.0)


def _same_shape(hard, soft):
    shape, wanted = tuple(hard.shape), tuple(soft.shape)
    if len(shape) != len(wanted) or any(
        None not in pair and pair[0] != pair[1] for pair in zip(shape, wanted)
    ):
        raise ValueError(
            "`hard` and `soft` must have the same shape, because each element "
            f"takes the gradient of its own. Received: hard of shape {shape}, "
            f"soft of shape {wanted}."
        )


def replace_gradient(fn: Callable, surrogate: Callable) -> Callable:
    """A function that is `fn` forward and has the derivative of `surrogate`.

    Formula: f(x, ...) = fn(x, ...), exactly.

    Gradient: df/dx = dsurrogate/dx in each argument. Nothing flows through
    `fn`, so its own gradient may be missing or NaN.

    Args:
        fn: A function of one or more tensors, made of `keras.ops` (or of the
            backend's own), that returns one tensor.
        surrogate: A differentiable function of the same arguments; its value
            must have the shape that `fn` returns, and is not used.

    Returns:
        A function of the arguments of `fn`; keywords go to both functions. It
        returns the values of `fn` in the dtype of `surrogate`.

    Raises:
        ValueError: if one of the two is not callable, and, when called, if
            they return tensors of different shapes.

    Reference: Bengio et al., Estimating or propagating gradients through
    stochastic neurons, https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from softkeras.ops.gradients import replace_gradient
    >>> sign = replace_gradient(ops.sign, ops.tanh)
    >>> np.array(sign(np.array([-2.0, 0.5], "float32"))).tolist()
    [-1.0, 1.0]
    """
    for name, function in (("fn", fn), ("surrogate", surrogate)):
        if not callable(function):
            raise ValueError(
                f"`{name}` must be a function of tensors. Received: "
                f"{name}={function!r}; for two tensors, use straight_through."
            )

    @functools.wraps(fn)
    def replaced(*args, **kwargs):
        return straight_through(fn(*args, **kwargs), surrogate(*args, **kwargs))

    return replaced


def surrogate_gradient(surrogate: Callable) -> Callable:
    """Decorator: the function below, with the derivative of `surrogate`.

    Formula: `@surrogate_gradient(soft)` above `def f` is
    `f = replace_gradient(f, soft)`.

    Gradient: that of `surrogate`; see `replace_gradient`.

    Args:
        surrogate: A differentiable function of the same arguments.

    Returns:
        A decorator.

    Raises:
        ValueError: as `replace_gradient` does.

    Reference: Bengio et al., Estimating or propagating gradients through
    stochastic neurons, https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from softkeras.ops.gradients import surrogate_gradient
    >>> @surrogate_gradient(lambda x, step: x)
    ... def quantise(x, step):
    ...     return step * ops.round(x / step)
    >>> np.array(quantise(np.array([0.4, 1.3], "float32"), 0.5)).tolist()
    [0.5, 1.5]
    """
    return lambda fn: replace_gradient(fn, surrogate)


@elementwise("x", "condition", "safe_true", "safe_false")
def safe_where(
    condition: TensorLike,
    if_true: Callable,
    if_false: Callable,
    x: TensorLike,
    safe_true: TensorLike,
    safe_false: TensorLike,
) -> Tensor:
    """`where` whose branches never see an input that they can't take.

    Formula: f(x) = if_true(x) where `condition` holds, else if_false(x); each
    branch is evaluated on x where it is chosen, and on its safe value
    elsewhere.

    Gradient: that of the chosen branch, and of any order. An ordinary `where`
    multiplies the derivative of the other branch by 0, which is NaN if that
    derivative is infinite; here it is the derivative at the safe value.

    Args:
        condition: Booleans of the shape of `x`, or that broadcast to it.
        if_true: An elementwise function of a tensor.
        if_false: Another. Both may be called with float32 where `x` is
            narrower.
        x: Numbers of any shape.
        safe_true: A number, or a tensor that broadcasts to `x`, where
            `if_true` has a finite value and finite derivatives.
        safe_false: The same for `if_false`.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: if `condition` is not boolean, or a branch not a function.

    Reference: JAX's FAQ, "Gradients contain NaN where using where",
    https://docs.jax.dev/en/latest/faq.html.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from softkeras.ops.gradients import safe_where
    >>> x = np.array([-1.0, 0.0, 4.0], "float32")
    >>> root = safe_where(x > 0, ops.sqrt, ops.zeros_like, x, 1.0, 0.0)
    >>> np.array(root).tolist()
    [0.0, 0.0, 2.0]
    """
    for name, branch in (("if_true", if_true), ("if_false", if_false)):
        if not callable(branch):
            raise ValueError(
                f"`{name}` must be a function of a tensor. Received: "
                f"{name}={branch!r}; a tensor has been computed on all inputs "
                "already, safe or not."
            )
    dtype = keras.backend.standardize_dtype(condition.dtype)
    if dtype != "bool":
        raise ValueError(
            f"`condition` must hold booleans, such as x > 0. Received: "
            f"condition of dtype {dtype}"
        )
    return ops.where(
        condition,
        if_true(ops.where(condition, x, safe_true)),
        if_false(ops.where(condition, safe_false, x)),
    )


@elementwise("x")
def clip_gradient(x: TensorLike, limit: float) -> Tensor:
    """The identity, with its gradient cut to [-limit, limit].

    Formula: f(x) = x.

    Gradient: with g what comes from above, min(max(g, -limit), limit),
    element by element; so an infinite g becomes ±limit. A NaN stays NaN,
    because hiding it would hide a mistake. Of the second derivative, only
    that it is 0 where the gradient is cut is the same on every backend.

    Args:
        x: Numbers of any shape.
        limit: Above 0, in units of the loss per unit of `x`.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: if the limit is not above 0.

    Reference: Pascanu et al., On the difficulty of training recurrent neural
    networks, https://arxiv.org/abs/1211.5063.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.gradients import clip_gradient
    >>> np.array(clip_gradient(np.array([3.0, -4.0]), limit=1.0)).tolist()
    [3.0, -4.0]
    """
    limit = _checks.positive("limit", limit)

    def backward(g):
        # Not ops.clip, which need not keep a NaN on every backend.
        return ops.where(g > limit, limit, ops.where(g < -limit, -limit, g))

    return differentiable(lambda x: (ops.copy(x), backward))(x)
