"""A block of the audit trail: events of one process, bound to the block before by a hash. Pure.

    _audit  {_id: "chain-number", c: chain, n: number, d: kind, f: first, l: last, k: events,
             s: first of its stretch, p: [patients], q: [patients that the stretch has named
             before], a: {chain: [number, hash]}, x: what else, z: events, e: before, h: hash}

The hash is over everything in the block and the hash of the one before (``e``); with
FHIR_AUDIT_KEY it is an HMAC, which whoever can write to the database cannot make. ``a`` are the
heads of other chains, so that no chain, and no end of one, can be taken away unseen.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from isal import isal_zlib

from fhir_server.store.trail.portions import Portion
from fhir_server.store.trail.stretches import alone

if TYPE_CHECKING:
    from fhir_server.store.trail.portions import Row
    from fhir_server.store.trail.stretches import Stretch

Block = dict[str, Any]

BEGUN: Final = "begun"
EVENTS: Final = "events"
COMPLETED: Final = "completed"
REMOVAL: Final = "removal"
ENDED: Final = "ended"
AFTER_END: Final = frozenset({COMPLETED, ENDED})
"""What others may find out of a process whose chain they have ended, and the end once more."""

_HASHED: Final = ("c", "n", "d", "f", "l", "k", "p", "a", "x", "e")
_HASHED_SINCE: Final = ("s", "q")
"""Blocks of earlier releases have none of them."""
_LEVEL: Final = 1
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


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
    hashed = {each: block[each] for each in _HASHED}
    hashed.update((each, block[each]) for each in _HASHED_SINCE if each in block)
    head = orjson.dumps(hashed, option=orjson.OPT_SORT_KEYS)
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
    portion: Portion | None = None,
    stretch: Stretch | None = None,
    anchors: dict[str, list[Any]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Block:
    """Make a block that is not yet bound; ``moment`` (ms) is when, where it has no events."""
    held = portion or Portion()
    last = held.last if held else moment
    named = stretch.of(number, last, held.patients) if stretch else alone(number, held.patients)
    return {
        "_id": name(chain, number),
        "c": chain,
        "n": number,
        "d": kind,
        "f": held.first if held else moment,
        "l": last,
        "k": len(held),
        **named,
        "a": anchors or {},
        "x": extra or {},
        "z": isal_zlib.compress(held.written(), _LEVEL),
    }


def opened(block: Block) -> tuple[list[dict[str, Any]], list[Row]]:
    """Give the people and the events of a block."""
    people, rows = orjson.loads(isal_zlib.decompress(bytes(block["z"])))
    return people, rows
