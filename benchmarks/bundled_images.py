"""Photographs in scikit-image's wheel, with masks that a rule can find in them.

The files are not part of this repository. Get them with

    pip download --no-deps scikit-image

and name the wheel or its folder, or install scikit-image; only its image files
are read, it is never imported. It comes with no masks, so each mask is what a
fixed rule marks in the sharp picture, and a model gets the picture after blur
and noise.
"""

from __future__ import annotations

import importlib.util
import io
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

FOLDER = "skimage/data"
NOISE = 0.15


class Picture(NamedTuple):
    """A picture and its mask.

    Args:
        name: What is marked.
        x: The blurred, noisy picture, float32 of shape (height, width).
        y: Booleans of that shape.
    """

    name: str
    x: np.ndarray
    y: np.ndarray


def darker(x, radius):
    """How much darker a pixel is than what is around it."""
    return ndimage.grey_closing(x, size=radius) - x


def brighter(x, radius):
    return x - ndimage.grey_opening(x, size=radius)


# By which rule: the file, the channel (None for their mean), how much it is
# made smaller, the size of what is marked, and the least difference.
RULES = {
    "vessels of a retina": ("retina.jpg", 1, 3, darker, 15, 0.07),
    "galaxies": ("hubble_deep_field.jpg", None, 2, brighter, 25, 0.25),
    "letters of a page": ("page.png", None, 1, darker, 15, 0.3),
    "handwriting": ("text.png", None, 1, darker, 21, 0.25),
}


def _open(file, data):
    if data and pathlib.Path(data).suffix == ".whl":
        with zipfile.ZipFile(data) as wheel:
            return Image.open(io.BytesIO(wheel.read(f"{FOLDER}/{file}")))
    if data:
        roots = [pathlib.Path(data), pathlib.Path(data) / FOLDER]
    else:
        spec = importlib.util.find_spec("skimage")
        roots = [pathlib.Path(spec.origin).parent / "data"] if spec else []
    for root in roots:
        if (root / file).exists():
            return Image.open(root / file)
    raise FileNotFoundError(
        f"{file} was not found" + (f" in {data}" if data else "") + ". Run: "
        "pip download --no-deps scikit-image, and name the wheel with --data."
    )


def pictures(data: str | None = None, seed: int = 0):
    """Each picture, degraded, with the mask of the sharp one."""
    rng = np.random.default_rng(seed)
    for name, (file, channel, smaller, rule, size, least) in RULES.items():
        sharp = np.asarray(_open(file, data), "float32") / 255
        if sharp.ndim == 3:
            sharp = (
                sharp[..., :3].mean(-1)
                if channel is None
                else sharp[..., channel]
            )
        if smaller > 1:
            sharp = ndimage.zoom(sharp, 1 / smaller, order=1)
        y = rule(sharp, size) > least
        if name == "vessels of a retina":
            # The rim of the picture, around the eye, is not one.
            y &= ndimage.binary_erosion(sharp > 0.08, iterations=12)
        x = ndimage.gaussian_filter(sharp, 1)
        x = x + rng.normal(0, NOISE, x.shape)
        yield Picture(name, x.astype("float32"), y)
