"""The worker's part: finds out what is due for Subscriptions, and lets several be served at once.

Events are rung for, not waited for; what was rung for while no worker was there is found when one
starts, for then every Subscription is looked at.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from fhir_server.bridges.subscriptions.delivering import lease, serve
from fhir_server.bridges.subscriptions.sockets import run as serve_sockets
from fhir_server.errors import FhirError
from fhir_server.interactions.faults import report
from fhir_server.interactions.interests import SETTLED_SECONDS, TARGET, stored
from fhir_server.resources.subscriptions import read

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.store.subscriptions import Standing

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 0.3


def run(context: Context, stop: threading.Event) -> None:
    """Notify until ``stop`` is set."""
    if not context.settings.subscriptions:
        return
    sockets = threading.Thread(target=serve_sockets, args=(context, stop), daemon=True)
    sockets.start()
    courier, most = Courier(context), context.settings.subscription_threads
    running: list[threading.Thread] = []
    while not stop.wait(PAUSE_SECONDS):
        running = [each for each in running if each.is_alive()]
        try:
            courier.look()
            for standing in courier.claimed(most - len(running)):
                running.append(_begun(courier, standing))
        except FhirError as error:
            log.warning("work failed", step="subscriptions", error=type(error).__name__)


def _begun(courier: Courier, standing: Standing) -> threading.Thread:
    thread = threading.Thread(
        target=courier.serve, args=(standing,), name="subscription", daemon=True
    )
    thread.start()
    return thread


class Courier:
    """What one worker knows of the Subscriptions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._live: frozenset[tuple[str, int]] | None = None
        self._seen = 0
        self._begun = False

    def look(self) -> None:
        """Find what is new: Subscriptions that have changed, and events."""
        store = self._context.store
        live = store.subscriptions.live()
        if live != self._live:
            self._compare({name for name, _ in live})
            self._live = live
        while store.outbox.number():
            pass
        self._ring()

    def claimed(self, most: int) -> list[Standing]:
        """Take what is due, at most so many."""
        found: list[Standing] = []
        while len(found) < most:
            standing = self._context.store.subscriptions.claim(lease(self._context))
            if standing is None:
                break
            found.append(standing)
        return found

    def serve(self, standing: Standing) -> None:
        """Serve one; a failure of ours leaves it to the next who claims it."""
        try:
            serve(self._context, standing)
        except FhirError as error:
            log.warning("work failed", step="subscription", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- a bug stops one Subscription, not the worker
            report(error, standing.id)

    def _compare(self, live: set[str]) -> None:
        """Begin what is new or changed, end what is there no more."""
        subscriptions = self._context.store.subscriptions
        marks = subscriptions.marks()
        for name in live:
            document = stored(self._context, name)
            mark = read(document).mark if document is not None else None
            if mark is not None and marks.get(name) != mark:
                subscriptions.begin(name, mark, SETTLED_SECONDS)
        for name in marks.keys() - live:
            subscriptions.end(name)

    def _ring(self) -> None:
        store = self._context.store
        if not self._begun:
            self._seen = store.outbox.last()
            store.subscriptions.ring(store.subscriptions.marks())
            self._begun = True
        while rows := store.outbox.after(TARGET, None, self._seen):
            store.subscriptions.ring({row.audience for row in rows})
            self._seen = rows[-1].n


def sweep(context: Context) -> bool:
    """Remove the events and rows of the outbox that are kept no longer."""
    settings = context.settings
    context.store.subscriptions.sweep(settings.subscription_days)
    removed = context.store.outbox.sweep(TARGET, settings.subscription_days)
    return bool(removed)
