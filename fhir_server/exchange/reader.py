"""What the exchange reads from the store: resources, searches, and their canonical base.

Mappings write and read our systems below the default base; where the operator set another one,
it is exchanged here, on the way in and on the way out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from fhir_server.mappings.codes import CANONICAL
from fhir_server.resources.wire import dump
from fhir_server.search.compile import compile as compiled
from fhir_server.search.query import parse as asked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Stored


def outward(context: Context, document: Document) -> bytes:
    """Write a mapping's resource with the operator's canonical base."""
    return _rebased(dump(document), CANONICAL, context.settings.canonical)


def inward(context: Context, stored: Stored) -> Document:
    """Read a stored resource as the mappings know it."""
    document: Document = orjson.loads(_rebased(stored.raw, context.settings.canonical, CANONICAL))
    return document


def _rebased(raw: bytes, old: str, new: str) -> bytes:
    old, new = f'"{old.rstrip("/")}/', f'"{new.rstrip("/")}/'
    return raw if old == new else raw.replace(old.encode(), new.encode())


class StoreReader:
    """A mapping's view of the store; remembers which version of a resource it showed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.versions: dict[str, int] = {}

    @property
    def now(self) -> datetime:
        """The present instant, in the zone of the SOP clocks."""
        return self._context.clock().astimezone(ZoneInfo(self._context.settings.timezone))

    def read(self, reference: str) -> Document | None:
        """Give a resource by ``Type/id``, or None if it is not there."""
        stored = self._context.store.read(*reference.split("/", 1))
        return None if stored is None or stored.text is None else self._seen(stored)

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything a FHIR search finds."""
        return [self._seen(each) for each in found(self._context, resource_type, pairs)]

    def tally(self, key: str) -> int:
        """Give the present number of a counter."""
        return self._context.store.tally(key)

    def _seen(self, stored: Stored) -> Document:
        self.versions[f"{stored.resource_type}/{stored.id}"] = stored.version
        return inward(self._context, stored)


def found(context: Context, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Stored]:
    """Run a FHIR search to its end."""
    pairs = [(name, rebased_value(context, value)) for name, value in pairs]
    query = asked(resource_type, pairs, context.parameters, strict=True)
    plan = replace(
        compiled(query, context.parameters, context.settings), limit=context.settings.count_limit
    )
    resources: list[Stored] = []
    while True:
        page = context.store.search(plan)
        resources += page.resources
        if not page.more:
            return resources
        plan = replace(plan, after=page.last)


def rebased_value(context: Context, value: str) -> str:
    """Write the criterion of a search with the operator's canonical base."""
    base = context.settings.canonical.rstrip("/")
    return value if base == CANONICAL else value.replace(f"{CANONICAL}/", f"{base}/")
