"""``Subscription/$status``: where Subscriptions stand, as the backport's SubscriptionStatus.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from fhir_server.errors import Gone, NotFound
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.subscriptions import read, status_of
from fhir_server.resources.wire import dump
from fhir_server.search.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

_GUIDE: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"


def run(context: Context, call: Call) -> Answer:
    """Answer a Bundle with one status for each Subscription that is asked for."""
    documents = _wanted(context, call)
    entries = [_entry(context, call, each) for each in documents]
    return Answer(200, join("searchset", entries, total=len(entries)))


def _wanted(context: Context, call: Call) -> list[Document]:
    if call.resource_id is not None:
        return [_one(context, call.resource_id)]
    ids = [str(each).removeprefix("Subscription/") for each in call.all("id")]
    found = list(_all(context, {"_id": {"$in": ids}} if ids else {}))
    statuses = set(call.all("status"))
    return [each for each in found if not statuses or each["status"] in statuses]


def _one(context: Context, subscription: str) -> Document:
    stored = context.store.read("Subscription", subscription)
    if stored is None:
        raise NotFound(f"There is no Subscription/{subscription}.")
    if stored.text is None:
        raise Gone(f"Subscription/{subscription} was deleted.")
    document: Document = orjson.loads(stored.raw)
    return document


def _all(context: Context, wanted: dict[str, object]) -> Iterator[Document]:
    plan = Plan("Subscription", wanted, limit=context.settings.count_limit)
    for each in context.store.search(plan).resources:
        yield orjson.loads(each.raw)


def _entry(context: Context, call: Call, document: Document) -> bytes:
    standing = context.store.unguarded.subscriptions.find(document["id"])
    base, events = call.request.base, standing.events if standing else 0
    status = status_of(read(document), base, "query-status", events=events)
    return b'{"fullUrl":%s,"resource":%s,"search":{"mode":"match"}}' % (
        quoted(f"urn:uuid:{status['id']}"),
        dump(status),
    )


OPERATION = Operation(
    name="status",
    types=("Subscription",),
    levels=frozenset({"instance", "type"}),
    url=f"{_GUIDE}backport-subscription-status",
    says="Where Subscriptions stand: status, and how many events there were.",
    parameters=(
        Parameter("id", "id", maximum="*", says="Which Subscriptions; without any: all."),
        Parameter("status", "code", maximum="*", says="Only those of this status."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A searchset of Parameters."),
    ),
    run=run,
)
