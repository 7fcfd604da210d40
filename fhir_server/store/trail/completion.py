"""Ends the chains of dead processes: what they had not stored is read from their spool.

What they wrote and had not told even there is told from the versions: every version says who wrote
it (``w``), stored in the same transaction; so no answered write is without its event, whatever was
killed and when. Who is silent is not always dead: what a process wrote after others had ended its
chain is found when they look again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from fhir_server.store.trail import chain
from fhir_server.store.trail.heads import DEAD_MS, is_here, life_of, now
from fhir_server.store.trail.portions import portions
from fhir_server.store.trail.shortfall import Known, missing
from fhir_server.store.trail.spool import Alive, inherited, lives
from fhir_server.store.trail.told import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.heads import Head
    from fhir_server.store.trail.portions import Portion, Row

log = structlog.get_logger(__name__)

SLACK_MS: Final = 600_000
"""A write is seen so long after its time at the latest: clocks differ, a transaction tries."""
DOUBT_MS: Final = 86_400_000
"""So long after its chain was ended a process that may live is waited for."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Ends the chains of processes that are gone.

    ``types`` gives the resource types that have versions; ``folder`` is where processes of this
    machine have their spools.
    """

    blocks: Blocks
    key: bytes
    types: Callable[[], list[str]]
    folder: Path | None = None

    def run(self) -> int:
        """End what there is to end; give how many events its chains were short of.

        What cannot be completed holds up nothing else; raises PyMongoError where the database does
        not answer.
        """
        short = 0
        for head, since in (*self._dead(), *self._due(), *self._left()):
            try:
                with suppress(Alive, DuplicateKeyError):  # it lives after all, and goes on
                    short += self._completed(head, since)
            except PyMongoError:
                raise
            except Exception:  # its blocks or its files are damaged
                log.exception("a chain of the audit trail cannot be completed", chain=head["_id"])
        self.blocks.heads.forget()
        return short

    def _dead(self) -> Iterator[tuple[Head, int | None]]:
        """Give chains that nobody goes on with, and since when there may be writes untold.

        None where the process has another: it tells of them itself.
        """
        dead = self.blocks.heads.dead()
        living = self.blocks.heads.living(besides=[head["_id"] for head in dead])
        for head in dead:
            last = self.blocks.last(head["_id"])
            heard = head["at"] if last is None else last["l"]
            since = min(heard, head.get("since", heard)) - SLACK_MS
            yield head, None if life_of(head) in living else since

    def _due(self) -> Iterator[tuple[Head, int]]:
        """Give chains to look at again, unless their process lives: then it tells, in another."""
        living = self.blocks.heads.living()
        for head in self.blocks.heads.doubtful():
            if life_of(head) not in living:
                yield head, head["looked"] - SLACK_MS

    def _left(self) -> Iterator[tuple[Head, None]]:
        """Give a chain of each process of which only files are left: its versions are told."""
        folder, heads = self.folder, self.blocks.heads
        for life in sorted(lives(folder) - heads.living()) if folder else ():
            known = heads.of(life)
            yield (known[-1] if known else {"_id": life, "n": -1, "h": ""}), None

    def _completed(self, head: Head, since: int | None) -> int:
        """Tell what a process has not told, and end its chain; ``since`` is when that may begin."""
        name, life, begun = head["_id"], life_of(head), now()
        if "open" in head and not self.blocks.heads.claimed(name):
            return 0
        with inherited(self.folder, life) as left:
            look_up(self.blocks.database, left)
            chains = {name, *(each["_id"] for each in self.blocks.heads.of(life))}
            oldest = min((each.row[0] for each in left), default=begun)
            known = Known(oldest)
            known.read(self.blocks, chains, min(oldest, since or begun) - SLACK_MS)
            rows = [each.row for each in left if known.lacks(each.row)]
            if since is not None:
                rows += missing(self.blocks, chains, since, self.types(), known)
            number, seal = self._appended(head, rows)
            if rows or since is not None or head.get("open"):
                more = {"life": life, **_again(head, since, begun)}
                self.blocks.heads.closed(name, number, seal, **more)
        return len(rows)

    def _appended(self, head: Head, rows: list[Row]) -> tuple[int, str]:
        """Add events to a chain, and its end if it has none; gives its last number and hash."""
        name, number, seal, ended = head["_id"], head["n"], head["h"], False
        if last := self.blocks.last(name):  # or all of them were removed
            number, seal, ended = last["n"], last["h"], last["d"] == chain.ENDED
        parts: list[Portion | None] = [*portions(rows)]
        if parts or not (ended or number < 0):
            parts.append(None)
        for portion in parts:
            number += 1
            kind = chain.COMPLETED if portion else chain.ENDED
            block = chain.made(name, number, kind, now(), portion=portion)
            seal = chain.sealed(block, seal, self.key)["h"]
            self.blocks.add(block)
        return number, seal


def _again(head: Head, since: int | None, moment: int) -> dict[str, int | None]:
    """Say when to look again whether a process has written more, though its chain was ended.

    One of this machine is gone, but the database may have been about to store its last write. One
    elsewhere may only have been cut off, or stood still: it is waited for, each time a quarter
    longer than it has taken till then.
    """
    if since is None:
        return {}
    if head["open"]:
        return {"ended": moment, "looked": moment, "next": moment + DEAD_MS}
    age = moment - head["ended"]
    over = is_here(head) or age > DOUBT_MS
    return {"looked": moment, "next": None if over else moment + max(DEAD_MS, age // 4)}
