"""Which requests are answered on the event loop: those that take it no longer than a moment.

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

_LONG: Final = ("_count", "_include", "_revinclude", "_explain", "_total", "_summary", "_page")
_LONG_WORDS: Final = (":in", ":not-in", ":above", ":below", "%3A", "_filter", "_list", "_has")
_FORMS: Final = ("_format", "_pretty")
_HEADERS: Final = ("HTTP_X_PROVENANCE", "HTTP_IF_NONE_EXIST", "HTTP_PREFER")


def is_quick(environ: Mapping[str, Any]) -> bool:
    """Tell whether a request, its body read, may be answered on the event loop.

    Reads of one resource; writes of one short resource that declares no profile; searches of one
    type for a page of the usual size, without terminology. All of them in plain JSON.
    """
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if not path.startswith(_FHIR) or "xml" in environ.get("HTTP_ACCEPT", ""):
        return False
    parts = path[len(_FHIR) :].split("/")
    if parts[0] in _OTHERS or not all(part[:1].isalnum() for part in parts):
        return False
    match environ["REQUEST_METHOD"], len(parts):
        case "GET", 1:
            return not any(word in query for word in (*_LONG, *_LONG_WORDS, *_FORMS))
        case "GET", 2:
            return not query
        case ("POST", 1) | ("PUT", 2):
            return not query and _is_short(environ)
    return False


def _is_short(environ: Mapping[str, Any]) -> bool:
    if "HTTP_CONTENT_ENCODING" in environ or any(name in environ for name in _HEADERS):
        return False
    body: bytes = environ["wsgi.input"].getvalue()
    is_json = "json" in environ.get("CONTENT_TYPE", "")
    return is_json and len(body) <= SHORT and b'"profile"' not in body
