"""Bundles as bytes: taken apart and put together without touching the resources in them.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import orjson

from fhir_server.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable


class EntryRequest(msgspec.Struct, rename="camel"):
    """Bundle.entry.request."""

    method: str = ""
    url: str = ""
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_none_exist: str | None = None


class Entry(msgspec.Struct, rename="camel"):
    """Bundle.entry of a batch or transaction; ``resource`` is its text, empty if there is none."""

    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    request: EntryRequest | None = None


class _Bundle(msgspec.Struct):
    entry: list[Entry] = []


_decoder = msgspec.json.Decoder(_Bundle)


def split(raw: bytes) -> list[Entry]:
    """Take the entries out of a batch or transaction, white space outside of strings removed."""
    try:
        return _decoder.decode(msgspec.json.format(raw, indent=-1)).entry
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not a Bundle: {error}") from error


def quoted(text: str) -> bytes:
    """Write a JSON string."""
    return orjson.dumps(text)


def join(
    bundle_type: str,
    entries: Iterable[bytes],
    *,
    links: Iterable[tuple[str, str]] = (),
    total: int | None = None,
) -> bytes:
    """Write a Bundle around entries that are JSON already."""
    head = b'{"resourceType":"Bundle","type":"%s"' % bundle_type.encode()
    if total is not None:
        head += b',"total":%d' % total
    relations = [{"relation": relation, "url": url} for relation, url in links]
    if relations:
        head += b',"link":' + orjson.dumps(relations)
    body = b",".join(entries)
    return head + (b',"entry":[' + body + b"]}" if body else b"}")
