"""A block of the audit trail: events of one process, bound to the block before by a hash. Pure.

    _audit  {_id: "chain-number", c: chain, n: number, d: kind, f: first, l: last, k: events,
             p: [patients], a: {chain: [number, hash]}, x: what else, z: events, e: before,
             h: hash}

The hash is over everything in the block and the hash of the one before (``e``); with
FHIR_AUDIT_KEY it is an HMAC, which whoever can write to the database cannot make. ``a`` are the
heads of other chains, so that no chain, and no end of one, can be taken away unseen.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import orjson
from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Sequence

Block = dict[str, Any]
Row = list[Any]
"""One event: [ms, letter, kind, status, who, address, request, target, query, patients, changes,
number, notes]; ``who`` is its place in the block's table of people."""

BEGUN: Final = "begun"
EVENTS: Final = "events"
COMPLETED: Final = "completed"
REMOVAL: Final = "removal"
ENDED: Final = "ended"

_HASHED: Final = ("c", "n", "d", "f", "l", "k", "p", "a", "x", "e")
_LEVEL: Final = 1
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
LONGEST_MS: Final = 1000
"""No block is longer, so that a search by time knows where to begin."""
MOST: Final = 2000
"""Events, changes and tens of patients in one block, unless one event alone has more."""


def moment_of(milliseconds: int) -> datetime:
    """Give a moment as the database keeps it."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(moment: datetime) -> int:
    """Give a moment as the trail counts it."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def name(chain: str, number: int) -> str:
    """Give the key of a block."""
    return f"{chain}-{number:08x}"


def digest(block: Block, key: bytes) -> str:
    """Hash a block."""
    head = orjson.dumps({each: block[each] for each in _HASHED}, option=orjson.OPT_SORT_KEYS)
    whole = head + bytes(block["z"])
    if key:
        return hmac.new(key, whole, hashlib.sha256).hexdigest()
    return hashlib.sha256(whole).hexdigest()


def sealed(block: Block, before: str, key: bytes) -> Block:
    """Bind a block to the one before it."""
    block["e"] = before
    block["h"] = digest(block, key)
    return block


def made(  # noqa: PLR0913 - what a block holds
    chain: str,
    number: int,
    kind: str,
    moment: int,
    *,
    rows: Sequence[Row] = (),
    people: Sequence[dict[str, Any]] = (),
    anchors: dict[str, list[Any]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Block:
    """Make a block that is not yet bound; ``moment`` (ms) is when, where it has no events."""
    patients = {each for row in rows for each in row[9]}
    patients.update(each for row in rows if row[10] for change in row[10] for each in change[4])
    return {
        "_id": name(chain, number),
        "c": chain,
        "n": number,
        "d": kind,
        "f": rows[0][0] if rows else moment,
        "l": rows[-1][0] if rows else moment,
        "k": len(rows),
        "p": sorted(patients),
        "a": anchors or {},
        "x": extra or {},
        "z": isal_zlib.compress(orjson.dumps([people, rows]), _LEVEL),
    }


def opened(block: Block) -> tuple[list[dict[str, Any]], list[Row]]:
    """Give the people and the events of a block."""
    people, rows = orjson.loads(isal_zlib.decompress(bytes(block["z"])))
    return people, rows


def shared(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], list[Row]]:
    """Write each person once, and in the events where."""
    people: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    found = []
    for row in rows:
        place = places.get(id(row[4]))
        if place is None:
            if row[4] not in people:
                people.append(row[4])
            place = places[id(row[4])] = people.index(row[4])
        found.append([*row[:4], place, *row[5:]])
    return people, found


def portions(rows: Sequence[Row]) -> list[list[Row]]:
    """Part events, oldest first, so that each part fits into a block."""
    parts: list[list[Row]] = []
    size = 0
    for row in sorted(rows, key=itemgetter(0)):
        weight = 1 + len(row[10]) + len(row[9]) // 10
        size += weight
        if not parts or size > MOST or row[0] - parts[-1][0][0] > LONGEST_MS:
            parts.append([row])
            size = weight
        else:
            parts[-1].append(row)
    return parts
