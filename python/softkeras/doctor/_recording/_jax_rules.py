"""What the custom gradients of a JAX function hand down.

Their rules may hold what is known only while the function is traced, so they
are run then, on gradients that are inputs of the trace.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from softkeras.doctor._recording._jax_equations import is_float_value


def traced(function, *given) -> ClosedJaxpr:
    def run(*given):
        # What is assigned to variables, such as seeds, stays in the scope:
        # it would be a tracer that is of no use to anyone afterwards.
        with keras.StatelessScope():
            return jax.tree.map(jnp.asarray, function(*given))

    like = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in given]
    return jax.make_jaxpr(run)(*like)


@dataclass(frozen=True)
class Rules:
    """What the custom gradients of a trace hand down.

    The trace takes x and what comes to each of them; it returns the output,
    and for each what it made and what it hands down.
    """

    run: Callable
    comes: list
    sizes: list[tuple[int, int]]


def with_rules(function, x):
    comes: list = []

    def note(call, args):
        made = call(*args)
        floats = [v for v in jax.tree.leaves(made) if is_float_value(v)]
        comes.extend(np.ones(v.shape, v.dtype) for v in floats)
        return made

    with _custom_calls(note):
        without = traced(function, x)
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
                    if is_float_value(v)
                    else np.zeros(v.shape, jax.dtypes.float0)
                ),
                made,
            )
            result = call(*args)
            handed = [
                g if is_float_value(v) else jnp.zeros_like(v)
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
        closed = traced(run, x, *comes)
    except jax.errors.UnexpectedTracerError:
        # One of them is called in a function that is traced by itself.
        return without, None
    return closed, Rules(jaxpr_as_fun(closed), comes, sizes)


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
