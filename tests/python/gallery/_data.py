"""Small, seeded arrays in each form that losses and activations take."""

import numpy as np

# The words of `diagnose(domain=...)`: what y_pred, or an activation's x, is.
DOMAINS = {
    "activation": "real",
    "rows": "real",
    "model": "real",
    "real": "real",
    "positive": "positive",
    "binary": "probability",
    "binary_logits": "logit",
    "signs": "real",
    "multi_label": "probability",
    "multi_label_logits": "logit",
    "one_hot": "probability",
    "one_hot_logits": "logit",
    "ids": "probability",
    "ids_logits": "logit",
    "flat_ids": "probability",
    "vector": "real",
    "mask": "probability",
    "distribution": "probability",
    "flat": "real",
    "sequence": "real",
    "pairs": "real",
    "survival": "real",
    "relevance": "probability",
    "hits": "probability",
    "embeddings": "real",
    "indices": "ids",
    "steps": "real",
    "inside": "probability",
    "ctc": "logit",
}


def sample(form):
    """(y_true, y_pred) of a form, or (x,) of an activation; float32."""
    rng = np.random.default_rng(20261122)

    def real(*shape):
        return rng.normal(size=shape).astype("float32")

    def inside(*shape):
        return rng.uniform(0.05, 0.95, shape).astype("float32")

    def rows(*shape):
        x = np.exp(real(*shape))
        return (x / x.sum(-1, keepdims=True)).astype("float32")

    def unit(*shape):
        x = real(*shape)
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    bits = np.array([1, 0, 0, 1, 1, 0], "float32")[:, None]
    labels = np.array([0, 1, 2, 3, 1, 0])
    one_hot = np.eye(4, dtype="float32")[labels]
    ids = labels[:, None].astype("int32")
    many = np.array(
        [[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]], "float32"
    )
    forms = {
        "activation": lambda: (real(6, 4),),
        "rows": lambda: (real(6, 4),),
        # Inputs and targets: a model makes its own predictions.
        "model": lambda: (real(6, 4), real(6, 1)),
        "real": lambda: (real(6, 1), real(6, 1)),
        "positive": lambda: (
            np.arange(1, 7, dtype="float32")[:, None],
            np.exp(real(6, 1)),
        ),
        "binary": lambda: (bits, inside(6, 1)),
        "binary_logits": lambda: (bits, real(6, 1)),
        "signs": lambda: (2 * bits - 1, real(6, 1)),
        "multi_label": lambda: (many, inside(4, 4)),
        "multi_label_logits": lambda: (many, real(4, 4)),
        "one_hot": lambda: (one_hot, rows(6, 4)),
        "one_hot_logits": lambda: (one_hot, real(6, 4)),
        "ids": lambda: (ids, rows(6, 4)),
        "ids_logits": lambda: (ids, real(6, 4)),
        "flat_ids": lambda: (ids[:, 0], rows(6, 4)),
        "vector": lambda: (real(6, 4), real(6, 4)),
        "mask": lambda: (
            (rng.uniform(size=(3, 4, 4, 1)) < 0.4).astype("float32"),
            inside(3, 4, 4, 1),
        ),
        "distribution": lambda: (rows(6, 4), rows(6, 4)),
        # A target of (n,) for outputs of (n, 1), as in much of users' data.
        "flat": lambda: (real(6), real(6, 1)),
        "sequence": lambda: (real(3, 5, 2), real(3, 5, 2)),
        # Two embeddings a row, or three, and whether the first two are alike.
        "pairs": lambda: (bits, real(6, 8)),
        "survival": lambda: (bits[:, 0], real(6, 1)),
        "relevance": lambda: (
            np.array([[3, 2, 0, 1], [0, 1, 2, 0], [1, 0, 0, 2]], "float32"),
            inside(3, 4),
        ),
        "hits": lambda: (many, inside(4, 4)),
        "embeddings": lambda: (labels // 2, unit(6, 3)),
        "indices": lambda: (rng.integers(0, 5, (6, 3)).astype("int32"),),
        "steps": lambda: (real(3, 5, 4),),
        "inside": lambda: (inside(6, 4),),
        "ctc": lambda: (
            np.array([[1, 2, 1], [3, 1, 2]], "int32"),
            real(2, 8, 4),
        ),
    }
    return forms[form]()
