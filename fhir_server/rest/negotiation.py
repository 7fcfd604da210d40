"""What may come in and what goes out: media types, ``_format``, ``_pretty``, gzip, sizes.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from werkzeug.http import parse_accept_header, parse_options_header

from fhir_server.errors import BadRequest, NotAcceptable, TooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

Environ = dict[str, Any]

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
COMPRESS_FROM = 2048

_JSON_TYPES = (FHIR_JSON, "application/json", "text/json", "application/json+fhir")
_PATCH_TYPES = ("application/json-patch+json", *_JSON_TYPES)
_FORMATS = {"json": FHIR_JSON} | {name: name for name in _JSON_TYPES}
_VERSIONS = {"4.0", "4.0.1"}
_READABLE = f"This server reads and writes {FHIR_JSON} (fhirVersion 4.0)"


class Form(NamedTuple):
    """How an answer is to be written."""

    media_type: str
    pretty: bool = False


def accepted(environ: Mapping[str, Any]) -> Form:
    """Choose the form of the answer from ``_format``, ``_pretty`` and ``Accept``."""
    query = environ.get("QUERY_STRING", "")
    if "_format" not in query and "_pretty" not in query:
        return Form(_from_accept(environ.get("HTTP_ACCEPT", "")))
    given = dict(parse_qsl(query, keep_blank_values=True))
    pretty = given.get("_pretty", "") == "true"
    if "_format" in given:
        return Form(_from_format(given["_format"]), pretty)
    return Form(_from_accept(environ.get("HTTP_ACCEPT", "")), pretty)


def _from_format(text: str) -> str:
    name, parameters = parse_options_header(text.replace(" ", "+"))
    media_type = _FORMATS.get(name)
    if media_type is None or not _is_our_version(parameters):
        raise NotAcceptable(f"_format={text} is not offered. {_READABLE}: use _format=json.")
    return media_type


@lru_cache(maxsize=256)
def _from_accept(header: str) -> str:
    if not header.strip():
        return FHIR_JSON
    for item, quality in parse_accept_header(header):
        name, parameters = parse_options_header(item)
        if quality <= 0 or not _is_our_version(parameters):
            continue
        if name in {"*/*", "application/*"}:
            return FHIR_JSON
        if name in _FORMATS:
            return name
    raise NotAcceptable(f"Accept: {header} names nothing that is offered. {_READABLE}.")


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
    if not _is_readable(environ["REQUEST_METHOD"], header, is_search=is_search):
        wanted = FORM if is_search else FHIR_JSON
        raise UnsupportedMediaType(
            f"Content-Type: {header} cannot be read here. Send {wanted} in UTF-8."
        )


@lru_cache(maxsize=256)
def _is_readable(method: str, header: str, *, is_search: bool) -> bool:
    name, parameters = parse_options_header(header)
    known = (FORM,) if is_search else _PATCH_TYPES if method == "PATCH" else _JSON_TYPES
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
    return TooLarge(f"The body is larger than {limit} bytes, the limit of this server.")


def written(body: bytes, form: Form) -> bytes:
    """Lay the body out for people if they asked for it."""
    return msgspec.json.format(body, indent=2) if form.pretty and body else body


def compressed(body: bytes, accept_encoding: str) -> bytes | None:
    """Give the body as gzip if that is worth it and the client reads it, or None."""
    if len(body) < COMPRESS_FROM or not _reads_gzip(accept_encoding):
        return None
    return zlib.compress(body, level=1, wbits=31)


@lru_cache(maxsize=256)
def _reads_gzip(header: str) -> bool:
    qualities = dict(parse_accept_header(header))
    return qualities.get("gzip", qualities.get("*", 0)) > 0
