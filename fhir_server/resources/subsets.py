"""Part of a resource, as ``_elements`` and ``_summary`` ask for it, cut out of its text.

https://hl7.org/fhir/R4/search.html#elements and https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fhir_server.resources.wire import pieces

if TYPE_CHECKING:
    from collections.abc import Collection

    from fhir_server.resources.definitions import Definitions

_CHOICE = re.compile(r"([a-z]+)[A-Z][A-Za-z0-9]*")
_ALWAYS = ("resourceType", "id", "meta", "implicitRules")
_SUBSETTED = (
    b'{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
)


def narrow(
    raw: bytes, definitions: Definitions, elements: Collection[str], summary: str | None
) -> bytes:
    """Keep what is asked for and what R4 requires, and tag the result SUBSETTED.

    ``elements`` are names at the top of the resource; they go before ``summary``.
    """
    parts = pieces(raw)
    resource_type = parts["resourceType"].decode().strip('"')
    if summary == "data" and not elements:
        kept = set(parts) - {"text"}
    elif elements:
        kept = {*elements, *definitions.mandatory(resource_type)}
    elif summary == "text":
        kept = {"text", *definitions.mandatory(resource_type)}
    elif summary == "true":
        kept = {*definitions.summary(resource_type), *definitions.mandatory(resource_type)}
    else:
        return raw
    chosen = {name: part for name, part in parts.items() if _is_kept(name, kept)}
    chosen["meta"] = _tagged(chosen.get("meta", b"{}"))
    return b"{" + b",".join(b'"%s":%s' % (n.encode(), p) for n, p in chosen.items()) + b"}"


def _is_kept(name: str, kept: Collection[str]) -> bool:
    plain = name.removeprefix("_")
    if plain in _ALWAYS or plain in kept:
        return True
    stem = _CHOICE.match(plain)  # valueQuantity is asked for as value
    return stem is not None and stem[1] in kept


def _tagged(meta: bytes) -> bytes:
    parts = pieces(meta)
    tags = parts.get("tag", b"[]")
    parts["tag"] = tags[:-1] + (b"," if tags != b"[]" else b"") + _SUBSETTED + b"]"
    return b"{" + b",".join(b'"%s":%s' % (n.encode(), p) for n, p in parts.items()) + b"}"
