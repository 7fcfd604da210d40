"""Which requests are answered in turn by one thread: those that take no longer than a moment.

Told from the request line, the headers and the size of the body. What is told wrong holds up the
other short requests of the process for as long as it takes, nothing worse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORT: Final = 64 * 1024
"""Bytes of a body that is read, judged and indexed in a moment."""

_FHIR: Final = "/fhir/"
_OTHERS: Final = frozenset(
    {"AuditEvent", "Binary", "Bundle", "CodeSystem", "ConceptMap", "SearchParameter"}
    | {"StructureDefinition", "Subscription", "ValueSet", "metadata"}
)
"""What may be large, or asks more when it is read or written than its own collection."""

_SAID: Final = frozenset({"_id", "_lastUpdated", "_sort"})
"""Names with an underscore that make a search no longer than others."""
_PAGE: Final = 50
_DIGITS: Final = 2

_HEADERS: Final = ("HTTP_X_PROVENANCE", "HTTP_IF_NONE_EXIST", "HTTP_PREFER")


def is_quick(environ: Mapping[str, Any]) -> bool:
    """Tell whether a request, its body read, may be answered in turn.

    Reads of one resource; searches of one type without modifiers, for a short page of matches
    alone; writes of one short resource that declares no profile. All of them in plain JSON.
    """
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if not path.startswith(_FHIR) or "xml" in environ.get("HTTP_ACCEPT", ""):
        return False
    parts = path[len(_FHIR) :].split("/")
    if parts[0] in _OTHERS or not all(part[:1].isalnum() for part in parts):
        return False
    match environ["REQUEST_METHOD"], len(parts):
        case "GET", 1:
            return all(map(_is_plain, query.split("&")))
        case "GET", 2:
            return not query
        case ("POST", 1) | ("PUT", 2):
            return not query and _is_short(environ)
    return False


def _is_plain(criterion: str) -> bool:
    name, _, value = criterion.partition("=")
    if name == "_count":
        return len(value) <= _DIGITS and value.isascii() and value.isdigit() and int(value) <= _PAGE
    if name.startswith("_"):
        return name in _SAID
    return ":" not in name and "%" not in name


def _is_short(environ: Mapping[str, Any]) -> bool:
    if "HTTP_CONTENT_ENCODING" in environ or any(name in environ for name in _HEADERS):
        return False
    body: bytes = environ["wsgi.input"].getvalue()
    is_json = "json" in environ.get("CONTENT_TYPE", "")
    return is_json and len(body) <= SHORT and b'"profile"' not in body
