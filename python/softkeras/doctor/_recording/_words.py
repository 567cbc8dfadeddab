"""One vocabulary for the operations of all backends: Keras's words."""

from __future__ import annotations

import re

# The backend's name in lower case, without "_" and the module, to ours.
_WORDS = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "acos": "arccos",
    "acosh": "arccosh",
    "and": "logical_and",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atanh": "arctanh",
    "bitwisenot": "logical_not",
    "clamp": "clip",
    "getitem": "take",
    "iadd": "add",
    "imul": "multiply",
    "invert": "logical_not",
    "isub": "subtract",
    "itruediv": "divide",
    "not": "logical_not",
    "or": "logical_or",
    "radd": "add",
    "rdiv": "divide",
    "rmul": "multiply",
    "rpow": "power",
    "rsub": "subtract",
    "rtruediv": "divide",
    "add": "add",
    "addv2": "add",
    "addn": "add",
    "addany": "add",
    "argmax": "argmax",
    "argmin": "argmin",
    "bitcastconverttype": "bitcast",
    "biasadd": "add",
    "broadcastindim": "broadcast_to",
    "broadcastto": "broadcast_to",
    "cast": "cast",
    "clampmax": "minimum",
    "clampmin": "maximum",
    "clipbyvalue": "clip",
    "concatenate": "concatenate",
    "concatv2": "concatenate",
    "cat": "concatenate",
    "convertelementtype": "cast",
    "cosh": "cosh",
    "customjvpcall": "custom_gradient",
    "customvjpcall": "custom_gradient",
    "customvjpcalljaxpr": "custom_gradient",
    "customgradient": "custom_gradient",
    "detach": "stop_gradient",
    "div": "divide",
    "divide": "divide",
    "divnonan": "divide_no_nan",
    "eagerpyfunc": "py_function",
    "eq": "equal",
    "equal": "equal",
    "euclideannorm": "norm",
    "floordiv": "floor_divide",
    "floordivide": "floor_divide",
    "floormod": "mod",
    "fmod": "mod",
    "remainder": "mod",
    "rem": "mod",
    "gather": "take",
    "gathernd": "take",
    "gatherv2": "take",
    "ge": "greater_equal",
    "greaterequal": "greater_equal",
    "gt": "greater",
    "identityn": "identity",
    "integerpow": "power",
    "le": "less_equal",
    "lessequal": "less_equal",
    "linalgnorm": "norm",
    "linalgvectornorm": "norm",
    "logicaland": "logical_and",
    "logicalnot": "logical_not",
    "logicalor": "logical_or",
    "logicalxor": "logical_xor",
    "lt": "less",
    "maximum": "maximum",
    "minimum": "minimum",
    "mul": "multiply",
    "multiply": "multiply",
    "ne": "not_equal",
    "neg": "negative",
    "negative": "negative",
    "notequal": "not_equal",
    "pow": "power",
    "purecallback": "numpy_function",
    "pyfunc": "numpy_function",
    "pyfuncstateless": "numpy_function",
    "realdiv": "divide",
    "reducemax": "max",
    "reducemin": "min",
    "reduceprod": "prod",
    "reducesum": "sum",
    "rint": "round",
    "select": "where",
    "selectn": "where",
    "selectv2": "where",
    "sgn": "sign",
    "softmaxcrossentropywithlogits": "softmax_cross_entropy",
    "statelessif": "cond",
    "if": "cond",
    "statelesswhile": "while_loop",
    "while": "while_loop",
    "stopgradient": "stop_gradient",
    "sub": "subtract",
    "subtract": "subtract",
    "truediv": "divide",
    "truedivide": "divide",
    "topk": "top_k",
    "topkv2": "top_k",
    "xdivy": "divide_no_nan",
    "partitionedcall": "function",
    "statefulpartitionedcall": "function",
}

COMPARISONS = frozenset(
    ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
)
ROUNDINGS = frozenset(("round", "floor", "ceil", "trunc", "sign"))
# Functions whose value is constant but for jumps, so that no gradient of them
# is of use: what a straight-through estimator has forward.
STEPS = (
    COMPARISONS
    | ROUNDINGS
    | {"argmax", "argmin", "heaviside", "one_hot", "digitize", "floor_divide"}
    | {"searchsorted", "argsort", "is_in_top_k", "bucketize"}
)
# What depends on the shape of its input, but not on its values.
OF_SHAPE = frozenset(
    (
        "shape",
        "shapen",
        "size",
        "rank",
        "zeroslike",
        "oneslike",
        "emptylike",
        "fulllike",
        "numel",
        "dim",
        "ndim",
        "newzeros",
        "newones",
    )
)
# The additive terms of what comes in go out again, moved about and rescaled.
LINEAR = frozenset(
    (
        "identity",
        "cast",
        "reshape",
        "squeeze",
        "expand_dims",
        "expanddims",
        "unsqueeze",
        "transpose",
        "broadcast_to",
        "mean",
        "sum",
        "negative",
        "copy",
        "clone",
        "view",
    )
)


def squashed(name: str) -> str:
    """A name in lower case, without its module and "_"."""
    return name.rsplit(".", 1)[-1].replace("_", "").lower()


def plain(name: str) -> str:
    """The word for what a backend calls `name`."""
    short = squashed(name)
    if short in _WORDS:
        return _WORDS[short]
    own = name.rsplit(".", 1)[-1].strip("_")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", own).lower()
    return _WORDS.get(snake.replace("_", ""), snake)
