"""``private_key_jwt``: a client proves itself by a short statement that it has signed.

https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from fhir_server.auth.fetching import Unfetched

if TYPE_CHECKING:
    from fhir_server.auth.clients import Client
    from fhir_server.auth.keys import Published

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ("RS384", "ES384")
LONGEST_SECONDS: Final = 300
SKEW_SECONDS: Final = 30


class BadAssertion(ValueError):
    """The assertion does not prove who sends it; the text says why."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What was signed: by whom, and a number that counts once until it expires."""

    client: str
    number: str
    expires: int


def issuer(text: str) -> str:
    """Read who says to have signed, to find the keys; nothing is proved by it."""
    try:
        return str(json.loads(extract_compact(text.encode()).payload)["iss"])
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAssertion("client_assertion is no signed JWT with an iss.") from error


def keys_of(text: str, client: Client, published: Published) -> KeySet:
    """Give the keys of a client: those that it registered, or those it publishes."""
    try:
        if not client.jwks_url:
            return KeySet.import_key_set(client.jwks)  # type: ignore[arg-type]
        return published.keys(client.jwks_url, extract_compact(text.encode()).headers().get("kid"))
    except Unfetched as error:
        raise BadAssertion(
            "The client's keys cannot be fetched from where it publishes."
        ) from error
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAssertion("The client has no keys to be held against.") from error


def verify(text: str, client: Client, keys: KeySet, audience: str, *, now: int) -> Assertion:
    """Hold an assertion against the keys of a client; ``audience`` is our token endpoint."""
    try:
        claims: dict[str, Any] = jwt.decode(text, keys, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAssertion("The signature is of none of the client's keys.") from error
    if claims.get("iss") != client.id or claims.get("sub") != client.id:
        raise BadAssertion("iss and sub must both be the client's id.")
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise BadAssertion(f"aud must be {audience}.")
    expires, number = claims.get("exp"), claims.get("jti")
    if not isinstance(expires, int) or expires <= now - SKEW_SECONDS:
        raise BadAssertion("exp is over.")
    if expires > now + LONGEST_SECONDS + SKEW_SECONDS:
        raise BadAssertion(f"exp may be at most {LONGEST_SECONDS} seconds ahead.")
    if not isinstance(number, str) or not number:
        raise BadAssertion("jti is missing.")
    return Assertion(client.id, number, expires)
