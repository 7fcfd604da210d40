"""People by OpenID Connect: tokens that a provider of the operator's choice has signed.

The provider says who signed in (``fhirUser``) and what the application may do for them (``user/``
scopes); what of the records that opens is decided here, by their role.

https://openid.net/specs/openid-connect-discovery-1_0.html and
https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from fhir_server.auth.fetching import Unfetched
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import of_user

if TYPE_CHECKING:
    from fhir_server.auth.keys import Published
    from fhir_server.config import Settings

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384")
SKEW_SECONDS: Final = 30
DISCOVERY: Final = "/.well-known/openid-configuration"
_PERSON = re.compile(r"Practitioner/[A-Za-z0-9\-.]{1,64}")


class BadUser(ValueError):
    """The token of a person is not good; the text says why."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The provider that this server trusts; ``url`` is empty where there is none."""

    settings: Settings
    published: Published

    @property
    def url(self) -> str:
        """The name of the provider, as its tokens give it."""
        return self.settings.oidc_issuer.rstrip("/")

    def signed(self, text: str) -> bool:
        """Tell whether a token says to be this provider's; nothing is proved by it."""
        return bool(self.url) and str(_unproved(text).get("iss", "")).rstrip("/") == self.url

    def described(self) -> dict[str, Any]:
        """Give the provider's own description, with its endpoints."""
        found = self.published.document(self.url + DISCOVERY)
        if str(found.get("issuer", "")).rstrip("/") != self.url:
            raise Unfetched(f"{self.url} describes another issuer than itself.")
        return found

    def principal(self, text: str, *, now: int) -> Principal:
        """Say who a token speaks for; BadUser if it is not good here."""
        claims = self._claims(text)
        self._check(claims, now)
        person = self._person(claims)
        subject = f"{person} ({claims.get('azp') or claims.get('client_id') or 'app'})"
        scopes = claims.get("scope") or ""
        given = scopes if isinstance(scopes, list) else str(scopes).split()
        return Principal(subject, of_user(frozenset(map(str, given))), None, person, "role")

    def _claims(self, text: str) -> dict[str, Any]:
        try:
            kid = extract_compact(text.encode()).headers().get("kid")
            keys = self.published.keys(str(self.described()["jwks_uri"]), kid)
            return dict(jwt.decode(text, keys, algorithms=list(ALGORITHMS)).claims)
        except (Unfetched, KeyError) as error:
            raise BadUser("The keys of the identity provider cannot be fetched.") from error
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise BadUser("The token is not signed by the identity provider.") from error

    def _check(self, claims: dict[str, Any], now: int) -> None:
        audiences = claims.get("aud")
        given = audiences if isinstance(audiences, list) else [audiences]
        if self.settings.oidc_audience not in given:
            raise BadUser("The token is for somebody else: aud is not FHIR_OIDC_AUDIENCE.")
        if str(claims.get("iss", "")).rstrip("/") != self.url:
            raise BadUser("The token is of another issuer.")
        if not isinstance(claims.get("exp"), int) or claims["exp"] <= now - SKEW_SECONDS:
            raise BadUser("The token has expired; sign in again.")
        begins = claims.get("nbf", 0)
        if not isinstance(begins, int) or begins > now + SKEW_SECONDS:
            raise BadUser("The token is not good yet.")

    def _person(self, claims: dict[str, Any]) -> str:
        """Read who signed in; a Practitioner of another server is nobody here."""
        said = str(claims.get(self.settings.oidc_user_claim) or "")
        base = self.settings.base_url
        name = said.removeprefix(f"{base}/") if base else said
        if not _PERSON.fullmatch(name):
            claim = self.settings.oidc_user_claim
            raise BadUser(f"{claim} names no Practitioner of this server: Practitioner/its-id.")
        return name


def _unproved(text: str) -> dict[str, Any]:
    try:
        found = json.loads(extract_compact(text.encode()).payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
