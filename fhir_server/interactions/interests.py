"""Which Subscriptions want to be told of a resource as it is written: no query for any of them.

Criteria are compiled once to a filter over the index; a write holds its own index against those of
its type. Every process looks for changed Subscriptions at least once in ``FRESH_SECONDS``, and one
is activated only after every process knows it (``SETTLED_SECONDS``), so no event is missed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog

from fhir_server.errors import BadRequest, FhirError, NotSupported
from fhir_server.interactions.subscribing import LIVE, TYPE, owner, principal
from fhir_server.mappings.topics import topic_of
from fhir_server.resources.subscriptions import Asked, read
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.index import index
from fhir_server.search.matching import is_match
from fhir_server.search.plan import Plan
from fhir_server.search.query import parse
from fhir_server.store.ops import Notice
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.mappings.topics import Topic
    from fhir_server.resources.wire import Document
    from fhir_server.search.plan import Filter
    from fhir_server.store.outbox import Provider

log = structlog.get_logger(__name__)

TARGET: Final = "subscription"
"""The target of the outbox; its audiences are ids of Subscriptions."""

FRESH_SECONDS: Final = 1.0
SETTLED_SECONDS: Final = 2.0
_MOST: Final = 10_000
_READ: Final = frozenset(
    {"$and", "$or", "$nor", "$not", "$eq", "$ne", "$in", "$nin", "$exists", "$elemMatch"}
    | {"$gt", "$gte", "$lt", "$lte"}
)


@dataclass(frozen=True, slots=True)
class Interest:
    """One Subscription, understood: resources of a type that a filter finds."""

    asked: Asked
    owner: str
    resource_type: str
    filter: Filter
    topic: Topic | None = None

    def holds(self, document: Document, context: Context) -> bool:
        """Say whether a resource is what is asked for, as it stands in ``document``."""
        return _holds(self, document, index(document, context.parameters), context)


class Interests:
    """The Subscriptions of one database, as one process knows them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: frozenset[tuple[str, int]] = frozenset()
        self._looked = 0.0
        self._of: dict[str, list[Interest]] = {}

    def told(self, document: Document) -> Sequence[Notice]:
        """Say which Subscriptions are told of a resource."""
        if document["resourceType"] == TYPE:
            return ()
        if time.monotonic() - self._looked >= FRESH_SECONDS:
            aside(self._refresh)
        wanted = self._of.get(document["resourceType"])
        if not wanted:
            return ()
        context = self._context
        found = index(document, context.parameters)
        matching = (each for each in wanted if _holds(each, document, found, context))
        return [Notice(TARGET, each.asked.id) for each in matching]

    def _refresh(self) -> None:
        begun = time.monotonic()
        seen = self._context.store.unguarded.subscriptions.live()
        if seen != self._seen:
            self._of = _by_type(self._context)
            self._seen = seen
        self._looked = begun


def provider(context: Context) -> Provider | None:
    """Make what says to the outbox which Subscriptions are told; None if there may be none."""
    return Interests(context).told if context.settings.subscriptions else None


def interest(context: Context, document: Document) -> Interest:
    """Understand a Subscription; raises BadRequest or NotSupported with what is wrong."""
    asked = read(document)
    client = owner(context, document)
    base = context.settings.canonical
    topic = topic_of(asked.topic, base) if asked.topic else None
    if asked.topic and topic is None:
        raise BadRequest(f"There is no topic {asked.topic}; /fhir/metadata names those there are.")
    searches = [_parted(each, topic) for each in asked.criteria]
    if topic is not None:
        searches = [*_mine(context, topic, searches, client), _parted(topic.criteria(base), None)]
    kinds = {kind for kind, _ in searches}
    if len(kinds) != 1:
        raise BadRequest("The criteria of a Subscription are of one resource type.")
    pairs = [pair for _, found in searches for pair in found]
    wanted = _compiled(context, kinds.pop(), pairs)
    return Interest(asked, client, wanted.resource_type, wanted.filter, topic)


def stored(context: Context, subscription: str) -> Document | None:
    """Read a Subscription as it is stored, or None if it is not there."""
    found = context.store.unguarded.read(TYPE, subscription)
    if found is None or found.text is None:
        return None
    document: Document = orjson.loads(found.raw)
    return document


def _by_type(context: Context) -> dict[str, list[Interest]]:
    plan = Plan(TYPE, {"ix.status": {"$in": sorted(LIVE)}}, limit=_MOST)
    found: dict[str, list[Interest]] = {}
    for each in context.store.unguarded.search(plan).resources:
        try:
            wanted = interest(context, orjson.loads(each.raw))
        except FhirError as error:  # the worker says so in the Subscription
            log.info("subscription not understood", id=each.id, error=type(error).__name__)
        else:
            found.setdefault(wanted.resource_type, []).append(wanted)
    return found


def _holds(wanted: Interest, document: Document, found: dict[str, Any], context: Context) -> bool:
    whole = {"_id": document["id"], "t": context.clock(), "ix": found}
    return is_match(wanted.filter, whole)


def _parted(text: str, topic: Topic | None) -> tuple[str, list[tuple[str, str]]]:
    """Take ``Type?name=value`` apart; a filter of a topic may leave out the type."""
    kind, mark, query = text.partition("?")
    if topic is None:
        return kind, parse_qsl(query, keep_blank_values=True)
    if not mark:
        kind, query = topic.resource_type, text
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, _ in pairs:
        if name.partition(":")[0].partition(".")[0] not in topic.filters:
            known = ", ".join(topic.filters)
            raise BadRequest(f"{topic.name} cannot be filtered by {name}; it can by {known}.")
    return kind, pairs


def _mine(
    context: Context, topic: Topic, searches: list[tuple[str, list[tuple[str, str]]]], client: str
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Add whom it concerns, where nothing else is said: the owner's organization."""
    who = principal(context, client)
    if searches or not topic.mine or who is None or who.organization is None:
        return searches
    return [(topic.resource_type, [(topic.mine, who.organization)])]


def _compiled(context: Context, kind: str, pairs: list[tuple[str, str]]) -> Plan:
    if kind not in context.definitions.types:
        raise BadRequest(f"{kind} is no resource type; right is Task?status=requested.")
    query = parse(kind, pairs, context.parameters, strict=True)
    plan = compile_query(query, context.parameters, context.settings)
    if plan.joins:
        raise NotSupported("The criteria of a Subscription cannot follow references.")
    if plan.also or not _is_readable(plan.filter):
        raise NotSupported("These criteria cannot be asked of a single resource.")
    return plan


def _is_readable(test: Any) -> bool:
    if isinstance(test, list):
        return all(_is_readable(each) for each in test)
    if not isinstance(test, dict):
        return True
    return all(
        (not name.startswith("$") or name in _READ) and _is_readable(value)
        for name, value in test.items()
    )
