"""Probes of keras.ops.image."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._keras_ops.case import Case, smooth

SHAPE = (1, 4, 4, 3)
IMAGE = {"images": smooth(*SHAPE, low=0.1, high=0.9)}
GREY = {
    "zeros": {"images": np.zeros(SHAPE)},
    "equal entries": {"images": np.full(SHAPE, 0.5)},
}
LAST = {"data_format": "channels_last"}
# A turn and a shift that put no pixel on another one.
TRANSFORM = np.array([[1.03, 0.11, 0.27, -0.07, 0.96, 0.31, 0.0, 0.0]])
CORNERS = np.array([[[0.0, 0.0], [0.0, 3.0], [3.0, 0.0], [3.0, 3.0]]])
MOVED = CORNERS + smooth(1, 4, 2, low=0.1, high=0.4)


def _image(*args, option="", **options):
    return Case(
        IMAGE,
        lambda op, images: op(images, *args, **options, **LAST),
        option,
        special=GREY,
    )


def _resize(interpolation):
    return Case(
        {"images": smooth(1, 4, 4, 1, low=0.1, high=0.9)},
        lambda op, images: op(
            images, (3, 5), interpolation=interpolation, **LAST
        ),
        ""
        if interpolation == "bilinear"
        else f"interpolation={interpolation!r}",
    )


def _coordinates(order):
    return Case(
        {
            "inputs": smooth(4, 4),
            "coordinates": smooth(2, 3, low=0.2, high=2.9),
        },
        lambda op, x, where: op(x, where, order=order),
        f"order={order}" if order != 1 else "",
        special={"whole coordinates": {"coordinates": np.ones((2, 3))}},
    )


IMAGES = {
    "image.affine_transform": Case(
        {**IMAGE, "transform": TRANSFORM},
        lambda op, *x: op(*x, **LAST),
    ),
    "image.crop_images": _image(
        top_cropping=1, left_cropping=1, target_height=2, target_width=2
    ),
    "image.elastic_transform": _image(seed=1),
    "image.extract_patches": _image(2),
    "image.extract_patches_3d": Case(
        {"volumes": smooth(1, 4, 4, 4, 1)},
        lambda op, x: op(x, 2, **LAST),
    ),
    "image.gaussian_blur": _image(),
    "image.hsv_to_rgb": _image(),
    "image.map_coordinates": (_coordinates(1), _coordinates(0)),
    "image.pad_images": _image(
        top_padding=1, left_padding=1, target_height=6, target_width=6
    ),
    "image.perspective_transform": Case(
        {**IMAGE, "start_points": CORNERS, "end_points": MOVED},
        lambda op, *x: op(*x, **LAST),
    ),
    "image.resize": tuple(
        map(_resize, ("bilinear", "nearest", "bicubic", "lanczos3"))
    ),
    "image.rgb_to_grayscale": _image(),
    "image.rgb_to_hsv": _image(),
    "image.scale_and_translate": Case(
        {
            **IMAGE,
            "scale": np.array([1.3, 0.9]),
            "translation": np.array([0.2, -0.3]),
        },
        lambda op, images, scale, translation: op(
            images, SHAPE, scale, translation, (1, 2), "linear"
        ),
    ),
    "image.sobel_edges": _image(),
    "image.ssim": Case(
        {
            "image1": smooth(1, 12, 12, 1, low=0.1, high=0.9),
            "image2": smooth(1, 12, 12, 1, low=0.1, high=0.9, seed=1),
        },
        lambda op, *x: op(*x, **LAST),
        special={
            "zeros": {
                "image1": np.zeros((1, 12, 12, 1)),
                "image2": np.zeros((1, 12, 12, 1)),
            },
        },
    ),
}
