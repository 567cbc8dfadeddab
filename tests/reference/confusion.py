"""Golden vectors of the losses of a confusion matrix: mpmath, plain loops.

Nothing of softkeras, Keras or TensorFlow is imported here. Numbers have 50
digits, and gradients are numerical derivatives of the whole loss.
"""

from __future__ import annotations

import itertools
import random

import mpmath as mp

mp.mp.dps = 50


def decisions(row, sharpness, from_logits):
    """The softmax of s·logits, of p that of s·log p; one-hot if s is None."""
    row = [mp.mpf(x) for x in row]
    if sharpness is None:
        return [mp.mpf(i == row.index(max(row))) for i in range(len(row))]
    if from_logits:
        powers = [mp.exp(mp.mpf(sharpness) * x) for x in row]
    else:
        powers = [x ** mp.mpf(sharpness) for x in row]
    return [x / mp.fsum(powers) for x in powers]


def matrix(y_true, rows, weights):
    """Of each row what agrees, and what does not in proportion."""
    classes = range(len(rows[0]))
    total = [[mp.mpf(0)] * len(rows[0]) for _ in classes]
    for y, d, w in zip(y_true, rows, weights):
        over = mp.fsum(max(d[j] - y[j], 0) for j in classes)
        for i, j in itertools.product(classes, classes):
            if i == j:
                total[i][j] += w * min(y[i], d[i])
            elif over > 0:
                short = max(y[i] - d[i], 0)
                total[i][j] += w * short * max(d[j] - y[j], 0) / over
    return total


def score(name, m, weights=None, cost_matrix=None):
    """The score of the matrix; None where it is 0/0."""
    classes = range(len(m))
    n = mp.fsum(mp.fsum(row) for row in m)
    t = [mp.fsum(row) for row in m]
    c = [mp.fsum(row[j] for row in m) for j in classes]
    hits = mp.fsum(m[i][i] for i in classes)
    if n == 0:
        return None
    if name == "categorical_accuracy":
        return hits / n
    if name == "categorical_balanced_accuracy":
        some = [i for i in classes if t[i] > 0]
        return mp.fsum(m[i][i] / t[i] for i in some) / len(some)
    if name == "mean_iou":
        some = [i for i in classes if t[i] > 0]
        return mp.fsum(m[i][i] / (t[i] + c[i] - m[i][i]) for i in some) / len(
            some
        )
    if name == "categorical_matthews":
        of_t = n**2 - mp.fsum(x**2 for x in t)
        of_c = n**2 - mp.fsum(x**2 for x in c)
        if of_t * of_c == 0:
            return None
        chance = mp.fsum(a * b for a, b in zip(t, c))
        return (n * hits - chance) / mp.sqrt(of_t * of_c)
    cells = list(itertools.product(classes, classes))
    if name == "categorical_cost":
        cost = mp.fsum(mp.mpf(cost_matrix[i][j]) * m[i][j] for i, j in cells)
        return 1 - cost / n
    apart = {
        None: lambda i, j: mp.mpf(i != j),
        "linear": lambda i, j: mp.mpf(abs(i - j)),
        "quadratic": lambda i, j: mp.mpf((i - j) ** 2),
    }[weights]
    chance = mp.fsum(apart(i, j) * t[i] * c[j] / n for i, j in cells)
    if chance == 0:
        return None
    return 1 - mp.fsum(apart(i, j) * m[i][j] for i, j in cells) / chance


def loss(name, y_true, y_pred, weights, case):
    """1 - the score; what the policy says where it has no meaning."""
    rows = [
        decisions(row, case["sharpness"], case["from_logits"]) for row in y_pred
    ]
    m = matrix(y_true, rows, weights)
    own = case["score_args"]
    value = score(name, m, **own)
    right = [
        [mp.fsum(row) if i == j else mp.mpf(0) for j in range(len(m))]
        for i, row in enumerate(m)
    ]
    if value is None or (
        case["sharpness"] and score(name, right, **own) is None
    ):
        return mp.mpf(case["empty"] == "zero"), m
    return 1 - value, m


def number(x):
    return [number(each) for each in x] if isinstance(x, list) else float(x)


def case_of(name, y_true, y_pred, weight, sparse, **case):
    case = {
        "step": "sigmoid",
        "sharpness": 0.25,
        "from_logits": False,
        "empty": "skip",
        "score_args": {},
        **case,
    }
    classes = len(y_pred[0])
    labels = [
        [mp.mpf(j == y) for j in range(classes)]
        if sparse
        else [mp.mpf(share) for share in y]
        for y in y_true
    ]
    weights = [mp.mpf(w) for w in weight or [1] * len(labels)]
    value, m = loss(name, labels, y_pred, weights, case)

    def moved(x, i, j):
        rows = [list(row) for row in y_pred]
        rows[i][j] = x
        return loss(name, labels, rows, weights, case)[0]

    gradient = None
    if case["sharpness"]:
        gradient = [
            [
                mp.diff(
                    lambda x, i=i, j=j: moved(x, i, j),
                    mp.mpf(y_pred[i][j]),
                    h=mp.mpf("1e-20"),
                )
                for j in range(classes)
            ]
            for i in range(len(y_pred))
        ]
    return {
        "loss": f"soft_{name}",
        "y_true": y_true,
        "y_pred": y_pred,
        "weight": weight,
        "sparse": sparse,
        **case,
        "matrix": number(m),
        "value": number(value),
        "gradient": gradient and number(gradient),
    }


SCORES = [
    ("categorical_accuracy", {}),
    ("categorical_balanced_accuracy", {}),
    ("mean_iou", {}),
    ("categorical_matthews", {}),
    ("categorical_kappa", {}),
    ("categorical_kappa", {"weights": "linear"}),
    ("categorical_kappa", {"weights": "quadratic"}),
    (
        "categorical_cost",
        {"cost_matrix": [[0, 2, 1.5], [7, -0.25, 1], [1, 1, 0]]},
    ),
]


def data(seed, from_logits, labels, rows=6, classes=3):
    rng = random.Random(seed)
    y_pred = [
        [
            round(
                rng.uniform(-4, 4) if from_logits else rng.uniform(0.02, 1), 3
            )
            for _ in range(classes)
        ]
        for _ in range(rows)
    ]
    if labels == "ids":
        # Each class occurs.
        y_true = [i % classes for i in range(rows)]
        rng.shuffle(y_true)
    else:
        cuts = [sorted(rng.sample(range(1, 16), classes - 1)) for _ in y_pred]
        # Sixteenths, which add up to 1 exactly.
        y_true = [
            [(b - a) / 16 for a, b in itertools.pairwise([0, *cut, 16])]
            for cut in cuts
        ]
    weights = [round(rng.uniform(0.2, 3), 2) for _ in range(rows)]
    return y_true, y_pred, weights


def cases():
    """Scores, sharpness, weights, logits, shares, and what has no score."""
    seed = 0
    for (name, own), (
        sharpness,
        from_logits,
        labels,
        weighted,
    ) in itertools.product(
        SCORES,
        (
            (0.25, True, "ids", False),
            (1.0, False, "ids", True),
            (3.0, True, "shares", True),
            (None, False, "ids", True),
        ),
    ):
        seed += 1
        y_true, y_pred, weights = data(seed, from_logits, labels)
        yield case_of(
            name,
            y_true,
            y_pred,
            weights if weighted else None,
            labels == "ids",
            score_args=own,
            step="sigmoid" if sharpness else "hard",
            sharpness=sharpness,
            from_logits=from_logits,
        )
    for (name, own), empty in itertools.product(
        SCORES, ("skip", "one", "zero")
    ):
        seed += 1
        _, y_pred, _ = data(seed, False, "ids")
        # One class, of which no correlation can be had.
        yield case_of(
            name, [1] * 6, y_pred, None, True, score_args=own, empty=empty
        )
