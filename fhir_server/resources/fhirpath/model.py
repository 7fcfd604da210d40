"""The elements of a document as FHIRPath sees them: each knows its type, its extension, its place.

A collection is a list of items. An item is a ``Node``, which is an element of FHIR, or a value of
FHIRPath itself: bool, int, Decimal, str, Temporal, Quantity, TypeName.

https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fhir_server.resources.definitions import PRIMITIVES, load_definitions
from fhir_server.resources.fhirpath.errors import Inapplicable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PRIMITIVE_BASES = {
    "code": "string",
    "id": "string",
    "markdown": "string",
    "url": "uri",
    "canonical": "uri",
    "uuid": "uri",
    "oid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
}
_GUESSED = {bool: "boolean", int: "integer", str: "string"}
_ELEMENT = {"id": ("id", "string"), "extension": ("extension", "Extension")}


@dataclass(frozen=True, slots=True)
class TypeName:
    """What ``type()`` gives."""

    namespace: str
    name: str


class Node:
    """An element of a document; ``parent``, ``name`` and ``index`` are its place.

    ``value`` is its JSON, ``extra`` what JSON writes beside a primitive as ``_name``. ``type`` is
    the FHIR type, or the path that defines its elements (``Patient.contact``), or None.
    """

    __slots__ = ("extra", "index", "name", "parent", "type", "value")

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        value: Any,
        type: str | None,
        extra: Any = None,
        parent: Node | None = None,
        name: str = "",
        index: int | None = None,
    ) -> None:
        self.value = value
        self.type = type
        self.extra = extra
        self.parent = parent
        self.name = name
        self.index = index

    def path(self) -> str:
        """Write where it is: ``Patient.name[0].given[1]``."""
        if self.parent is None:
            return self.type or ""
        place = "" if self.index is None else f"[{self.index}]"
        return f"{self.parent.path()}.{self.name}{place}"

    def child(self, name: str, *, strict: bool = False) -> list[Node]:
        """Give the children of this name; a choice is named without its type."""
        holder = self.value if isinstance(self.value, dict) else self.extra
        table = fields(self.type)
        found: list[Node] = []
        for written, kind in table.get(name, ()):
            if isinstance(holder, dict) and (written in holder or f"_{written}" in holder):
                found += self._under(holder, written, kind)
        if not found and name not in table:
            return self._unknown(holder, name, strict=strict)
        return found

    def children(self) -> list[Node]:
        """Give all children, in the order they are written."""
        holder = self.value if isinstance(self.value, dict) else self.extra
        if not isinstance(holder, dict):
            return []
        kinds = spellings(self.type)
        found: list[Node] = []
        for key in holder:
            name = key.removeprefix("_")
            if name in kinds and (name == key or name not in holder):
                found += self._under(holder, name, kinds[name])
        return found

    def descendants(self) -> Iterator[Node]:
        """Give children, their children, and so on, each before its own."""
        stack = self.children()[::-1]
        while stack:
            node = stack.pop()
            yield node
            stack += node.children()[::-1]

    def resource(self) -> Node:
        """Give the resource it is in: itself, or the nearest above."""
        node = self
        while node.parent is not None and not is_resource(node.value):
            node = node.parent
        return node

    def _under(self, holder: dict[str, Any], name: str, kind: str) -> list[Node]:
        value, extra = holder.get(name), holder.get(f"_{name}")
        if not isinstance(value, list) and not isinstance(extra, list):
            return [Node(value, _own(value, kind), extra, self, name)]
        values = value if isinstance(value, list) else []
        extras = extra if isinstance(extra, list) else []
        size = max(len(values), len(extras))
        values = [*values, *[None] * (size - len(values))]
        extras = [*extras, *[None] * (size - len(extras))]
        return [
            Node(each, _own(each, kind), beside, self, name, index)
            for index, (each, beside) in enumerate(zip(values, extras, strict=True))
            if each is not None or beside is not None
        ]

    def _unknown(self, holder: Any, name: str, *, strict: bool) -> list[Node]:
        if self.type is None and isinstance(holder, dict) and name in holder:
            return self._under(holder, name, "")
        if name in spellings(self.type) and name not in fields(self.type):
            stem = next(stem for stem, rows in fields(self.type).items() if name in dict(rows))
            raise Inapplicable(f"FHIRPath names {name} without its type: {stem}.")
        if strict and self.type is not None:
            raise Inapplicable(f"{name} is not an element of {self.type}.")
        return []


def root(document: Mapping[str, Any]) -> Node:
    """Make the node of a resource."""
    return Node(document, _own(document, "Resource"))


def is_resource(value: Any) -> bool:
    """Say whether this JSON is a resource."""
    return isinstance(value, dict) and "resourceType" in value


@cache
def fields(kind: str | None) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Give the elements of a type by FHIRPath name: each way JSON may write it, with its type."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, (stem, type_name) in _rows(kind).items():
        found.setdefault(stem, []).append((name, type_name))
    return {name: tuple(rows) for name, rows in found.items()}


@cache
def spellings(kind: str | None) -> Mapping[str, str]:
    """Give the types of a type's elements by JSON name."""
    return {name: type_name for name, (_, type_name) in _rows(kind).items()}


@cache
def ancestry(kind: str) -> tuple[str, ...]:
    """Give a type and those it is derived from: Age, Quantity, Element."""
    found = [kind]
    definitions = load_definitions()
    while True:
        last = found[-1]
        if last in PRIMITIVES:
            found.append(_PRIMITIVE_BASES.get(last, "Element"))
        elif "." in last:
            found.append(
                "BackboneElement" if last.partition(".")[0] in definitions.types else "Element"
            )
        elif is_type(last) and (base := definitions.row(last)["base"]):
            found.append(base)
        else:
            return tuple(found)


def is_type(name: str) -> bool:
    """Say whether FHIR has a type of this name."""
    if name in PRIMITIVES:
        return True
    try:
        load_definitions().row(name)
    except KeyError:
        return False
    return True


@cache
def _rows(kind: str | None) -> dict[str, tuple[str, str]]:
    if kind is None or kind == "Resource":
        return {}
    if kind in PRIMITIVES:
        return {name: (name, row[1]) for name, row in _ELEMENT.items()}
    definitions = load_definitions()
    return {
        name: (element.choice or name, element.type)
        for name, element in definitions.elements(kind).items()
    }


def _own(value: Any, kind: str) -> str | None:
    """Give the type of a value in an element of this type: a resource says its own."""
    if kind not in {"Resource", ""}:
        return kind
    if is_resource(value):
        name = value["resourceType"]
        return name if isinstance(name, str) and is_type(name) else None
    return _GUESSED.get(type(value), "decimal" if isinstance(value, float) else None)
