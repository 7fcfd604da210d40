"""A registered client: who it is, what it may, and how it proves itself.

The secret is kept as scrypt's digest (RFC 7914) with a salt of its own; public keys are a JWKS,
or the address of one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fhir_server.auth.principals import Principal

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.auth.principals import Reach

_COST: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Client:
    """One client. ``digest`` is the secret's, None where it signs; ``revoked``: it may no more."""

    id: str
    scopes: frozenset[str]
    created: datetime
    organization: str | None = None
    person: str | None = None
    reach: Reach = "everything"
    digest: bytes | None = None
    jwks: dict[str, Any] = field(default_factory=dict)
    jwks_url: str = ""
    revoked: datetime | None = None

    def principal(self, scopes: frozenset[str] | None = None) -> Principal:
        """Say who asks when this client does, perhaps with fewer rights than it has."""
        given = self.scopes if scopes is None else scopes
        return Principal(self.id, given, self.organization, self.person, self.reach)


def new_secret() -> str:
    """Make a secret that cannot be guessed."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Digest a secret for keeping."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + hashlib.scrypt(secret.encode(), salt=salt, **_COST)


def is_secret(client: Client, secret: str) -> bool:
    """Hold a secret against what is kept, in a time that does not depend on it."""
    if client.digest is None:
        return False
    salt, kept = client.digest[:_SALT_BYTES], client.digest[_SALT_BYTES:]
    return hmac.compare_digest(hashlib.scrypt(secret.encode(), salt=salt, **_COST), kept)
