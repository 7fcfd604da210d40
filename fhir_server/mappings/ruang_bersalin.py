"""BR-B13 on the write road: no Appointment for the delivery room, and no visit of it with one.

Judged from the resource alone, so it needs no fact and no guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.elements import code_of
from fhir_server.mappings.kunjungan import PRIORITAS, PRIORITY
from fhir_server.mappings.rules import Rule, refuse
from fhir_server.sop.ruang_bersalin import BR_B13, UNIT, langsung, tanpa_nomor
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern

ELEMENTS: Final = {"antrean": "appointment", "kelas": "class", "prioritas": "priority"}
PLANNED_OR_HERE: Final = ("proposed", "pending", "booked", "arrived", "checked-in", "fulfilled")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-B13 for the units below a canonical base."""
    units = f"{canonical.rstrip('/')}/CodeSystem/unit-layanan"

    def applies(document: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if document.get("serviceType") is None or code_of(document["serviceType"], units) != UNIT:
            return False
        if document["resourceType"] == "Encounter":
            return document.get("status") != "entered-in-error"
        return document.get("status") in PLANNED_OR_HERE and _is_walk_in(document)

    def check(concerns: Sequence[Concern], _facts: Facts) -> Check:
        refuse(verdicts(concerns))
        return Check((), (), lambda _found: None)

    return (Rule(BR_B13, frozenset({"Appointment", "Encounter"}), applies, check),)


def verdicts(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every visit of the delivery room, and every number in a queue for it."""
    priorities = {code: sop for sop, code in PRIORITAS.items()}
    for concern in concerns:
        document = concern.document
        if document["resourceType"] == "Appointment":
            yield concern, "serviceType", tanpa_nomor()
            continue
        given = code_of(document.get("priority"), PRIORITY)
        found = langsung(
            UNIT,
            document.get("class", {}).get("code"),
            priorities.get(given or "", given),
            antrean=bool(document.get("appointment")),
        )
        for teguran in found:
            yield concern, ELEMENTS[teguran.bidang], teguran


def _is_walk_in(appointment: Document) -> bool:
    """Say whether an Appointment is a number in a queue, not a planned admission."""
    codings = appointment.get("appointmentType", {}).get("coding", ())
    return any(each.get("code") == "WALKIN" for each in codings)
