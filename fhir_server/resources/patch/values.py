"""The value of an operation: a ``value[x]``, a resource, or parts that make an element.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.resources.definitions import Element, load_definitions


@dataclass(frozen=True, slots=True)
class Value:
    """A value with what JSON writes beside it; ``kind`` as in ``valueQuantity``, or empty."""

    value: Any
    extra: Any = None
    kind: str = ""

    @property
    def pair(self) -> tuple[Any, Any]:
        """Give value and extension, as they are written."""
        return self.value, self.extra


def value_of(part: dict[str, Any], owner: str | None, name: str) -> Value | None:
    """Read the value of a part, which is for this element of its owner; None if it has none."""
    for key in part:
        stem = key.removeprefix("_")
        if stem.startswith("value") and stem != "value":
            return Value(part.get(stem), part.get(f"_{stem}"), stem.removeprefix("value"))
    if "resource" in part:
        return Value(part["resource"])
    parts = part.get("part")
    if not isinstance(parts, list) or not parts:
        return None
    element = _elements(owner).get(name)
    return Value(_built(parts, element.type if element else None))


def key_of(owner: str | None, name: str, value: Value) -> str | None:
    """Give the JSON name of an element for a value of this type; None if there is none."""
    rows = _elements(owner)
    element = rows.get(name)
    stem = name
    if element is not None:
        if element.choice is None:
            return name
        stem = element.choice
    if stem + value.kind in rows and rows[stem + value.kind].choice == stem:
        return stem + value.kind
    return name if element is not None or not rows else None


def repeats(owner: str | None, key: str) -> bool:
    """Say whether the element is written as an array."""
    element = _elements(owner).get(key)
    return element is not None and element.repeats


def _built(parts: list[Any], kind: str | None) -> dict[str, Any]:
    """Make an element of parts, each named as one of its children."""
    made: dict[str, Any] = {}
    for part in parts:
        name = part.get("name") if isinstance(part, dict) else None
        value = value_of(part, kind, name) if isinstance(name, str) else None
        if not isinstance(name, str) or value is None:
            continue
        key = key_of(kind, name, value) or name
        for each, content in ((key, value.value), (f"_{key}", value.extra)):
            if content is None:
                continue
            if repeats(kind, key):
                made.setdefault(each, []).append(content)
            else:
                made[each] = content
    return made


def _elements(kind: str | None) -> dict[str, Element]:
    if kind is None:
        return {}
    try:
        return dict(load_definitions().elements(kind))
    except KeyError:
        return dict(load_definitions().elements("Element"))
