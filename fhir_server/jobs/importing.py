"""The worker's half of $import: line by line through the road of every write, with a report.

Lines are stored by the hundred; where one is refused, the rest of its hundred goes one by one. A
resource without id gets one that its place in the input decides, so lines that are done again after
a crash meet what they wrote and make no second version.

https://hl7.org/fhir/uv/bulkdata/
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest, FhirError, Issue, Unavailable
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.write import checked, commit, put
from fhir_server.jobs import files, sources
from fhir_server.jobs.files import File
from fhir_server.resources.wire import dump
from fhir_server.store.versions import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.store.jobs import Job
    from fhir_server.store.ops import Put, Written

AT_ONCE = 100
LEASE_SECONDS = 20.0
IDS = uuid.UUID("6f5c1a52-6a0e-4a0f-9d55-0a5f4a1c2f6e")


@dataclass(slots=True)
class Point:
    """How far an import is: which input, after which of its lines, and the report so far."""

    files: list[File]
    errors: list[File]
    number: int = 0
    line: int = 0

    @classmethod
    def of(cls, at: dict[str, Any]) -> Point:
        """Read what was kept."""
        written = {name: [File(**each) for each in at[name]] for name in ("files", "errors")}
        return cls(**{**at, **written})

    def kept(self) -> dict[str, Any]:
        """Write it down, to go on from there."""
        return {
            "files": [each.kept() for each in self.files],
            "errors": [each.kept() for each in self.errors],
            "number": self.number,
            "line": self.line,
        }


@dataclass(slots=True)
class Line:
    """One line of an input, and what became of it: either a write or issues."""

    number: int
    text: bytes
    put: Put | None = None
    issues: tuple[Issue, ...] = ()
    says: str = ""


def run(context: Context, job: Job) -> dict[str, Any]:
    """Store the lines of all inputs and give what the report says."""
    point = Point.of(job.at) if job.at else Point([], [])
    inputs = job.request["inputs"]
    while point.number < len(inputs):
        try:
            _input(context, job, point, inputs[point.number])
        except sources.Unreachable as error:
            _report(context, job, point, [Line(point.line, b"", issues=error.issues)])
        point.number, point.line = point.number + 1, 0
        _keep(context, job, point)
    kept = point.kept()
    return {"moment": now(), "files": kept["files"], "deleted": [], "errors": kept["errors"]}


def _keep(context: Context, job: Job, point: Point) -> None:
    stored = sum(each.count for each in point.files)
    refused = sum(each.count for each in point.errors)
    progress = f"{stored} lines stored, {refused} refused; input {point.number + 1}"
    context.store.jobs.keep(job, progress=progress, at=point.kept(), seconds=LEASE_SECONDS)


def _input(context: Context, job: Job, point: Point, given: dict[str, Any]) -> None:
    for lines in _groups(sources.lines(context, job, given), point.line):
        for line in lines:
            _prepare(context, job, point.number, given, line)
        _store(context, [line for line in lines if line.put is not None])
        _report(context, job, point, lines)
        point.line = lines[-1].number
        _keep(context, job, point)


def _groups(texts: Iterator[bytes], done: int) -> Iterator[list[Line]]:
    group: list[Line] = []
    for number, text in enumerate(texts, start=1):
        if number > done and text.strip():
            group.append(Line(number, text))
        if len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _prepare(context: Context, job: Job, number: int, given: dict[str, Any], line: Line) -> None:
    try:
        document = checked(context, line.text)
        kind, wanted = document["resourceType"], given.get("type")
        if wanted and kind != wanted:
            raise BadRequest(f"The input is of {wanted}, but the line is a {kind}.")
        identity = document.get("id") or str(uuid.uuid5(IDS, f"{job.id} {number} {line.number}"))
        line.put = put(context, document, line.text, identity, method="PUT")
    except FhirError as error:
        line.issues = error.issues


def _store(context: Context, lines: list[Line]) -> None:
    """Store lines together if they can be, else one by one in their order."""
    if not _store_together(context, lines):
        for line in lines:
            _store_one(context, line)


def _store_together(context: Context, lines: list[Line]) -> bool:
    puts = [line.put for line in lines if line.put is not None]
    if len({(each.resource_type, each.id) for each in puts}) < len(puts):
        return False
    try:
        done = commit(context, puts)
    except Unavailable:
        raise
    except FhirError:
        return False
    for line, written in zip(lines, done, strict=True):
        line.says = _says(written)
    return True


def _store_one(context: Context, line: Line) -> None:
    try:
        (written,) = commit(context, [line.put] if line.put else [])
        line.says = _says(written)
    except Unavailable:
        raise
    except FhirError as error:
        line.issues = error.issues


def _says(written: Written) -> str:
    stored = written.stored
    return f"{stored.resource_type}/{stored.id} is stored as version {stored.version}."


def _report(context: Context, job: Job, point: Point, lines: list[Line]) -> None:
    """Write an OperationOutcome for each line: to the output, or to the errors."""
    good = [_said(line) for line in lines if not line.issues]
    bad = [_refused(line) for line in lines if line.issues]
    for name, listed, texts in (("output", point.files, good), ("error", point.errors, bad)):
        if texts:
            file = _file(listed, f"{name}-{point.number + 1}", point.number)
            files.write(context.store.jobs, job, file, b"".join(texts), len(texts))


def _file(listed: list[File], name: str, number: int) -> File:
    if not listed or listed[-1].name != name:
        listed.append(File(name, "OperationOutcome", input=number))
    return listed[-1]


def _said(line: Line) -> bytes:
    issue = Issue("informational", f"Line {line.number}: {line.says}", severity="information")
    return dump(outcome([issue])) + b"\n"


def _refused(line: Line) -> bytes:
    said = outcome(list(line.issues))
    for each in said["issue"]:
        each["diagnostics"] = f"Line {line.number}: {each['diagnostics']}"
    return orjson.dumps(said) + b"\n"
