"""Takes down what happens, and stores it as blocks in the background.

A request leaves an event (``pending.py``). With a spool, one thread of the process has what
there is in a file after ``SPOOL_SECONDS``, and another stores it as a block after
``BLOCK_SECONDS``: a block costs the database the same, whatever is in it. Without one, what is
there is stored after ``PAUSE_SECONDS``. What was changed is known from the versions as well, so a
crash loses of reads what was in neither, and of writes nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from pymongo.errors import DuplicateKeyError, InvalidOperation, PyMongoError

from fhir_server.injection import point
from fhir_server.store.trail import chain
from fhir_server.store.trail.blocks import now
from fhir_server.store.trail.pending import Pending
from fhir_server.store.trail.rounds import BEAT_SECONDS, Rounds
from fhir_server.store.trail.stretches import Stretch
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.store.traces import Access
    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.portions import Portion
    from fhir_server.store.trail.spool import Spool
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
ANCHOR_SECONDS: Final = 60.0


class Recorder:
    """Writes the chain of one process; ``tell`` makes of an event what is stored of it."""

    def __init__(
        self,
        blocks: Blocks,
        key: bytes,
        tell: Callable[[Event], Told],
        spool: Spool | None = None,
    ) -> None:
        self._blocks = blocks
        self._key = key
        self._spool = spool
        self._pending = Pending(tell, spool)
        self._tried: Block | None = None
        self._stretch = Stretch()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._chain, self._number, self._head = "", -1, ""
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
        self._seen = 0.0
        self._anchored = 0.0

    def numbered(self, access: Access) -> None:
        """Give an access that is about to write its number; the chain is begun if it is not."""
        if not access.number:
            if not self._chain:
                aside(self._begun)
            access.chain, access.number = self._chain, next(self._numbers)

    def _begun(self) -> None:
        with self._lock:
            self._begin()

    def record(self, event: Event) -> None:
        """Take down one event; costs its request next to nothing."""
        self._pending.take(event)
        if self._storing.resting:
            self._storing.call()
        if self._keeping.resting and self._spool:
            self._keeping.call()

    def again(self, told: Sequence[Told]) -> None:
        """Store what a dead process had not; raises PyMongoError if the database does not."""
        self._pending.again(told)
        self.flush()

    def flush(self) -> None:
        """Store all that was taken down; raises PyMongoError if the database does not."""
        with self._lock:
            if self._pending:
                self._begin()
                self._pending.close(self._blocks.database, self._chain)
                self._store()
                self._pending.emptied()

    def close(self) -> None:
        """Store what is left and end the chain."""
        self._storing.end()
        self._keeping.end()
        try:
            self.flush()
            with self._lock:
                if self._chain:
                    self._append(self._block(chain.ENDED))
                    self._blocks.closed(self._chain, self._number, self._head)
                    self._chain = ""
        except (PyMongoError, InvalidOperation) as error:
            log.warning("audit trail not closed", events=self.waiting, error=_name(error))
        self._pending.leave()

    def add(self, kind: str, extra: dict[str, Any]) -> None:
        """Store a block that is about the trail itself; no stretch goes on after it."""
        with self._lock:
            self._begin()
            self._append(self._block(kind, extra=extra))
            self._stretch = Stretch()

    @property
    def chain(self) -> str:
        """Name the chain of this process; empty before its first block."""
        return self._chain

    @property
    def waiting(self) -> int:
        """Count what is not stored yet."""
        return len(self._pending)

    def _stored(self) -> None:
        """Store what is there; what cannot be stored is tried again."""
        try:
            if self._pending:
                begun = time.monotonic()
                self.flush()
                took = time.monotonic() - begun
                self._slowest = max(took, self._slowest * SLOWNESS_KEPT)
            self._beat()
            self._away = False
        except InvalidOperation:  # the store was closed without us
            self._storing.end()
        except PyMongoError as error:
            self._away = True
            log.warning("audit trail waits", events=self.waiting, error=_name(error))

    def _kept(self) -> None:
        """Have what came since in the spool; a chain that cannot begin is begun by ``_stored``."""
        with contextlib.suppress(PyMongoError, InvalidOperation):
            if self._pending.fresh:
                if not self._chain:
                    self._begun()
                self._pending.keep(self._chain)

    def _pause(self) -> float:
        """Give how long events may wait for their block.

        Where nothing else keeps them it is what the slowest of the last blocks took leaves of it.
        """
        if self._away:
            return RETRY_SECONDS
        if self._spool and self._spool.works:
            return BLOCK_SECONDS
        return max(SHORTEST_SECONDS, min(PAUSE_SECONDS, STORED_SECONDS - self._slowest))

    def _beat(self) -> None:
        """Say now and then that this process lives, and bind the other chains to this one."""
        moment = time.monotonic()
        if not self._chain or moment - self._seen < BEAT_SECONDS:
            return
        self._seen = moment
        with self._lock:
            self._blocks.seen(self._chain, self._number, self._head)

    def _begin(self) -> None:
        if self._chain:
            return
        self._blocks.prepare()
        self._number, self._head, self._stretch = -1, "", Stretch()
        name = secrets.token_hex(5)
        self._blocks.seen(name, -1, "")
        self._chain = name
        self._append(self._block(chain.BEGUN))
        self._seen = time.monotonic()
        self._blocks.seen(name, self._number, self._head)

    def _store(self) -> None:
        while self._pending.parts:
            block = self._tried or self._block(chain.EVENTS, self._pending.parts[0])
            self._tried = block
            try:
                self._append(block)
                point("trail-stored")
            except DuplicateKeyError:
                there = self._blocks.one(block["_id"])
                self._tried = None
                if there is None or there["h"] != block["h"]:
                    self._chain = ""  # somebody took this process for dead and ended its chain
                    self._begin()
                    continue
                self._number, self._head = block["n"], block["h"]
            self._tried = None
            self._stretch.took(block)
            self._pending.stored(block["x"].get("lost", 0))

    def _block(
        self, kind: str, portion: Portion | None = None, extra: dict[str, Any] | None = None
    ) -> Block:
        if kind == chain.EVENTS and self._pending.lost:
            extra = {"lost": self._pending.lost}
        return chain.made(
            self._chain,
            self._number + 1,
            kind,
            now(),
            portion=portion,
            stretch=self._stretch if portion else None,
            anchors=self._anchors(kind),
            extra=extra,
        )

    def _anchors(self, kind: str) -> dict[str, list[Any]]:
        """Give the heads of other chains, at the beginning and now and then."""
        moment = time.monotonic()
        if kind == chain.EVENTS and moment - self._anchored < ANCHOR_SECONDS:
            return {}
        self._anchored = moment
        return self._blocks.others(self._chain)

    def _append(self, block: Block) -> None:
        """Bind a block to the chain and store it."""
        chain.sealed(block, self._head, self._key)
        self._blocks.add(block)
        self._number, self._head = block["n"], block["h"]
        if block["a"]:
            self._blocks.held(block["a"])


def _name(error: Exception) -> str:
    return type(error).__name__
