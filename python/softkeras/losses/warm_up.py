"""WarmUp: train on one loss first, and then on another."""

from __future__ import annotations

from typing import Any

import keras

from softkeras import _checks, _state
from softkeras._gradients import choose
from softkeras._ops import ops
from softkeras._types import DTypeLike, LossLike, Tensor, TensorLike
from softkeras.losses import _terms
from softkeras.losses.weighted_sum import Arithmetic

__all__ = ["WarmUp"]

# Steps that are left where an epoch's batches have not been counted.
UNKNOWN = 2**31 - 1


@keras.saving.register_keras_serializable("softkeras")
class WarmUp(Arithmetic, keras.losses.Loss):
    """Trains on one loss for some steps, and from then on on another.

    A score's loss is flat where all predictions are confident mistakes, and
    its gradient is noise where they are all near ½; some steps of
    cross-entropy bring the predictions to where it is neither.

    Formula: first(y_true, y_pred) in the first `steps` training steps,
    then(y_true, y_pred) in all others. Nothing is traced anew when it changes,
    and validation shows the loss that is in force. Only that one is computed
    (in TensorFlow with `jit_compile=True` or several replicas both are, and
    the other one's gradient is left out). If one of them has `momentum`, both
    are computed, and its counts move in the warm-up, too.

    Gradient: that of the loss in force.

    A training step is a batch whose gradient is taken: `fit()` and
    `train_on_batch()` count, `evaluate()` and validation don't. On JAX a
    compiled step keeps no state of a loss, so there `fit()` needs
    `callbacks=[softkeras.callbacks.LossState()]`; without it an error says
    so. `epochs` needs that callback with every backend, which knows how many
    batches an epoch has.

    Optimisers such as Adam remember the gradients of the first loss; where the
    second one's are much smaller, as in a linear model, multiply it:
    `WarmUp(first, 10 * then, steps)`.

    Args:
        first: The loss of the warm-up: an instance, a name such as
            `"binary_crossentropy"`, or a function of `y_true` and `y_pred`.
        then: The loss after it.
        steps: How many training steps (batches) the warm-up has. About 0.3 of
            all did best in docs/effectiveness.md.
        epochs: In place of `steps`: how many epochs; may be a fraction.
        name: Name of the loss.
        dtype: Dtype of the result. Default: Keras's floatx.

    Call arguments: `y_true`, `y_pred` and `sample_weight` as in both losses.

    Attributes: `steps` is how many steps of the warm-up are left (`None` as
    long as the number of an epoch's batches is not known). A saved model keeps
    that, so that training goes on where it was.

    Returns:
        A loss for `compile()`; called, a scalar.

    Raises:
        ValueError: for what is no loss, unless just one of `steps` and
            `epochs` is given, losses whose results are not of one shape, and
            where steps could not be counted.

    Reference: docs/effectiveness.md, where it was measured.

    Example:

    >>> import keras
    >>> from softkeras.losses import SoftFBeta, WarmUp
    >>> loss = WarmUp("binary_crossentropy", SoftFBeta(), steps=300)
    >>> model = keras.Sequential([keras.layers.Dense(1, "sigmoid")])
    >>> model.compile("adam", loss=loss)
    >>> loss.steps
    300
    """

    def __init__(
        self,
        first: LossLike,
        then: LossLike,
        steps: int | None = None,
        *,
        epochs: float | None = None,
        name: str = "warm_up",
        dtype: DTypeLike = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.losses = [_terms.get("first", first), _terms.get("then", then)]
        if (steps is None) == (epochs is None):
            raise ValueError(
                "Give either `steps` or `epochs`. Received: "
                f"steps={steps!r}, epochs={epochs!r}"
            )
        self.epochs = epochs
        if epochs is not None:
            self.epochs = _checks.positive("epochs", epochs)
            _checks.finite("epochs", self.epochs)
        elif (
            isinstance(steps, bool)
            or not hasattr(steps, "__index__")
            or not 0 <= steps < UNKNOWN
        ):
            raise ValueError(
                "`steps` must be a whole number of 0 or more. Received: "
                f"steps={steps!r}"
            )
        # "int", as the optimiser's own counter: XLA has it on a GPU.
        self._left = keras.Variable(
            UNKNOWN if steps is None else int(steps),
            dtype="int",
            trainable=False,
            aggregation="only_first_replica",
            name="steps_left",
        )

    @property
    def variables(self) -> list[keras.Variable]:
        """The state of the loss."""
        return [self._left]

    @property
    def steps(self) -> int | None:
        """How many training steps of the warm-up are left."""
        if self.epochs is not None:
            return None
        return int(ops.convert_to_numpy(self._left))

    def count_epochs_by(self, batches: int) -> None:
        """Turns `epochs` into steps, of which an epoch has `batches`."""
        if self.epochs is not None:
            self._left.assign(round(self.epochs * batches))
            self.epochs = None

    def __call__(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        with keras.name_scope(self.name):
            left = _state.at_start_of_step(self._left)
            # Now, and not when it is assigned, by when it may have been: so
            # two outputs that have this loss count one step.
            less = ops.maximum(left - 1, 0)
            first, then = (
                lambda y_pred, loss=loss: ops.cast(
                    loss(y_true, y_pred, sample_weight), self.dtype
                )
                for loss in self.losses
            )
            # TensorFlow can't assign in the gradient of a branch.
            both = any(
                getattr(part, "momentum", 0) for part in _terms.walk(self)
            )
            value = choose(left > 0, first, then, y_pred, both)
            return _state.when_differentiated(value, lambda: self._count(less))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self(y_true, y_pred)

    def _count(self, less):
        if self.epochs is not None:
            raise ValueError(
                f"WarmUp(epochs={self.epochs:g}) does not know how many "
                "batches an epoch has. Give fit() callbacks="
                "[softkeras.callbacks.LossState()], or give steps=epochs * "
                "batches of an epoch."
            )
        _state.check_kept(self._left, "a WarmUp loss")
        self._left.assign(less)

    def __repr__(self):
        first, then = (loss.name for loss in self.losses)
        return f"<WarmUp {first}, then {then}>"

    def get_config(self) -> dict[str, Any]:
        first, then = self.losses
        return {
            "first": _terms.serialize("first", first),
            "then": _terms.serialize("then", then),
            "steps": self.steps,
            "epochs": self.epochs,
            "name": self.name,
            "dtype": self.dtype,
        }
