"""Small elements that every mapping writes, and how to read them back.

Writers take plain values and give classes of ``r4b``; what is None writes None. Readers take the
JSON of any resource, also one that no mapping wrote, and give None for what they do not find.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from fhir_server.mappings import r4b

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.resources.wire import Document


def identifier(system: str, value: str | None, use: str | None = None) -> Any:
    """Write an Identifier."""
    return None if value is None else r4b.Identifier(use=use, system=system, value=value)


def concept(system: str, code: str | None, display: str | None = None) -> Any:
    """Write a CodeableConcept of one coding."""
    if code is None:
        return None
    return r4b.CodeableConcept(coding=[r4b.Coding(system=system, code=code, display=display)])


def reference(resource_type: str, resource_id: str | None) -> Any:
    """Write a relative Reference."""
    if resource_id is None:
        return None
    return r4b.Reference(reference=f"{resource_type}/{resource_id}")


def period(start: datetime | date | None, end: datetime | date | None = None) -> Any:
    """Write a Period."""
    return None if start is None and end is None else r4b.Period(start=start, end=end)


def several(*values: Any) -> list[Any] | None:
    """Give what is not None, or None when nothing is left (FHIR has no empty arrays)."""
    return [each for each in values if each is not None] or None


def identifier_of(document: Document, system: str) -> str | None:
    """Read the first identifier of a system; a system that ends in ``/`` means any below it."""
    for each in document.get("identifier", ()):
        found = each.get("system", "")
        if found == system or (system.endswith("/") and found.startswith(system)):
            value: str | None = each.get("value")
            return value
    return None


def code_of(concepts: Document | Iterable[Document] | None, system: str) -> str | None:
    """Read the code of a system from a CodeableConcept, or from the first of several."""
    for each in [concepts] if isinstance(concepts, dict) else concepts or ():
        for coding in each.get("coding", ()):
            if coding.get("system") == system:
                code: str | None = coding.get("code")
                return code
    return None


def codes_of(concepts: Iterable[Document] | None, system: str) -> tuple[str, ...]:
    """Read every code of a system from several CodeableConcepts."""
    found = (code_of(each, system) for each in concepts or ())
    return tuple(each for each in found if each is not None)


def id_of(found: Document | None, resource_type: str | None = None) -> str | None:
    """Read the logical id a Reference points to, if it points to that type."""
    kind, _, resource_id = (found or {}).get("reference", "").rpartition("/")
    if resource_type is not None and kind.rpartition("/")[2] != resource_type:
        return None
    return resource_id or None


def ids_of(found: Iterable[Document] | None, resource_type: str) -> tuple[str, ...]:
    """Read the ids of all References that point to a type."""
    ids = (id_of(each, resource_type) for each in found or ())
    return tuple(each for each in ids if each is not None)


def extension_of(document: Document, url: str) -> Document | None:
    """Read an Extension; the letters' case of its URL's last part does not count."""
    for each in document.get("extension", ()):
        if each.get("url", "").lower() == url.lower():
            found: Document = each
            return found
    return None


def day_of(text: str | None) -> date | None:
    """Read a whole date; a year or a month alone is no date of the SOP."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def instant_of(text: str | None) -> datetime | None:
    """Read a dateTime that has a time and a zone."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
