"""Who is told by the feed: the organizations that what is written addresses.

What a resource says of itself is enough, but for a report that names no facility: that one is for
whoever asked for the work it reports on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from fhir_server.mappings.umpan import TYPES, addressed, answered, askers
from fhir_server.search.plan import Plan
from fhir_server.store.ops import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.mongo import Store
    from fhir_server.store.outbox import Provider

FEED: Final = "umpan"
"""The target of the outbox that the feed reads; its audiences are organizations."""

_MOST = 100


def feed(context: Context) -> Provider:
    """Make what says to the outbox whom the feed tells."""
    store, canonical = context.store.unguarded, context.settings.canonical

    def told(document: Document) -> Sequence[Notice]:
        if document["resourceType"] not in TYPES:
            return ()
        found = addressed(document, canonical)
        if not found and (requests := answered(document, canonical)):
            found = _asked(store, requests)
        return [Notice(FEED, each) for each in found]

    return told


def _asked(store: Store, requests: Sequence[str]) -> tuple[str, ...]:
    plan = Plan("Task", {"ix.focus": {"$in": list(requests)}}, limit=_MOST)
    tasks = (orjson.loads(each.raw) for each in store.search(plan).resources)
    return tuple(dict.fromkeys(each for task in tasks for each in askers(task)))
