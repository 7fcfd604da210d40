"""The course of a visit on the write road: a PUT or PATCH by FHIR meets the SOP's state machine.

Only visits of a puskesmas are judged: an Encounter whose service type is one of our units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.kunjungan import DIBACA
from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.sop.kunjungan import pindah
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

ALUR_KUNJUNGAN = "alur-kunjungan"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the units below a canonical base."""
    units = f"{canonical}/CodeSystem/unit-layanan"

    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        codings = document.get("serviceType", {}).get("coding", ())
        return not new and any(each.get("system") == units for each in codings)

    return (Rule(ALUR_KUNJUNGAN, frozenset({"Encounter"}), applies, check),)


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Compare every visit with how it stood before."""
    ids = ",".join(sorted(each.document["id"] for each in concerns))

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(verdicts(concerns, {each["id"]: each for each in documents(found[0])}))

    return Check((), (facts("Encounter", [("_id", ids)]),), decide, when="before")


def verdicts(
    concerns: Sequence[Concern], before: dict[str, Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge each step; a visit that was not there may begin anywhere."""
    for concern in concerns:
        stood = DIBACA.get(before.get(concern.document["id"], {}).get("status", ""))
        wrong = pindah(stood, DIBACA.get(concern.document.get("status", "")))
        if wrong is not None:
            yield concern, "status", wrong
