"""The events of a Subscription with their versions, as far as a principal may see them now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.interactions.feed import shown
from fhir_server.interactions.interests import TARGET
from fhir_server.resources.subscriptions import Event
from fhir_server.store.outbox import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.store.subscriptions import Numbered


def visible(context: Context, events: Sequence[Numbered]) -> list[Event]:
    """Give events with their versions; one that may not be seen now has none."""
    there = {row.n: version.raw for row, version in shown(context, [_row(e) for e in events])}
    return [
        Event(e.number, e.moment, e.resource_type, e.id, e.version, there.get(e.n)) for e in events
    ]


def _row(event: Numbered) -> Row:
    return Row(
        event.n, TARGET, "", event.resource_type, event.id, event.version, event.moment, "PUT"
    )
