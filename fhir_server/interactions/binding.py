"""What opens a websocket to Subscriptions: a token for their owner, good for some minutes.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#websockets
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.errors import BadRequest
from fhir_server.search import cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context

MINUTES: Final = 10
_PURPOSE: Final = "websocket"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a token says: whose Subscriptions, and until when it can be shown."""

    client: str
    subscriptions: tuple[str, ...]
    expires: datetime


def issue(context: Context, client: str, subscriptions: Sequence[str]) -> tuple[str, datetime]:
    """Make a token and say when it expires."""
    expires = (context.clock() + timedelta(minutes=MINUTES)).replace(microsecond=0)
    said = [client, list(subscriptions), int(expires.timestamp())]
    return cursor.seal_state(said, _PURPOSE, _key(context)), expires


def read(context: Context, token: str) -> Binding | None:
    """Read a token; None if it is not ours or its time is over."""
    try:
        client, subscriptions, moment = cursor.unseal_state(token, _PURPOSE, _key(context))
    except BadRequest:
        return None
    expires = datetime.fromtimestamp(moment, UTC)
    if expires <= context.clock():
        return None
    return Binding(client, tuple(subscriptions), expires)


def address(context: Context) -> str:
    """Give the public address of the websockets; empty where there are none."""
    settings = context.settings
    if not settings.websocket_port:
        return ""
    return settings.websocket_url or f"ws://{settings.host}:{settings.websocket_port}"


def _key(context: Context) -> bytes:
    return cursor.key(context.store.unguarded.secret("subscriptions"))
