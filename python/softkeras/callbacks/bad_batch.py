"""A batch that made a gradient that is not finite, to be looked at again."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import keras
import numpy as np

from softkeras import _backend
from softkeras._types import TensorLike

__all__ = ["BadBatch", "load_batch"]

_PARTS = ("x", "y", "sample_weight")


@dataclasses.dataclass
class BadBatch:
    """A batch that made a gradient that is not finite, and the weights then.

    `GradientWatch` makes it, and `load_batch` reads it from a file.

    Gradient: none of its own; `restore()` sets weights for the one in question.

    Args:
        x: The inputs of the batch as arrays, nested as they were in `fit()`.
        y: Their targets, or None.
        sample_weight: Their weights, or None; also those that `class_weight`
            made.
        step: Which step of the training it was, counted from 1.
        epoch: Of which epoch, counted from 1.
        layer: Layer and
        variable: variable whose gradient was not finite; the last of several,
            which the backward pass reaches first.
        weights: The variables of the model before that step, in the order of
            its `trainable_variables` and `non_trainable_variables`, so with
            what batch normalisation and random layers keep.

    Reference: Goodfellow, Bengio and Courville, *Deep Learning*, 11.5, for
    debugging on one batch.

    Example:

    >>> import keras, numpy as np
    >>> from softkeras.callbacks import BadBatch
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> weights = [np.array([[3.0]]), np.array([1.0])]
    >>> batch = BadBatch(
    ...     np.ones((1, 1)), None, None, 7, 1, "dense", "bias", weights
    ... )
    >>> batch.restore(model)
    >>> model.predict(batch.x, verbose=0)
    array([[4.]], dtype=float32)
    """

    x: Any
    y: Any
    sample_weight: TensorLike | None
    step: int
    epoch: int
    layer: str
    variable: str
    weights: list[np.ndarray] = dataclasses.field(repr=False)

    def restore(self, model: keras.Model) -> None:
        """Gives `model` the weights that it had before the bad step."""
        variables = [
            *model.trainable_variables,
            *model.non_trainable_variables,
        ]
        ours = [tuple(np.shape(weight)) for weight in self.weights]
        theirs = [tuple(variable.shape) for variable in variables]
        if ours != theirs:
            raise ValueError(
                "The model must have the variables of the one that was "
                f"trained, with the shapes {ours}. Received: a model with "
                f"{theirs}; build it, and freeze what was frozen."
            )
        for variable, weight in zip(variables, self.weights):
            variable.assign(weight)

    def save(self, path: str | os.PathLike) -> list[str]:
        """Writes it for `load_batch`; returns what a file can't hold."""
        left_out = []
        arrays = {f"weight/{i}": array for i, array in enumerate(self.weights)}
        structure = {}
        for part in _PARTS:
            leaves: list[Any] = []
            structure[part] = _describe(getattr(self, part), leaves)
            for i, leaf in enumerate(leaves):
                array = _plain(leaf)
                if array is None:
                    left_out.append(f"{part} ({type(leaf).__name__})")
                else:
                    arrays[f"{part}/{i}"] = array
        about = {
            name: getattr(self, name)
            for name in ("step", "epoch", "layer", "variable")
        }
        about["structure"] = structure
        arrays["about"] = np.array(json.dumps(about))
        with open(path, "wb") as file:
            np.savez(file, **arrays)
        return left_out


def load_batch(path: str | os.PathLike) -> BadBatch:
    """Reads the batch that `GradientWatch` has saved.

    Gradient: none; for that of the batch give a model its weights back with
    `restore()`, and use `model.train_on_batch()`.

    Args:
        path: The file.

    Returns:
        A `BadBatch`: `x`, `y` and `sample_weight` as arrays of NumPy, nested as
        they were; `step`, `epoch`, `layer` and `variable`; and `weights`, those
        of the model before the step. What the file could not hold is None.

    Raises:
        ValueError: for a file of something else.

    Reference: `numpy.savez`, whose format the file has; nothing in it is
    pickled.

    Example:

    >>> import os, tempfile, numpy as np
    >>> from softkeras.callbacks import BadBatch, load_batch
    >>> x = {"image": np.zeros((2, 3)), "age": np.ones(2)}
    >>> batch = BadBatch(x, np.ones(2), None, 7, 1, "dense", "kernel", [])
    >>> path = os.path.join(tempfile.mkdtemp(), "bad_batch.npz")
    >>> batch.save(path)
    []
    >>> load_batch(path).x["age"]
    array([1., 1.])
    """
    with np.load(path, allow_pickle=False) as file:
        if "about" not in getattr(file, "files", ()):
            raise ValueError(
                "`path` must be a file that GradientWatch has written. "
                f"Received: {os.fspath(path)!r}"
            )
        about = json.loads(str(file["about"]))
        arrays = {name: file[name] for name in file.files}
    structure = about.pop("structure")
    weights = [name for name in arrays if name.startswith("weight/")]
    parts = {part: _rebuild(structure[part], part, arrays) for part in _PARTS}
    return BadBatch(
        **parts,
        **about,
        weights=[arrays[f"weight/{i}"] for i in range(len(weights))],
    )


def _describe(nested, leaves):
    """The structure as JSON has it; appends to the leaves."""
    if nested is None:
        return None
    if isinstance(nested, dict):
        return {
            "dict": [
                [key, _describe(nested[key], leaves)] for key in sorted(nested)
            ]
        }
    if isinstance(nested, (list, tuple)):
        kind = "tuple" if isinstance(nested, tuple) else "list"
        return {kind: [_describe(item, leaves) for item in nested]}
    leaves.append(nested)
    return len(leaves) - 1


def _rebuild(structure, part, arrays):
    if structure is None:
        return None
    if isinstance(structure, int):
        return arrays.get(f"{part}/{structure}")
    ((kind, items),) = structure.items()
    if kind == "dict":
        return {key: _rebuild(item, part, arrays) for key, item in items}
    items = [_rebuild(item, part, arrays) for item in items]
    return tuple(items) if kind == "tuple" else items


def to_array(leaf):
    """A tensor as an array of NumPy; itself if that can't be."""
    if hasattr(leaf, "has_value"):  # TensorFlow's, in place of a nested None
        return None
    if leaf is None or isinstance(leaf, np.ndarray) or _backend.is_ragged(leaf):
        return leaf
    try:
        return keras.ops.convert_to_numpy(leaf)
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return leaf


def _plain(leaf):
    """An array as a file has it, without pickling; None if it can't be."""
    if not isinstance(leaf, np.ndarray):
        return None
    if leaf.dtype == object:  # strings of TensorFlow
        if not all(isinstance(item, (bytes, str)) for item in leaf.flat):
            return None
        return leaf.astype(bytes if isinstance(leaf.flat[0], bytes) else str)
    # NumPy has no bfloat16 of its own.
    return leaf.astype("float32") if leaf.dtype.kind == "V" else leaf
