"""BR-D7 on the write road: in LAKON an advice, and what it prescribes, waits for its approval.

The facts are read after the write, so one transaction may decide and send.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.resources.wire import parse
from fhir_server.sop.advis import BR_D7, kirim_setelah_disetujui
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

SENT = ("in-progress", "completed")
NONE = "-"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-D7 for the code systems below a canonical base."""
    systems = f"{canonical}/CodeSystem/"
    advices, drugs = _Advices(systems), _Drugs(systems)
    return (
        Rule(BR_D7, frozenset({"Communication"}), advices.go_out, advices.check),
        Rule(f"{BR_D7} resep", frozenset({"MedicationRequest"}), drugs.open, drugs.check),
    )


@dataclass(frozen=True, slots=True)
class _Advices:
    """Advice of LAKON that goes out."""

    systems: str

    def go_out(self, document: Document, new: bool) -> bool:  # noqa: ARG002, FBT001 - as Rule has it
        system = f"{self.systems}kategori-komunikasi"
        categories = document.get("category", ())
        advice = any(has_code(each, system, "advis-dokter") for each in categories)
        return advice and document.get("status") in SENT

    def check(self, concerns: Sequence[Concern], facts: Facts) -> Check:
        encounters = {local(each.document.get("encounter"), "Encounter") for each in concerns}
        names = [f"Communication/{each.document['id']}" for each in concerns]
        plans = (
            facts("Encounter", [("_id", _ids(encounters)), ("type", _lakon(self.systems))]),
            facts("Task", [("focus", ",".join(names)), *_approved(self.systems)]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            lakon = {f"Encounter/{each.id}" for each in found[0]}
            approved = {_focus(each) for each in found[1]}
            refuse(advice_verdicts(concerns, lakon, approved))

        return Check(tuple(f"{BR_D7}|{each}" for each in names), plans, decide, when="after")


@dataclass(frozen=True, slots=True)
class _Drugs:
    """Prescriptions of LAKON that become active."""

    systems: str

    def open(self, document: Document, new: bool) -> bool:  # noqa: ARG002, FBT001 - as Rule has it
        return document.get("status") in {"active", "completed"} and bool(_cases(document))

    def check(self, concerns: Sequence[Concern], facts: Facts) -> Check:
        cases = sorted({case for each in concerns for case in _cases(each.document)})
        joined = ",".join(cases)
        category = f"{self.systems}kategori-komunikasi|advis-dokter"
        plans = (
            facts("Task", [("_id", _ids(cases)), ("code", _lakon(self.systems))]),
            facts("Task", [("part-of", joined), *_approved(self.systems)]),
            facts("Communication", [("based-on", joined), ("category", category)]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            lakon = {f"Task/{each.id}" for each in found[0]}
            refuse(drug_verdicts(concerns, lakon, _prescribed(found[1], found[2])))

        return Check(tuple(f"{BR_D7}|{each}" for each in cases), plans, decide, when="after")


def advice_verdicts(
    concerns: Sequence[Concern], lakon: set[str], approved: set[str | None]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every advice that goes out."""
    for each in concerns:
        if local(each.document.get("encounter"), "Encounter") in lakon:
            name = f"Communication/{each.document['id']}"
            if reproof := kirim_setelah_disetujui(disetujui=name in approved):
                yield each, "status", reproof


def drug_verdicts(
    concerns: Sequence[Concern], lakon: set[str], prescribed: set[str]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every prescription that becomes active."""
    for each in concerns:
        first = each.document["id"].partition("-item-")[0]
        allowed = bool({first, each.document["id"]} & prescribed)
        if lakon.intersection(_cases(each.document)) and (
            reproof := kirim_setelah_disetujui(disetujui=allowed, hal="resep")
        ):
            yield each, "status", reproof


def _lakon(systems: str) -> str:
    return f"{systems}layanan-konsultasi|lakon"


def _approved(systems: str) -> list[tuple[str, str]]:
    return [("code", f"{systems}jenis-tugas|persetujuan-advis"), ("status", "completed")]


def _ids(names: set[str | None] | list[str]) -> str:
    return ",".join(sorted(each.partition("/")[2] for each in names if each)) or NONE


def _cases(drug: Document) -> list[str]:
    found = (local(each, "Task") for each in drug.get("supportingInformation", ()))
    return [each for each in found if each]


def _focus(task: Stored) -> str | None:
    return local(parse(task.raw).get("focus"), "Communication")


def _prescribed(approvals: Sequence[Stored], advices: Sequence[Stored]) -> set[str]:
    """Give the ids of the drugs that an approved advice prescribes."""
    approved = {_focus(each) for each in approvals}
    allowed = (each for each in advices if f"Communication/{each.id}" in approved)
    return {drug for each in allowed for drug in _drugs(parse(each.raw))}


def _drugs(advice: Document) -> Iterator[str]:
    for each in advice.get("payload", ()):
        if name := local(each.get("contentReference"), "MedicationRequest"):
            yield name.partition("/")[2]
