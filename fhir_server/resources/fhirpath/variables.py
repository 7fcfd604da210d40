"""The variables of an expression: ``%resource``, ``%ucum``, ``%vs-…`` and those of the caller.

https://hl7.org/fhir/R4/fhirpath.html#variables
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.resources.fhirpath.errors import Inapplicable

if TYPE_CHECKING:
    from fhir_server.resources.fhirpath.evaluation import Frame
    from fhir_server.resources.fhirpath.values import Items

SYSTEMS = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_FAMILIES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "cs-": "http://hl7.org/fhir/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


def variable(name: str, frame: Frame) -> Items:
    """Give the value of a variable; raises Inapplicable where nobody set it."""
    world = frame.world
    if name in world.variables:
        value = world.variables[name]
        return value if isinstance(value, list) else [value]
    if name == "context":
        return world.context
    if name in {"resource", "rootResource"}:
        node = world.resource if name == "resource" else world.root
        return [] if node is None else [node]
    if name in SYSTEMS:
        return [SYSTEMS[name]]
    for prefix, base in _FAMILIES.items():
        if name.startswith(prefix):
            return [base + name.removeprefix(prefix)]
    raise Inapplicable(f"There is no variable %{name}.")
