"""How MongoDB answers a search: which indexes it uses, and what it reads without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.store import pipeline
from fhir_server.store.shapes import proposed, shape_of

if TYPE_CHECKING:
    from fhir_server.search.plan import Plan
    from fhir_server.store.search import Run

Document = dict[str, Any]

WHOLE = (["[MinKey, MaxKey]"], ["[MaxKey, MinKey]"])


@dataclass(frozen=True, slots=True)
class Explained:
    """``indexes`` are used; ``scans``: whether whole collections are read.

    ``examined`` counts the documents looked at, ``proposal`` names the index that would help.
    """

    shape: str
    indexes: tuple[str, ...]
    scans: bool
    examined: int
    milliseconds: int
    proposal: str = ""


def explain(run: Run, plan: Plan) -> Explained:
    """Run one page of a search for what the database says of it."""
    if pipeline.is_plain(plan):
        command: Document = {
            "find": plan.resource_type,
            "filter": pipeline.match(plan),
            "sort": pipeline.order(plan),
            "limit": plan.limit + 1,
        }
    else:
        begun, stages = pipeline.page(plan, run.settings.chain_limit)
        command = {"aggregate": begun, "pipeline": stages, "cursor": {}}
    limit = run.settings.query_time_limit_ms
    said = run.database.command(
        {"explain": command, "verbosity": "executionStats", "maxTimeMS": limit}
    )
    seen = _Seen()
    seen.walk(said)
    proposal = proposed(shape_of(plan)) if seen.scans and plan.filter else None
    return Explained(
        shape_of(plan),
        tuple(sorted(seen.indexes)),
        seen.scans,
        seen.examined,
        seen.milliseconds,
        f"{proposal[0]}: {proposal[1]}" if proposal else "",
    )


def _is_whole(bounds: Any) -> bool:
    """Tell whether an index is walked from end to end."""
    if not isinstance(bounds, dict) or not bounds:
        return False
    return all(list(each) in WHOLE for each in bounds.values())


class _Seen:
    """What stands in an explanation, wherever it stands."""

    def __init__(self) -> None:
        self.indexes: set[str] = set()
        self.scans = False
        self.examined = 0
        self.milliseconds = 0

    def walk(self, value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                self.walk(each)
        elif isinstance(value, dict):
            self.note(value)
            for name, each in value.items():
                if name not in {"rejectedPlans", "allPlansExecution", "command", "parsedQuery"}:
                    self.walk(each)

    def note(self, stage: Document) -> None:
        if isinstance(stage.get("indexName"), str):
            self.indexes.add(stage["indexName"])
        self.indexes.update(stage.get("indexesUsed", ()))
        looked = int(stage.get("collectionScans", 0) or 0)
        walked = _is_whole(stage.get("indexBounds"))
        self.scans = self.scans or stage.get("stage") == "COLLSCAN" or looked > 0 or walked
        self.examined += int(stage.get("totalDocsExamined", 0) or 0)
        self.milliseconds = max(self.milliseconds, int(stage.get("executionTimeMillis", 0) or 0))
