"""Which loss gives the best IoU of a small U-Net, where little is marked.

    python benchmarks/segmentation.py [--data wheel of scikit-image] [--quick]

Two tasks: discs among other shapes in noise (made here; a third of the images
have none), and what is marked in four photographs of scikit-image (see
bundled_images.py), in tiles of which every third is held out. A U-Net of three
levels, Adam at rate .003, the same initialisation, batches and steps for each
loss, mean over seeds. IoU is that of all held-out pixels, and the mean of
images in which something is marked; the threshold is ½, or tuned on the
training images over all cut points. Nothing is chosen by the held-out images.
Writes benchmarks/results/segmentation.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import bundled_images
import keras
import numpy as np
from _machine import machine

from softkeras import losses
from softkeras.thresholds import best_threshold

RESULTS = pathlib.Path(__file__).parent / "results" / "segmentation.json"
SIZE = 64
STEPS, BATCH, RATE, WARM = 300, 8, 0.003, 0.3


def discs(images, seed):
    """Up to two discs to be found, among squares and crosses that are not."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    x = np.zeros((images, SIZE, SIZE), "float32")
    y = np.zeros((images, SIZE, SIZE), bool)
    for image, mask in zip(x, y):
        for kind in rng.permutation(["disc"] * rng.integers(3) + ["no"] * 3):
            r, c = rng.integers(6, SIZE - 6, 2)
            radius = rng.uniform(3, 6)
            down, right = np.abs(rows - r), np.abs(columns - c)
            if kind == "disc":
                shape = down**2 + right**2 <= radius**2
                mask |= shape
            elif rng.random() < 0.5:
                shape = np.maximum(down, right) <= 0.9 * radius
            else:
                shape = (np.minimum(down, right) < 1.5) & (
                    np.maximum(down, right) <= radius
                )
            image[shape] = rng.uniform(0.5, 1.0)
    return x + rng.normal(0, 0.2, x.shape).astype("float32"), y


def tiles(data):
    """Tiles of the photographs, and which of them are held out."""
    x, y, held_out = [], [], []
    for picture in bundled_images.pictures(data):
        height, width = picture.x.shape
        for i in range(height // SIZE):
            for j in range(width // SIZE):
                place = np.s_[
                    i * SIZE : (i + 1) * SIZE, j * SIZE : (j + 1) * SIZE
                ]
                x.append(picture.x[place] - picture.x[place].mean())
                y.append(picture.y[place])
                held_out.append((i + 2 * j) % 3 == 0)
    return np.array(x), np.array(y), np.array(held_out)


def tasks(data):
    x, y = discs(450, 0)
    yield "discs", x[:300], y[:300], x[300:], y[300:]
    x, y, held_out = tiles(data)
    yield "photographs", x[~held_out], y[~held_out], x[held_out], y[held_out]


def marked(data):
    """Percent of the pixels: in all images of discs, in each photograph."""
    masks = {"discs": discs(450, 0)[1]}
    masks |= {each.name: each.y for each in bundled_images.pictures(data)}
    return {name: round(100 * float(y.mean()), 2) for name, y in masks.items()}


def unet():
    layers = keras.layers

    def block(x, channels):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = layers.GroupNormalization(4)(x)
            x = layers.Activation("relu")(x)
        return x

    inputs = keras.Input((SIZE, SIZE, 1))
    high = block(inputs, 8)
    middle = block(layers.MaxPooling2D()(high), 16)
    low = block(layers.MaxPooling2D()(middle), 32)
    x = layers.Concatenate()([layers.UpSampling2D()(low), middle])
    x = layers.Concatenate()([layers.UpSampling2D()(block(x, 16)), high])
    # Rare from the start, so that no loss spends its steps on that.
    outputs = layers.Conv2D(
        1,
        1,
        activation="sigmoid",
        bias_initializer=keras.initializers.Constant(-2.0),
    )(block(x, 8))
    return keras.Model(inputs, outputs)


def methods():
    """Each loss by name."""
    entropy = keras.losses.BinaryCrossentropy
    jaccard = losses.SoftJaccard

    def warm(then):
        return losses.WarmUp(entropy(), then, steps=int(WARM * STEPS))

    return {
        "cross-entropy": entropy(),
        "focal": keras.losses.BinaryFocalCrossentropy(),
        "Keras Dice": keras.losses.Dice(),
        "Keras Dice, by image": keras.losses.Dice(axis=(1, 2, 3)),
        "Keras Tversky .3, .7": keras.losses.Tversky(alpha=0.3, beta=0.7),
        "SoftJaccard, sharpness 1": jaccard(sharpness=1.0),
        "SoftJaccard": jaccard(),
        "SoftJaccard by image": jaccard(average="samples"),
        "warm-up, SoftJaccard": warm(jaccard()),
        "warm-up, SoftJaccard, sharpness 1": warm(jaccard(sharpness=1.0)),
    }


def iou(y, called):
    return float((y & called).sum() / max((y | called).sum(), 1))


def scores(y, p, threshold):
    called = p >= threshold
    marked = y.any(axis=(1, 2))
    return {
        "iou": 100 * iou(y, called),
        "by_image": 100
        * float(
            np.mean([iou(a, b) for a, b in zip(y[marked], called[marked])])
        ),
        "alarms": 100 * float(called[~marked].any(axis=(1, 2)).mean()),
    }


def train(loss, x, y, seed, steps):
    keras.utils.set_random_seed(seed)
    model = unet()
    model.compile(keras.optimizers.Adam(RATE), loss)
    batches = -(-len(x) // BATCH)
    model.fit(
        x[..., None],
        y[..., None].astype("float32"),
        batch_size=BATCH,
        epochs=-(-steps // batches),
        verbose=0,
    )
    return model


def predict(model, x):
    return model.predict(x[..., None], batch_size=64, verbose=0)[..., 0]


def run(data, seeds, steps, chosen):
    table = {}
    for task, x, y, x_test, y_test in tasks(data):
        for name in chosen:
            rows, tuned, took = [], [], []
            for seed in range(seeds):
                start = time.perf_counter()
                model = train(methods()[name], x, y, seed, steps)
                took.append(time.perf_counter() - start)
                p, p_test = predict(model, x), predict(model, x_test)
                cut = best_threshold(y.ravel(), p.ravel(), "jaccard").threshold
                rows.append(scores(y_test, p_test, 0.5))
                tuned.append(scores(y_test, p_test, float(cut)))
            table.setdefault(task, {})[name] = {
                "at_half": [
                    {k: round(v, 2) for k, v in r.items()} for r in rows
                ],
                "tuned": [
                    {k: round(v, 2) for k, v in r.items()} for r in tuned
                ],
            }
            print(
                f"{task:12s} {name:34s} {mean(rows, 'iou'):5.1f} "
                f"{mean(rows, 'by_image'):5.1f} {mean(rows, 'alarms'):5.1f} | "
                f"{mean(tuned, 'iou'):5.1f} {mean(tuned, 'by_image'):5.1f} "
                f"{mean(tuned, 'alarms'):5.1f}   {np.mean(took):5.1f} s",
                flush=True,
            )
    return table


def mean(rows, key):
    return float(np.mean([row[key] for row in rows]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="wheel of scikit-image, or its folder")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="1 seed, 100 steps"
    )
    args = parser.parse_args()
    seeds, steps = (1, 100) if args.quick else (args.seeds, STEPS)
    print(
        "held-out IoU x 100 at ½: of all pixels, mean by image, images with "
        "nothing in which\nsomething is called (%) | the same at a threshold "
        "tuned on the training images\n"
    )
    table = run(args.data, seeds, steps, list(methods()))
    if args.quick:
        return
    result = {
        "machine": machine(),
        "seeds": seeds,
        "steps": steps,
        "batch": BATCH,
        "rate": RATE,
        "warm_up": WARM,
        "marked": marked(args.data),
        "tasks": table,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(RESULTS.relative_to(pathlib.Path.cwd()), file=sys.stderr)


if __name__ == "__main__":
    main()
