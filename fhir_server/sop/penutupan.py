"""Closing entries of the archive: many in one round trip, and nobody waits for it.

What a request says here is written by a thread of its process, ``SECONDS`` later at most. While the
database does not answer it waits here; an entry that a crash leaves open is closed when its key
comes again, for the resources are there.
"""

from __future__ import annotations

import os
import threading
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymongo import UpdateOne

log = structlog.get_logger(__name__)

SECONDS: Final = 0.05
AGAIN_SECONDS: Final = 1.0
MOST: Final = 10_000
"""Entries that wait at most; beyond it who closes one writes it, and the others, itself."""


class Penutupan:
    """The closings of one process; ``write`` writes some, or raises if it cannot."""

    def __init__(self, write: Callable[[Sequence[UpdateOne]], Any]) -> None:
        self._write = write
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # what waits is the parent's

    def _begin(self) -> None:
        self._waiting: list[UpdateOne] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, closing: UpdateOne) -> None:
        """Let an entry be closed."""
        with self._lock:
            self._waiting.append(closing)
            many = len(self._waiting) > MOST
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="arsip", daemon=True)
                self._thread.start()
                Finalize(None, self.last, exitpriority=10)
        self._bell.set()
        if many:
            self.flush()

    def forget(self) -> None:
        """Drop what waits: it was for a database that this process no longer has."""
        with self._lock:
            self._waiting = []

    def flush(self) -> None:
        """Write all that waits or is being written; what cannot be waits on, and it raises."""
        with self._writing:
            with self._lock:
                some, self._waiting = self._waiting, []
            if not some:
                return
            try:
                self._write(some)
            except BaseException:
                with self._lock:
                    self._waiting = [*some, *self._waiting]
                raise

    def last(self) -> None:
        """Write what waits, if the database still answers: this process is about to end."""
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends, whatever it was
            log.warning("archive not closed", error=type(error).__name__)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._bell.wait()
            self._bell.clear()
            pause.wait(SECONDS)
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - whatever it was, the next may be written
                log.warning("archive not closed", error=type(error).__name__)
                pause.wait(AGAIN_SECONDS)
                self._bell.set()
