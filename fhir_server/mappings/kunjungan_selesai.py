"""BR-B6 on the write road: a finished Encounter and an open lab Task exclude each other.

A Task that is cancelled or failed is no longer open, and has to say why.

Either write triggers the rule, both touch the same guard document, and the facts are read after
the write, so a transaction that completes the Task and finishes the visit passes, and of two
writes that race for one visit exactly one wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.config import CANONICAL
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.aturan import (
    BR_B6,
    ditutup_dengan_alasan,
    pengantar_hanya_pada_kunjungan_berjalan,
    selesai_tanpa_pengantar_terbuka,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

OPEN = ("draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold")
GIVEN_UP = ("cancelled", "failed")
ENDED = "finished"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-B6 for the code systems below a canonical base."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if document["resourceType"] == "Encounter":
            return document.get("status") == ENDED and not new
        return document.get("status") in (*OPEN, *GIVEN_UP) and is_slip(document, kinds)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        refuse(without_reason(concerns))
        encounters = sorted({found for each in concerns if (found := encounter_of(each.document))})
        ids = ",".join(each.partition("/")[2] for each in encounters)
        plans = (
            facts("Encounter", [("_id", ids), ("status", ENDED)]),
            facts(
                "Task",
                [
                    ("encounter", ",".join(encounters)),
                    ("code", f"{kinds}|pengantar-lab"),
                    ("status", ",".join(OPEN)),
                ],
            ),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            ended = {f"Encounter/{each.id}" for each in found[0]}
            refuse(verdicts(concerns, ended, documents(found[1])))

        guards = tuple(f"{BR_B6}|{each}" for each in encounters)
        return Check(guards, plans, decide, when="after")

    return (Rule(BR_B6, frozenset({"Encounter", "Task"}), applies, check),)


def verdicts(
    concerns: Sequence[Concern], ended: set[str], slips: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every written resource by the ended visits and the slips still open for them."""
    for concern in concerns:
        encounter = encounter_of(concern.document)
        if concern.document["resourceType"] == "Task":
            if encounter in ended and concern.document["status"] in OPEN:
                reproof = pengantar_hanya_pada_kunjungan_berjalan(number_of(concern.document))
                yield concern, "encounter", reproof
        elif found := selesai_tanpa_pengantar_terbuka(
            [number_of(each) for each in slips if encounter_of(each) == encounter]
        ):
            yield concern, "status", found


def without_reason(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge what needs no fact: a slip that is given up says why."""
    for concern in concerns:
        if concern.document.get("status") in GIVEN_UP:
            why = bool(concern.document.get("statusReason"))
            if found := ditutup_dengan_alasan(number_of(concern.document), alasan=why):
                yield concern, "statusReason", found


def is_slip(task: Document, kinds: str = f"{CANONICAL}/CodeSystem/jenis-tugas") -> bool:
    """Say whether a Task is the work of a lab slip of some visit."""
    return has_code(task.get("code"), kinds, "pengantar-lab") and encounter_of(task) is not None


def encounter_of(document: Document) -> str | None:
    """Give ``Encounter/id`` of the visit a resource is or belongs to."""
    if document["resourceType"] == "Encounter":
        return f"Encounter/{document['id']}"
    return local(document.get("encounter"), "Encounter")


def number_of(task: Document) -> str:
    """Give the number of a lab slip; one that has none is called by its Task."""
    number = task.get("groupIdentifier", {}).get("value")
    return str(number or f"Task/{task['id']}")
