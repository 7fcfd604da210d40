"""Bodies that are on their way: taken piece by piece, and given up when they come too slowly.

No thread waits for them. One thread of the process looks at all of them every second.
"""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import BadRequest, TooLarge, TooManyRequests, TooSlow, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fhir_server.errors import FhirError

TICK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a body is waited for: ``seconds``, and one more for each ``rate`` bytes of it.

    ``together``: bytes of all that are waited for. ``each``: how many of one address may be on
    their way for longer than a tick (0: any number).
    """

    seconds: float
    rate: int
    together: int
    each: int


class Arrival:
    """One body that is on its way; ``length`` is None where none was said."""

    def __init__(self, proto: Any, length: int | None, address: str, largest: int) -> None:
        self.address, self.received, self.begun = address, 0, time.monotonic()
        self._proto, self._length, self._largest = proto, length, largest
        self._pieces: list[bytes] = []
        self._waiting: Any = None
        """What granian promises. It holds on to us where the garbage collector does not look: who
        holds on to it longer than needed keeps the whole request for ever."""

    def begin(self, arrived: Callable[[Arrival, bytes | FhirError], None]) -> None:
        """Return at once; the body, or why there is none, is told in whichever thread is free."""
        self._arrived = arrived
        self._proto.__aiter__()
        self._go_on()

    def _go_on(self) -> None:
        self._waiting = self._proto.__anext__()
        self._waiting.add_done_callback(self._came)

    def _came(self, waiting: Any) -> None:
        self._waiting = None
        try:
            piece: bytes = waiting.result()
        except CancelledError:
            return
        self.received += len(piece)
        if piece:
            self._pieces.append(piece)
        if self.received > self._largest:
            self._arrived(self, _too_large(self._largest))
        elif self._is_whole(piece):
            self._arrived(
                self, self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            )
        elif piece:
            self._go_on()
        else:
            self._arrived(self, BadRequest("The connection ended before the body did."))

    def _is_whole(self, piece: bytes) -> bool:
        """Tell whether that was the last piece; one that broke off ends in an empty piece, too."""
        if self._length is not None:
            return self.received >= self._length
        if piece:
            return False
        try:
            self._proto.__anext__()
        except StopAsyncIteration:
            return True
        return False

    def give_up(self, why: FhirError) -> None:
        """Wait no longer, unless a piece came just now."""
        waiting = self._waiting
        if waiting is not None and waiting.cancel():
            self._waiting = None
            self._arrived(self, why)


class Waiting:
    """All bodies that this process waits for."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._arrivals: set[Arrival] = set()
        threading.Thread(target=self._watch, name="waiting", daemon=True).start()

    def add(self, arrival: Arrival) -> None:
        """Watch one that has begun."""
        self._arrivals.add(arrival)

    def drop(self, arrival: Arrival) -> None:
        """Watch one no longer."""
        self._arrivals.discard(arrival)

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            for arrival, why in overdue(list(self._arrivals), time.monotonic(), self.patience):
                arrival.give_up(why)


def overdue(
    arrivals: Iterable[Arrival], now: float, patience: Patience
) -> Iterator[tuple[Arrival, FhirError]]:
    """Give those that are waited for no longer, each once, and why."""
    kept, of_one = [], Counter[str]()
    for each in sorted(arrivals, key=lambda arrival: arrival.begun):
        waited = now - each.begun
        is_slow = waited > TICK_SECONDS
        of_one[each.address] += is_slow
        if waited > patience.seconds + each.received / patience.rate:
            yield each, _too_slow(patience)
        elif is_slow and 0 < patience.each < of_one[each.address]:
            yield each, _too_many(patience.each)
        else:
            kept.append(each)
    yield from _beyond(kept, patience.together)


def _beyond(kept: list[Arrival], together: int) -> Iterator[tuple[Arrival, FhirError]]:
    """Let the longest go until the others have room."""
    held = sum(each.received for each in kept)
    for each in sorted(kept, key=lambda arrival: -arrival.received):
        if held <= together:
            return
        held -= each.received
        yield each, _no_room(together)


def _too_large(largest: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {largest} bytes, the limit of this server (FHIR_BODY_LIMIT)."
    )


def _too_slow(patience: Patience) -> TooSlow:
    return TooSlow(
        f"The body did not arrive in time: {patience.seconds:g} seconds, and one more for each "
        f"{patience.rate} bytes (FHIR_BODY_SECONDS, FHIR_BODY_RATE).",
        indonesian="Data tidak sampai pada waktunya. Kirim lagi.",
    )


def _too_many(each: int) -> TooManyRequests:
    return TooManyRequests(
        f"More than {each} bodies of this address are on their way (FHIR_SLOW_LIMIT).",
        indonesian="Terlalu banyak kiriman lambat dari alamat ini.",
    )


def _no_room(together: int) -> Unavailable:
    return Unavailable(
        f"More than {together} bytes of bodies are on their way here (FHIR_BODIES_LIMIT).",
        indonesian="Server sedang menerima terlalu banyak data. Kirim lagi.",
    )
