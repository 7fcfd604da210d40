"""The worker's half of $export: every type, slice by slice, as it was at one moment.

After each slice the job keeps where it is. A part that was written and not kept is written again,
under the same number; so a worker that was killed costs one slice, and no resource comes twice.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.jobs import files
from fhir_server.jobs.files import File
from fhir_server.jobs.selection import Selection, selections
from fhir_server.resources.subsets import narrow
from fhir_server.resources.wire import dump
from fhir_server.store.trail.patients import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.store.jobs import Job
    from fhir_server.store.ops import Stored

FIRST_SLICE = 500
SLICE_BYTES = 6 * 1024 * 1024
LARGEST_SLICE = 10_000
FILE_RESOURCES = 250_000
LEASE_SECONDS = 20.0
DELETIONS_IN_A_BUNDLE = 500


@dataclass(slots=True)
class Point:
    """How far an export is: which type, after which id, and the files so far."""

    moment: datetime
    types: list[str]
    files: list[File]
    deleted: list[File]
    number: int = 0
    after: str | None = None

    @classmethod
    def of(cls, at: dict[str, Any]) -> Point:
        """Read what was kept."""
        written = {name: [File(**each) for each in at[name]] for name in ("files", "deleted")}
        return cls(**{**at, **written})

    def kept(self) -> dict[str, Any]:
        """Write it down, to go on from there."""
        return {
            "moment": self.moment,
            "types": self.types,
            "files": [each.kept() for each in self.files],
            "deleted": [each.kept() for each in self.deleted],
            "number": self.number,
            "after": self.after,
        }

    def result(self) -> dict[str, Any]:
        """Give what the manifest needs."""
        return {name: value for name, value in self.kept().items() if name in RESULT}


RESULT = ("moment", "files", "deleted")


def run(context: Context, job: Job) -> dict[str, Any]:
    """Write the files of an export and give what its manifest says."""
    point = Point.of(job.at) if job.at else _begun(context, job)
    chosen = {each.resource_type: each for each in selections(context, job.request, point.moment)}
    while point.number < len(point.types):
        selection = chosen[point.types[point.number]]
        _resources(context, job, point, selection)
        if selection.since is not None:
            _deletions(context, job, point, selection)
        point.number, point.after = point.number + 1, None
        _keep(context, job, point)
    return point.result()


def _begun(context: Context, job: Job) -> Point:
    moment = context.store.settled(job.created)
    types = [each.resource_type for each in selections(context, job.request, moment)]
    point = Point(moment, types, [], [])
    _keep(context, job, point)
    return point


def _keep(context: Context, job: Job, point: Point) -> None:
    lines = sum(each.count for each in point.files)
    progress = f"{lines} resources written; type {point.number + 1} of {len(point.types)}"
    context.store.jobs.keep(job, progress=progress, at=point.kept(), seconds=LEASE_SECONDS)


def _resources(context: Context, job: Job, point: Point, selection: Selection) -> None:
    """Write all of a type; the database reads the next slice while one is being written."""
    wanted, limit = selection.wanted, FIRST_SLICE
    with ThreadPoolExecutor(1) as ahead:
        found = context.store.slice_of(wanted, point.after, limit)
        while found.last is not None:
            following = ahead.submit(context.store.slice_of, wanted, found.last, limit)
            size = _write(context, job, point, selection, found.resources)
            limit, point.after = _next_limit(len(found.resources), size), found.last
            _keep(context, job, point)
            found = following.result()
        _write(context, job, point, selection, found.resources)


def _next_limit(count: int, size: int) -> int:
    """Choose how many resources of such size make a slice."""
    return max(1, min(LARGEST_SLICE, SLICE_BYTES * count // max(1, size)))


def _write(
    context: Context, job: Job, point: Point, selection: Selection, found: Sequence[Stored]
) -> int:
    size, patients = 0, {each for stored in found for each in _of_whom(stored)}
    for lines in _chunks(_texts(context, selection, found)):
        text = b"\n".join(lines) + b"\n"
        file, whom = _file(point, selection), patients
        for piece in _pieces(text):
            files.write(context.store.jobs, job, file, piece, 0, whom)
            whom = set()
        file.count += len(lines)
        size += len(text)
    return size


def _of_whom(stored: Stored) -> Iterable[str]:
    """Give the patients a resource is about, also where the elements asked for leave them out."""
    return (stored.id,) if stored.resource_type == "Patient" else named(stored.raw)


def _texts(context: Context, selection: Selection, found: Iterable[Stored]) -> Iterator[bytes]:
    if not selection.elements:
        return (context.store.whole(each).raw for each in found)
    definitions, elements = context.definitions, selection.elements
    return (narrow(each.raw, definitions, elements, None) for each in found)


def _chunks(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut where a part would become too large for the database."""
    chunk: list[bytes] = []
    size = 0
    for text in texts:
        if chunk and size + len(text) > SLICE_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text)
    if chunk:
        yield chunk


def _pieces(text: bytes) -> Iterator[bytes]:
    """Cut what the database does not keep in one: a line may be a whole picture."""
    for start in range(0, len(text), SLICE_BYTES):
        yield text[start : start + SLICE_BYTES]


def _file(point: Point, selection: Selection) -> File:
    kind = selection.resource_type
    last = point.files[-1] if point.files else None
    if last is None or last.type != kind:
        point.files.append(File(kind, kind))
    elif last.count >= FILE_RESOURCES:
        number = sum(each.type == kind for each in point.files) + 1
        point.files.append(File(f"{kind}-{number}", kind))
    return point.files[-1]


def _deletions(context: Context, job: Job, point: Point, selection: Selection) -> None:
    kind = selection.resource_type
    file = File(f"deleted-{kind}", "Bundle")
    for ids in _some(context, selection):
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"request": {"method": "DELETE", "url": f"{kind}/{id}"}} for id in ids],
        }
        gone = ids if kind == "Patient" else ()
        files.write(context.store.jobs, job, file, dump(bundle) + b"\n", 1, gone)
        context.store.jobs.keep(job, seconds=LEASE_SECONDS)
    if file.count:
        point.deleted.append(file)


def _some(context: Context, selection: Selection) -> Iterator[list[str]]:
    ids: list[str] = []
    for gone, content in context.store.deletions(selection.wanted):
        if selection.accepts(content):
            ids.append(gone.id)
        if len(ids) == DELETIONS_IN_A_BUNDLE:
            yield ids
            ids = []
    if ids:
        yield ids
