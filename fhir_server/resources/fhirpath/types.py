"""is, as and ofType.

https://hl7.org/fhirpath/N1/#types
"""

from __future__ import annotations

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.model import Node, ancestry, is_type
from fhir_server.resources.fhirpath.values import Item, kind_of

SYSTEM = frozenset(
    ("Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any")
)
_NAMESPACES = ("", "FHIR", "System")


def expect(namespace: str, name: str) -> None:
    """Refuse the name of a type that neither FHIR nor FHIRPath has."""
    known = is_type(name) or name in SYSTEM or name == "SimpleQuantity"
    if namespace not in _NAMESPACES or (namespace != "System" and not known):
        raise Inapplicable(f"There is no type {namespace + '.' if namespace else ''}{name}.")


def is_of(item: Item, namespace: str, name: str) -> bool:
    """Say whether the item is of this type or of one derived from it."""
    if isinstance(item, Node):
        return namespace != "System" and item.type is not None and name in ancestry(item.type)
    kind = kind_of(item)
    return namespace != "FHIR" and kind.namespace == "System" and name in {kind.name, "Any"}


def is_exactly(item: Item, namespace: str, name: str) -> bool:
    """Say whether as and ofType let the item pass: a primitive must be of just this type."""
    if isinstance(item, Node) and item.type in PRIMITIVES:
        return namespace != "System" and item.type == name
    return is_of(item, namespace, name)
