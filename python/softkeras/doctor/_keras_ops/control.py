"""Probes of what takes functions: loops, branches, maps."""

from __future__ import annotations

from softkeras.doctor._keras_ops.case import OTHER, SMOOTH, Case, smooth

X = {"x": SMOOTH}


def _square(x):
    return x * x


def _custom(op, x):
    def square(x):
        def backward(*args, upstream=None):
            # Not every backend gives it by name.
            return (args[0] if upstream is None else upstream) * 2 * x

        return _square(x), backward

    return op(square)(x)


def _scan(op, init, xs):
    return op(lambda carry, x: (carry * 0.5 + x, carry * x), init, xs)


CONTROL = {
    "associative_scan": Case(X, lambda op, x: op(lambda a, b: a + b, x)),
    "cond": Case(X, lambda op, x: op(True, lambda: _square(x), lambda: -x)),
    "custom_gradient": Case(X, _custom),
    "fori_loop": Case(X, lambda op, x: op(0, 3, lambda i, x: _square(x), x)),
    "jvp": Case(
        {"primals": SMOOTH, "tangents": OTHER},
        lambda op, x, tangent: op(_square, (x,), (tangent,)),
    ),
    "map": Case({"xs": SMOOTH}, lambda op, xs: op(_square, xs)),
    "scan": Case({"init": smooth(1)[0], "xs": SMOOTH}, _scan),
    "switch": Case(
        {"operands": SMOOTH}, lambda op, x: op(0, [_square, lambda x: -x], x)
    ),
    "vectorize": Case(X, lambda op, x: op(_square)(x)),
    "vectorized_map": Case({"elements": SMOOTH}, lambda op, x: op(_square, x)),
    "while_loop": Case(
        {"loop_vars": SMOOTH},
        lambda op, x: op(
            lambda i, x: i < 3, lambda i, x: (i + 1, _square(x)), (0, x)
        )[1],
    ),
}
