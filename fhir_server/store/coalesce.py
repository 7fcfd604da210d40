"""Requests that come at the same moment go to the database together.

Who comes first leads: it runs at once, with nobody to wait for. Who comes while it runs joins the
next batch, led by the first of them. So nobody alone waits, and the busier the server is, the
larger the batches are. Every request gets its own answer or error.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from fhir_server.errors import Unavailable
from fhir_server.store.failures import DRIVER, translate
from fhir_server.waiting import Bell, aside, breathe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST_BATCH = 64


class _Slot(Generic[Item, Result]):
    """One request in the queue. ``batch`` is set when its turn to lead has come."""

    __slots__ = ("batch", "item", "outcome", "wake")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Result | Exception | None = None
        self.batch: list[_Slot[Item, Result]] = []
        self.wake: Bell | None = None


class Coalescer(Generic[Item, Result]):
    """Runs requests in batches, one batch at a time; ``run`` gives an outcome for each item.

    An outcome that is an exception is raised to its own request; what ``run`` raises goes to all.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result | Exception]]) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._busy = False
        self._queue: deque[_Slot[Item, Result]] = deque()

    def ask(self, item: Item) -> Result:
        """Run one request, alone or in company."""
        slot: _Slot[Item, Result] = _Slot(item)
        if (bell := self._bell(slot)) is not None:
            bell.wait()
        batch, slot.batch = slot.batch, []  # a slot in its own batch would be left to the collector
        if batch:
            self._lead(batch)
        outcome = slot.outcome
        if not isinstance(outcome, Exception):
            return cast("Result", outcome)
        try:
            raise outcome
        finally:
            del slot, outcome  # its traceback leads to this frame

    def _bell(self, slot: _Slot[Item, Result]) -> Bell | None:
        """Give what to wait for: nothing for who comes while nobody leads."""
        with self._lock:
            if self._busy:
                slot.wake = Bell()
                self._queue.append(slot)
                return slot.wake
            self._busy = True
            slot.batch = [slot]
            return None

    def _lead(self, batch: list[_Slot[Item, Result]]) -> None:
        breathe()
        self._join(batch)
        try:
            outcomes = aside(lambda: self._run([slot.item for slot in batch]))
            for slot, outcome in zip(batch, outcomes, strict=True):
                slot.outcome = outcome
        except DRIVER as error:
            for slot in batch:
                slot.outcome = translate(error)
        except Unavailable as error:
            for slot in batch:
                slot.outcome = Unavailable(str(error))
        except BaseException as error:
            for slot in batch:
                slot.outcome = RuntimeError(f"The batch failed: {type(error).__name__}")
            raise
        finally:
            self._pass_on()
            for slot in batch[1:]:
                _ring(slot)

    def _join(self, batch: list[_Slot[Item, Result]]) -> None:
        """Take in who has come since."""
        with self._lock:
            while self._queue and len(batch) < LARGEST_BATCH:
                batch.append(self._queue.popleft())

    def _pass_on(self) -> None:
        with self._lock:
            if not self._queue:
                self._busy = False
                return
            first = self._queue.popleft()
        first.batch = [first]
        _ring(first)


def _ring(slot: _Slot[Item, Result]) -> None:
    if slot.wake is not None:
        slot.wake.ring()
