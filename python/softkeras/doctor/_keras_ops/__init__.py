"""What is put into each op of keras.ops to see whether it has a gradient.

Data, apart from the code that runs them: `GROUPS` holds the cases of each op,
by the headings of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softkeras.doctor._keras_ops import (
    algebra,
    arrays,
    control,
    elementwise,
    images,
    neural,
    plain,
    reductions,
)
from softkeras.doctor._keras_ops.case import Case

GROUPS: dict[str, Mapping[str, Any]] = {
    "Arithmetic and functions of one number": elementwise.ARITHMETIC,
    "Activations": elementwise.ACTIVATION | neural.SOFTMAX,
    "Rounding, comparing and casting": elementwise.ROUNDING_AND_COMPARING,
    "Choosing": elementwise.SELECTING,
    "Reductions": reductions.REDUCTIONS | arrays.SEGMENTED,
    "Sorting, counting and indices": reductions.SORTING,
    "Losses": neural.LOSSES,
    "Normalisation and attention": neural.NORMALISATION | neural.ATTENTION,
    "Convolution and pooling": neural.CONVOLUTION,
    "Images": images.IMAGES,
    "Products of arrays": algebra.PRODUCTS,
    "Matrices": algebra.MATRICES,
    "Signals": algebra.SIGNALS,
    "Moving and copying": arrays.MOVING,
    "Loops, branches and functions": control.CONTROL,
    "Making arrays": arrays.MAKING,
    "Without floats": dict.fromkeys(plain.WITHOUT_FLOATS, ()),
}
OF_OP = {
    name: (group, (cases,) if isinstance(cases, Case) else cases)
    for group, of_group in GROUPS.items()
    for name, cases in of_group.items()
}
REPLACEMENTS = plain.REPLACEMENTS
WITHOUT_FLOATS = plain.WITHOUT_FLOATS
