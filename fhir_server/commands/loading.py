"""Loading: chunks posted to a server, or sent down the same road without one; what was refused."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
import requests

from fhir_server.auth.principals import OPERATOR
from fhir_server.commands import sources
from fhir_server.commands.sources import Chunk, Unreadable
from fhir_server.interactions.request import Request
from fhir_server.interactions.routes import answer
from fhir_server.rest import outcomes
from fhir_server.rest.negotiation import FHIR_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fhir_server.context import Context

TRIES = 6
BASE = "http://localhost/fhir"

Done = set[str]


class Reply(NamedTuple):
    """What a Bundle was answered with."""

    status: int
    body: dict[str, Any]


class Sender(Protocol):
    """Where Bundles go."""

    def send(self, bundle: bytes) -> Reply:
        """Post one Bundle to the FHIR base."""


class Direct:
    """Takes the road of a request without HTTP; ``command`` names it in the audit trail."""

    def __init__(self, context: Context, command: str = "load") -> None:
        self._context = context
        self._command = command
        self._numbers = itertools.count()

    @property
    def sent(self) -> int:
        """Count the Bundles, once all are sent."""
        return next(self._numbers)

    def send(self, bundle: bytes) -> Reply:
        """Run the transaction or batch."""
        next(self._numbers)
        request = Request("POST", "", BASE, headers={"content-type": FHIR_JSON}, body=bundle)
        try:
            with self._context.store.trail.working(OPERATOR, self._command):
                given = answer(self._context, request)
        except Exception as error:  # noqa: BLE001 - reported as a refusal, like over HTTP
            given = outcomes.failure(error, "", "load")
        return Reply(given.status, orjson.loads(given.body or b"{}"))


class Remote:
    """Posts to the FHIR base of a running server."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def send(self, bundle: bytes) -> Reply:
        """Post the Bundle."""
        headers = {"Content-Type": FHIR_JSON, "Accept": FHIR_JSON}
        response = self._session.post(self._url, bundle, headers=headers, timeout=300)
        return Reply(response.status_code, orjson.loads(response.content or b"{}"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not loaded, and why."""

    path: str
    place: str
    status: int
    issues: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What became of the files."""

    stored: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in what became of one chunk."""
        self.stored += other.stored
        self.refusals += other.refusals


def load(
    paths: Iterable[Path],
    sender: Sender,
    *,
    jobs: int = 4,
    done: Done | None = None,
    on_chunk: Callable[[Chunk], None] = lambda _: None,
) -> Report:
    """Load files, those that others refer to by a search first.

    ``done`` holds the keys of chunks that were loaded before; ``on_chunk`` is called with each
    chunk after it was stored or refused.
    """
    report = Report()
    groups = sources.in_order([sources.survey(path) for path in paths])
    with ThreadPoolExecutor(jobs) as pool:
        for group in groups:
            running: dict[Future[Report], Chunk] = {}
            for chunk in _wanted([each.path for each in group], done or set(), report):
                running[pool.submit(_send, sender, chunk)] = chunk
                if len(running) >= jobs * 2:
                    _collect(running, report, on_chunk)
            while running:
                _collect(running, report, on_chunk)
    return report


def key(chunk: Chunk) -> str:
    """Name a chunk of an unchanged file."""
    found = chunk.path.stat()
    return f"{chunk.path.resolve()}:{found.st_size}:{found.st_mtime_ns}:{chunk.number}"


def _wanted(paths: list[Path], done: Done, report: Report) -> Iterator[Chunk]:
    for path in paths:
        for chunk in sources.chunks(path):
            if isinstance(chunk, Unreadable):
                report.refusals.append(Refusal(str(path), "", 400, (str(chunk),)))
            elif done and key(chunk) in done:
                report.skipped += len(chunk.entries)
            else:
                yield chunk


def _collect(
    running: dict[Future[Report], Chunk], report: Report, on_chunk: Callable[[Chunk], None]
) -> None:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        chunk = running.pop(future)
        report.add(future.result())
        on_chunk(chunk)


def _send(sender: Sender, chunk: Chunk) -> Report:
    reply = _patiently(sender, chunk.bundle("transaction"))
    if reply.status != HTTPStatus.OK and not chunk.whole and len(chunk.entries) > 1:
        reply = _patiently(sender, chunk.bundle("batch"))
    if reply.status != HTTPStatus.OK:
        place = "the whole Bundle" if chunk.whole else chunk.places[0]
        return Report(refusals=[Refusal(str(chunk.path), place, reply.status, _says(reply.body))])
    return _read(reply, chunk)


def _patiently(sender: Sender, bundle: bytes) -> Reply:
    reply = sender.send(bundle)
    for attempt in range(TRIES):
        if reply.status not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            break
        time.sleep(0.5 * 2**attempt)
        reply = sender.send(bundle)
    return reply


def _read(reply: Reply, chunk: Chunk) -> Report:
    report = Report()
    for entry, place, request in zip(reply.body["entry"], chunk.places, chunk.entries, strict=True):
        response = entry["response"]
        status = int(response["status"][:3])
        if status < HTTPStatus.BAD_REQUEST:
            report.stored[(request.request or {})["url"].split("/")[0].split("?")[0]] += 1
        else:
            says = _says(response.get("outcome", {}))
            report.refusals.append(Refusal(str(chunk.path), place, status, says))
    return report


def _says(outcome: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{', '.join(issue.get('expression', []))}: {issue.get('diagnostics', '')}".lstrip(": ")
        for issue in outcome.get("issue", [])
    )
