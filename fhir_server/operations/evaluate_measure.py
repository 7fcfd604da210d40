"""``Measure/[id]/$evaluate-measure``: counts what a Measure measures, over a period.

Which Measures can be evaluated is what ``measures/`` has functions for; the report is answered,
not stored. ``subject`` may also be a place or a Group, and ``reporter`` names the puskesmas whose
area is counted.

https://hl7.org/fhir/R4/measure-operation-evaluate-measure.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from fhir_server.errors import BadRequest, Gone, NotFound, NotSupported
from fhir_server.interactions.matches import matches
from fhir_server.interactions.request import Answer
from fhir_server.operations.linked import local
from fhir_server.operations.measures import Asked, load_measures
from fhir_server.operations.measures.report import report
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.search.date import bounds
from fhir_server.sop.dokumen import tulis

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.operations.measures import Kind
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Stored

KINDS: dict[str, Kind] = {
    "subject": "individual",
    "individual": "individual",
    "subject-list": "subject-list",
    "population": "summary",
    "summary": "summary",
}
"""The operation's names of the reports, and those of MeasureReport.type."""

SUBJECTS = ("Patient", "Location", "Group", "Practitioner", "PractitionerRole")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IS_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch


def run(context: Context, call: Call) -> Answer:
    """Answer a MeasureReport."""
    if call.one("practitioner") is not None:
        raise NotSupported("practitioner: patients here have no practitioner of their own.")
    asked = read(context, call)
    found = load_measures()[asked.name](context, asked)
    return Answer(200, tulis(report(asked, found, context.clock())))


def read(context: Context, call: Call) -> Asked:
    """Read what is asked; the Measure must be one that can be evaluated here."""
    base = call.request.base
    measure = _measure(context, call)
    subject = _reference(call.one("subject"), SUBJECTS, base, "subject")
    start = _instant(context, call, "periodStart")[0]
    end = _instant(context, call, "periodEnd")[1]
    if end <= start:
        raise BadRequest("periodEnd lies before periodStart.")
    return Asked(
        measure,
        name_of(context, measure),
        start,
        end,
        _kind(call.one("reportType"), subject),
        subject,
        _reference(call.one("reporter"), ("Organization",), base, "reporter"),
    )


def name_of(context: Context, measure: Document) -> str:
    """Give the name by which ``measures/`` knows a Measure."""
    base, _, name = str(measure.get("url", "")).rpartition("/")
    if base == f"{context.settings.canonical.rstrip('/')}/Measure" and name in load_measures():
        return name
    known = ", ".join(sorted(load_measures()))
    raise NotSupported(f"{measure.get('url')} cannot be evaluated here; these can: {known}.")


def _measure(context: Context, call: Call) -> Document:
    given = call.one("measure")
    if call.resource_id is not None:
        if given is not None:
            raise BadRequest("measure is given already by the URL; leave the parameter out.")
        return _kept(context, call.resource_id)
    text = str(call.required("measure"))
    key = local(text, call.request.base)
    if key is not None and key[0] == "Measure":
        return _kept(context, key[1])
    return _kept(context, text) if _IS_ID(text) else _by_url(context, text)


def _kept(context: Context, resource_id: str) -> Document:
    stored = context.store.read("Measure", resource_id)
    if stored is None:
        raise NotFound(f"There is no Measure/{resource_id}.")
    if stored.text is None:
        raise Gone(f"Measure/{resource_id} was deleted; version {stored.version} is the deletion.")
    return _read(stored)


def _by_url(context: Context, text: str) -> Document:
    url, _, version = text.partition("|")
    pairs = [("url", url), *([("version", version)] if version else [])]
    found = matches(context, "Measure", pairs)
    if not found:
        raise NotFound(f"There is no Measure with the url {text}.")
    return max((_read(each) for each in found), key=lambda each: str(each.get("version", "")))


def _read(stored: Stored) -> Document:
    document: Document = orjson.loads(stored.raw)
    return document


def _kind(given: str | None, subject: str | None) -> Kind:
    is_one = subject is not None and subject.startswith("Patient/")
    if given is None:
        return "individual" if is_one else "summary"
    if given not in KINDS:
        raise BadRequest(f"reportType={given!r} is none of: {', '.join(KINDS)}.")
    if KINDS[given] == "individual" and not is_one:
        raise BadRequest("A report of one subject needs subject=Patient/[id].")
    return KINDS[given]


def _reference(text: str | None, types: tuple[str, ...], base: str, name: str) -> str | None:
    if text is None:
        return None
    key = local(text, base)
    if key is None or key[0] not in types:
        kinds = " or ".join(f"{each}/[id]" for each in types)
        raise BadRequest(f"{name}={text!r} is none of this server's; right would be {kinds}.")
    return "/".join(key)


def _instant(context: Context, call: Call, name: str) -> tuple[datetime, datetime]:
    zone = ZoneInfo(context.settings.timezone)
    low, high = bounds(str(call.required(name)), zone)
    return tuple(  # type: ignore[return-value]
        (_EPOCH + timedelta(milliseconds=each)).astimezone(zone) for each in (low, high)
    )


OPERATION = Operation(
    name="evaluate-measure",
    types=("Measure",),
    levels=frozenset({"type", "instance"}),
    says="Counts what a Measure measures over a period, and answers a MeasureReport.",
    parameters=(
        Parameter("periodStart", "date", minimum=1, says="Its first day; 2024 is 1 January."),
        Parameter("periodEnd", "date", minimum=1, says="Its last day; 2024-06 is 30 June."),
        Parameter("measure", "string", says="Canonical url or id, where the URL names none."),
        Parameter(
            "reportType",
            "code",
            says="summary (population), subject-list, or individual (subject).",
        ),
        Parameter(
            "subject", "string", says="Location/[id] of an area, Patient/[id] or Group/[id]."
        ),
        Parameter("practitioner", "string", says="Not supported: answered 400."),
        Parameter("lastReceivedOn", "dateTime", says="Taken and not needed: reports are whole."),
        Parameter("reporter", "string", says="Organization/[id]: the puskesmas that reports."),
        Parameter("return", "MeasureReport", use="out", minimum=1, says="What was counted."),
    ),
    run=run,
)
