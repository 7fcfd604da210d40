"""Searches the audit trail: blocks that may matter become AuditEvents, and MongoDB judges them.

The plan of the search runs over the events of some blocks at a time (``$documents``), in the order
of time, until the page is full; AuditEvents that clients have written are merged in. So every
parameter works as it does for any resource.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs

from fhir_server.errors import BadRequest
from fhir_server.store import pipeline
from fhir_server.store.trail.bounds import EVER, bounds
from fhir_server.store.trail.portions import LONGEST_MS
from fhir_server.store.trail.stretches import LONGEST_STRETCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fhir_server.search.plan import Join, Plan
    from fhir_server.store.ops import Found
    from fhir_server.store.search import Run
    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.bounds import Bounds
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.portions import Row

    Rendered = Callable[[Block, Callable[[Row], bool]], list[dict[str, Any]]]

Document = dict[str, Any]

AUDIT: Final = "AuditEvent"
BLOCKS_AT_ONCE: Final = 20
HEAD: Final = {"c": 1, "l": 1, "s": 1}
EVENTS_AT_ONCE: Final = 1000
MOST_LOOKED_AT: Final = 100_000
_OURS: Final = re.compile(r"[0-9a-f]{11}-[0-9a-f]{10}-[0-9a-f]{8}-[0-9a-f]{4,}-[0-9a-f]{3,}")
_LEAF: Final = 11
"""Digits of the time in an id."""


class Searcher:
    """Answers searches for AuditEvents; ``rendered`` makes them of a block."""

    def __init__(self, blocks: Blocks, run: Run, rendered: Rendered) -> None:
        self._blocks = blocks
        self._run = run
        self._rendered = rendered

    def page(self, plan: Plan) -> Found:
        """Find one page, of the trail and of what clients have written."""
        asked = replace(plan, total="none", includes=plan.includes)
        total = self._total(plan) if plan.count_only or plan.total != "none" else None
        if plan.count_only:
            return structs.replace(self._run.found(asked, []), total=total)
        rows = [*self._run.matches(asked), *self._matches(asked)]
        found = self._run.found(asked, _sorted(asked, rows)[: plan.limit + 1])
        return structs.replace(found, total=total)

    def one(self, event_id: str) -> Document | None:
        """Give an event by its id."""
        if not is_ours(event_id):
            return None
        parts = event_id.split("-")
        block = self._blocks.one(f"{parts[1]}-{parts[2]}")
        if block is None:
            return None
        made = self._rendered(block, lambda row: f"{row[0]:011x}" == parts[0])
        return next((each for each in made if each["_id"] == event_id), None)

    def _total(self, plan: Plan) -> int:
        whole = replace(plan, after=None, limit=MOST_LOOKED_AT)
        return self._run.count(replace(plan, total="accurate")) + len(self._matches(whole))

    def _matches(self, plan: Plan) -> list[Document]:
        within = bounds(plan.filter)
        if within.ids is not None:
            found = [self.one(each) for each in sorted(within.ids)]
            return self._judged(plan, [each for each in found if each])
        falling = _is_falling(plan)
        within = _after(plan, within)
        matches: list[Document] = []
        for documents in self._walk(within, falling=bool(falling)):
            matches += self._judged(plan, documents)
            if falling is not None and len(matches) > plan.limit:
                break
        return matches

    def _judged(self, plan: Plan, documents: list[Document]) -> list[Document]:
        """Let the database say which of these match."""
        if not documents:
            return []
        joins = tuple(_undriven(each) for each in plan.joins)
        _, stages = pipeline.page(replace(plan, joins=joins), self._run.settings.chain_limit)
        command = {
            "aggregate": 1,
            "pipeline": [{"$documents": {"$literal": documents}}, *stages],
            "cursor": {"batchSize": plan.limit + 2},
        }
        return self._run.answered(command)

    def _walk(self, within: Bounds, *, falling: bool) -> Iterator[list[Document]]:
        """Give the events of the trail in portions, in the order of time."""
        pending: list[Document] = []
        seen: set[str] = set()
        looked = 0
        after: tuple[int, str] | None = None
        while True:
            heads, blocks = self._window(within, after, falling=falling)
            for block in blocks:
                if block["_id"] in seen:
                    continue
                seen.add(block["_id"])
                pending += self._of(block, within)
                looked += block["k"]
                if looked > MOST_LOOKED_AT:
                    raise _too_many()
            if not heads:
                yield pending
                return
            after = (heads[-1]["l"], heads[-1]["_id"])
            if len(pending) >= EVENTS_AT_ONCE or len(heads) < BLOCKS_AT_ONCE:
                late = LONGEST_STRETCH_MS if falling and within.patients is not None else 0
                ready, pending = _parted(pending, after[0] + late, falling=falling)
                yield ready

    def _window(
        self, within: Bounds, after: tuple[int, str] | None, *, falling: bool
    ) -> tuple[list[Block], Iterable[Block]]:
        """Give the next blocks, or heads of those that name patients, and the blocks to read."""
        if within.patients is None:
            blocks = self._blocks.window(_ended(within), after, BLOCKS_AT_ONCE, falling=falling)
            return blocks, blocks
        patients = sorted(within.patients)
        first = _ended(replace(within, low=within.low - LONGEST_STRETCH_MS))
        wanted = {"p": {"$in": patients}, **first}
        heads = self._blocks.window(wanted, after, BLOCKS_AT_ONCE, falling=falling, shown=HEAD)
        return heads, self._blocks.stretched(heads, patients, _ended(within))

    def _of(self, block: Block, within: Bounds) -> list[Document]:
        made = self._rendered(block, lambda row: _may_match(row, within))
        if within.patients is None:
            return made
        names = {f"Patient/{each}" for each in within.patients}
        return [each for each in made if names & set(_listed(each["ix"].get("patient")))]


def is_ours(event_id: str) -> bool:
    """Tell whether an id is one of the trail's: time, block, place in it, part of the access."""
    return _OURS.fullmatch(event_id) is not None


def _ended(within: Bounds) -> Document:
    """Ask for blocks that end when there can be matches in them."""
    ends: Document = {}
    if within.low > EVER[0]:
        ends["$gte"] = within.low
    if within.high < EVER[1]:
        ends["$lte"] = within.high + LONGEST_MS
    return {"l": ends} if ends else {}


def _may_match(row: Row, within: Bounds) -> bool:
    if not within.low <= row[0] <= within.high:
        return False
    if within.patients is None:
        return True
    named = {*row[9], *(each for change in row[10] for each in change[4])}
    return not named.isdisjoint(within.patients)


def _parted(
    documents: list[Document], end: int, *, falling: bool
) -> tuple[list[Document], list[Document]]:
    """Part what is complete from what blocks to come may still precede."""
    ready: list[Document] = []
    rest: list[Document] = []
    for each in documents:
        moment = each["ix"]["date"]["l"]
        done = moment > end if falling else moment < end - LONGEST_MS
        (ready if done else rest).append(each)
    return ready, rest


def _is_falling(plan: Plan) -> bool | None:
    """Say whether time falls in the order asked for; None where it is no order of time."""
    first = plan.sort[0]
    return first.descending if first.field in {"_id", "ix.date.l", "t"} else None


def _after(plan: Plan, within: Bounds) -> Bounds:
    """Begin where the page before has ended."""
    if plan.after is None:
        return within
    first, value = plan.sort[0], plan.after[0]
    if first.field == "_id":
        head = str(value)[:_LEAF]
        if not is_ours(str(value)):
            return within
        value = int(head, 16)
    moment = value if isinstance(value, int) else None
    if first.field not in {"_id", "ix.date.l"} or moment is None:
        return within
    if first.descending:
        return replace(within, high=min(within.high, moment))
    return replace(within, low=max(within.low, moment))


def _undriven(join: Join) -> Join:
    """Let a search begin at the events, not at what they refer to."""
    return replace(join, driving=False, others=tuple(_undriven(each) for each in join.others))


def _sorted(plan: Plan, rows: Sequence[Document]) -> list[Document]:
    found = list(rows)
    keys = list(zip(pipeline.fields(plan), plan.sort, strict=True))
    for name, key in reversed(keys):
        found.sort(key=partial(_key, name.split(".")), reverse=key.descending)
    return found


def _key(path: list[str], row: Document) -> tuple[bool, Any]:
    value: Any = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return (value is not None, 0 if value is None else value)


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _too_many() -> BadRequest:
    return BadRequest(
        f"Too much to look at: more than {MOST_LOOKED_AT} accesses. Narrow the search with patient "
        "or date."
    )
