"""``Prefer: respond-async``: a Bundle or a search that the worker answers later.

The answer is what the request would have got, in a batch-response Bundle of one entry. A Bundle is
never begun twice: when its worker dies in between, the job says that nobody knows how far it came.

https://hl7.org/fhir/R4/async.html
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Conflict, FhirError, TooManyRequests
from fhir_server.interactions import routes
from fhir_server.interactions.answers import preferences
from fhir_server.interactions.entries import language_of, of_answer, of_error
from fhir_server.interactions.grammar import find
from fhir_server.interactions.request import Answer, Request
from fhir_server.resources.bundles import join
from fhir_server.store.jobs import BODY, LEASE_SECONDS, Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.context import Context
    from fhir_server.store.jobs import Job

    Answering = Callable[[Context, Request], Answer]

KIND = "request"
ANSWER = "answer"
PART_BYTES = 8 * 1024 * 1024
_PREFERENCE = "respond-async"
_LATER = frozenset({"transaction", "search-system", "search-type", "search-compartment"})
_HEADERS = ("accept-language", "content-type")


def is_asked(context: Context, request: Request) -> bool:
    """Tell whether the client rather asks again than waits, for something that may take long."""
    given = request.headers.get("prefer")
    if not given or _PREFERENCE not in given or _PREFERENCE not in preferences(request.headers):
        return False
    route, _ = find(request.method, request.path, context.definitions.types)
    return route.interaction in _LATER


def kick_off(context: Context, request: Request) -> Answer:
    """Put the request on the list."""
    most = context.settings.job_limit
    if context.store.jobs.unfinished(KIND) >= most:
        raise TooManyRequests(
            f"{most} requests are waiting already (FHIR_JOB_LIMIT). Ask again later."
        )
    prefer = preferences(request.headers)
    kept = {name: request.headers.get(name) for name in _HEADERS}
    kept["prefer"] = ",".join(f"{n}={v}" for n, v in prefer.items() if n != _PREFERENCE)
    asked = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": {name: value for name, value in kept.items() if value},
    }
    owner = context.principal.subject
    job = context.store.jobs.open(KIND, asked, owner, request.base, request.body)
    return Answer(202, headers={"Content-Location": f"{request.base}/_jobs/{job.id}"})


def run(context: Context, job: Job, answering: Answering = routes.answer) -> dict[str, Any]:
    """Answer the request and keep the answer; ``answering`` may know operations too."""
    jobs = context.store.jobs
    asked = job.request
    body = b"".join(jobs.parts(job.id, BODY))
    if asked["path"] == "":
        _once(context, job)
    request = Request(
        asked["method"], asked["path"], job.base, asked["query"], asked["headers"], body
    )
    with _held(context, job):
        entry = _entry(context, request, answering)
    bundle = join("batch-response", [entry])
    for number, start in enumerate(range(0, len(bundle), PART_BYTES)):
        jobs.append(job, ANSWER, number, bundle[start : start + PART_BYTES])
    return {}


def answer(context: Context, _: Request, job: Job) -> Answer:
    """Give what the request got."""
    return Answer(200, b"".join(context.store.jobs.parts(job.id, ANSWER)))


def _once(context: Context, job: Job) -> None:
    if job.at is not None:
        raise Conflict(
            "The server stopped while it worked on this Bundle: it may or may not have happened. "
            "Read before you send it again."
        )
    context.store.jobs.keep(job, at={"begun": True})


def _entry(context: Context, request: Request, answering: Answering) -> bytes:
    try:
        return of_answer(answering(context, request), request.base)
    except FhirError as error:
        language = language_of(request.headers)
        return of_error(error.status, error.issues, language=language)


@contextmanager
def _held(context: Context, job: Job) -> Iterator[None]:
    """Hold the job for as long as the request takes."""
    done = threading.Event()

    def hold() -> None:
        try:
            while not done.wait(LEASE_SECONDS / 3):
                context.store.jobs.keep(job)
        except (Lost, FhirError):
            return  # who ends the job learns it

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    try:
        yield
    finally:
        done.set()
        holder.join()
