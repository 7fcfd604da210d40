"""JSON text to XML, elements in the order of the definitions.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from fhir_server.errors import NotAcceptable
from fhir_server.resources.xml import narrative
from fhir_server.resources.xml.shapes import FHIR, Kind, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.xml.shapes import Member, Shape

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_escaped = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"} | {
    char: f"&#{ord(char)};" for char in "\t\n\r"
}
_special = re.compile('[&<>"\x00-\x1f\ufffe\uffff]')


def to_xml(raw: bytes, definitions: Definitions, *, pretty: bool = False) -> bytes:
    """Write a resource, given as its JSON text; ``pretty`` lays it out for people.

    Raises NotAcceptable where it holds what R4 does not define, which XML cannot express.
    """
    document = json.loads(raw, parse_int=str, parse_float=str)
    writer = _Writer(definitions)
    try:
        writer.resource(document, "\n" if pretty else "", f' xmlns="{FHIR}"')
    except (KeyError, TypeError, AttributeError) as error:
        raise NotAcceptable(
            "This resource holds something that R4 does not define, so XML cannot express it: "
            "use _format=json.",
            indonesian="Resource ini memuat sesuatu di luar R4 sehingga tidak dapat ditulis "
            "sebagai XML: gunakan _format=json.",
        ) from error
    return "".join((_DECLARATION, *writer.parts)).encode()


class _Writer:
    """Collects the parts of one document; ``line`` is the line break and indent, or nothing."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.parts: list[str] = []

    def resource(self, value: dict[str, Any], line: str, space: str = "") -> None:
        """Write a resource as the element of its type."""
        name = value["resourceType"]
        self._element(name + space, name, value, shape(self._definitions, name), line)

    def _element(
        self, start: str, name: str, value: dict[str, Any], known: Shape, line: str
    ) -> None:
        """Write an element with elements; ``start`` is its name and attributes."""
        parts = self.parts
        opening = len(parts)
        parts.append(f"{line}<{start}>")
        self._members(value, known, f"{line}  " if line else "")
        if len(parts) == opening + 1:
            parts[opening] = f"{line}<{start}/>"
        else:
            parts.append(f"{line}</{name}>")

    def _members(self, value: dict[str, Any], known: Shape, line: str) -> None:
        ranks, members = known.ranks, known.members
        for name in sorted(value, key=ranks.__getitem__):
            member = members.get(name)
            if member is None:
                if name == "resourceType" or name[1:] in value:
                    continue
                member = members[name[1:]]
            if member.kind is Kind.PRIMITIVE:
                for one, more in _pairs(value, member):
                    self._primitive(member.name, one, more, line)
            elif member.kind is not Kind.ATTRIBUTE:
                for one in value[name] if member.repeats else (value[name],):
                    self._complex(member, one, line)

    def _primitive(self, name: str, one: Any, more: dict[str, Any] | None, line: str) -> None:
        said = "" if one is None else f' value="{_text(one)}"'
        if not more:
            self.parts.append(f"{line}<{name}{said}/>")
            return
        known = shape(self._definitions, "Element")
        self._element(f"{name}{_attributes(more, known)}{said}", name, more, known, line)

    def _complex(self, member: Member, one: Any, line: str) -> None:
        name = member.name
        if member.kind is Kind.XHTML:
            self.parts.append(f"{line}{narrative.written(one)}")
        elif member.kind is Kind.RESOURCE:
            self.parts.append(f"{line}<{name}>")
            self.resource(one, f"{line}  " if line else "")
            self.parts.append(f"{line}</{name}>")
        else:
            known = shape(self._definitions, member.type)
            self._element(f"{name}{_attributes(one, known)}", name, one, known, line)


def _pairs(value: dict[str, Any], member: Member) -> Iterator[tuple[Any, Any]]:
    """Give each value of a primitive with its id and extensions."""
    ones, mores = value.get(member.name), value.get(f"_{member.name}")
    if not member.repeats:
        yield ones, mores
        return
    length = max(len(ones or ()), len(mores or ()))
    ones = ones or [None] * length
    mores = mores or [None] * length
    yield from zip(ones, mores, strict=False)


def _attributes(value: dict[str, Any], known: Shape) -> str:
    return "".join(f' {name}="{_text(value[name])}"' for name in known.attributes if name in value)


def _text(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return _special.sub(_escape, value)


def _escape(found: re.Match[str]) -> str:
    return _escaped.get(found.group(), _UNREADABLE)
