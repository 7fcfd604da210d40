"""E6 on the write road: who accompanies is assigned to this client and has shown qualification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.pendampingan import is_visit
from fhir_server.mappings.penugasan_mahasiswa import is_assignment, members
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.pendampingan import E6, belum_siap
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

GIVEN: Final = "active,inactive"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the codes below a canonical base."""
    base = canonical.rstrip("/")

    def applies(encounter: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return encounter.get("status") != "entered-in-error" and is_visit(encounter, base)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        ids = ",".join(sorted({str(student_of(c.document)) for c in concerns}))
        clients = {str(local(c.document.get("subject"), "Patient")) for c in concerns}
        plans = (
            facts("CareTeam", [("patient", ",".join(sorted(clients))), ("status", GIVEN)]),
            facts("PractitionerRole", [("_id", ids)]),
            facts("Practitioner", [("_has:PractitionerRole:practitioner:_id", ids)]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            teams = [each for each in documents(found[0]) if is_assignment(each, base)]
            refuse(_verdicts(concerns, teams, _qualified(*map(documents, found[1:]))))

        return Check((), plans, decide, when="after")

    return (Rule(E6, frozenset({"Encounter"}), applies, check),)


def student_of(encounter: Document) -> str | None:
    """Give the id of the PractitionerRole that accompanies."""
    for each in encounter.get("participant", ()):
        if name := local(each.get("individual"), "PractitionerRole"):
            return name.partition("/")[2]
    return None


def _qualified(roles: Sequence[Document], people: Sequence[Document]) -> set[str]:
    shown = {f"Practitioner/{each['id']}" for each in people if each.get("qualification")}
    return {e["id"] for e in roles if local(e.get("practitioner"), "Practitioner") in shown}


def _verdicts(
    concerns: Sequence[Concern], teams: Sequence[Document], qualified: set[str]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        student = student_of(concern.document)
        assigned = any(_covers(each, concern.document, student) for each in teams)
        if wrong := belum_siap(ditugaskan=assigned, berkualifikasi=student in qualified):
            yield concern, "participant", wrong


def _covers(team: Document, encounter: Document, student: str | None) -> bool:
    """Say whether an assignment is this student's, this client's, and of that day."""
    span, day = team.get("period", {}), encounter.get("period", {}).get("start", "")[:10]
    same = local(team.get("subject"), "Patient") == local(encounter.get("subject"), "Patient")
    if not same or student not in members(team, "mahasiswa"):
        return False
    return bool(span.get("start", "")[:10] <= day <= span.get("end", "9999")[:10])
