"""FunctionLoss: a function of labels and predictions as a loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras

from softkeras import _backend, _checks
from softkeras._ops import ops
from softkeras._types import DTypeLike, Tensor, TensorLike
from softkeras.losses import _terms
from softkeras.losses.weighted_sum import Arithmetic

__all__ = ["FunctionLoss"]


@keras.saving.register_keras_serializable("softkeras")
class FunctionLoss(Arithmetic, keras.losses.Loss):
    """A function of labels and predictions as a loss.

    `compile()` takes a function as it is; this is for one that is to be part
    of sums, to see sample weights, or to come from R (`loss_from_function()`,
    `softkeras.r.loss()`): there a saved model loads, and says what to do when
    it is to be trained on.

    Formula: f(y_true, y_pred), reduced over samples if there is a loss for
    each.

    Gradient: that of f.

    Args:
        function: Called with two tensors of `dtype`, (n,) meeting (n, 1). It
            returns a scalar for the batch, or one loss a sample or element. If
            it has an argument `sample_weight`, it gets the weights, with as
            many axes as `y_pred` and 0 where a mask is false, or `None`; then
            it returns a scalar.
            Register it with `keras.saving.register_keras_serializable` if a
            model with it is to be saved.
        reduction: How losses of samples are reduced: `"sum_over_batch_size"`,
            `"sum"`, `"mean_with_sample_weight"`, `"none"` or `None`.
        name: Name of the loss. Default: the function's.
        dtype: Dtype of the computation. Default: Keras's floatx.

    Call arguments: `y_true`, `y_pred` and `sample_weight`, as in all losses.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        ValueError: for what is no function of two arguments; for a result that
            is no float tensor; for weights or a mask, if the function has no
            argument for them and gives one number for the batch.
        RuntimeError: when it is called after loading, if the function was R's.

    Reference: keras3 issue 1271, on custom losses from R.

    Example:

    >>> from softkeras.losses import FunctionLoss
    >>> def squares(y_true, y_pred):
    ...     return (y_true - y_pred) ** 2
    >>> loss = FunctionLoss(squares)
    >>> float(loss([1.0, 0.0], [0.5, 0.0]))
    0.125
    >>> loss.name
    'squares'
    """

    def __init__(
        self,
        function: Callable[..., Any] | dict[str, Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypeLike = None,
    ):
        if isinstance(function, dict):
            function = keras.saving.deserialize_keras_object(function)
        self.takes_weights = "sample_weight" in _arguments(function)
        self.function: Any = function
        super().__init__(
            name=name or _name(function), reduction=reduction, dtype=dtype
        )

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        mask = _backend.get_keras_mask(y_pred)
        y_true = _checks.tensor("y_true", y_true)
        y_pred = _checks.tensor("y_pred", y_pred)
        weighted = sample_weight is not None or mask is not None

        def losses(y_true, y_pred):
            value = self._checked(self.function(y_true, y_pred))
            if weighted and not len(value.shape):
                raise ValueError(
                    f"The loss {self.name} is one number for the batch, to "
                    "which weights and masks of samples can't be applied "
                    "afterwards. Give its function an argument sample_weight, "
                    "or let it return a loss for each sample."
                )
            return value

        def loss(y_true, y_pred):
            weights = _weights(y_pred, sample_weight, mask)
            value = self.function(y_true, y_pred, sample_weight=weights)
            value = self._checked(value)
            if len(value.shape):
                raise ValueError(
                    f"The loss {self.name} has an argument sample_weight, so "
                    "it must return one number for the batch. Received: a "
                    f"tensor of shape {tuple(value.shape)}"
                )
            return value

        # Keras's own handling of shapes, weights, masks and replicas.
        call = _terms.LossFunctionWrapper(
            loss if self.takes_weights else losses,
            reduction=self.reduction,
            name=self.name,
            dtype=self.dtype,
        )
        if self.takes_weights:
            # A copy has no mask that Keras would apply once more.
            return call(y_true, ops.copy(y_pred))
        return call(y_true, y_pred, sample_weight)

    def _checked(self, value):
        try:
            value = ops.convert_to_tensor(value)
            dtype = keras.backend.standardize_dtype(value.dtype)
        except (TypeError, ValueError):
            dtype = type(value).__name__
        if "float" not in dtype:
            raise ValueError(
                f"The loss {self.name} must return a tensor of floats: a "
                f"number, or one a sample. Received: {dtype}"
            )
        return value

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.function(y_true, y_pred)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dtype": self.dtype,
            "function": _checks.serializable("function", self.function),
        }


def _arguments(function):
    """Names of a function's arguments, which must take two tensors."""
    try:
        if isinstance(function, type):
            raise TypeError
        signature = inspect.signature(function)
    except TypeError:
        raise ValueError(
            "`function` must be a function of y_true and y_pred. Received: "
            f"{function!r}"
        ) from None
    except ValueError:  # of a builtin, say
        return ()
    names = tuple(signature.parameters)
    weights = {"sample_weight": None} if "sample_weight" in names else {}
    try:
        signature.bind(None, None, **weights)
    except TypeError as error:
        raise ValueError(
            "`function` must be a function of y_true and y_pred, and may have "
            f"sample_weight. Received: {_name(function)}{signature}: {error}"
        ) from None
    return names


def _name(function):
    name = getattr(function, "__name__", type(function).__name__)
    return "function_loss" if name == "<lambda>" else name


def _weights(y_pred, sample_weight, mask):
    """Weights that broadcast to `y_pred`, 0 where the mask is false, or None.

    With as many axes as `y_pred`: (n,) times (n, 1) would be (n, n).
    """
    weights = None
    for part in (sample_weight, mask):
        if part is not None:
            part = ops.cast(ops.convert_to_tensor(part), y_pred.dtype)
            part = _with_axes(part, len(y_pred.shape))
            weights = part if weights is None else weights * part
    return weights


def _with_axes(x, count):
    if len(x.shape) == count + 1 and x.shape[-1] == 1:
        x = ops.squeeze(x, axis=-1)
    if len(x.shape) > count:
        raise ValueError(
            f"`sample_weight` must have at most the {count} axes of y_pred, as "
            f"the loss sees it. Received: weights of shape {tuple(x.shape)}"
        )
    for _ in range(count - len(x.shape)):
        x = ops.expand_dims(x, -1)
    return x
