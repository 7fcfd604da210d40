"""BR-D2 on the write road: nothing can be billed for a LAKON consultation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.rules import Rule, local, refuse
from fhir_server.sop.kasus_konsultasi import BR_D2, gratis
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored

WITHDRAWN = ("aborted", "entered-in-error", "not-billable")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-D2 for the code systems below a canonical base."""
    services = f"{canonical}/CodeSystem/layanan-konsultasi"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        billed = document.get("status") not in WITHDRAWN
        return billed and local(document.get("context"), "Encounter") is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        encounters = sorted({_encounter(each) for each in concerns})
        ids = ",".join(each.partition("/")[2] for each in encounters)
        plans = (facts("Encounter", [("_id", ids), ("type", f"{services}|lakon")]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            free = {f"Encounter/{each.id}" for each in found[0]}
            refuse((c, "context", gratis(_encounter(c))) for c in concerns if _encounter(c) in free)

        return Check(tuple(f"{BR_D2}|{each}" for each in encounters), plans, decide, when="after")

    return (Rule(BR_D2, frozenset({"ChargeItem"}), applies, check),)


def _encounter(concern: Concern) -> str:
    return local(concern.document.get("context"), "Encounter") or ""
