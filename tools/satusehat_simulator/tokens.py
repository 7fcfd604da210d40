"""Logins: client credentials give a token for an hour; too many logins are throttled."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from tools.satusehat_simulator.outcomes import INVALID_CLIENT, INVALID_TOKEN, THROTTLED, Refused

WINDOW_SECONDS = 60.0


@dataclass
class Tokens:
    """Clients (id → secret and organization), and the tokens given to them."""

    clients: dict[str, tuple[str, str]]
    logins: int = 10
    lifetime: float = 3599.0
    given: dict[str, tuple[str, float]] = field(default_factory=dict)
    recent: list[float] = field(default_factory=list)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def login(self, client: str, secret: str) -> dict[str, str]:
        """Give a token; ``expires_in`` is text, as Apigee writes it."""
        with self.lock:
            self._slow_down()
            known = self.clients.get(client)
            if known is None or not secrets.compare_digest(known[0], secret):
                raise Refused(INVALID_CLIENT)
            token = secrets.token_urlsafe(24)
            self.given[token] = (known[1], time.monotonic() + self.lifetime)
            self.count += 1
        return {
            "token_type": "BearerToken",
            "access_token": token,
            "expires_in": str(int(self.lifetime)),
            "organization_name": "ihs-prod-1",
            "status": "approved",
        }

    def _slow_down(self) -> None:
        now = time.monotonic()
        self.recent = [each for each in self.recent if now - each < WINDOW_SECONDS]
        if len(self.recent) >= self.logins:
            raise Refused(THROTTLED)
        self.recent.append(now)

    def organization(self, header: str) -> str:
        """Say whose token this is; unknown and expired ones are told apart from nothing."""
        with self.lock:
            owner, until = self.given.get(header.removeprefix("Bearer "), ("", 0.0))
        if not owner or time.monotonic() >= until:
            raise Refused(INVALID_TOKEN)
        return owner

    def expire(self) -> None:
        """Let every token be over."""
        with self.lock:
            self.given.clear()

    def reset(self) -> None:
        """Forget tokens and logins."""
        with self.lock:
            self.given.clear()
            self.recent.clear()
            self.count = 0
