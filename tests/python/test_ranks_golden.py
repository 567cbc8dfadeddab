"""The golden vectors of the losses of ranks and at a constraint."""

import numpy as np
import pytest
from conftest import golden, value_and_gradient

from softkeras import losses
from softkeras.steps import Step


@pytest.mark.parametrize("case", golden("ranks"), ids=lambda c: c["loss"])
def test_value_and_gradient_are_those_of_the_reference(case):
    function = getattr(losses, case["loss"])
    y, w = np.array(case["y_true"]), np.array(case["sample_weight"])
    options = {
        **case["args"],
        "step": Step(**case["step"]),
        "from_logits": case["from_logits"],
    }
    value, gradient = value_and_gradient(
        lambda x: function(y, x, sample_weight=w, **options),
        np.array(case["y_pred"]),
    )
    np.testing.assert_allclose(value, case["value"], 1e-9, 1e-10)
    np.testing.assert_allclose(gradient, case["gradient"], 1e-7, 1e-9)
