"""keras.ops, with what is wrong there put right."""

from __future__ import annotations

from typing import Any

import keras


class _Ops:
    """keras.ops, with what is wrong there in Keras 3.15 put right.

    So take this one, and not that of Keras, in all of softkeras.
    """

    def __getattr__(self, name):
        return getattr(keras.ops, name)


ops: Any = _Ops()

if keras.backend.backend() == "jax":
    import jax

    # Keras's own compute float64 in float32 without a word.
    for _name in ("arctan", "ceil", "cos", "floor", "mean", "sin", "tanh"):
        setattr(ops, _name, getattr(jax.numpy, _name))

if keras.backend.backend() == "torch":
    import torch

    def _with_numbers(function):
        """`function`, with numbers of Python in the dtype of the floats."""

        def run(*args):
            dtypes = (
                keras.backend.standardize_dtype(x.dtype)
                for x in args
                if not isinstance(x, (int, float))
            )
            dtype = next((name for name in dtypes if "float" in name), None)
            return function(
                *(
                    keras.ops.convert_to_tensor(
                        x, dtype if isinstance(x, (int, float)) else None
                    )
                    for x in args
                )
            )

        return run

    # Keras's own compute float64 in float32, or with constants of float32.
    ops.ceil, ops.floor, ops.mean = torch.ceil, torch.floor, torch.mean
    ops.cumsum = lambda x, axis=0: torch.cumsum(x, axis)

    def _matmul(x, y):
        dtype = torch.promote_types(x.dtype, y.dtype)
        return torch.matmul(x.to(dtype), y.to(dtype))

    ops.matmul = _matmul
    ops.clip, ops.maximum, ops.minimum, ops.where = map(
        _with_numbers, (torch.clip, torch.maximum, torch.minimum, torch.where)
    )

    def _extreme(function):
        def run(x, axis=(), keepdims=False, initial=None):
            # Without `initial`, which is for axes without an entry: Keras's
            # own needs its value, also on "meta", and always on the CPU.
            return function(x, axis, keepdims)

        return run

    ops.max, ops.min = map(_extreme, (torch.amax, torch.amin))

    # Torch's own makes 0 of NaN.
    ops.sign = lambda x: torch.sign(x).masked_fill(torch.isnan(x), float("nan"))

    class _CustomGradient(torch.autograd.Function):
        @staticmethod
        def forward(ctx, function, *tensors):
            value, ctx.pull_back = function(*tensors)
            ctx.function = function
            ctx.save_for_backward(*tensors)
            # Another tensor than the one that `pull_back` may hold, which
            # would hold the graph and thereby itself.
            return value.detach()

        @staticmethod
        def backward(ctx, upstream):
            pull_back = ctx.pull_back
            if torch.is_grad_enabled():
                # To be differentiated again. What `forward` computed is cut
                # off from the tensors: it would count as constant.
                _, pull_back = ctx.function(*ctx.saved_tensors)
            gradients = pull_back(upstream)
            if not isinstance(gradients, tuple):
                gradients = (gradients,)
            return None, *gradients

    def _custom_gradient(function):
        # Keras's own has wrong second derivatives.
        return lambda *tensors: _CustomGradient.apply(function, *tensors)

    ops.custom_gradient = _custom_gradient
