"""The store: read, vread, history, search and transact."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient, ReadPreference, ReturnDocument, WriteConcern
from pymongo.read_concern import ReadConcern

from fhir_server.errors import FhirError, Unavailable
from fhir_server.store import (
    burden,
    contents,
    counting,
    history,
    integrity,
    search,
    snapshot,
    untold,
    versions,
)
from fhir_server.store.backup import UNFINISHED
from fhir_server.store.binaries import Binaries
from fhir_server.store.clients import Clients
from fhir_server.store.conditions import Judge
from fhir_server.store.customs import Customs
from fhir_server.store.deliveries import Deliveries
from fhir_server.store.dispatches import Dispatches
from fhir_server.store.emergencies import Emergencies
from fhir_server.store.explain import Explained, explain
from fhir_server.store.expunge import Expunger
from fhir_server.store.failures import translated
from fhir_server.store.feeds import Feeds
from fhir_server.store.formats import Formats
from fhir_server.store.jobs import Jobs
from fhir_server.store.labels import labels
from fhir_server.store.layout import SECRETS, TALLIES, Layout
from fhir_server.store.many import run_many
from fhir_server.store.outbox import Outbox
from fhir_server.store.profiles import Profiles
from fhir_server.store.reading import Reader
from fhir_server.store.reindex import Slice, reindex_slice
from fhir_server.store.searches import Searches
from fhir_server.store.sendings import Sendings
from fhir_server.store.shapes import Shapes
from fhir_server.store.subscriptions import Subscriptions
from fhir_server.store.terminology import Terminologies
from fhir_server.store.trail import AUDIT, Trail
from fhir_server.store.transact import Writer
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.client_session import ClientSession
    from pymongo.database import Database
    from pymongo.monitoring import CommandListener

    from fhir_server.config import Settings
    from fhir_server.search.index import Index
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.plan import Plan
    from fhir_server.store.history import Page
    from fhir_server.store.ops import Condition, Found, Op, Stored, Written
    from fhir_server.store.outbox import Notices
    from fhir_server.store.reindex import Keys

SELECTION_MS = 5_000
UNKNOWN = 500
"""From this status on, a refused write may have happened all the same."""
MOST_CELLS = 10_000
"""Rows of a count that come in one answer; more are read on."""
JOURNALED = WriteConcern(w="majority", j=True)


def connect(uri: str, settings: Settings, listeners: Sequence[CommandListener] = ()) -> Store:
    """Open a store; a process makes its own, after it was forked.

    Unavailable within SELECTION_MS if none answers, or one that has no transactions.
    """
    with translated():
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri,
            serverSelectionTimeoutMS=SELECTION_MS,
            connectTimeoutMS=SELECTION_MS,
            maxPoolSize=settings.threads + 4,
            appname="fhir-server",
            event_listeners=list(listeners),
        )
        try:
            _require_transactions(client)
        except BaseException:
            client.close()
            raise
    return Store(client, settings)


def _require_transactions(client: MongoClient[dict[str, Any]]) -> None:
    hello = client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Unavailable(
            "The MongoDB of FHIR_MONGODB_URI is a single server, which has no transactions. Start "
            "it with --replSet and initiate it (rs.initiate())."
        )


class Store:
    """Resources in one MongoDB database; safe for threads, not for forks."""

    def __init__(self, client: MongoClient[dict[str, Any]], settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._database: Database[dict[str, Any]] = client.get_database(
            settings.mongodb_database,
            codec_options=CodecOptions(tz_aware=True),
            read_preference=ReadPreference.PRIMARY,
            write_concern=JOURNALED,
            read_concern=ReadConcern("local"),
        )
        self._layout = Layout(self._database, words=settings.text_search)
        self._shapes = Shapes(self._database)
        self.customs = Customs(self._database)
        self._secrets: dict[str, bytes] = {}
        self._reader = Reader(self._database)
        self._searches = Searches(self._database, settings)
        judge = Judge(self._database, self._search_many)
        self._writer = Writer(self._database, self._layout, judge, noop=settings.noop_updates)
        self.binaries = Binaries(self._database, settings.binary_limit)
        self.clients = Clients(self._database)
        self.deliveries = Deliveries(self._database)
        self.emergencies = Emergencies(self._database)
        self.expunge = Expunger(client, self._database, self.binaries)
        self.feeds = Feeds(self._database)
        self.formats = Formats(self._database)
        self.dispatches = Dispatches(self._database)
        self.outbox = Outbox(self._database)
        self.jobs = Jobs(self._database, settings.job_hours)
        self.sendings = Sendings(self._database)
        self.profiles = Profiles(self._database, settings.canonical)
        self.subscriptions = Subscriptions(self._database)
        self.terminology = Terminologies(self._database, settings)
        run = search.Run(self._database, settings, None)
        self.trail = Trail(run, settings, self._layout.types)

    def ready(self) -> None:
        """Ask the database whether it is there and whole; raise Unavailable if not."""
        with translated():
            if UNFINISHED in self._database.list_collection_names(filter={"name": UNFINISHED}):
                raise Unavailable(
                    f"The database {self._database.name} was not restored to the end: drop it (or "
                    "take an empty DATA folder) and restore the backup again."
                )

    def close(self) -> None:
        """Close all connections, once the audit trail is stored."""
        self.trail.close()
        self._client.close()

    @property
    def unguarded(self) -> Store:
        """The store that asks nobody for rights: for rules, and for what decides about rights."""
        return self

    def permit(self, ops: Sequence[Op]) -> None:
        """Raise Forbidden if whoever asks may not write this; here everybody may."""

    def judged(self, conditions: Sequence[Condition]) -> Sequence[Condition]:
        """Give conditions as far as whoever asks may see what they look at; here as they are."""
        return conditions

    def veil(self, error: FhirError, ops: Sequence[Op]) -> None:
        """Take out of an error of a write what its asker may not see; here everybody sees all."""

    def expect_free(self, resource_type: str, resource_id: str) -> None:
        """Raise Forbidden if whoever asks may not choose ids; here everybody may."""

    def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Give the current version, a deletion (``text`` is None), or None if it never was."""
        with translated():
            if resource_type == AUDIT and (event := self.trail.read(resource_id)):
                return event
            found = self._reader.read(resource_type, resource_id)
            return self.binaries.whole(found) if found and found.file else found

    def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Give one version, perhaps a deletion (``text`` is None), or None if it never was."""
        past = {"$match": {"_id": {"id": resource_id, "v": version}}}
        union = {"coll": versions.past_name(resource_type), "pipeline": [past]}
        current = {"$match": {"_id": resource_id, "v": version}}
        stages: list[dict[str, Any]] = [
            current,
            {"$project": versions.READ},
            {"$unionWith": union},
        ]
        with translated():
            for found in self._database[resource_type].aggregate(stages):
                return self.binaries.whole(versions.stored(resource_type, found))
        return None

    def born(self, resource_type: str, ids: Sequence[str]) -> dict[str, datetime]:
        """Say when resources first were, of those that have been changed since."""
        with translated():
            return history.beginnings(self._database, resource_type, ids)

    def whole(self, stored: Stored) -> Stored:
        """Give a version that a list gave, with the content that lists leave out."""
        if stored.file is None:
            return stored
        with translated():
            return self.binaries.whole(stored)

    def history(  # noqa: PLR0913 -- what the specification lets a client ask
        self,
        resource_type: str | None = None,
        resource_id: str | None = None,
        *,
        since: datetime | None = None,
        at: datetime | tuple[datetime, datetime] | None = None,
        count: int = 20,
        after: Sequence[Any] | None = None,
    ) -> Page:
        """Give a page of the history of a resource, a type or everything, the newest first.

        ``at`` is a moment or a period [low, high); ``after`` is the ``last`` of the page before.
        """
        if isinstance(at, datetime):
            at = (at, at + timedelta(milliseconds=1))
        wanted = history.Wanted(since, at, count, after)
        with translated():
            if resource_type and resource_id:
                return history.of_resource(self._database, resource_type, resource_id, wanted)
            types = [resource_type] if resource_type else self._layout.types()
            return history.of_types(self._database, types, wanted)

    def types(self) -> list[str]:
        """List the resource types that were ever written."""
        with translated():
            return self._layout.types()

    def reindex(  # noqa: PLR0913 -- a slice, and what is written of it
        self,
        parameters: Parameters,
        resource_type: str,
        after: str,
        limit: int,
        *,
        since: datetime | None = None,
        keys: Keys | None = None,
    ) -> tuple[int, str | None]:
        """Index the next resources of a type anew; give how many, and the last id if any follow."""
        wanted = Slice(resource_type, after, limit, since, keys)
        return reindex_slice(self._database, parameters, wanted)

    def settled(self, moment: datetime | None = None) -> datetime:
        """Give a moment, the present one if none is given, once all older writes are stored."""
        moment = moment or versions.now()
        snapshot.settle(self._database, moment)
        return moment

    def slice_of(self, wanted: snapshot.Wanted, after: str | None, limit: int) -> snapshot.Slice:
        """Give resources of a type as they were at a moment, by id."""
        return snapshot.read_slice(self._database, wanted, after, limit)

    def deletions(self, wanted: snapshot.Wanted) -> Iterator[tuple[Stored, Stored]]:
        """Give what was deleted and is so at a moment: each deletion and the last content."""
        return snapshot.deletions(self._database, wanted)

    def statistics(self) -> dict[str, int]:
        """Count the resources of each type that are not deleted."""
        with translated():
            counts = {
                kind: self._database[kind].count_documents({}, hint="_id_")
                for kind in self._layout.types()
            }
        return {kind: number for kind, number in counts.items() if number}

    def labels(self, types: Sequence[str]) -> dict[str, list[str]]:
        """Give the ``_profile``, ``_tag`` and ``_security`` entries in use in these types."""
        with translated():
            return labels(self._database, types, self._settings.query_time_limit_ms)

    def missing_indexes(self) -> dict[str, list[str]]:
        """Name the indexes of the layout that the database has not, by resource type."""
        with translated():
            return self._layout.missing()

    def build_indexes(self, resource_type: str) -> None:
        """Make the missing indexes of a type."""
        with translated():
            self._layout.build(resource_type)

    def unserved_searches(self) -> dict[str, int]:
        """Give the shapes of searches that no index serves, and about how often they came."""
        with translated():
            return self._shapes.known()

    def proposed_indexes(self) -> dict[str, tuple[str, str]]:
        """Give, for shapes of searches that no index serves, type and field of one that would."""
        with translated():
            return self._layout.lacking(self._shapes.proposals())

    def build_index(self, resource_type: str, field: str) -> None:
        """Make an index over one field, however much is stored; writes go on meanwhile."""
        with translated():
            self._layout.build_one(resource_type, field)

    def sample(self, resource_type: str, number: int) -> list[tuple[Stored, Index]]:
        """Give resources picked at random, each with what is stored as its index."""
        with translated():
            rows = list(self._database[resource_type].aggregate([{"$sample": {"size": number}}]))
        return [(versions.stored(resource_type, row), row["ix"]) for row in rows]

    def walk(self, resource_type: str) -> Iterator[tuple[Stored, Index]]:
        """Give every resource of a type by id, each with what is stored as its index."""
        with translated():
            for row in self._database[resource_type].find({}).sort("_id", 1):
                yield versions.stored(resource_type, row), row["ix"]

    def torn(self) -> Iterator[str]:
        """Say where versions have gaps, and what the outbox tells of that is not there."""
        for resource_type in self._layout.types():
            yield from integrity.history(self._database, resource_type)
        yield from integrity.outbox(self._database)

    def untold(self, resource_type: str, notices: Notices) -> Iterator[str]:
        """Say which resources of a type somebody should have been told of by the outbox."""
        missing = untold.gaps(self._database)
        for row in untold.lacking(self._database, resource_type, notices, missing):
            yield untold.said_of(row)

    def tell_again(self, notices: Notices) -> int:
        """Tell by the outbox what it should have told; give how often that was."""
        return untold.tell_again(self._database, self._layout.types(), notices)

    def contents(self) -> Iterator[str]:
        """Say of which Binaries the large content is not what was written."""
        return contents.broken(self._database)

    def mend_contents(self) -> int:
        """Bring back large content that is still somewhere; give how often it was."""
        return contents.mend(self._database)

    def mend_ends(self, resource_type: str) -> int:
        """Let every past version end when the next one begins; give how many did not."""
        return integrity.mend_ends(self._database, resource_type)

    def unclaimed(self, resource_type: str, keys: Keys) -> Iterator[str]:
        """Say which resources of a type do not hold the keys that they alone may have."""
        return integrity.unclaimed(self._database, resource_type, keys)

    def dangling(self, references: set[str]) -> set[str]:
        """Give those of ``Type/id`` that are not there, and never were."""
        return integrity.dangling(self._database, references)

    def search(self, plan: Plan) -> Found:
        """Run one page of a search."""
        with translated():
            if self.trail.finds(plan):
                return self.trail.search(plan)
            self._shapes.notice(plan)
            return self._searches.run(plan)

    def explain(self, plan: Plan) -> Explained:
        """Say how the database answers one page of a search."""
        with translated():
            return explain(search.Run(self._database, self._settings, None), plan)

    def search_many(self, plans: Sequence[Plan]) -> list[Found]:
        """Run several searches, alike ones together."""
        with translated():
            return self._search_many(plans)

    def _search_many(
        self, plans: Sequence[Plan], session: ClientSession | None = None
    ) -> list[Found]:
        return run_many(search.Run(self._database, self._settings, session), plans)

    def count_cases(self, wanted: counting.Counting) -> list[counting.Cell]:
        """Count cases by village and month, in one command."""
        begun, stages = counting.stages(wanted, self._settings.chain_limit)
        with translated():
            run = search.Run(self._database, self._settings, None)
            return counting.cells(run.aggregate(begun, stages, MOST_CELLS))

    def burden(self, wanted: burden.Burden) -> dict[str, list[burden.Tally]]:
        """Count diagnoses, in one command."""
        begun, stages = burden.stages(wanted, self._settings.chain_limit)
        with translated():
            run = search.Run(self._database, self._settings, None)
            return burden.tables(run.aggregate(begun, stages, 1))

    def transact(self, ops: Sequence[Op], conditions: Sequence[Condition] = ()) -> list[Written]:
        """Apply all ops or none, and say what became of each, in order."""
        with translated():
            return self.trail.written(ops, lambda each: self._transact(each, conditions))

    def _transact(self, ops: Sequence[Op], conditions: Sequence[Condition]) -> list[Written]:
        ops = self.binaries.set_aside(ops)
        try:
            written = self._writer.transact(ops, conditions)
        except FhirError as error:
            if error.status < UNKNOWN:
                self.binaries.forget(ops)
            raise
        self.binaries.settle(ops, written)
        return written

    def tally(self, key: str) -> int:
        """Give the present number of a counter that ``Tally`` moves; 0 if it never moved."""
        with translated():
            found = self._database[TALLIES].find_one({"_id": key})
        return found["n"] if found else 0

    def secret(self, name: str) -> bytes:
        """Give 32 random bytes that every process of this database shares under this name."""
        if name not in self._secrets:
            self._secrets[name] = aside(lambda: self._secret(name))
        return self._secrets[name]

    def _secret(self, name: str) -> bytes:
        with translated():
            kept = self._database[SECRETS].find_one_and_update(
                {"_id": name},
                {"$setOnInsert": {"bytes": secrets.token_bytes(32)}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return bytes(kept["bytes"]) if kept else b""
