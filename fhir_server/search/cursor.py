"""How a search goes on: the token in a next link.

It holds the whole query and the place reached, encrypted and authenticated (AES-GCM), so that
no criterion - no NIK - stands in a URL, and nobody can make one. It refers to no state.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fhir_server.errors import BadRequest
from fhir_server.search.query import Query, parse

if TYPE_CHECKING:
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.system import Compartment

_NONCE = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INFINITY = {"inf": float("inf"), "-inf": float("-inf")}


def key(secret: str | bytes) -> bytes:
    """Make the 32 bytes of a key from the operator's or the database's secret."""
    given = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(b"fhir-server page link\0" + given).digest()


def seal(query: Query, last: tuple[object, ...], key: bytes) -> str:
    """Give the token for the page after ``last``, the sort values of a page's last match."""
    content = [query.used, [_written(each) for each in last]]
    return seal_state(content, _purpose(query.resource_type or None, query.compartment), key)


def unseal(
    token: str,
    resource_type: str | None,
    key: bytes,
    parameters: Parameters,
    compartment: Compartment | None = None,
) -> Query:
    """Read a token back as the query of its page; raises BadRequest if it is not ours.

    A token of one type or compartment leads nowhere in another.
    """
    pairs, last = unseal_state(token, _purpose(resource_type, compartment), key)
    asked = [(name, value) for name, value in pairs]
    query = parse(resource_type, asked, parameters, compartment=compartment)
    return replace(query, after=tuple(_read(each) for each in last))


def _purpose(resource_type: str | None, compartment: Compartment | None) -> str:
    """Bind a token to what is searched."""
    inside = f" in {'/'.join(compartment)}" if compartment else ""
    return (resource_type or "*") + inside


def seal_state(content: Any, purpose: str, key: bytes) -> str:
    """Give a token for any small JSON, to be read back for the same purpose only."""
    plain = zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, plain, purpose.encode())
    return _text(nonce + sealed)


def unseal_state(token: str, purpose: str, key: bytes) -> Any:
    """Read a token back; raises BadRequest if it is not ours, or of another purpose."""
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        nonce, sealed = content[:_NONCE], content[_NONCE:]
        plain = AESGCM(key).decrypt(nonce, sealed, purpose.encode())
    except (ValueError, InvalidTag):
        raise _not_ours() from None
    if _text(content) != token:
        raise _not_ours()
    return json.loads(zlib.decompress(plain))


def _not_ours() -> BadRequest:
    return BadRequest(
        "This page link was not made by this server, or was changed; begin the search anew."
    )


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _written(value: object) -> Any:
    if isinstance(value, datetime):
        return {"t": (value - _EPOCH) // _MILLISECOND}
    if isinstance(value, float) and value in _INFINITY.values():
        return {"f": str(value)}
    return value


def _read(value: Any) -> object:
    if isinstance(value, dict):
        if "t" in value:
            return _EPOCH + timedelta(milliseconds=value["t"])
        return _INFINITY[value["f"]]
    return value
