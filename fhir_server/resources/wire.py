"""Bytes to document and back, without losing what the client wrote.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from fhir_server.errors import BadRequest

Document = dict[str, Any]

_pieces = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Text:
    """The JSON of a resource, complete but for ``meta.versionId`` and ``meta.lastUpdated``.

    ``at`` is the place inside ``meta`` where those two belong; everything else is as the client
    wrote it: the order of elements, ``1.00``, any Unicode. Only white space is gone.
    """

    raw: bytes
    at: int

    def stamped(self, version: int, moment: datetime) -> bytes:
        """Give the bytes to serve for one version."""
        raw, at = self.raw, self.at
        stamp = b'"versionId":"%d","lastUpdated":"%s"' % (version, instant(moment).encode())
        return raw[:at] + stamp + raw[at:]


def instant(moment: datetime) -> str:
    """Write an aware datetime as a FHIR instant in UTC, to the millisecond the store keeps."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )


def pieces(raw: bytes) -> dict[str, bytes]:
    """Split a JSON object at its top level, each value as the bytes it was written in."""
    try:
        return {key: bytes(value) for key, value in _pieces.decode(raw).items()}
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not a JSON object: {error}") from error


def text(raw: bytes, resource_id: str) -> Text:
    """Set the logical id and open ``meta`` for the stamp; ``raw`` must be a valid resource."""
    parts = pieces(msgspec.json.format(raw, indent=-1))
    parts["id"] = b'"%s"' % resource_id.encode()
    meta = pieces(parts.get("meta", b"{}"))
    meta.pop("versionId", None)
    meta.pop("lastUpdated", None)
    kept = b"".join(b',"%s":%s' % (key.encode(), value) for key, value in meta.items())
    order = ["resourceType", "id", "meta", *parts]
    head = b""
    at = 0
    for key in dict.fromkeys(order if "meta" not in parts else ["resourceType", "id", *parts]):
        head += b',"%s":' % key.encode() if head else b'{"%s":' % key.encode()
        if key == "meta":
            at = len(head) + 1
            head += b"{%s}" % kept
        else:
            head += parts[key]
    return Text(head + b"}", at)


def dump(document: Document) -> bytes:
    """Write a document of our own making."""
    return orjson.dumps(document)
