"""Steps: differentiable stand-ins for the decision `p > threshold`.

A hard decision has the derivative 0 almost everywhere, so nothing trains
through it. A soft one is the distribution function of a *random* threshold,

    F(p) = P(threshold <= p),    F'(p) = the density of that threshold,

so it stays between 0 and 1, rises with `p`, and has a gradient near the
threshold (Marchetti et al., score-oriented losses,
https://arxiv.org/abs/2103.15522). A `Step` is one such function: its shape,
its sharpness, the scale it is taken on, and whether the forward value is
replaced by the hard decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import keras

from softkeras import _backend, _checks, _shapes, _state
from softkeras._gradients import differentiable, widen
from softkeras._ops import ops
from softkeras._types import Tensor, TensorLike

__all__ = ["Step", "deserialize", "get", "serialize"]

SCALES = ("logit", "probability")
# On "logit" the slope that did best in a first trial, which no benchmark here
# repeats yet; on "probability" the slope of the clipped ramp in the question
# that softkeras started from.
DEFAULT_SHARPNESS = {"logit": 0.25, "probability": 8.0}
# Beyond it products of it overflow in float32, and long before it a step is as
# hard as floats can tell. A tensor must be at least the other.
SHARPEST, FLATTEST = 1e15, 1e-30
# Stands in for p(1 - p), and for p, where those are smaller: the derivative of
# a logarithm at 0 is infinite, and float32 overflows well before that.
TINY = 1e-30


NAMES = (*_shapes.SHAPES, "hard")


def _log_odds(p, threshold):
    """log(p/(1-p)) - log(t/(1-t)), exactly 0 at p = t, -inf at 0, inf at 1."""

    def function(p):
        # relu: outside [0, 1] the decision stays what it is at the end.
        yes, no = ops.relu(p), ops.relu(1 - p)
        if threshold == 0.5:
            value = ops.log(yes / no)
        else:
            t = ops.convert_to_tensor(threshold, p.dtype)
            value = ops.log((yes * (1 - t)) / (no * t))
        return value, lambda g: g / ops.maximum(yes * no, TINY)

    return differentiable(function)(p)


def _odds_share(p, threshold, roots):
    """σ(s·(logit p - logit t)) at s = ½^roots, by square roots.

    It is 1/(1 + r^s), r the odds of t over those of p. No logarithm and no
    exponential: faster, and a few ulp from exact also near 0.
    """

    def function(p):
        yes, no = ops.relu(p), ops.relu(1 - p)
        if threshold == 0.5:
            ratio = no / yes
        else:
            t = ops.convert_to_tensor(threshold, p.dtype)
            ratio = (no * t) / (yes * (1 - t))
        ratio = ops.abs(ratio)  # XLA's relu(-0) is -0
        for _ in range(roots):
            ratio = ops.sqrt(ratio)
        value = 0.5 / (0.5 + 0.5 * ratio)  # as in _softsign, not 1/(...)

        def backward(g):
            slope = 0.5**roots / ops.maximum(yes * no, TINY)
            if roots > 1:
                return _backend.sigmoid_gradient(value, g) * slope
            # Here 1 - value can be so small that its digits are few, where p
            # is nearly 1; value·ratio, which has them, is 0·∞ at p = 0.
            rest = ops.where(value < 0.5, 1 - value, value * ratio)
            return g * (value * rest) * slope

        return value, backward

    return differentiable(function)(p)


def _probability(p):
    """p itself, cut to [0, 1]: σ(logit p), without a detour by the odds."""

    def function(p):
        value = ops.clip(p, 0, 1)

        def backward(g):
            if _backend.is_same(value, p):
                return g
            return ops.where(value == p, g, 0.0)

        return value, backward

    return differentiable(function)(p)


def _log(p):
    """Log p, with p below TINY (or negative) taken as TINY."""

    def function(p):
        p = ops.maximum(p, TINY)
        return ops.log(p), lambda g: g / p

    return differentiable(function)(p)


def _anchored(p, threshold, shape: _shapes.Shape, slope):
    """The step on the probability that is exactly 0, ½, 1 at 0, t, 1."""

    def function(p):
        t = ops.convert_to_tensor(threshold, p.dtype)
        u = ops.clip(p, 0, 1) - t
        below = u < 0
        sides = [(w, shape.rate(w, slope)) for w in (t, 1 - t)]
        if threshold == 0.5:
            width, rate = sides[0]
        else:
            width, rate = (ops.where(below, *pair) for pair in zip(*sides))
        tail, density = shape.tail(ops.abs(u), width, rate, slope)
        within = ops.logical_and(p >= 0, p <= 1)
        return (
            ops.where(below, tail, 1 - tail),
            lambda g: ops.where(within, density() * g, 0.0),
        )

    return differentiable(function)(p)


@keras.saving.register_keras_serializable(package="softkeras")
class Step:
    """A soft 0/1 decision: from a prediction to a number between 0 and 1.

    With `G` the distribution function of the shape, scaled to the slope 1 at
    0, `s` the sharpness and `t` the threshold,

    - on the scale "logit": F(p) = G(s/4·(logit p - logit t)). For the sigmoid
      that is σ(s·(logit p - logit t)): the identity at s = 1, t = ½, exactly.
    - on the scale "probability", not anchored: F(p) = G(s·(p - t)).
    - on the scale "probability", anchored: the same curve, rescaled on each
      side of the threshold so that F is exactly 0, ½, 1 at p = 0, t, 1, and
      the slope at the threshold is still s.

    | shape | G(v) | density G'(v) |
    |---|---|---|
    | `"sigmoid"` | σ(4v) | 4·σ(4v)·(1 - σ(4v)) |
    | `"softsign"` | ½ + v/(1 + 2·abs(v)) | 1/(1 + 2·abs(v))² |
    | `"ramp"` | ½ + v, cut to [0, 1] | 1 where abs(v) <= ½, else 0 |
    | `"raised_cosine"` | ½ + v/2 + sin(πv)/(2π), abs(v) <= 1 | cos²(πv/2) |
    | `"arctan"` | ½ + arctan(πv)/π | 1/(1 + π²v²) |
    | `"normal"` | Φ(√(2π)·v), Φ the normal distribution's | exp(-πv²) |
    | `"triangular"` | ½ + v - v·abs(v)/2, abs(v) <= 1 | 1 - abs(v) |
    | `"smoothstep"` | 3x² - 2x³, x = ½ + 2v/3 in [0, 1] | 1 - (4v/3)² |
    | `"smootherstep"` | 6x⁵ - 15x⁴ + 10x³, x = ½ + 8v/15 | (1 - (16v/15)²)² |
    | `"hard"` | 1 if v > 0 else 0 | 0: a hard step can't be trained through |

    A shape of bounded range is 0 or 1 beyond it, with the density 0: that is
    abs(v) <= ½ for "ramp", 1 for "raised_cosine" and "triangular", ¾ for
    "smoothstep" (C¹: its density is continuous) and 15/16 for "smootherstep"
    (C²: so is the slope of its density).

    Gradient: dF/dp = s·G'(s·(p - t)) on "probability" and
    s/4·G'(·)/(p(1 - p)) on "logit", in closed form; finite for every finite
    prediction (p(1 - p) counts as at least 1e-30). The second derivative is
    that of the closed form.

    Args:
        shape: A name from the table above, or a callable G(v),
            differentiable, from -∞..∞ to 0..1, with G(0) = ½ and slope 1
            there. A callable is taken on "probability" unless `scale` says
            otherwise, with sharpness 1: it receives p - t.
        sharpness: The slope at the threshold, s > 0, per unit of probability,
            whatever the shape. On the scale "logit" a unit of probability is
            measured where the threshold sits at ½ (the slope per unit of
            log-odds is s/4 whatever the threshold, so that per unit of p it is
            s/(4t(1 - t)), which is s at t = ½). Infinite is the hard decision;
            "hard" takes no other. Default: 0.25 on "logit", 8 on
            "probability".
        scale: `"logit"` (the log-odds; the default) or `"probability"`.
        anchored: On "probability", rescale as above. Default: `True` for the
            named shapes, `False` for a callable. An anchored step needs
            s >= 1/(2·min(t, 1 - t)), the slope of the straight line. A step
            on "logit" is always anchored.
        straight_through: Give exactly the hard decision forward and the soft
            step's gradient backward.

    Raises:
        ValueError: for an unknown shape or scale, a sharpness that is not
            above 0 or that of a hard step, or a combination that is not
            defined.

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522; for straight-through, Bengio et al.,
    https://arxiv.org/abs/1308.3432.

    Example:

    >>> import numpy as np
    >>> from softkeras.steps import Step
    >>> p = np.array([0.0, 0.2, 0.5, 0.8, 1.0], "float32")
    >>> np.allclose(Step("sigmoid", sharpness=1.0)(p), p)
    True
    >>> np.array(Step("ramp", scale="probability")(p)).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    >>> Step("softsign", sharpness=50, scale="probability")
    Step('softsign', sharpness=50.0, scale='probability')
    """

    def __init__(
        self,
        shape: str | Callable = "sigmoid",
        sharpness: float | None = None,
        scale: str | None = None,
        anchored: bool | None = None,
        straight_through: bool = False,
    ):
        if isinstance(shape, dict):
            shape = keras.saving.deserialize_keras_object(shape)
        if isinstance(shape, Step):
            raise ValueError(
                "`shape` must be a name or a function. Received: "
                f"shape={shape}, which is a Step already; give it as `step`."
            )
        if isinstance(shape, type) or (
            not callable(shape) and shape not in NAMES
        ):
            raise ValueError(
                f"Unknown step {shape!r}.{_checks.nearest(shape, NAMES)} "
                "Known are "
                f"{', '.join(map(repr, NAMES))}; a softkeras.steps.Step or a "
                "callable will do too."
            )
        if callable(shape):
            _check_middle(shape)
        if scale is None:
            scale = "probability" if callable(shape) else "logit"
        _checks.one_of("scale", scale, SCALES)
        if shape == "hard" and sharpness is not None:
            if not _is_infinite(sharpness):
                raise ValueError(
                    "A hard step has no sharpness: it is the decision itself. "
                    f"Received: step='hard', sharpness={sharpness!r}; leave "
                    "the sharpness out, or take a soft step such as 'sigmoid'."
                )
            sharpness = None
        if sharpness is None:
            sharpness = 1.0 if callable(shape) else DEFAULT_SHARPNESS[scale]
        if anchored is None:
            anchored = not callable(shape) or scale == "logit"
        if scale == "logit" and not anchored:
            raise ValueError(
                "A step on scale='logit' is 0, ½, 1 at 0, threshold, 1 by "
                "itself. Received: anchored=False; leave it out, or use "
                "scale='probability'."
            )
        if callable(shape) and scale == "probability" and anchored:
            raise ValueError(
                "A callable step can't be anchored on scale='probability'. "
                "Received: anchored=True; leave it out, and anchor it in the "
                "callable."
            )
        self.shape = shape
        self.sharpness = _checks.positive("sharpness", sharpness)
        if isinstance(self.sharpness, float) and (
            SHARPEST < self.sharpness < math.inf
        ):
            raise ValueError(
                f"`sharpness` must be at most {SHARPEST:g}, or infinite for "
                f"the hard decision. Received: sharpness={sharpness!r}"
            )
        self.scale = scale
        self.anchored = _checks.boolean("anchored", anchored)
        self.straight_through = _checks.boolean(
            "straight_through", straight_through
        )

    @property
    def is_hard(self) -> bool:
        """Whether this is the exact decision, not a soft one."""
        return self.shape == "hard" or _is_infinite(self.sharpness)

    @property
    def sharpness_now(self) -> Any:
        """The sharpness as a number, also if it is that of a variable."""
        if isinstance(self.sharpness, keras.Variable):
            return _state.number(self.sharpness)
        return self.sharpness

    def slope(self, dtype: str, least: float = 0.0) -> Any:
        """The sharpness as it is now: a float, or a tensor of `dtype`.

        A float was checked when the step was made; a variable may have changed
        since.
        """
        if isinstance(self.sharpness, float):
            return self.sharpness
        return _checks.scalar(
            "sharpness",
            self.sharpness,
            dtype,
            least or FLATTEST,
            SHARPEST,
            f"a number {f'of at least {least:.4g}' if least else 'above 0'} "
            f"and at most {SHARPEST:g}",
        )

    def __call__(
        self,
        y_pred: TensorLike,
        threshold: float | None = 0.5,
        from_logits: bool = False,
    ) -> Tensor:
        """The soft decision on predictions.

        Args:
            y_pred: Floats of any shape: probabilities, or logits. Outside
                [0, 1] a probability decides as the nearer end does.
            threshold: Where a probability becomes a 1, in (0, 1); or `None`
                for the arg-max over the last axis: one decision a class,
                softmax(s·logits), which sums to 1 (at s = 1 it is `y_pred`).
            from_logits: Whether `y_pred` holds logits. Same result as on
                their sigmoid (softmax with `threshold=None`), but exact for
                logits of any size.

        Returns:
            A tensor of the shape of `y_pred`; float32 if that is narrower.

        Raises:
            ValueError: if the threshold is outside (0, 1), if the step can't
                be anchored at it, or for a prediction that is not float.
        """
        self.check(threshold)
        x = widen(_checks.floating("y_pred", y_pred))
        if threshold is None and (not len(x.shape) or x.shape[-1] == 1):
            raise ValueError(
                "`threshold=None` (arg-max) needs two classes or more in the "
                f"last axis. Received: y_pred of shape {tuple(x.shape)}; give "
                "a threshold such as 0.5."
            )
        if self.is_hard:
            return _hard(x, threshold, from_logits)
        if threshold is None:
            logits = _below_highest(x) if from_logits else _log(x)
            soft = ops.softmax(self.slope(x.dtype) * logits, axis=-1)
        else:
            soft = self._soft(x, threshold, from_logits)
        if not self.straight_through:
            return soft
        return _hard(x, threshold, from_logits) + (
            soft - ops.stop_gradient(soft)
        )

    def _soft(self, x, threshold, from_logits):
        shape = _shapes.of(self.shape)
        if self.scale == "logit":
            roots = self._roots()
            if roots == 0 and threshold == 0.5 and not from_logits:
                return _probability(x)
            if roots is not None and not from_logits:
                return _odds_share(x, threshold, roots)
            u = _log_odds(x, threshold) if not from_logits else x
            if from_logits and threshold != 0.5:
                u = x - _logit(threshold)
            return shape.cdf(u, self.slope(x.dtype) / 4)
        p = ops.sigmoid(x) if from_logits else x
        if self.anchored:
            slope = self.slope(x.dtype, _least(threshold))
            return _anchored(p, threshold, shape, slope)
        return shape.cdf(p - threshold, self.slope(x.dtype))

    def _roots(self):
        """The k of a sigmoid of sharpness ½^k, if that is what this is."""
        if self.shape != "sigmoid" or not isinstance(self.sharpness, float):
            return None
        mantissa, exponent = math.frexp(self.sharpness)
        is_power = mantissa == 0.5 and 0 <= 1 - exponent <= 4
        return 1 - exponent if is_power else None

    def check(self, threshold: float | None) -> None:
        """Raises a ValueError if this step is not defined at `threshold`."""
        if threshold is None:
            if not self.is_hard and (
                self.shape != "sigmoid" or self.scale != "logit"
            ):
                raise ValueError(
                    "`threshold=None` (arg-max) goes with step='sigmoid' on "
                    "scale='logit', which is the softmax, or with step='hard'. "
                    f"Received: step={self}"
                )
            return
        _checks.probability("threshold", threshold)
        if self.scale == "logit" or not self.anchored or self.is_hard:
            return
        least = _least(threshold)
        if isinstance(self.sharpness, float) and self.sharpness < least:
            raise ValueError(
                f"A step that is anchored at threshold={threshold} must have a "
                f"sharpness of at least {least:.4g}, the slope of the straight "
                f"line. Received: sharpness={self.sharpness}; raise it, or set "
                "anchored=False, or use scale='logit'."
            )

    def get_config(self) -> dict[str, Any]:
        shape = self.shape
        if callable(shape):
            shape = _checks.serializable("step", shape)
        return {
            "shape": shape,
            "sharpness": self.sharpness_now,
            "scale": self.scale,
            "anchored": self.anchored,
            "straight_through": self.straight_through,
        }

    @classmethod
    def from_config(cls, config: dict) -> Step:
        if config["shape"] == "hard":  # which has a number there all the same
            config = {**config, "sharpness": None}
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self):
        name = self.shape
        text = f"Step({getattr(name, '__name__', name)!r}"
        if self.shape != "hard":
            text += f", sharpness={self.sharpness_now}, scale={self.scale!r}"
            if not self.anchored:
                text += ", anchored=False"
            if self.straight_through:
                text += ", straight_through=True"
        return text + ")"


def _check_middle(shape):
    """Refuses a function of the user's that is no step around 0.

    One passes that can't be computed here.
    """
    try:
        values = shape(ops.convert_to_tensor([-0.25, 0.0, 0.25]))
        left, middle, right = map(float, ops.convert_to_numpy(values))
    except Exception:  # It is the user's: any error there is.
        return
    if not abs(middle - 0.5) < 1e-3 or left > right:
        raise ValueError(
            "A step must rise from 0 to 1 and be ½ at 0. Received: "
            f"{left:.4g}, {middle:.4g}, {right:.4g} at -¼, 0, ¼ from "
            f"{getattr(shape, '__name__', shape)}"
        )


def _is_infinite(sharpness):
    return isinstance(sharpness, float) and math.isinf(sharpness)


def _least(threshold):
    """The slope of the straight line that is anchored at a threshold."""
    return 1 / (2 * min(threshold, 1 - threshold))


def _below_highest(x):
    """How far logits are below the highest: these times s can't overflow."""
    # With `initial`, because Keras refuses the maximum of an empty batch.
    highest = ops.max(x, axis=-1, keepdims=True, initial=float("-inf"))
    return x - ops.stop_gradient(highest)


def _logit(threshold):
    return math.log(threshold) - math.log1p(-threshold)


def _hard(x, threshold, from_logits):
    """1 where x is above the threshold, else 0; NaN where x is NaN."""
    if threshold is None:
        chosen = ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1], dtype=x.dtype)
        missing = ops.any(ops.isnan(x), axis=-1, keepdims=True)
    else:
        cut = _logit(threshold) if from_logits else threshold
        chosen = ops.cast(x > cut, x.dtype)
        missing = ops.isnan(x)
    return ops.where(missing, float("nan"), chosen)


def serialize(step: Step) -> dict[str, Any]:
    """The configuration of a step, as a dictionary.

    Args:
        step: A `Step`.

    Returns:
        A dictionary that `deserialize` and `get` take, and JSON too.

    Raises:
        ValueError: if its shape is a callable that is not registered with
            `keras.saving.register_keras_serializable`.

    Example:

    >>> from softkeras import steps
    >>> steps.serialize(steps.Step("hard"))["config"]["shape"]
    'hard'
    """
    return keras.saving.serialize_keras_object(step)


def deserialize(config: dict, custom_objects: dict | None = None) -> Step:
    """The step that `serialize` gave the configuration of.

    Args:
        config: A dictionary from `serialize`.
        custom_objects: Names of functions, if the shape is a callable that is
            not registered.

    Returns:
        A `Step`.

    Raises:
        ValueError: if the dictionary is not that of a step.

    Example:

    >>> from softkeras import steps
    >>> steps.deserialize(steps.serialize(steps.Step("ramp", 2.0)))
    Step('ramp', sharpness=2.0, scale='logit')
    """
    step = keras.saving.deserialize_keras_object(
        config, custom_objects=custom_objects
    )
    if not isinstance(step, Step):
        raise ValueError(
            "Expected the configuration of a softkeras Step, from "
            f"`softkeras.steps.serialize`. Received: {config!r}"
        )
    return step


# What `get` takes.
StepLike: TypeAlias = str | Step | dict[str, Any] | Callable[..., Any]


def get(identifier: StepLike, sharpness: float | None = None) -> Step:
    """The step that a name, an instance, a dictionary or a callable stands for.

    Args:
        identifier: A name from the table of `Step`, such as `"sigmoid"`,
            `"arctan"` or `"hard"`; a `Step`; what `serialize` returns; or a
            callable (see `Step`).
        sharpness: If given, takes the place of the step's own.

    Returns:
        A `Step`.

    Raises:
        ValueError: if there is no such step, and for a sharpness of a hard one.

    Example:

    >>> from softkeras import steps
    >>> steps.get("sigmoid")
    Step('sigmoid', sharpness=0.25, scale='logit')
    >>> steps.get("softsign", sharpness=2.0)
    Step('softsign', sharpness=2.0, scale='logit')
    """
    if isinstance(identifier, Step):
        step = identifier
    elif isinstance(identifier, dict):
        step = deserialize(identifier)
    elif isinstance(identifier, str) or callable(identifier):
        step = Step(identifier)
    else:
        raise ValueError(
            "`step` must be a name, a softkeras.steps.Step, its configuration "
            f"or a callable. Received: {identifier!r}"
        )
    if sharpness is None:
        return step
    return Step(**{**vars(step), "sharpness": sharpness})


def on_the_line(identifier: StepLike, sharpness: float | None = None) -> Step:
    """The step that an op of any real x takes, its threshold where it likes.

    A name is a step on "probability", which is to say: on x itself.
    """
    if isinstance(identifier, str):
        return Step(identifier, sharpness, scale="probability")
    step = get(identifier, sharpness)
    if step.scale == "logit" and not step.is_hard:
        raise ValueError(
            "A step on scale='logit' is one of probabilities, and this is a "
            f"function of any real number. Received: step={step}; give "
            f"step={step.shape!r} and a sharpness, or a Step with "
            "scale='probability', whose sharpness is a slope in units of x."
        )
    return step
