"""Ends the chains of dead processes: what they had not stored is read from their spool.

What they wrote and had not told even there is told from the versions: every version says who wrote
it (``w``), stored in the same transaction; so no answered write is without its event, whatever was
killed and when.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson
from pymongo.errors import DuplicateKeyError

from fhir_server.store import traces, versions
from fhir_server.store.trail import chain
from fhir_server.store.trail.blocks import now
from fhir_server.store.trail.patients import looked_up, named
from fhir_server.store.trail.portions import as_json, portions
from fhir_server.store.trail.spool import Alive, chains, inherited
from fhir_server.store.trail.told import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.portions import Row
    from fhir_server.store.trail.told import Told

Document = dict[str, Any]

SLACK_MS: Final = 600_000
"""A write is told so long after its time at the latest: the longest a transaction may try."""
FOUND: Final = 200
"""Status of an access that is known by what it wrote."""


def complete(
    blocks: Blocks, key: bytes, types: Callable[[], list[str]], folder: Path | None = None
) -> int:
    """End the chains of processes that are gone; give how many events they were short of.

    ``folder`` is where processes of this machine have their spools.
    """
    short = 0
    for head in blocks.dead():
        if blocks.claimed(head["_id"]):
            with suppress(Alive, DuplicateKeyError):  # it lives after all, and goes on
                short += _ended(blocks, key, head, types(), folder)
    return short


def returned(blocks: Blocks, folder: Path, again: Callable[[list[Told]], None]) -> int:
    """Take in what dead processes have left of chains that others have ended.

    Such a chain was ended where its files are not; ``again`` stores in the chain of this process.
    Gives how many events there were.
    """
    count = 0
    for name in chains(folder) - blocks.open():
        with suppress(Alive), inherited(folder, name) as left:
            kept = _untold(blocks, name, left)
            for each in kept:
                each.row[11] = 0  # the number was of another chain
            again(kept)
            count += len(kept)
    return count


def _ended(
    blocks: Blocks, key: bytes, head: Document, types: list[str], folder: Path | None
) -> int:
    name = head["_id"]
    last = blocks.last(name)
    if last is None:
        blocks.closed(name, -1, "")
        return 0
    if last["d"] == chain.ENDED:
        blocks.closed(name, last["n"], last["h"])
        return 0
    with inherited(folder, name) as left:
        rows = [each.row for each in _untold(blocks, name, left)]
        rows += _missing(blocks, name, last, types, {row[11] for row in rows})
        number, seal = _appended(blocks, key, last, rows)
        blocks.closed(name, number, seal)
    return len(rows)


def _untold(blocks: Blocks, name: str, left: list[Told]) -> list[Told]:
    """Give what no block of its chain tells, each once: by its number, or word for word."""
    if not left:
        return []
    look_up(blocks.database, left)
    since = min(each.row[0] for each in left)
    numbers, said = set[int](), set[bytes]()
    for row in _stored(blocks, name, since - SLACK_MS):
        numbers.add(row[11])
        if row[0] >= since:
            said.add(as_json(row))
    kept = []
    for each in left:
        number, written = each.row[11], as_json(each.row)
        if written not in said and not (number and number in numbers):
            kept.append(each)
            said.add(written)
    return kept


def _stored(blocks: Blocks, name: str, since: int) -> Iterator[Row]:
    """Give the events of a chain that ended at or after a moment, with their people in them."""
    for block in blocks.since(name, since):
        people, rows = chain.opened(block)
        for row in rows:
            row[4] = people[row[4]]
            yield row


def _appended(blocks: Blocks, key: bytes, last: Block, rows: list[Row]) -> tuple[int, str]:
    number, seal, name = last["n"], last["h"], last["c"]
    for portion in portions(rows):
        number += 1
        block = chain.made(name, number, chain.COMPLETED, now(), portion=portion)
        seal = chain.sealed(block, seal, key)["h"]
        blocks.add(block)
    number += 1
    block = chain.sealed(chain.made(name, number, chain.ENDED, now()), seal, key)
    blocks.add(block)
    return number, block["h"]


def _missing(blocks: Blocks, name: str, last: Block, types: list[str], told: set[int]) -> list[Row]:
    """Give events for what the process wrote since it was last heard of, and has not told."""
    since = last["l"] - SLACK_MS
    told = told | {row[11] for row in _stored(blocks, name, since)}
    accesses: dict[int, Row] = {}
    for kind in types:
        for row in _written(blocks, kind, name, chain.moment_of(since)):
            _, number, request, address, who = orjson.loads(row["w"])
            if number in told:
                continue
            change = _change(kind, row)
            moment = chain.milliseconds(row["t"])
            event = accesses.setdefault(number, _event(moment, request, address, who, number))
            event[0] = max(event[0], moment)
            event[10].append(list(change))
    changes = [change for row in accesses.values() for change in row[10] if not change[4]]
    known = looked_up(blocks.database, {(change[1], change[2]) for change in changes})
    for change in changes:
        change[4] = known.get((change[1], change[2]), ())
    return list(accesses.values())


def _written(blocks: Blocks, kind: str, name: str, since: datetime) -> Iterator[Document]:
    wanted = {"t": {"$gte": since}, "w": {"$regex": f'^\\["{name}"'}}
    shown = {"v": 1, "t": 1, "m": 1, "w": 1, "raw": 1}
    yield from blocks.database[kind].find(wanted, shown)
    yield from blocks.database[versions.past_name(kind)].find(wanted, shown)


def _change(kind: str, row: Document) -> traces.Change:
    key = row["_id"]
    identity, version = (key["id"], key["v"]) if isinstance(key, dict) else (key, row["v"])
    letter = "D" if row["m"] == "DELETE" else "C" if version == 1 else "U"
    patients = {identity} if kind == "Patient" else named(bytes(row.get("raw", b"")))
    return traces.Change(letter, kind, identity, version, tuple(sorted(patients)))


def _event(moment: int, request: str, address: str, who: Document, number: int) -> Row:
    notes = {"lengkap": "1"}
    return [
        moment, "E", "completed", FOUND, who, address, request, "", None, [], [], number, notes,
    ]  # fmt: skip
