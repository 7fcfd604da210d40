"""The blocks of the audit trail as they lie in the database, and the processes that write them.

``_audit`` is the trail itself. ``_audit_heads`` only helps: which chains are open, of which
process, how far they were when last seen; nothing is believed because it stands there.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from fhir_server.store.trail.chain import name
from fhir_server.store.trail.stretches import MOST_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from fhir_server.store.trail.chain import Block

TRAIL: Final = "_audit"
HEADS: Final = "_audit_heads"
DEAD_SECONDS: Final = 30.0
INDEXES: Final = (
    IndexModel([("l", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("p", ASCENDING), ("l", ASCENDING)]),
)
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def now() -> int:
    """Give the present moment in milliseconds."""
    return time.time_ns() // 1_000_000


def here() -> dict[str, Any]:
    """Say which process this is, so that another on this machine can tell whether it lives."""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
    return {"host": socket.gethostname(), "boot": boot, "pid": os.getpid(), "born": born()}


def born(pid: int | None = None) -> str:
    """Give when a process began, as the kernel counts; empty where it is gone, or unknown."""
    path = Path(f"/proc/{pid or os.getpid()}/stat")
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


class Blocks:
    """Reads and writes blocks of one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self.database = database
        self._trail = database[TRAIL]
        self._heads = database[HEADS]

    def prepare(self) -> None:
        """Make the collection's indexes; does nothing where they are."""
        self._trail.create_indexes(list(INDEXES))

    def add(self, block: Block) -> None:
        """Store a block; DuplicateKeyError if one of its number is there."""
        self._trail.insert_one(block)

    def last(self, chain: str) -> Block | None:
        """Give the last block of a chain."""
        wanted = {"_id": {"$gte": f"{chain}-", "$lt": f"{chain}."}}
        return self._trail.find_one(wanted, sort=[("_id", DESCENDING)])

    def one(self, key: str) -> Block | None:
        """Give a block."""
        return self._trail.find_one({"_id": key})

    def since(self, chain: str, moment: int) -> list[Block]:
        """Give the blocks of a chain that end at or after a moment."""
        wanted = {"_id": {"$gte": f"{chain}-", "$lt": f"{chain}."}, "l": {"$gte": moment}}
        return list(self._trail.find(wanted))

    def all(self) -> Iterator[Block]:
        """Give every block, chain by chain, in order."""
        yield from self._trail.find({}, sort=[("_id", ASCENDING)], batch_size=200)

    def window(
        self,
        wanted: dict[str, Any],
        after: tuple[int, str] | None,
        limit: int,
        *,
        falling: bool,
        shown: dict[str, int] | None = None,
    ) -> list[Block]:
        """Give the next blocks by their end; ``after`` is the last of those before.

        ``shown`` are the fields that are wanted, all unless said.
        """
        filters = [wanted] if wanted else []
        if after is not None:
            sign = "$lt" if falling else "$gt"
            further = [{"l": {sign: after[0]}}, {"l": after[0], "_id": {sign: after[1]}}]
            filters.append({"$or": further})
        order = DESCENDING if falling else ASCENDING
        found = self._trail.find({"$and": filters} if filters else {}, shown)
        return list(found.sort([("l", order), ("_id", order)]).limit(limit))

    def stretched(
        self, heads: Sequence[Block], patients: Sequence[str], ends: dict[str, Any]
    ) -> Iterator[Block]:
        """Give the blocks that name patients, from heads on to the ends of their stretches."""
        named = {"$or": [{"p": {"$in": patients}}, {"q": {"$in": patients}}], **ends}
        ranges = []
        for head in heads:
            if "s" not in head:  # of an earlier release
                ranges.append({"_id": head["_id"]})
                continue
            end = name(head["c"], head["s"] + MOST_BLOCKS)
            ranges.append({"_id": {"$gte": head["_id"], "$lt": end}, "s": head["s"], **named})
        yield from self._trail.find({"$or": ranges}) if ranges else ()

    def before(self, moment: int) -> list[Block]:
        """Give the heads (no events) of all blocks that ended before a moment, in order."""
        heads = self._trail.find({"l": {"$lt": moment}}, {"z": 0, "p": 0, "q": 0})
        return list(heads.sort("_id", ASCENDING))

    def kept(self, chain: str, moment: int) -> Block | None:
        """Give the head of the first block of a chain that ended at or after a moment."""
        wanted = {"_id": {"$gte": f"{chain}-", "$lt": f"{chain}."}, "l": {"$gte": moment}}
        return self._trail.find_one(wanted, {"n": 1, "s": 1}, sort=[("_id", ASCENDING)])

    def after(self, chain: str, number: int) -> Block | None:
        """Give the first block of a chain from a number on."""
        wanted = {"_id": {"$gte": f"{chain}-{number:08x}", "$lt": f"{chain}."}}
        return self._trail.find_one(wanted, sort=[("_id", ASCENDING)])

    def remove(self, keys: Sequence[str]) -> int:
        """Take blocks out."""
        return self._trail.delete_many({"_id": {"$in": list(keys)}}).deleted_count

    def seen(self, chain: str, number: int, head: str, *, open_: bool = True) -> None:
        """Note how far a chain of this process is, and that it lives."""
        found = {"n": number, "h": head, "at": now(), "open": open_, **here()}
        self._heads.update_one({"_id": chain}, {"$set": found}, upsert=True)

    def others(self, chain: str) -> dict[str, list[Any]]:
        """Give the heads of the other chains that no block is anchored to yet."""
        rows = self._heads.find({"_id": {"$ne": chain}})
        return {row["_id"]: [row["n"], row["h"]] for row in rows if row.get("held", -1) < row["n"]}

    def heads(self) -> dict[str, list[Any]]:
        """Give how far every chain was when it was last seen."""
        return {row["_id"]: [row["n"], row["h"]] for row in self._heads.find() if row["n"] >= 0}

    def held(self, anchors: dict[str, list[Any]]) -> None:
        """Note to which heads a block is anchored now."""
        for chain, (number, _) in anchors.items():
            self._heads.update_one({"_id": chain}, {"$max": {"held": number}})

    def open(self) -> set[str]:
        """Name the chains that have not ended."""
        return {row["_id"] for row in self._heads.find({"open": True}, {"_id": 1})}

    def dead(self) -> list[dict[str, Any]]:
        """Give the open chains whose process is gone."""
        rows = self._heads.find({"open": True})
        return [row for row in rows if is_gone(row)]

    def claimed(self, chain: str) -> bool:
        """Take a dead chain in hand; False if another process has it."""
        free = {"$or": [{"hand": None}, {"hand": {"$lt": now() - int(DEAD_SECONDS * 1000)}}]}
        wanted = {"_id": chain, "open": True, **free}
        return self._heads.update_one(wanted, {"$set": {"hand": now()}}).modified_count == 1

    def closed(self, chain: str, number: int, head: str) -> None:
        """Note that a chain has ended."""
        self._heads.update_one({"_id": chain}, {"$set": {"n": number, "h": head, "open": False}})


def is_gone(head: dict[str, Any]) -> bool:
    """Tell whether the process of a chain is gone: on this machine at once, else after a while."""
    mine = here()
    if head.get("boot") and (head["host"], head["boot"]) == (mine["host"], mine["boot"]):
        return born(int(head["pid"])) != str(head["born"])
    return int(head["at"]) < now() - int(DEAD_SECONDS * 1000)
