"""Shows a metric that is a black box, each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from softkeras import _backend
from softkeras._types import TensorLike

__all__ = ["EpochMetric"]


class EpochMetric(keras.callbacks.Callback):
    """Shows a metric that is a black box, on data of its own, each epoch.

    For what is no Keras metric: a function of scikit-learn, of R, or any other
    that needs all labels and predictions as arrays. `logs`, and so the history
    and the callbacks that come after this one, such as `EarlyStopping`, have it
    under its name.

    Formula: function(y, model.predict(x)), once an epoch.

    Gradient: none; the losses have one.

    Args:
        function: Called with `y` as it was given and the predictions as an
            array of NumPy, as the model gives them, but (n,) in place of (n, 1)
            where `y` is (n,); with `sample_weight` by that name, if it was
            given. It returns a number.
        x: Inputs, as for `predict()`: data that was not trained on.
        y: Their labels.
        sample_weight: Weights, handed on as they are.
        name: Name in the history. Default: the function's.
        batch_size: How many rows are predicted at once.

    Raises:
        ValueError: for what is no function; and when an epoch ends, for a
            result that is no number, and for a name that is there already.

    Reference: scikit-learn's metrics, which are such functions.

    Example:

    >>> import keras, numpy as np
    >>> from sklearn.metrics import roc_auc_score
    >>> from softkeras.callbacks import EpochMetric
    >>> x = np.arange(8.0, dtype="float32").reshape(8, 1)
    >>> y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> layer = keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")
    >>> model = keras.Sequential([layer])
    >>> model.compile("sgd", loss="binary_crossentropy")
    >>> auc = EpochMetric(roc_auc_score, x, y)
    >>> history = model.fit(x, y, verbose=0, callbacks=[auc])
    >>> history.history["roc_auc_score"]
    [1.0]
    """

    def __init__(
        self,
        function: Callable[..., float],
        x: Any,
        y: Any,
        sample_weight: TensorLike | None = None,
        *,
        name: str | None = None,
        batch_size: int | None = None,
    ):
        super().__init__()
        if not callable(function) or isinstance(
            function, (type, keras.metrics.Metric)
        ):
            raise ValueError(
                "`function` must be a function of labels and predictions; "
                "metrics of Keras go to compile(). Received: "
                f"{function!r}"
            )
        self.function = function
        self.x, self.y, self.sample_weight = x, y, sample_weight
        own = getattr(function, "__name__", "<lambda>")
        self.name = name or ("epoch_metric" if own == "<lambda>" else own)
        self.batch_size = batch_size

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if logs is not None and self.name in logs:
            raise ValueError(
                f"There is a metric {self.name!r} already. Received: "
                f"name={self.name!r}; give another `name`."
            )
        # On JAX the values are elsewhere while a model is trained.
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        # On torch Keras draws where it predicts too, and the next epoch's
        # order would be another.
        undo = _backend.generators()
        predicted = self.model.predict(
            self.x, batch_size=self.batch_size, verbose=0
        )
        undo()
        if np.ndim(self.y) == 1 and np.shape(predicted)[1:] == (1,):
            predicted = predicted[:, 0]
        weights = {}
        if self.sample_weight is not None:
            weights["sample_weight"] = self.sample_weight
        value = self.function(self.y, predicted, **weights)
        if np.size(value) != 1 or np.asarray(value).dtype.kind not in "fiu":
            raise ValueError(
                f"The metric {self.name!r} must return a number. Received: "
                f"{value!r}"
            )
        if logs is not None:
            logs[self.name] = float(np.reshape(value, ()))
