"""Families of benchmarks/speed.py: losses of counts, classes and ranks."""

from __future__ import annotations

from collections.abc import Callable

import _timing
import numpy as np
from _timing import Row

# The share of positives, as in a set that F1 is wanted for.
POSITIVES = 0.1
ELEMENTS = 4_000_000
SIZES = (10**3, 10**4, 10**5, 10**6, 10**7, 10**8)
CLASSES = (2, 10, 100, 1_000, 10_000)
# All pairs of the larger one's positives and negatives are 9 million.
RANKED = (1_000, 10_000)
# What a TensorFlow graph of cross-entropy takes at its peak, an element.
BYTES = 60


def binary(elements: int):
    """Labels and probabilities, (n, 1) float32."""
    rng = np.random.default_rng(0)
    y = (rng.random((elements, 1)) < POSITIVES).astype("float32")
    # Not 0 and not 1: a logit of them would be infinite.
    p = rng.uniform(0.001, 0.999, (elements, 1)).astype("float32")
    return y, p


def segmentation_models() -> dict[str, Callable]:
    """Losses of segmentation_models_pytorch, of tensors (n, 1)."""
    from segmentation_models_pytorch import losses as smp

    def of_images(loss):
        # One image of one channel: (1, 1, n).
        return lambda y, p: loss(p.reshape(1, 1, -1), y.reshape(1, 1, -1))

    binary = {"mode": "binary", "from_logits": False}
    return {
        "smp DiceLoss": of_images(smp.DiceLoss(**binary)),
        "smp TverskyLoss": of_images(smp.TverskyLoss(**binary)),
    }


def overlap_losses(missing) -> dict[str, tuple[str, Callable]]:
    """Dice and Tversky of the probabilities themselves: the same formula."""
    import keras

    from softkeras.losses import SoftDice, SoftTversky

    rows = {
        "SoftDice(sharpness=1)": ("softkeras", SoftDice(sharpness=1.0)),
        "SoftTversky(sharpness=1)": (
            "softkeras",
            SoftTversky(alpha=0.5, beta=0.5, sharpness=1.0),
        ),
        "keras Dice": ("peer", keras.losses.Dice()),
        "keras Tversky": ("peer", keras.losses.Tversky()),
    }
    if keras.backend.backend() == "torch":
        try:
            for name, loss in segmentation_models().items():
                rows[name] = ("peer", loss)
        except ImportError as error:
            missing["segmentation_models_pytorch"] = str(error)
    return rows


def training_losses() -> dict[str, tuple[str, Callable]]:
    """What one would train on instead."""
    import keras

    from softkeras.losses import SoftFBeta, SoftPrecision
    from softkeras.steps import Step

    softsign = Step("softsign", 50, "probability", anchored=False)
    return {
        "SoftPrecision": ("softkeras", SoftPrecision()),
        "SoftFBeta": ("softkeras", SoftFBeta()),
        "SoftPrecision, softsign": (
            "softkeras",
            SoftPrecision(step=softsign),
        ),
        "keras BinaryCrossentropy": (
            "peer",
            keras.losses.BinaryCrossentropy(),
        ),
        "keras BinaryFocalCrossentropy": (
            "peer",
            keras.losses.BinaryFocalCrossentropy(),
        ),
    }


def rows_of(losses, y, p, mode) -> list[Row]:
    y = _timing.tensor(y, mode)
    return [
        Row(
            name,
            role,
            _timing.value_and_gradient(
                lambda p, loss=loss: loss(y, p), p, mode
            ),
        )
        for name, (role, loss) in losses.items()
    ]


def counts(backend, seconds, missing, quick):
    """Losses of counts beside those of Keras and of torch."""
    y, p = binary(ELEMENTS)
    for mode in _timing.modes(backend):
        for kind, losses in (
            ("overlap", overlap_losses(missing)),
            ("to train on", training_losses()),
        ):
            yield _timing.group(
                "counts",
                rows_of(losses, y, p, mode),
                seconds,
                _timing.memory_floor(p, y),
                backend=backend,
                mode=mode,
                kind=kind,
                elements=p.size,
            )


def sizes(backend, seconds, missing, quick):
    """Cost against size, from what fits into a cache to 10^8."""
    losses = training_losses()
    chosen = {
        name: losses[name] for name in ("SoftFBeta", "keras BinaryCrossentropy")
    }
    for size in SIZES[: 5 if quick else None]:
        if BYTES * size > _timing.available_bytes():
            missing[f"{size:,} elements"] = (
                f"not enough memory: {BYTES * size / 2**30:.0f} GiB needed"
            )
            continue
        y, p = binary(size)
        for mode in _timing.modes(backend):
            yield _timing.group(
                "sizes",
                rows_of(chosen, y, p, mode),
                seconds / 3,
                _timing.memory_floor(p, y),
                backend=backend,
                mode=mode,
                elements=size,
            )


def classes(backend, seconds, missing, quick):
    """Cost against the number of classes, of equally many probabilities."""
    import keras

    from softkeras.losses import (
        SoftCategoricalAccuracy,
        SoftFBeta,
        SoftMeanIoU,
    )

    losses = {
        "SoftFBeta, arg-max": (
            "softkeras",
            SoftFBeta(threshold=None, sparse=True, sharpness=1.0),
        ),
        "SoftCategoricalAccuracy": (
            "softkeras",
            SoftCategoricalAccuracy(sparse=True),
        ),
        "SoftMeanIoU": ("softkeras", SoftMeanIoU(sparse=True)),
        "keras SparseCategoricalCrossentropy": (
            "peer",
            keras.losses.SparseCategoricalCrossentropy(),
        ),
    }
    elements = ELEMENTS // (16 if quick else 4)
    rng = np.random.default_rng(0)
    for number in CLASSES:
        n = max(elements // number, 1)
        p = rng.random((n, number)).astype("float32")
        p /= p.sum(-1, keepdims=True)
        y = rng.integers(0, number, n).astype("int32")
        for mode in _timing.modes(backend):
            yield _timing.group(
                "classes",
                rows_of(losses, y, p, mode),
                seconds / 3,
                # The labels are one a row: to read them costs next to nothing.
                _timing.memory_floor(p),
                backend=backend,
                mode=mode,
                elements=n * number,
                classes=number,
            )


def pairwise_of_libauc(missing) -> dict[str, tuple[str, Callable]]:
    try:
        import torch
        from libauc.losses import AUCMLoss, PairwiseAUCLoss
    except Exception as error:
        # It imports much that it does not need here, any of which may fail.
        missing["libauc"] = f"{type(error).__name__}: {error}"[:200]
        return {}
    pairs = PairwiseAUCLoss(surr_loss="logistic")
    margin = AUCMLoss(device=torch.device("cpu"))
    return {
        "libauc PairwiseAUCLoss": ("peer", lambda y, x: pairs(x, y)),
        # Not of pairs, and with variables of its own to be trained.
        "libauc AUCMLoss": ("other", lambda y, x: margin(x, y)),
    }


def ranks(backend, seconds, missing, quick):
    """AUC and average precision beside libauc, and cross-entropy to compare."""
    import keras

    from softkeras.losses import SoftAUC, SoftAveragePrecision

    losses = {
        "SoftAUC": ("softkeras", SoftAUC(from_logits=True)),
        "SoftAveragePrecision": (
            "other",
            SoftAveragePrecision(from_logits=True),
        ),
        "keras BinaryCrossentropy": (
            "other",
            keras.losses.BinaryCrossentropy(from_logits=True),
        ),
    }
    if backend == "torch":
        losses.update(pairwise_of_libauc(missing))
    for size in RANKED:
        y, _ = binary(size)
        x = np.random.default_rng(1).normal(size=y.shape).astype("float32")
        for mode in _timing.modes(backend):
            yield _timing.group(
                "ranks",
                rows_of(losses, y, x, mode),
                seconds / 2,
                backend=backend,
                mode=mode,
                elements=size,
            )
