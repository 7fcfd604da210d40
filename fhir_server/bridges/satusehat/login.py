"""The token: one for the whole process, renewed ahead of its end, never asked for too often."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fhir_server.bridges.satusehat.meaning import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.bridges.satusehat.meaning import Meaning

AHEAD: Final = 0.1
"""Part of a token's time that is left when it is renewed."""

AHEAD_LONGEST: Final = 300.0
LIFETIME: Final = 3000.0
PAUSE: Final = 30.0
PAUSE_LONGEST: Final = 900.0
OUTAGE_LONGEST: Final = 60.0


class NoToken(Exception):
    """There is no token now; ``meaning`` says why, ``seconds`` when to ask again."""

    def __init__(self, meaning: Meaning, seconds: float) -> None:
        super().__init__(meaning.reason)
        self.meaning = meaning
        self.seconds = seconds


class Answered(NamedTuple):
    """What the login was answered: a token document, or why there is none."""

    document: dict[str, Any]
    refusal: Meaning | None


class Login:
    """A token that all threads share.

    While one thread logs in the others wait for it. After a refusal nobody asks before a pause,
    which doubles: SATUSEHAT throttles logins, and a wrong secret does not get right by asking.
    After an outage the pause begins with ``outage`` seconds.
    """

    def __init__(
        self,
        ask: Callable[[], Answered],
        clock: Callable[[], float] = time.monotonic,
        outage: float = 2.0,
    ) -> None:
        self._ask = ask
        self._outage = outage
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0
        self._refused: Meaning | None = None
        self._again = 0.0
        self._refusals = 0

    def token(self) -> str:
        """Give a token that is good for a while yet, or raise NoToken."""
        with self._lock:
            if not self._token or self._clock() >= self._until:
                self._renew()
            return self._token

    def expired(self, token: str) -> None:
        """Drop a token that SATUSEHAT does not take any more, unless it was renewed meanwhile."""
        with self._lock:
            if token == self._token:
                self._token = ""

    def _renew(self) -> None:
        now = self._clock()
        if self._refused is not None and now < self._again:
            raise NoToken(self._refused, self._again - now)
        document, refusal = self._ask()
        token = str(document.get("access_token", ""))
        if refusal is not None or not token:
            self._rest(refusal)
        lasts = _seconds(document.get("expires_in"))
        self._token = token
        self._until = now + lasts - min(lasts * AHEAD, AHEAD_LONGEST)
        self._refused, self._refusals = None, 0

    def _rest(self, refusal: Meaning | None) -> None:
        if refusal is None:
            raise ValueError("SATUSEHAT's login answered 200 without access_token")
        self._token, self._refused = "", refusal
        is_outage = refusal.kind is Kind.OUTAGE
        first, longest = (self._outage, OUTAGE_LONGEST) if is_outage else (PAUSE, PAUSE_LONGEST)
        pause = min(first * 2.0 ** min(self._refusals, 20), longest)
        self._refusals += 1
        self._again = self._clock() + pause
        raise NoToken(refusal, pause)


def _seconds(text: Any) -> float:
    """Read ``expires_in``, which is a number or text."""
    try:
        return max(float(text), 1.0)
    except (TypeError, ValueError):
        return LIFETIME
