"""Who we are to a FHIR server: nobody, a token, a password, or a token fetched with a secret."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING

from fhir_server.delivery.target import Later, Unauthorized
from fhir_server.delivery.transport import Line, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

EARLY_SECONDS = 30.0
SHORTEST_SECONDS = 5.0
REMEDY = "Periksa rahasia atau token di berkas target, lalu: fhir-server bridge retry."


class Signature:
    """The Authorization header of a target; a fetched token is kept as long as it is good."""

    def __init__(self, auth: Mapping[str, str], hosts: str, authority: str | None) -> None:
        self._auth = auth
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0
        self._line = None
        if auth["kind"] == "client-credentials":
            self._line = Line(auth["token_url"], hosts, authority=authority)

    @property
    def renews(self) -> bool:
        """Say whether a refused token can be exchanged for another."""
        return self._line is not None

    def headers(self) -> dict[str, str] | Later | Unauthorized:
        """Give the header, or why there is none."""
        match self._auth["kind"]:
            case "bearer":
                return {"Authorization": f"Bearer {self._auth['token']}"}
            case "basic":
                pair = f"{self._auth['user']}:{self._auth['password']}".encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case "client-credentials":
                return self._fetched()
        return {}

    def forget(self) -> None:
        """Fetch a new token next time."""
        with self._lock:
            self._until = 0.0

    def _fetched(self) -> dict[str, str] | Later | Unauthorized:
        with self._lock:
            if time.monotonic() >= self._until:
                failed = self._fetch()
                if failed is not None:
                    return failed
            return {"Authorization": f"Bearer {self._token}"}

    def _fetch(self) -> Later | Unauthorized | None:
        assert self._line is not None  # noqa: S101 -- made for this kind
        form = {"grant_type": "client_credentials", "client_id": self._auth["client_id"]}
        form["client_secret"] = self._auth["client_secret"]
        if self._auth["scope"]:
            form["scope"] = self._auth["scope"]
        found = self._line.ask("POST", "", form=form, headers={"Accept": "application/json"})
        if isinstance(found, Later):
            return Later(f"No token: {found.reason}")
        return self._kept(found)

    def _kept(self, found: Reply) -> Later | Unauthorized | None:
        token = found.document.get("access_token")
        if found.status == 200 and isinstance(token, str):
            seconds = float(found.document.get("expires_in") or 300)
            self._token = token
            self._until = time.monotonic() + max(seconds - EARLY_SECONDS, SHORTEST_SECONDS)
            return None
        if found.status in {400, 401, 403}:
            return Unauthorized(f"The token endpoint answered {found.status}.", REMEDY)
        return Later(f"The token endpoint answered {found.status}.", found.retry_after)
