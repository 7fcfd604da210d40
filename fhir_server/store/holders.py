"""Who works on deliveries, and how others see that he has died.

A clock on the wall may be set, so no claim ends at a time of day. An engine that holds deliveries
moves a number, its beat, as long as it lives; whoever sees the same number for the length of a
lease, by a clock of its own that nobody sets, lets go of what that engine held.

    _dispatches.targets  {_id: target, beats: {engine: number}}
    _dispatches          holder: "engine:claim" of what is held
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fhir_server.store import progress
from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.collection import Collection

Document = dict[str, Any]


class Holders:
    """The engines that hold deliveries, or held them when they died."""

    def __init__(self, dispatches: Collection[Document], targets: Collection[Document]) -> None:
        self._all = dispatches
        self._targets = targets

    def beat(self, target: str, engine: str) -> None:
        """Say that an engine lives."""
        with translated():
            moved = {"$inc": {f"beats.{engine}": 1}}
            self._targets.update_one({"_id": target}, moved, upsert=True)

    def end(self, target: str, engine: str) -> None:
        """Forget an engine; what it still holds is seen as left behind."""
        with translated():
            self._targets.update_one({"_id": target}, {"$unset": {f"beats.{engine}": ""}})

    def beats(self, target: str) -> dict[str, int]:
        """Give the beat of each engine; 0 of one that is forgotten and holds something."""
        held = {"target": target, "due": progress.HELD}
        with translated():
            holders = {each["holder"] for each in self._all.find(held, {"holder": 1})}
            found = self._targets.find_one({"_id": target}, {"beats": 1}) or {}
        living: dict[str, int] = found.get("beats", {})
        return {each.partition(":")[0]: 0 for each in holders} | living

    def let_go(self, target: str, engine: str) -> int:
        """Let others go on with all that an engine held; it may have been sent. Say how many."""
        holder = {"$regex": f"^{re.escape(engine)}:"}
        number = self._left_behind({"target": target, "holder": holder})
        self.end(target, engine)
        return number

    def give_back(self, target: str, holder: str, references: Iterable[str] = ()) -> int:
        """Let others go on with what one claim held, or with some of it; it may have been sent."""
        wanted: Document = {"target": target, "holder": holder}
        if references:
            wanted["_id"] = {"$in": [progress.key(target, each) for each in references]}
        return self._left_behind(wanted)

    def _left_behind(self, wanted: Document) -> int:
        with translated():
            held = {**wanted, "due": progress.HELD}
            return self._all.update_many(held, progress.left_behind(now())).modified_count
