"""Events that are not stored yet: first as they came, then written out for the blocks to come."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog
from pymongo.errors import PyMongoError

from fhir_server.store.trail.portions import Portion
from fhir_server.store.trail.spool import portion_line, told_line
from fhir_server.store.trail.told import look_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from fhir_server.store.trail.portions import Row
    from fhir_server.store.trail.spool import Spool
    from fhir_server.store.trail.told import Event, Told

log = structlog.get_logger(__name__)

MOST_PARTS: Final = 1000
MOST_UNSEEN: Final = 100_000
"""Blocks, and events whose patients are not known, kept in memory while the database is away.

Beyond, events are counted, not kept.
"""


class Pending:
    """The events of a process on their way; ``tell`` makes of an event what is stored of it.

    ``parts`` are to be stored, the first first; ``lost`` counts what could not be kept. What is
    written out is also in the spool, if there is one, until ``emptied``.
    """

    def __init__(self, tell: Callable[[Event], Told], spool: Spool | None = None) -> None:
        self.parts: deque[Portion] = deque()
        self.lost = 0
        self._tell = tell
        self._spool = spool
        self._events: deque[Event] = deque()
        self._unseen: list[Told] = []
        self._open, self._opened = Portion(), 0
        self._lines: list[bytes] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            written = len(self._open) + sum(map(len, list(self.parts)))
            return len(self._events) + len(self._unseen) + written

    @property
    def fresh(self) -> bool:
        """Tell whether there are events that nobody has written out."""
        return bool(self._events)

    def take(self, event: Event) -> None:
        """Take an event in; waits for nobody."""
        self._events.append(event)

    def keep(self) -> None:
        """Write out what has come, and have it in the spool."""
        with self._lock:
            self._write_out()
            self._line()
            if self._spool and self._lines and len(self.parts) < MOST_PARTS:
                self._spool.add(self._lines)
                if not self._spool.works and self._open:
                    self._put_by()
            self._lines.clear()

    def close(self, database: Database[dict[str, object]]) -> None:
        """Make parts of all there is; raises PyMongoError if patients cannot be looked up."""
        self.keep()
        with self._lock:
            unseen, self._unseen = self._unseen, []
        try:
            look_up(database, unseen)
        except PyMongoError:  # they wait for the database, as what is written out does
            with self._lock:
                self._unseen = unseen + self._unseen
            raise
        except Exception:  # a bug of ours; they are told without their patients
            log.exception("the patients of events cannot be looked up")
        with self._lock:
            for each in unseen:
                self._add(each.row)
            if self._open:
                self._put_by()
            self._lines.clear()  # looked up or not, they are there
            if self._spool:
                self._spool.turn()
                if self._unseen:  # they came meanwhile
                    self._spool.add([told_line(each) for each in self._unseen])

    def stored(self, lost: int) -> None:
        """Let go of the first part, and of so many that were lost: the database has them."""
        self.parts.popleft()
        with self._lock:
            self.lost -= lost

    def emptied(self) -> None:
        """Let go of what the spool holds of all that was closed: it is stored."""
        if self._spool:
            self._spool.drop()

    def leave(self) -> None:
        """Leave what is not stored in the spool, to whoever comes after."""
        with self._lock:
            if self._spool:
                self._spool.close()

    def _write_out(self) -> None:
        while self._events:
            event = self._events.popleft()
            try:
                self._tell_of(event)
            except Exception:  # a bug of ours; the others go on
                self.lost += 1
                log.exception("an event cannot be told")

    def _tell_of(self, event: Event) -> None:
        told = self._tell(event)
        if not told.unseen:
            self._add(told.row)
        elif len(self._unseen) < MOST_UNSEEN:
            line = told_line(told)  # also where there is no spool: shows that it can be written
            self._unseen.append(told)
            if self._spool:
                self._lines.append(line)
        else:
            self.lost += 1

    def _add(self, row: Row) -> None:
        if not self._open.takes(row):
            self._put_by()
            self._open.takes(row)

    def _line(self) -> None:
        """Write a line of what is new in the open portion, for the spool."""
        if not self._spool:
            return
        people, rows = self._open.more()
        if rows:
            self._lines.append(portion_line(self._opened, people, rows))

    def _put_by(self) -> None:
        """Close the open portion."""
        self._line()
        if len(self.parts) < MOST_PARTS:
            self.parts.append(self._open)
        else:
            self.lost += len(self._open)
        self._open = Portion()
        self._opened += 1
