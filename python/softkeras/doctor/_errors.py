"""What to write in place of what a backend refuses, by its error."""

_NO_IF = (
    (
        "Write keras.ops.where(condition, a, b), or keras.ops.cond: what is "
        "compiled has no values yet for an `if`."
    ),
    (
        "Write keras3's op_where(condition, a, b), or op_cond(): what is "
        "compiled has no values yet for an `if`."
    ),
)
_COMPARISON = (
    (
        "Write softkeras.ops.soft_step(x, threshold) for a comparison that is "
        "to be trained through; where no gradient is needed, compare with "
        "keras.ops.less and the like, and choose with keras.ops.where."
    ),
    (
        "Write op_soft_step(x, threshold) in place of x > threshold, which has "
        "no gradient, nor has ifelse() of it; where none is needed, keras3's "
        "op_greater() and op_where(); and its op_maximum() in place of pmax()."
    ),
)
_ROWS = (
    (
        "Write keras.ops.shape(x)[0], or take the mean: in a graph the number "
        "of rows in x.shape is None."
    ),
    (
        "Write keras3's op_shape(x)[[1]], or take the mean: in a graph the "
        "number of rows in x$shape is not known."
    ),
)
_VALUES = (
    (
        "Compute with keras.ops throughout: what is compiled has no values for "
        "NumPy."
    ),
    (
        "Compute with keras3's op_*() throughout: what is compiled has no "
        "values for R."
    ),
)
_PYTHON = (
    (
        "Compute with keras.ops in place of the Python function, or give "
        "compile() jit_compile=False."
    ),
    (
        "Compute with keras3's op_*() in place of the function of R's numbers, "
        "or give compile() jit_compile = FALSE."
    ),
)
_VARIABLES = ("Make variables once, outside of the function.",) * 2
_OF_R = (
    (
        "That function of R takes no tensors. Write op_soft_argmax(x) in place "
        "of which.max(x), op_soft_round(x) of round(x), op_soft_step(x, "
        "threshold) of ifelse(x > threshold, 1, 0), and keras3's op_maximum(), "
        "op_matmul() of pmax(), %*%."
    ),
) * 2
# By what stands in errors of backends, what to write in place of what they
# refuse, in Python and in R.
_ERRORS = {
    "as a Python `bool`": _NO_IF,
    "truth value of an array": _COMPARISON,
    "conversion of traced array": _NO_IF,
    "None values not supported": _ROWS,
    "'NoneType'": _ROWS,
    "no attribute 'numpy'": _VALUES,
    "to a numpy array": _VALUES,
    "__array__() method was called on traced": _VALUES,
    "EagerPyFunc": _PYTHON,
    "PyFunc": _PYTHON,
    "initialize variables": _VARIABLES,
    "singleton tf.Variables": _VARIABLES,
    "environments cannot be coerced": _OF_R,
    "of type 'environment'": _OF_R,
    "non-numeric argument to": _OF_R,
}


def remedies(error: BaseException) -> tuple[str, str]:
    """What to write in Python and in R; empty where the error isn't known."""
    text = str(error)
    return next(
        (ways for mark, ways in _ERRORS.items() if mark in text), ("", "")
    )
