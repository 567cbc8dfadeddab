"""Families of benchmarks/speed.py: the arg-max, steps, staircase, exp_ratio."""

from __future__ import annotations

from collections.abc import Callable

import _timing
import numpy as np
from _timing import Row

ELEMENTS = 4_000_000
SHARPNESS = 3.0
STEPS = 16


def soft_library(backend, missing):
    """The peer of a backend, softjax or softtorch, or None; and its name."""
    name = {"jax": "softjax", "torch": "softtorch"}.get(backend)
    if name is None:
        return None, None
    try:
        return __import__(name), name
    except ImportError as error:
        missing[name] = str(error)
        return None, name


def rows_of(functions: dict[str, tuple[str, Callable]], x, mode) -> list[Row]:
    return [
        Row(name, role, _timing.value_and_gradient(function, x, mode))
        for name, (role, function) in functions.items()
    ]


def argmax(backend, seconds, missing, quick):
    """The soft arg-max of 1,024 columns, beside softmax and weighted sum."""
    from keras import ops

    from softkeras.ops import soft_argmax

    shape = (ELEMENTS // (4096 if quick else 1024), 1024)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    index = ops.arange(shape[1], dtype="float32")
    functions = {
        "soft_argmax": (
            "softkeras",
            lambda x: soft_argmax(x, sharpness=SHARPNESS),
        ),
        "softmax and a weighted sum": (
            "peer",
            lambda x: ops.sum(ops.softmax(SHARPNESS * x) * index, -1),
        ),
    }
    library, name = soft_library(backend, missing)
    if library is not None:
        axis = {"jax": {"axis": -1}, "torch": {"dim": -1}}[backend]
        # It gives the shares of the indices, and the index is their mean.
        for label, options in (
            (f"{name} argmax", {}),
            (f"{name} argmax, standardize=False", {"standardize": False}),
        ):
            functions[label] = (
                "peer",
                lambda x, options=options: ops.sum(
                    library.argmax(x, **axis, softness=1 / SHARPNESS, **options)
                    * index,
                    -1,
                ),
            )
    for mode in _timing.modes(backend):
        yield _timing.group(
            "argmax",
            rows_of(functions, x, mode),
            seconds,
            _timing.memory_floor(x),
            backend=backend,
            mode=mode,
            elements=x.size,
        )


def steps(backend, seconds, missing, quick):
    """Steps, rounding and the staircase, element by element."""
    from keras import ops

    from softkeras.ops import soft_round, soft_staircase, soft_step

    x = np.random.default_rng(0).random(ELEMENTS // (4 if quick else 1))
    x = x.astype("float32")
    thresholds = ((np.arange(STEPS) + 0.5) / STEPS).astype("float32")
    levels = (np.arange(STEPS + 1) / STEPS).astype("float32")
    library, name = soft_library(backend, missing)

    def sum_of_steps(x):
        """What one writes first: elements times thresholds."""
        cuts = ops.convert_to_tensor(thresholds)
        soft = ops.sigmoid(32.0 * STEPS * (x[:, None] - cuts))
        return ops.sum(soft, 1) / STEPS

    kinds = {
        "step": {
            "soft_step": ("softkeras", lambda x: soft_step(x, 0.5)),
            "sigmoid(32·(x - ½))": (
                "peer",
                lambda x: ops.sigmoid(32.0 * (x - 0.5)),
            ),
        },
        "round": {
            "soft_round": ("softkeras", lambda x: soft_round(4 * x)),
        },
        "staircase": {
            f"soft_staircase of {STEPS}": (
                "softkeras",
                lambda x: soft_staircase(x, thresholds, levels),
            ),
            f"sum of {STEPS} sigmoids": ("peer", sum_of_steps),
        },
    }
    if library is not None:
        kinds["step"][f"{name} heaviside"] = (
            "peer",
            lambda x: library.heaviside(x - 0.5, softness=1 / 32),
        )
        kinds["round"][f"{name} round"] = (
            "peer",
            lambda x: library.round(4 * x),
        )
        kinds["staircase"][f"{name} round, of {STEPS} levels"] = (
            "peer",
            lambda x: library.round(STEPS * x, softness=1 / 32) / STEPS,
        )
    for kind, functions in kinds.items():
        for mode in _timing.modes(backend):
            yield _timing.group(
                "steps",
                rows_of(functions, x, mode),
                seconds / 2,
                _timing.memory_floor(x),
                backend=backend,
                mode=mode,
                kind=kind,
                elements=x.size,
            )


def stable_exp_ratio():
    """1/(1 - e^-x) - 1/x by three ranges, as TensorFlow Probability, torch and
    JAX users have to write it: a series next to 0, expm1, and -1/x."""
    from keras import ops

    epsilon = float(np.finfo("float32").eps)
    near = float((epsilon * 30240) ** 0.2)
    far = float(-np.log(epsilon))

    def function(x):
        series = 0.5 + x / 12 - x * ops.square(x) / 720
        middle = ops.logical_and(ops.abs(x) > near, x > -far)
        inner = ops.where(middle, x, 1.0)
        formula = -(1 / ops.expm1(-inner) + 1 / inner)
        below = x <= -far
        tail = -1 / ops.where(below, x, 1.0)
        return ops.where(below, tail, ops.where(middle, formula, series))

    return function


def exp_ratio(backend, seconds, missing, quick):
    """exp_ratio beside the formula as it stands and those that guard it."""
    from keras import ops

    from softkeras.ops import exp_ratio

    rng = np.random.default_rng(20261121)
    x = (20 * rng.normal(size=ELEMENTS // (4 if quick else 1))).astype(
        "float32"
    )
    functions = {
        "exp_ratio": ("softkeras", exp_ratio),
        # NaN at 0, and in its gradient below -88.
        "naive formula": ("other", lambda x: 1 / (1 - ops.exp(-x)) - 1 / x),
        "three ranges by where": ("peer", stable_exp_ratio()),
    }
    if backend == "tensorflow":
        try:
            import tensorflow_probability as tfp

            functions["TFP ContinuousBernoulli.mean"] = (
                "peer",
                lambda x: tfp.distributions.ContinuousBernoulli(
                    logits=x
                ).mean(),
            )
        except ImportError as error:
            missing["tensorflow_probability"] = str(error)
    if backend == "jax":
        try:
            from tensorflow_probability.substrates import jax as tfp_jax

            tfp_jax.distributions.ContinuousBernoulli(logits=x[:1]).mean()
            functions["TFP on JAX, ContinuousBernoulli.mean"] = (
                "peer",
                lambda x: tfp_jax.distributions.ContinuousBernoulli(
                    logits=x
                ).mean(),
            )
        except Exception as error:
            # Its last release reads names that newer JAXes have not.
            missing["tensorflow_probability.substrates.jax"] = (
                f"{type(error).__name__}: {error}"[:200]
            )
    if backend == "torch":
        import torch

        # Its formula is in p and loses digits next to ½, where it is a series.
        functions["torch ContinuousBernoulli.mean"] = (
            "peer",
            lambda x: (
                torch.distributions.ContinuousBernoulli(
                    logits=x, validate_args=False
                ).mean
            ),
        )
    for mode in _timing.modes(backend):
        yield _timing.group(
            "exp_ratio",
            rows_of(functions, x, mode),
            seconds,
            _timing.memory_floor(x),
            backend=backend,
            mode=mode,
            elements=x.size,
        )
