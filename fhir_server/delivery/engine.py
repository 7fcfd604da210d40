"""The engine of one target: takes the outbox in, claims what is due, sends it, settles it.

One thread leads; it hands runs of deliveries that lie together in the queue to as many threads as
the target has connections. What belongs together was written together, so a visit mostly goes
through one thread in its order; what has to wait for another thread is woken by it. Several workers
may run at once.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from fhir_server.delivery.carrying import Carrier
from fhir_server.delivery.pausing import Gate
from fhir_server.delivery.view import Seen
from fhir_server.errors import FhirError
from fhir_server.injection import point
from fhir_server.search.plan import Plan
from fhir_server.store.outbox import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.delivery.target import Target
    from fhir_server.store.ops import Stored
    from fhir_server.store.progress import Dispatch

log = structlog.get_logger(__name__)

RUN = 8
"""Deliveries that one thread takes at a time."""
IDLE_SECONDS = 0.25
SWEEP_SECONDS = 3600.0


class Engine:
    """Delivers to one target until it is told to stop."""

    def __init__(self, context: Context, target: Target, stop: threading.Event) -> None:
        self._context = context
        self._target = target
        self._stop = stop
        self._store = context.store.unguarded
        self._gate = Gate(self._store.dispatches, target.name, target.pace)
        self._lease = float(context.settings.delivery_lease_seconds)
        self._claims: dict[int, Sequence[Dispatch]] = {}
        self._renewed: dict[int, float] = {}
        self._lock = threading.Lock()
        self._swept = 0.0

    def run(self) -> None:
        """Deliver until ``stop`` is set; a failure of the database is logged and tried again."""
        busy: set[Future[None]] = set()
        with self._renewing(), self._pool() as pool:
            while not self._stop.is_set():
                found = self._tried(pool, busy)
                if busy:
                    _, busy = wait(busy, IDLE_SECONDS, FIRST_COMPLETED)
                elif not found:
                    self._stop.wait(IDLE_SECONDS)

    def drain(self, rounds: int = 1_000_000) -> None:
        """Deliver what can be delivered now, and return; for tests and the command line."""
        with self._renewing(), self._pool() as pool:
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
        found = self._take_in()
        self._sweep()
        free = self._target.pace.connections - len(busy)
        if free <= 0 or self._gate.wait() > 0:
            return found
        trying = self._gate.trying
        if trying and busy:
            return found
        size = 1 if trying else RUN
        begun = time.monotonic()
        claimed = self._store.dispatches.claim(
            self._target.name, 1 if trying else free * RUN, self._lease
        )
        if claimed:
            point("delivery-claimed")
        for start in range(0, len(claimed), size):
            run = claimed[start : start + size]
            with self._lock:
                self._claims[id(run)] = run
                self._renewed[id(run)] = begun
            busy.add(pool.submit(self._deliver, run))
        return found or bool(claimed)

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

    def _deliver(self, run: Sequence[Dispatch]) -> None:
        """Carry a run of deliveries, one after the other."""
        dispatches = self._store.dispatches
        view = Seen(self._context, self._target.name)
        carrier = Carrier(self._target, view, self._gate, self._stop, lambda: self._holds(run))
        left = list(run)
        try:
            stored = self._read(run)
            view.prime(run, stored.values())
            while left and not self._stop.is_set() and not self._paused():
                settled = carrier.carry(left[0], stored.get(left[0].reference))
                if settled is None:
                    break
                dispatches.settle(settled)
                point("delivery-settled")
                if settled.waits:
                    self._recheck(settled.waits)
                left.pop(0)
            dispatches.release(left)
        except FhirError as error:
            log.warning("delivery failed", target=self._target.name, error=type(error).__name__)
        finally:
            with self._lock:
                self._claims.pop(id(run), None)
                self._renewed.pop(id(run), None)

    def _holds(self, run: Sequence[Dispatch]) -> bool:
        """Tell whether the claim of a run cannot have run out; a process may have been stopped."""
        return time.monotonic() - self._renewed.get(id(run), 0.0) < self._lease

    def _paused(self) -> bool:
        return self._gate.wait() > 0

    def _recheck(self, waits: Sequence[str]) -> None:
        """Let what has just begun to wait go on, if what it waits for came in between."""
        found = self._store.dispatches.find(self._target.name, waits)
        there = [each.reference for each in found.values() if each.parts or each.state == "skipped"]
        if there:
            self._store.dispatches.wake(self._target.name, there)

    def _read(self, run: Sequence[Dispatch]) -> dict[str, Stored]:
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

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Renew the claims until the end of the block; a dead process renews nothing."""
        ending = threading.Event()
        holder = threading.Thread(target=self._renew, args=(ending,), daemon=True)
        holder.start()
        try:
            yield
        finally:
            ending.set()
            holder.join()

    def _renew(self, ending: threading.Event) -> None:
        while not ending.wait(self._lease / 4):
            begun = time.monotonic()
            with self._lock:
                runs = {
                    number: run
                    for number, run in self._claims.items()
                    if begun - self._renewed[number] < self._lease  # else others have it
                }
            held = [each for run in runs.values() for each in run]
            try:
                if held:
                    self._store.dispatches.keep(self._target.name, held, self._lease)
                    with self._lock:
                        self._renewed.update({each: begun for each in runs if each in self._claims})
            except FhirError as error:
                name = type(error).__name__
                log.warning("claims not renewed", target=self._target.name, error=name)

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
