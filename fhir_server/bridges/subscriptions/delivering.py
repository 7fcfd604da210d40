"""One Subscription in the hands of a worker: activated, its events sent in order, or given up.

Nothing is sent twice but what the endpoint may have without our knowing: then it comes again under
the same number. A failure is tried again after a pause that doubles; after too many in a row the
Subscription says so itself, in its status and error.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from fhir_server.access.guard import entered
from fhir_server.auth.principals import OPERATOR
from fhir_server.bridges.subscriptions.sending import Failed, Wrong, bundle, handshake, plain
from fhir_server.errors import FhirError, Forbidden, Unavailable
from fhir_server.interactions import write
from fhir_server.interactions.feed import shown
from fhir_server.interactions.happenings import visible
from fhir_server.interactions.interests import SETTLED_SECONDS, TARGET, interest, stored
from fhir_server.interactions.subscribing import LIVE, principal
from fhir_server.resources.wire import dump, parse
from fhir_server.search.plan import Plan

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.interests import Interest
    from fhir_server.resources.wire import Document
    from fhir_server.search.plan import Filter
    from fhir_server.store.outbox import Row
    from fhir_server.store.subscriptions import Standing

log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 5.0
"""How long one Subscription is worked on before others have their turn."""
LONGEST_PAUSE: Final = 3600.0
ROWS: Final = 50


def lease(context: Context) -> float:
    """Give for how many seconds a Subscription is held: a turn, and more than one notification."""
    return TURN_SECONDS + 4 * context.settings.subscription_timeout


def serve(context: Context, standing: Standing) -> None:
    """Do what is due for a Subscription that was claimed."""
    document = stored(context, standing.id)
    if document is None or document["status"] not in LIVE:
        context.store.subscriptions.end(standing.id)
        return
    try:
        wanted = _understood(context, document)
        if wanted.asked.mark != standing.mark:
            context.store.subscriptions.begin(standing.id, wanted.asked.mark, SETTLED_SECONDS)
            return
        _served(context, standing, wanted)
    except Wrong as wrong:
        _give_up(context, standing, str(wrong))
    except Failed as failed:
        _try_later(context, standing.id, standing.holder, str(failed))


def _understood(context: Context, document: Document) -> Interest:
    try:
        return interest(context, document)
    except Unavailable:
        raise
    except FhirError as error:
        raise Wrong("; ".join(each.diagnostics for each in error.issues)) from error


def _served(context: Context, standing: Standing, wanted: Interest) -> None:
    who = principal(context, wanted.owner)
    if who is None:
        raise Wrong("the client it belongs to may not ask any more")
    ending = wanted.asked.end
    if ending is not None and ending <= context.clock():
        _say(context, standing.id, "off", None)
        context.store.subscriptions.end(standing.id)
        return
    seeing, fresh = entered(context, who), standing.state == "requested"
    _expect_askable(seeing, wanted)
    if fresh:
        handshake(seeing, wanted, standing.events)
        begun = context.store.subscriptions.activate(standing)
        if begun is None:
            return
        standing = begun
        _say(context, standing.id, "active", None)
        wanted = replace(wanted, asked=replace(wanted.asked, status="active"))
    _delivered(seeing, standing, wanted, told=fresh)


def _expect_askable(seeing: Context, wanted: Interest) -> None:
    """Ask the criteria once, of nothing: what the owner may not search by tells it nothing here."""
    nothing: Filter = {"_id": {"$in": []}}
    try:
        seeing.store.search(Plan(wanted.resource_type, {"$and": [nothing, wanted.filter]}, limit=1))
    except Forbidden as error:
        raise Wrong(f"its owner may not ask this: {error}") from error


def _delivered(seeing: Context, standing: Standing, wanted: Interest, *, told: bool) -> None:
    """Send what there is, for one turn; then leave it until something happens, or a heartbeat.

    ``told``: the endpoint has just heard from us, so no heartbeat is due.
    """
    subscriptions = seeing.store.unguarded.subscriptions
    ending = time.monotonic() + TURN_SECONDS
    while time.monotonic() < ending:
        if standing.open:
            subscriptions.note(standing)
            _send(seeing, wanted, standing)
            told = True
        following = _following(seeing, standing, wanted)
        if following is None:
            return  # another worker has it
        if following.n == standing.n and not following.open:
            _rest(seeing, following, wanted, told=told)
            return
        if not subscriptions.hold(following, lease(seeing)):
            return
        standing = following
    subscriptions.release(standing, 0.0)


def _rest(seeing: Context, standing: Standing, wanted: Interest, *, told: bool) -> None:
    beat = wanted.asked.heartbeat
    if beat is not None and wanted.asked.is_bundled and not told:
        bundle(seeing, wanted, "heartbeat", standing.events)
    seeing.store.unguarded.subscriptions.release(standing, float(beat) if beat else None)


def _following(seeing: Context, standing: Standing, wanted: Interest) -> Standing | None:
    """Note that the open events were sent, and open the next ones."""
    subscriptions = seeing.store.unguarded.subscriptions
    done = subscriptions.sent(standing) if standing.open or standing.failures else standing
    if done is None:
        return None
    rows = seeing.store.unguarded.outbox.after(TARGET, standing.id, done.n, ROWS)
    if not rows:
        return done
    events = [row for row in rows if row.method != "DELETE" and _is_event(seeing, row, wanted)]
    seen = [row for row, version in shown(seeing, events) if version.text is not None]
    most = wanted.asked.most if wanted.asked.is_bundled else 1
    last = seen[most - 1].n if len(seen) > most else rows[-1].n
    return subscriptions.take(done, last, seen[:most])


def _is_event(seeing: Context, row: Row, wanted: Interest) -> bool:
    """Say whether a version is what is asked for; of a topic, whether it has just become so."""
    now = _version(seeing, row, row.version)
    if now is None or not wanted.holds(now, seeing):
        return False
    before = _version(seeing, row, row.version - 1) if wanted.topic and row.version > 1 else None
    if before is None or wanted.topic is None or not wanted.holds(before, seeing):
        return True
    return wanted.topic.anew and before.get("status") != now.get("status")


def _version(seeing: Context, row: Row, version: int) -> Document | None:
    found = seeing.store.unguarded.vread(row.resource_type, row.id, version)
    if found is None or found.text is None:
        return None
    document: Document = orjson.loads(found.raw)
    return document


def _send(seeing: Context, wanted: Interest, standing: Standing) -> None:
    events = visible(seeing, standing.open)
    if wanted.asked.is_bundled:
        bundle(seeing, wanted, "event-notification", standing.events, events)
        return
    for each in events:
        if each.raw is not None:
            plain(seeing, wanted, each)


def _try_later(context: Context, subscription: str, holder: str, why: str) -> None:
    now = context.store.subscriptions.find(subscription)
    if now is None or now.holder != holder:
        return
    settings = context.settings
    failures = now.failures + 1
    if failures >= settings.subscription_attempts:
        _give_up(context, now, f"{failures} attempts in a row have failed; the last: {why}")
        return
    pause = min(settings.subscription_pause * 2 ** (failures - 1), LONGEST_PAUSE)
    context.store.subscriptions.failed(now, why, pause)
    log.info("subscription failed", id=subscription, failures=failures, why=why)


def _give_up(context: Context, standing: Standing, why: str) -> None:
    log.warning("subscription ended", id=standing.id, why=why)
    _say(context, standing.id, "error", why)
    context.store.subscriptions.end(standing.id, why)


def _say(context: Context, subscription: str, status: str, error: str | None) -> None:
    """Write status and error into the Subscription itself; who changes it meanwhile comes first."""
    found = context.store.read("Subscription", subscription)
    if found is None or found.text is None:
        return
    document = parse(found.raw)
    if document["status"] == status and document.get("error") == error:
        return
    if document["status"] not in LIVE:
        return
    document["status"] = status
    document.pop("error", None)
    if error is not None:
        document["error"] = error
    mine = replace(context, principal=OPERATOR)
    made = write.put(
        mine, document, dump(document), subscription, method="PUT", if_match=found.version
    )
    write.commit(mine, [made])
