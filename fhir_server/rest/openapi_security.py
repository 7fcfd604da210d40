"""What the OpenAPI description says of tokens: how one is had, and who is refused.

https://spec.openapis.org/oas/v3.0.3#security-scheme-object
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

SCHEME: Final = "token"
PUBLIC: Final = frozenset({"/fhir/metadata"})
"""What is answered without a token."""

SCOPES: Final = {
    "system/*.cruds": "everything that the client's registration allows",
    "system/*.rs": "read and search",
    "user/*.cruds": "what the role of the person who signed in allows",
}
REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "401": ("Unauthenticated", "No token, or one that is not good (any more)"),
    "403": ("Forbidden", "The token does not reach as far, or the resource is not there for it"),
}


def secured(description: Json) -> Json:
    """Add the scheme, and to every operation that asks for a token how it refuses."""
    components = description["components"]
    flow = {"tokenUrl": "/oauth2/token", "scopes": dict(SCOPES)}
    says = (
        "SMART on FHIR backend services: client credentials, by secret or private_key_jwt. Until a "
        "client is registered or an identity provider set, the server answers without a token, on "
        "the loopback address only."
    )
    scheme = {"type": "oauth2", "description": says, "flows": {"clientCredentials": flow}}
    failure = components["responses"]["Failure"]
    refusals = {name: {**failure, "description": words} for name, words in REFUSALS.values()}
    components["responses"] = {**components["responses"], **refusals}
    components["securitySchemes"] = {SCHEME: scheme}
    for path, item in description["paths"].items():
        for operation in (each for name, each in item.items() if name != "parameters"):
            _secure(path, operation)
    return {**description, "security": [{}, {SCHEME: []}]}


def _secure(path: str, operation: Json) -> None:
    if path in PUBLIC:
        operation["security"] = []
        return
    answers = operation["responses"]
    for status, (name, _) in REFUSALS.items():
        answers[status] = {"$ref": f"#/components/responses/{name}"}
