"""Takes down what happens, and stores it as blocks in the background.

A request leaves an event (``pending.py``). With a spool, one thread of the process has what
there is in a file after ``SPOOL_SECONDS``, and another stores it as a block after
``BLOCK_SECONDS``: a block costs the database the same, whatever is in it. Without one, what is
there is stored after ``PAUSE_SECONDS``. What was changed is known from the versions as well, so a
crash loses of reads what was in neither, and of writes nothing.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from pymongo.errors import DuplicateKeyError, InvalidOperation, PyMongoError

from fhir_server.injection import point
from fhir_server.store.trail import chain
from fhir_server.store.trail.heads import now
from fhir_server.store.trail.own import OwnChain
from fhir_server.store.trail.pending import Pending
from fhir_server.store.trail.rounds import Rounds
from fhir_server.store.trail.spool import Spool
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fhir_server.store.traces import Access
    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.told import Event, Told

log = structlog.get_logger(__name__)

SPOOL_SECONDS: Final = 0.05
BLOCK_SECONDS: Final = 0.9
PAUSE_SECONDS: Final = 0.08
SHORTEST_SECONDS: Final = 0.06
STORED_SECONDS: Final = 0.09
"""An event is stored so long after it happened, where a block takes no more than a third of it."""
SLOWNESS_KEPT: Final = 0.99
RETRY_SECONDS: Final = 1.0


class Recorder:
    """Writes the chain of one process; ``tell`` makes of an event what is stored of it.

    Where others have ended its chain, for it was silent, it goes on with another. ``folder`` is
    where its spool lies, None where it has none.
    """

    def __init__(
        self,
        blocks: Blocks,
        key: bytes,
        tell: Callable[[Event], Told],
        folder: Path | None = None,
    ) -> None:
        self._blocks = blocks
        life = secrets.token_hex(5)
        self._spool = Spool(folder, life) if folder else None
        self._pending = Pending(tell, self._spool)
        self._own = OwnChain(blocks, key, life, self._since)
        self._tried: Block | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._untold: dict[int, int] = {}
        """When (ms) accesses, by number, began to write that are not recorded yet."""
        self._closed = False
        self._storing = Rounds(
            "audit", self._stored, pause=self._pause, waiting=lambda: self.waiting
        )
        self._keeping = Rounds(
            "audit spool",
            self._kept,
            pause=lambda: SPOOL_SECONDS,
            waiting=lambda: self._pending.fresh,
        )
        self._away = False
        self._slowest = STORED_SECONDS / 3  # until it is known

    def numbered(self, access: Access) -> None:
        """Give an access that is about to write its number; ``record`` or ``dismiss`` follows."""
        if access.number:
            return
        number = next(self._numbers)
        self._untold[number] = now()  # first: a chain does not end before its writes are told
        try:
            while not (name := self._own.name):
                aside(self._begun)
        except BaseException:
            del self._untold[number]
            raise
        access.chain, access.number = name, number

    def record(self, event: Event) -> None:
        """Take down one event; costs its request next to nothing."""
        self._pending.take(event)
        self.dismiss(event.access)
        if self._closed:
            aside(self._late)
        if self._storing.resting:
            self._storing.call()
        if self._keeping.resting and self._spool:
            self._keeping.call()

    def dismiss(self, access: Access) -> None:
        """Expect no event of an access that has written nothing."""
        self._untold.pop(access.number, None)

    def flush(self) -> None:
        """Store all that was taken down; raises PyMongoError if the database does not."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Store what is left and end the chain.

        While a work goes on that has written and is not told, the chain is left to be completed.
        What is taken down from now on is stored at once, in another chain.
        """
        self._closed = True
        self._storing.end()
        self._keeping.end()
        try:
            with self._lock:
                self._flush()
                self._own.end(told=lambda: not self._untold and not self._pending)
        except (PyMongoError, InvalidOperation) as error:
            log.warning("audit trail not closed", events=self.waiting, error=_name(error))
        self._pending.leave()

    def add(self, kind: str, extra: dict[str, Any]) -> None:
        """Store a block that is about the trail itself."""
        with self._lock:
            self._own.begin()
            self._own.add(self._own.made(kind, extra=extra))

    @property
    def chain(self) -> str:
        """Name the chain of this process; empty before its first block."""
        return self._own.name

    @property
    def waiting(self) -> int:
        """Count what is not stored yet."""
        return len(self._pending)

    def _begun(self) -> None:
        with self._lock:
            self._own.begin()

    def _since(self) -> int:
        """Give from when on there may be writes that are not told."""
        return min(list(self._untold.values()), default=now())

    def _stored(self) -> None:
        """Store what is there; what cannot be stored is tried again."""
        try:
            if self._pending:
                begun = time.monotonic()
                self.flush()
                took = time.monotonic() - begun
                self._slowest = max(took, self._slowest * SLOWNESS_KEPT)
            with self._lock:
                self._own.beat()
            self._away = False
        except InvalidOperation:  # the store was closed without us
            self._storing.end()
        except PyMongoError as error:
            self._away = True
            log.warning("audit trail waits", events=self.waiting, error=_name(error))

    def _late(self) -> None:
        """Store what comes after the end."""
        try:
            self.flush()
        except (PyMongoError, InvalidOperation) as error:
            log.warning("audit trail is closed", events=self.waiting, error=_name(error))

    def _kept(self) -> None:
        """Have what came since in the spool."""
        if self._pending.fresh:
            self._pending.keep()

    def _pause(self) -> float:
        """Give how long events may wait for their block.

        Where nothing else keeps them it is what the slowest of the last blocks took leaves of it.
        """
        if self._away:
            return RETRY_SECONDS
        if self._spool and self._spool.works:
            return BLOCK_SECONDS
        return max(SHORTEST_SECONDS, min(PAUSE_SECONDS, STORED_SECONDS - self._slowest))

    def _flush(self) -> None:
        if self._pending:
            self._pending.close(self._blocks.database)
            self._own.begin()
            while self._pending.parts:
                self._store()
            self._pending.emptied()

    def _store(self) -> None:
        """Store the first part, unless that was done and only the answer was missing."""
        tried = self._tried
        if tried is None or tried["c"] != self._own.name:
            if tried and self._own.holds(tried):
                self._let_go(tried)
                return
            lost = {"lost": self._pending.lost} if self._pending.lost else None
            tried = self._own.made(chain.EVENTS, self._pending.parts[0], lost)
        self._tried = tried
        try:
            self._own.add(tried)
            point("trail-stored")
        except DuplicateKeyError:
            if not self._own.holds(tried):
                self._own.go_on()
                return
            self._own.stored(tried)
        self._let_go(tried)

    def _let_go(self, block: Block) -> None:
        self._tried = None
        self._pending.stored(block["x"].get("lost", 0))


def _name(error: Exception) -> str:
    return type(error).__name__
