"""The score-function (REINFORCE) estimator: training on a black box."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable

import keras
import numpy as np

from softkeras import _backend, _checks
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike
from softkeras.ops._calling import op
from softkeras.ops.gradients import straight_through

__all__ = ["score_function_loss"]


@op("probabilities", keep_dtype=False)
def score_function_loss(
    metric: Callable,
    probabilities: TensorLike,
    y_true: TensorLike | None = None,
    *,
    samples: int = 16,
    seed: int | keras.random.SeedGenerator | None = None,
    categorical: bool = False,
    from_logits: bool = False,
    baseline: bool = True,
    maximize: bool = False,
) -> Tensor:
    """The mean of a black-box metric over random decisions, made trainable.

    The metric may be any Python function of NumPy arrays: it is only called,
    never differentiated. Decisions d are drawn from the probabilities p, and
    those that did better than the others become more likely.

    Formula: with K samples d_k ~ p and m_k = metric(y_true, d_k),
    loss = 1/K Σ_k m_k, or its negative with `maximize=True`.

    Gradient: an unbiased estimate of that of the expected metric,

        1/(K - 1) Σ_k (m_k - m̄)·∇ log P(d_k), m̄ = 1/K Σ_k m_k:

    each sample is compared with the mean of the others, which takes nothing
    away on average (∇ log P has the mean 0) and most of the noise.
    Without the baseline it is 1/K Σ_k m_k·∇ log P(d_k). Finite for p from 0
    to 1, both included; but a decision with the probability 0 is never drawn,
    so nothing is learned about it.

    Args:
        metric: metric(y_true, decisions), or metric(decisions) if `y_true` is
            `None`; returns one finite number. `decisions` is an integer array:
            0 or 1 in the shape of `probabilities`; with `categorical=True`
            the index of the class, from 0, in that shape without the last
            axis.
        probabilities: Of 1, independently for each element; or with
            `categorical=True` of the classes along the last axis. Any shape;
            the whole is one sample.
        y_true: What the metric compares with, handed on as a NumPy array.
        samples: K, the number of decisions drawn and of calls of the metric;
            2 or more with a baseline.
        seed: A `keras.random.SeedGenerator`, or an integer, or `None` for
            Keras's own. An integer draws alike in every call: for training,
            take a `SeedGenerator`. On JAX, where a function is compiled, it
            must be an attribute of the model that is trained, else it draws
            alike too.
        categorical: Draw one class of several, not yes or no each. The
            probabilities are divided by their sum.
        from_logits: Whether `probabilities` holds logits, of which the
            sigmoid, or with `categorical=True` the softmax, is taken.
        baseline: Whether to take away the mean of the other samples.
        maximize: Whether a larger metric is better. A loss is minimised, so
            it is then the negative metric.

    Returns:
        A scalar; float32 if `probabilities` is narrower.

    Raises:
        ValueError: if the metric is not callable or returns something else
            (from a graph, as an error of the backend with these words), if
            there are too few samples, for probabilities outside [0, 1] or
            that do not sum to 1, and where XLA compiles on TensorFlow: use
            compile(jit_compile=False).

    Reference: Williams, Simple statistical gradient-following algorithms,
    https://doi.org/10.1007/BF00992696; Kool et al., Buy 4 REINFORCE samples,
    get a baseline for free!, https://openreview.net/forum?id=r1lgTGL5DE.

    Example:

    >>> import numpy as np
    >>> from softkeras.ops.score_function import score_function_loss
    >>> def errors(y_true, decisions):
    ...     return np.sum(y_true != decisions)
    >>> p = np.array([1.0, 0.0, 0.0], "float32")
    >>> float(score_function_loss(errors, p, np.array([1, 0, 1]), seed=1))
    1.0
    """
    _check(metric, samples, baseline)
    # Before a seed is drawn, which would leave Keras's own generator broken if
    # it is made in a graph that then fails.
    _backend.check_numpy_callable()
    p, fine = _distribution(probabilities, categorical, from_logits)
    draw = _classes if categorical else _bits
    decisions, likelihood = draw(p, samples, seed)
    results = _backend.call_numpy(
        _Trials(metric, baseline, -1 if maximize else 1),
        [decisions]
        + ([] if y_true is None else [ops.convert_to_tensor(y_true)]),
        keras.backend.standardize_dtype(p.dtype),
        (samples + 1,),
    )
    mean, advantages = results[0], results[1:]
    if fine is not None:
        mean = ops.where(fine, mean, float("nan"))
    # d likelihood/likelihood is the derivative of its logarithm.
    scores = likelihood / ops.stop_gradient(likelihood)
    advantages = ops.reshape(
        advantages, (samples,) + (1,) * (len(scores.shape) - 1)
    )
    return straight_through(mean, ops.sum(advantages * scores))


def _check(metric, samples, baseline):
    if not callable(metric):
        raise ValueError(
            "`metric` must be a function of NumPy arrays. Received: "
            f"metric={metric!r}; in a loss, use lambda y_true, y_pred: "
            "score_function_loss(metric, y_pred, y_true)."
        )
    least = 2 if baseline else 1
    if (
        isinstance(samples, bool)
        or not isinstance(samples, numbers.Integral)
        or samples < least
    ):
        raise ValueError(
            f"`samples` must be a whole number of at least {least} with "
            f"baseline={baseline}. Received: samples={samples!r}"
        )


def _distribution(x, categorical, from_logits):
    """The probabilities, and whether they are, where that can't be raised."""
    if from_logits:
        return ops.softmax(x) if categorical else ops.sigmoid(x), None
    name = "probabilities"
    fine = _checks.within(name, x, 0, 1, "numbers from 0 to 1")
    if not categorical:
        return x, None if fine is None else ops.all(fine)
    total = ops.sum(x, axis=-1, keepdims=True)
    sums = _checks.within(
        name, total, 0.99, 1.01, "classes in the last axis that sum to 1"
    )
    if sums is not None:
        fine = ops.logical_and(ops.all(fine), ops.all(sums))
    return x / total, fine


def _bits(p, samples, seed):
    """Zeros and ones, and the probability of each."""
    fixed = ops.stop_gradient(p)
    # What is drawn is the rarer of the two, of which float knows the
    # probability to all its digits.
    rare = ops.minimum(fixed, 1 - fixed)
    is_rare = _uniform((samples, *ops.shape(p)), seed, p.dtype) <= rare
    decisions = ops.logical_xor(is_rare, fixed > 0.5)
    return ops.cast(decisions, "int32"), ops.where(decisions, p, 1 - p)


def _classes(p, samples, seed):
    """Indices of classes, and the probability of each."""
    u = _uniform((samples, *ops.shape(p)), seed, p.dtype)
    # The first of exponential waiting times with the rates p; finite, so that
    # a class with the probability 0 (an infinite time) is never the first.
    times = -ops.log1p(-ops.minimum(u, 1 - 2.0**-24))
    decisions = ops.argmin(times / ops.stop_gradient(p), axis=-1)
    chosen = ops.one_hot(decisions, p.shape[-1], dtype=p.dtype)
    return ops.cast(decisions, "int32"), ops.sum(chosen * p, axis=-1)


def _uniform(shape, seed, dtype):
    """Uniform in (0, 1], in steps of 2⁻⁴⁶ near 0.

    The backends' own have steps of 2⁻²³, in which a probability of a
    millionth would come out 5 % wrong, and 0 could count as at most 0.
    """
    draws = keras.random.uniform((2, *shape), dtype="float32", seed=seed)
    return ops.cast(draws[0] + 2.0**-23 * (1 - draws[1]), dtype)


class _Trials:
    """The metric of each sample, as [mean, factors of ∇ log P...].

    In float64, in which a large common part of the metrics cancels.
    """

    def __init__(self, metric, baseline, sign):
        self.metric = metric
        self.baseline = baseline
        self.sign = sign

    def __call__(self, decisions, *y_true) -> Tensor:
        # Copies, which the metric may sort or change as it likes.
        values = self.sign * np.array(
            [
                self._value(self.metric(*map(np.array, y_true), np.array(d)))
                for d in decisions
            ]
        )
        mean = np.mean(values)
        if self.baseline:
            factors = (values - mean) / (len(values) - 1)
        else:
            factors = values / len(values)
        return np.concatenate([[mean], factors])

    @staticmethod
    def _value(result):
        number = np.asarray(result)
        if number.size == 1 and number.dtype.kind in "biuf":
            value = float(number.reshape(()))
            if math.isfinite(value):
                return value
        raise ValueError(
            "`metric` must return one finite number. Received: "
            f"{result!r}; decide in it what an undefined score counts as."
        )
