"""What pictures and prints are made of: curves of losses, and options."""

import keras
import numpy as np
import pytest
from conftest import BACKEND

from softkeras import _curves, _options, losses, metrics
from softkeras.steps import Step

Y = np.array([1.0, 1.0, 0.0, 0.0])
P = np.array([0.9, 0.4, 0.7, 0.1])


def moved(points):
    return np.stack([np.where(np.arange(4) == 1, p, P) for p in points])


def f1(d):
    return 2 * (Y * d).sum(-1) / (Y.sum() + d.sum(-1))


def test_a_loss_and_its_gradient_are_those_of_the_formula():
    batches = moved(np.linspace(0.1, 0.9, 5))
    loss = losses.SoftFBeta(sharpness=1.0)
    value, gradient = _curves.loss_curve(loss, Y, batches)
    np.testing.assert_allclose(value, 1 - f1(batches), rtol=1e-5)
    both = Y.sum() + batches.sum(-1, keepdims=True)
    right = (Y * batches).sum(-1, keepdims=True)
    np.testing.assert_allclose(
        gradient, -2 * (Y * both - right) / both**2, rtol=1e-4
    )


def test_a_loss_of_several_numbers_counts_as_their_mean():
    batches = moved([0.3, 0.6])
    loss = losses.FunctionLoss(
        lambda y, p: keras.ops.square(y - p), reduction=None
    )
    value, gradient = _curves.loss_curve(loss, Y, batches)
    np.testing.assert_allclose(value, ((Y - batches) ** 2).mean(-1), rtol=1e-6)
    np.testing.assert_allclose(gradient, (batches - Y) / 2, rtol=1e-6)
    flat = _curves.loss_curve(loss, Y, batches, flat=True)
    np.testing.assert_allclose(flat[0], value, rtol=1e-6)
    np.testing.assert_array_equal(flat[1], np.zeros_like(batches))
    alone = _curves.loss_curve(loss, Y, batches[:1])
    np.testing.assert_allclose(alone[0], value[:1], rtol=1e-6)


def test_what_is_wrong_with_the_data_is_said_as_ever():
    """As a ValueError, not as the error of a graph."""
    with pytest.raises(ValueError, match="from_logits=True"):
        _curves.loss_curve(losses.SoftFBeta(), Y, 5 + moved([0.3]))


@pytest.mark.parametrize(
    "loss",
    [
        losses.SoftFBeta(),
        losses.ScoreLoss(lambda c: 2 * c.tp / (2 * c.tp + c.fp + c.fn)),
        losses.WeightedSum([losses.SoftFBeta()]),
        losses.WarmUp("binary_crossentropy", losses.SoftFBeta(), steps=0),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_hardened_losses_are_one_minus_the_score(loss):
    batches = moved([0.3, 0.6])
    before = float(loss(Y, P))
    hard, _ = _curves.loss_curve(_curves.hardened(loss), Y, batches, flat=True)
    np.testing.assert_allclose(hard, 1 - f1((batches > 0.5) * 1.0), rtol=1e-6)
    # The loss that was looked at is as soft as it was.
    assert float(loss(Y, P)) == before


def test_ranks_and_rates_are_hardened_and_others_are_not():
    # One of four pairs of a positive and a negative is in the wrong order.
    hard = _curves.hardened(losses.SoftAUC(average="micro"))
    np.testing.assert_allclose(float(hard(Y, P)), 1 / 4, rtol=1e-6)
    hard = _curves.hardened(losses.SoftRecallAtPrecision(precision=0.9))
    np.testing.assert_allclose(float(hard(Y, P)), 1 / 2, rtol=1e-6)
    assert _curves.hardened(losses.ContinuousBernoulli()) is None


def test_what_keeps_nothing_is_looked_at_as_it_is():
    loss = losses.ContinuousBernoulli()
    assert _curves.alone(loss) is loss


@pytest.mark.skipif(BACKEND == "jax", reason="a loss can't keep state on JAX")
def test_looking_at_a_loss_does_not_count():
    moving = losses.SoftFBeta(momentum=0.9)
    warm = losses.WarmUp(moving, "binary_crossentropy", steps=2)
    value, _ = _curves.loss_curve(_curves.alone(warm), Y, moved([0.3, 0.6]))
    wanted = [float(losses.SoftFBeta()(Y, p)) for p in moved([0.3, 0.6])]
    np.testing.assert_allclose(value, wanted, rtol=1e-6)
    assert warm.steps == 2 and not moving.get_state()
    both = losses.WeightedSum([moving, losses.SoftFBeta()])
    value, _ = _curves.loss_curve(_curves.alone(both), Y, moved([0.3, 0.6]))
    np.testing.assert_allclose(value, 2 * np.array(wanted), rtol=1e-6)
    assert not moving.get_state()


def test_a_straight_through_step_has_the_gradient_of_the_soft_one():
    p = np.array([0.2, 0.5, 0.7])
    step = Step("sigmoid", 4.0, straight_through=True)
    value, slope = _curves.step_curve(step, 0.5, p)
    soft = p**4 / (p**4 + (1 - p) ** 4)
    np.testing.assert_array_equal(value, [0, 0, 1])
    np.testing.assert_allclose(
        slope, 4 * soft * (1 - soft) / (p * (1 - p)), rtol=1e-5
    )
    np.testing.assert_array_equal(_curves.step_curve("hard", 0.5, p)[1], 0)


def test_options_are_told_with_what_is_not_the_default():
    def changed(thing):
        options = _options.options(thing).items()
        return {k: v["value"] for k, v in options if v["changed"]}

    assert changed(losses.SoftFBeta()) == {}
    assert changed(losses.SoftFBeta(beta=2, labels=(-1, 1))) == {
        "beta": 2,
        "labels": [-1, 1],
    }
    assert changed(losses.SoftRecallAtPrecision(precision=0.8)) == {
        "precision": 0.8
    }
    of_ranks = changed(losses.SoftAUC(max_fpr=0.2, step="ramp"))
    assert of_ranks.pop("step").shape == "ramp"
    assert of_ranks == {"max_fpr": 0.2}
    assert changed(losses.ScoreLoss(lambda c: c.tp)) == {"score": "a function"}
    assert changed(metrics.EpochScore("f_beta", beta=2.0)) == {
        "score": "f_beta",
        "name": "f_beta",
        "beta": 2.0,
    }
