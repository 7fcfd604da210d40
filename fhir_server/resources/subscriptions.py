"""What a Subscription asks, and how it is notified: R4's own, and the R5 backport's topics.

https://hl7.org/fhir/R4/subscription.html and
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fhir_server.resources.wire import Document

BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
STATUS_PROFILE: Final = f"{BACKPORT}subscription-status-r4"
BUNDLE_PROFILE: Final = f"{BACKPORT}subscription-notification-r4"

Content = Literal["empty", "id-only", "full-resource"]
Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
CONTENTS: Final[dict[str, Content]] = {
    "empty": "empty",
    "id-only": "id-only",
    "full-resource": "full-resource",
}
_TOPIC: Final = ("http://", "https://", "urn:")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one Subscription asks.

    ``topic`` is its canonical, or empty for R4's own criteria; ``criteria`` are searches, each
    ``Type?name=value`` or, in a topic's filters, without the type. ``payload`` is a MIME type or
    empty, ``headers`` are as they are stored.
    """

    id: str
    status: str
    topic: str
    criteria: tuple[str, ...]
    channel: str
    endpoint: str
    payload: str
    content: Content
    headers: tuple[str, ...]
    heartbeat: int | None = None
    timeout: int | None = None
    most: int = 1
    end: datetime | None = None
    mark: str = ""

    @property
    def is_bundled(self) -> bool:
        """Say whether it is notified by Bundles, as the backport has it, or in R4's own way."""
        return bool(self.topic) or self.content == "id-only" or self.channel == "websocket"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, and the version it is about; ``raw`` None: nobody may see it now."""

    number: int
    moment: datetime
    resource_type: str = ""
    id: str = ""
    version: int = 0
    raw: bytes | None = None


def read(document: Document) -> Asked:
    """Read a Subscription that is valid R4."""
    channel = document["channel"]
    criteria = document["criteria"]
    topic = _extension(document, "topic-canonical", "valueUri", "valueCanonical")
    filters = _filters(document.get("_criteria"))
    if criteria.startswith(_TOPIC):
        topic, searches = criteria, filters
    else:
        searches = (criteria, *filters)
    payload = channel.get("payload", "")
    said = _extension(channel.get("_payload"), "payload-content", "valueCode")
    ending = document.get("end")
    return Asked(
        id=document["id"],
        status=document["status"],
        topic=topic or "",
        criteria=searches,
        channel=channel["type"],
        endpoint=channel.get("endpoint", ""),
        payload=payload,
        content=CONTENTS.get(said or "", "full-resource" if payload else "empty"),
        headers=tuple(channel.get("header", ())),
        heartbeat=_extension(channel, "heartbeat-period", "valueUnsignedInt"),
        timeout=_extension(channel, "timeout", "valueUnsignedInt"),
        most=_extension(channel, "max-count", "valuePositiveInt") or 1,
        end=datetime.fromisoformat(ending) if ending else None,
        mark=_mark(document),
    )


def status_of(
    asked: Asked, base: str, kind: Kind, *, events: int, notified: Sequence[Event] = ()
) -> Document:
    """Write where a Subscription stands: the backport's SubscriptionStatus as Parameters."""
    said: list[Document] = [
        {"name": "subscription", "valueReference": {"reference": f"{base}/Subscription/{asked.id}"}}
    ]
    if asked.topic:
        said.append({"name": "topic", "valueCanonical": asked.topic})
    said += [
        {"name": "status", "valueCode": asked.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(events)},
    ]
    said += [_event(asked, base, each) for each in notified]
    return {
        "resourceType": "Parameters",
        "id": str(uuid.uuid4()),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": said,
    }


def notification(
    asked: Asked, base: str, status: Document, moment: datetime, notified: Iterable[Event] = ()
) -> bytes:
    """Write a notification: the status, then what the events are about, as the content says."""
    entries = [_status_entry(asked, base, status)]
    if asked.content != "empty":
        entries += _entries(asked, base, notified)
    whole = join("history", entries)
    head = b'{"resourceType":"Bundle","type":"history"'
    more = b',"meta":{"profile":[%s]},"timestamp":%s' % (
        quoted(BUNDLE_PROFILE),
        quoted(instant(moment)),
    )
    return head + more + whole[len(head) :]


def _status_entry(asked: Asked, base: str, status: Document) -> bytes:
    return dump(
        {
            "fullUrl": f"urn:uuid:{status['id']}",
            "resource": status,
            "request": {"method": "GET", "url": f"{base}/Subscription/{asked.id}/$status"},
            "response": {"status": "200"},
        }
    )


def _entries(asked: Asked, base: str, notified: Iterable[Event]) -> Iterator[bytes]:
    for each in notified:
        if each.raw is None:
            continue
        address = f"{each.resource_type}/{each.id}"
        method = "POST" if each.version == 1 else "PUT"
        url = each.resource_type if method == "POST" else address
        content = b'"resource":%s,' % each.raw if asked.content == "full-resource" else b""
        yield b'{"fullUrl":%s,%s"request":%s,"response":%s}' % (
            quoted(f"{base}/{address}"),
            content,
            dump({"method": method, "url": url}),
            dump({"status": "201" if method == "POST" else "200"}),
        )


def _event(asked: Asked, base: str, event: Event) -> Document:
    parts: list[Document] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.moment)},
    ]
    if asked.content != "empty" and event.raw is not None:
        focus = f"{base}/{event.resource_type}/{event.id}"
        parts.append({"name": "focus", "valueReference": {"reference": focus}})
    return {"name": "notification-event", "part": parts}


def _filters(element: Document | None) -> tuple[str, ...]:
    return tuple(
        each["valueString"]
        for each in (element or {}).get("extension", ())
        if each.get("url") == f"{BACKPORT}filter-criteria" and "valueString" in each
    )


def _extension(element: Document | None, name: str, *values: str) -> Any:
    for each in (element or {}).get("extension", ()):
        if each.get("url") == f"{BACKPORT}{name}":
            return next((each[value] for value in values if value in each), None)
    return None


def _mark(document: Document) -> str:
    """Name what decides who is told of what: another mark asks for another handshake."""
    names = ("criteria", "_criteria", "channel", "extension")
    said = dump({name: document[name] for name in names if name in document})
    return hashlib.sha256(said).hexdigest()[:32]
