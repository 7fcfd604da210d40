"""What may come in and what goes out: media types, ``_format``, ``_pretty``, gzip, sizes.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from werkzeug.http import parse_accept_header, parse_options_header

from fhir_server.errors import BadRequest, NotAcceptable, TooLarge, UnsupportedMediaType
from fhir_server.remembering import remembered
from fhir_server.resources.xml import to_xml
from fhir_server.rest import binaries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.resources.definitions import Definitions

Environ = dict[str, Any]

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
FORM = "application/x-www-form-urlencoded"
COMPRESS_FROM = 2048

_JSON_TYPES = (FHIR_JSON, "application/json", "text/json", "application/json+fhir")
_XML_TYPES = (FHIR_XML, "application/xml", "text/xml", "application/xml+fhir")
_OF_RESOURCES = (*_JSON_TYPES, *_XML_TYPES)
_PATCH_TYPES = ("application/json-patch+json", *_OF_RESOURCES)
_FORMATS = {"json": FHIR_JSON, "xml": FHIR_XML} | {name: name for name in _OF_RESOURCES}
_OF_BROWSERS = frozenset({"application/xml", "text/xml"})
_OF_OWN_TYPE = (binaries.PATH, "/fhir/_jobs/")
_VERSIONS = {"4.0", "4.0.1"}
_READABLE = f"This server reads and writes {FHIR_JSON} and {FHIR_XML} (fhirVersion 4.0)"


class Form(NamedTuple):
    """How an answer is to be written."""

    media_type: str
    pretty: bool = False
    is_xml: bool = False
    is_content: bool = False


def accepted(environ: Mapping[str, Any]) -> Form:
    """Choose the form of the answer from ``_format``, ``_pretty`` and ``Accept``.

    Who accepts anything is answered in the format of the body.
    """
    if environ["PATH_INFO"].startswith(_OF_OWN_TYPE):
        return _of_own_type(environ)
    return _chosen(environ)


def accepted_in_form(environ: Mapping[str, Any], body: bytes) -> Form:
    """Choose the form of the answer to a search whose form body names the ``_format``."""
    query = "&".join(filter(None, (body.decode("latin-1"), environ.get("QUERY_STRING", ""))))
    return _chosen({**environ, "QUERY_STRING": query})


def _of_own_type(environ: Mapping[str, Any]) -> Form:
    """Refuse no ``Accept`` where content of any type may lie; failures are JSON then."""
    try:
        return Form(FHIR_JSON, is_content=True) if _wants_content(environ) else _chosen(environ)
    except NotAcceptable:
        return Form(FHIR_JSON)


def _chosen(environ: Mapping[str, Any]) -> Form:
    accept, content_type = environ.get("HTTP_ACCEPT", ""), environ.get("CONTENT_TYPE", "")
    query = environ.get("QUERY_STRING", "")
    if "_format" not in query and "_pretty" not in query:
        return _from_accept(accept, is_xml(content_type))
    given = dict(parse_qsl(query, keep_blank_values=True))
    if "_format" in given:
        form = _from_format(given["_format"])
    else:
        form = _from_accept(accept, is_xml(content_type))
    return form._replace(pretty=given.get("_pretty", "") == "true")


def _wants_content(environ: Mapping[str, Any]) -> bool:
    """Tell whether a Binary is read as what it carries: always, unless a format is named."""
    if not binaries.is_content(environ) or "_format" in environ.get("QUERY_STRING", ""):
        return False
    accept = environ.get("HTTP_ACCEPT", "")
    named = {parse_options_header(item)[0] for item, _ in parse_accept_header(accept)}
    return "text/html" in named or named.isdisjoint(_OF_RESOURCES)


def _from_format(text: str) -> Form:
    name, parameters = parse_options_header(text.replace(" ", "+"))
    media_type = _FORMATS.get(name)
    if media_type is None or not _is_our_version(parameters):
        raise NotAcceptable(f"_format={text} is not offered. {_READABLE}: use _format=json or xml.")
    return Form(media_type, is_xml=media_type in _XML_TYPES)


@remembered(256)
def _from_accept(header: str, is_sent_xml: bool) -> Form:  # noqa: FBT001
    default = Form(FHIR_XML, is_xml=True) if is_sent_xml else Form(FHIR_JSON)
    if not header.strip():
        return default
    is_browser = "text/html" in header  # which names XML, and shows JSON better
    for item, quality in parse_accept_header(header):
        name, parameters = parse_options_header(item)
        if quality <= 0 or not _is_our_version(parameters) or (is_browser and name in _OF_BROWSERS):
            continue
        if name in {"*/*", "application/*"}:
            return default
        if name in _OF_RESOURCES:
            return Form(name, is_xml=name in _XML_TYPES)
    raise NotAcceptable(f"Accept: {header} names nothing that is offered. {_READABLE}.")


@remembered(256)
def is_json(content_type: str) -> bool:
    """Tell whether a body of this type is a resource in JSON; so is one of no type."""
    return parse_options_header(content_type)[0] in {"", *_JSON_TYPES}


@remembered(256)
def is_xml(content_type: str) -> bool:
    """Tell whether a body of this type is a resource in XML."""
    return parse_options_header(content_type)[0] in _XML_TYPES


def _is_our_version(parameters: Mapping[str, str]) -> bool:
    lowered = {key.lower(): value for key, value in parameters.items()}
    return (
        lowered.get("fhirversion", "4.0") in _VERSIONS
        and lowered.get("charset", "utf-8").lower() == "utf-8"
    )


def body_of(environ: Mapping[str, Any], limit: int) -> bytes:
    """Read the body; refuse what is too large early, and formats this server does not read."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    if length and not length.isdecimal():
        raise BadRequest(f"Content-Length: {length} is not a number.")
    if length and int(length) > limit:
        raise _too_large(limit)
    body: bytes = environ["wsgi.input"].read(int(length) if length else limit + 1)
    if len(body) > limit:
        raise _too_large(limit)
    if not body:
        return b""
    _check_content_type(environ)
    return _decoded(environ.get("HTTP_CONTENT_ENCODING", "").lower(), body, limit)


def _check_content_type(environ: Mapping[str, Any]) -> None:
    header = environ.get("CONTENT_TYPE", "")
    is_search = environ["PATH_INFO"].endswith("/_search")
    is_unnamed = not header and "HTTP_ORIGIN" in environ  # a page may send it without asking
    if is_unnamed or not _is_readable(header, environ["REQUEST_METHOD"], is_search=is_search):
        if binaries.is_target(environ):
            return
        wanted = FORM if is_search else f"{FHIR_JSON} or {FHIR_XML}"
        raise UnsupportedMediaType(
            f"Content-Type: {header} cannot be read here. Send {wanted} in UTF-8."
        )


@remembered(256)
def _is_readable(header: str, method: str, *, is_search: bool) -> bool:
    name, parameters = parse_options_header(header)
    known = (FORM,) if is_search else _PATCH_TYPES if method == "PATCH" else _OF_RESOURCES
    return name in {"", *known} and _is_our_version(parameters)


def _decoded(encoding: str, body: bytes, limit: int) -> bytes:
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType(f"Content-Encoding: {encoding} cannot be read. Send gzip.")
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"The body is not gzip: {error}.") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise BadRequest("The gzip body ends too early.")
    return plain


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {limit} bytes, the limit of this server (FHIR_BODY_LIMIT; of XML "
        "FHIR_XML_LIMIT)."
    )


def written(body: bytes, form: Form, definitions: Definitions) -> bytes:
    """Write the body, which is JSON, in the form that is asked for."""
    if form.is_xml:
        return to_xml(body, definitions, pretty=form.pretty)
    return msgspec.json.format(body, indent=2) if form.pretty else body


def compressed(body: bytes, accept_encoding: str) -> bytes | None:
    """Give the body as gzip if that is worth it and the client reads it, or None."""
    if len(body) < COMPRESS_FROM or not _reads_gzip(accept_encoding):
        return None
    return zlib.compress(body, level=1, wbits=31)


@remembered(256)
def _reads_gzip(header: str) -> bool:
    qualities = dict(parse_accept_header(header))
    return qualities.get("gzip", qualities.get("*", 0)) > 0
