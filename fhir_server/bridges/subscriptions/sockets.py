"""Websockets: a client shows a token, and is told of the events of its Subscriptions as they come.

The events are numbered and kept by the worker as for any endpoint; a socket only reads on. What
came while it was closed is asked for by ``$events``.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#websockets
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from fhir_server.access.guard import entered
from fhir_server.bridges.subscriptions.sending import base_of, recorded
from fhir_server.errors import FhirError
from fhir_server.interactions import binding
from fhir_server.interactions.happenings import visible
from fhir_server.interactions.interests import stored
from fhir_server.interactions.subscribing import LIVE, owner, principal
from fhir_server.resources.subscriptions import notification, read, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.context import Context
    from fhir_server.resources.subscriptions import Asked, Event, Kind

log = structlog.get_logger(__name__)

BIND: Final = "bind-with-token "
LOOK_SECONDS: Final = 0.5
SILENT_SECONDS: Final = 30.0
"""How long a socket may stay open that is bound to nothing."""
MOST: Final = 100
LONGEST_MESSAGE: Final = 8192


def run(context: Context, stop: threading.Event) -> None:
    """Serve websockets until ``stop`` is set, if there is a port and no other worker has it."""
    port = context.settings.websocket_port
    if not port:
        return
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - only where it is wanted
    from websockets.sync.server import serve  # noqa: PLC0415

    def handle(connection: Any) -> None:
        with contextlib.suppress(ConnectionClosed):  # the client has gone
            Socket(context, connection.send, stop).serve(connection.recv)

    while not stop.is_set():
        try:
            with serve(handle, context.settings.host, port, max_size=LONGEST_MESSAGE) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                stop.wait()
        except OSError:  # another worker has the port; it may end
            stop.wait(1.0)


@dataclass(slots=True)
class _Bound:
    """One Subscription of a socket: the last event that was told, and when anything was."""

    client: str
    last: int
    told: float


class Socket:
    """One open websocket."""

    def __init__(
        self, context: Context, send: Callable[[bytes | str], None], stop: threading.Event
    ) -> None:
        self._context = context
        self._send = send
        self._stop = stop
        self._bound: dict[str, _Bound] = {}
        self._opened = time.monotonic()

    def serve(self, receive: Callable[..., str | bytes]) -> None:
        """Listen for tokens and tell events, until the client goes or is bound to nothing."""
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):  # nothing was said
                self._hear(str(receive(timeout=LOOK_SECONDS)))
            try:
                self._look()
            except FhirError as error:
                log.warning("work failed", step="websocket", error=type(error).__name__)
            if not self._bound and time.monotonic() - self._opened > SILENT_SECONDS:
                return

    def _hear(self, text: str) -> None:
        known = binding.read(self._context, text.removeprefix(BIND).strip())
        if not text.startswith(BIND) or known is None:
            self._send("error: say bind-with-token and a token of $get-ws-binding-token")
            return
        for subscription in known.subscriptions:
            standing = self._context.store.subscriptions.find(subscription)
            last = standing.events if standing else 0
            self._bound[subscription] = _Bound(known.client, last, time.monotonic())
            self._tell(subscription, "handshake")

    def _look(self) -> None:
        for subscription, bound in list(self._bound.items()):
            standing = self._context.store.subscriptions.find(subscription)
            if standing is None or standing.state == "ended":
                del self._bound[subscription]
            elif standing.events > bound.last:
                self._tell(subscription, "event-notification")
            else:
                self._beat(subscription, bound)

    def _beat(self, subscription: str, bound: _Bound) -> None:
        if time.monotonic() - bound.told < 1.0:
            return
        asked = self._asked(subscription, bound.client)
        if asked is None:
            self._bound.pop(subscription, None)
        elif asked.heartbeat and time.monotonic() - bound.told >= asked.heartbeat:
            self._tell(subscription, "heartbeat")

    def _tell(self, subscription: str, kind: Kind) -> None:
        bound = self._bound[subscription]
        asked = self._asked(subscription, bound.client)
        who = principal(self._context, bound.client)
        if asked is None or who is None:
            del self._bound[subscription]
            return
        seeing, subscriptions = entered(self._context, who), self._context.store.subscriptions
        first, most = bound.last + 1, max(asked.most, 1)
        bound.told = time.monotonic()
        if kind != "event-notification":
            self._notify(seeing, asked, kind, ())
            return
        found = subscriptions.events(subscription, first, first + MOST, MOST)
        for start in range(0, len(found), most):
            some = found[start : start + most]
            bound.last = some[-1].number
            self._notify(seeing, asked, kind, visible(seeing, some))

    def _notify(self, seeing: Context, asked: Asked, kind: Kind, events: Sequence[Event]) -> None:
        base, count = base_of(seeing), self._bound[asked.id].last
        status = status_of(asked, base, kind, events=count, notified=events)
        body = notification(asked, base, status, seeing.clock(), events)
        self._send(body.decode())
        recorded(seeing, asked, "", body, events)

    def _asked(self, subscription: str, client: str) -> Asked | None:
        document = stored(self._context, subscription)
        if document is None or document["status"] not in LIVE:
            return None
        if owner(self._context, document) != client or principal(self._context, client) is None:
            return None
        asked = read(document)
        return asked if asked.channel == "websocket" else None
