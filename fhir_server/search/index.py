"""The index of one resource: every search parameter of its type, evaluated once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document
    from fhir_server.search.parameters import Parameters

Index = dict[str, Any]


def index(document: Document, parameters: Parameters) -> Index:
    """Evaluate every search parameter of the resource type; the document must be valid R4.

    What comes back is stored as ``ix``; a parameter that finds nothing is not in it.
    """
    ix: Index = {}
    parameters.compiled(document["resourceType"]).index(document, ix)
    return ix
