"""Access tokens: signed by this server, short-lived, and good for one client.

RFC 9068 in the words it needs: who (``sub``), what for (``scope``), until when (``exp``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHM: Final = "HS256"


class BadToken(ValueError):
    """The token is not ours, was changed, or its time is over."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says; ``expires`` in seconds since 1970; ``number`` by which it is revoked."""

    client: str
    scopes: frozenset[str]
    expires: int
    number: str = ""


def issue(token: Token, key: bytes, *, now: int) -> str:
    """Sign a token."""
    claims = {
        "sub": token.client,
        "scope": " ".join(sorted(token.scopes)),
        "iat": now,
        "exp": token.expires,
        "jti": token.number or secrets.token_urlsafe(12),
    }
    header = {"alg": _ALGORITHM, "typ": "at+jwt"}
    return jwt.encode(header, claims, OctKey.import_key(key))


def read(text: str, key: bytes, *, now: int) -> Token:
    """Read a token of ours; BadToken if it is none or expired."""
    try:
        decoded = jwt.decode(text, OctKey.import_key(key), algorithms=[_ALGORITHM])
        claims = decoded.claims
        scopes = frozenset(claims["scope"].split())
        token = Token(str(claims["sub"]), scopes, int(claims["exp"]), str(claims["jti"]))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadToken("The token is not one of this server's.") from error
    if decoded.header.get("typ") != "at+jwt":
        raise BadToken("The token is not one of this server's.")
    if token.expires <= now:
        raise BadToken("The token has expired; ask for a new one.")
    return token
