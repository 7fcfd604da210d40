"""A WSGI request as an interaction's Request, and its Answer back.

``respond`` is the one code path of ``/fhir``: the hot door calls it before Flask sees the
request, the Flask view calls it with the same environ.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from fhir_server import waiting
from fhir_server.errors import BadRequest, MethodNotAllowed
from fhir_server.interactions.request import Answer, Request
from fhir_server.operations import answer
from fhir_server.resources.xml import from_xml
from fhir_server.rest import binaries, negotiation, outcomes, seen, surat
from fhir_server.rest.negotiation import Form

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.rest.gate import Gate

BASE = "/fhir"
LARGE = 64 * 1024
"""Bytes that take more than a moment to compress."""

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_SYSTEM = frozenset({"metadata", "_history", "_search"})
_WORDS = frozenset({"_history", "_search"})
_PLAIN = Form(negotiation.FHIR_JSON)

_SEALED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""A browser may show XML, or what a client stored, as a page: no script of it may run."""


class Headers(Mapping[str, str]):
    """The request's headers by lower-case name, read from the WSGI environ when asked for."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[_environ_key(name)]
        return value

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").lower()
            elif key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                yield key.replace("_", "-").lower()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a header or the default, without an exception on the way."""
        return self._environ.get(_environ_key(name), default)


@lru_cache(maxsize=256)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


def is_below_base(path: str) -> bool:
    """Tell whether a URL path belongs to the FHIR API."""
    return path.startswith("/fhir/") or path == BASE


def shape(path: str, types: Container[str]) -> str:
    """Give the shape of a FHIR path for log and metrics: ``/fhir/Patient/{id}``, never an id."""
    parts = path.rstrip("/").split("/")[2:6]
    if not parts:
        return BASE
    if parts[0] not in types:
        return f"{BASE}/{parts[0]}" if parts[0] in _SYSTEM else f"{BASE}/{{other}}"
    kept = [part if part in _WORDS else "{id}" for part in parts[1:]]
    return "/".join([BASE, parts[0], *kept])


def respond(gate: Gate, environ: dict[str, Any]) -> Answer:
    """Answer one request below ``/fhir``; never raises."""
    form, context = _PLAIN, gate.context
    trail = context.store.trail
    access = seen.begun(trail, environ)
    try:
        context = gate.entered(environ)
        if access is not None:
            access.who = context.principal
        letter = surat.wanted(environ)
        form = _PLAIN if letter else negotiation.accepted(environ)
        request = _request(context, environ)
        if b"_format" in request.body and request.path.endswith("_search"):
            form = negotiation.accepted_in_form(environ, request.body)
        if context.store is context.store.unguarded:
            given = answer(context, request)
        else:  # its rights are looked up
            given = waiting.aside(partial(answer, context, request))
        seen.ended(trail, access, environ, given.status, body=given.body, form=request.body)
        if letter is not None and given.status == 200:
            given = surat.of_document(context, given.body, letter)
        if form.is_xml or form.pretty or form.is_content:
            given = _laid_out(context, given, form)
    except Exception as error:  # noqa: BLE001 - every failure has an answer, a bug too
        given = _laid_out(context, _failure(error, environ), form)
        seen.refused(trail, access, environ, given.status)
    return _finished(given, form, environ)


def _failure(error: Exception, environ: Mapping[str, Any]) -> Answer:
    if isinstance(error, MethodNotAllowed) and environ["REQUEST_METHOD"] == "OPTIONS":
        head = ("HEAD",) if "GET" in error.allow else ()
        return Answer(204, b"", {"Allow": ", ".join((*error.allow, *head, "OPTIONS"))})
    language = environ.get("HTTP_ACCEPT_LANGUAGE", "")
    return outcomes.failure(error, language, environ["fhir_server.request_id"])


def _laid_out(context: Context, given: Answer, form: Form) -> Answer:
    """Write the JSON of an answer as it was asked for; what has a type of its own stays."""
    if form.is_content:
        return binaries.content(given)
    if not given.body or "Content-Type" in given.headers:
        return given
    body = negotiation.written(given.body, form, context.definitions)
    return Answer(given.status, body, given.headers)


def _request(context: Context, environ: dict[str, Any]) -> Request:
    method = environ["REQUEST_METHOD"]
    path = environ["PATH_INFO"]
    settings = context.settings
    return Request(
        method="GET" if method == "HEAD" else method,
        path=(path if path.isascii() else _utf8(path))[6:].removesuffix("/"),
        base=settings.base_url or _base(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "")),
        query=environ["QUERY_STRING"],
        headers=Headers(environ),
        body=b"" if method == "GET" else _body(context, environ),
    )


def _body(context: Context, environ: dict[str, Any]) -> bytes:
    """Read the body; a resource in XML becomes JSON, and its Content-Type with it."""
    settings = context.settings
    content_type = environ.get("CONTENT_TYPE", "")
    if negotiation.is_json(content_type):
        return negotiation.body_of(environ, settings.body_limit)
    is_xml = negotiation.is_xml(content_type)
    body = negotiation.body_of(environ, settings.xml_limit if is_xml else settings.body_limit)
    if body and is_xml:
        body = from_xml(body, context.definitions, settings.depth_limit)
    elif body and binaries.is_target(environ):
        body = binaries.resource(environ, body)
    else:
        return body
    environ["CONTENT_TYPE"] = negotiation.FHIR_JSON
    return body


def _utf8(path: str) -> str:
    try:
        return path.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise BadRequest("The path of the URL is not UTF-8.") from None


@lru_cache(maxsize=256)
def _base(scheme: str, host: str) -> str:
    if not _HOST.fullmatch(host):
        raise BadRequest("The Host header is not the name of a host.")
    return f"{scheme}://{host}{BASE}"


def _finished(given: Answer, form: Form, environ: Mapping[str, Any]) -> Answer:
    """Set what every answer carries: type, length, coding, the request's id; no cache keeps it."""
    media_type = f"{form.media_type}; charset=utf-8"
    headers = {"Cache-Control": "no-store", "Content-Type": media_type, **given.headers}
    headers["X-Request-Id"] = environ["fhir_server.request_id"]
    if form.is_xml or "Content-Type" in given.headers:
        headers = {**_SEALED, **headers}
    if given.parts is not None:
        parts = () if environ["REQUEST_METHOD"] == "HEAD" else given.parts
        return Answer(given.status, b"", headers, parts)
    body = given.body
    if not body:
        del headers["Content-Type"]
        return Answer(given.status, b"", headers)
    headers["Vary"] = "Accept, Accept-Encoding"
    coding = environ.get("HTTP_ACCEPT_ENCODING", "")
    if coding and len(body) > LARGE:
        packed = waiting.aside(partial(negotiation.compressed, body, coding))
    else:
        packed = negotiation.compressed(body, coding)
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
        body = packed
    headers["Content-Length"] = str(len(body))
    return Answer(given.status, b"" if environ["REQUEST_METHOD"] == "HEAD" else body, headers)
