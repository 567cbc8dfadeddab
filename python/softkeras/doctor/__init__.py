"""The doctor: why does my loss not train?"""

from softkeras.doctor.differentiable import (
    Differentiability,
    DifferentiabilityTable,
    differentiable,
)

__all__ = ["Differentiability", "DifferentiabilityTable", "differentiable"]
