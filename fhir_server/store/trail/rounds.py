"""A thread that works some time after it was called, as long as there is something to do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_SECONDS: Final = 5.0
"""What has nothing to do is asked so often all the same."""


class Rounds:
    """Does ``work`` ``pause()`` seconds after a call, and again while there is any ``waiting()``.

    What may not be missed calls when ``resting`` says so: it costs a look.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        *,
        pause: Callable[[], float],
        waiting: Callable[[], object],
    ) -> None:
        self.resting = True
        self._name = name
        self._work = work
        self._pause = pause
        self._waiting = waiting
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._called = threading.Event()
        self._ended = threading.Event()

    def call(self) -> None:
        """Begin a round soon; the thread is started if it is not there (after a fork it is not)."""
        self.resting = False
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        self._called.set()

    def end(self) -> None:
        """Begin no round any more; waits for none."""
        self._ended.set()
        self._called.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._called.wait(BEAT_SECONDS)
            self._called.clear()
            if self._waiting() and self._ended.wait(self._pause()):
                return
            self._work()
            self.resting = True
            if self._waiting():  # what came while this thread was about to rest
                self.call()
