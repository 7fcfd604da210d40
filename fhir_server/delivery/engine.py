"""The engine of one target: takes the outbox in, claims what is due, sends it, settles it.

One thread leads; it hands runs of deliveries to as many threads as the target has connections, and
has some ready before they are asked for. What refers to another one of the same claim goes through
the same thread after it (``runs``); what has to wait for another thread is woken by it. Several
workers may run at once.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import structlog

from fhir_server.delivery.carrying import Carrier
from fhir_server.delivery.holding import Holding
from fhir_server.delivery.pausing import Gate
from fhir_server.delivery.runs import RUN, runs
from fhir_server.delivery.view import Seen
from fhir_server.errors import FhirError
from fhir_server.injection import point
from fhir_server.search.plan import Plan
from fhir_server.store.outbox import CHUNK
from fhir_server.store.progress import THERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fhir_server.context import Context
    from fhir_server.delivery.target import Target
    from fhir_server.store.ops import Stored
    from fhir_server.store.progress import Dispatch, Settlement

log = structlog.get_logger(__name__)

READY = 2
"""Runs that are claimed for each connection: the one it is at, and the next."""
IDLE_SECONDS = 0.25
SETTLE_SECONDS = 0.1
"""How long what has arrived may wait to be written down together with what follows it."""
STRAIGHTEN_SECONDS = 5.0
SWEEP_SECONDS = 3600.0


class Engine:
    """Delivers to one target until it is told to stop."""

    def __init__(self, context: Context, target: Target, stop: threading.Event) -> None:
        self._context = context
        self._target = target
        self._stop = stop
        self._store = context.store.unguarded
        self._gate = Gate(self._store.dispatches, target.name, target.pace)
        lease = float(context.settings.delivery_lease_seconds)
        self._holding = Holding(self._store.dispatches, target.name, lease)
        self._swept = self._straightened = float("-inf")

    def run(self) -> None:
        """Deliver until ``stop`` is set; a failure of the database is logged and tried again."""
        busy: set[Future[None]] = set()
        with self._holding.living(), self._pool() as pool:
            while not self._stop.is_set():
                found = self._tried(pool, busy)
                if busy:
                    _, busy = wait(busy, IDLE_SECONDS, FIRST_COMPLETED)
                elif not found:
                    self._stop.wait(IDLE_SECONDS)

    def drain(self, rounds: int = 1_000_000) -> None:
        """Deliver what can be delivered now, and return; for tests and the command line."""
        with self._holding.living(), self._pool() as pool:
            for _ in range(rounds):
                busy: set[Future[None]] = set()
                found = self._step(pool, busy)
                for each in busy:
                    each.result()
                if not found:
                    return

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._target.pace.connections, f"to-{self._target.name}")

    def _tried(self, pool: ThreadPoolExecutor, busy: set[Future[None]]) -> bool:
        try:
            return self._step(pool, busy)
        except FhirError as error:
            log.warning("delivery failed", target=self._target.name, error=type(error).__name__)
            self._stop.wait(1.0)
            return False

    def _step(self, pool: ThreadPoolExecutor, busy: set[Future[None]]) -> bool:
        """Take rows in and hand deliveries out; say whether there was anything."""
        connections = self._target.pace.connections
        free = connections * READY - len(busy)
        if free < connections:
            return True
        found = self._take_in()
        self._look_after()
        if self._gate.wait() > 0:
            return found
        trying = self._gate.trying
        if trying and busy:
            return found
        claimed = self._claim(1 if trying else free * RUN)
        for run, stored in claimed:
            busy.add(pool.submit(self._deliver, run, stored))
        return found or bool(claimed)

    def _claim(self, most: int) -> list[tuple[list[Dispatch], Mapping[str, Stored]]]:
        """Claim what is due, and read it; give it as runs for the threads."""
        dispatches, name = self._store.dispatches, self._target.name
        due = dispatches.due(name, most)
        if not due:
            return []
        holder = self._holding.claim()
        try:
            claimed = dispatches.claim(name, due, holder)
            point("delivery-claimed")
            stored = self._read(claimed)
        except BaseException:
            self._holding.leave(holder)
            raise
        return [(run, stored) for run in runs(claimed, stored)]

    def _take_in(self) -> bool:
        """Make deliveries of the rows of the outbox."""
        outbox, dispatches = self._store.outbox, self._store.dispatches
        outbox.number()
        cursor = dispatches.cursor(self._target.name)
        rows = outbox.after(self._target.name, "", cursor, CHUNK)
        if rows:
            dispatches.take_in(self._target.name, rows)
            point("delivery-expanded")
        return bool(rows)

    def _deliver(self, run: Sequence[Dispatch], stored: Mapping[str, Stored]) -> None:
        """Carry a run of deliveries, one after the other."""
        left, holder = list(run), run[0].holder
        try:
            self._carry(left, holder, stored)
            self._store.dispatches.release(left)
            left = []
        except FhirError as error:
            log.warning("delivery failed", target=self._target.name, error=type(error).__name__)
        finally:
            if left:
                self._holding.leave(holder, [each.reference for each in left])

    def _carry(self, left: list[Dispatch], holder: str, stored: Mapping[str, Stored]) -> None:
        """Carry until the end, a pause or a lost claim; ``left`` keeps what was not begun."""
        if self._stop.is_set() or self._paused():
            return
        view = Seen(self._context, self._target.name)
        view.prime(left, stored, current=not self._target.every_version)
        carrier = Carrier(
            self._target, view, self._gate, self._stop, lambda: self._holding.holds(holder)
        )
        done: list[Settlement] = []
        begun = time.monotonic()
        while len(done) < len(left) and not self._stop.is_set() and not self._paused():
            each = left[len(done)]
            settled = carrier.carry(each, stored.get(each.reference))
            if settled is None:
                break
            done.append(settled)
            if settled.state not in THERE or time.monotonic() - begun > SETTLE_SECONDS:
                self._settle(done, left)
                begun = time.monotonic()
        self._settle(done, left)

    def _settle(self, done: list[Settlement], left: list[Dispatch]) -> None:
        """Write down what became of the first ones that are left, and let others go on."""
        self._store.dispatches.settle(done)
        for _ in done:
            point("delivery-settled")
        waits = [each for settled in done for each in settled.waits]
        del left[: len(done)]
        done.clear()
        if waits:
            self._recheck(waits)

    def _paused(self) -> bool:
        return self._gate.wait() > 0

    def _recheck(self, waits: Sequence[str]) -> None:
        """Let what has just begun to wait go on, if what it waits for came in between."""
        found = self._store.dispatches.find(self._target.name, waits)
        there = [each.reference for each in found.values() if each.parts or each.state == "skipped"]
        if there:
            self._store.dispatches.wake(self._target.name, there)

    def _read(self, run: Sequence[Dispatch]) -> Mapping[str, Stored]:
        """Read the versions to be sent, by ``Type/id``."""
        if self._target.every_version:
            return {each.reference: found for each in run if (found := self._next(each))}
        by_type: dict[str, list[str]] = {}
        for each in run:
            by_type.setdefault(each.resource_type, []).append(each.id)
        plans = [Plan(kind, {"_id": {"$in": ids}}, limit=len(ids)) for kind, ids in by_type.items()]
        pages = self._store.search_many(plans)
        there = {
            f"{each.resource_type}/{each.id}": self._store.whole(each)
            for page in pages
            for each in page.resources
        }
        for each in run:
            if each.reference not in there:
                gone = self._store.read(each.resource_type, each.id)
                if gone is not None:
                    there[each.reference] = gone
        return there

    def _next(self, dispatch: Dispatch) -> Stored | None:
        """Read the version after the one that was dealt with."""
        version = min(dispatch.sent + 1, dispatch.seen)
        return self._store.vread(dispatch.resource_type, dispatch.id, version)

    def _look_after(self) -> None:
        """Do what is to be done now and then."""
        self._holding.look()
        if time.monotonic() - self._straightened > STRAIGHTEN_SECONDS:
            self._straightened = time.monotonic()
            self._store.dispatches.straighten(self._target.name)
        self._sweep()

    def _sweep(self) -> None:
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            while self._store.outbox.sweep(self._target.name, self._context.settings.outbox_days):
                continue


def deliver_all(context: Context, targets: Sequence[Target], stop: threading.Event) -> None:
    """Deliver to all targets, each in a thread of its own, until ``stop`` is set."""
    threads = [
        threading.Thread(
            target=Engine(context, each, stop).run, name=f"to-{each.name}", daemon=True
        )
        for each in targets
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
