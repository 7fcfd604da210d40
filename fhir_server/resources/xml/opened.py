"""An XML element that is still open, and the JSON it becomes when it closes.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from fhir_server.resources.xml.shapes import Kind

if TYPE_CHECKING:
    from fhir_server.resources.xml.shapes import Member, Shape

_ANY = ("id", "url", "value")
_OF_PRIMITIVE = ("id", "value")

_is_number = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch


class _Found:
    """What one name has held so far inside an element: values, and ids with extensions."""

    __slots__ = ("extras", "repeats", "values")

    def __init__(self, *, repeats: bool) -> None:
        self.repeats = repeats
        self.values: list[str | None] = []
        self.extras: list[str | None] = []

    def parts(self, name: str) -> list[str]:
        """Write the JSON members ``name`` and ``_name``."""
        has_extra = any(self.extras)
        written = []
        if not has_extra or any(each is not None for each in self.values):
            written.append(f"{quoted(name)}:{self._joined(self.values)}")
        if has_extra:
            written.append(f"{quoted(f'_{name}')}:{self._joined(self.extras)}")
        return written

    def _joined(self, values: list[str | None]) -> str:
        said = ["null" if each is None else each for each in values]
        return f"[{','.join(said)}]" if self.repeats or len(said) > 1 else said[0]


class Opened:
    """An element that is not closed yet; its JSON text grows as its children close.

    ``member`` is what R4 says of the element, ``shape`` what it says of its elements; None where
    R4 says nothing. What comes too often becomes an array, which the validator refuses.
    """

    __slots__ = ("attributes", "found", "member", "name", "shape", "start", "value")

    def __init__(self, name: str, member: Member | None, shape: Shape | None) -> None:
        self.name = name
        self.member = member
        self.shape = shape
        self.start: list[str] = []
        self.value: str | None = None
        self.found: dict[str, _Found] = {}
        if member is not None and member.kind is Kind.PRIMITIVE:
            self.attributes: tuple[str, ...] = _OF_PRIMITIVE
        elif shape is not None:
            self.attributes = shape.attributes
        else:
            self.attributes = _ANY if member is None else ()

    @property
    def is_holder(self) -> bool:
        """Say whether it holds a resource and nothing else."""
        return self.member is not None and self.member.kind is Kind.RESOURCE

    def take(self, name: str, value: str) -> bool:
        """Take in an attribute; False: there is none of this name."""
        if name not in self.attributes:
            return False
        if name == "value":
            self.value = self._literal(value)
        else:
            self.start.append(f'"{name}":{quoted(value)}')
        return True

    def put(self, name: str, member: Member | None, value: str | None, extra: str | None) -> None:
        """Take in a child: its JSON, and that of its id and extensions if it is a primitive."""
        found = self.found.get(name)
        if found is None:
            repeats = member is not None and member.repeats
            found = self.found[name] = _Found(repeats=repeats)
        found.values.append(value)
        found.extras.append(extra)

    def close(self, parent: Opened) -> None:
        """Become a child of the parent."""
        member = self.member
        if member is not None and member.kind is Kind.PRIMITIVE:
            extra = self._object() if self.start or self.found else None
            parent.put(self.name, member, self.value, extra)
        elif self.is_holder:
            parent.put(self.name, member, self.held(), None)
        elif self.value is not None and not self.found:
            parent.put(self.name, member, self.value, None)
        else:
            parent.put(self.name, member, self._object(), None)

    def held(self) -> str:
        """Give the JSON of the resource in a holder."""
        for found in self.found.values():
            return found.values[0] or "{}"
        return "{}"

    def _object(self) -> str:
        parts = self.start
        for name, found in self.found.items():
            parts += found.parts(name)
        return f"{{{','.join(parts)}}}"

    def _literal(self, value: str) -> str:
        """Write the value as JSON does; what is no number or boolean is left to the validator."""
        if self.member is not None and self.member.bare:
            is_boolean = self.member.type == "boolean"
            if value in {"true", "false"} if is_boolean else _is_number(value):
                return value
        return quoted(value)
