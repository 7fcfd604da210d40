"""A thread that works some time after it was called, as long as there is something to do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

BEAT_SECONDS: Final = 5.0
"""What has nothing to do is asked so often all the same."""
FAILED_SECONDS: Final = 1.0
"""After a round that failed for whatever reason, the next one waits."""


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
        """Begin a round soon; a thread that is not there, as after a fork, is started.

        Where the system gives none, the next call asks again.
        """
        self.resting = False
        if self._thread is None or not self._thread.is_alive():
            try:
                self._start()
            except RuntimeError as error:
                self.resting = True
                log.warning("no thread to be had", work=self._name, error=str(error))
        self._called.set()

    def end(self) -> None:
        """Begin no round any more; waits for none."""
        self._ended.set()
        self._called.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while not self._ended.is_set():
            self._called.wait(BEAT_SECONDS)
            self._called.clear()
            if self._waiting() and self._ended.wait(self._pause()):
                return
            try:
                self._work()
            except Exception:  # whatever it is, what waits has no other thread
                log.exception("a round failed", work=self._name)
                self._ended.wait(FAILED_SECONDS)
            self.resting = True
            if self._waiting():  # what came while this thread was about to rest
                self.call()
