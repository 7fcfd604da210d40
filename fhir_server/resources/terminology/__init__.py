"""Terminology: code systems, value sets and maps, and what can be asked of them. Pure.

https://hl7.org/fhir/R4/terminology-module.html
"""

from fhir_server.resources.terminology.bundled import bundled
from fhir_server.resources.terminology.expansion import Wanted
from fhir_server.resources.terminology.terminology import Terminology

__all__ = ["Terminology", "Wanted", "bundled"]
