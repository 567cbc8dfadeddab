"""Probes of losses, normalisation, convolution, pooling and attention."""

from __future__ import annotations

import numpy as np

from softkeras.doctor._keras_ops.case import (
    Case,
    smooth,
    zeros_and_equal,
)

LOGITS = {"x": smooth(2, 3)}
ROWS = {"x": smooth(2, 4)}
LABELS = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
IMAGE = {"inputs": smooth(1, 5, 5, 2)}


def _infinite(share):
    x = LOGITS["x"].copy()
    x[:, :share] = -np.inf
    return {"x": x}


def _logits(scale=1.0):
    return Case(
        {"x": LOGITS["x"] * scale},
        special={
            **zeros_and_equal(LOGITS),
            "entries of 1e20": {"x": LOGITS["x"] * 1e20},
            "one -inf": _infinite(1),
            "-inf alone": _infinite(3),
        },
    )


def _normalised(call=lambda op, x: op(x), option="", inputs=ROWS):
    name = next(iter(inputs))
    x = inputs[name]
    return Case(
        inputs,
        call,
        option,
        special={
            "zeros": {name: np.zeros_like(x)},
            "equal entries": {name: np.full_like(x, 0.5)},
            "entries of 1e20": {name: x * 1e20},
        },
    )


def _probabilities(labels, shape):
    """A loss of labels and probabilities, and the same of logits."""
    inputs = {"output": smooth(*shape, low=0.1, high=0.9)}
    given = {}
    if labels is None:
        target = smooth(*shape, low=0.1, high=0.9, seed=1)
        if len(shape) > 1:  # the probabilities of classes
            target = target / target.sum(-1, keepdims=True)
        given = {"target": target}
    wrong = np.zeros(shape)
    wrong[..., -1] = 1

    def call(from_logits):
        def run(op, *tensors):
            if labels is None:
                target, output = tensors
            else:
                (output,), target = tensors, labels
            return op(target, output, from_logits=from_logits)

        return run

    return (
        Case(
            given | inputs,
            call(False),
            special={
                "outputs of 0 and 1": {"output": wrong},
                "zeros": {"output": np.zeros(shape)},
            },
        ),
        Case(
            given | inputs,
            call(True),
            "from_logits=True",
            special={
                "logits of 0 and 1e20": {"output": wrong * 1e20},
                "zeros": {"output": np.zeros(shape)},
            },
        ),
    )


def _ctc(op, output):
    return op(
        np.array([[1, 2], [2, 0]], "int32"),
        output,
        np.array([2, 1], "int32"),
        np.array([4, 3], "int32"),
    )


def _ctc_decode(op, inputs):
    return op(inputs, np.array([4, 3], "int32"))


SOFTMAX = {
    "log_softmax": _logits(),
    "softmax": _logits(),
    "sparsemax": _logits(0.29),
}
LOSSES = {
    "binary_crossentropy": _probabilities(None, (6,)),
    "categorical_crossentropy": (
        *_probabilities(None, (2, 3)),
        Case(
            {"output": smooth(2, 3)},
            lambda op, output: op(0.8 * LABELS, output, from_logits=True),
            "from_logits=True, targets that do not sum to 1",
        ),
    ),
    "ctc_decode": Case({"inputs": smooth(2, 4, 3)}, _ctc_decode),
    "ctc_loss": Case(
        {"output": smooth(2, 4, 3)},
        _ctc,
        special={
            "zeros": {"output": np.zeros((2, 4, 3))},
            "logits of 1e20": {"output": smooth(2, 4, 3) * 1e20},
        },
    ),
    "psnr": Case(
        {"x1": smooth(2, 3), "x2": smooth(2, 3, seed=1)},
        lambda op, *x: op(*x, 1.0),
        special={"x1 = x2": {"x2": smooth(2, 3)}},
    ),
    "sparse_categorical_crossentropy": _probabilities(
        np.array([0, 2], "int32"), (2, 3)
    ),
}
NORMALISATION = {
    "batch_normalization": Case(
        {
            "x": smooth(3, 2),
            "mean": smooth(2, seed=1),
            "variance": smooth(2, low=0.5, high=2, seed=2),
            "offset": smooth(2, seed=3),
            "scale": smooth(2, seed=4),
        },
        lambda op, x, m, v, offset, scale: op(
            x, m, v, 1, offset=offset, scale=scale
        ),
        special={
            "variance = 0": {"variance": np.zeros(2)},
            "variance = -epsilon": {"variance": np.full(2, -1e-3)},
        },
    ),
    "layer_normalization": (
        _normalised(),
        Case(
            {**ROWS, "gamma": smooth(4, seed=1), "beta": smooth(4, seed=2)},
            lambda op, x, gamma, beta: op(x, gamma=gamma, beta=beta),
            "with gamma and beta",
        ),
    ),
    "normalize": (
        _normalised(),
        _normalised(lambda op, x: op(x, order=1), "order=1"),
        _normalised(lambda op, x: op(x, order=3), "order=3"),
    ),
    "rms_normalization": (
        _normalised(),
        Case(
            {**ROWS, "scale": smooth(4, seed=1)},
            lambda op, x, scale: op(x, scale=scale),
            "with scale",
        ),
    ),
}
EQUAL_WINDOWS = {"equal entries": {"inputs": np.full((1, 5, 5, 2), 0.5)}}
KERNEL = smooth(3, 3, 2, 2, seed=1)


def _image(*args, special=EQUAL_WINDOWS):
    return Case(
        IMAGE,
        lambda op, x: op(x, *args, data_format="channels_last"),
        special=special,
    )


def _convolution(*kernels):
    names = (
        ("kernel",)
        if len(kernels) == 1
        else ("depthwise_kernel", "pointwise_kernel")
    )
    return Case(
        {**IMAGE, **dict(zip(names, kernels))},
        lambda op, *x: op(*x, data_format="channels_last"),
    )


CONVOLUTION = {
    "adaptive_average_pool": _image(2),
    "adaptive_max_pool": _image(2),
    "average_pool": _image(2, 2),
    "conv": _convolution(KERNEL),
    "conv_transpose": _convolution(KERNEL),
    "depthwise_conv": _convolution(KERNEL),
    "max_pool": _image(2, 2),
    "separable_conv": _convolution(KERNEL, smooth(1, 1, 4, 2, seed=2)),
}
ATTENTION = {
    "dot_product_attention": Case(
        {
            "query": smooth(1, 3, 1, 2),
            "key": smooth(1, 4, 1, 2, seed=1),
            "value": smooth(1, 4, 1, 2, seed=2),
        },
        special={"query = 0": {"query": np.zeros((1, 3, 1, 2))}},
    ),
}
