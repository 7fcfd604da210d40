"""The registered clients, as documents in the database and as what they mean.

What is known of a client is remembered for some seconds, so a revoked one is out soon after.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from fhir_server.auth.clients import Client
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from fhir_server.store.clients import Clients

FRESH_SECONDS: Final = 2.0


class Registry:
    """The clients of one database, as one process sees them."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[str, tuple[float, Client | None]] = {}
        self._any = (0.0, False)
        self._revoked: tuple[float, frozenset[str]] = (0.0, frozenset())
        self._lock = threading.Lock()

    def is_used(self) -> bool:
        """Tell whether a client was ever registered: from then on everybody needs a token."""
        checked, found = self._any
        if found or time.monotonic() - checked < FRESH_SECONDS:
            return found
        self._any = (time.monotonic(), aside(self._clients.any))
        return self._any[1]

    def is_revoked(self, number: str) -> bool:
        """Tell whether a token was given back."""
        checked, found = self._revoked
        if not checked or time.monotonic() - checked >= FRESH_SECONDS:
            found = aside(self._clients.revoked)
            self._revoked = (time.monotonic(), found)
        return number in found

    def find(self, client_id: str) -> Client | None:
        """Give a client that may ask, None if there is none or it was revoked."""
        now = time.monotonic()
        checked, found = self._known.get(client_id, (0.0, None))
        if not checked or now - checked >= FRESH_SECONDS:
            document = aside(lambda: self._clients.find(client_id))
            found = read(document) if document else None
            with self._lock:
                if len(self._known) > 10_000:
                    self._known.clear()
                self._known[client_id] = (now, found)
        return found if found is not None and found.revoked is None else None


def read(document: dict[str, Any]) -> Client:
    """Read a client from its document."""
    given = {name: value for name, value in document.items() if name != "_id"}
    given["scopes"] = frozenset(given["scopes"])
    return Client(id=document["_id"], **given)


def write(client: Client) -> dict[str, Any]:
    """Write a client as a document."""
    return {
        "_id": client.id,
        "scopes": sorted(client.scopes),
        "created": client.created,
        "organization": client.organization,
        "person": client.person,
        "reach": client.reach,
        "digest": client.digest,
        "jwks": client.jwks,
        "jwks_url": client.jwks_url,
        "revoked": client.revoked,
    }
