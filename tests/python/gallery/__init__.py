"""Losses, activations, layers and models that the doctor is judged by.

`BROKEN` holds those of real questions, each with the finding that is expected;
`HEALTHY` those that must come out without one, so that false alarms count too.
The files are by what is wrong: `gradients` (none, zero, partly zero),
`numerics` (not finite, float16), `directions` (the step, custom gradients),
`batches` (shapes, rows, weights), `modes` (eager, graph, XLA) and `variables`
(layers and models). `keras_losses`, `keras_activations`, `softkeras_cases` and
`custom_losses` are healthy. `test_gallery_cases.py` and
`test_gallery_healthy.py` prove by NumPy and the backends alone that each case
is what it is said to be: the doctor has no part in it.

To add a broken case, find the question, write the function anew in the shape
that it has there, put the link and what was asked above it, and say what the
doctor must find:

    # https://github.com/keras-team/keras/issues/4175
    # K.round(y_pred) in a custom loss: "None values not supported".
    @broken("gradient_none", where="round", remedy="soft_round")
    def rounded_error(y_true, y_pred):
        return ops.mean(ops.square(y_true - ops.round(y_pred)), axis=-1)

Then run `pytest tests/python/test_gallery_cases.py`, also with
KERAS_BACKEND=jax: it fails if the case is not broken in that way. Where the
fault needs a certain point, give it with `show=`; where the doctor could not
guess the shapes, say `given=True`, and it gets the arrays of `form`. A healthy
case is `@healthy("binary")` above a function, or `add(...)` of an object, with
what is true of it and may be said in `infos`, and `is_exact=False` where its
gradient is not the derivative, on purpose.
"""

from gallery import (
    batches,
    custom_losses,
    directions,
    gradients,
    keras_activations,
    keras_losses,
    modes,
    numerics,
    softkeras_cases,
    variables,
)
from gallery._case import BROKEN, HEALTHY

__all__ = [
    "BROKEN",
    "HEALTHY",
    "batches",
    "custom_losses",
    "directions",
    "gradients",
    "keras_activations",
    "keras_losses",
    "modes",
    "numerics",
    "softkeras_cases",
    "variables",
]
