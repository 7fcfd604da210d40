"""When a target is spoken to: the rate, pauses after failures, and leaving it alone for a while.

A target that fails and fails is left alone, longer each time; then one delivery tries it. What
fails meanwhile is not held against the single deliveries. All workers see the same pause.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from fhir_server.delivery.target import Pace
    from fhir_server.store.dispatches import Dispatches

log = structlog.get_logger(__name__)

LONGEST_CLOSED = 300.0
UNAUTHORIZED_SECONDS = 60.0
BLOCK_SECONDS = 0.1
LOOK_SECONDS = 1.0
HALF = 0.5


def pause(pace: Pace, attempts: int, asked: float | None) -> float:
    """Give the seconds until the next attempt; at least what the target asked for."""
    most = min(pace.first * 2.0 ** min(attempts - 1, 40), pace.longest)
    jittered = most * random.uniform(HALF, 1)  # noqa: S311 - no secret
    return max(jittered, asked or 0.0)


class Gate:
    """What stands between the workers of one process and one target; safe for threads."""

    def __init__(self, dispatches: Dispatches, name: str, pace: Pace) -> None:
        self._dispatches = dispatches
        self._name = name
        self._pace = pace
        self._lock = threading.Lock()
        self._failures = 0
        self._level = 0
        self._closed_until = 0.0
        self._looked = 0.0
        self._places = 0
        self._next = 0.0

    def wait(self) -> float:
        """Give the seconds for which the target is still left alone; 0 if it is spoken to."""
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self._look()
            return max(0.0, self._closed_until - time.monotonic())

    @property
    def trying(self) -> bool:
        """Say whether the target failed before, so that one delivery is to try it first."""
        return self._level > 0

    def take(self, ending: threading.Event) -> bool:
        """Wait for a place among the requests of a second; False if ``ending`` comes first."""
        if self._pace.rate <= 0:
            return not ending.is_set()
        with self._lock:
            if not self._places:
                self._places = max(1, round(self._pace.rate * BLOCK_SECONDS))
                first = self._dispatches.reserve(self._name, self._places, self._pace.rate)
                self._next = time.monotonic() + first
            moment = self._next
            self._places -= 1
            self._next += 1 / self._pace.rate
        return not ending.wait(max(0.0, moment - time.monotonic()))

    def went_well(self) -> None:
        """Forget the failures."""
        with self._lock:
            self._failures = 0
            if not self._level:
                return
            self._level = 0
            self._closed_until = 0.0
        self._dispatches.open(self._name)
        log.info("target answers again", target=self._name)

    def failed(self, reason: str, asked: float | None = None) -> None:
        """Count a failure; too many in a row close the gate, and one that tried it does."""
        with self._lock:
            self._failures += 1
            if not self._level and self._failures < self._pace.failures and asked is None:
                return
            if self._closed_until > time.monotonic():
                return
            if asked is None or self._level:
                self._level += 1
            seconds = max(asked or 0.0, self._longer())
            self._shut(seconds, reason, "")

    def unauthorized(self, reason: str, remedy: str) -> None:
        """Close the gate: nothing works until the credentials do."""
        with self._lock:
            self._level += 1
            self._shut(max(UNAUTHORIZED_SECONDS, self._longer()), reason, remedy)

    def _longer(self) -> float:
        if not self._level:
            return 0.0
        longest = min(LONGEST_CLOSED, self._pace.longest)
        most = min(self._pace.first * 2.0 ** min(self._level, 40), longest)
        return most * random.uniform(HALF, 1)  # noqa: S311 - no secret

    def _shut(self, seconds: float, reason: str, remedy: str) -> None:
        self._closed_until = time.monotonic() + seconds
        self._dispatches.close(self._name, seconds, self._level, reason, remedy)
        log.warning("target is left alone", target=self._name, seconds=round(seconds, 1))

    def _look(self) -> None:
        """See what other processes have found out."""
        self._looked = time.monotonic()
        health = self._dispatches.health(self._name)
        self._level = health.level
        self._closed_until = time.monotonic() + health.seconds
