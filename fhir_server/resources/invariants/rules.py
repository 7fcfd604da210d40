"""Which invariants are about an element: those of its types, and those of its place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from fhir_server.resources.fhirpath import FhirPathError, Hooks, Node, compiled
from fhir_server.resources.fhirpath.evaluation import HOOKS, truth
from fhir_server.resources.fhirpath.model import ancestry

if TYPE_CHECKING:
    from fhir_server.resources.definitions import Definitions

CORRECTED = {
    "que-7": "operator = 'exists' implies (answer is boolean)",
}
"""What R4 wrote otherwise than it meant: its answer is a boolean of FHIR, not of FHIRPath."""

SOFTER = {"txt-2"}
"""Errors of R4 that are warnings here: HL7's own examples break them, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant; ``severity`` is error or warning."""

    key: str
    severity: str
    human: str
    expression: str


def holds(expression: str, node: Node, hooks: Hooks = HOOKS) -> bool | None:
    """Say whether an expression is true of an element; None where it does not tell.

    It does not tell where it is empty, cannot be read, or asks what nobody here knows.
    """
    try:
        return truth(compiled(expression).items(node, hooks=hooks))
    except FhirPathError:
        return None


def rules_at(node: Node, definitions: Definitions) -> tuple[Rule, ...]:
    """Give the invariants about this element."""
    if node.type is None:
        return ()
    owner = node.parent.type if node.parent is not None else None
    return _rules(definitions, node.type, owner, node.name)


def rules_of(path: str, definitions: Definitions) -> tuple[Rule, ...]:
    """Give the invariants that R4 states at a type or element, not those of its bases."""
    return tuple(
        Rule(key, "warning" if key in SOFTER else severity, human, CORRECTED.get(key, expression))
        for key, severity, human, expression in definitions.invariants.get(path, ())
    )


@cache
def _rules(definitions: Definitions, kind: str, owner: str | None, name: str) -> tuple[Rule, ...]:
    paths = list(ancestry(kind))
    element = definitions.elements(owner).get(name) if owner and owner[0].isupper() else None
    if element is not None and element.path not in paths:
        paths.append(element.path)
    return tuple(rule for path in paths for rule in rules_of(path, definitions))
