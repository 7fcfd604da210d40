"""What an export or import answers when it is done: the list of its files, and the files.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import NotFound
from fhir_server.interactions.request import Answer
from fhir_server.jobs import files
from fhir_server.resources.wire import dump, instant
from fhir_server.store import traces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.jobs import Job

SUFFIX = ".ndjson"


def answer(_context: Context, request: Request, job: Job) -> Answer:
    """Answer with the manifest."""
    result = job.result
    manifest = {
        "transactionTime": instant(result["moment"]),
        "request": job.request["url"],
        "requiresAccessToken": False,
        "output": _listed(request, job, result["files"]),
        "deleted": _listed(request, job, result["deleted"]),
        "error": _listed(request, job, result.get("errors", ())),
    }
    return Answer(200, dump(manifest), {"Content-Type": "application/json"})


def _listed(request: Request, job: Job, listed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    base = f"{request.base}/_jobs/{job.id}"
    return [
        {
            "type": each["type"],
            "url": f"{base}/{each['name']}{SUFFIX}",
            "count": each["count"],
            **_input(job, each),
        }
        for each in listed
    ]


def _input(job: Job, file: dict[str, Any]) -> dict[str, str]:
    """Say which input a file reports on."""
    if file["input"] is None:
        return {}
    given = job.request["inputs"][file["input"]]
    return {"inputUrl": given.get("url") or given.get("name") or f"input {file['input'] + 1}"}


def file(context: Context, request: Request, job: Job, name: str) -> Answer:
    """Answer with one file of the manifest."""
    result = job.result
    for each in (*result.get("files", ()), *result.get("deleted", ()), *result.get("errors", ())):
        if each["name"] + SUFFIX == name:
            wanted, jobs = files.File(**each), context.store.jobs
            traces.touched(*sorted(files.patients(jobs, job, wanted)))
            encodings = request.headers.get("accept-encoding") or ""
            return files.answer(jobs, job, wanted, encodings)
    raise NotFound(f"The job has no file {name}; its manifest names those it has.")
