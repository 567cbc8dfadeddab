"""One equation of a jaxpr: what it is called, and how it is run again."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr

from softkeras.doctor._recording import _words
from softkeras.doctor._recording._data import is_float

CUSTOM = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")


def bind(equation, *values):
    functions, given = equation.primitive.get_bind_params(equation.params)
    made = equation.primitive.bind(*functions, *values, **given)
    return list(made) if equation.primitive.multiple_results else [made]


def closed_of(jaxpr):
    if isinstance(jaxpr, Jaxpr):
        return ClosedJaxpr(jaxpr, ())
    return jaxpr


def frames_of(equation):
    """The stack of an equation, the outermost frame first."""
    stack = equation.source_info.traceback
    return [
        (f.file_name, f.line_num, f.function_name.rsplit(".", 1)[-1])
        for f in reversed(stack.frames if stack is not None else [])
    ]


def plain_of(equation):
    name = equation.primitive.name
    if name not in CUSTOM:
        # The reductions are reduce_max and reduce_min.
        return {"max": "maximum", "min": "minimum"}.get(
            name, _words.plain(name)
        )
    # JAX's own functions have rules of their own too.
    called = closed_of(equation.params["call_jaxpr"])
    name = getattr(called.jaxpr.debug_info, "func_name", "")
    if any(hasattr(m, name) for m in (jax.nn, jnp)):
        return name
    return "custom_gradient"


def parameters_of(equation):
    given = equation.params
    axes = given.get("axes", given.get("axis"))
    if equation.primitive.name in ("argmax", "argmin"):
        return {"axis": int(axes[0])}
    if isinstance(axes, int):
        return {"axis": axes}
    if isinstance(axes, tuple):
        return {"axis": [int(a) for a in axes]}
    return {}


def is_float_value(value):
    return (
        is_float(str(value.dtype))
        if hasattr(value, "dtype")
        else (isinstance(value, float))
    )


def bind_replacement(function, equation, values):
    names = inspect.signature(function).parameters
    takes_all = any(p.kind == p.VAR_KEYWORD for p in names.values())
    given = parameters_of(equation)
    given = {k: v for k, v in given.items() if takes_all or k in names}
    if equation.primitive.name == "select_n":
        which, if_false, if_true = values
        values = [which, if_true, if_false]
    if equation.primitive.name == "integer_pow":
        values = [values[0], jnp.asarray(equation.params["y"], values[0].dtype)]
    return jnp.asarray(function(*values, **given))


def bind_softly(equation, values):
    """What becomes of an operation on booleans and integers that are floats."""
    soft = _changed(equation, values)
    if not any(soft):
        return None
    name = equation.primitive.name
    if name == "convert_element_type":
        to = equation.params["new_dtype"]
        is_number = jnp.issubdtype(to, jnp.floating)
        return [values[0].astype(to) if is_number else values[0]]
    if name == "not":
        return [1 - values[0]]
    if name == "and":
        return [jnp.multiply(*values)]
    if name == "or":
        return [values[0] + values[1] - values[0] * values[1]]
    if name == "select_n" and soft[0]:
        share, if_false, if_true = values
        return [share * if_true + (1 - share) * if_false]
    return None


def _changed(equation, values):
    return [
        is_float_value(now) and not is_float(str(was.aval.dtype))
        for now, was in zip(values, equation.invars)
    ]


def bind_again(equation, values):
    """The same operation of other inputs."""
    changed = _changed(equation, values)
    if not any(changed):
        return bind(equation, *values)
    dtype = values[changed.index(True)].dtype
    try:
        return bind(equation, *(jnp.asarray(v, dtype) for v in values))
    except TypeError:
        # It takes no floats, as an index does not.
        return bind(
            equation,
            *(
                jnp.asarray(now, was.aval.dtype)
                for now, was in zip(values, equation.invars)
            ),
        )
