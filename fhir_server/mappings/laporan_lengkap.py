"""BR-A3 on the write road, and what a village report and its review bring about (SOP Chat, 3, 4).

* A final report that misses a patient of the village with a contact in the period is refused.
* The cases it lists are reported with it; one that still waits is noted as not answered.
* When the doctor completes the review, cases that were given no advice are closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import as_mapped, criterion
from fhir_server.mappings.data_pemantauan import begun, planned, written
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import day_of, extension_of, id_of
from fhir_server.mappings.kasus_pemantauan import moved, state_of
from fhir_server.mappings.laporan_pemantauan_desa import DESA, JENIS, cases_of, patients_of
from fhir_server.mappings.rules import Rule, has_code, refuse
from fhir_server.resources.wire import dump, parse
from fhir_server.sop.laporan_pemantauan_desa import BR_A3, lengkap, tanpa_masa
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

SENT: Final = ("final", "amended")
REPORTED: Final = {"menjawab": "dilaporkan", "tidak-menjawab": "dilaporkan"} | {
    "dihubungi": "tidak-menjawab"
}


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-A3 for the code systems below a canonical base."""

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return is_report(document, canonical)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        seen = [parse(as_mapped(dump(each.document), canonical)) for each in concerns]
        refuse(_without_bounds(concerns, seen))
        plans = [
            facts(kind, [(name, criterion(value, canonical)) for name, value in pairs])
            for each in seen
            for kind, pairs in _contacts(each)
        ]

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            refuse(_verdicts(concerns, seen, found))

        guards = tuple(sorted({f"{BR_A3}|{_village(each)}" for each in seen}))
        return Check(guards, tuple(plans), decide, when="after")

    return (Rule(BR_A3, frozenset({"Composition"}), applies, check),)


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give what reports and reviews bring about, for the code systems below a canonical base."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def reports(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return is_report(document, canonical)

    def reviews(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        done = document.get("status") == "completed"
        return done and has_code(document.get("code"), kinds, "tinjau-laporan")

    return (
        Effect("laporan pemantauan", frozenset({"Composition"}), reports, follow_report),
        Effect("tinjauan laporan", frozenset({"Task"}), reviews, follow_review),
    )


def is_report(composition: Document, canonical: str) -> bool:
    """Say whether a Composition is a village report that has gone to the doctor."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-dokumen"
    sent = composition.get("status") in SENT
    return sent and has_code(composition.get("type"), kinds, JENIS)


def follow_report(reports: Sequence[Document], reader: Reader) -> Consequences:
    """Move the cases that a report lists."""
    changed = {}
    for name in {each for report in reports for each in cases_of(report)}:
        case = reader.read(f"Task/{name}")
        state = state_of(case) if case else None
        if case is not None and state in REPORTED:
            changed[f"Task/{name}"] = moved(case, REPORTED[state])
    return Consequences(changed)


def follow_review(reviews: Sequence[Document], reader: Reader) -> Consequences:
    """Close the cases of a reviewed report that were given no advice."""
    changed: dict[str, Document] = {}
    for review in reviews:
        report = reader.read(f"Composition/{id_of(review.get('focus'), 'Composition')}")
        when = review.get("executionPeriod", {}).get("end") or reader.now.isoformat()
        for name in cases_of(report) if report else ():
            case = reader.read(f"Task/{name}")
            if case is not None and state_of(case) == "dilaporkan":
                changed |= closed(case, when, reader)
    return Consequences(changed)


def closed(case: Document, when: str, reader: Reader) -> dict[str, Document]:
    """Close a case and its consultation."""
    done = moved(case, "selesai")
    done["executionPeriod"] = {**case.get("executionPeriod", {}), "end": when}
    changed = {f"Task/{case['id']}": done}
    name = f"Encounter/{id_of(case.get('encounter'), 'Encounter')}"
    visit = reader.read(name)
    if visit is not None and visit.get("status") == "in-progress":
        ended = {**visit.get("period", {}), "end": when}
        changed[name] = {**visit, "status": "finished", "period": ended}
    return changed


def _bounds(report: Document) -> tuple[date, date] | None:
    for each in report.get("event", ()):
        start, end = (day_of(each.get("period", {}).get(key)) for key in ("start", "end"))
        if start is not None and end is not None:
            return start, end
    return None


def _village(report: Document) -> str | None:
    found: str | None = (extension_of(report, DESA) or {}).get("valueCode")
    return found


def _without_bounds(
    concerns: Sequence[Concern], reports: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern, report in zip(concerns, reports, strict=True):
        missing = [] if _village(report) else ["extension"]
        missing += [] if _bounds(report) else ["event"]
        if missing:
            yield concern, missing[0], tanpa_masa(missing)


def _contacts(report: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    bounds, village = _bounds(report), _village(report)
    if bounds is None or village is None:
        return []
    asked = (village, *bounds)
    return [
        ("CommunicationRequest", planned(*asked)),
        ("Task", begun(*asked)),
        ("Communication", written(*asked)),
    ]


def _verdicts(
    concerns: Sequence[Concern],
    reports: Sequence[Document],
    found: Sequence[Sequence[Stored]],
) -> Iterator[tuple[Concern, str, Teguran]]:
    facts = iter(found)
    for concern, report in zip(concerns, reports, strict=True):
        some = [each for _ in _contacts(report) for each in next(facts)]
        people = {_subject(parse(each.raw)) for each in some} - {None}
        if reproof := lengkap([each for each in people if each], patients_of(report)):
            yield concern, "section", reproof


def _subject(resource: Document) -> str | None:
    return id_of(resource.get("subject") or resource.get("for"), "Patient")
