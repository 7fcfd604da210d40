"""An event as the door saw it, and as it goes into a block of the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from fhir_server.store.trail.patients import looked_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.database import Database

    from fhir_server.store.traces import Access
    from fhir_server.store.trail.patients import Key
    from fhir_server.store.trail.portions import Row


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
    unseen: Sequence[tuple[str, str]] = ()


def look_up(database: Database[dict[str, object]], told: Sequence[Told]) -> None:
    """Add the patients that are not known, each to what it is about; may raise PyMongoError."""
    unseen: set[Key] = {key for each in told for key in each.unseen}
    if not unseen:
        return
    known = looked_up(database, unseen)
    for each in told:
        changed = {(change[1], change[2]) for change in each.row[10]}
        for change in each.row[10]:
            change[4] = change[4] or known.get((change[1], change[2]), ())
        for key in set(each.unseen) - changed:
            each.row[9] = sorted({*each.row[9], *known.get(key, ())})
