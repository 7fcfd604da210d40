"""BR-B20 on the write road: who goes first in a queue has a reason of the SOP, by whichever API.

Judged are Appointments that stand in a queue of a puskesmas (walk-in, one of its units) with the
priority that goes first; what they cost, and who pays, is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings.antrean import DAHULU, WALK_IN, asks_for
from fhir_server.mappings.elements import code_of, day_of, extension_of, id_of, instant_of
from fhir_server.mappings.rules import Rule, documents, has_code, refuse
from fhir_server.sop.antrean import BR_B20, alasan_terbukti
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

NONE = "-"
WAITING = ("proposed", "pending", "booked", "waitlist", "arrived")


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Give the rule for the operator's canonical base and decision about pregnant women."""
    base = settings.canonical.rstrip("/")
    units = f"{base}/CodeSystem/unit-layanan"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return (
            document.get("priority") == DAHULU
            and document.get("status") in WAITING
            and has_code(document.get("appointmentType"), *WALK_IN)
            and code_of(document.get("serviceType"), units) is not None
        )

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        people = sorted({p for each in concerns if (p := _patient(each.document))}) or [NONE]
        internal = f"{base}/CodeSystem/jenis-rujukan|internal"
        plans = (
            facts("Patient", [("_id", ",".join(people))]),
            facts("ServiceRequest", [("patient", ",".join(people)), ("category", internal)]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            born = {each["id"]: day_of(each.get("birthDate")) for each in documents(found[0])}
            asked = documents(found[1])
            refuse(_verdicts(concerns, born, asked, base, settings.queue_pregnant))

        return Check((), plans, decide, when="after")

    return (Rule(BR_B20, frozenset({"Appointment"}), applies, check),)


def _verdicts(
    concerns: Sequence[Concern],
    born: dict[str, Any],
    asked: Sequence[Document],
    base: str,
    pregnant: bool,  # noqa: FBT001 - the operator's decision
) -> Iterator[tuple[Concern, str, Teguran]]:
    for each in concerns:
        start = instant_of(each.document.get("start"))
        patient = _patient(each.document)
        if start is None:
            continue
        wrong = alasan_terbukti(
            _reason(each.document, base),
            born.get(patient or ""),
            start.date(),
            ibu_hamil=pregnant,
            dirujuk=any(_is_for(e, patient, each.document, base) for e in asked),
        )
        if wrong is not None:
            yield each, "priority", wrong


def _is_for(request: Document, patient: str | None, number: Document, base: str) -> bool:
    system = f"{base}/CodeSystem/unit-layanan"
    unit, start = code_of(number.get("serviceType"), system), instant_of(number.get("start"))
    if unit is None or start is None or id_of(request.get("subject"), "Patient") != patient:
        return False
    return asks_for(request, unit, start.date(), system)


def _reason(number: Document, base: str) -> str | None:
    said = extension_of(number, f"{base}/StructureDefinition/alasan-prioritas") or {}
    return code_of(said.get("valueCodeableConcept"), f"{base}/CodeSystem/alasan-prioritas")


def _patient(number: Document) -> str | None:
    actors = [each.get("actor") for each in number.get("participant", ())]
    return next((found for each in actors if (found := id_of(each, "Patient"))), None)
