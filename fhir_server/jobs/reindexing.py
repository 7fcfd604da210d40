"""The worker's half of $reindex: the search index of everything that is stored, written anew.

It begins when every process indexes by the parameters that are to be complete, and ends with a
second look at what was written since.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump
from fhir_server.search.custom import bases, mark
from fhir_server.store.customs import SETTLED_SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.jobs import Job

SLICE = 500
FIRST, SECOND = "first", "second"


def run(context: Context, job: Job) -> dict[str, Any]:
    """Do a reindexing to its end, from where it was left."""
    at = job.at or _begun(context, job)
    written = at["types"]
    while at["pass"] in {FIRST, SECOND}:
        while at["number"] < len(written):
            _slice(context, job, at)
        again = at["pass"] == FIRST
        at = {**at, "pass": SECOND if again else "", "number": 0, "after": ""}
        context.store.jobs.keep(job, at=at)
    context.store.customs.complete(dict(at["marks"]))
    context.store.customs.refresh(context.parameters)
    return {"resources": at["done"], "parameters": sorted(url for url, _ in at["marks"])}


def _begun(context: Context, job: Job) -> dict[str, Any]:
    """Wait until every process knows the parameters, then say what is to be done."""
    store = context.store
    started = job.created + timedelta(seconds=SETTLED_SECONDS)
    while (left := (started - context.clock()).total_seconds()) > 0:
        store.jobs.keep(job, progress="waiting for all processes to know the parameters")
        time.sleep(min(left, 1.0))
    store.customs.refresh(context.parameters)
    asked = set(job.request["types"] or context.parameters.types)
    own = store.customs.active(context.parameters)
    return {
        "pass": FIRST,
        "types": sorted(asked & set(store.types())),
        "marks": [[e["url"], mark(e)] for e in own if bases(e, context.parameters) <= asked],
        "number": 0,
        "after": "",
        "done": 0,
        "since": store.settled(),
    }


def _slice(context: Context, job: Job, at: dict[str, Any]) -> None:
    """Index one slice, and keep where it ended."""
    resource_type = at["types"][at["number"]]
    since: datetime | None = at["since"] if at["pass"] == SECOND else None
    count, last = context.store.reindex(
        context.parameters, resource_type, at["after"], SLICE, since=since
    )
    at["done"] += count if at["pass"] == FIRST else 0
    at["after"] = last or ""
    at["number"] += last is None
    context.store.jobs.keep(job, progress=f"{at['done']} resources, at {resource_type}", at=at)


def answer(_context: Context, _request: Request, job: Job) -> Answer:
    """Say what a finished reindexing did."""
    result = job.result
    given = [{"name": "resources", "valueInteger": result["resources"]}]
    given += [{"name": "parameter", "valueUri": each} for each in result["parameters"]]
    return Answer(200, dump({"resourceType": "Parameters", "parameter": given}))
