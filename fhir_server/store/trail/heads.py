"""The chains of the audit trail, and the processes that write them (``_audit_heads``).

It only helps to complete the trail; nothing is believed because it stands here:

    {_id: chain, life: process, host, boot, pid, born: which that is,
     n, h: how far the chain was when last seen, at: when that was (the database's clock),
     since: from when on there may be writes that no block tells,
     open: it goes on, held: to which block another chain is bound,
     hand: when somebody took it in hand to end it, ended: when somebody had ended it,
     looked: until when what it wrote is told, next: when to look again}

All times are milliseconds.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from pymongo.database import Database

Head = dict[str, Any]

HEADS: Final = "_audit_heads"
DEAD_SECONDS: Final = 30.0
DEAD_MS: Final = int(DEAD_SECONDS * 1000)
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


class Heads:
    """Reads and writes what is known of the chains of one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._heads = database[HEADS]

    def begun(self, chain: str, life: str, since: int) -> None:
        """Note that a process begins a chain; there is no block yet."""
        found = {"life": life, "n": -1, "h": "", "since": since, "open": True, **here()}
        self._heads.update_one({"_id": chain}, _at_present(found), upsert=True)

    def beat(self, chain: str, number: int, head: str, since: int) -> bool:
        """Note how far a chain is, and that its process lives; False if somebody has ended it."""
        found = _at_present({"n": number, "h": head, "since": since})
        return self._heads.update_one({"_id": chain, "open": True}, found).matched_count == 1

    def others(self, chain: str) -> dict[str, list[Any]]:
        """Give the heads of the other chains that no block is anchored to yet."""
        rows = self._heads.find({"_id": {"$ne": chain}})
        return {row["_id"]: [row["n"], row["h"]] for row in rows if row.get("held", -1) < row["n"]}

    def known(self) -> dict[str, list[Any]]:
        """Give how far every chain was when it was last seen."""
        return {row["_id"]: [row["n"], row["h"]] for row in self._heads.find() if row["n"] >= 0}

    def held(self, anchors: dict[str, list[Any]]) -> None:
        """Note to which heads a block is anchored now."""
        for chain, (number, _) in anchors.items():
            self._heads.update_one({"_id": chain}, {"$max": {"held": number}})

    def living(self, besides: Collection[str] = ()) -> set[str]:
        """Name the processes of which a chain goes on, besides some chains."""
        rows = self._heads.find({"open": True, "_id": {"$nin": list(besides)}}, {"life": 1})
        return {life_of(row) for row in rows}

    def of(self, life: str) -> list[Head]:
        """Give the chains of a process."""
        return list(self._heads.find({"$or": [{"life": life}, {"_id": life}]}))

    def dead(self) -> list[Head]:
        """Give the chains that go on though their process is gone."""
        silent = {"$set": {"silent": {"$subtract": [{"$toLong": "$$NOW"}, "$at"]}}}
        rows = self._heads.aggregate([{"$match": {"open": True}}, silent])
        return [row for row in rows if is_gone(row)]

    def doubtful(self) -> list[Head]:
        """Give the chains that were ended by others, and that it is time to look at again."""
        return list(self._heads.find({"open": False, "next": {"$lte": now()}}))

    def claimed(self, chain: str) -> bool:
        """Take a dead chain in hand; False if another process has it."""
        free = {"$or": [{"hand": None}, {"hand": {"$lt": now() - DEAD_MS}}]}
        taken = {"$set": {"hand": now()}}
        return self._heads.update_one({"_id": chain, **free}, taken).modified_count == 1

    def closed(self, chain: str, number: int, head: str, **more: int | str | None) -> None:
        """Note that a chain has ended, and what ``more`` the head is to say."""
        found = {"n": number, "h": head, "open": False, "hand": None, **more}
        self._heads.update_one({"_id": chain}, {"$set": found}, upsert=bool(more))

    def forget(self) -> None:
        """Remove the heads of processes of which nothing is left to tell.

        All their chains have ended, nobody will look at them again, and others are bound to their
        ends: what is missing of them shows without their heads.
        """
        bound = {"$gte": [{"$ifNull": ["$held", -1]}, "$n"]}
        waiting = {"$gt": ["$next", None]}
        settled = {"$and": [{"$not": "$open"}, {"$not": waiting}, bound]}
        lives = self._heads.aggregate(
            [
                {"$group": {"_id": {"$ifNull": ["$life", "$_id"]}, "left": {"$min": settled}}},
                {"$match": {"left": True}},
            ]
        )
        names = [row["_id"] for row in lives]
        of_these = {"$or": [{"life": {"$in": names}}, {"_id": {"$in": names}}]}
        self._heads.delete_many({**of_these, "open": False})


def life_of(head: Head) -> str:
    """Name the process of a chain; one of an earlier release has the name of its chain."""
    return str(head.get("life", head["_id"]))


def is_here(head: Head) -> bool:
    """Tell whether a process is, or was, one of this machine since it was started."""
    mine = here()
    return bool(head.get("boot")) and all(head[name] == mine[name] for name in ("host", "boot"))


def is_gone(head: Head) -> bool:
    """Tell whether the process of a chain is gone: on this machine at once, else after a while."""
    if is_here(head):
        return born(int(head["pid"])) != str(head["born"])
    return int(head["silent"]) > DEAD_MS


def _at_present(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Make an update that notes the database's time as well: clocks of machines differ."""
    literal = {name: {"$literal": value} for name, value in found.items()}
    return [{"$set": {**literal, "at": {"$toLong": "$$NOW"}}}]
