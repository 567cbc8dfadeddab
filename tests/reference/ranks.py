"""Golden cases of the losses of ranks and at a constraint, by mpmath.

Nothing of softkeras or Keras is imported. Each loss is written as its
definition says, pair by pair, thresholds are found by halving, and all is
differentiated numerically. All steps are on the log-odds.
"""

from __future__ import annotations

import itertools
import math
import random

import mpmath as mp
import reference

SIGMOID = ("sigmoid", 1.0)
STEPS = (SIGMOID, ("sigmoid", 4.0), ("arctan", 0.5), ("normal", 2.0))
HALF = mp.mpf(1) / 2


class NotReached(ValueError):
    """The precision that is asked for is not reached, or always."""


class Ranking:
    """Log-odds of elements, with the comparison of two."""

    def __init__(self, xs, step):
        self.xs = xs
        self.shape, self.slope = step[0], mp.mpf(step[1]) / 4

    def higher(self, x, than):
        return reference.shape(self.shape, self.slope * (x - than))

    def above(self, i, weights):
        """The weight of the others above i."""
        return sum(
            w * self.higher(self.xs[j], self.xs[i])
            for j, w in enumerate(weights)
            if j != i
        )

    def top(self, weights, budget):
        """The shares of the top of that weight."""
        if budget >= sum(weights):
            return [mp.mpf(1)] * len(weights)
        tau = root(
            lambda t: (
                sum(w * self.higher(x, t) for w, x in zip(weights, self.xs))
                - budget
            )
        )
        return [self.higher(x, tau) for x in self.xs]


def root(falling):
    """Where a falling function is 0."""
    low, high = mp.mpf(-400), mp.mpf(400)
    for _ in range(110):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def soft_auc(xs, y, w, step, max_fpr=None):
    ranking = Ranking(xs, step)
    u = [a * b for a, b in zip(w, y)]
    v = [a * (1 - b) for a, b in zip(w, y)]
    part = mp.mpf(1 if max_fpr is None else max_fpr)
    against = v
    if part < 1:
        share = ranking.top(v, part * sum(v))
        against = [a * b for a, b in zip(v, share)]
    wrong = sum(
        u[i] * ranking.above(i, against) for i in range(len(xs)) if u[i] > 0
    )
    return wrong / sum(u) / sum(v) / (part * (2 - part))


def soft_average_precision(xs, y, w, step):
    ranking = Ranking(xs, step)
    u = [a * b for a, b in zip(w, y)]
    v = [a * (1 - b) for a, b in zip(w, y)]
    found = 0
    for i in range(len(xs)):
        if u[i] > 0:
            hits = u[i] + ranking.above(i, u)
            found += u[i] * hits / (hits + ranking.above(i, v))
    return 1 - found / sum(u)


def soft_ndcg(xs, y, w, step, k=None, gain="linear"):
    ranking = Ranking(xs, step)
    gains = [
        a * (b if gain == "linear" else mp.mpf(2) ** b - 1)
        for a, b in zip(w, y)
    ]
    ones = [mp.mpf(1)] * len(xs)
    share = ones if k is None else ranking.top(ones, k)
    got = sum(
        gains[i] * share[i] / mp.log(2 + ranking.above(i, ones), 2)
        for i in range(len(xs))
    )
    best = sorted(gains, reverse=True)[: k or len(xs)]
    ideal = sum(g / mp.log(2 + i, 2) for i, g in enumerate(best))
    return 1 - got / ideal


def soft_precision_at_k(xs, y, w, step, k):
    share = Ranking(xs, step).top([mp.mpf(1)] * len(xs), k)
    share = [a * b for a, b in zip(w, share)]
    return 1 - sum(a * b for a, b in zip(share, y)) / sum(share)


def rates(xs, y, w, step):
    """tp and fp as functions of the threshold on the log-odds, and totals."""
    slope = mp.mpf(step[1]) / 4

    def called(weights):
        return lambda t: sum(
            a * reference.shape(step[0], slope * (x - t))
            for a, x in zip(weights, xs)
        )

    u = [a * b for a, b in zip(w, y)]
    v = [a * (1 - b) for a, b in zip(w, y)]
    return called(u), called(v), sum(u), sum(v)


def soft_precision_at_recall(xs, y, w, step, recall):
    tp, fp, positives, _ = rates(xs, y, w, step)
    tau = root(lambda t: tp(t) - recall * positives)
    return fp(tau) / (tp(tau) + fp(tau))


def soft_sensitivity_at_specificity(xs, y, w, step, specificity):
    tp, fp, positives, negatives = rates(xs, y, w, step)
    tau = root(lambda t: fp(t) - (1 - mp.mpf(specificity)) * negatives)
    return 1 - tp(tau) / positives


def soft_specificity_at_sensitivity(xs, y, w, step, sensitivity):
    tp, fp, positives, negatives = rates(xs, y, w, step)
    tau = root(lambda t: tp(t) - sensitivity * positives)
    return fp(tau) / negatives


def soft_recall_at_precision(xs, y, w, step, precision):
    """Where the precision is reached at a recall above 0.1, from below."""
    tp, fp, positives, _ = rates(xs, y, w, step)

    def short(t):
        return precision * fp(t) - (1 - mp.mpf(precision)) * tp(t)

    grid = [mp.mpf(i) / 20 for i in range(-400, 401)]
    low, high = next(
        (
            (a, b)
            for a, b in itertools.pairwise(grid)
            if short(a) > 0 >= short(b)
        ),
        (None, None),
    )
    if low is None:
        raise NotReached
    for _ in range(110):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) > 0 else (low, middle)
    recall = tp(low) / positives
    if recall < 0.1:
        raise NotReached
    return 1 - recall


def soft_top_k_accuracy(rows, y, w, step, k):
    """Of log-probabilities of classes; `y` holds one-hot rows."""
    right = 0
    for xs, own, weight in zip(rows, y, w):
        share = Ranking(xs, step).top([mp.mpf(1)] * len(xs), k)
        right += weight * sum(a * b for a, b in zip(own, share))
    return 1 - right / sum(w)


def logit(p):
    return mp.log(p / (1 - p))


def slopes(function, xs):
    """The numerical derivative by each of the numbers."""
    h = mp.mpf("1e-12")
    out = []
    for i in range(len(xs)):
        ends = [function([*xs[:i], xs[i] + d, *xs[i + 1 :]]) for d in (h, -h)]
        out.append((ends[0] - ends[1]) / (2 * h))
    return out


def prediction(rng, label, from_logits):
    """Higher where the label is, but not by so much that nothing is wrong."""
    x = rng.uniform(-2.5, 1.5) + 1.5 * (label > 0)
    return round(x if from_logits else 1 / (1 + math.exp(-x)), 3)


def case(name, function, rng, step, from_logits, shape, grades=(0, 1), **own):
    """One column, or rows of items or classes whose losses are averaged."""
    rows, items = shape
    column = items == 1
    y = [[rng.choice(grades) for _ in range(items)] for _ in range(rows)]
    if name == "soft_top_k_accuracy":
        y = [[int(i == rng.randrange(1)) for i in range(items)] for _ in y]
        for row in y:
            rng.shuffle(row)
    x = [[prediction(rng, label, from_logits) for label in row] for row in y]
    w = [round(rng.uniform(0.2, 3), 2) for _ in range(rows)]
    if column:
        # Both labels, and a positive that is high, so that a precision is
        # reached.
        y[0], y[1], x[0] = [1], [0], [2.75 if from_logits else 0.95]
    flat = [mp.mpf(v) for row in x for v in row]

    def loss(values):
        table = [values[i * items : (i + 1) * items] for i in range(rows)]
        if name == "soft_top_k_accuracy":
            odds = (
                table if from_logits else [list(map(mp.log, r)) for r in table]
            )
            return function(odds, y, w, step, **own)
        odds = table if from_logits else [list(map(logit, r)) for r in table]
        if column:
            line = [row[0] for row in odds]
            return function(line, [row[0] for row in y], w, step, **own)
        ones = [mp.mpf(1)] * items
        each = [
            function(xs, own_y, ones, step, **own) for xs, own_y in zip(odds, y)
        ]
        return sum(a * b for a, b in zip(w, each)) / sum(w)

    gradient = slopes(loss, flat)
    return {
        "loss": name,
        "y_true": y,
        "y_pred": x,
        "sample_weight": w,
        "step": {"shape": step[0], "sharpness": step[1]},
        "from_logits": from_logits,
        "args": own,
        "value": float(loss(flat)),
        "gradient": [
            [float(g) for g in gradient[i * items : (i + 1) * items]]
            for i in range(rows)
        ],
    }


LOSSES = (
    (soft_auc, (9, 1), {}),
    (soft_auc, (9, 1), {"max_fpr": 0.4}),
    (soft_average_precision, (9, 1), {}),
    (soft_ndcg, (3, 4), {"grades": (0, 1, 3)}),
    (soft_ndcg, (3, 4), {"grades": (1, 2), "k": 2, "gain": "exponential"}),
    (soft_precision_at_k, (3, 4), {"k": 2}),
    (soft_top_k_accuracy, (4, 4), {"k": 2}),
    (soft_precision_at_recall, (9, 1), {"recall": 0.8}),
    (soft_recall_at_precision, (9, 1), {"precision": 0.8}),
    (soft_sensitivity_at_specificity, (9, 1), {"specificity": 0.75}),
    (soft_specificity_at_sensitivity, (9, 1), {"sensitivity": 0.6}),
)


def cases():
    rng = random.Random(0)
    with mp.workdps(30):
        for (function, shape, own), (i, step) in itertools.product(
            LOSSES, enumerate(STEPS)
        ):
            yield drawn(function, rng, step, i % 2 == 1, shape, own)


def drawn(function, rng, step, from_logits, shape, own):
    """A case of data on which the loss is what its formula says."""
    name = function.__name__
    while True:
        try:
            return case(name, function, rng, step, from_logits, shape, **own)
        except NotReached:
            pass
