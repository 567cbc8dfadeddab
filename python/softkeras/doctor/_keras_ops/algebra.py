"""Probes of products of matrices, decompositions and Fourier transforms.

Ops of symmetric matrices get one that is made of any matrix, so that the
derivative does not depend on which triangle an op reads.
"""

from __future__ import annotations

import keras
import numpy as np

from softkeras.doctor._keras_ops.case import OTHER, SMOOTH, Case, smooth

SQUARE = {"x": smooth(3, 3)}
PAIR = {"x1": smooth(2, 3), "x2": smooth(3, 2, seed=1)}
VECTORS = {"x1": SMOOTH, "x2": OTHER}
COMPLEX = {"real": smooth(2, 4), "imaginary": smooth(2, 4, seed=1)}
OF_A_MATRIX = {
    "zeros": {"x": np.zeros((3, 3))},
    "the identity": {"x": np.eye(3)},
    "a singular matrix": {"x": np.outer([1.0, 2.0, 3.0], [1.0, 0.5, 2.0])},
}


def _transpose(x):
    return keras.ops.transpose(x)


def _symmetric(op, x, **options):
    return op((x + _transpose(x)) / 2, **options)


def _positive(op, x):
    eye = keras.ops.eye(3, dtype=x.dtype)
    return op(keras.ops.matmul(x, _transpose(x)) + eye)


def _lower(op, x):
    eye = keras.ops.eye(3, dtype=x.dtype)
    return op(keras.ops.tril(x) + 3 * eye)


def _triangular(op, a, b):
    eye = keras.ops.eye(3, dtype=a.dtype)
    return op(keras.ops.triu(a) + 3 * eye, b)


def _eig(op, x):
    """Without the phase of the vectors, which is up to the backend."""
    values, vectors = op(x)
    return values, keras.ops.abs(vectors)


def _full_svd(op, x):
    """Without the vectors of the null space, which may turn."""
    u, s, v = op(x)
    return u[:, :2], s, v


def _of_parts(op, real, imaginary):
    return op((real, imaginary))


PRODUCTS = {
    **{name: Case(PAIR) for name in "dot matmul".split()},
    **{name: Case(VECTORS) for name in "correlate inner outer vdot".split()},
    "cdist": Case(
        {"x": smooth(2, 3), "y": smooth(3, 3, seed=1)},
        special={"equal rows": {"x": np.ones((2, 3)), "y": np.ones((3, 3))}},
    ),
    "corrcoef": Case(
        {"x": smooth(3, 4)}, special={"a constant row": {"x": np.ones((3, 4))}}
    ),
    "cross": Case({"x1": SMOOTH[:3], "x2": OTHER[:3]}),
    "einsum": Case(PAIR, lambda op, *x: op("ij,jk->ik", *x)),
    "kron": Case(PAIR),
    "tensordot": Case(PAIR, lambda op, *x: op(*x, axes=1)),
}
MATRICES = {
    **{
        name: Case(SQUARE, special=OF_A_MATRIX)
        for name in "det inv lu_factor slogdet".split()
    },
    "cholesky": Case(
        SQUARE,
        _positive,
    ),
    "cholesky_inverse": Case(SQUARE, _lower),
    "eig": Case(SQUARE, _eig, special=OF_A_MATRIX),
    "eigh": Case(SQUARE, _symmetric, special=OF_A_MATRIX),
    "logdet": (
        Case(SQUARE, _positive),
        Case(
            {"x": np.eye(3) + smooth(3, 3) / 4},
            option="not symmetric",
            special={"a determinant below 0": {"x": -np.eye(3)}},
        ),
    ),
    "lstsq": Case(
        {"a": smooth(4, 2), "b": smooth(4, 1, seed=1)},
        special={"a = 0": {"a": np.zeros((4, 2))}},
    ),
    "matrix_rank": Case(SQUARE),
    "pinv": Case(
        {"x": smooth(4, 2)}, special={"zeros": {"x": np.zeros((4, 2))}}
    ),
    "qr": (
        Case(SQUARE, special=OF_A_MATRIX),
        Case({"x": smooth(2, 3)}, option="more columns than rows"),
    ),
    "solve": Case(
        {"a": smooth(3, 3), "b": smooth(3, 1, seed=1)},
        special={"a = 0": {"a": np.zeros((3, 3))}},
    ),
    "solve_triangular": Case(
        {"a": smooth(3, 3), "b": smooth(3, 1, seed=1)}, _triangular
    ),
    "svd": (
        Case(
            SQUARE,
            lambda op, x: op(x, full_matrices=False),
            special=OF_A_MATRIX,
        ),
        Case({"x": smooth(3, 2)}, _full_svd, "full_matrices=True"),
        Case(
            {"x": smooth(3, 2)},
            lambda op, x: op(x, compute_uv=False),
            "compute_uv=False",
        ),
    ),
}
SIGNALS = {
    **{name: Case(COMPLEX, _of_parts) for name in "fft fft2 ifft2".split()},
    "irfft": Case(COMPLEX, _of_parts),
    "istft": Case(
        {"real": smooth(3, 3), "imaginary": smooth(3, 3, seed=1)},
        lambda op, *x: op(x, 4, 2, 4),
    ),
    "rfft": Case({"x": smooth(2, 6)}),
    "stft": Case({"x": smooth(8)}, lambda op, x: op(x, 4, 2, 4)),
}
