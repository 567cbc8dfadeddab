"""What an operation does to a gradient, in plain words, and what to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from softkeras import ops as soft
from softkeras._ops import ops
from softkeras.doctor import _replacements as run
from softkeras.doctor._recording import Operation

__all__ = ["Remedy", "remedy"]


@dataclass(frozen=True)
class Remedy:
    """What to do about an operation.

    Attributes:
        cause: Why it has no usable gradient or value, in a sentence.
        remedy: What to write instead, in Python.
        r: The same in R, if it is another name.
        replacement: A function of the operation's inputs to show the same
            computation with, for `replaced`, if there is one.
    """

    cause: str
    remedy: str
    r: str | None = None
    replacement: Callable | None = None


def remedy(
    operation: Operation, spoiled: str, where: Operation | None = None
) -> Remedy:
    """What to do about an operation that is to blame.

    Args:
        operation: From a recording.
        spoiled: `"cut"` if it hands down no gradient, `"zero"` if it hands
            down zeros, `"value"` if its value is NaN or infinite, `"gradient"`
            if what it hands down is.
        where: The `where` above that did not choose its branch, if there is
            one.

    Returns:
        A `Remedy`; one in general words for an operation that is not known.

    Raises:
        ValueError: if `spoiled` is none of these.
    """
    if spoiled not in _TABLES:
        raise ValueError(
            f"`spoiled` must be one of {sorted(_TABLES)}. "
            f"Received: spoiled={spoiled!r}"
        )
    table = _TABLES[spoiled]
    found = None
    for word in _words_of(operation):
        found = found or table.get(word)
    found = found or Remedy(
        _OTHERWISE[spoiled].format(operation.word), *_GENERAL[spoiled]
    )
    # What is run in its place takes the inputs of the operation itself, which
    # may be one of those that the user's call is made of.
    own = table.get(_words_of(operation)[-1])
    found = Remedy(
        found.cause, found.remedy, found.r, own.replacement if own else None
    )
    return _unsafe(found, operation) if where is not None else found


def _words_of(operation) -> list[str]:
    """What it is called: by the user first, and then by itself."""
    if operation.plain != "cast":
        return [operation.word, operation.plain]
    kind = operation.output_dtypes[0]
    if "float" in kind:
        return ["cast"]
    return ["cast to bool" if kind == "bool" else "cast to int"]


def _unsafe(found: Remedy, operation) -> Remedy:
    return Remedy(
        "`where` differentiates both branches, also where it does not choose "
        f"one: there it hands down 0, the derivative of {operation.word} is "
        "infinite or NaN, and 0 times that is NaN.",
        "softkeras.ops.safe_where(condition, if_true, if_false, x, safe_true, "
        "safe_false), whose branches never see what they can't take",
        "op_safe_where(condition, if_true, if_false, x, safe_true, safe_false)",
        found.replacement,
    )


# The tables

_COUNTS = (
    "for precision, recall, F1 and the like there are losses, such as "
    "softkeras.losses.SoftPrecision"
)
_FLAT = "{} is constant between its jumps, so its derivative is 0 or missing."


def _step(name, function, arguments="x"):
    r = "op_" + function
    return Remedy(
        _FLAT.format(name),
        f"softkeras.ops.{function}({arguments}), with straight_through=True "
        f"where the exact value is wanted; {_COUNTS}",
        f"{r}({arguments})",
        getattr(soft, function),
    )


def _comparison(sign, arguments, replacement):
    return Remedy(
        f"A comparison (a {sign} b) is True or False, and nothing between "
        "that a gradient could go to.",
        f"softkeras.ops.soft_step({arguments}), with straight_through=True "
        f"where the exact value is wanted, and v + (u - v) * that in place of "
        f"where(a {sign} b, u, v); {_COUNTS}",
        f"op_soft_step({arguments}), and v + (u - v) * that in place of "
        f"keras3's op_where(a {sign} b, u, v) or ifelse()",
        replacement,
    )


_ABOVE = ("a - b", run.above)
_BELOW = ("b - a", run.below)

_EQUALITY = Remedy(
    "Equality is True or False, and almost nowhere True for floats: no "
    "gradient.",
    "For classes, the softkeras.losses.SoftCategoricalAccuracy loss, or "
    "softkeras.ops.soft_one_hot(y_pred) times the one-hot labels; for numbers "
    "a distance, such as keras.ops.abs(a - b)",
    "loss_soft_categorical_accuracy() or op_soft_one_hot(y_pred)",
)
_BUCKETS = Remedy(
    "The number of a bucket is constant within it, so it has no gradient.",
    "softkeras.ops.soft_staircase(x, ...), with the edges as thresholds",
    "activation_soft_staircase(...)",
)
_SORTING = Remedy(
    "Ranks and positions are whole numbers: no gradient.",
    "A ranking loss, such as softkeras.losses.SoftNDCG or "
    "softkeras.losses.SoftTopKAccuracy; the sorted values of keras.ops.sort "
    "and keras.ops.top_k themselves have one",
    "loss_soft_ndcg() or loss_soft_top_k_accuracy()",
)
_OUTSIDE = Remedy(
    "What NumPy or Python computes is not seen by the backend, so no gradient "
    "comes back from there.",
    "Write it with keras.ops; a score that can only be computed outside can "
    "be trained on by softkeras.ops.score_function_loss",
    "Write it with keras3's op_…(), or use op_score_function_loss()",
)
_FIRST = Remedy(
    "argmax is the number of a place, which jumps: no gradient.",
    "softkeras.ops.soft_argmax(x) for the index, "
    "softkeras.ops.soft_one_hot(x) where only the choice is needed; for the "
    "share of right classes softkeras.losses.SoftCategoricalAccuracy",
    "op_soft_argmax(x) or op_soft_one_hot(x)",
    run.argmax,
)
_COUNTING = Remedy(
    "Counting tests each element, and a test is True or False: no gradient.",
    "The sum of softkeras.ops.soft_step(x, threshold), or "
    f"softkeras.soft_counts; {_COUNTS}",
    "op_soft_step(x, threshold) or soft_counts()",
)

_CUTS = {
    "round": _step("round", "soft_round"),
    "floor": _step("floor", "soft_floor"),
    "ceil": _step("ceil", "soft_ceil"),
    "sign": _step("sign", "soft_sign"),
    "heaviside": _step("heaviside", "soft_step"),
    "trunc": Remedy(
        _FLAT.format("trunc"),
        "softkeras.ops.soft_floor(x) for x above 0, "
        "softkeras.ops.soft_ceil(x) below",
        "op_soft_floor(x) and op_soft_ceil(x)",
        run.trunc,
    ),
    "floor_divide": Remedy(
        _FLAT.format("floor_divide"),
        "softkeras.ops.soft_floor(a / b)",
        "op_soft_floor(a / b)",
        run.floor_divide,
    ),
    "greater": _comparison(">", *_ABOVE),
    "greater_equal": _comparison(">=", *_ABOVE),
    "less": _comparison("<", *_BELOW),
    "less_equal": _comparison("<=", *_BELOW),
    "equal": _EQUALITY,
    "not_equal": _EQUALITY,
    "argmax": _FIRST,
    "argmin": Remedy(
        "argmin is the number of a place, which jumps: no gradient.",
        "softkeras.ops.soft_argmax(-x) for the index, "
        "softkeras.ops.soft_one_hot(-x) where only the choice is needed",
        "op_soft_argmax(-x) or op_soft_one_hot(-x)",
        run.argmin,
    ),
    "cast to int": Remedy(
        "A cast to integers cuts the decimals off, and integers have no "
        "gradient.",
        "softkeras.ops.soft_floor(x), or softkeras.ops.soft_round(x) if the "
        "nearest integer is meant; no cast if it only serves the dtype",
        "op_soft_floor(x) or op_soft_round(x)",
        soft.soft_floor,
    ),
    "cast to bool": Remedy(
        "A cast to booleans is True or False, which have no gradient.",
        "softkeras.ops.soft_step(x, threshold), with the threshold above "
        "which it means True; and v + (u - v) * d in place of where(d, u, v)",
        "op_soft_step(x, threshold), and v + (u - v) * d in place of keras3's "
        "op_where(d, u, v)",
    ),
    "stop_gradient": Remedy(
        "stop_gradient cuts the gradient off, which is what it is for.",
        "Leave it out, or keep it for weights and targets only; for a step "
        "with the gradient of another function there is "
        "softkeras.ops.straight_through(hard, soft)",
        "op_straight_through(hard, soft)",
        run.same,
    ),
    "numpy_function": _OUTSIDE,
    "py_function": _OUTSIDE,
    "digitize": _BUCKETS,
    "searchsorted": _BUCKETS,
    "bucketize": _BUCKETS,
    "argsort": _SORTING,
    "argpartition": _SORTING,
    "in_top_k": _SORTING,
    "count_nonzero": _COUNTING,
}

_LIMITS = (
    "Beyond its limits {} is constant: the gradient there is exactly 0, and "
    "what is there stays there."
)
_KEEP = (
    "Limits beyond what occurs; or softkeras.ops.straight_through({}, x), "
    "which keeps the gradient; for a ramp that stands for a rounding, "
    "softkeras.ops.soft_round(x) or soft_step(x), which rise everywhere"
)
_SATURATED = Remedy(
    "Far from 0 it is flat: the gradient is rounded to 0.",
    "Give the loss logits, with from_logits=True; or keras.ops.log_sigmoid "
    "and keras.ops.log_softmax in place of the log of it",
    "from_logits = TRUE, or keras3's op_log_sigmoid() and op_log_softmax()",
)


def _limited(name, code, replacement=None):
    return Remedy(
        _LIMITS.format(name),
        _KEEP.format(code),
        "op_straight_through(limited, x)",
        replacement,
    )


_DEAD = Remedy(
    "relu is 0 below 0, with gradient 0: a unit that is there for all inputs "
    "is dead.",
    "keras.ops.leaky_relu(x), keras.ops.elu(x) or keras.ops.softplus(x)",
    "keras3's op_leaky_relu(x), op_elu(x) or op_softplus(x)",
    run.relu,
)

_ZEROS = {
    **_CUTS,
    "relu": _DEAD,
    "relu6": _limited("relu6", "keras.ops.relu6(x)"),
    "hard_sigmoid": _limited("hard_sigmoid", "keras.ops.hard_sigmoid(x)"),
    "hard_tanh": _limited("hard_tanh", "keras.ops.hard_tanh(x)"),
    "clip": _limited("clip", "keras.ops.clip(x, least, most)", run.clip),
    "maximum": _limited(
        "maximum", "keras.ops.maximum(x, least)", run.bounded(ops.maximum)
    ),
    "minimum": _limited(
        "minimum", "keras.ops.minimum(x, most)", run.bounded(ops.minimum)
    ),
    "sigmoid": _SATURATED,
    "logistic": _SATURATED,
    "tanh": _SATURATED,
    "softmax": _SATURATED,
    "multiply": Remedy(
        "It is multiplied by 0, and so is its gradient.",
        "Look at the other factor: a weight, a mask or a label that is 0 for "
        "all elements",
    ),
}

_EPSILON = "keras.backend.epsilon()"
_LOG = Remedy(
    "log is -inf at 0, with an infinite derivative, and NaN below.",
    f"keras.ops.log(keras.ops.maximum(x, {_EPSILON})); of a probability "
    "better the loss of the logits, with from_logits=True, or "
    "keras.ops.log_sigmoid and keras.ops.log_softmax",
    "keras3's op_log(op_maximum(x, config_epsilon())), or from_logits = TRUE",
    run.log,
)
_ROOT = Remedy(
    "sqrt is NaN below 0, and its derivative is infinite at 0.",
    f"keras.ops.sqrt(keras.ops.maximum(x, 0.0) + {_EPSILON})",
    "keras3's op_sqrt(op_maximum(x, 0) + config_epsilon())",
    run.sqrt,
)
_LENGTH = Remedy(
    "The norm is the root of a sum of squares: its derivative is 0/0 where "
    "all elements are 0.",
    f"keras.ops.sqrt(keras.ops.sum(keras.ops.square(x), axis) + {_EPSILON})",
    "keras3's op_sqrt(op_sum(op_square(x), axis) + config_epsilon())",
    run.norm,
)
_SPREAD = Remedy(
    "A standard deviation is a root: its derivative is infinite where all "
    "elements are the same.",
    f"keras.ops.sqrt(keras.ops.var(x, axis) + {_EPSILON})",
    "keras3's op_sqrt(op_var(x, axis) + config_epsilon())",
    run.std,
)
_RATIO = Remedy(
    "It divides by 0.",
    f"keras.ops.divide_no_nan(a, b) where the whole may be 0, or "
    f"a / (b + {_EPSILON}) with b >= 0",
    "keras3's op_divide_no_nan(a, b), or a / (b + config_epsilon())",
    run.divide,
)
_POWER = Remedy(
    "x ** p is infinite or has an infinite derivative at 0 for p < 1, and is "
    "NaN below 0 if p is no whole number.",
    f"keras.ops.power(keras.ops.maximum(x, {_EPSILON}), p)",
    "keras3's op_power(op_maximum(x, config_epsilon()), p)",
    run.power,
)
_GROWTH = Remedy(
    "exp overflows: in float32 above 88, in float16 above 11.",
    "A function that does not form it: keras.ops.exp(a - b) for exp(a) / "
    "exp(b), keras.ops.sigmoid(a - b) for exp(a) / (exp(a) + exp(b)), "
    "keras.ops.softplus, keras.ops.logsumexp, keras.ops.log_softmax, "
    "keras.ops.softmax, keras.ops.expm1, keras.losses.log_cosh or "
    "softkeras.ops.exp_ratio; else keras.ops.exp(keras.ops.minimum(x, 80.0))",
    "exp(a - b) for exp(a) / exp(b), keras3's op_sigmoid(a - b) for exp(a) / "
    "(exp(a) + exp(b)), op_softplus(), op_logsumexp(), op_expm1(); "
    "op_exp_ratio()",
    run.exp,
)
_ANGLE = "Its derivative is infinite at -1 and 1, and it is NaN beyond."
_ARC = "keras.ops.{0}(keras.ops.clip(x, -1.0 + {1}, 1.0 - {1}))"
_MEAN = Remedy(
    "The mean of no elements is 0/0.",
    "keras.ops.sum(x) / keras.ops.maximum(n, 1.0), with n how many there are",
    "keras3's op_sum(x) / op_maximum(n, 1)",
)


def _arc(name):
    return Remedy(
        _ANGLE,
        _ARC.format(name, _EPSILON),
        f"keras3's op_{name}() of op_clip()",
        run.within_one(getattr(ops, name)),
    )


_NOT_FINITE: dict[str, Remedy] = {
    "log": _LOG,
    "log2": Remedy(_LOG.cause, _LOG.remedy, _LOG.r, run.log2),
    "log10": Remedy(_LOG.cause, _LOG.remedy, _LOG.r, run.log10),
    "log1p": Remedy(
        "log1p is -inf at -1, with an infinite derivative, and NaN below.",
        f"keras.ops.log1p(keras.ops.maximum(x, {_EPSILON} - 1.0))",
        "keras3's op_log1p(op_maximum(x, config_epsilon() - 1))",
        run.log1p,
    ),
    "sqrt": _ROOT,
    "rsqrt": Remedy(
        "rsqrt divides by a root that is 0 or NaN.",
        f"keras.ops.rsqrt(keras.ops.maximum(x, 0.0) + {_EPSILON})",
        "keras3's op_rsqrt(op_maximum(x, 0) + config_epsilon())",
        run.rsqrt,
    ),
    "norm": _LENGTH,
    "std": _SPREAD,
    "divide": _RATIO,
    "reciprocal": Remedy(_RATIO.cause, _RATIO.remedy, _RATIO.r, run.reciprocal),
    "power": _POWER,
    "exp": _GROWTH,
    "expm1": Remedy(_GROWTH.cause, _GROWTH.remedy, _GROWTH.r, run.expm1),
    "arccos": _arc("arccos"),
    "arcsin": _arc("arcsin"),
    "arctanh": _arc("arctanh"),
    "mean": _MEAN,
    "multiply": Remedy(
        "An infinite number is multiplied, by 0 or by itself: 0·inf is NaN.",
        "Keep both factors finite: look at what made the infinite one, and "
        "choose with keras.ops.where instead of multiplying by a mask",
        "Choose with keras3's op_where() instead of multiplying by a mask",
    ),
    "softmax": Remedy(
        "A softmax over nothing but -inf is 0/0.",
        "A large negative number, such as -1e9, instead of -inf in the mask, "
        "or leave out rows in which all is masked",
    ),
}

_TABLES = {
    "cut": _CUTS,
    "zero": _ZEROS,
    "value": _NOT_FINITE,
    "gradient": _NOT_FINITE,
}
_OTHERWISE = {
    "cut": "{} hands down no gradient.",
    "zero": "{} hands down nothing but zeros here.",
    "value": "{} makes a NaN or an infinite value here.",
    "gradient": "{} hands down a gradient that is NaN or infinite here.",
}
_GENERAL: dict[str, tuple[Any, ...]] = {
    "cut": (
        (
            "Write it with operations of keras.ops that have a gradient, or "
            "give it one: softkeras.ops.replace_gradient(function, surrogate)"
        ),
        "op_replace_gradient(fn, surrogate)",
    ),
    "zero": (
        (
            "Look at the values that it takes in: whether they are where it is "
            "flat; softkeras.ops.replace_gradient(function, surrogate) gives "
            "it another gradient"
        ),
        "op_replace_gradient(fn, surrogate)",
    ),
    "value": (
        (
            "Keep what it takes in where it is finite, by keras.ops.maximum, "
            "keras.ops.minimum or keras.ops.where before it"
        ),
        "keras3's op_maximum(), op_minimum() or op_where() before it",
    ),
    "gradient": (
        (
            "Keep what it takes in where its derivative is finite, by "
            "keras.ops.maximum or keras.ops.where before it, not after"
        ),
        "keras3's op_maximum() or op_where() before it, not after",
    ),
}
