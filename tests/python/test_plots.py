"""Plots: what is drawn, and what is refused."""

import numpy as np
import pytest

from softkeras.plots import plot_steps
from softkeras.steps import Step


def test_values_and_gradients_are_drawn():
    figure = plot_steps([Step("ramp", 8, "probability"), "hard"], threshold=0.3)
    left, right = figure.axes
    _, ramp, hard = left.lines
    p, value = ramp.get_data()
    np.testing.assert_allclose(value, np.clip(0.5 + 8 * (p - 0.3), 0, 1), 1e-12)
    np.testing.assert_array_equal(hard.get_ydata(), p > 0.3)
    slope = right.lines[0].get_ydata()
    p = right.lines[0].get_xdata()
    inside = np.abs(p - 0.3) < 0.06
    np.testing.assert_allclose(slope[inside], 8)
    np.testing.assert_allclose(slope[np.abs(p - 0.3) > 0.07], 0, atol=1e-9)


@pytest.mark.parametrize("straight_through", [False, True])
def test_gradients_are_those_of_the_step_also_beside_a_kink(straight_through):
    step = Step("ramp", 8, "probability", straight_through=straight_through)
    _, right = plot_steps([step, "hard"], threshold=0.3).axes
    ramp, hard = right.lines
    p, slope = ramp.get_data()
    # Differences would have half of it where the ramp begins.
    inside = np.abs(p - 0.3) <= 1 / 16
    kinks = np.abs(np.abs(p - 0.3) - 1 / 16) < 1e-9
    np.testing.assert_allclose(slope[inside & ~kinks], 8, 1e-12)
    np.testing.assert_array_equal(slope[~inside & ~kinks], 0)
    assert np.all(hard.get_ydata() == 0)


def test_gradients_are_drawn_between_0_and_1():
    _, right = plot_steps([Step("sigmoid", 1.0)]).axes
    p, slope = right.lines[0].get_data()
    assert p[0] > 0 and p[-1] < 1
    np.testing.assert_allclose(slope, 1, 1e-9)


def test_it_draws_into_axes_that_are_given():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(1, 2)
    assert plot_steps(axes=axes) is figure
    assert len(axes[0].lines) > 3


def test_what_is_refused_is_named():
    with pytest.raises(ValueError, match="sgimoid"):
        plot_steps(["sgimoid"])
