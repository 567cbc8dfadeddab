"""Plots: pictures of a step and its gradient. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from softkeras import _checks, _curves
from softkeras import steps as steps_module
from softkeras.steps import Step

__all__ = ["plot_steps"]

DEFAULT_STEPS = (
    Step("sigmoid"),
    Step("sigmoid", sharpness=1.0),
    Step("sigmoid", sharpness=4.0),
    Step("ramp", scale="probability"),
    Step("softsign", sharpness=50.0, scale="probability", anchored=False),
)
COLOURS = ("#1b9e77", "#7570b3", "#d95f02", "#e7298a", "#66a61e", "#a6761d")


def plot_steps(
    steps: Sequence[Any] = DEFAULT_STEPS,
    threshold: float = 0.5,
    axes: Any = None,
) -> Any:
    """Draws soft decisions and their gradients against the probability.

    Formula: each step F(p) on the left, its gradient F'(p) on the right.

    Gradient: that of each step, by the backend. Of a straight-through step it
        is that of the soft decision, which it hands back.

    Args:
        steps: Names, `softkeras.steps.Step`s, configurations or callables.
        threshold: Where a probability becomes a 1, in (0, 1).
        axes: Two matplotlib axes to draw into. Default: a new figure.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: without matplotlib.
        ValueError: for what is not a step.

    Reference: Marchetti et al., Score-oriented loss (SOL) functions,
    https://arxiv.org/abs/2103.15522.

    Example:

    >>> from softkeras.plots import plot_steps
    >>> figure = plot_steps(["sigmoid", "ramp"])
    >>> len(figure.axes)
    2
    """
    _checks.probability("threshold", threshold)
    if isinstance(steps, str):
        raise ValueError(
            "`steps` must be a list of steps. Received: "
            f"{steps!r}; put it into a list."
        )
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "Plots need matplotlib: pip install 'softkeras[plot]'"
        ) from None
    if axes is None:
        figure = Figure(figsize=(10, 4), layout="constrained")
        axes = figure.subplots(1, 2)
    left, right = axes
    p = np.linspace(0, 1, 2001)
    left.plot(p, p > threshold, color="0.75", label="hard")
    for i, step in enumerate(map(steps_module.get, steps)):
        decision, gradient = _curves.step_curve(step, threshold, p)
        colour = COLOURS[i % len(COLOURS)]
        left.plot(p, decision, color=colour, label=_label(step))
        # At 0 and 1 a step on the log-odds has none.
        right.plot(p[1:-1], gradient[1:-1], color=colour)
    left.set(xlabel="probability p", title="soft decision F(p)")
    right.set(xlabel="probability p", title="its gradient F'(p), log scale")
    right.set_yscale("log")
    right.set_ylim(0.02, 100)
    left.legend(
        frameon=False,
        fontsize="small",
        ncols=2,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        title="shape, sharpness, scale",
        title_fontsize="small",
    )
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xlim(0, 1)
    return left.figure


def _label(step):
    name = getattr(step.shape, "__name__", step.shape)
    if name == "hard":
        return name
    scale = "log-odds" if step.scale == "logit" else "probability"
    label = f"{name}, {step.sharpness:g}, {scale}"
    if step.scale == "probability" and not step.anchored:
        label += ", not anchored"
    if step.straight_through:
        label += ", straight-through"
    return label
