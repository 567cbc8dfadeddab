"""Plots: pictures of steps and of reports. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from softkeras import _checks, _curves
from softkeras import steps as steps_module
from softkeras.steps import Step, StepLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from softkeras.doctor import Report

__all__ = ["plot_report", "plot_steps"]

DEFAULT_STEPS = (
    Step("sigmoid"),
    Step("sigmoid", sharpness=1.0),
    Step("sigmoid", sharpness=4.0),
    Step("ramp", scale="probability"),
    Step("softsign", sharpness=50.0, scale="probability", anchored=False),
)
COLOURS = ("#1b9e77", "#7570b3", "#d95f02", "#e7298a", "#66a61e", "#a6761d")


def plot_steps(
    steps: Sequence[StepLike] = DEFAULT_STEPS,
    threshold: float = 0.5,
    axes: Any = None,
) -> Figure:
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
    left, right = axes = _two_axes(axes)
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


def plot_report(report: Report, axes: Any = None) -> Figure:
    """Draws value and gradient of what was diagnosed, bad places marked.

    A loss is drawn along the way from predictions that are all wrong to
    predictions that are all right, where it should fall; any other function
    of an input from −6 to 6. Shaded is where the gradient is zero though the
    value moves; crosses are where value or gradient are NaN or infinite.

    Formula: for a loss L(w + t(r − w)) over t, with w all wrong and r all
    right predictions.

    Gradient: by autodiff, the sum of ∂L/∂pᵢ·(rᵢ − wᵢ) for a loss, and dashed
    the slope of the value that is drawn, by differences. They should agree.

    Args:
        report: What `softkeras.diagnose` returned.
        axes: Two matplotlib axes to draw into. Default: a new figure.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: without matplotlib.
        ValueError: where nothing could be drawn; it says why.

    Reference: keras issue 17682.

    Example:

    >>> import softkeras
    >>> figure = softkeras.plots.plot_report(softkeras.diagnose("mse"))
    >>> len(figure.axes)
    2
    """
    curve = report.curve
    if "x" not in curve:
        raise ValueError(
            f"There is nothing to draw of {report.subject}: "
            f"{curve.get('error') or 'the report has no curve'}. The findings "
            "are in `report.findings`."
        )
    left, right = axes = _two_axes(axes)
    x, value, gradient, difference = (
        np.asarray(curve[name], "float64")
        for name in ("x", "value", "gradient", "difference")
    )
    bad, stuck = (np.asarray(curve[n], bool) for n in ("not_finite", "stuck"))
    left.plot(x, _finite(value), color=COLOURS[0])
    right.axhline(0, color="0.75", linewidth=0.8)
    right.plot(
        x, _finite(gradient), color=COLOURS[1], label="gradient by autodiff"
    )
    right.plot(
        x,
        _finite(difference),
        color=COLOURS[2],
        linestyle="--",
        label="slope of the value",
    )
    # In units of the value, and of its slope; the gradient's axis has its 0.
    height = np.max(np.abs(value[np.isfinite(value)]), initial=0.0)
    least = 0.05 * (height or 1.0)
    _limit(left, [value], least)
    _limit(right, [gradient, difference, [0.0]], 0.01 * least)
    for ax in axes:
        _mark(ax, x, bad, stuck)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xlim(x[0], x[-1])
        ax.set_xlabel(curve["along"])
    left.set_title(f"{curve['value_of']} of {report.subject}")
    right.set_title("its gradient")
    right.legend(
        frameon=False,
        fontsize="small",
        ncols=2,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
    )
    return left.figure


def _two_axes(axes):
    """Those that are given, or those of a new figure."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "Plots need matplotlib: pip install 'softkeras[plot]'"
        ) from None
    if axes is None:
        figure = Figure(figsize=(10, 4), layout="constrained")
        axes = figure.subplots(1, 2)
    return axes


def _finite(x):
    return np.where(np.isfinite(x), x, np.nan)


def _limit(ax, shown, least):
    """Lets a pole leave the picture, so that the rest can be seen.

    Args:
        ax: The axes.
        shown: Arrays of what is drawn.
        least: What is less high than this is rounding noise.
    """
    numbers = np.concatenate(shown)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        ax.set_yticks([])
        ax.text(0.5, 0.5, "nowhere finite", ha="center", transform=ax.transAxes)
        return
    bottom, top = numbers.min(), numbers.max()
    low, high = np.quantile(numbers, [0.02, 0.98])
    # Where nearly all is level, what stands out is what there is to see.
    if high - low > 1e-3 * (top - bottom):
        room = 4 * (high - low)
        bottom, top = max(bottom, low - room), min(top, high + room)
    margin = 0.05 * max(top - bottom, 20 * least)
    ax.set_ylim(bottom - margin, top + margin)


def _mark(ax, x, bad, stuck):
    """A band where the gradient is lost, crosses where it is not finite."""
    half = (x[1] - x[0]) / 2
    edges = np.flatnonzero(np.diff(np.concatenate([[0], stuck, [0]])))
    for i, (start, end) in enumerate(edges.reshape(-1, 2)):
        ax.axvspan(
            x[start] - half,
            x[end - 1] + half,
            color=COLOURS[5],
            alpha=0.15,
            linewidth=0,
            label="zero, though the value moves" if i == 0 else None,
        )
    if bad.any():
        ax.plot(
            x[bad],
            np.zeros(bad.sum()),
            "x",
            color=COLOURS[3],
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            label="NaN or infinite",
        )


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
