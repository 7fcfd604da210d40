"""BR-C9 on the write road: a finished visit and a drug that waits exclude each other.

Only visits of a puskesmas; a consultation from afar (class VR) ends before its drug is delivered.
Either write triggers the rule and both touch the visit's guard, as with open lab slips (BR-B6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.puskesmas import by_ids, by_references, is_visit, referred
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.obat_kunjungan import BR_C9, resep_sesudah_pulang, selesai_dengan_obat
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

ORDERED = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
SETTLED = ("completed", "declined")
FROM_AFAR = "VR"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-C9 for the units below a canonical base."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if document["resourceType"] == "Encounter":
            return not new and document.get("status") == "finished" and _ends(document, base)
        return _waits(document) and local(document.get("encounter"), "Encounter") is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        written = [each.document for each in concerns]
        visits = sorted({name for each in written if (name := _visit(each))})
        ids = [each.partition("/")[2] for each in visits]
        patients = [
            f"Patient/{e}" for e in referred((w.get("subject") for w in written), "Patient")
        ]
        plans = (
            by_ids(facts, "Encounter", ids),
            by_references(facts, "MedicationRequest", "encounter", visits),
            by_references(facts, "MedicationDispense", "patient", patients),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            met, drugs, handed = (documents(each) for each in found)
            ended = {
                f"Encounter/{each['id']}": each
                for each in met
                if each.get("status") == "finished" and _ends(each, base)
            }
            refuse(_verdicts(concerns, ended, _left(drugs, handed)))

        return Check(tuple(f"{BR_C9}|{each}" for each in visits), plans, decide, when="after")

    return (Rule(BR_C9, frozenset({"Encounter", "MedicationRequest"}), applies, check),)


def _verdicts(
    concerns: Sequence[Concern], ended: dict[str, Document], left: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        written = concern.document
        visit = ended.get(_visit(written) or "")
        if visit is None:
            continue
        waiting = [each for each in left if _visit(each) == _visit(written)]
        here = [each for each in waiting if not _elsewhere(each, visit)]
        if written["resourceType"] == "MedicationRequest":
            if any(each["id"] == written["id"] for each in here):
                yield concern, "encounter", resep_sesudah_pulang(_number(written))
        elif wrong := selesai_dengan_obat([_number(each) for each in here]):
            yield concern, "status", wrong


def _left(drugs: Sequence[Document], handed: Sequence[Document]) -> list[Document]:
    """Keep the drugs that wait: not handed over, and not declined."""
    settled = {
        drug
        for each in handed
        if each.get("status") in SETTLED
        for drug in referred(each.get("authorizingPrescription", ()), "MedicationRequest")
    }
    return [each for each in drugs if _waits(each) and each["id"] not in settled]


def _waits(drug: Document) -> bool:
    return drug.get("status") == "active" and drug.get("intent") in ORDERED


def _ends(encounter: Document, base: str) -> bool:
    return is_visit(encounter, base) and encounter.get("class", {}).get("code") != FROM_AFAR


def _elsewhere(drug: Document, visit: Document) -> bool:
    """Say whether an outside pharmacy hands the drug out."""
    by = local(drug.get("dispenseRequest", {}).get("performer"), "Organization")
    return by is not None and by != local(visit.get("serviceProvider"), "Organization")


def _visit(document: Document) -> str | None:
    if document["resourceType"] == "Encounter":
        return f"Encounter/{document['id']}"
    return local(document.get("encounter"), "Encounter")


def _number(drug: Document) -> str:
    number = drug.get("groupIdentifier", {}).get("value")
    return str(number or f"MedicationRequest/{drug['id']}")
