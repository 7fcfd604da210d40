"""``/oauth2`` for systems: tokens, what they are worth, giving them back; where SMART looks for it.

Client credentials, proved by a secret or by a signed assertion (``private_key_jwt``); a code of the
identity provider, where there is one, is exchanged there.

https://hl7.org/fhir/smart-app-launch/backend-services.html, RFC 6749 §4.4 and §5.2, RFC 7662,
RFC 7009
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from fhir_server.auth import assertions, launch, tokens
from fhir_server.auth.clients import is_secret
from fhir_server.auth.fetching import Unfetched
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL, UnknownScope, within
from fhir_server.errors import FhirError, TooManyRequests, Unauthenticated
from fhir_server.rest import seen
from fhir_server.rest.gate import TOKEN_KEY
from fhir_server.store import traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.auth.clients import Client
    from fhir_server.context import Context
    from fhir_server.rest.gate import Gate

PATH = "/oauth2/token"
INTROSPECTION, REVOCATION = "/oauth2/introspect", "/oauth2/revoke"
LONGEST_NAME = 64
SAID = ("scope", "expires_in", "active", "client_id")
"""What of an answer stands in the audit trail; a token does not."""

CONFIGURATION = "/fhir/.well-known/smart-configuration"


class Refused(Exception):
    """The token endpoint says no: an error code of RFC 6749 and why."""

    def __init__(self, error: str, says: str, status: int = 400, wait: int = 0) -> None:
        super().__init__(says)
        self.error, self.says, self.status, self.wait = error, says, status, wait


def register(app: Flask, context: Context, gate: Gate) -> None:
    """Serve the token endpoint and its neighbours, and SMART's configuration."""

    def token() -> Response:
        return answered(_granted)

    def introspection() -> Response:
        return answered(_introspected)

    def revocation() -> Response:
        return answered(_revoked)

    def answered(what: Callable[[Context, Gate], dict[str, Any]]) -> Response:
        trail, environ = context.store.trail, request.environ
        access = seen.begun(trail, environ)
        try:
            given = what(context, gate)
            said = {name: str(given[name]) for name in SAID if name in given}
            seen.signed_in(trail, access, environ, 200, said)
            return _unstored(jsonify(given))
        except Refused as refusal:
            seen.signed_in(trail, access, environ, refusal.status, {"error": refusal.error})
            return _unstored(_refused(refusal))
        except FhirError as error:
            seen.refused(trail, access, environ, error.status)
            raise

    def configuration() -> Response:
        return jsonify(_with_people(described(_base(context)), gate))

    app.add_url_rule(PATH, "token", token, methods=["POST"])
    app.add_url_rule(INTROSPECTION, "introspect", introspection, methods=["POST"])
    app.add_url_rule(REVOCATION, "revoke", revocation, methods=["POST"])
    app.add_url_rule(CONFIGURATION, "smart", configuration)


def _refused(refusal: Refused) -> Response:
    answer = jsonify(error=refusal.error, error_description=refusal.says)
    answer.status_code = refusal.status
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="fhir-server"'
    if refusal.wait:
        answer.headers["Retry-After"] = str(refusal.wait)
    return answer


def described(base: str) -> dict[str, Any]:
    """Say where and how a token is had."""
    return {
        "token_endpoint": base + PATH,
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": list(assertions.ALGORITHMS),
        "introspection_endpoint": base + INTROSPECTION,
        "revocation_endpoint": base + REVOCATION,
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["system/*.cruds", "system/*.rs", "system/Task.rs?owner=…"],
        "capabilities": [
            "client-confidential-symmetric",
            "client-confidential-asymmetric",
            "permission-v1",
            "permission-v2",
        ],
    }


def _with_people(configuration: dict[str, Any], gate: Gate) -> dict[str, Any]:
    """Say where people sign in, if they do."""
    if not gate.issuer.url:
        return configuration
    try:
        return launch.added(configuration, gate.issuer.described())
    except Unfetched:
        return {**configuration, "issuer": gate.issuer.url}


def _introspected(context: Context, gate: Gate) -> dict[str, Any]:
    """Say what a token is worth, to the client that has it or to one without limits."""
    client = _proved(context, gate)
    try:
        token = gate.token(request.form.get("token", ""))
    except Unauthenticated:
        return {"active": False}
    owner = gate.registry.find(token.client)
    is_whole = client.reach == "everything" and ALL in client.scopes
    is_ours = client.id == token.client or is_whole
    if owner is None or not is_ours:
        return {"active": False}
    named = {"organization": owner.organization, "fhirUser": owner.person}
    return {
        "active": True,
        "client_id": token.client,
        "sub": token.client,
        "scope": " ".join(sorted(token.scopes)),
        "exp": token.expires,
        "token_type": "Bearer",
        **{name: value for name, value in named.items() if value},
    }


def _revoked(context: Context, gate: Gate) -> dict[str, Any]:
    """Take a token back from the client that has it; what is no token is none afterwards either."""
    client = _proved(context, gate)
    try:
        token = gate.token(request.form.get("token", ""))
    except Unauthenticated:
        return {}
    if token.client == client.id:
        context.store.clients.revoke(token.number, token.expires)
    return {}


def _exchanged(gate: Gate) -> dict[str, Any]:
    """Exchange a code at the provider that signed somebody in (SMART app launch)."""
    _asks_as(Principal(request.form.get("client_id", "")[:LONGEST_NAME]))
    if request.form["grant_type"] == launch.CODE and not request.form.get(launch.VERIFIER):
        raise Refused("invalid_request", "An app proves itself by PKCE: code_verifier is missing.")
    address = request.remote_addr or ""
    try:
        gate.failing.take(address, cost=0)
        header = request.headers.get("Authorization")
        status, found = launch.exchanged(gate.issuer, request.form, header)
        if status >= 400:
            gate.failing.take(address)
    except TooManyRequests as error:
        raise Refused("slow_down", error.issues[0].diagnostics, 429, error.wait) from error
    except Unfetched as error:
        says = "The identity provider does not answer; try again."
        raise Refused("temporarily_unavailable", says, 503, 5) from error
    if status != 200:
        code = str(found.get("error", "invalid_grant"))
        says = str(found.get("error_description", "The identity provider refused."))
        raise Refused(code, says, 401 if status == 401 else 400)
    return found


def _granted(context: Context, gate: Gate) -> dict[str, Any]:
    if gate.issuer.url and request.form.get("grant_type") in launch.GRANTS:
        return _exchanged(gate)
    if request.form.get("grant_type") != "client_credentials":
        raise Refused("unsupported_grant_type", "grant_type must be client_credentials.")
    client = _proved(context, gate)
    asked = request.form.get("scope", "").split()
    scopes = frozenset(asked) or client.scopes
    try:
        allowed = within(scopes, client.scopes)
    except UnknownScope as error:
        raise Refused("invalid_scope", str(error)) from error
    if not allowed:
        granted = " ".join(sorted(client.scopes))
        raise Refused("invalid_scope", f"This client was granted {granted}, and no more.")
    now, seconds = int(time.time()), context.settings.token_minutes * 60
    made = tokens.Token(client.id, scopes, now + seconds)
    return {
        "access_token": tokens.issue(made, context.store.secret(TOKEN_KEY), now=now),
        "token_type": "bearer",
        "expires_in": seconds,
        "scope": " ".join(sorted(scopes)),
    }


def _proved(context: Context, gate: Gate) -> Client:
    """Know the client by its proof; who fails too often has to wait."""
    address = request.remote_addr or ""
    try:
        gate.failing.take(address, cost=0)
        return _recognized(context, gate)
    except TooManyRequests as error:
        raise Refused("slow_down", error.issues[0].diagnostics, 429, error.wait) from error
    except Refused as refusal:
        if refusal.status == 401:
            gate.failing.take(address)
        raise


def _recognized(context: Context, gate: Gate) -> Client:
    if request.form.get("client_assertion_type") == assertions.TYPE:
        client = _signed(context, gate, request.form.get("client_assertion", ""))
    else:
        client = _told(gate)
    _asks_as(client.principal())
    return client


def _told(gate: Gate) -> Client:
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        client_id, secret = basic.username or "", basic.password or ""
    else:
        client_id, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    _asks_as(Principal(client_id[:LONGEST_NAME]))
    client = gate.registry.find(client_id)
    if client is None or not is_secret(client, secret):
        raise Refused("invalid_client", "No such client, or not its secret.", 401)
    return client


def _asks_as(principal: Principal) -> None:
    """Let the audit trail say who asks for a token, or says to be it."""
    access = traces.current()
    if access is not None:
        access.who = principal


def _signed(context: Context, gate: Gate, text: str) -> Client:
    try:
        issuer = assertions.issuer(text)
        _asks_as(Principal(issuer[:LONGEST_NAME]))
        client = gate.registry.find(issuer)
        if client is None:
            raise Refused("invalid_client", "No such client.", 401)
        audience = _base(context) + PATH
        keys = assertions.keys_of(text, client, gate.published)
        proof = assertions.verify(text, client, keys, audience, now=int(time.time()))
    except assertions.BadAssertion as error:
        raise Refused("invalid_client", str(error), 401) from error
    if not context.store.clients.use(client.id, proof.number, proof.expires):
        raise Refused("invalid_client", "This jti was used already.", 401)
    return client


def _base(context: Context) -> str:
    given = context.settings.base_url.removesuffix("/fhir")
    return given or request.url_root.rstrip("/")


def _unstored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Pragma"] = "no-cache"
    return answer
