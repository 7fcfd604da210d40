"""What a mapping may look up in the store while its document is being written.

Mappings write and read our systems below the default base; where the operator set another one,
it is exchanged here, on the way in and on the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from fhir_server.errors import Hidden
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import as_mapped, criterion, served
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.config import Settings
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Stored


def outward(context: Context, document: Document) -> bytes:
    """Write a mapping's resource with the operator's canonical base."""
    return served(dump(document), context.settings.canonical)


def inward(context: Context, stored: Stored) -> Document:
    """Read a stored resource as the mappings know it."""
    document: Document = orjson.loads(as_mapped(stored.raw, context.settings.canonical))
    return document


def found(context: Context, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Stored]:
    """Run a mapping's search to its end."""
    canonical = context.settings.canonical
    return matches(context, resource_type, [(n, criterion(v, canonical)) for n, v in pairs])


class StoreReader:
    """A mapping's view of the store; remembers which version of a resource it showed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.versions: dict[str, int] = {}

    @property
    def now(self) -> datetime:
        """The present instant, in the zone of the SOP clocks."""
        return self._context.clock().astimezone(ZoneInfo(self._context.settings.timezone))

    @property
    def settings(self) -> Settings:
        """What the operator has decided."""
        return self._context.settings

    def read(self, reference: str) -> Document | None:
        """Give a resource by ``Type/id``, or None if it is not there, or not to be seen."""
        try:
            stored = self._context.store.read(*reference.split("/", 1))
        except Hidden:
            return None
        return None if stored is None or stored.text is None else self._seen(stored)

    def before(self, reference: str) -> Document | None:
        """Give a resource as it stands in the store, whatever is being written now."""
        return StoreReader.read(self, reference)

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything a FHIR search finds."""
        return [self._seen(each) for each in found(self._context, resource_type, pairs)]

    def tally(self, key: str) -> int:
        """Give the present number of a counter."""
        return self._context.store.tally(key)

    def _seen(self, stored: Stored) -> Document:
        self.versions[f"{stored.resource_type}/{stored.id}"] = stored.version
        return inward(self._context, stored)
