"""What is compared: every op, step, score and loss, on the same numbers.

A case is a function of tensors and the arrays it is given. All numbers are
floats of 8 binary digits or fewer, the same in bfloat16 as in float64, and
differ where a comparison of equal ones would be decided by rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import keras
import numpy as np
from keras import ops as k

from softkeras import confusion, counts, losses, ops, scores, steps
from softkeras.ops import score_function

ROWS, CLASSES = 64, 3
_rng = np.random.default_rng(20261122)


class Case(NamedTuple):
    """`function(*inputs, *others)`, differentiated by the inputs.

    Inputs are given in each dtype of floats, the others as they are. `family`
    names the bound in gpu_bounds; `without` are the modes that it has not.
    """

    function: Callable
    inputs: tuple
    others: tuple = ()
    family: str = "elementwise"
    without: tuple = ()


# Numbers

_ends = [2.0**e * m for e in range(-12, 6) for m in (1.0, 1.375, 1.625)]
NUMBERS = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, *_ends])
NUMBERS = np.concatenate([NUMBERS, -NUMBERS[5:]])
# Not where a decision is all or nothing and rounding makes it: at a jump.
OFF_STEPS = NUMBERS[5:]
OFF_STEPS = OFF_STEPS[~np.isin(np.abs(OFF_STEPS) % 1, [0.0, 0.5])]
SHARES = np.arange(1, 2 * ROWS, 2) / 128
UNIT = np.concatenate([[0.0, 2.0**-12, 1 - 2.0**-8, 1.0, np.nan], SHARES])
LOGITS = np.concatenate([[np.inf, -np.inf], (np.arange(1, 128, 2) - 64) / 4])


def _columns(values, columns):
    """The values in each column, in an order of its own."""
    return np.stack([_rng.permutation(values) for _ in range(columns)], -1)


P = _columns(SHARES, CLASSES)
X = _columns((np.arange(1, 128, 2) - 64) / 8, CLASSES)
Y = (_rng.random(P.shape) < P**2).astype("float32")
IDS = (np.arange(ROWS) % CLASSES).astype("int32")
WEIGHTS = (np.arange(ROWS) % 7 / 4).astype("float32")
# Shares of classes that sum to 1 in bfloat16 too, no two of a row the same.
_rows = np.array(
    [[0.5, 0.375, 0.125], [0.625, 0.25, 0.125], [0.75, 0.1875, 0.0625]]
)
CLASS_SHARES = np.stack([_rng.permutation(_rows[i % 3]) for i in range(ROWS)])
ONE_HOT = np.eye(CLASSES, dtype="float32")[IDS]
ITEMS = (
    _rng.permuted(np.tile((np.arange(8) - 3.5) / 2, (12, 1)), axis=1)
    + _rng.integers(0, 2, (12, 1)) / 4
)
GRADES = _rng.integers(0, 4, (12, 8)).astype("float32")
GRADES[:, 0] = 1.0  # no group without a gain
COUNTS = np.stack([_rng.permutation(np.arange(1, 9)) / 2 for _ in range(4)])
MATRIX = _rng.permutation(np.arange(1, 10)).reshape(3, 3) / 2
COSTS = ((0.0, 1.0, 2.0), (1.0, 0.0, 0.5), (4.0, 0.25, 0.0))


# Ops


def _gradients():
    """The ops that take functions, and those that hand a gradient on."""
    sine = ops.surrogate_gradient(k.sin)(k.floor)
    return {
        "straight_through": Case(
            lambda x: ops.straight_through(k.floor(x), x * x), (OFF_STEPS,)
        ),
        "replace_gradient": Case(
            ops.replace_gradient(k.sign, k.tanh), (OFF_STEPS,), family="steep"
        ),
        "surrogate_gradient": Case(sine, (OFF_STEPS,)),
        "clip_gradient": Case(
            lambda x: ops.clip_gradient(x * x, 0.75), (NUMBERS,)
        ),
        "safe_where": Case(
            lambda x: ops.safe_where(
                x > 0, k.log, lambda x: x * x, x, 1.0, 0.0
            ),
            (NUMBERS,),
        ),
        "score_function_loss": Case(
            _score_function, (X,), (Y,), "reduction", ("xla",)
        ),
        "score_function_loss of classes": Case(
            lambda x, y: _score_function(x, y, categorical=True),
            (X,),
            (IDS,),
            "reduction",
            ("xla",),
        ),
    }


_DRAWS = _rng.random((8, ROWS, CLASSES)) * (1 - 2.0**-10) + 2.0**-11


def _score_function(x, y, categorical=False):
    """With draws of its own: a GPU makes other ones of the same seed."""

    def draws(shape, seed, dtype):
        return k.convert_to_tensor(_DRAWS, dtype)

    with mock.patch.object(score_function, "_uniform", draws):
        return ops.score_function_loss(
            lambda y, d: np.mean(y != d),
            x,
            y,
            samples=len(_DRAWS),
            from_logits=True,
            categorical=categorical,
        )


def _ops():
    cases = {
        name: Case(getattr(ops, name), (NUMBERS,))
        for name in ("exp_ratio", "log_exprel", "continuous_bernoulli_mean")
    }
    cases["exp_ratio_sum"] = Case(ops.exp_ratio_sum, (NUMBERS,))
    cases["hard_threshold"] = Case(
        lambda x: ops.hard_threshold(x, 0.9), (NUMBERS,)
    )
    cases["hard_threshold with a surrogate"] = Case(
        lambda x, t: ops.hard_threshold(x, t, surrogate="softsign"),
        (X, np.array([0.5, 1.25, 3.0])),
        family="reduction",
    )
    for name in (
        "soft_step",
        "soft_sign",
        "soft_round",
        "soft_floor",
        "soft_ceil",
    ):
        op = getattr(ops, name)
        for step in ("sigmoid", "softsign", "normal"):
            cases[f"{name} {step}"] = Case(
                lambda x, op=op, step=step: op(x, step=step, sharpness=4.0),
                (NUMBERS,),
                family="absolute",
            )
        cases[f"{name} hard"] = Case(
            lambda x, op=op: op(x, hard=True), (NUMBERS,), family="exact"
        )
        cases[f"{name} straight through"] = Case(
            lambda x, op=op: op(x, straight_through=True),
            (OFF_STEPS,),
            family="absolute",
        )
    cases["soft_step of thresholds"] = Case(
        lambda x, t: ops.soft_step(x, t),
        (X, np.array([0.5, -1.25, 3.0])),
        family="reduction",
    )
    cases["soft_staircase"] = Case(
        lambda x, t, v: ops.soft_staircase(x, t, v, sharpness=4.0),
        (X, np.array([-1.0, 0.5, 2.0]), np.array([-2.0, 0.0, 1.0, 4.0])),
        family="reduction",
    )
    cases["soft_staircase hard"] = Case(
        lambda x: ops.soft_staircase(
            x, [-1.1, 0.3, 2.2], [-2.0, 0.0, 1.0, 4.0], hard=True
        ),
        (X,),
        family="exact",
    )
    for name in ("soft_argmax", "soft_one_hot"):
        op = getattr(ops, name)
        for kind, options in {
            "": {},
            " sharp": {"sharpness": 50.0},
            " of two axes": {"axis": (0, 1), "sharpness": 0.5},
            " straight through": {"straight_through": True},
        }.items():
            cases[name + kind] = Case(
                lambda x, op=op, options=options: op(x, **options),
                (ITEMS,),
                family="shares",
            )
        cases[f"{name} hard"] = Case(
            lambda x, op=op: op(x, hard=True), (ITEMS,), family="exact"
        )
    return {
        f"ops.{name}": case for name, case in (cases | _gradients()).items()
    }


# Steps


def _cube(u):
    """A step of one's own: ½ + u - 4/27·u³, cut where it is 0 and 1."""
    u = k.clip(u, -1.5, 1.5)
    return 0.5 + u - k.power(u, 3) * (4 / 27) - k.relu(k.abs(u) - 1.5)


def _steps():
    cases = {}
    for shape in steps.NAMES:
        options = {} if shape == "hard" else {"sharpness": 4.0}
        kinds = {
            "logit": {},
            "probability": {"scale": "probability"},
            "not anchored": {"scale": "probability", "anchored": False},
            "straight through": {"straight_through": True},
        }
        for kind, more in kinds.items() if shape != "hard" else [("", {})]:
            step = steps.Step(shape, **options, **more)
            for name, call, x, family in (
                ("", lambda p, s=step: s(p), UNIT, "steep"),
                (
                    " at .3",
                    lambda p, s=step: s(p, threshold=0.3),
                    UNIT,
                    "steep",
                ),
                (
                    " from logits",
                    lambda x, s=step: s(x, 0.3, from_logits=True),
                    LOGITS,
                    "steep",
                ),
            ):
                cases[f"{shape} {kind}{name}"] = Case(
                    call, (x,), family="exact" if shape == "hard" else family
                )
    for name, arg_max, x in (
        ("arg-max", {}, P),
        ("arg-max from logits", {"from_logits": True}, X),
    ):
        step = steps.Step("sigmoid", 2.0)
        cases[f"sigmoid {name}"] = Case(
            lambda x, a=arg_max, s=step: s(x, None, **a),
            (x,),
            family="shares",
        )
    cases["callable"] = Case(lambda p: steps.Step(_cube)(p), (SHARES,))
    return {f"steps.{name}": case for name, case in cases.items()}


# Scores

SCORE_OPTIONS = {
    "categorical_cost": {"cost_matrix": COSTS},
    "average_score": {"average": None},
}


def _scores():
    def of_counts(function, options):
        return lambda x: function(counts.Counts(*k.unstack(x, 4)), **options)

    cases = {}
    for name in scores.__all__:
        function, options = getattr(scores, name), SCORE_OPTIONS.get(name, {})
        if name == "average_score":
            cases[name] = Case(
                lambda x: scores.average_score(
                    "f_beta", counts.Counts(*k.unstack(x, 4)), beta=2.0
                ),
                (COUNTS,),
                family="reduction",
            )
        elif name in scores.categorical.__all__:
            cases[name] = Case(
                lambda x, f=function, o=options: f(x, **o),
                (MATRIX,),
                family="score",
            )
        else:
            cases[name] = Case(
                of_counts(function, options), (COUNTS,), family="score"
            )
    return {f"scores.{name}": case for name, case in cases.items()}


# Losses


class Data(NamedTuple):
    """What losses of a kind are given, and the bound that they are held to."""

    y_true: Any
    y_pred: Any
    family: str
    options: dict


# By module, or by the name as in OPTIONS.
KINDS = {
    "agreement": Data(Y, P, "reduction", {}),
    "rates": Data(Y, P, "reduction", {}),
    "categorical": Data(IDS, CLASS_SHARES, "matmul", {"sparse": True}),
    "confusion": Data(IDS, CLASS_SHARES, "matmul", {"sparse": True}),
    "precision_recall": Data(Y, P, "search", {}),
    "sensitivity_specificity": Data(Y, P, "search", {}),
    "ranking": Data(Y, P, "reduction", {}),
    "top": Data(GRADES, ITEMS, "search", {"from_logits": True}),
    "softprecisionatk": Data(
        (GRADES > 1) * np.float32(1), ITEMS, "search", {"from_logits": True}
    ),
    "top_k": Data(ONE_HOT, CLASS_SHARES, "search", {"k": 2}),
    "score": Data(Y, P, "reduction", {}),
    "continuous_bernoulli": Data(P.astype("float32"), X, "reduction", {}),
    "function": Data(Y, P, "reduction", {}),
    "weighted_sum": Data(Y, P, "reduction", {}),
}
# What a loss is not without, and variants: by the name in lower case without
# underscores, which a function and its class share.
OPTIONS = {
    "softfbeta": {
        "": {"beta": 2.0},
        "micro": {"average": "micro", "threshold": 0.3},
        "weighted": {"average": "weighted", "step": "arctan"},
        "samples": {"average": "samples", "step": "softsign"},
        "arg-max": {"threshold": None},
        "hard": {"step": "hard"},
        "straight through": {"step": steps.Step(straight_through=True)},
    },
    "softtversky": {"": {"alpha": 0.3, "beta": 0.7}},
    "softcategoricalcost": {"": {"cost_matrix": COSTS}},
    "softcategoricalkappa": {"": {}, "quadratic": {"weights": "quadratic"}},
    "softprecisionatrecall": {"": {"recall": 0.7}},
    "softrecallatprecision": {"": {"precision": 0.6}},
    "softsensitivityatspecificity": {"": {"specificity": 0.7}},
    "softspecificityatsensitivity": {"": {"sensitivity": 0.7}},
    "softauc": {"": {}, "partial": {"max_fpr": 0.3}},
    "softndcg": {"": {}, "at 3": {"k": 3, "gain": "exponential"}},
    "softprecisionatk": {"": {"k": 3}},
    "confusionloss": {"": {"score": "categorical_matthews"}},
    "scoreloss": {"": {"score": "matthews"}},
}
# Those of losses are given losses, and WarmUp is compared where it counts: in
# training.
TRAINED = {"WarmUp"}


def _plain(name):
    return name.lower().replace("_", "")


def _kind(name):
    module = getattr(losses, name).__module__.rpartition(".")[-1]
    return KINDS.get(_plain(name)) or KINDS[module]


def _own(name):
    if name == "FunctionLoss":
        return {"": {"function": lambda y, p: k.mean(k.square(y - p))}}
    if name == "WeightedSum":
        parts = [losses.SoftMatthews(), "binary_crossentropy"]
        return {"": {"losses": parts, "weights": [1.0, 0.5]}}
    return OPTIONS.get(_plain(name), {"": {}})


def _call(name, options):
    """The loss as a function of predictions and labels."""
    loss = getattr(losses, name)
    if not isinstance(loss, type):
        return lambda p, y: loss(y, p, **options)

    def instance(p, y):
        # A loss of float32 would make float32 of float64.
        wide = {"dtype": "float64"} if _is_double(p) else {}
        return loss(**options, **wide)(y, p)

    return instance


def _is_double(x):
    return keras.backend.standardize_dtype(x.dtype) == "float64"


def _losses():
    cases = {}
    for name in losses.__all__:
        if name in TRAINED:
            continue
        data = _kind(name)
        for variant, own in _own(name).items():
            call = _call(name, data.options | own)
            cases[f"{name} {variant}".strip()] = Case(
                call, (data.y_pred,), (data.y_true,), data.family
            )
    for name, p, more in (
        ("soft_fbeta from logits", X, {"from_logits": True}),
        ("soft_fbeta of weights", P, {"sample_weight": WEIGHTS}),
        ("soft_auc from logits", X, {"from_logits": True}),
    ):
        call = _call(name.split()[0], more)
        cases[name] = Case(call, (p,), (Y,), "reduction")
    return {f"losses.{name}": case for name, case in cases.items()}


def _matrices():
    return {
        "counts.soft_counts": Case(
            lambda p, y: k.stack(counts.soft_counts(y, p, axis=0)),
            (P,),
            (Y,),
            "reduction",
        ),
        "confusion.soft_confusion_matrix": Case(
            lambda p, y: confusion.soft_confusion_matrix(y, p, sparse=True),
            (CLASS_SHARES,),
            (IDS,),
            "matmul",
        ),
    }


def every() -> dict[str, Case]:
    """All cases by their names: the module, the public name, what of it."""
    return _ops() | _steps() | _scores() | _losses() | _matrices()


def groups() -> dict[str, dict[str, Case]]:
    """Cases that are compiled and run together, by the name they share."""
    found: dict[str, dict[str, Case]] = {}
    for name, case in every().items():
        shared = (
            name.partition(".")[0] if "scores." in name else name.split()[0]
        )
        found.setdefault(shared, {})[name] = case
    return found
