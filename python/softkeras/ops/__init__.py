"""Differentiable functions in place of those without a usable gradient.

They take arrays, lists, tensors, variables and the symbolic inputs of
functional models, and compute in float32 at least; integers become Keras's
floatx. On JAX their derivatives are reverse-mode (`jax.grad`, `jax.jacrev`), of
any order; `jax.jacfwd` and `jax.hessian`, which is made of it, do not work: use
`jax.jacrev(jax.grad(f))`.
"""

from softkeras.ops.argmax import soft_argmax, soft_one_hot
from softkeras.ops.exp_ratio import (
    continuous_bernoulli_mean,
    exp_ratio,
    exp_ratio_sum,
    log_exprel,
)
from softkeras.ops.gradients import (
    clip_gradient,
    replace_gradient,
    safe_where,
    straight_through,
    surrogate_gradient,
)
from softkeras.ops.hard_threshold import hard_threshold
from softkeras.ops.rounding import (
    soft_ceil,
    soft_floor,
    soft_round,
    soft_sign,
    soft_step,
)
from softkeras.ops.score_function import score_function_loss
from softkeras.ops.staircase import soft_staircase

__all__ = [
    "clip_gradient",
    "continuous_bernoulli_mean",
    "exp_ratio",
    "exp_ratio_sum",
    "hard_threshold",
    "log_exprel",
    "replace_gradient",
    "safe_where",
    "score_function_loss",
    "soft_argmax",
    "soft_ceil",
    "soft_floor",
    "soft_one_hot",
    "soft_round",
    "soft_sign",
    "soft_staircase",
    "soft_step",
    "straight_through",
    "surrogate_gradient",
]
