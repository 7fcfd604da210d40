"""The blocks of the audit trail as they lie in the database (``_audit``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from fhir_server.store.trail.chain import name
from fhir_server.store.trail.heads import Heads
from fhir_server.store.trail.stretches import MOST_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from fhir_server.store.trail.chain import Block

TRAIL: Final = "_audit"
INDEXES: Final = (
    IndexModel([("l", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("p", ASCENDING), ("l", ASCENDING)]),
)


class Blocks:
    """Reads and writes blocks of one database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self.database = database
        self.heads = Heads(database)
        self._trail = database[TRAIL]

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

    def first(self, chain: str) -> Block:
        """Give the first block of a chain that has one; RuntimeError if it has none."""
        found = self.one(name(chain, 0))
        if found is None:
            raise RuntimeError(f"There is no chain {chain} in the audit trail.")
        return found

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
