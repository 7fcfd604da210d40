"""Webhooks of WhatsApp that wait in the store, worked off by the worker, many at a time.

What came from one sender goes in the order in which it came, one worker at a time; senders go side
by side. To do one twice does no harm: a message is known by its number (BR-W2) and statuses only
grow. So a worker that dies costs nothing but the time of its claim. A status that comes before its
message waits for it by itself; what a rule refuses or nobody can read is laid aside and counted.
"""

from __future__ import annotations

from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from fhir_server.bridges.whatsapp import cloud, foresight, forms, receiving, statuses
from fhir_server.bridges.whatsapp.lanes import lanes
from fhir_server.errors import Conflict, FhirError, PreconditionFailed, RuleBroken
from fhir_server.interactions.faults import report as reported
from fhir_server.interactions.reader import StoreReader
from fhir_server.store import traces

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.store.deliveries import Delivery

log = structlog.get_logger(__name__)

SOURCE: Final = "whatsapp"
EARLY: Final = "whatsapp-status"
FORM: Final = "formulir"
SOURCES: Final = (SOURCE, EARLY, FORM)
WORK: Final = "work_off"
MOST: Final = 100
SIDE_BY_SIDE: Final = 8
"""Senders whose messages are written at the same moment; they share the flushes of the disk."""
LEASE_SECONDS: Final = 30.0
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 600.0
MOST_ATTEMPTS: Final = 5
EARLY_DAYS: Final = 7
UNKNOWN: Final = 500


class _StillEarly(Exception):
    """The message of a status is not here yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery, and what it says if it is a webhook that can be read."""

    delivery: Delivery
    posting: cloud.Posting | None = None
    unreadable: str = ""

    @property
    def keys(self) -> frozenset[Hashable]:
        """Say whom it is from and about: what shares one of these goes in the order it came."""
        if self.posting is None:
            return frozenset({FORM if self.delivery.source == FORM else self.delivery.id})
        senders = (("from", each.sender) for each in self.posting.messages)
        return frozenset({*senders, *(("about", each.number) for each in self.posting.reports)})


def work_off(context: Context) -> bool:
    """Work off some of what has waited longest; False if nothing waits, or another worker does."""
    deliveries = context.store.deliveries
    if not (deliveries.any_due(SOURCES) and deliveries.take_turn(LEASE_SECONDS)):
        return False
    some = deliveries.claim_some(SOURCES, LEASE_SECONDS, MOST)
    try:
        if some:
            _together(context, some)
    except (SystemExit, KeyboardInterrupt):
        deliveries.hold_all(some, 0.0)
        raise
    finally:
        if len(some) < MOST:
            deliveries.end_turn()
    return bool(some)


def _together(context: Context, some: Sequence[Delivery]) -> None:
    """Work off deliveries: those of one sender in turn, those of several side by side."""
    deliveries = context.store.deliveries
    done: list[Delivery] = []
    waiting = [_read(each) for each in some]
    messages = [each for one in waiting if one.posting for each in one.posting.messages]
    seen = foresight.look(StoreReader(context), messages)
    parted = lanes([(each, each.keys) for each in waiting])
    run = partial(_lane, context, seen, done, traces.current())
    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(parted)), "arrivals") as several:
        running = {several.submit(run, lane) for lane in parted}
        while futures.wait(running, LEASE_SECONDS / 4).not_done:
            deliveries.take_turn(LEASE_SECONDS)
            deliveries.hold_all([each for each in some if each not in done], LEASE_SECONDS)
    deliveries.done(*done)
    for each in running:
        each.result()


def _lane(
    context: Context,
    seen: foresight.Seen,
    done: list[Delivery],
    access: traces.Access | None,
    lane: Sequence[Waiting],
) -> None:
    """Work off what goes in one order; behind what has to be tried again, the rest waits too."""
    recorded = nullcontext() if access is None else context.store.trail.working(access.who, WORK)
    with recorded:
        for place, each in enumerate(lane):
            wait = _tried(context, seen, done, each)
            if wait is not None:
                rest = [one.delivery for one in lane[place + 1 :]]
                context.store.deliveries.put_back(rest, wait)
                return


def _read(delivery: Delivery) -> Waiting:
    if delivery.source != SOURCE:
        return Waiting(delivery)
    try:
        return Waiting(delivery, cloud.read(delivery.body))
    except cloud.Unreadable as error:
        return Waiting(delivery, unreadable=str(error))


def _tried(
    context: Context, seen: foresight.Seen, done: list[Delivery], one: Waiting
) -> float | None:
    """Work one off; give the seconds that what comes after it has to wait for it, if any."""
    delivery, deliveries = one.delivery, context.store.deliveries
    try:
        if delivery.source == SOURCE:
            wrong = list(_wrong(context, seen, one))
        elif delivery.source == FORM:
            wrong = list(_filled_in(context, delivery))
        else:
            wrong = list(_early(context, delivery))
    except _StillEarly:
        _later(context, delivery)
    except FhirError as error:
        log.warning("webhook waits", delivery=delivery.id, error=type(error).__name__)
        return _later(context, delivery)
    except Exception as error:  # noqa: BLE001 -- a bug lays one webhook aside, not the worker
        issue = reported(error, delivery.id)
        if delivery.attempts < MOST_ATTEMPTS:
            _later(context, delivery)
        else:
            deliveries.fail(delivery, [issue.diagnostics])
    else:
        if wrong:
            log.error("webhook laid aside", delivery=delivery.id, faults=len(wrong))
            deliveries.fail(delivery, wrong)
        else:
            done.append(delivery)
    return None


def _wrong(context: Context, seen: foresight.Seen, one: Waiting) -> Iterator[str]:
    """Take in messages, then statuses; give what was refused."""
    if one.posting is None:
        yield one.unreadable
        return
    posting, delivery = one.posting, one.delivery
    if posting.ignored:
        log.info("webhook not about messages", fields=sorted(set(posting.ignored)))
    if posting.unreadable:
        yield f"{posting.unreadable} without number, sender, time or known status."
    for message in posting.messages:
        try:
            receiving.receive(context, message, delivery.received, seen)
        except FhirError as error:
            yield _refusal(message.number, error)
    for each in posting.reports:
        try:
            if not statuses.apply(context, each):
                context.store.deliveries.keep(EARLY, cloud.written(each), FIRST_WAIT)
        except FhirError as error:
            yield _refusal(each.number, error)


def _early(context: Context, delivery: Delivery) -> Iterator[str]:
    """Apply a status whose message was not there; forget it when none comes."""
    report = cloud.read_report(delivery.body)
    try:
        found = statuses.apply(context, report)
    except FhirError as error:
        yield _refusal(report.number, error)
        return
    if found:
        return
    if context.clock() - delivery.received <= timedelta(days=EARLY_DAYS):
        raise _StillEarly
    log.info("status of a message that is not here", delivery=delivery.id)


def _filled_in(context: Context, delivery: Delivery) -> Iterator[str]:
    """Store a form of the landing page, or say what is wrong with it."""
    try:
        forms.receive(context, forms.read(delivery.body), delivery.received)
    except forms.Unreadable as error:
        yield str(error)
    except FhirError as error:
        yield _refusal(FORM, error)


def _later(context: Context, delivery: Delivery) -> float:
    """Let a delivery be tried again; give after how many seconds."""
    wait: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10))
    context.store.deliveries.hold(delivery, wait)
    return wait


def _refusal(number: str, error: FhirError) -> str:
    """Say what was refused for good; what may go well another time is raised again."""
    lost_a_race = isinstance(error, Conflict | PreconditionFailed)
    if error.status >= UNKNOWN or (lost_a_race and not isinstance(error, RuleBroken)):
        raise error
    issue = error.issues[0]
    return f"{number}: {issue.rule or issue.code}: {issue.diagnostics}"
