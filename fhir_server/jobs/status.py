"""``[base]/_jobs/{id}``: how far long work is, what came out, and its cancellation.

https://hl7.org/fhir/R4/async.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Issue, MethodNotAllowed, NotFound
from fhir_server.interactions.answers import http_date
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.jobs.kinds import KINDS
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.jobs import Job

PREFIX = "_jobs/"
RETRY_AFTER_SECONDS = "1"
PROGRESS_LENGTH = 100


def location(request: Request, job: Job) -> str:
    """Give the address of a job."""
    return f"{request.base}/{PREFIX}{job.id}"


def accepted(request: Request, job: Job) -> Answer:
    """Answer that the work is on the list, and where to ask for it."""
    return Answer(202, headers={"Content-Location": location(request, job)})


def answer(context: Context, request: Request) -> Answer:
    """Answer a request to a job or to one file of its output."""
    job_id, _, name = request.path.removeprefix(PREFIX).partition("/")
    job = context.store.jobs.find(job_id)
    if job is None or job.owner != context.principal.subject:
        raise NotFound("There is no such job: it never was, was cancelled, or has expired.")
    allowed = ("GET",) if name else ("GET", "DELETE")
    if request.method not in allowed:
        says = f"{request.method} is not a method of {request.path}."
        raise MethodNotAllowed(f"{says} Allowed are: {', '.join(allowed)}.", allowed)
    if name:
        return _file(context, request, job, name)
    if request.method == "DELETE":
        context.store.jobs.cancel(job_id)
        return Answer(202)
    return _state(context, request, job)


def _file(context: Context, request: Request, job: Job, name: str) -> Answer:
    kind = KINDS[job.kind]
    if kind.file is None or job.state != "done":
        raise NotFound(f"The job has no file {name}.")
    return kind.file(context, request, job, name)


def _state(context: Context, request: Request, job: Job) -> Answer:
    if job.state == "failed":
        return _failed(job)
    if job.state != "done":
        progress = (job.progress or job.state)[:PROGRESS_LENGTH]
        return Answer(202, headers={"X-Progress": progress, "Retry-After": RETRY_AFTER_SECONDS})
    given = KINDS[job.kind].answer(context, request, job)
    headers = {"Expires": http_date(job.expires), **given.headers}
    return Answer(given.status, given.body, headers, given.parts)


def _failed(job: Job) -> Answer:
    named = ("code", "diagnostics", "expression", "severity", "indonesian", "rule")
    issues = [Issue(**{name: each[name] for name in named if name in each}) for each in job.issues]
    status = int(job.issues[0].get("status", 500)) if job.issues else 500
    return Answer(status, dump(outcome(issues)))
