"""Runs a Plan: one command for the matches, one more for what they include, one for the total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson.codec_options import CodecOptions
from msgspec import structs
from pymongo.errors import ConnectionFailure, OperationFailure

from fhir_server.errors import BadRequest
from fhir_server.search.plan import KIND
from fhir_server.store import pipeline, versions
from fhir_server.store.ops import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.config import Settings
    from fhir_server.search.plan import Filter, Include, Plan
    from fhir_server.store.ops import Stored
    from fhir_server.store.pipeline import Branch, Stage

Document = dict[str, Any]
Row = tuple[str, Document]

ZONED: CodecOptions[Document] = CodecOptions(tz_aware=True)


class Run:
    """One search in one database, perhaps inside a transaction."""

    def __init__(
        self, database: Database[Document], settings: Settings, session: ClientSession | None
    ) -> None:
        self.database = database
        self.settings = settings
        self.session = session

    def page(self, plan: Plan) -> Found:
        """Find one page."""
        if plan.count_only:
            return Found((), total=self.count(plan))
        return self.found(plan, self.matches(plan))

    def found(self, plan: Plan, rows: list[Document]) -> Found:
        """Make the page of its matches, of which one more than the limit tells of another page."""
        more = len(rows) > plan.limit
        del rows[plan.limit :]
        total = None
        if plan.total != "none":
            is_all = not more and plan.after is None
            total = len(rows) if is_all else self.count(plan)
        kinds = [row.get(KIND, plan.resource_type) for row in rows]
        matches = [versions.stored(kind, row) for kind, row in zip(kinds, rows, strict=True)]
        others = self.included(plan, list(zip(kinds, rows, strict=True))) if plan.includes else ()
        last = _position(plan, rows[-1]) if rows else None
        return Found((*matches, *others), more, last, total)

    def matches(self, plan: Plan) -> list[Document]:
        """Give the matches of the page and one more, if there is one."""
        if not pipeline.is_plain(plan):
            return self.aggregate(*pipeline.page(plan, self.settings.chain_limit), plan.limit + 1)
        return self.answered(
            {
                "find": plan.resource_type,
                "filter": pipeline.match(plan),
                "projection": pipeline.projection(plan),
                "sort": pipeline.order(plan),
                "limit": plan.limit + 1,
                "batchSize": plan.limit + 2,
                "allowDiskUse": True,
            }
        )

    def answered(self, command: Document) -> list[Document]:
        """Run a command that gives documents.

        A plain command costs the driver half of what its cursors cost, but it gives up at a
        broken connection and reads only the first 16 MB; a cursor then does both.
        """
        command["maxTimeMS"] = self.settings.query_time_limit_ms
        try:
            reply = self.database.command(command, session=self.session, codec_options=ZONED)
        except ConnectionFailure:
            if self.session is not None:
                raise
        else:
            found: list[Document] = reply["cursor"]["firstBatch"]
            if not reply["cursor"]["id"]:
                return found
        return list(self.database.cursor_command(command, session=self.session))

    def count(self, plan: Plan) -> int:
        """Count all matches; an estimate of everything is what the collection says of itself."""
        if plan.total == "estimate" and not (plan.filter or plan.joins or plan.also):
            return self.database[plan.resource_type].estimated_document_count()
        rows = self.aggregate(*pipeline.count(plan, self.settings.chain_limit), 1)
        return int(rows[0]["n"]) if rows else 0

    def aggregate(self, collection: str, stages: list[Stage], most: int) -> list[Document]:
        """Run an aggregation that gives at most so many documents, in one answer."""
        command = {
            "aggregate": collection,
            "pipeline": stages,
            "cursor": {"batchSize": most + 1},
            "allowDiskUse": True,
        }
        try:
            return self.answered(command)
        except OperationFailure as error:
            if error.code == pipeline.TOO_MANY:
                what = "a chain or _has passes through"
                raise _too_many(what, self.settings.chain_limit, "FHIR_CHAIN_LIMIT") from error
            raise

    def included(self, plan: Plan, rows: Sequence[Row]) -> list[Stored]:
        """Find what the page's matches refer to, and what refers to them, hop by hop.

        A hop costs one command; only what is to be iterated needs a second.
        """
        limit = self.settings.include_limit
        known = {(kind, row["_id"]) for kind, row in rows}
        found: dict[tuple[str, str], Document] = {}
        includes = plan.includes
        while rows and includes:
            rows = self.hop(plan, includes, rows, known)
            found |= {(kind, row["_id"]): row for kind, row in rows}
            known |= found.keys()
            if len(found) > limit:
                raise _too_many("the page would include", limit, "FHIR_INCLUDE_LIMIT")
            includes = tuple(each for each in plan.includes if each.iterate)
        return [
            structs.replace(versions.stored(kind, row), mode="include")
            for (kind, _), row in found.items()
        ]

    def hop(
        self,
        plan: Plan,
        includes: Sequence[Include],
        rows: Sequence[Row],
        known: set[tuple[str, str]],
    ) -> list[Row]:
        """Follow the includes once, from these rows to those that are new."""
        branches = _narrowed(plan, _branches(includes, rows, known))
        if not branches:
            return []
        limit = self.settings.include_limit
        most = (limit + 1) * len(branches)
        further: dict[str, list[str]] = {}
        for each in plan.includes:
            if each.iterate and each.forward:
                further.setdefault(each.source_type, []).append(each.field)
        found = self.aggregate(*pipeline.included(branches, limit, further), most)
        new = {(row[KIND], row["_id"]): row for row in found}
        return [(kind, row) for (kind, each), row in new.items() if (kind, each) not in known]


def run(
    database: Database[Document],
    plan: Plan,
    settings: Settings,
    session: ClientSession | None = None,
) -> Found:
    """Run one page of a search; raises BadRequest where a limit of the settings is passed."""
    return Run(database, settings, session).page(plan)


def _position(plan: Plan, row: Document) -> tuple[object, ...]:
    return tuple(_at(row, name.split(".")) for name in pipeline.fields(plan))


def _at(value: Any, names: list[str]) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _branches(
    includes: Sequence[Include], rows: Sequence[Row], known: set[tuple[str, str]]
) -> list[tuple[str, Filter]]:
    ids: dict[str, dict[str, None]] = {}
    reverse: dict[tuple[str, str], Filter] = {}
    for each in includes:
        if each.forward:
            for kind, target in _referred(each, rows):
                if (kind, target) not in known:
                    ids.setdefault(kind, {})[target] = None
        else:
            own = [f"{kind}/{row['_id']}" for kind, row in rows if _counts(each, kind)]
            if own:
                reverse[each.source_type, each.field] = {each.field: {"$in": own}}
    forward: list[tuple[str, Filter]] = [
        (kind, {"_id": {"$in": list(some)}}) for kind, some in ids.items()
    ]
    return forward + [(kind, wanted) for (kind, _), wanted in reverse.items()]


def _narrowed(plan: Plan, branches: Sequence[tuple[str, Filter]]) -> list[Branch]:
    """Keep of what would be included what the plan lets through."""
    if plan.narrow is None:
        return [(kind, wanted, ()) for kind, wanted in branches]
    kept: list[Branch] = []
    for kind, wanted in branches:
        within = plan.narrow(kind)
        if within is not None:
            kept.append((kind, pipeline.both(wanted, within[0]), within[1]))
    return kept


def _counts(include: Include, kind: str) -> bool:
    return include.target_type in {None, kind}


def _referred(include: Include, rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
    for source, row in rows:
        if source != include.source_type:
            continue
        value = _at(row, include.field.split("."))
        for reference in value if isinstance(value, list) else [value]:
            kind, _, target = (reference or "").partition("/")
            if target and kind.isalpha() and _counts(include, kind):
                yield kind, target


def _too_many(what: str, limit: int, setting: str) -> BadRequest:
    return BadRequest(
        f"Too many: {what} more than {limit} resources, the limit of this server ({setting}). "
        "Narrow the search with more criteria, or ask for smaller pages."
    )
