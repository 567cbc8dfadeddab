"""WeightedSum: several losses in one, and the arithmetic that makes it."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Sequence
from typing import Any, NoReturn

import keras

from softkeras import _checks
from softkeras._ops import ops
from softkeras._types import DTypeLike, LossLike, Tensor, TensorLike
from softkeras.losses import _terms

__all__ = ["WeightedSum"]


class Arithmetic:
    """What our losses have beside Keras's: a + b, 0.5 * a, a / 2, copies."""

    # NumPy leaves its own numbers' products to us.
    __array_ufunc__ = None

    def __add__(self, other: keras.losses.Loss) -> WeightedSum:
        return _add(self, other)

    def __radd__(self, other: keras.losses.Loss | float) -> Arithmetic:
        if isinstance(other, numbers.Real) and not other:
            return self  # sum([...]) starts from it
        return _add(other, self)

    def __mul__(self, factor: float) -> WeightedSum:
        if not isinstance(factor, numbers.Real) or isinstance(factor, bool):
            raise ValueError(
                "A loss can be multiplied by a number. Received: "
                f"{factor!r} of type {type(factor).__name__}"
            )
        if factor < 0:
            raise ValueError(_AGAINST)
        losses, weights = _parts(self)
        return WeightedSum(losses, [float(factor) * w for w in weights])

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> WeightedSum:
        if not isinstance(divisor, numbers.Real) or not divisor:
            raise ValueError(
                "A loss can be divided by a number other than 0. Received: "
                f"{divisor!r}"
            )
        return self * (1 / divisor)

    def __deepcopy__(self, memo: dict[int, Any]) -> Arithmetic:
        # Keras would save and load what is copied. That loses functions: those
        # of R, and those of Python that are not registered.
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self), memo))
        return twin

    def __neg__(self) -> NoReturn:
        raise ValueError(_AGAINST)

    def __sub__(self, other: object) -> NoReturn:
        raise ValueError(_AGAINST)

    __rsub__ = __sub__


_AGAINST = (
    "A loss can't be subtracted or negated: training would make it large. Our "
    "losses are 1 - a score, so that a small one is a high score."
)


def _add(left, right):
    for other in (left, right):
        if isinstance(other, numbers.Number):
            raise ValueError(
                "A number that is added to a loss has no gradient. Received: "
                f"{other!r}; add another loss, or multiply by it."
            )
    (losses, weights), (others, more) = _parts(left), _parts(right)
    return WeightedSum([*losses, *others], [*weights, *more])


def _parts(loss):
    """Losses and weights; those of a sum are taken out of it."""
    if type(loss) is WeightedSum:
        return loss.losses, loss.weights
    return [loss], [1.0]


@keras.saving.register_keras_serializable("softkeras")
class WeightedSum(Arithmetic, keras.losses.Loss):
    """The weighted sum of several losses.

    Formula: Σ weight·loss. Each loss sees labels, predictions, their mask and
    the sample weights, and reduces by itself. With one of our losses
    arithmetic makes it: `0.5 * SoftFBeta() + keras.losses.Dice()`, `a / 2`,
    `sum([a, b])`. (Two losses of Keras have no arithmetic of their own: give
    them as `losses`.)

    Gradient: Σ weight·(gradient of the loss).

    Args:
        losses: Losses: those of Keras and ours, names such as
            `"binary_crossentropy"`, or functions of `y_true` and `y_pred`
            (registered with `keras.saving.register_keras_serializable`, if a
            model with them is to be saved).
        weights: One number a loss, 0 or more and not all 0. Default: 1 each.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx.

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in each loss.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        ValueError: for what is no loss, weights that are negative, not finite
            or not as many as losses, and losses whose results are not of one
            shape.

    Reference: Taghanaki et al., Combo loss,
    https://arxiv.org/abs/1805.02798, for such a sum.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftFBeta, WeightedSum
    >>> y_true, y_pred = [1.0, 0.0], [0.5, 0.5]
    >>> loss = 0.5 * SoftFBeta() + keras.losses.BinaryCrossentropy()
    >>> round(float(loss(y_true, y_pred)), 4)  # 0.5·0.5 + log 2
    0.9431
    >>> same = WeightedSum([SoftFBeta(), "binary_crossentropy"], [0.5, 1.0])
    >>> round(float(same(y_true, y_pred)), 4)
    0.9431
    """

    def __init__(
        self,
        losses: Sequence[LossLike],
        weights: Sequence[float] | None = None,
        name: str = "weighted_sum",
        dtype: DTypeLike = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(losses, (list, tuple)) or not losses:
            raise ValueError(
                f"`losses` must be a list of losses. Received: {losses!r}"
            )
        self.losses = [_terms.get("losses", loss) for loss in losses]
        if weights is None:
            weights = [1.0] * len(losses)
        if not isinstance(weights, (list, tuple)) or len(weights) != len(
            losses
        ):
            raise ValueError(
                f"`weights` must be a list of {len(losses)} numbers, one a "
                f"loss. Received: {weights!r}"
            )
        self.weights = _checks.weights(
            **{f"weights[{i}]": weight for i, weight in enumerate(weights)}
        )

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        with keras.name_scope(self.name):
            values = [
                ops.cast(loss(y_true, y_pred, sample_weight), self.dtype)
                for loss in self.losses
            ]
            _terms.single("a weighted sum", values)
            # 0 times a loss of infinity would be NaN.
            return sum(w * v for w, v in zip(self.weights, values) if w)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self(y_true, y_pred)

    def __repr__(self):
        parts = " + ".join(
            f"{w:g} * {loss.name}" for w, loss in zip(self.weights, self.losses)
        )
        return f"<WeightedSum {parts}>"

    def get_config(self) -> dict[str, Any]:
        return {
            "losses": [
                _terms.serialize("losses", loss) for loss in self.losses
            ],
            "weights": self.weights,
            "name": self.name,
            "dtype": self.dtype,
        }
