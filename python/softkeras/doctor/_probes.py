"""Seeded sets of inputs, made for what is examined."""

from __future__ import annotations

import dataclasses

import numpy as np

ROWS, CLASSES = 12, 4
DOMAINS = ("probability", "real", "positive")
DOMAIN_WORDS = (*DOMAINS, "logit")
FORMS = (
    "binary",
    "image",
    "signs",
    "labels",
    "one_hot",
    "distribution",
    "ids",
    "real",
)

# Numbers that a domain of predictions has at its ends and in its middle: a
# label that is there, one that is not, the threshold between them.
_HIT = {"probability": 1.0, "real": 6.0, "positive": 6.0}
_MISS = {"probability": 0.0, "real": -6.0, "positive": 1e-3}
_THRESHOLD = {"probability": 0.5, "real": 0.0, "positive": 1.0}
_TINY, _DENORMAL = 1e-30, 1e-41

_OF_CLASSES = ("one_hot", "distribution", "ids")

Probe = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Layout:
    """How labels and predictions of a loss look.

    Args:
        form: Of the labels: `"binary"` (n, 1) of 0 and 1, `"image"` (n, 4, 4,
            1) of 0 and 1, `"signs"` of -1 and
            1, `"distribution"` (n, c) of probabilities that add up to 1 (both
            of users' data only), `"labels"` (n, c) of
            0 and 1, `"one_hot"` (n, c) with one 1 a row, `"ids"` (n,) of
            integers beside predictions (n, c), `"real"` (n, 1).
        domain: Of the predictions: `"probability"`, `"real"` (logits too) or
            `"positive"`.
        known: Whether it is known, and not guessed.
        classes: How many there are, in probes that are made.
    """

    form: str
    domain: str
    known: bool = False
    classes: int = CLASSES

    def __str__(self):
        labels = {
            "binary": "labels 0 and 1, (n, 1)",
            "image": "masks of 0 and 1, (n, 4, 4, 1)",
            "signs": "labels -1 and 1",
            "labels": f"labels 0 and 1, (n, {self.classes})",
            "one_hot": f"one-hot labels, (n, {self.classes})",
            "ids": "class ids, (n,)",
            "distribution": "probabilities of classes as labels",
            "real": "real labels, (n, 1)",
        }[self.form]
        predictions = {
            "probability": "probabilities",
            "real": "predictions of any size",
            "positive": "positive predictions",
        }[self.domain]
        return f"{labels}, and {predictions}"


def for_loss(
    layout: Layout, seed: int = 0, rows: int = ROWS, given: Probe | None = None
) -> dict[str, Probe]:
    """Names and probes for a loss or a metric: y_true and y_pred each.

    Args:
        layout: How labels and predictions look.
        seed: Of what is random.
        rows: How many, where none are given.
        given: A user's labels and predictions, of which all probes have the
            shapes and the labels; it is the first, "yours".
    """
    rng = np.random.default_rng(seed)
    if given is not None:
        return {"yours": given, **_around(layout, given)}
    y_true = _labels(layout, rng, rows)
    perfect, wrong = ends(layout, y_true)
    width = perfect.shape[-1]
    probes = {
        name: _pair(y_true, _random(layout, rng, perfect.shape))
        for name in ("random", "random 2", "random 3")
    }
    threshold = _THRESHOLD[layout.domain]
    rows_add_up = layout.form in _OF_CLASSES and layout.domain == "probability"
    if rows_add_up:
        threshold = 1 / width
    level = np.full_like(perfect, threshold)
    probes["perfect"] = _pair(y_true, perfect)
    probes["wrong"] = _pair(y_true, wrong)
    probes["at the threshold"] = _pair(y_true, level)
    probes["ties"] = _pair(
        y_true,
        np.repeat(_random(layout, rng, (1, *perfect.shape[1:])), rows, 0),
    )
    if layout.form in ("binary", "labels", "image") or layout.domain == "real":
        for name, number in (("zeros", 0.0), ("ones", 1.0)):
            probes[name] = _pair(y_true, np.full_like(perfect, number))
    if layout.form in ("binary", "labels", "image"):
        middle = _random(layout, rng, perfect.shape)
        for name, number in (("no positive", 0), ("no negative", 1)):
            probes[name] = _pair(np.full_like(y_true, number), middle)
    for name, number in (("tiny", _TINY), ("denormal", _DENORMAL)):
        small = np.full_like(perfect, number)
        if rows_add_up:
            # Rows that add up to 1, as those of a softmax do.
            small = np.where(wrong > 0.5, 1, small)
        probes[name] = _pair(y_true, small)
    if layout.domain == "real":
        probes |= far(layout, y_true)
    probes["one row"] = {key: x[:1] for key, x in probes["random"].items()}
    return probes


def _around(layout, given):
    """Special predictions for a user's labels."""
    y_true, shape = given["y_true"], given["y_pred"].shape
    probes = {}
    for name, end in zip(("perfect", "wrong"), ends(layout, y_true)):
        if end.size == given["y_pred"].size:
            probes[name] = _pair(y_true, end.reshape(shape))
    level = _THRESHOLD[layout.domain]
    if layout.form in _OF_CLASSES and layout.domain == "probability":
        level = 1 / shape[-1]
    probes["at the threshold"] = _pair(y_true, np.full(shape, level))
    probes["one row"] = {key: x[:1] for key, x in given.items()}
    if layout.form in ("binary", "labels", "image"):
        for name, number in (("no positive", 0), ("no negative", 1)):
            labels = np.full_like(y_true, number)
            probes[name] = {**given, "y_true": labels}
    if layout.form == "ids":
        probes["one class"] = {**given, "y_true": np.zeros_like(y_true)}
    if layout.form == "real" and y_true.shape == shape and shape[-1] > 1:
        # A cosine of exactly 1, and no variance at all.
        unit = np.zeros(shape, "float32")
        unit[..., 0] = 1.0
        probes["equal unit rows"] = _pair(unit, unit)
    return probes


def far(layout: Layout, y_true: np.ndarray) -> dict[str, Probe]:
    """Probes with predictions as far out as logits can be."""
    perfect, wrong = ends(dataclasses.replace(layout, domain="real"), y_true)
    sides = {"right": perfect, "wrong": wrong}
    return {
        f"far out, {side}": _pair(y_true, np.sign(x) * size)
        for size in (100.0,)
        for side, x in sides.items()
    } | {"very far out": _pair(y_true, np.sign(wrong) * 1e4)}


def ends(layout: Layout, y_true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are all right, and all wrong."""
    if layout.form == "distribution":
        return y_true.copy(), np.roll(y_true, 1, -1)
    if layout.form == "real":
        if layout.domain == "positive":
            return y_true.copy(), 3 * y_true + 1
        if layout.domain == "probability":
            right = _within_0_and_1(y_true)
            return right, 1 - right
        return y_true.copy(), y_true + 3 * np.where(y_true < 0, 1, -1)
    target = y_true
    if layout.form == "signs":
        target = (y_true + 1) / 2
    if layout.form == "ids":
        y_true = np.reshape(y_true, (-1,))
        classes = max(layout.classes, int(np.max(y_true, initial=0)) + 1)
        target = np.eye(classes, dtype="float32")[y_true]
    other = 1 - target
    if layout.form in _OF_CLASSES:
        other = np.roll(target, 1, -1)
    hit, miss = _HIT[layout.domain], _MISS[layout.domain]
    perfect, wrong = (
        np.where(t > 0.5, hit, miss).astype("float32") for t in (target, other)
    )
    return perfect, wrong


def _within_0_and_1(y_true):
    """Targets beyond probabilities, as relevances are, in the same order."""
    low, high = np.min(y_true, initial=0), np.max(y_true, initial=1)
    return (y_true - low) / (high - low)


def for_input(x: np.ndarray) -> dict[str, Probe]:
    """Probes of the shape of a user's input, which is the first, "yours"."""
    probes = {"yours": {"x": x}, "one row": {"x": x[:1]}}
    if x.dtype.kind == "f":
        probes["zeros"] = {"x": np.zeros_like(x)}
    return probes


def for_activation(seed: int = 0, domain: str = "real") -> dict[str, Probe]:
    """Names and probes for a function of one tensor, of shape (rows, 4)."""
    rng = np.random.default_rng(seed)

    def one(x):
        return {"x": np.asarray(x, "float32").reshape(-1, CLASSES)}

    probes = {
        name: one(rng.normal(0, 2, (ROWS, CLASSES)))
        for name in ("random", "random 2", "random 3")
    }
    grid = np.linspace(-4, 4, 33)
    probes |= {
        "integers and halves": one([*np.arange(-4, 4, 0.5)]),
        "grid": one(grid[:32]),
        "zeros": one([0.0, -0.0, 0.0, -0.0]),
        "ties": one([0.3] * 4),
        "tiny": one([_TINY, -_TINY, _TINY, -_TINY]),
        "denormal": one([_DENORMAL, -_DENORMAL, _DENORMAL, -_DENORMAL]),
        "far out": one([100.0, -100.0, 88.0, -88.0]),
        "very far out": one([1e4, -1e4, 1e4, -1e4]),
    }
    if domain == "positive":
        return {name: {"x": np.abs(p["x"])} for name, p in probes.items()}
    if domain == "probability":
        return {
            name: {"x": np.clip((p["x"] + 4) / 8, 0, 1)}
            for name, p in probes.items()
            if "far" not in name
        }
    return probes


def _labels(layout, rng, rows):
    if layout.form == "ids":
        return (np.arange(rows) % layout.classes).astype("int32")
    if layout.form == "one_hot":
        ids = np.arange(rows) % layout.classes
        return np.eye(layout.classes, dtype="float32")[ids]
    if layout.form == "real":
        if layout.domain == "positive":
            return rng.uniform(0.5, 4, (rows, 1)).astype("float32")
        if layout.domain == "probability":
            return rng.uniform(0.05, 0.95, (rows, 1)).astype("float32")
        return rng.normal(0, 1, (rows, 1)).astype("float32")
    if layout.form == "image":
        places = np.arange(rows * 16).reshape(rows, 4, 4, 1)
        return (places * 7 % 5 < 2).astype("float32")
    width = 1 if layout.form == "binary" else layout.classes
    labels = np.arange(rows * width).reshape(rows, width) * 7 % 5 < 2
    return labels.astype("float32")


def _random(layout, rng, shape):
    if layout.domain == "real":
        x = rng.normal(0, 2, shape)
    elif layout.domain == "positive":
        x = np.exp(rng.normal(0, 1, shape))
    elif layout.form in _OF_CLASSES:
        x = np.exp(rng.normal(0, 1.5, shape))
        x /= x.sum(-1, keepdims=True)
    else:
        x = rng.uniform(0.03, 0.97, shape)
    return x.astype("float32")


def _pair(y_true, y_pred):
    return {"y_true": y_true, "y_pred": y_pred.astype("float32")}
