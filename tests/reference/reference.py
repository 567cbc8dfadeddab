"""The formulas of softkeras once more, independently: mpmath and plain loops.

Nothing of softkeras, Keras or TensorFlow is imported here. Numbers have 50
digits, and gradients are numerical derivatives of the whole loss, so that no
closed form is taken over from the package.
"""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 50


# Where a shape reaches 0 and 1.
EDGES = {
    "ramp": mp.mpf(1) / 2,
    "raised_cosine": mp.mpf(1),
    "triangular": mp.mpf(1),
    "smoothstep": mp.mpf(3) / 4,
    "smootherstep": mp.mpf(15) / 16,
}


def shape(name, v):
    """The distribution function with slope 1 at 0."""
    if name == "sigmoid":
        return 1 / (1 + mp.exp(-4 * v))
    if name == "softsign":
        return mp.mpf(1) / 2 + v / (1 + 2 * abs(v))
    if name == "ramp":
        return min(mp.mpf(1), max(mp.mpf(0), mp.mpf(1) / 2 + v))
    if name == "arctan":
        return mp.mpf(1) / 2 + mp.atan(mp.pi * v) / mp.pi
    if name == "normal":
        return mp.ncdf(mp.sqrt(2 * mp.pi) * v)
    edge = EDGES[name]
    if abs(v) >= edge:
        return mp.mpf(v > 0)
    if name == "raised_cosine":
        return (1 + v + mp.sin(mp.pi * v) / mp.pi) / 2
    if name == "triangular":
        return (1 + v) ** 2 / 2 if v < 0 else 1 - (1 - v) ** 2 / 2
    # From 0 to 1 over the edges: the cubic, and the polynomial of degree 5.
    x = (v + edge) / (2 * edge)
    if name == "smoothstep":
        return 3 * x**2 - 2 * x**3
    if name == "smootherstep":
        return 6 * x**5 - 15 * x**4 + 10 * x**3
    raise ValueError(name)


def anchored(name, p, t, slope):
    """The shape rescaled on each side to be 0, 1/2, 1 at 0, t, 1.

    On a side of width w it is 1/2 + g(r u)/(2 g(r w)), g = 2 shape - 1, with
    the r that gives it the slope at u = 0.
    """
    u = p - t
    width = t if u < 0 else 1 - t
    if name == "ramp":
        return shape(name, slope * u)

    def g(v):
        return 2 * shape(name, v) - 1

    if slope * width == mp.mpf(1) / 2:
        return mp.mpf(1) / 2 + slope * u
    if name != "softsign":
        # d/du g(r u)/(2 g(r w)) at 0 is r/g(r w), as g'(0) = 2. That rises
        # with r from the straight line's slope on, and r = slope is enough.
        if slope * width >= EDGES.get(name, mp.inf):
            return shape(name, slope * u)
        rate = mp.findroot(
            lambda r: r / g(r * width) - slope,
            (slope / 10**9, slope),
            solver="anderson",
            maxsteps=500,
        )
        return mp.mpf(1) / 2 + g(rate * u) / (2 * g(rate * width))
    # softsign: g(v) = 2 v/(1 + 2|v|), so r/g(r w) = (1 + 2 r w)/(2 w).
    rate = slope - 1 / (2 * width)
    return mp.mpf(1) / 2 + g(rate * u) / (2 * g(rate * width))


def logit(p):
    return mp.log(p) - mp.log(1 - p)


def decision(x, step, threshold, from_logits):
    """The soft decision on one prediction."""
    x, t, s = mp.mpf(x), mp.mpf(threshold), mp.mpf(step["sharpness"])
    p = 1 / (1 + mp.exp(-x)) if from_logits else x
    name = step["shape"]
    if name == "hard":
        return mp.mpf(p > t)
    if step["scale"] == "logit":
        if p in (0, 1):
            return p
        return shape(name, s / 4 * (logit(p) - logit(t)))
    if step["anchored"]:
        return anchored(name, p, t, s)
    return shape(name, s * (p - t))


def counts(labels, decisions, weights):
    """tp, fp, fn, tn of lists of numbers."""
    rows = list(zip(labels, decisions, weights))
    return (
        sum((w * y * d for y, d, w in rows), mp.mpf(0)),
        sum((w * (1 - y) * d for y, d, w in rows), mp.mpf(0)),
        sum((w * y * (1 - d) for y, d, w in rows), mp.mpf(0)),
        sum((w * (1 - y) * (1 - d) for y, d, w in rows), mp.mpf(0)),
    )


def ratio(over, under):
    return None if under == 0 else over / under


def together(function, *parts):
    """A function of scores; None where one of them is."""
    return None if None in parts else function(*parts)


def score(name, count, beta=1, alpha=0.5, cost_matrix=None):
    """A score of counts; None where it is 0/0."""
    tp, fp, fn, tn = count
    n = tp + fp + fn + tn
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    precision, negative = ratio(tp, tp + fp), ratio(tn, tn + fn)
    if name in ("f_beta", "dice"):
        weight = mp.mpf(beta) ** 2
        return ratio((1 + weight) * tp, (1 + weight) * tp + weight * fn + fp)
    if name == "tversky":
        return ratio(tp, tp + mp.mpf(alpha) * fp + mp.mpf(beta) * fn)
    if name == "expected_cost":
        (of_tn, of_fp), (of_fn, of_tp) = cost_matrix
        cost = of_tn * tn + of_fp * fp + of_fn * fn + of_tp * tp
        return together(lambda c: 1 - c, ratio(cost, n))
    if name == "matthews":
        under = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return ratio(tp * tn - fp * fn, mp.sqrt(under))
    if name == "cohen_kappa":
        chance = ratio((tp + fp) * (tp + fn) + (tn + fp) * (tn + fn), n**2)
        agreed = ratio(tp + tn, n)
        return together(lambda a, e: ratio(a - e, 1 - e), agreed, chance)
    return {
        "precision": lambda: precision,
        "recall": lambda: recall,
        "specificity": lambda: specificity,
        "negative_predictive_value": lambda: negative,
        "accuracy": lambda: ratio(tp + tn, n),
        "hamming": lambda: ratio(tp + tn, n),
        "balanced_accuracy": lambda: together(
            lambda a, b: (a + b) / 2, recall, specificity
        ),
        "informedness": lambda: together(
            lambda a, b: a + b - 1, recall, specificity
        ),
        "markedness": lambda: together(
            lambda a, b: a + b - 1, precision, negative
        ),
        "jaccard": lambda: ratio(tp, tp + fp + fn),
        "critical_success_index": lambda: ratio(tp, tp + fp + fn),
        "g_mean": lambda: together(
            lambda a, b: mp.sqrt(a * b), recall, specificity
        ),
        "fowlkes_mallows": lambda: together(
            lambda a, b: mp.sqrt(a * b), recall, precision
        ),
    }[name]()


def groups(labels, decisions, weights, average):
    """Counts a class, a sample or in all, of matrices (lists of rows)."""
    if average == "micro":
        flat = [
            [x for row in matrix for x in row]
            for matrix in (labels, decisions, weights)
        ]
        return [counts(*flat)]
    if average == "samples":
        return [counts(*rows) for rows in zip(labels, decisions, weights)]
    columns = [list(zip(*matrix)) for matrix in (labels, decisions, weights)]
    return [counts(*column) for column in zip(*columns)]


def loss(name, y_true, y_pred, weights, case, rows=None):
    """1 - the averaged score. Matrices as lists of rows.

    weights: of the elements. rows: of the samples in the mean of
    average="samples".
    """
    decisions = [
        [
            decision(x, case["step"], case["threshold"], case["from_logits"])
            for x in row
        ]
        for row in y_pred
    ]
    average, empty = case["average"], case["empty"]
    hard = case["step"]["shape"] == "hard"
    values, shares = [], []
    for i, count in enumerate(groups(y_true, decisions, weights, average)):
        own = case.get("score_args", {})
        value = score(name, count, **own)
        tp, fp, fn, tn = count
        support = tp + fn
        # Soft: where even the right decisions have no score.
        right = (tp + fn, mp.mpf(0), mp.mpf(0), tn + fp)
        undefined = (value if hard else score(name, right, **own)) is None
        share = mp.mpf(1)
        if average == "weighted":
            share = support
        if average == "samples":
            share = mp.mpf(rows[i])
        if undefined:
            value = mp.mpf({"skip": 0, "one": 1, "zero": 0}[empty])
            share = mp.mpf(0) if empty == "skip" else share
        values.append(value)
        shares.append(share)
    if average is None:
        return [1 - v if w else mp.mpf(0) for v, w in zip(values, shares)]
    total = sum(shares)
    if total == 0:
        return mp.mpf(0)
    return sum(w * (1 - v) for v, w in zip(values, shares)) / total


def gradient(name, y_true, y_pred, weights, case, rows=None):
    """The derivative of the loss (its mean, if it is one a class)."""

    def value(x, i, j):
        moved = [list(row) for row in y_pred]
        moved[i][j] = x
        result = loss(name, y_true, moved, weights, case, rows)
        return sum(result) / len(result) if isinstance(result, list) else result

    return [
        [
            mp.diff(
                lambda x, i=i, j=j: value(x, i, j),
                mp.mpf(row[j]),
                h=mp.mpf("1e-20"),
            )
            for j in range(len(row))
        ]
        for i, row in enumerate(y_pred)
    ]
