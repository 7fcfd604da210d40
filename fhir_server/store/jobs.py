"""Long work, kept in the database: who asked for what, how far it is, what came out.

A worker claims a job for some seconds and keeps it by saying how far it is. When the worker dies
the claim runs out, and the next worker goes on from the last point that was kept. Output is written
in numbered parts; to write a part again replaces it, so a piece of work may be repeated.

    _jobs        {_id, kind, state, owner, base, request, created, expires, lease, holder, …}
    _jobs.parts  {_id: {job, name, n}, data}
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from bson.binary import Binary
from pymongo import ASCENDING, ReturnDocument

from fhir_server.store.failures import translated
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pymongo.database import Database

Document = dict[str, Any]
State = Literal["waiting", "running", "done", "failed"]

JOBS, PARTS = "_jobs", "_jobs.parts"
LEASE_SECONDS = 60.0
BODY = "body"
PART_BYTES = 8 * 1024 * 1024


class Lost(Exception):
    """The job was cancelled, has expired, or another worker has it now: stop working on it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work.

    ``request`` is what was asked and ``at`` the point to go on from; both are the kind's own.
    ``result`` is what came out of a job that is ``done``, ``issues`` what ended one that
    ``failed``. ``base`` is the FHIR base that the client used.
    """

    id: str
    kind: str
    state: State
    owner: str
    base: str
    request: Document
    created: datetime
    expires: datetime
    progress: str = ""
    at: Document | None = None
    result: Document = field(default_factory=dict)
    issues: tuple[Document, ...] = ()
    ended: datetime | None = None
    holder: str = ""


class Jobs:
    """The jobs of one database; ``hours`` is how long one is kept after its last change."""

    def __init__(self, database: Database[Document], hours: int) -> None:
        self._jobs = database[JOBS]
        self._parts = database[PARTS]
        self._lifetime = timedelta(hours=hours)

    def open(self, kind: str, request: Document, owner: str, base: str, body: bytes = b"") -> Job:
        """Put a job on the list; a ``body`` of any size is its output part ``BODY``."""
        moment = now()
        document = {
            "_id": str(uuid.uuid4()),
            "kind": kind,
            "state": "waiting",
            "owner": owner,
            "base": base,
            "request": request,
            "created": moment,
            "expires": moment + self._lifetime,
            "lease": moment,
        }
        job = _job(document)
        with translated():
            self._jobs.insert_one(document | {"lease": job.expires})
        for number, start in enumerate(range(0, len(body), PART_BYTES)):
            self.append(job, BODY, number, body[start : start + PART_BYTES])
        with translated():
            self._jobs.update_one({"_id": job.id}, {"$set": {"lease": moment}})
        return job

    def find(self, job_id: str) -> Job | None:
        """Give a job, or None if there is none or it has expired."""
        with translated():
            found = self._jobs.find_one({"_id": job_id, "expires": {"$gt": now()}})
        return _job(found) if found else None

    def unfinished(self, kind: str) -> int:
        """Count the jobs of a kind that wait or are being done."""
        wanted = {"kind": kind, "state": {"$in": ["waiting", "running"]}, "expires": {"$gt": now()}}
        with translated():
            return self._jobs.count_documents(wanted)

    def claim(self, kinds: Sequence[str], seconds: float = LEASE_SECONDS) -> Job | None:
        """Take the oldest job of these kinds that nobody is working on, or give None."""
        moment = now()
        due = {
            "state": {"$in": ["waiting", "running"]},
            "kind": {"$in": list(kinds)},
            "lease": {"$lte": moment},
            "expires": {"$gt": moment},
        }
        taken = {
            "state": "running",
            "holder": str(uuid.uuid4()),
            "lease": moment + timedelta(seconds=seconds),
        }
        with translated():
            found = self._jobs.find_one_and_update(
                due,
                {"$set": taken},
                sort=[("created", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return _job(found) if found else None

    def keep(
        self,
        job: Job,
        *,
        progress: str | None = None,
        at: Document | None = None,
        seconds: float = LEASE_SECONDS,
    ) -> None:
        """Hold a claimed job for some seconds more, and note how far it is; may raise Lost."""
        moment = now()
        given = {"progress": progress, "at": at}
        noted = {name: value for name, value in given.items() if value is not None}
        lease = {"lease": moment + timedelta(seconds=seconds), "expires": moment + self._lifetime}
        self._change(job, noted | lease)

    def release(self, job: Job) -> None:
        """Give a claimed job back, for another to go on with at once."""
        mine = {"_id": job.id, "holder": job.holder, "state": "running"}
        with translated():
            self._jobs.update_one(mine, {"$set": {"lease": now()}})

    def append(self, job: Job, name: str, number: int, data: bytes) -> None:
        """Write one part of the output called ``name``; the same part again replaces it."""
        key = {"job": job.id, "name": name, "n": number}
        with translated():
            self._parts.replace_one({"_id": key}, {"data": Binary(data)}, upsert=True)

    def parts(self, job_id: str, name: str) -> Iterator[bytes]:
        """Give an output part by part, in the order of their numbers."""
        lowest: Document = {"job": job_id, "name": name, "n": -1}
        highest = {"job": job_id, "name": name, "n": 2**62}
        with translated():
            for part in self._parts.find({"_id": {"$gt": lowest, "$lt": highest}}).sort("_id", 1):
                yield bytes(part["data"])

    def finish(self, job: Job, result: Document) -> None:
        """End a job well; may raise Lost."""
        self._change(job, {"state": "done", "result": result} | self._end())

    def fail(self, job: Job, issues: Sequence[Document]) -> None:
        """End a job with what was wrong; may raise Lost."""
        self._change(job, {"state": "failed", "issues": list(issues)} | self._end())

    def cancel(self, job_id: str) -> bool:
        """Remove a job and its output; whoever works on it learns it at the next ``keep``."""
        with translated():
            removed = self._jobs.delete_one({"_id": job_id}).deleted_count
            self._remove_parts(job_id)
        return bool(removed)

    def sweep(self) -> int:
        """Remove what has expired, and output whose job is gone; give the number of jobs."""
        with translated():
            with_parts = set(self._parts.distinct("_id.job"))
            old = [row["_id"] for row in self._jobs.find({"expires": {"$lte": now()}}, {"_id": 1})]
            self._jobs.delete_many({"_id": {"$in": old}})
            for job_id in with_parts - set(self._jobs.distinct("_id")):
                self._remove_parts(job_id)
        return len(old)

    def _end(self) -> Document:
        moment = now()
        return {"ended": moment, "expires": moment + self._lifetime}

    def _change(self, job: Job, new: Document) -> None:
        mine = {"_id": job.id, "holder": job.holder, "state": "running"}
        with translated():
            if not self._jobs.update_one(mine, {"$set": new}).matched_count:
                raise Lost

    def _remove_parts(self, job_id: str) -> None:
        self._parts.delete_many(
            {"_id": {"$gte": {"job": job_id}, "$lt": {"job": job_id, "name": {}}}}
        )


def _job(document: Document) -> Job:
    given = {name: value for name, value in document.items() if name not in {"_id", "lease"}}
    given["issues"] = tuple(given.get("issues", ()))
    return Job(id=document["_id"], **given)
