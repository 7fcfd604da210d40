"""Events that are not stored yet: first as they came, then written out for the blocks to come."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import Struct
from pymongo.errors import PyMongoError

from fhir_server.store.trail.patients import looked_up
from fhir_server.store.trail.portions import Portion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pymongo.database import Database

    from fhir_server.store.traces import Access
    from fhir_server.store.trail.patients import Key
    from fhir_server.store.trail.portions import Row

log = structlog.get_logger(__name__)

MOST_PARTS: Final = 1000
MOST_UNSEEN: Final = 100_000
"""Blocks, and events whose patients are not known, kept in memory while the database is away.

Beyond, events are counted, not kept.
"""


class Event(Struct, gc=False):
    """One access as the door saw it; ``shown`` are the patients (ids) whom its answer names."""

    moment: int
    access: Access
    method: str
    path: str
    query: str
    status: int
    shown: Iterable[str]


class Told(Struct, gc=False):
    """An event as it goes into a block; ``unseen`` are resources whose patients are not known."""

    row: Row
    unseen: tuple[tuple[str, str], ...] = ()


class Pending:
    """The events of a process on their way; ``tell`` makes of an event what is stored of it.

    ``parts`` are to be stored, the first first; ``lost`` counts what could not be kept.
    """

    def __init__(self, tell: Callable[[Event], Told]) -> None:
        self.parts: deque[Portion] = deque()
        self.lost = 0
        self._tell = tell
        self._events: deque[Event] = deque()
        self._unseen: list[Told] = []
        self._open = Portion()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            written = len(self._open) + sum(map(len, list(self.parts)))
            return len(self._events) + len(self._unseen) + written

    def take(self, event: Event) -> None:
        """Take an event in; waits for nobody."""
        self._events.append(event)

    def close(self, database: Database[dict[str, object]]) -> None:
        """Make parts of all there is; raises PyMongoError if patients cannot be looked up."""
        with self._lock:
            self._write_out()
            unseen, self._unseen = self._unseen, []
        try:
            _look_up(database, unseen)
        except PyMongoError:  # they wait for the database, as what is written out does
            with self._lock:
                self._unseen = unseen + self._unseen
            raise
        with self._lock:
            for each in unseen:
                self._add(each.row)
            if self._open:
                self._put_by()

    def stored(self, lost: int) -> None:
        """Let go of the first part, and of so many that were lost: the database has them."""
        self.parts.popleft()
        with self._lock:
            self.lost -= lost

    def _write_out(self) -> None:
        while self._events:
            try:
                told = self._tell(self._events.popleft())
            except Exception:  # a bug of ours; the others go on
                self.lost += 1
                log.exception("an event cannot be told")
                continue
            if not told.unseen:
                self._add(told.row)
            elif len(self._unseen) < MOST_UNSEEN:
                self._unseen.append(told)
            else:
                self.lost += 1

    def _add(self, row: Row) -> None:
        if not self._open.takes(row):
            self._put_by()
            self._open.takes(row)

    def _put_by(self) -> None:
        """Close the open portion."""
        if len(self.parts) < MOST_PARTS:
            self.parts.append(self._open)
        else:
            self.lost += len(self._open)
        self._open = Portion()


def _look_up(database: Database[dict[str, object]], told: list[Told]) -> None:
    if not told:
        return
    known = looked_up(database, {key for each in told for key in each.unseen})
    for each in told:
        _completed(each, known)


def _completed(told: Told, known: dict[Key, tuple[str, ...]]) -> None:
    """Add the patients that had to be looked up, each to what it is about."""
    changed = {(change[1], change[2]) for change in told.row[10]}
    for change in told.row[10]:
        change[4] = change[4] or known.get((change[1], change[2]), ())
    for key in set(told.unseen) - changed:
        told.row[9] = sorted({*told.row[9], *known.get(key, ())})
