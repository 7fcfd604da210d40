"""The FHIRPath constraints of profiles, evaluated where they stand in a document.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fhir_server.resources.fhirpath import FhirPathError, Hooks, Node, compiled, root

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

_STEP = re.compile(r"\.(\w+)(?:\[(\d+)\])?")


def holds(expression: str, document: Document, path: str, hooks: Hooks) -> bool | None:
    """Say whether a constraint is true at ``path`` (``.name[0]``); None if nobody can say."""
    try:
        node = located(document, path)
        values = None if node is None else compiled(expression).values(node, hooks=hooks)
    except FhirPathError:
        return None
    return None if values is None else bool(values) and values[0] is not False


def located(document: Document, path: str) -> Node | None:
    """Find an element of a document by the path that issues name it with."""
    node = root(document)
    for name, number in _STEP.findall(path):
        found = list(node.child(name))
        place = int(number or 0)
        if place >= len(found):
            return None
        node = found[place]
    return node
