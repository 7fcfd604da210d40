"""Public keys that others publish, remembered for some minutes.

A key that is not among them makes us look again, but not more often than every few seconds; keys
that cannot be fetched just now stay good for a day.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fhir_server.auth import fetching

if TYPE_CHECKING:
    from collections.abc import Callable

FRESH_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = 5.0
STALE_SECONDS: Final = 24 * 3600.0
MOST: Final = 1000


@dataclass(slots=True)
class _Kept:
    document: dict[str, Any]
    fetched: float
    tried: float


class Published:
    """JSON documents by address, as one process knows them."""

    def __init__(
        self, hosts: str, fetch: Callable[[str, str], dict[str, Any]] | None = None
    ) -> None:
        self._hosts = hosts
        self._fetch = fetch or fetching.document
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def keys(self, url: str, kid: str | None = None) -> KeySet:
        """Give the keys at an address; Unfetched if there are none to be had."""
        found = self._keys(url, FRESH_SECONDS)
        if kid is not None and kid not in {key.kid for key in found.keys}:
            found = self._keys(url, AGAIN_SECONDS)
        return found

    def document(self, url: str, fresh: float = FRESH_SECONDS) -> dict[str, Any]:
        """Give what lies at an address."""
        with self._lock:
            now, kept = time.monotonic(), self._kept.get(url)
            if kept is not None and (
                now - kept.fetched < fresh or now - kept.tried < AGAIN_SECONDS
            ):
                return kept.document
            return self._fetched(url, now, kept)

    def _fetched(self, url: str, now: float, kept: _Kept | None) -> dict[str, Any]:
        try:
            found = self._fetch(url, self._hosts)
        except fetching.Unfetched:
            if kept is None or now - kept.fetched > STALE_SECONDS:
                raise
            kept.tried = now
            return kept.document
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[url] = _Kept(found, now, now)
        return found

    def _keys(self, url: str, fresh: float) -> KeySet:
        try:
            return KeySet.import_key_set(self.document(url, fresh))  # type: ignore[arg-type]
        except (JoseError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, fetching.Unfetched):
                raise
            raise fetching.Unfetched(f"{url} is no JWKS.") from error
