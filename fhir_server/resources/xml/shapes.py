"""What XML must know of a type: which elements are attributes, what they hold, their order.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.resources.definitions import Definitions, Element

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

_BARE = frozenset({"boolean", "decimal", "integer", "positiveInt", "unsignedInt"})


class Kind(Enum):
    """How an element is written."""

    ATTRIBUTE = "attribute"
    PRIMITIVE = "element with a value"
    COMPLEX = "element with elements"
    RESOURCE = "element with a resource"
    XHTML = "div"


class Member(NamedTuple):
    """An element of a type; ``bare``: JSON writes its value without quotes."""

    name: str
    kind: Kind
    type: str
    repeats: bool
    bare: bool
    rank: int


class Shape(NamedTuple):
    """A type: its elements by JSON name (``_birthDate`` is one with ``birthDate``)."""

    path: str
    members: Mapping[str, Member]
    ranks: Mapping[str, int]
    attributes: tuple[str, ...]


@cache
def shape(definitions: Definitions, path: str) -> Shape:
    """Give the shape of a resource type, a data type or an element with elements."""
    is_resource = path in definitions.types
    members = {
        name: _member(element, rank, is_resource=is_resource)
        for rank, (name, element) in enumerate(definitions.elements(path).items())
    }
    ranks = {"resourceType": -1} if is_resource else {}
    for name, member in members.items():
        ranks[name] = ranks[f"_{name}"] = member.rank
    attributes = tuple(n for n, member in members.items() if member.kind is Kind.ATTRIBUTE)
    return Shape(path, members, ranks, attributes)


def _member(element: Element, rank: int, *, is_resource: bool) -> Member:
    if (element.name == "id" and not is_resource) or element.path == "Extension.url":
        kind = Kind.ATTRIBUTE
    elif element.type == "xhtml":
        kind = Kind.XHTML
    elif element.is_primitive:
        kind = Kind.PRIMITIVE
    else:
        kind = Kind.RESOURCE if element.type == "Resource" else Kind.COMPLEX
    bare = element.type in _BARE
    return Member(element.name, kind, element.type, element.repeats, bare, rank)
