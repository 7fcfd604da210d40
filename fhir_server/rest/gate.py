"""Who may come in: everybody on the loopback address, or, once a client is registered, a token.

What says how to get in, and whether the server lives, needs none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from fhir_server.access.guard import entered
from fhir_server.access.registry import Registry
from fhir_server.auth import tokens
from fhir_server.auth.scopes import ALL
from fhir_server.errors import Forbidden, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context

TOKEN_KEY: Final = "tokens"  # noqa: S105 - the name of a key in the database
PUBLIC: Final = ("/oauth2/", "/health", "/docs", "/openapi", "/fhir/.well-known/", "/webhooks/")
METADATA: Final = "/fhir/metadata"
_MOST_REMEMBERED = 10_000


class Gate:
    """Lets requests in, each as who it is."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.registry = Registry(context.store.clients)
        self._remembered: dict[str, tokens.Token] = {}

    def entered(self, environ: Mapping[str, Any]) -> Context:
        """Give the context of a request; Unauthenticated without a token that is good."""
        path = environ["PATH_INFO"]
        if not self.registry.is_used() or path.startswith(PUBLIC) or path == METADATA:
            return self.context
        return entered(self.context, self.principal(environ.get("HTTP_AUTHORIZATION", "")))

    def for_documents(self, environ: Mapping[str, Any]) -> Context:
        """Give the context of a request to the SOP API, which is for the puskesmas itself."""
        context = self.entered(environ)
        principal = context.principal
        if principal.reach != "everything" or ALL not in principal.scopes:
            raise Forbidden(
                f"The SOP API is for the puskesmas itself: it needs the scope {ALL} and no limits. "
                "Other facilities use /fhir.",
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
        token = self._read(text.strip())
        client = self.registry.find(token.client)
        if client is None:
            raise Unauthenticated("The client of this token is not known here any more.")
        return client.principal(token.scopes)

    def _read(self, text: str) -> tokens.Token:
        now = int(time.time())
        token = self._remembered.get(text)
        if token is not None and token.expires > now:
            return token
        try:
            token = tokens.read(text, self.context.store.secret(TOKEN_KEY), now=now)
        except tokens.BadToken as error:
            raise Unauthenticated(str(error)) from error
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[text] = token
        return token
