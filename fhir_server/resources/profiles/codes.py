"""Codes that R4 itself binds: extensible bindings, and required ones that are too large to list.

``resources.validate`` judges the required bindings that can be listed.

https://hl7.org/fhir/R4/terminologies.html#strength
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fhir_server.resources.profiles.tree import elements
from fhir_server.resources.profiles.values import codings_of
from fhir_server.resources.profiles.wording import brief, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fhir_server.errors import Issue, Severity
    from fhir_server.resources.definitions import Definitions, Element
    from fhir_server.resources.wire import Document

    Member = Callable[[str, Mapping[str, Any]], bool | None]


class _Field(NamedTuple):
    """What matters of an element here: its name, type, and the value set it is bound to."""

    shown: str
    type: str
    url: str | None
    required: bool


def judge_codes(document: Document, definitions: Definitions, member: Member) -> list[Issue]:
    """List the codes of a valid resource that lie outside of what R4 binds them to."""
    kind = document["resourceType"]
    return list(_object(document, kind, kind, definitions, member))


def _object(
    value: dict[str, Any], path: str, at: str, definitions: Definitions, member: Member
) -> Iterator[Issue]:
    fields = _fields(definitions, path)
    for name, inner in value.items():
        known = fields.get(name)
        if known is None:
            continue
        here = f"{at}.{known.shown}"
        several = isinstance(inner, list)
        for number, each in enumerate(inner if several else [inner]):
            there = f"{here}[{number}]" if several else here
            if known.url is not None:
                yield from _bound(each, known, there, member)
            if isinstance(each, dict):
                kind = each.get("resourceType", "") if known.type == "Resource" else known.type
                yield from _object(each, kind, there, definitions, member)


def _bound(value: Any, known: _Field, at: str, member: Member) -> Iterator[Issue]:
    url = known.url or ""
    codings = list(codings_of(value))
    answers = [member(url, each) for each in codings]
    if not answers or True in answers:
        return
    shown = ", ".join(brief(each) for each in codings)
    severity: Severity = "warning" if known.required else "information"
    if None in answers:
        yield said("unsure", at, severity=severity, value=shown, right=url)
    else:
        severity = "error" if known.required else "warning"
        yield said("code", at, severity=severity, value=shown, right=url)


@cache
def _fields(definitions: Definitions, path: str) -> dict[str, _Field]:
    """Give the elements of a type that are bound, or have elements of their own."""
    found: dict[str, _Field] = {}
    for name, element in elements(path, definitions).items():
        url, required = _binding(element, definitions)
        if url is not None or not element.is_primitive:
            found[name] = _Field(element.choice or name, element.type, url, required)
    return found


def _binding(element: Element, definitions: Definitions) -> tuple[str | None, bool]:
    if element.codes is not None:
        listed = element.codes in definitions.value_sets
        return (None if listed else element.codes), True
    row = definitions.row(element.path.partition(".")[0])["elements"].get(element.path, {})
    return row.get("extensible"), False
