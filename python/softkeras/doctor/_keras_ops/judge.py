"""Runs the cases of an op and says what they show."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import warnings

import keras
import numpy as np

from softkeras.doctor import _derivatives
from softkeras.doctor._keras_ops import places
from softkeras.doctor._keras_ops.case import Case

# By dtype: the step of finite differences, the relative error that a right
# gradient may have against them, and below what a gradient counts as zero.
TOLERANCES = {
    "float64": (1e-5, 1e-5, 1e-10),
    "float32": (2.0**-7, 1e-3, 1e-5),
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What one case of an op showed.

    Args:
        words: For each input, by name, one word for each result: "yes",
            "zero", "none" or "wrong".
        not_finite_at: Where the value or a gradient is not finite.
        error: What was raised in place of a gradient.
        in_value: Whether the value could not be had either.
        not_compiled: What was raised when the op was compiled, if the rest
            was found without that.
        changes: Names of inputs whose gradient is zero or none although the
            value changes with them.
        reason: What tells more of a "wrong", or why it could not be seen.
    """

    words: dict[str, list[str]]
    not_finite_at: str = ""
    error: Exception | None = None
    in_value: bool = False
    not_compiled: Exception | None = None
    changes: tuple[str, ...] = ()
    reason: str = ""


def judge(op, case: Case, mode: str) -> Verdict:
    """Runs an op where it is smooth and where it may not be."""

    def function(*tensors):
        return case.call(op, *tensors)

    runner = _derivatives.Runner(function, _weigh, mode)
    with _quietly():
        try:
            verdict = _where_smooth(runner, case)
        except Exception as error:
            if mode != "eager":
                verdict = judge(op, case, "eager")
                return dataclasses.replace(verdict, not_compiled=error)
            return Verdict({}, error=error, in_value=_raises(runner, case))
        return dataclasses.replace(
            verdict, not_finite_at=_where_not_finite(runner, case)
        )


@contextlib.contextmanager
def _quietly():
    """Without what libraries say of NaN and the like, which is looked for."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _raises(runner, case):
    try:
        runner.values(_arrays(case.inputs, "float32"))
    except Exception:
        return True
    return False


def _arrays(inputs, dtype) -> list[np.ndarray]:
    return [np.asarray(x, dtype) for x in inputs.values()]


def _weights(shape) -> np.ndarray:
    """Of a result, so that no symmetry hides a wrong gradient."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    return 0.6 + 0.4 * np.cos(1 + 1.7 * places)


def _weigh(x):
    """A weighted sum of a tensor, the imaginary part of a complex one too."""
    ops = keras.ops
    if "complex" in keras.backend.standardize_dtype(x.dtype):
        return _weigh(ops.real(x)) + _weigh(2.0 * ops.imag(x))
    shape = tuple(x.shape)
    if None not in shape:
        weights = ops.convert_to_tensor(_weights(shape))
        return ops.sum(x * ops.cast(weights, x.dtype))
    # In a graph; the same weights.
    x = ops.reshape(x, (-1,))
    places = ops.cast(ops.arange(ops.shape(x)[0]), x.dtype)
    return ops.sum(x * (0.6 + 0.4 * ops.cos(1 + 1.7 * places)))


def _weighed(x: np.ndarray) -> float:
    if x.dtype.kind == "c":
        return _weighed(x.real) + _weighed(2.0 * x.imag)
    return float(np.sum(x.astype("float64") * _weights(x.shape)))


def _where_smooth(runner, case) -> Verdict:
    """Each gradient beside finite differences."""
    try:
        inputs = _arrays(case.inputs, "float64")
        found = runner.derivatives(inputs)
    except Exception:
        # Some ops take float32 alone.
        inputs = _arrays(case.inputs, "float32")
        found = runner.derivatives(inputs)
    dtype = _narrowest(inputs, found)
    verdict = _compare(runner, case, inputs, found, dtype)
    if dtype == "float64" and verdict.reason and _is_rough(runner, inputs):
        # Some compute in float32 and give float64.
        verdict = _compare(runner, case, inputs, found, "float32")
    if verdict.reason and _is_random(runner, inputs):
        return dataclasses.replace(
            verdict,
            words={
                name: ["yes" if word == "wrong" else word for word in row]
                for name, row in verdict.words.items()
            },
            reason="random, so not compared with finite differences",
        )
    return verdict


def _is_rough(runner, inputs) -> bool:
    """Whether finite differences of several steps disagree."""
    tolerance = TOLERANCES["float64"][1]
    for i, x in enumerate(inputs):
        direction = _direction(x.shape)
        near, noise = _differences(runner, inputs, i, direction, "float64")
        # No multiples: rounding may give a slope twice for twice the step.
        for times in (1.37, 2.91, 5.03):
            far, _ = _differences(
                runner, inputs, i, times * direction, "float64"
            )
            for a, b in zip(near, far):
                if a is not None:
                    gap = abs(a - b / times)
                    if gap > tolerance * abs(a) + noise:
                        return True
    return False


def _is_random(runner, inputs) -> bool:
    return any(
        a is not None and not np.array_equal(a, b, equal_nan=True)
        for a, b in zip(runner.values(inputs), runner.values(inputs))
    )


def _compare(runner, case, inputs, found, dtype) -> Verdict:
    words: dict[str, list[str]] = {}
    changes, reasons = [], []
    for i, name in enumerate(case.inputs):
        direction = _direction(inputs[i].shape)
        slopes, noise = _differences(runner, inputs, i, direction, dtype)
        words[name] = []
        for result, value in enumerate(found.values):
            if value is None:
                words[name].append("none")
                continue
            gradient, slope = found.gradients[result][i], slopes[result]
            word, reason = _word(gradient, direction, slope, noise, dtype)
            words[name].append(word)
            if reason:
                reasons.append(f"{name}: {reason}")
            elif word != "yes" and abs(slope) > 100 * noise:
                changes.append(name)
    return Verdict(words, changes=tuple(changes), reason="; ".join(reasons))


def _narrowest(inputs, found) -> str:
    """The dtype in which the op has computed."""
    dtypes = [x.dtype for x in (*inputs, *found.values) if x is not None]
    sizes = [x.itemsize / (2 if x.kind == "c" else 1) for x in dtypes]
    return "float32" if min(sizes) < 8 else "float64"


def _direction(shape):
    places = np.arange(int(np.prod(shape))).reshape(shape)
    return 0.7 + 0.3 * np.sin(2 + 1.3 * places)


def _differences(runner, inputs, i, direction, dtype):
    """The central difference of each result, and how far off it may be."""
    step = TOLERANCES[dtype][0]
    sides = []
    for sign in (1, -1):
        moved = list(inputs)
        moved[i] = (inputs[i] + sign * step * direction).astype(inputs[i].dtype)
        sides.append(runner.values(moved))
    slopes = [
        None if up is None else (_weighed(up) - _weighed(down)) / (2 * step)
        for up, down in zip(*sides)
    ]
    size = max(
        (np.max(np.abs(x), initial=0) for x in sides[0] if x is not None),
        default=0,
    )
    return slopes, max(size, 1) * np.finfo(dtype).eps * 10 / step


def _word(gradient, direction, slope, noise, dtype):
    """What a gradient is, and why if it is wrong."""
    _, tolerance, smallest = TOLERANCES[dtype]
    if gradient is None:
        return "none", ""
    if not np.all(np.isfinite(gradient)):
        return "wrong", "not finite at an ordinary point"
    if np.max(np.abs(gradient), initial=0) <= smallest:
        return "zero", ""
    along = float(np.sum(gradient.astype("float64") * direction))
    scale = max(abs(along), abs(slope), float(np.max(np.abs(gradient))))
    if abs(along - slope) <= tolerance * scale + noise:
        return "yes", ""
    return "wrong", f"{along:.4g} where finite differences give {slope:.4g}"


def _where_not_finite(runner, case) -> str:
    if case.points:
        return _at_points(runner, case)
    found: dict[str, list[str]] = {}
    for name, changed in case.special.items():
        inputs = _arrays({**case.inputs, **changed}, "float32")
        try:
            at = runner.derivatives(inputs)
        except Exception:
            # Not every op takes all of them, such as no entries at all.
            kind = "raises"
        else:
            kind = _first_not_finite(at)
        if kind:
            found.setdefault(kind, []).append(name)
    return places.sentence(found)


def _first_not_finite(found) -> str:
    def is_finite(x):
        return x is None or bool(np.all(np.isfinite(x)))

    if not all(map(is_finite, found.values)):
        return "value"
    if not all(is_finite(g) for row in found.gradients for g in row):
        return "gradient"
    return ""


def _at_points(runner, case) -> str:
    """The same for an elementwise op, element by element."""
    inputs = _arrays(case.points, "float32")
    try:
        at = runner.derivatives(inputs)
    except Exception as error:
        return f"raises {type(error).__name__}"
    count = inputs[0].size
    bad = np.zeros(count, bool)
    bad_gradient = np.zeros(count, bool)
    for value, row in zip(at.values, at.gradients):
        if value is not None and value.shape == (count,):
            bad |= ~np.isfinite(value)
        for gradient in row:
            if gradient is not None:
                bad_gradient |= ~np.isfinite(gradient)
    points = dict(zip(case.points, inputs))
    return places.sentence(
        {
            "value": places.describe(points, bad),
            "gradient": places.describe(points, bad_gradient & ~bad, bad),
        }
    )
