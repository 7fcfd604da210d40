"""What goes over the line for a Subscription: R4's own notification, or the backport's Bundle.

https://hl7.org/fhir/R4/subscription.html#channels
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.bridges.subscriptions import reaching
from fhir_server.errors import BadRequest
from fhir_server.interactions.subscribing import opened
from fhir_server.resources.subscriptions import notification, status_of
from fhir_server.resources.xml import to_xml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.interactions.interests import Interest
    from fhir_server.resources.subscriptions import Asked, Event, Kind

JSON: Final = "application/fhir+json"
SOCKET: Final = "websocket"
_XML: Final = "xml"
_OURS: Final = frozenset({"content-length", "host", "connection", "transfer-encoding"})


class Failed(Exception):
    """The endpoint has not taken it; the text says why, without any secret."""


class Wrong(Exception):
    """It can never be sent like this; the text says why."""


def base_of(context: Context) -> str:
    """Give the base of the URLs in notifications: the public one."""
    settings = context.settings
    return settings.base_url or f"http://{settings.host}:{settings.port}/fhir"


def handshake(context: Context, wanted: Interest, events: int) -> None:
    """Ask the endpoint whether it is there: by a handshake, or in R4's own way by connecting."""
    _expect_channel(context, wanted.asked)
    if wanted.asked.channel == SOCKET:
        return  # whoever opens one is told there
    if wanted.asked.is_bundled:
        bundle(context, wanted, "handshake", events)
        return
    to = _endpoint(context, wanted.asked)
    try:
        reaching.touch(to, _seconds(context, wanted.asked))
    except reaching.Forbidden as error:
        raise Wrong(str(error)) from error
    except reaching.Unreached as error:
        raise Failed(str(error)) from error


def bundle(
    context: Context, wanted: Interest, kind: Kind, events: int, notified: Sequence[Event] = ()
) -> None:
    """Send a notification as a Bundle; those with websockets fetch theirs."""
    if wanted.asked.channel == SOCKET:
        return
    asked, base = wanted.asked, base_of(context)
    status = status_of(asked, base, kind, events=events, notified=notified)
    body = notification(asked, base, status, context.clock(), notified)
    _send(context, wanted, _message(context, wanted, "POST", "", body), notified)


def plain(context: Context, wanted: Interest, event: Event) -> None:
    """Send what R4 says: nothing but that something happened, or the resource by PUT."""
    if wanted.asked.content == "empty" or event.raw is None:
        message = reaching.Message("POST", "", _headers(context, wanted), b"")
    else:
        place = f"/{event.resource_type}/{event.id}"
        message = _message(context, wanted, "PUT", place, event.raw)
    _send(context, wanted, message, [event])


def _message(
    context: Context, wanted: Interest, method: str, place: str, body: bytes
) -> reaching.Message:
    kind = wanted.asked.payload or JSON
    headers = {**_headers(context, wanted), "Content-Type": kind}
    whole = to_xml(body, context.definitions) if _XML in kind else body
    return reaching.Message(method, place, headers, whole)


def _send(
    context: Context, wanted: Interest, message: reaching.Message, events: Sequence[Event]
) -> None:
    asked = wanted.asked
    to = _endpoint(context, asked)
    try:
        status = reaching.send(to, message, _seconds(context, asked))
    except reaching.Forbidden as error:
        raise Wrong(str(error)) from error
    except reaching.Unreached as error:
        raise Failed(str(error)) from error
    if not 200 <= status < 300:
        raise Failed(f"the endpoint answered {status}")
    recorded(context, asked, to.host, message.body, events)


def recorded(
    context: Context, asked: Asked, address: str, body: bytes, events: Sequence[Event]
) -> None:
    """Take down for the audit trail that the owner was shown what a notification holds."""
    if asked.content != "full-resource" or not events:
        return
    trail = context.store.unguarded.trail
    access = trail.access(context.principal, address, "")
    access.patients = tuple(each.id for each in events if each.resource_type == "Patient")
    trail.record(access, ("GET", f"/fhir/Subscription/{asked.id}/$events", ""), 200, body)


def _headers(context: Context, wanted: Interest) -> dict[str, str]:
    found = {"User-Agent": "fhir-server"}
    for line in wanted.asked.headers:
        try:
            text = opened(context, line, wanted.asked.id, wanted.owner)
        except BadRequest:
            raise Wrong("channel.header cannot be read any more; write it again") from None
        name, _, value = text.partition(": ")
        if name.lower() not in _OURS:
            found[name] = value
    return found


def _expect_channel(context: Context, asked: Asked) -> None:
    offered = ("rest-hook", *((SOCKET,) if context.settings.websocket_port else ()))
    if asked.channel not in offered:
        names = " and ".join(offered)
        raise Wrong(f"channel.type {asked.channel} is not offered here; offered: {names}")


def _endpoint(context: Context, asked: Asked) -> reaching.Endpoint:
    try:
        return reaching.endpoint(asked.endpoint, context.settings.subscription_hosts)
    except reaching.Forbidden as error:
        raise Wrong(str(error)) from error


def _seconds(context: Context, asked: Asked) -> float:
    most = context.settings.subscription_timeout
    return min(most, asked.timeout) if asked.timeout else most
