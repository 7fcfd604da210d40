"""Webhooks of WhatsApp that wait in the store, worked off one after another by the worker.

To do one twice does no harm: a message is known by its number (BR-W2) and statuses only grow. So
a worker that dies costs nothing but the time of its claim. A status that comes before its message
waits for it by itself; what a rule refuses or nobody can read is laid aside and counted.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from fhir_server.bridges.whatsapp import cloud, forms, receiving, statuses
from fhir_server.errors import Conflict, FhirError, PreconditionFailed, RuleBroken
from fhir_server.interactions.faults import report as reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.context import Context
    from fhir_server.store.deliveries import Delivery

log = structlog.get_logger(__name__)

SOURCE: Final = "whatsapp"
EARLY: Final = "whatsapp-status"
FORM: Final = "formulir"
LEASE_SECONDS: Final = 30.0
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 600.0
MOST_ATTEMPTS: Final = 5
EARLY_DAYS: Final = 7
UNKNOWN: Final = 500


def work_off(context: Context) -> bool:
    """Work off the webhook that has waited longest; False if none waits."""
    delivery = context.store.deliveries.claim((SOURCE, EARLY, FORM), LEASE_SECONDS)
    if delivery is None:
        return False
    try:
        _tried(context, delivery)
    except (SystemExit, KeyboardInterrupt):
        context.store.deliveries.hold(delivery, 0.0)
        raise
    return True


def _tried(context: Context, delivery: Delivery) -> None:
    try:
        if delivery.source == EARLY:
            _early(context, delivery)
        elif delivery.source == FORM:
            _filled_in(context, delivery)
        else:
            _posted(context, delivery)
    except FhirError as error:
        log.warning("webhook waits", delivery=delivery.id, error=type(error).__name__)
        _later(context, delivery)
    except Exception as error:  # noqa: BLE001 -- a bug lays one webhook aside, not the worker
        issue = reported(error, delivery.id)
        if delivery.attempts < MOST_ATTEMPTS:
            _later(context, delivery)
        else:
            context.store.deliveries.fail(delivery, [issue.diagnostics])


def _posted(context: Context, delivery: Delivery) -> None:
    """Do all of a webhook that can be done, then forget it or say what is wrong."""
    deliveries = context.store.deliveries
    try:
        posting = cloud.read(delivery.body)
    except cloud.Unreadable as error:
        wrong = [str(error)]
    else:
        wrong = list(_wrong(context, delivery, posting))
    if wrong:
        log.error("webhook laid aside", delivery=delivery.id, faults=len(wrong))
        deliveries.fail(delivery, wrong)
    else:
        deliveries.done(delivery)


def _wrong(context: Context, delivery: Delivery, posting: cloud.Posting) -> Iterator[str]:
    """Take in messages, then statuses; give what was refused."""
    if posting.ignored:
        log.info("webhook not about messages", fields=sorted(set(posting.ignored)))
    if posting.unreadable:
        yield f"{posting.unreadable} without number, sender, time or known status."
    for message in _held(context, delivery, posting.messages):
        try:
            receiving.receive(context, message, delivery.received)
        except FhirError as error:
            yield _refusal(message.number, error)
    for each in posting.reports:
        try:
            if not statuses.apply(context, each):
                context.store.deliveries.keep(EARLY, cloud.written(each), FIRST_WAIT)
        except FhirError as error:
            yield _refusal(each.number, error)


def _held(
    context: Context, delivery: Delivery, messages: Iterable[cloud.Incoming]
) -> Iterator[cloud.Incoming]:
    """Give the messages, and go on holding the delivery however many there are."""
    since = time.monotonic()
    for each in messages:
        yield each
        if time.monotonic() - since > LEASE_SECONDS / 4:
            context.store.deliveries.hold(delivery, LEASE_SECONDS)
            since = time.monotonic()


def _early(context: Context, delivery: Delivery) -> None:
    """Apply a status whose message was not there; forget it when none comes."""
    report = cloud.read_report(delivery.body)
    try:
        found = statuses.apply(context, report)
    except FhirError as error:
        context.store.deliveries.fail(delivery, [_refusal(report.number, error)])
        return
    if found:
        context.store.deliveries.done(delivery)
    elif context.clock() - delivery.received > timedelta(days=EARLY_DAYS):
        log.info("status of a message that is not here", delivery=delivery.id)
        context.store.deliveries.done(delivery)
    else:
        _later(context, delivery)


def _filled_in(context: Context, delivery: Delivery) -> None:
    """Store a form of the landing page, or say what is wrong with it."""
    try:
        forms.receive(context, forms.read(delivery.body), delivery.received)
    except forms.Unreadable as error:
        context.store.deliveries.fail(delivery, [str(error)])
    except FhirError as error:
        context.store.deliveries.fail(delivery, [_refusal(FORM, error)])
    else:
        context.store.deliveries.done(delivery)


def _later(context: Context, delivery: Delivery) -> None:
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10))
    context.store.deliveries.hold(delivery, wait)


def _refusal(number: str, error: FhirError) -> str:
    """Say what was refused for good; what may go well another time is raised again."""
    lost_a_race = isinstance(error, Conflict | PreconditionFailed)
    if error.status >= UNKNOWN or (lost_a_race and not isinstance(error, RuleBroken)):
        raise error
    issue = error.issues[0]
    return f"{number}: {issue.rule or issue.code}: {issue.diagnostics}"
