"""``Subscription/[id]/$events``: events again, by their numbers, for a client that missed some.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.interactions.happenings import visible
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.subscriptions import CONTENTS, notification, read, status_of

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.subscriptions import Asked

_GUIDE: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"
_LAST: Final = 2**53


def run(context: Context, call: Call) -> Answer:
    """Answer the events as a notification, as far as the caller may see them now."""
    asked = _subscription(context, call)
    first = _number(call.one("eventsSinceNumber"), "eventsSinceNumber", 1)
    last = _number(call.one("eventsUntilNumber"), "eventsUntilNumber", _LAST)
    subscriptions = context.store.unguarded.subscriptions
    found = subscriptions.events(asked.id, first, last, context.settings.count_limit)
    events = visible(context, found)
    standing = subscriptions.find(asked.id)
    count = standing.events if standing else 0
    base = call.request.base
    status = status_of(asked, base, "query-event", events=count, notified=events)
    return Answer(200, notification(asked, base, status, context.clock(), events))


def _subscription(context: Context, call: Call) -> Asked:
    stored = context.store.read("Subscription", call.resource_id or "")
    if stored is None:
        raise NotFound(f"There is no Subscription/{call.resource_id}.")
    if stored.text is None:
        raise Gone(f"Subscription/{call.resource_id} was deleted.")
    asked = read(orjson.loads(stored.raw))
    content = call.one("content")
    if content is None:
        return asked
    if content not in CONTENTS:
        raise BadRequest(f"content={content}: right is one of {', '.join(CONTENTS)}.")
    return replace(asked, content=CONTENTS[content])


def _number(given: Any, name: str, otherwise: int) -> int:
    if given is None:
        return otherwise
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        raise BadRequest(f"{name}={given[:32]} is no event number.")
    return int(given)


OPERATION = Operation(
    name="events",
    types=("Subscription",),
    levels=frozenset({"instance"}),
    url=f"{_GUIDE}backport-subscription-events",
    says="Events of a Subscription by their numbers, to catch up on what was missed.",
    parameters=(
        Parameter("eventsSinceNumber", "string", says="The first event; 1 if it is not given."),
        Parameter("eventsUntilNumber", "string", says="The last event; the newest if not given."),
        Parameter("content", "code", says="empty, id-only or full-resource instead of its own."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A notification Bundle."),
    ),
    run=run,
)
