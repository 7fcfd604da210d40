"""Who may come in: everybody on the loopback address, or, once a client is registered, a token.

A token is one of ours, or one of the identity provider's that the operator trusts. What says how
to get in, and whether the server lives, needs none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fhir_server.access.guard import entered
from fhir_server.access.reaches import known
from fhir_server.access.registry import Registry
from fhir_server.auth import tokens
from fhir_server.auth.issuers import BadUser, Issuer
from fhir_server.auth.keys import Published
from fhir_server.auth.scopes import allows
from fhir_server.errors import FhirError, Forbidden, Unauthenticated
from fhir_server.rest.pace import Pace
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.auth.clients import Client
    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context

TOKEN_KEY: Final = "tokens"  # noqa: S105 - the name of a key in the database
PUBLIC: Final = ("/oauth2/", "/health", "/docs", "/openapi", "/fhir/.well-known/", "/webhooks/")
METADATA: Final = "/fhir/metadata"
WHOLE: Final = frozenset({"everything", "area", "villages"})
"""Reaches that the SOP API answers: those of the puskesmas itself, all of it or its staff."""
FRESH_SECONDS: Final = 2.0
_MOST_REMEMBERED = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")


class Gate:
    """Lets requests in, each as who it is."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.registry = Registry(context.store.clients)
        self.published = Published(context.settings.key_hosts)
        self.issuer = Issuer(context.settings, self.published)
        self.pace = Pace(context.settings.rate_limit, 1.0, "This client asks too fast.")
        self.failing = Pace(context.settings.sign_in_limit, 60.0, "Too many failures to sign in.")
        self._remembered: dict[str, tokens.Token] = {}
        self._people: dict[str, tuple[float, Principal]] = {}
        self._clients: dict[str, tuple[Client, Principal]] = {}
        self._contexts: dict[int, Context] = {}

    def entered(self, environ: Mapping[str, Any]) -> Context:
        """Give the context of a request; Unauthenticated without a token that is good."""
        path = environ["PATH_INFO"]
        if path.startswith(PUBLIC) or path == METADATA:
            return self.context
        if not self.issuer.url and not self.registry.is_used():
            return self.context
        principal = self.principal(environ.get("HTTP_AUTHORIZATION", ""))
        self.pace.take(principal.subject)
        if principal.reach == "everything":
            return self._entered(principal)
        return aside(lambda: entered(self.context, principal))

    def _entered(self, principal: Principal) -> Context:
        """Give the context of who may have everything, and remember it unless it has its limits."""
        found = self._contexts.get(id(principal))
        if found is not None and found.principal is principal:
            return found
        found = entered(self.context, principal)
        if found.store is self.context.store:
            _remember(self._contexts, id(principal), found)
        return found

    def is_open_to(self, environ: Mapping[str, Any]) -> bool:
        """Tell whether a body is worth reading; counts nothing, and who may do what comes later."""
        if environ["PATH_INFO"].startswith(PUBLIC) or not (
            self.issuer.url or self.registry.is_used()
        ):
            return True
        try:
            self.principal(environ.get("HTTP_AUTHORIZATION", ""))
        except FhirError:
            return False
        return True

    def for_documents(self, environ: Mapping[str, Any]) -> Context:
        """Give the context of a request to the SOP API, which is for the puskesmas itself."""
        context = self.entered(environ)
        principal = context.principal
        if principal.reach not in WHOLE or not all(
            allows(principal.scopes, "*", letter) for letter in "cruds"
        ):
            raise Forbidden(
                "The SOP API is for the puskesmas itself: it needs the scope system/*.cruds, or "
                "user/*.cruds of its staff. Others use /fhir.",
                indonesian="API SOP untuk puskesmas sendiri; fasilitas lain memakai /fhir.",
            )
        return context

    def principal(self, header: str) -> Principal:
        """Read ``Authorization: Bearer …``."""
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer" or not text.strip():
            raise Unauthenticated(
                "This server answers nothing without a token: POST /oauth2/token, then send "
                "Authorization: Bearer …",
                indonesian="Server ini menjawab hanya dengan token: minta di POST /oauth2/token.",
            )
        text = text.strip()
        if self.issuer.signed(text):
            return self._person(text)
        token = self.token(text)
        client = self.registry.find(token.client)
        if client is None:
            raise Unauthenticated("The client of this token is not known here any more.")
        known = self._clients.get(text)
        if known is None or known[0] is not client:  # it is read anew every other second
            known = (client, client.principal(token.scopes))
            _remember(self._clients, text, known)
        return self._known(known[1])

    def token(self, text: str) -> tokens.Token:
        """Read a token of ours that is good; Unauthenticated if it is none."""
        token = self._read(text)
        if self.registry.is_revoked(token.number):
            raise Unauthenticated("The token was given back; ask for a new one.")
        return token

    def _person(self, text: str) -> Principal:
        try:
            now = int(time.time())
            return aside(lambda: self._known(self.issuer.principal(text, now=now)))
        except BadUser as error:
            raise Unauthenticated(str(error)) from error

    def _known(self, principal: Principal) -> Principal:
        """Look up the role of a person, remembered for seconds with all that was asked for."""
        if principal.reach != "role":
            return principal
        key = f"{principal.subject} {principal.person} {' '.join(sorted(principal.scopes))}"
        checked, found = self._people.get(key, (0.0, principal))
        if not checked or time.monotonic() - checked >= FRESH_SECONDS:
            found = aside(lambda: known(self.context, principal))
            _remember(self._people, key, (time.monotonic(), found))
        return found

    def _read(self, text: str) -> tokens.Token:
        now = int(time.time())
        token = self._remembered.get(text)
        if token is not None and token.expires > now:
            return token
        try:
            token = tokens.read(text, self.context.store.secret(TOKEN_KEY), now=now)
        except tokens.BadToken as error:
            raise Unauthenticated(str(error)) from error
        _remember(self._remembered, text, token)
        return token


def _remember(known: dict[Key, Value], key: Key, value: Value) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value
