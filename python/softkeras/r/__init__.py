"""R functions in Python: losses and scores that are written in R.

Needs R with the packages softkeras and reticulate, and rpy2: the extra `r` with
R 4.5 or later, the extra `r-before-4-5` with an earlier R. R runs in this
process and takes tensors as they are, so that gradients pass. It starts with
the first call, or with `start()`; to import this module starts nothing.

R can be called from Python's main thread only. Once it has started, call it
through this module and not through rpy2 as well: rpy2 lets go of Python's lock,
without which older versions of reticulate can't free what R holds of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from softkeras._foreign import ForeignFunction
from softkeras._types import DTypeLike
from softkeras.counts import Counts
from softkeras.losses import FunctionLoss
from softkeras.r import _session

__all__ = ["function", "loss", "score", "start"]


def start() -> None:
    """Starts R in this process, if it has not been started.

    Formula: none. R finds its packages as ever, in what `R_LIBS` and
    `R_LIBS_USER` name. reticulate takes this Python whatever
    `RETICULATE_PYTHON` says. When Python ends, R's finalisers run, its graphics
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

    Formula: numbers, strings, booleans, None, NumPy arrays and functions become
    R's own; any other object, such as a model, a tensor or a list, is handed
    over as it is. Whole numbers beyond R's, which are of 32 bits, become
    doubles. What the function returns comes back the same way: a vector of R as
    a list, one of length 1 as its element, an array as a NumPy array, a named
    list as a dictionary. NA is NaN in whole numbers, which all become floats
    there, and in arrays of truths; of other truths and strings it is None.

    Messages of R go to the standard error, its warnings are Python's. A plot is
    drawn on the device that R opens; where none has been opened or set by
    `options(device = )`, on none.

    Gradient: that of what the R function does with tensors.

    Args:
        source: The text of an R function, or the name of one that R knows, such
            as `"stats::median"`.

    Returns:
        A Python function with the R function's arguments.

    Raises:
        ValueError: if the text is not a function.
        OverflowError: for whole numbers that a double can't hold.
        RuntimeError: when the R function fails, calls `quit()` or is called
            outside Python's main thread.
        KeyboardInterrupt: for Ctrl-C while R runs.
        ImportError: as in `start`.

    Reference: https://rstudio.github.io/reticulate/articles/calling_python.html.

    Example:

    >>> import softkeras.r
    >>> scaled = softkeras.r.function("function(x, by = 2) x * by")
    >>> scaled(1.5), scaled(1.5, by=4)
    (3.0, 6.0)
    """
    call, _ = _session.make(source, "function")
    return call


def loss(
    source: str,
    name: str | None = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: DTypeLike = None,
) -> keras.losses.Loss:
    """A Keras loss that is written in R.

    Formula: what the R function gives for `y_true` and `y_pred`. Both are
    tensors there, and so must be the result. `+ - * / ^`, `abs()`, `exp()`,
    `log()`, `sqrt()`, `sum()`, `mean()` and their like take them; the functions
    of the R packages softkeras and, where it is attached, keras3 do as well.

    Gradient: that of these operations, by the backend.

    Args:
        source: The text of an R function of `y_true` and `y_pred`, or the name
            of one that R knows. With an argument `sample_weight` it gets the
            weights, as in `softkeras.losses.FunctionLoss`.
        name: Name of the loss. Default: `source` if it is a name, or
            `"r_loss"`.
        reduction: How one loss a sample is reduced, as in Keras.
        dtype: The dtype that is computed in, as in Keras.

    Returns:
        A `softkeras.losses.FunctionLoss` for `compile()`. A model with it is
        saved and loads; to train or evaluate it then, compile it again, since
        no text of R is run from a file.

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
    call, arguments = _session.make(source, "loss")
    function = _foreign("loss", call, source, arguments)
    return FunctionLoss(function, reduction=reduction, name=name, dtype=dtype)


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
        A function of `softkeras.counts.Counts`, and of arguments of the score
        by name. A model with it is saved and loads, as with `loss`.

    Raises:
        ValueError: if the text is not a function, and when the function is
            called and gives neither tensors nor numbers, as the counts are.
        RuntimeError: when the R function fails or is called outside Python's
            main thread.
        ImportError: as in `start`.

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
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
    call, arguments = _session.make(source, "score")

    def of_counts(counts: Counts, **score_args: Any) -> Any:
        return call(counts.tp, counts.fp, counts.fn, counts.tn, **score_args)

    return _foreign("score", of_counts, source, arguments)


def _foreign(kind, call, source, arguments):
    """With a name, and with what to do when it comes from a saved model."""
    return ForeignFunction(
        call,
        source,
        name=source if source.isidentifier() else f"r_{kind}",
        arguments=arguments,
        remedy=(
            f"Give softkeras.r.{kind}() of it to compile() to train or "
            "evaluate; predict() needs neither."
        ),
    )
