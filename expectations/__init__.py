"""Blocking checks of landed streams, before anything is built from them. Which rule belongs here: ``README.md``."""

from expectations.streams import SUITES
from expectations.validation import ValidationOutcome, validate

__all__ = ["SUITES", "ValidationOutcome", "validate"]
