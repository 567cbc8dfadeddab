"""The doctor: why does my loss not train?"""

from softkeras.doctor.diagnose import diagnose
from softkeras.doctor.differentiable import (
    Differentiability,
    DifferentiabilityTable,
    differentiable,
)
from softkeras.doctor.report import DiagnosisError, Finding, Report

__all__ = [
    "DiagnosisError",
    "Differentiability",
    "DifferentiabilityTable",
    "Finding",
    "Report",
    "diagnose",
    "differentiable",
]
