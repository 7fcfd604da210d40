"""Faults that are switched on while the simulator runs: seeded, so that a run can be repeated."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import request

from tools.satusehat_simulator import outcomes

if TYPE_CHECKING:
    from tools.satusehat_simulator.outcomes import Answer

ANSWERS = {
    "500": outcomes.BROKEN,
    "502": outcomes.HTML_PAGE,
    "503": outcomes.NO_UPSTREAM,
    "503-connect": outcomes.CONNECT_ERROR,
    "504": outcomes.GATEWAY_TIMEOUT,
    "html": outcomes.FORBIDDEN_PAGE,
    "429": outcomes.THROTTLED,
    "quota": outcomes.QUOTA,
    "401": outcomes.INVALID_TOKEN,
    "no-product": outcomes.NO_PRODUCT,
    "empty": outcomes.EMPTY,
}
KINDS = {*ANSWERS, "drop", "hang"}


@dataclass
class Fault:
    """What goes wrong, in how many of the requests that fit, at most how often.

    ``after``: the request has been done already, and the sender is not told so.
    """

    kind: str
    rate: float = 1.0
    times: int | None = None
    after: bool = False
    method: str = ""
    type: str = ""
    seconds: float = 60.0

    def fits(self, *, after: bool) -> bool:
        """Say whether the fault is one for this request at this moment."""
        parts = request.path.split("/")
        return (
            self.after == after
            and not (self.kind == "401" and "accesstoken" in parts)
            and self.times != 0
            and self.method in {"", request.method}
            and self.type in {"", *parts}
        )


@dataclass
class Faults:
    """The faults that are on, the latency, and how often each has struck."""

    listed: list[Fault] = field(default_factory=list)
    latency: float = 0.0
    jitter: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)
    dice: random.Random = field(default_factory=random.Random)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, wanted: dict[str, Any]) -> None:
        """Put other faults in the place of the present ones."""
        listed = [Fault(**each) for each in wanted.get("faults", ())]
        strange = {each.kind for each in listed} - KINDS
        if strange:
            raise ValueError(f"{sorted(strange)} are no faults; {sorted(KINDS)} are.")
        with self.lock:
            self.listed = listed
            self.latency = float(wanted.get("latency", 0.0))
            self.jitter = float(wanted.get("jitter", 0.0))
            if "seed" in wanted:
                self.dice.seed(wanted["seed"])

    def strike(self, *, after: bool) -> Answer | None:
        """Give what a request is answered instead, if a fault strikes it now."""
        if not after:
            self._wait()
        chosen = self._choose(after=after)
        if chosen is None:
            return None
        if chosen.kind == "hang":
            time.sleep(chosen.seconds)
            return None
        if chosen.kind == "drop":
            hang_up()
            return outcomes.EMPTY
        return ANSWERS[chosen.kind]

    def _choose(self, *, after: bool) -> Fault | None:
        with self.lock:
            for each in self.listed:
                if each.fits(after=after) and self.dice.random() < each.rate:
                    if each.times is not None:
                        each.times -= 1
                    self.struck[f"{each.kind}{' after' if after else ''}"] += 1
                    return each
        return None

    def _wait(self) -> None:
        if self.latency or self.jitter:
            with self.lock:
                more = self.dice.random() * self.jitter
            time.sleep(self.latency + more)


def hang_up() -> None:
    """Close the connection of the request without an answer."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
