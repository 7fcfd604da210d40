"""From which SOP field every FHIR element came. Pure.

Nobody writes this table down, so it cannot be wrong: each field is changed in turn, the document
is mapped again, and the elements that change are the field's. What no field moves must be among
the constants the mapping declares.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from fhir_server.mappings.plain import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.mappings import Mapping
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Dokumen


class Element(NamedTuple):
    """One leaf of a resource: its role, its FHIRPath, and the fields that decide it."""

    role: str
    path: str
    fields: tuple[str, ...]
    constant: bool


def trace(mapping: Mapping, document: Dokumen, document_id: str) -> list[Element]:
    """Say for every element that ``document`` becomes where it comes from."""
    written = written_by(mapping, document, document_id)
    leaves = {role: dict(_leaves(each)) for role, each in written.items()}
    origins: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, other in _variants(document):
        for key in _changed(leaves, written_by(mapping, other, document_id)):
            if name not in origins[key]:
                origins[key].append(name)
    return [
        Element(role, path, tuple(origins[role, path]), is_constant(mapping, path))
        for role, found in leaves.items()
        for path in found
    ]


def written_by(mapping: Mapping, document: Dokumen, document_id: str) -> dict[str, Document]:
    """Give the resources of a document as JSON, without meta."""
    return {role: as_json(each) for role, each in mapping.to_fhir(document, document_id).items()}


def is_constant(mapping: Mapping, path: str) -> bool:
    """Say whether a mapping declares an element, or one above it, as decided by no field."""
    parts = [part.partition("[")[0] for part in path.split(".")]
    above = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return parts[-1] == "resourceType" or not above.isdisjoint(mapping.constants)


def _changed(
    leaves: dict[str, dict[str, Any]], others: dict[str, Document]
) -> Iterator[tuple[str, str]]:
    for role, found in leaves.items():
        other = dict(_leaves(others.get(role, {})))
        yield from ((role, path) for path, value in found.items() if other.get(path) != value)


def _leaves(document: Document) -> Iterator[tuple[str, Any]]:
    """Walk to every primitive value, with its FHIRPath (``Patient.name[0].text``)."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield from walk(f"{path}.{key}", each)
        elif isinstance(value, list):
            for place, each in enumerate(value):
                yield from walk(f"{path}[{place}]", each)
        else:
            yield path, value

    for key, value in document.items():
        yield from walk(f"{document['resourceType']}.{key}", value)


def _variants(document: Any) -> Iterator[tuple[str, Any]]:
    """Give the document again and again, one field changed each time, with that field's name."""
    hints = get_type_hints(type(document))
    for each in fields(document):
        for name, value in _altered(getattr(document, each.name), hints[each.name]):
            yield f"{each.name}{name}", replace(document, **{each.name: value})


def _altered(value: Any, hint: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from ((f".{name}", other) for name, other in (*_variants(value), *_ended(value)))
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            for name, other in _altered(each, hint):
                yield f"[{place}]{name}", (*value[:place], other, *value[place + 1 :])
    elif isinstance(value, str) and (codes := _codes(hint)):
        yield from (("", code) for code in codes if code != value)
    elif (other := _other(value)) is not None:
        yield "", other


def _ended(part: Any) -> Iterator[tuple[str, Any]]:
    """Give a part again with a time that was open set, or one that was set open."""
    for each in fields(part):
        value = getattr(part, each.name)
        if each.default is None and isinstance(value, datetime):
            yield each.name, replace(part, **{each.name: None})
        elif value is None and datetime in get_args(get_type_hints(type(part))[each.name]):
            yield each.name, replace(part, **{each.name: datetime(9000, 1, 1, tzinfo=UTC)})


def _codes(hint: Any) -> tuple[str, ...]:
    """Give the values of the first closed code list in a type."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((found for each in get_args(hint) if (found := _codes(each))), ())


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | Decimal():
            return value + 1
        case datetime():
            return value + timedelta(days=1, seconds=1)
        case time():
            return value.replace(minute=(value.minute + 1) % 60)
        case date():
            return value + timedelta(days=1)
        case str():
            return f"{value}x"
        case _:
            return None
