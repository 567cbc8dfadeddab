"""What is examined: a loss, an activation or a metric as one function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from softkeras._ops import ops
from softkeras.losses import FunctionLoss
from softkeras.losses._terms import LossFunctionWrapper

# Outputs are added up with these weights, which come round again and again: a
# softmax adds up to 1 whatever its input, and would seem to have no gradient.
_WEIGHTS = np.array([0.7, -1.3, 0.4, 1.9, -0.6, 1.1, -0.2], "float64")


class Subject:
    """A thing that diagnose() examines, as a function of tensors.

    The first argument of its functions is what gradients are taken of.

    Args:
        target: What the user gave.
        name: What it is called.
    """

    kind = ""
    # Names of the arrays that it is a function of.
    arguments: tuple[str, ...] = ("x",)
    # Whether it is a user's plain function, without a dtype of its own.
    is_own = False
    # What finite differences are taken in.
    widest = "float64"

    def __init__(self, target: Any, name: str):
        self.target = target
        self.name = name

    def values(self, dtype: str = "float32") -> Callable:
        """The function whose result has not been added up or averaged."""
        raise NotImplementedError

    def total(self, dtype: str = "float32") -> Callable:
        """The function with one number as its result."""
        values = self.values(dtype)

        def total(*tensors):
            return weighted_sum(values(*tensors))

        return total

    def differentiable(self, x: np.ndarray) -> bool:
        """Whether gradients for the first argument can be asked for."""
        return x.dtype.kind == "f"


class ActivationSubject(Subject):
    """A function of one tensor."""

    kind = "activation"

    def values(self, dtype="float32"):
        return self.target


class LossSubject(Subject):
    """A loss, as `compile()` takes it: called with y_pred first here."""

    kind = "loss"
    arguments = ("y_pred", "y_true", "sample_weight")

    def __init__(self, target, name):
        super().__init__(target, name)
        self.function = target
        if isinstance(target, keras.losses.Loss):
            self.function = None
            if isinstance(target, FunctionLoss) and not target.takes_weights:
                self.function = target.function
        module = getattr(self.function, "__module__", None) or ""
        self.is_own = self.function is not None and not module.startswith(
            ("keras.", "softkeras.")
        )

    @property
    def from_logits(self) -> bool | None:
        """Whether the loss takes logits; None where it does not say."""
        options = getattr(self.target, "_fn_kwargs", {})
        function = getattr(self.target, "fn", self.target)
        if not options and _is_of_keras(function):
            default = inspect.signature(function).parameters.get("from_logits")
            options = {"from_logits": getattr(default, "default", None)}
        found = getattr(self.target, "from_logits", options.get("from_logits"))
        return found if isinstance(found, bool) else None

    def values(self, dtype="float32"):
        loss = self._loss(dtype)

        def values(y_pred, y_true):
            return loss.call(ops.cast(y_true, y_pred.dtype), y_pred)

        return values

    def total(self, dtype="float32"):
        loss = self._loss(dtype)

        def total(y_pred, y_true, sample_weight=None):
            value = loss(y_true, y_pred, sample_weight)
            return ops.mean(value) if len(value.shape) else value

        return total

    def _loss(self, dtype):
        if self.function is not None:
            return LossFunctionWrapper(self.function, dtype=dtype)
        # Not copy.copy: Keras saves and loads what is copied.
        twin = object.__new__(type(self.target))
        vars(twin).update(vars(self.target))
        twin._dtype_policy = keras.DTypePolicy(dtype)
        twin._dtype = dtype
        return twin


def _is_of_keras(function):
    module = getattr(function, "__module__", None) or ""
    return inspect.isroutine(function) and module.startswith("keras.")


class MetricSubject(Subject):
    """A metric of Keras, reset before each call; y_pred comes first here."""

    kind = "metric"
    arguments = ("y_pred", "y_true", "sample_weight")

    def values(self, dtype="float32"):
        metric = self.target

        def values(y_pred, y_true, sample_weight=None):
            start = [ops.zeros(v.shape, v.dtype) for v in metric.variables]
            state = metric.stateless_update_state(
                start, y_true, y_pred, sample_weight=sample_weight
            )
            return metric.stateless_result(state)

        return values

    def total(self, dtype="float32"):
        values = self.values(dtype)

        def total(*tensors):
            value = ops.convert_to_tensor(values(*tensors))
            return ops.mean(value) if len(value.shape) else value

        return total


def weighted_sum(value: Any) -> Any:
    """Σ wᵢ·valueᵢ with fixed weights of both signs, in value's dtype."""
    value = ops.reshape(value, (-1,))
    dtype = keras.backend.standardize_dtype(value.dtype)
    if "float" not in dtype:
        value, dtype = ops.cast(value, "float32"), "float32"
    place = ops.arange(ops.shape(value)[0]) % len(_WEIGHTS)
    weights = ops.take(ops.convert_to_tensor(_WEIGHTS, dtype), place)
    return ops.sum(value * weights)


def name_of(target: Any) -> str:
    """What a function, loss, layer or model is called."""
    if isinstance(target, str):
        return target
    for attribute in ("__name__", "name"):
        name = getattr(target, attribute, None)
        if isinstance(name, str) and name != "<lambda>":
            return name
    if getattr(target, "__name__", None) == "<lambda>":
        return "the function"
    return type(target).__name__


def arity(function: Callable) -> int | None:
    """How many tensors a function must be called with; None if unknown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = [
        p
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    named = [p.name for p in positional[:2]]
    if named == ["y_true", "y_pred"]:
        return 2
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return None
    needed = [p for p in positional if p.default is p.empty]
    return len(needed) if needed else min(len(positional), 1)


class LayerSubject(Subject):
    """A built layer or model as a function of its input, as in training."""

    kind = "layer"
    # A layer casts what it gets to its own dtype.
    widest = "float32"

    def __init__(self, target, name, training=True):
        super().__init__(target, name)
        self.training = training

    def values(self, dtype="float32"):
        layer = self.target
        options = {}
        if "training" in inspect.signature(layer.call).parameters:
            options["training"] = self.training

        def values(x):
            return layer(x, **options)

        return values


def input_shape(layer: Any) -> tuple[int, ...] | None:
    """The shape of an input of 12 rows that a built layer takes, if known."""
    if not isinstance(layer, keras.Layer) or not layer.weights:
        return None
    config = layer.get_build_config() or {}
    shape = config.get("input_shape")
    if not shape or any(not isinstance(n, (int, type(None))) for n in shape):
        return None
    return (12, *(n or 6 for n in shape[1:]))


class ModelSubject(Subject):
    """A compiled model: its loss on given data, in training.

    Args:
        target: The model.
        name: What it is called.
        data: x, y and sample weights, as for `fit()`.
    """

    kind = "model"

    def __init__(self, target, name, data):
        super().__init__(target, name)
        self.x, self.y, self.sample_weight = [*data, None][:3]

    def predict(self) -> Any:
        """What the model makes of the data in training."""
        values = LayerSubject(self.target, self.name).values()
        return values(_tensors(self.x))

    def parts(self, predicted: Any) -> Iterator[tuple[str, Any, list]]:
        """Each output's name, its loss, and labels, predictions and weights.

        The name is empty where there is one output alone.
        """
        names = self._outputs(predicted)
        whole = (self.target.loss, self.y, predicted, self.sample_weight)
        if len(names) == 1:
            columns = [[only(x)] for x in whole]
        else:
            # One loss is for all outputs, and so are weights.
            shared = (True, False, False, True)
            columns = [by_output(x, names, s) for x, s in zip(whole, shared)]
        for name, loss, *data in zip(names, *columns):
            if loss is not None:
                if data[-1] is None:
                    data = data[:-1]
                data[1] = keras.ops.convert_to_numpy(data[1])
                yield name if len(names) > 1 else "", loss, data

    def _outputs(self, predicted):
        if isinstance(predicted, dict):
            return list(predicted)
        if isinstance(predicted, (list, tuple)):
            # A subclass of Model does not name them.
            numbers = [str(i) for i in range(len(predicted))]
            return getattr(self.target, "output_names", numbers)
        return [""]

    def loss(self) -> Any:
        """The loss that `fit()` would make smaller, with all of its parts."""
        model = self.target
        mine = model._compile_loss
        y, weight = _tensors(self.y), _tensors(self.sample_weight)
        # Its first call settles for good what labels it takes.
        if mine is not None:
            model._compile_loss = type(mine)(
                mine._user_loss,
                mine._user_loss_weights,
                output_names=mine.output_names,
            )
        try:
            return model._compute_loss(
                x=self.x,
                y=y,
                y_pred=self.predict(),
                sample_weight=weight,
                training=True,
            )
        finally:
            model._compile_loss = mine


def only(x: Any) -> Any:
    """What a list or a dictionary of one holds."""
    if isinstance(x, dict) and len(x) == 1:
        return next(iter(x.values()))
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def by_output(x: Any, names: Sequence[str], shared: bool) -> list:
    """A list with an entry for each output, of what fit() takes."""
    if isinstance(x, dict):
        return [x.get(name) for name in names]
    if isinstance(x, (list, tuple)):
        return list(x)
    return [x if shared else None] * len(names)


def _tensors(data):
    if data is None:
        return None
    return keras.tree.map_structure(ops.convert_to_tensor, data)
