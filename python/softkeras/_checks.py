"""Checks of arguments. A message says what came and what is allowed."""

from __future__ import annotations

import difflib
import functools
import math
import numbers

import keras
import numpy as np

from softkeras import _backend
from softkeras._foreign import ForeignFunction
from softkeras._ops import ops


def one_of(name, value, allowed):
    if value not in allowed:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, allowed))}. "
            f"Received: {name}={value!r}{nearest(value, allowed, '; did')}"
        )
    return value


def nearest(value, known, did=" Did"):
    """A question whether the known name was meant that is spelt alike."""
    if not isinstance(value, str):
        return ""
    known = [name for name in known if isinstance(name, str)]
    word = value.lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"{did} you mean {near[0]!r}?" if near else ""


def _number(name, value, allowed):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(
            f"`{name}` must be a number {allowed}. Received: {name}={value!r}"
        )
    return float(value)


def positive(name, value):
    """`value` as a float above 0, or the scalar tensor that it is."""
    if ops.is_tensor(value) or isinstance(value, keras.Variable):
        return value
    if isinstance(value, np.ndarray) and not value.shape:
        value = value.item()
    number = _number(name, value, "above 0")
    if math.isnan(number) or number <= 0:
        raise ValueError(
            f"`{name}` must be above 0. Received: {name}={value!r}"
        )
    return number


def fixed(name, value):
    """`value` as a float above 0, not a tensor: a layer must save it."""
    if ops.is_tensor(value) or isinstance(value, keras.Variable):
        raise ValueError(
            f"`{name}` of a layer must be a number, because a model would "
            f"neither train nor save a tensor here. Received: {name}={value!r}"
        )
    return positive(name, value)


def finite(name, value):
    number = _number(name, value, "that is finite")
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be finite. Received: {name}={value!r}")
    return number


def scalar(name, value, dtype, least, most, allowed):
    """A scalar tensor of `dtype`; NaN where that is all that can be done."""
    value = ops.cast(tensor(name, value), dtype)
    if tuple(value.shape):
        raise ValueError(
            f"`{name}` must be a number or a scalar tensor. Received: a tensor "
            f"of shape {tuple(value.shape)}"
        )
    fine = within(name, value, least, most, allowed)
    return value if fine is None else ops.where(fine, value, float("nan"))


def probability(name, value):
    number = _number(name, value, "between 0 and 1")
    if not 0 < number < 1:
        raise ValueError(
            f"`{name}` must be between 0 and 1, both excluded. "
            f"Received: {name}={value!r}"
        )
    return number


def momentum(value):
    number = _number("momentum", value, "from 0 to below 1")
    if not 0 <= number < 1:
        raise ValueError(
            f"`momentum` must be from 0 to below 1. Received: "
            f"momentum={value!r}"
        )
    return number


def weights(**values):
    """The values, each 0 or more and finite, and not all of them 0."""
    numbers = [_number(name, v, "of 0 or more") for name, v in values.items()]
    given = ", ".join(f"{name}={v!r}" for name, v in values.items())
    if not all(0 <= number < math.inf for number in numbers):
        raise ValueError(
            f"{' and '.join(values)} must be finite and 0 or more. "
            f"Received: {given}"
        )
    if not any(numbers):
        raise ValueError(
            f"{' or '.join(values)} must be above 0. Received: {given}"
        )
    return numbers


def cost_matrix(values, classes=None):
    """The costs as nested lists, `classes` by `classes` of them if given."""
    try:
        costs = np.asarray(values, "float64")
    except (TypeError, ValueError):
        costs = np.array(float("nan"))
    square = costs.ndim == 2 and costs.shape[0] == costs.shape[1] > 1
    if (
        not square
        or not np.all(np.isfinite(costs))
        or (classes and len(costs) != classes)
    ):
        size = f"{classes} by {classes}" if classes else "n by n"
        raise ValueError(
            f"`cost_matrix` must hold {size} finite numbers, a row for each "
            f"label and a column for each decision. Received: {values!r}"
        )
    return costs.tolist()


def boolean(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(
            f"`{name}` must be True or False. Received: {name}={value!r}"
        )
    return bool(value)


def tensor(name, x, dtype=None):
    """`x` as a tensor, which must hold numbers."""
    if hasattr(x, "flat_values") and hasattr(x, "row_splits"):
        raise ValueError(
            f"`{name}` must be an array or a tensor of numbers. Received: "
            f"{name}, a ragged tensor; give its flat_values, if rows do not "
            "matter, or pad it and give weights of 0 or a mask."
        )
    try:
        if x is None:
            raise TypeError
        if isinstance(x, np.generic):
            # On torch, Keras takes a number of NumPy for one of Python.
            x = np.asarray(x)
        # Dense, because Keras takes 4 * KerasTensor for sparse.
        return _backend.read(ops.convert_to_tensor(x, dtype, sparse=False))
    except (TypeError, ValueError):
        raise ValueError(
            f"`{name}` must be an array or a tensor of numbers. Received: "
            f"{name} of type {type(x).__name__}: {x!r:.80}"
            f"{_of_strings(name, x)}{_of_unlike_rows(name, x)}"
        ) from None


def _of_unlike_rows(name, x):
    """What to do about rows of unlike lengths, if `x` is a list of such."""
    if not isinstance(x, (list, tuple)):
        return ""
    lengths = {len(row) if isinstance(row, (list, tuple)) else 0 for row in x}
    if len(lengths) < 2:
        return ""
    return (
        f". Its rows have {min(lengths)} to {max(lengths)} entries: pad "
        f"{name}, and give weights of 0 or a mask for what is added."
    )


def _of_strings(name, x):
    """What to do about strings, if `x` begins with one."""
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    if isinstance(x, np.ndarray) and x.size:
        x = x.flat[0]
    if not isinstance(x, str):
        return ""
    return f"; make numbers of it, as by np.equal({name}, 'yes')"


def floating(name, x):
    """`x` as a tensor, which must hold floats."""
    x = tensor(name, x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" not in dtype:
        raise ValueError(
            f"`{name}` must hold floats: probabilities, or logits with "
            f"from_logits=True. Received: {name} of dtype {dtype}; a decision "
            "that has already been rounded has no gradient. Where none is "
            "needed, as with step='hard', cast it to float32."
        )
    return x


def wide(dtype):
    """The dtype that is computed in for `dtype`: float32 at least."""
    dtype = keras.backend.standardize_dtype(dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def serializable(name, function):
    """The configuration of a registered function, else a ValueError."""
    if isinstance(function, ForeignFunction):
        return keras.saving.serialize_keras_object(function)
    registered = keras.saving.get_registered_name(function)
    if keras.saving.get_registered_object(registered) is not function:
        raise ValueError(
            f"`{name}` is a function that a saved model could not find again: "
            f"{function!r}. Put "
            '@keras.saving.register_keras_serializable(package="mine") above '
            "its definition."
        )
    return keras.saving.serialize_keras_object(function)


def within(name, values, low, high, allowed, or_nan=False):
    """Makes sure that all values are from `low` to `high`, or NaN if `or_nan`.

    Where values can be looked at, a ValueError says that they are not, and a
    TensorFlow graph fails with the same words when it runs. In a graph that
    another compiler takes, nothing can fail: only there is something returned,
    whether each value is fine. Where it is not, the caller must compute NaN, so
    that no wrong number comes out quietly.
    """
    if 0 in values.shape:
        return None
    message = f"`{name}` must hold {allowed}."
    values = ops.stop_gradient(values)
    least = functools.partial(ops.min, values)
    most = functools.partial(ops.max, values)

    def holds():
        from_, to = _backend.extremes(values)
        if or_nan:
            return ops.logical_not(ops.logical_or(from_ < low, to > high))
        return ops.logical_and(from_ >= low, to <= high)

    def held():
        low, high = float(least()), float(most())
        if low == low and high == high:
            return f"values from {low} to {high}"
        # As a share, because values may have been broadcast.
        missing = 100 * np.mean(ops.convert_to_numpy(ops.isnan(values)))
        return f"NaN in {missing:.3g} % of its values"

    if _backend.is_concrete(values):
        if not bool(holds()):
            raise ValueError(f"{message} Received: {name} with {held()}.")
    elif not _backend.assert_in_graph(holds, message, least, most):
        return ops.logical_and(values >= low, values <= high)
    return None


def is_boolean(x) -> bool:
    """Whether an array or a tensor holds booleans."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    # By name: it may be of NumPy, of a backend or of pandas.
    name = getattr(x.dtype, "name", str(x.dtype))
    return name in ("bool", "boolean", "torch.bool")


def labels(y_true, prediction):
    """Labels of the shape of the predictions."""
    y_true = tensor("y_true", y_true, wide(prediction.dtype))
    shape, wanted = tuple(y_true.shape), tuple(prediction.shape)
    accepted = [shape]
    if len(shape) == 1:
        accepted.append((*shape, 1))
    if len(shape) == 2 and shape[1] == 1:
        accepted.append(shape[:1])
    if not any(fits(candidate, wanted) for candidate in accepted):
        rows = wanted[:-1]
        advice = "Give a label for each prediction."
        if fits((*shape, 1), wanted):
            advice = "Add the axis that is missing: y_true[..., None]."
        elif any(fits(shape, each) for each in (rows, (*rows, 1))):
            advice = (
                f"If the labels are ids of {wanted[-1]} classes, give "
                "sparse=True."
            )
        raise ValueError(
            "`y_true` and `y_pred` must have the same shape, or (n,) and "
            f"(n, 1). Received: y_true of shape {shape}, y_pred of shape "
            f"{wanted}. {advice}"
        )
    # Where a size is known only at run time, this fails if it differs.
    return ops.reshape(y_true, ops.shape(prediction))


# In place of an id that is none: no class has it.
NO_ID = -(2**31)


def class_ids(y_true, prediction):
    """Ids of classes, one a row of predictions, as integers."""
    ids = tensor("y_true", _of_32_bits(y_true))
    wanted = tuple(prediction.shape)
    dtype, shape = keras.backend.standardize_dtype(ids.dtype), tuple(ids.shape)
    if dtype != "bool" and "int" not in dtype and "float" not in dtype:
        raise ValueError(
            "With sparse=True, `y_true` must hold ids of classes, whole "
            f"numbers from 0 on. Received: y_true of dtype {dtype}"
        )
    if len(wanted) < 2 or wanted[-1] == 1:
        raise ValueError(
            "sparse=True needs predictions of shape (n, ..., classes) with two "
            f"classes or more. Received: y_pred of shape {wanted}; with one "
            "output, labels are 0 and 1 and sparse=False."
        )
    if not any(fits(shape, each) for each in (wanted[:-1], (*wanted[:-1], 1))):
        raise ValueError(
            "With sparse=True, `y_true` must have the shape of y_pred without "
            f"its last axis. Received: y_true of shape {shape}, y_pred of "
            f"shape {wanted}; for one-hot labels, leave sparse out."
        )
    ids = ops.reshape(ids, ops.shape(prediction)[:-1])
    whole = ops.cast(ids, "int32")
    if dtype in ("bool", "int8", "uint8", "int16", "uint16", "int32"):
        return whole
    # Keras hands on float ids. What is no whole number is no class, and what 32
    # bits do not hold must not wrap around to one.
    same = ops.cast(whole, ids.dtype) == ids
    if dtype.startswith("uint"):
        same = ops.logical_and(same, whole >= 0)
    return ops.where(same, whole, NO_ID)


def _of_32_bits(y_true):
    """Integers of NumPy and Python that JAX would cut to 32 bits, marked."""
    if ops.is_tensor(y_true) or isinstance(y_true, keras.KerasTensor):
        return y_true
    try:
        ids = np.asarray(y_true)
    except (TypeError, ValueError):  # `tensor` says what is wrong with it.
        return y_true
    if ids.dtype.kind not in "iu" or ids.dtype.itemsize <= 4:
        return y_true
    held = ids < 2**31
    if ids.dtype.kind == "i":
        held &= ids >= -(2**31)
    return np.where(held, ids.astype("int32"), np.int32(NO_ID))


def in_classes(ids, prediction):
    """Makes sure that ids are those of classes of `prediction`; as `within`."""
    classes, known = ops.shape(prediction)[-1], prediction.shape[-1]
    highest = f"{known - 1}" if known else "one less than there are"
    allowed = (
        f"ids of the {known or ''} classes of y_pred with sparse=True, whole "
        f"numbers from 0 to {highest}"
    ).replace("  ", " ")
    begin = "subtract 1 if they begin with 1"
    if not _backend.is_concrete(ids):
        begin += f" ({NO_ID} stands for what is no whole number of 32 bits)"
    elif bool(ops.any(ids == NO_ID)):
        raise ValueError(
            f"`y_true` must hold {allowed}. Received: y_true with values that "
            "are no whole numbers, or none of 32 bits."
        )
    return within("y_true", ids, 0, classes - 1, f"{allowed}; {begin}")


def fits(shape, wanted, broadcast=False):
    """Whether a shape is the one wanted, as far as both are known."""
    return len(shape) == len(wanted) and all(
        size is None
        or want is None
        or size == want
        or (broadcast and size == 1)
        for size, want in zip(shape, wanted)
    )
