"""What this engine holds, and what engines that have died have left behind.

Only clocks that nobody sets count here: a wall clock that jumps by hours ends no claim of an engine
that lives, and lengthens none of one that does not.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from fhir_server.errors import FhirError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.store.dispatches import Dispatches

log = structlog.get_logger(__name__)

NEVER = float("-inf")


class Holding:
    """One engine among those of a target; safe for threads."""

    def __init__(self, dispatches: Dispatches, target: str, lease: float) -> None:
        self._dispatches = dispatches
        self._target = target
        self._lease = lease
        self._name = uuid.uuid4().hex
        self._claims = itertools.count(1)
        self._beaten = NEVER
        self._looked = NEVER
        self._seen: dict[str, tuple[int, float]] = {}
        self._left: list[tuple[str, tuple[str, ...]]] = []
        self._lock = threading.Lock()

    def claim(self) -> str:
        """Name the next claim, once others can know that this engine lives."""
        if time.monotonic() - self._beaten >= self._lease / 4:
            self._beat()
        return f"{self._name}:{next(self._claims)}"

    def holds(self, holder: str) -> bool:
        """Tell whether others cannot have let go of a claim; a process may have been stopped."""
        return holder.startswith(self._name) and self._is_fresh()

    def leave(self, holder: str, references: Sequence[str] = ()) -> None:
        """Note what was claimed and could not be settled; it is given back as soon as can be."""
        with self._lock:
            self._left.append((holder, tuple(references)))

    def look(self) -> None:
        """Give back what this engine has left, and let go of what dead ones held."""
        self._give_back()
        if time.monotonic() - self._looked < self._lease / 4:
            return
        beats = self._dispatches.holders.beats(self._target)
        self._looked = moment = time.monotonic()
        before, self._seen = self._seen, {}
        for engine, beat in beats.items():
            known = before.get(engine)
            since = known[1] if known and known[0] == beat else moment
            if engine == self._name or moment - since < self._lease:
                self._seen[engine] = (beat, since)
            else:
                number = self._dispatches.holders.let_go(self._target, engine)
                log.info("deliveries of a dead worker", target=self._target, deliveries=number)

    @contextmanager
    def living(self) -> Iterator[None]:
        """Beat until the end of the block; a dead process beats no more."""
        ending = threading.Event()
        heart = threading.Thread(target=self._live, args=(ending,), name="heart", daemon=True)
        heart.start()
        try:
            yield
        finally:
            ending.set()
            heart.join()
            self._end()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._beaten < self._lease

    def _beat(self) -> None:
        """Beat; whoever did not for too long begins anew, for what he held may be another's."""
        begun = time.monotonic()
        if not self._is_fresh():
            self._name = uuid.uuid4().hex
        self._dispatches.holders.beat(self._target, self._name)
        self._beaten = begun

    def _live(self, ending: threading.Event) -> None:
        while not ending.wait(self._lease / 4):
            try:
                if self._beaten > NEVER:
                    self._beat()
            except FhirError as error:
                name = type(error).__name__
                log.warning("claims not renewed", target=self._target, error=name)

    def _give_back(self) -> None:
        with self._lock:
            left = list(self._left)
        for each in left:
            self._dispatches.holders.give_back(self._target, *each)
            with self._lock:
                self._left.remove(each)

    def _end(self) -> None:
        """Leave nothing behind; what cannot be given back now is seen as left by a dead engine."""
        if self._beaten == NEVER:
            return
        self._beaten = NEVER
        try:
            self._give_back()
            self._dispatches.holders.end(self._target, self._name)
        except FhirError as error:
            name = type(error).__name__
            log.warning("claims not given back", target=self._target, error=name)
