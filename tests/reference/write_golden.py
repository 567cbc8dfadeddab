"""Writes tests/testthat/golden/*.json, which pytest and testthat both read.

    make golden
    python tests/reference/write_golden.py --check [steps losses ...]

The numbers come from the files beside it; this one only says which cases of
steps and losses of counts there are.
"""

from __future__ import annotations

import functools
import itertools
import json
import pathlib
import random
import sys

import confusion
import mpmath as mp
import ops_argmax
import ops_exp_ratio
import ops_hard_threshold
import ops_rounding
import ranks
import reference

GOLDEN = pathlib.Path(__file__).parents[1] / "testthat" / "golden"


def step(shape, sharpness, scale="logit", anchored=True):
    return {
        "shape": shape,
        "sharpness": sharpness,
        "scale": scale,
        "anchored": anchored,
    }


STEPS = [
    step("sigmoid", 0.25),
    step("sigmoid", 1.0),
    step("sigmoid", 3.0),
    step("softsign", 0.25),
    step("softsign", 2.0),
    step("ramp", 0.5),
    step("sigmoid", 6.0, "probability"),
    step("softsign", 6.0, "probability"),
    step("ramp", 6.0, "probability"),
    step("sigmoid", 6.0, "probability", False),
    step("softsign", 50.0, "probability", False),
    step("ramp", 8.0, "probability", False),
    step("raised_cosine", 0.25),
    step("raised_cosine", 1.8, "probability"),
    step("raised_cosine", 4.0, "probability", False),
    step("arctan", 0.25),
    step("arctan", 6.0, "probability"),
    step("arctan", 20.0, "probability", False),
    step("normal", 0.5),
    step("normal", 1.8, "probability"),
    step("normal", 5.0, "probability", False),
    step("triangular", 0.25),
    step("triangular", 1.8, "probability"),
    step("triangular", 4.0, "probability", False),
    step("smoothstep", 0.25),
    step("smoothstep", 1.7, "probability"),
    step("smoothstep", 6.0, "probability", False),
    step("smootherstep", 0.5),
    step("smootherstep", 1.8, "probability"),
    step("smootherstep", 3.0, "probability", False),
]
HARD = step("hard", 0.25)
OTHERS = [
    "specificity",
    "negative_predictive_value",
    "accuracy",
    "hamming",
    "balanced_accuracy",
    "informedness",
    "markedness",
    "dice",
    "jaccard",
    "critical_success_index",
    "g_mean",
    "fowlkes_mallows",
    "matthews",
    "cohen_kappa",
]


def number(x):
    """As a float: the nearest double to the 50 digits."""
    if isinstance(x, list):
        return [number(each) for each in x]
    return float(x)


def step_cases():
    """Values and slopes of every step, also at the ends and the threshold."""
    inner = [0.001, 0.03, 0.21, 0.29, 0.44, 0.49, 0.52, 0.58, 0.77, 0.97, 0.999]
    for own, threshold in itertools.product(STEPS, (0.5, 0.3)):
        for from_logits in (False, True):
            xs = (
                [-12.5, -3.0, -1.25, -0.5, 0.125, 0.75, 2.0, 9.0]
                if from_logits
                else inner
            )
            values, slopes = [], []
            for x in xs:
                f = functools.partial(
                    reference.decision,
                    step=own,
                    threshold=threshold,
                    from_logits=from_logits,
                )
                values.append(f(mp.mpf(x)))
                slopes.append(mp.diff(f, mp.mpf(x), h=mp.mpf("1e-20")))
            yield {
                "step": own,
                "threshold": threshold,
                "from_logits": from_logits,
                "y_pred": xs,
                "value": number(values),
                "slope": number(slopes),
            }


def data(seed, rows, columns, from_logits):
    rng = random.Random(seed)
    y_true = [[rng.randint(0, 1) for _ in range(columns)] for _ in range(rows)]
    y_pred = [
        [
            round(rng.uniform(-4, 4), 3)
            if from_logits
            else round(rng.uniform(0.01, 0.99), 3)
            for _ in range(columns)
        ]
        for _ in range(rows)
    ]
    weights = [round(rng.uniform(0.2, 3), 2) for _ in range(rows)]
    return y_true, y_pred, weights


def loss_case(name, y_true, y_pred, sample_weight, **case):
    """One case: what goes in, and the reference's counts, loss, gradient."""
    case = {
        "average": "macro",
        "empty": "skip",
        "step": STEPS[0],
        "threshold": 0.5,
        "from_logits": False,
        "score_args": {},
        **case,
    }
    rows = sample_weight or [1] * len(y_true)
    weights = [[mp.mpf(w)] * len(y_true[0]) for w in rows]
    decisions = [
        [
            reference.decision(
                x, case["step"], case["threshold"], case["from_logits"]
            )
            for x in row
        ]
        for row in y_pred
    ]
    counts = reference.groups(y_true, decisions, weights, None)
    value = reference.loss(name, y_true, y_pred, weights, case, rows)
    out = {
        "loss": "soft_fbeta" if name == "f_beta" else f"soft_{name}",
        "y_true": y_true,
        "y_pred": y_pred,
        "sample_weight": sample_weight,
        **case,
        "counts": dict(
            zip(
                ("tp", "fp", "fn", "tn"),
                number([list(c) for c in zip(*counts)]),
            )
        ),
        "value": number(value),
    }
    if case["step"]["shape"] != "hard":
        out["gradient"] = number(
            reference.gradient(name, y_true, y_pred, weights, case, rows)
        )
    return out


def loss_cases():
    """Scores, averages, steps, weights, logits and empty classes."""
    scores = [("precision", {}), ("recall", {}), ("f_beta", {"beta": 1.0})]
    scores.append(("f_beta", {"beta": 2.0}))
    scores += [
        ("tversky", {"alpha": 0.3, "beta": 0.9}),
        ("expected_cost", {"cost_matrix": [[-0.5, 2.0], [7.0, 0.25]]}),
    ]
    scores += [(name, {}) for name in OTHERS]
    seed = 0
    for (name, own), average in itertools.product(
        scores, (None, "micro", "macro", "weighted", "samples")
    ):
        for weighted, from_logits in ((False, False), (True, True)):
            seed += 1
            y_true, y_pred, weights = data(seed, 6, 3, from_logits)
            yield loss_case(
                name,
                y_true,
                y_pred,
                weights if weighted else None,
                average=average,
                from_logits=from_logits,
                step=STEPS[seed % len(STEPS)],
                threshold=0.5 if seed % 3 else 0.3,
                score_args=own,
            )
    # One column, each step.
    for own in [*STEPS, HARD]:
        seed += 1
        y_true, y_pred, weights = data(seed, 9, 1, False)
        yield loss_case("f_beta", y_true, y_pred, weights, step=own)
    # A class and a sample without a positive.
    for empty, average, hard in itertools.product(
        ("skip", "one", "zero"), ("macro", "samples", "weighted", None), (0, 1)
    ):
        seed += 1
        y_true, y_pred, _ = data(seed, 5, 3, False)
        for row in y_true:
            row[1] = 0
        y_true[2] = [0, 0, 0]
        y_pred[2] = [0.1, 0.2, 0.3]
        yield loss_case(
            "precision",
            y_true,
            y_pred,
            None,
            average=average,
            empty=empty,
            step=HARD if hard else STEPS[0],
        )


FAMILIES = (ops_argmax, ops_exp_ratio, ops_hard_threshold, ops_rounding)
FILES = {
    "steps": step_cases,
    "losses": loss_cases,
    "ranks": ranks.cases,
    "confusion": confusion.cases,
    "ops": lambda: itertools.chain(*(each.cases() for each in FAMILIES)),
}


def text_of(name):
    lines = ",\n".join(
        json.dumps(case, separators=(",", ":")) for case in FILES[name]()
    )
    return f"[\n{lines}\n]\n"


def differs(name):
    """Whether a file is not what is made here, byte by byte; says where."""
    there = (GOLDEN / f"{name}.json").read_text().splitlines()
    made = text_of(name).splitlines()
    at = [i for i, pair in enumerate(zip(there, made)) if len({*pair}) > 1]
    if not at and len(there) == len(made):
        return False
    line = at[0] if at else min(len(there), len(made))
    print(f"{name}.json: {max(len(at), 1)} lines differ, first line {line + 1}")
    return True


def main():
    check = sys.argv[1:2] == ["--check"]
    names = sys.argv[2:] or FILES
    if check:
        # All of them, whatever the first is like.
        sys.exit(any(list(map(differs, names))))
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        path = GOLDEN / f"{name}.json"
        path.write_text(text_of(name))
        print(path)


if __name__ == "__main__":
    main()
