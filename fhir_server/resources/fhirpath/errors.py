"""Why an expression has no value: it cannot be read, it cannot be applied, or it costs too much.

https://hl7.org/fhirpath/N1/
"""

from __future__ import annotations


class FhirPathError(ValueError):
    """The expression gave no result; the message says why."""


class Unreadable(FhirPathError):
    """The text is not FHIRPath."""


class Inapplicable(FhirPathError):
    """The expression is FHIRPath, but not of values such as these."""


class TooCostly(FhirPathError):
    """The evaluation passed one of its limits."""
