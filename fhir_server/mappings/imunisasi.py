"""Imunisasi as Immunization, as SATUSEHAT takes it.

https://hl7.org/fhir/R4/immunization.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import KFA
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    instant_of,
    reference,
    several,
)
from fhir_server.sop.imunisasi import ALUR_IMUNISASI

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.imunisasi import Imunisasi

ALASAN: Final = "http://terminology.kemkes.go.id/CodeSystem/immunization-reason"
ORIGIN: Final = ("http://terminology.hl7.org/CodeSystem/immunization-origin", "record")
FUNCTION: Final = "http://terminology.hl7.org/CodeSystem/v2-0443"
STATUS: Final = {
    "diberikan": "completed",
    "tidak-diberikan": "not-done",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}


def to_fhir(imunisasi: Imunisasi, _id: str) -> Resources:
    """Write a dose; who gave it administers, who tells of a past one enters."""
    why = r4b.CodeableConcept(text=imunisasi.alasanTidak) if imunisasi.alasanTidak else None
    function = concept(FUNCTION, "EP" if imunisasi.historis else "AP")
    actor = reference("PractitionerRole", imunisasi.petugas)
    protocol: Any = {"doseNumberPositiveInt": imunisasi.dosisKe}
    performer: Any = actor and {"function": function, "actor": actor}
    immunization = r4b.Immunization(
        status=STATUS[imunisasi.status],
        statusReason=why,
        vaccineCode=concept(KFA, imunisasi.vaksin, imunisasi.namaVaksin),
        patient=reference("Patient", imunisasi.pasien),
        encounter=reference("Encounter", imunisasi.kunjungan),
        occurrenceDateTime=imunisasi.waktu,
        primarySource=not imunisasi.historis,
        reportOrigin=concept(*ORIGIN) if imunisasi.historis else None,
        location=reference("Location", imunisasi.tempat),
        lotNumber=imunisasi.lot,
        expirationDate=imunisasi.kadaluarsa,
        performer=several(performer, _place(imunisasi.faskes)),
        reasonCode=[concept(ALASAN, imunisasi.alasan)],
        protocolApplied=[protocol],
    )
    return {"": immunization}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a dose, also one that another system has written."""
    found = resources[""]
    actors = [each.get("actor") for each in found.get("performer", ())]
    named = [c for c in found.get("vaccineCode", {}).get("coding", ()) if c.get("system") == KFA]
    protocol: Document = next(iter(found.get("protocolApplied", ())), {})
    reason = found.get("statusReason", {})
    return {
        "faskes": next((each for a in actors if (each := id_of(a, "Organization"))), None),
        "pasien": id_of(found.get("patient"), "Patient"),
        "vaksin": code_of(found.get("vaccineCode"), KFA),
        "namaVaksin": named[0].get("display") if named else None,
        "dosisKe": protocol.get("doseNumberPositiveInt"),
        "waktu": instant_of(found.get("occurrenceDateTime")),
        "alasan": code_of(found.get("reasonCode"), ALASAN),
        "kunjungan": id_of(found.get("encounter"), "Encounter"),
        "petugas": next((each for a in actors if (each := id_of(a, "PractitionerRole"))), None),
        "tempat": id_of(found.get("location"), "Location"),
        "lot": found.get("lotNumber"),
        "kadaluarsa": day_of(found.get("expirationDate")),
        "historis": not found.get("primarySource", True),
        "status": DIBACA.get(found.get("status", "")),
        "alasanTidak": reason.get("text"),
    }


def _place(faskes: str | None) -> Any:
    return faskes and {"actor": reference("Organization", faskes)}


def _is_of_kfa(immunization: Document, _canonical: str) -> bool:
    return code_of(immunization.get("vaccineCode"), KFA) is not None


JAGA: Final = Jaga(
    alur=ALUR_IMUNISASI,
    resource_type="Immunization",
    applies=_is_of_kfa,
    state_of=lambda found: DIBACA.get(found.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="Immunization",
    profile="ImunisasiProgram",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "pasien": "patient=Patient/{}",
        "vaksin": f"vaccine-code={KFA}|{{}}",
        "waktu": "date",
        "lot": "lot-number",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Immunization.vaccineCode.coding.system",
            "Immunization.reportOrigin",
            "Immunization.performer.function.coding.system",
            "Immunization.reasonCode.coding.system",
        }
    ),
)
