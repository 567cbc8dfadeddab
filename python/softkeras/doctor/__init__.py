"""The doctor: why does my loss not train?"""

from softkeras.doctor.diagnose import diagnose
from softkeras.doctor.report import DiagnosisError, Finding, Report

__all__ = ["DiagnosisError", "Finding", "Report", "diagnose"]
