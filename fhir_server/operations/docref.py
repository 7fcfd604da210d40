"""``DocumentReference/$docref``: the documents of a patient, stored or written when opened.

Stored ones are the current DocumentReferences. Written on demand are the Compositions: for each
a DocumentReference is made for the answer, not stored, which leads to its ``$document``.

http://hl7.org/fhir/uv/ipa/OperationDefinition/docref
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.wire import dump
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.date import EARLIEST, LATEST, bounds
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document
    from fhir_server.search.date import Range
    from fhir_server.store.ops import Stored

URL: Final = "http://hl7.org/fhir/uv/ipa/OperationDefinition/docref"
FORMS: Final = (
    ("application/fhir+json", ""),
    ("text/html", "?_format=text/html"),
    ("application/pdf", "?_format=application/pdf"),
)
"""What ``$document`` can be asked for."""
_is_instant = re.compile(r"\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)").fullmatch


@dataclass(frozen=True, slots=True)
class _Found:
    """A document: its entry of the answer, what it is asked by, and when the care was."""

    entry: bytes
    of: Document
    care: Range | None
    written: int


def run(context: Context, call: Call) -> Answer:
    """Answer the documents of the range of care; without a range the most recent one."""
    found = [each for each in _documents(context, call) if _is_asked(call, each.of)]
    zone = context.parameters.place.zone
    start, end = call.one("start"), call.one("end")
    if start is None and end is None:
        chosen = sorted(found, key=_age)[:1]
    else:
        first = EARLIEST if start is None else bounds(start, zone)[0]
        after = LATEST if end is None else bounds(end, zone)[1]
        chosen = sorted((each for each in found if _meets(each.care, first, after)), key=_age)
    query = f"?{call.request.query}" if call.request.query else ""
    links = [("self", f"{call.request.base}/{call.request.path}{query}")]
    entries = [each.entry for each in chosen]
    return Answer(200, join("searchset", entries, links=links, total=len(entries)))


def _age(found: _Found) -> tuple[int, int]:
    """Order the most recent care first; of what has no date of care, the latest written."""
    return (-(found.care[1] if found.care else EARLIEST), -found.written)


def _meets(care: Range | None, first: int, after: int) -> bool:
    """Say whether care was in a range; a document that says no date of care is never lost."""
    return care is None or (care[0] < after and care[1] > first)


def _documents(context: Context, call: Call) -> Iterator[_Found]:
    base, zone = call.request.base, context.parameters.place.zone
    for stored in _of_patient(context, "Composition", call.required("patient")):
        composition = orjson.loads(stored.raw)
        if composition.get("status") != "entered-in-error":
            yield _on_demand(composition, base, zone)
    if call.one("on-demand"):
        return
    for stored in _of_patient(context, "DocumentReference", call.required("patient")):
        document = orjson.loads(stored.raw)
        if document.get("status") == "current":
            yield _stable(stored, document, base, zone)


def _of_patient(context: Context, resource_type: str, patient: str) -> Iterator[Stored]:
    query = parse(resource_type, [("patient", patient)], context.parameters, strict=True)
    compiled = compile_query(query, context.parameters, context.settings)
    plan = replace(compiled, limit=context.settings.count_limit)
    while True:
        page = context.store.search(plan)
        yield from page.resources
        if not page.more:
            return
        plan = replace(plan, after=page.last)


def _stable(stored: Stored, document: Document, base: str, zone: ZoneInfo) -> _Found:
    entry = b'{"fullUrl":%s/DocumentReference/%s","resource":%s,"search":{"mode":"match"}}' % (
        quoted(base)[:-1],
        stored.id.encode(),
        stored.raw,
    )
    period = document.get("context", {}).get("period")
    care = None if not period else _range(period, zone)
    return _Found(entry, document, care, _moment(document, zone))


def _on_demand(composition: Document, base: str, zone: ZoneInfo) -> _Found:
    address = f"{base}/Composition/{composition['id']}/$document"
    periods = [each["period"] for each in composition.get("event", ()) if each.get("period")]
    day = composition.get("date")
    made = {
        "fullUrl": uuid5(NAMESPACE_URL, address).urn,
        "resource": _reference(composition, address, periods),
        "search": {"mode": "match"},
    }
    shown = periods or ([{"start": day, "end": day}] if day else [])
    care = _range(shown[0], zone) if shown else None
    return _Found(dump(made), composition, care, _moment(composition, zone))


def _reference(
    composition: Document, address: str, periods: list[dict[str, Any]]
) -> dict[str, Any]:
    """Write the DocumentReference of a Composition's document; it is not stored."""
    kept = ("type", "category", "subject", "author", "custodian")
    about: dict[str, Any] = {"period": periods[0]} if periods else {}
    if "encounter" in composition:
        about["encounter"] = [composition["encounter"]]
    made = {
        "resourceType": "DocumentReference",
        "status": "current",
        **({"docStatus": composition["status"]} if "status" in composition else {}),
        **{name: composition[name] for name in kept if name in composition},
        **({"date": composition["date"]} if _is_instant(composition.get("date", "")) else {}),
        **({"description": composition["title"]} if "title" in composition else {}),
        "content": [
            {"attachment": {"contentType": form, "url": f"{address}{more}"}} for form, more in FORMS
        ],
    }
    return {**made, **({"context": about} if about else {})}


def _range(period: dict[str, Any], zone: ZoneInfo) -> Range:
    start, end = period.get("start"), period.get("end")
    return (
        EARLIEST if start is None else bounds(start, zone)[0],
        LATEST if end is None else bounds(end, zone)[1],
    )


def _moment(document: Document, zone: ZoneInfo) -> int:
    written = document.get("date")
    return EARLIEST if written is None else bounds(written, zone)[0]


def _is_asked(call: Call, document: Document) -> bool:
    """Say whether a document is of the type and of a profile that are asked for."""
    wanted = set(call.all("profile"))
    if wanted and not wanted.intersection(document.get("meta", {}).get("profile", ())):
        return False
    kind = call.one("type")
    return kind is None or _is_of(kind, document.get("type", {}))


def _is_of(asked: dict[str, Any], kind: dict[str, Any]) -> bool:
    codings = [each for each in asked.get("coding", ()) if "code" in each]
    if not codings:
        return "text" in asked and asked["text"].casefold() == kind.get("text", "").casefold()
    return any(
        each["code"] == own.get("code")
        and each.get("system", own.get("system")) == own.get("system")
        for each in codings
        for own in kind.get("coding", ())
    )


OPERATION = Operation(
    name="docref",
    types=("DocumentReference",),
    levels=frozenset({"type"}),
    says="The documents of a patient: those stored, and Compositions as $document writes them.",
    url=URL,
    parameters=(
        Parameter("patient", "id", minimum=1, says="Whose; an unknown one has no documents."),
        Parameter("start", "dateTime", says="Care given at or after this."),
        Parameter("end", "dateTime", says="Care given at or before this; the newest without both."),
        Parameter("type", "CodeableConcept", says="Only documents of this type (by POST)."),
        Parameter("on-demand", "boolean", says="Only those that are written when opened."),
        Parameter("profile", "canonical", maximum="*", says="Only those that claim this profile."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A searchset."),
    ),
    run=run,
)
