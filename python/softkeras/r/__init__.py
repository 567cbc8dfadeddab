"""R functions in Python: losses and scores that are written in R.

Needs R with the packages softkeras and reticulate, and rpy2 (the extra `r`; with
R before 4.5 the extra `r-before-4-5`). R runs in this process and takes tensors
as they are, so that gradients pass. It starts with the first call, or with
`start()`; importing this module starts nothing.

R can be called from Python's main thread only. With reticulate before 1.40 R
should be called through this module alone and not through rpy2 as well: rpy2
lets go of Python's lock, without which these versions can't free Python objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras.counts import Counts
from softkeras.r import _session
from softkeras.r._function_loss import FunctionLoss

__all__ = ["function", "loss", "score", "start"]


def start() -> None:
    """Starts R in this process, if it has not been started.

    Formula: none. R finds its packages as ever, in what `R_LIBS` and
    `R_LIBS_USER` name. reticulate takes this Python whatever
    `RETICULATE_PYTHON` says. When Python ends, R's finalizers run, its graphics
    devices are closed and its temporary files removed; the exit status stays
    Python's.

    Gradient: none.

    Args: none.

    Raises:
        ImportError: without rpy2 or R, for an rpy2 that does not go with the R,
            and without the R packages softkeras and reticulate.
        RuntimeError: outside Python's main thread, and where R runs this
            Python.

    Returns:
        None.

    Reference: https://rpy2.github.io and https://rstudio.github.io/reticulate.

    Example:

    >>> import softkeras.r
    >>> softkeras.r.start()
    """
    _session.start()


def function(source: str) -> Callable:
    """An R function, to be called from Python.

    Formula: numbers, strings, booleans, None and NumPy arrays become R's own;
    any other object, such as a model or a tensor, is handed over as it is. What
    the function returns comes back the same way: a vector of R as a list, one of
    length 1 as its element, an array as a NumPy array, a named list as a
    dictionary.

    Gradient: that of what the R function does with tensors.

    Args:
        source: The text of an R function, or the name of one that R knows, such
            as `"stats::median"`.

    Returns:
        A Python function with the R function's arguments.

    Raises:
        ValueError: if the text is not a function.
        RuntimeError: when the R function fails or is called outside Python's
            main thread.
        ImportError: as in `start`.

    Reference: https://rstudio.github.io/reticulate/articles/calling_python.html.

    Example:

    >>> import softkeras.r
    >>> scaled = softkeras.r.function("function(x, by = 2) x * by")
    >>> scaled(1.5), scaled(1.5, by=4)
    (3.0, 6.0)
    """
    called = _session.make(source, "function")

    def call(*args: Any, **kwargs: Any) -> Any:
        return called(list(args), list(kwargs), list(kwargs.values()))

    return call


def loss(
    source: str,
    name: str | None = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> keras.losses.Loss:
    """A Keras loss that is written in R.

    Formula: what the R function gives for `y_true` and `y_pred`. Both are
    tensors there, and so must be the result. `+ - * / ^`, `abs()`, `exp()`,
    `log()`, `sqrt()`, `sum()` and `mean()` take them; the functions of the R
    packages softkeras and, where it is attached, keras3 do as well.

    Gradient: that of these operations, by the backend.

    Args:
        source: The text of an R function of `y_true` and `y_pred`, or the name
            of one that R knows.
        name: Name of the loss. Default: the R function's, or `"r_loss"`.
        reduction: How one loss a sample is reduced, as in Keras.
        dtype: The dtype that is computed in, as in Keras.

    Returns:
        A loss for `compile()`. A model that is compiled with it is saved and
        loaded, but R's text is not run from the file: compile it again then.

    Raises:
        ValueError: if the text is not a function, and when the function is
            called and gives no tensor.
        RuntimeError: when the R function fails or is called outside Python's
            main thread.
        ImportError: as in `start`.

    Reference: https://keras.io/api/losses.

    Example:

    >>> import numpy as np
    >>> import softkeras.r
    >>> loss = softkeras.r.loss("function(y_true, y_pred) (y_true - y_pred)^2")
    >>> y_true, y_pred = np.array([[1.0], [0.0]]), np.array([[0.5], [0.1]])
    >>> round(float(loss(y_true, y_pred)), 4)
    0.13
    """
    called = _session.make(source, "loss")

    def of_tensors(y_true: Any, y_pred: Any) -> Any:
        return _tensor(called(y_true, y_pred), source)

    return FunctionLoss(
        of_tensors,
        source=source,
        name=name or _name_of(source, "r_loss"),
        reduction=reduction,
        dtype=dtype,
    )


def score(source: str) -> Callable:
    """A score that is written in R, for losses, metrics and thresholds.

    Formula: what the R function gives for a list of `tp`, `fp`, `fn` and `tn`,
    entry by entry. In `softkeras.losses.ScoreLoss` and
    `softkeras.metrics.EpochScore` these are tensors, in
    `softkeras.thresholds.best_threshold` numbers of R.

    Gradient: that of the operations on tensors, by the backend; `+ - * / ^`,
    `abs()`, `exp()`, `log()` and `sqrt()` are there.

    Args:
        source: The text of an R function of counts, or the name of one that R
            knows. It gives 1 for the best.

    Returns:
        A function of `softkeras.counts.Counts`. A model that is compiled with it
        can't be saved as a whole, only its weights.

    Raises:
        ValueError: if the text is not a function, and when the function is
            called and gives neither tensors nor numbers, as the counts are.
        RuntimeError: when the R function fails or is called outside Python's
            main thread.
        ImportError: as in `start`.

    Reference: Marchetti et al., Score-oriented loss functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> import softkeras.r
    >>> from softkeras.losses import ScoreLoss
    >>> jaccard = softkeras.r.score("function(c) c$tp / (c$tp + c$fp + c$fn)")
    >>> loss = ScoreLoss(jaccard, step="hard")
    >>> y_true, y_pred = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    >>> round(float(loss(y_true, y_pred)), 4)
    0.6667
    """
    called = _session.make(source, "score")

    def score_of_r(counts: Counts, **score_args: Any) -> Any:
        keys, values = list(score_args), list(score_args.values())
        value = called(*_in_order(counts), keys, values)
        return value if _are_numbers(counts) else _tensor(value, source)

    score_of_r.__name__ = _name_of(source, "r_score")
    return score_of_r


def _in_order(counts):
    return counts.tp, counts.fp, counts.fn, counts.tn


def _are_numbers(counts):
    return not any(map(keras.ops.is_tensor, _in_order(counts)))


def _name_of(source, otherwise):
    return source if source.isidentifier() else otherwise


def _tensor(value, source):
    if not keras.ops.is_tensor(value):
        raise ValueError(
            "The R function must return a tensor made of those that it is "
            f"given. Received: {value!r}. It is: {source}"
        )
    return value
