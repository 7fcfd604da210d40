"""How fast one client may ask, and how often it may fail to prove who it is.

Each server process counts for itself, so a client that is spread over several has that much more.
A client may save up a second's worth; who asks faster gets 429 and how long to wait.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final

from fhir_server.errors import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_REMEMBERED: Final = 10_000


class Pace:
    """Lets each key pass so many times in ``seconds``; 0 times: any number."""

    def __init__(
        self, times: int, seconds: float, says: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times, self._seconds, self._says, self._clock = times, seconds, says, clock
        self._saved: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str, cost: float = 1.0) -> None:
        """Count one, or ask whether one may still come (``cost`` 0); TooManyRequests if not."""
        if not self._times:
            return
        with self._lock:
            moment = self._clock()
            left, since = self._saved.get(key, (float(self._times), moment))
            left = min(self._times, left + (moment - since) * self._times / self._seconds)
            if left >= max(cost, 1.0):
                self._keep(key, left - cost, moment)
                return
        wait = math.ceil((max(cost, 1.0) - left) * self._seconds / self._times)
        raise TooManyRequests(
            f"{self._says} Ask again in {wait} s.",
            indonesian=f"Terlalu sering. Ulangi {wait} detik lagi.",
            wait=wait,
        )

    def _keep(self, key: str, left: float, moment: float) -> None:
        self._saved.pop(key, None)
        if len(self._saved) >= _MOST_REMEMBERED:
            del self._saved[next(iter(self._saved))]  # who has not come for the longest time
        self._saved[key] = (left, moment)
