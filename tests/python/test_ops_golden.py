"""The golden vectors of the ops, which R's tests read too."""

import numpy as np
import pytest
from conftest import golden, to_numpy, value_and_gradient

from softkeras import ops
from softkeras.steps import Step


@pytest.mark.parametrize("case", golden("ops"), ids=lambda case: case["op"])
def test_value_and_gradient_are_those_of_the_reference(case):
    args = dict(case["args"])
    first = next(iter(args))
    x = np.asarray(args.pop(first), "float32")
    if isinstance(args.get("axis"), list):
        args["axis"] = tuple(args["axis"])
    for key in ("step", "surrogate"):
        if isinstance(args.get(key), dict):
            args[key] = Step(**args[key])
    op = getattr(ops, case["op"])
    value, gradient = value_and_gradient(lambda x: op(x, **args), x)
    np.testing.assert_allclose(to_numpy(value), case["value"], 2e-5, 2e-6)
    if case["gradient"] is not None:
        np.testing.assert_allclose(gradient, case["gradient"], 2e-5, 2e-5)
