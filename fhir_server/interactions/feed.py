"""The feed of one organization: what the outbox tells it, from a number on, as it may see it now.

A place in the feed is a number of the outbox. Outside it is a cursor: sealed, good for one
organization and without end; whoever has one goes on from there, however late.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fhir_server.access.addressees import FEED
from fhir_server.errors import BadRequest, Forbidden, Gone
from fhir_server.interactions.search import page_key
from fhir_server.search.cursor import seal_state, unseal_state
from fhir_server.search.plan import Plan
from fhir_server.store.ops import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.store.outbox import Row

FIRST, NOW = "first", "now"
LOOK_SECONDS: Final = 0.25
_KIND: Final = "Organization/"
_CHUNK: Final = 1000

_seats: list[int] = []
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Page:
    """Some versions in the order of the feed; ``n`` is the place after them."""

    resources: tuple[Stored, ...]
    n: int
    more: bool


def organization_of(context: Context, asked: str | None) -> str:
    """Say whose feed a request is about: the caller's own, or what one without limits names."""
    own, named = context.principal.organization, _named(asked)
    if own is not None:
        if named not in {None, own}:
            raise Forbidden(f"You ask for {own}; the feed of {named} is not yours.")
        return own
    if context.principal.reach != "everything":
        raise Forbidden("A feed is for an organization; this client belongs to none.")
    if named is None:
        raise BadRequest("Whose feed? Right is organization=Organization/rs-a.")
    return named


def sealed(context: Context, organization: str, n: int) -> str:
    """Write a place as a cursor."""
    return seal_state([n], _purpose(organization), page_key(context))


def place(context: Context, organization: str, since: str | None) -> int:
    """Read where a feed goes on: a cursor, ``first``, ``now``, or what was acknowledged last.

    Gone where the server has removed rows that come after it.
    """
    swept = context.store.unguarded.outbox.swept(FEED, organization)
    if since == FIRST:
        return swept
    if since == NOW:
        return _numbered(context)
    n = (
        acknowledged(context, organization)
        if since is None
        else opened(context, since, organization)
    )
    if n < swept:
        raise Gone(_RESYNCHRONISE)
    return n


def acknowledged(context: Context, organization: str) -> int:
    """Give the place up to which an organization has said to have its feed."""
    return context.store.unguarded.feeds.acknowledged(organization)


def opened(context: Context, cursor: str, organization: str) -> int:
    """Read a cursor of this organization's feed."""
    try:
        (n,) = unseal_state(cursor, _purpose(organization), page_key(context))
    except BadRequest:
        raise BadRequest(
            f"This is no cursor of the feed of {organization}. Right is one that the feed has "
            f"given, {FIRST}, {NOW}, or none: from the last acknowledgement."
        ) from None
    return int(n)


def page(context: Context, organization: str, after: int, count: int) -> Page:
    """Give what comes next, at most ``count`` versions; what may not be seen now is left out."""
    outbox, last = context.store.unguarded.outbox, _numbered(context)
    while rows := outbox.after(FEED, organization, after, count + 1):
        kept = rows[:count]
        after = kept[-1].n
        found = tuple(stored for _, stored in shown(context, kept))
        if found or len(rows) <= count:
            return Page(found, after, len(rows) > count)
    return Page((), max(after, last), more=False)


def next_page(context: Context, organization: str, after: int, count: int, wait: float) -> Page:
    """Give what comes next; while there is nothing, wait so many seconds for it.

    Nobody waits if too many do already, or longer than the operator allows.
    """
    found = page(context, organization, after, count)
    if found.resources or wait <= 0:
        return found
    with _seat(context.settings.feed_waiting) as seated:
        ending = time.monotonic() + (min(wait, context.settings.feed_wait_seconds) if seated else 0)
        while not found.resources and (left := ending - time.monotonic()) > 0:
            time.sleep(min(LOOK_SECONDS, left))
            found = page(context, organization, found.n, count)
    return found


def _numbered(context: Context) -> int:
    """Let what was committed be numbered; give the last number."""
    outbox = context.store.unguarded.outbox
    while outbox.number(_CHUNK) >= _CHUNK:
        pass
    return outbox.last()


def shown(context: Context, rows: Sequence[Row]) -> Iterator[tuple[Row, Stored]]:
    """Give the versions that rows tell of, as far as the caller may see their resources now."""
    there = _visible(context, rows)
    for row in rows:
        seen = there.get(row.resource_type)
        if seen is None:
            continue  # a type that the caller may not ask for
        if row.method == "DELETE":
            gone = Stored(row.resource_type, row.id, row.version, row.moment, None, "DELETE")
            yield row, gone
        current = seen.get(row.id)
        if current is not None:
            version = current if current.version == row.version else _past(context, row)
            if version is not None and version.text is not None:
                yield row, version


def _visible(context: Context, rows: Sequence[Row]) -> dict[str, dict[str, Stored]]:
    """Look up what rows tell of, by a search for each type; one that is refused is left out."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        wanted[row.resource_type].add(row.id)
    found = {}
    for kind, ids in wanted.items():
        plan = Plan(kind, {"_id": {"$in": sorted(ids)}}, limit=len(ids))
        with suppress(Forbidden):
            found[kind] = {each.id: each for each in context.store.search(plan).resources}
    return found


def _past(context: Context, row: Row) -> Stored | None:
    """Give an older version, with the caller's rights."""
    with suppress(Forbidden):
        return context.store.vread(row.resource_type, row.id, row.version)
    return None


@contextmanager
def _seat(limit: int) -> Iterator[bool]:
    """Take one of the places for those who wait in this process; say whether there was one."""
    with _lock:
        seated = len(_seats) < limit
        if seated:
            _seats.append(1)
    try:
        yield seated
    finally:
        if seated:
            with _lock:
                _seats.pop()


def _named(asked: str | None) -> str | None:
    return f"{_KIND}{asked.removeprefix(_KIND)}" if asked else None


def _purpose(organization: str) -> str:
    return f"feed of {organization}"


_RESYNCHRONISE: Final = (
    "What came after this cursor is not kept any more. To catch up: GET $umpan?since=now and keep "
    "its cursor; search for what you need (Task?owner=…, Task?requester=…, "
    "Communication?recipient=…); then go on from that cursor, or acknowledge it."
)
