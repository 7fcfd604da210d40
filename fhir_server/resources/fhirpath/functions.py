"""Every function by name: what it does, and how few and how many arguments it takes.

https://hl7.org/fhirpath/N1/#functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.resources.fhirpath import (
    collections,
    conversions,
    elements,
    numbers,
    precision,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fhir_server.resources.fhirpath.values import Items

FUNCTIONS: Mapping[str, tuple[Callable[..., Items], int, int]] = {
    **collections.FUNCTIONS,
    **conversions.FUNCTIONS,
    **elements.FUNCTIONS,
    **numbers.FUNCTIONS,
    **precision.FUNCTIONS,
    **strings.FUNCTIONS,
}
