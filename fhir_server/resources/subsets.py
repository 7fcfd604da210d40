"""Part of a resource, as ``_elements`` and ``_summary`` ask for it, cut out of its text.

https://hl7.org/fhir/R4/search.html#elements and https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.resources.wire import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fhir_server.resources.definitions import Definitions, Element

_ALWAYS = ("resourceType", "id", "meta", "implicitRules")
_SUBSETTED = (
    b'{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
)


def narrow(
    raw: bytes,
    definitions: Definitions,
    elements: Collection[str],
    summary: str | None,
    *,
    bare: bool = False,
) -> bytes:
    """Keep what is asked for and what R4 requires, and tag the result SUBSETTED.

    ``elements`` are names at the top of the resource, a choice by its stem or in full; they go
    before ``summary``. ``bare``: extensions of a value (``_birthDate``) go, unless R4 requires it.
    """
    parts = pieces(raw)
    known = definitions.elements(parts["resourceType"].decode().strip('"'))
    keeps = _judge(elements, summary)
    chosen = {}
    for name, part in parts.items():
        element = known.get(name.removeprefix("_"))
        wanted = _is_required if bare and name[0] == "_" else keeps
        if name in _ALWAYS or (element is not None and wanted(element)):
            chosen[name] = part
    chosen["meta"] = _tagged(chosen.get("meta", b"{}"))
    return _object(chosen)


def _is_required(element: Element) -> bool:
    return element.minimum > 0


def _judge(elements: Collection[str], summary: str | None) -> Callable[[Element], bool]:
    if elements:
        return lambda each: (
            each.minimum > 0 or each.name in elements or (each.choice or "") in elements
        )
    if summary == "text":
        return lambda each: each.minimum > 0 or each.name == "text"
    if summary == "data":
        return lambda each: each.name != "text"
    return lambda each: each.minimum > 0 or each.summary


def _tagged(meta: bytes) -> bytes:
    parts = pieces(meta)
    tags = parts.get("tag", b"[]")
    parts["tag"] = tags[:-1] + (b"," if tags != b"[]" else b"") + _SUBSETTED + b"]"
    return _object(parts)


def _object(parts: dict[str, bytes]) -> bytes:
    return b"{" + b",".join(b'"%s":%s' % (n.encode(), p) for n, p in parts.items()) + b"}"
