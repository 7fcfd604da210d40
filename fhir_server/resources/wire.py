"""Bytes to document and back, without losing what the client wrote.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from fhir_server.errors import BadRequest
from fhir_server.resources.bindings import nearest, quoted
from fhir_server.resources.definitions import load_definitions

Document = dict[str, Any]

DEPTH_LIMIT = 64

_CODEC_DEPTH = 254
"""Deeper than this orjson does not write."""

_AMBIGUOUS = (b"\\u0022", b"\\u003a", b"\\u003A")
"""A quote or a colon, escaped: the number of ``":`` no longer tells the number of names."""

_own = threading.local()
_pieces = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Head(msgspec.Struct):
    resourceType: str  # noqa: N815
    id: msgspec.Raw = msgspec.Raw(b"")
    meta: msgspec.Raw = msgspec.Raw(b"")


_head = msgspec.json.Decoder(_Head)


class Text(msgspec.Struct, frozen=True):
    """The JSON of a resource, complete but for ``meta.versionId`` and ``meta.lastUpdated``.

    ``at`` is the place inside ``meta`` where those two belong; everything else is as the client
    wrote it: the order of elements, ``1.00``, any Unicode. Only white space is gone.
    """

    raw: bytes
    at: int

    def stamped(self, version: int, moment: datetime) -> bytes:
        """Give the bytes to serve for one version."""
        raw, at = self.raw, self.at
        stamp = f'"versionId":"{version}","lastUpdated":"{instant(moment)}"'
        return b"".join((raw[:at], stamp.encode(), raw[at:]))


def instant(moment: datetime) -> str:
    """Write an aware datetime as a FHIR instant in UTC, to the millisecond the store keeps."""
    written = moment.isoformat(timespec="milliseconds")
    if not written.endswith("+00:00"):
        written = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return written[:-6] + "Z"


def parse(body: bytes, depth_limit: int = DEPTH_LIMIT) -> Document:
    """Read a resource, strictly: JSON as RFC 8259 has it, no name twice, a type that R4 knows.

    Raises BadRequest, with line and column where the text is no JSON.
    """
    document = decode(body, depth_limit)
    if not isinstance(document, dict):
        raise BadRequest(
            f"The body is a JSON {_kind(document)}; a resource is an object.",
            indonesian="Isi permintaan bukan objek JSON; resource harus berupa objek.",
        )
    _expect_type(document)
    return document


def decode(body: bytes, depth_limit: int = DEPTH_LIMIT) -> Any:
    """Read any JSON as strictly as a resource, such as the operations of a JSON Patch."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(body, error) from error
    compact = _written(document, depth_limit)
    if compact != body:
        _expect_unique_names(body, compact)
    return document


def pieces(raw: bytes) -> dict[str, bytes]:
    """Split a JSON object at its top level, each value as the bytes it was written in."""
    try:
        return {key: bytes(value) for key, value in _pieces.decode(raw).items()}
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not a JSON object: {error}") from error


def text(raw: bytes, resource_id: str, *, tidy: bool = False, bare: str = "") -> Text:
    """Set the logical id and open ``meta`` for the stamp; ``raw`` must be a valid resource.

    ``id`` and ``meta`` stay where they were written, or come after ``resourceType``. ``tidy`` says
    that there is no white space outside of strings; ``bare`` is the type of a resource that has
    neither ``id`` nor ``meta``.
    """
    if not tidy:
        raw = msgspec.json.format(raw, indent=-1)
    if bare and raw.startswith(start := b'{"resourceType":"%b"' % bare.encode()):
        opened = b'%b,"id":"%b","meta":{' % (start, resource_id.encode())
        return Text(b"".join((opened, b"}", raw[len(start) :])), len(opened))
    head = _head.decode(raw)
    start = b'{"resourceType":"%b"' % head.resourceType.encode()
    old_id = b',"id":%b' % head.id if head.id else b""
    old_meta = b',"meta":%b' % head.meta if head.meta else b""
    if not raw.startswith(start + old_id + old_meta):
        return _spliced(raw, resource_id)
    opened = b'%b,"id":"%b","meta":{' % (start, resource_id.encode())
    rest = raw[len(start) + len(old_id) + len(old_meta) :]
    return Text(b"".join((opened, _kept(bytes(head.meta)), b"}", rest)), len(opened))


def dump(document: Document) -> bytes:
    """Write a document of our own making."""
    return orjson.dumps(document)


def _spliced(tidy: bytes, resource_id: str) -> Text:
    parts: dict[str, Any] = _pieces.decode(tidy)
    order = list(parts)
    front = [name for name in ("resourceType", "id", "meta") if name not in parts]
    place = order.index("resourceType") + 1
    order[place:place] = front
    written = bytearray(b"{")
    at = 0
    for name in order:
        written += b'%b"%b":' % (b"," if len(written) > 1 else b"", name.encode())
        if name == "id":
            written += b'"%b"' % resource_id.encode()
        elif name == "meta":
            at = len(written) + 1
            written += b"{%b}" % _kept(bytes(parts.get("meta", b"{}")))
        else:
            written += parts[name]
    return Text(bytes(written + b"}"), at)


def _kept(meta: bytes) -> bytes:
    """Give what of ``meta`` comes after the stamp, with its comma."""
    if len(meta) <= 2:
        return b""
    if b'"versionId"' not in meta and b'"lastUpdated"' not in meta and b"\\" not in meta:
        return b"," + meta[1:-1]
    own = {"versionId", "lastUpdated"}
    parts = [(name, value) for name, value in pieces(meta).items() if name not in own]
    return b"".join(b',"%b":%b' % (name.encode(), value) for name, value in parts)


def _expect_type(document: Document) -> None:
    name = document.get("resourceType")
    if type(name) is str and name in load_definitions().types:
        return
    if name is None:
        raise BadRequest(
            'The body has no "resourceType"; a FHIR resource names its type there.',
            indonesian='Isi permintaan tidak memuat "resourceType", nama tipe resource FHIR.',
        )
    near = nearest(str(name), tuple(sorted(load_definitions().types)))
    raise BadRequest(
        f'"{str(name)[:64]}" is not a resource type of R4'
        + (f"; did you mean {quoted(near)}?" if near else "."),
        expression="resourceType",
        indonesian=f'"{str(name)[:64]}" bukan tipe resource R4'
        + (f"; maksudnya {quoted(near)}?" if near else "."),
    )


def _expect_unique_names(body: bytes, compact: bytes) -> None:
    """Refuse an object that has a name twice, at any depth.

    ``compact`` was written from what was read, so it has every name once. If it is the text of
    the client without white space, nothing was lost. Where numbers or escapes are written
    otherwise, the number of ``":`` tells: what is lost takes one with it.
    """
    tidy = msgspec.json.format(body, indent=-1)
    if tidy == compact:
        return
    plain = b"\\u" not in tidy or not any(escape in tidy for escape in _AMBIGUOUS)
    if not plain or tidy.count(b'":') != compact.count(b'":'):
        json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        met = Counter(name for name, _ in pairs)
        twice = met.most_common(1)[0][0][:64]
        raise BadRequest(
            f'"{twice}" occurs twice in one JSON object; an element that repeats is an array.',
            indonesian=f'"{twice}" muncul dua kali dalam satu objek JSON; '
            "elemen yang berulang ditulis sebagai array.",
        )
    return found


def _written(document: Any, depth_limit: int) -> bytes:
    """Write the document again, as deep as it may be.

    orjson writes ``_CODEC_DEPTH`` levels and no more. The document is laid into as many arrays as
    bring it to that depth, so the codec itself counts.
    """
    arrays = max(_CODEC_DEPTH - depth_limit, 1)
    nest, hollow = _nest(arrays)
    hollow[0] = document
    try:
        return orjson.dumps(nest)[arrays:-arrays]
    except TypeError as error:
        raise _too_deep(depth_limit) from error
    finally:
        hollow[0] = None


def _nest(arrays: int) -> tuple[list[Any], list[Any]]:
    """Give this thread's arrays in arrays: the outermost, and the innermost with its one place."""
    nests: dict[Any, tuple[list[Any], list[Any]]] = _own.__dict__
    if arrays not in nests:
        hollow: list[Any] = [None]
        nest = hollow
        for _ in range(arrays - 1):
            nest = [nest]
        nests[arrays] = (nest, hollow)
    return nests[arrays]


def _too_deep(limit: int) -> BadRequest:
    limit = min(limit, _CODEC_DEPTH - 1)
    return BadRequest(
        f"The body is nested deeper than {limit} levels (FHIR_DEPTH_LIMIT).",
        indonesian=f"Isi permintaan bersarang lebih dari {limit} tingkat.",
    )


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> BadRequest:
    line, column, reason = error.lineno, error.colno, error.msg
    try:
        body.decode()
    except UnicodeDecodeError as broken:
        before = body[: broken.start]
        line = before.count(b"\n") + 1
        column = broken.start - before.rfind(b"\n")
        reason = "the text is not UTF-8"
    return BadRequest(
        f"The body is not JSON at line {line}, column {column}: {reason}.",
        indonesian=f"Isi permintaan bukan JSON pada baris {line}, kolom {column}: {reason}.",
    )


def _kind(value: Any) -> str:
    return {list: "array", str: "string", type(None): "null", bool: "boolean"}.get(
        type(value), "number"
    )
