"""SMART app launch: an app that found the provider by this server signs its user in there.

The app is led to the provider's authorization endpoint. SMART knows one token endpoint, ours, so a
code (or a refresh token) that comes here is exchanged at the provider's, for the provider's tokens.

https://hl7.org/fhir/smart-app-launch/app-launch.html and RFC 7636
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.auth import fetching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.auth.issuers import Issuer

CODE: Final = "authorization_code"
GRANTS: Final = (CODE, "refresh_token")
VERIFIER: Final = "code_verifier"
FORM: Final = (
    *("grant_type", "code", "redirect_uri", "client_id", "client_secret", VERIFIER),
    *("refresh_token", "scope", "client_assertion", "client_assertion_type"),
)
"""What of a request goes on to the provider."""

_SHOWN: Final = ("issuer", "authorization_endpoint", "jwks_uri", "userinfo_endpoint")
_SCOPES: Final = ("openid", "fhirUser", "user/*.cruds", "user/*.rs")
_CAPABILITIES: Final = (
    *("launch-standalone", "client-public", "sso-openid-connect", "permission-user"),
)


def exchanged(
    issuer: Issuer, form: Mapping[str, str], authorization: str | None
) -> tuple[int, dict[str, Any]]:
    """Exchange a code or refresh token; give the provider's status and answer.

    Unfetched if the provider cannot be asked, or answers no JSON object.
    """
    url = str(issuer.described().get("token_endpoint", ""))
    sent = {name: form[name] for name in FORM if name in form}
    return fetching.posted(url, issuer.settings.key_hosts, sent, authorization)


def added(configuration: dict[str, Any], provider: Mapping[str, Any]) -> dict[str, Any]:
    """Say in SMART's configuration where and how people sign in."""
    grants = [GRANTS[0]]
    if "refresh_token" in provider.get("grant_types_supported", ()):
        grants.append("refresh_token")
    return {
        **configuration,
        **{name: provider[name] for name in _SHOWN if name in provider},
        "grant_types_supported": [*configuration["grant_types_supported"], *grants],
        "scopes_supported": [*configuration["scopes_supported"], *_SCOPES],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [*configuration["capabilities"], *_CAPABILITIES],
    }
