"""KasusKonsultasi as Task, with the virtual Encounter of the consultation.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.codes import ACT_CODE, code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.medium import medium, medium_of
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kasus_konsultasi import KasusKonsultasi

NO_KASUS: Final = sid("no-kasus")
TUGAS: Final = code_system("jenis-tugas")
STATUS_KASUS: Final = code_system("status-kasus")
LAYANAN: Final = code_system("layanan-konsultasi")
PRESISI: Final = structure("presisi-waktu")
KONSULTASI: Final = "konsultasi"
RUNNING: Final = "in-progress"
STATUS: Final = {
    "diajukan": "requested",
    "ditolak": "rejected",
    "selesai": "completed",
    "dibatalkan-pasien": "cancelled",
    "tidak-dapat-dihubungi": "failed",
}
ENCOUNTER_STATUS: Final = {
    "ditolak": "cancelled",
    "selesai": "finished",
    "dibatalkan-pasien": "cancelled",
    "tidak-dapat-dihubungi": "cancelled",
}


def to_fhir(kasus: KasusKonsultasi, document_id: str) -> Resources:
    """Write the case and its consultation."""
    return {"": _case(kasus, document_id), KONSULTASI: _encounter(kasus)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a case."""
    case, encounter = resources[""], resources.get(KONSULTASI, {})
    inputs = [each.get("valueCodeableConcept", {}) for each in case.get("input", ())]
    return {
        "noKasus": case.get("groupIdentifier", {}).get("value"),
        "layanan": code_of(case.get("code"), LAYANAN),
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "pasien": id_of(case.get("for"), "Patient"),
        "pemohon": party_of(case.get("requester")),
        "kanal": medium_of(inputs),
        "keluhan": case.get("reasonCode", {}).get("text"),
        "darurat": case.get("priority") == "stat",
        "presisi": (extension_of(case, PRESISI) or {}).get("valueCode"),
        "diajukan": instant_of(case.get("authoredOn")),
        "penanggungJawab": id_of(case.get("owner"), "PractitionerRole"),
        "status": code_of(case.get("businessStatus"), STATUS_KASUS),
        "alasan": case.get("statusReason", {}).get("text"),
        "selesai": instant_of(case.get("executionPeriod", {}).get("end")),
    }


def _case(kasus: KasusKonsultasi, document_id: str) -> Any:
    given: Any = [
        {
            "type": r4b.CodeableConcept(text="kanal"),
            "valueCodeableConcept": medium(kasus.kanal)[0],
        }
    ]
    due: Any = {"period": period(None, tenggat("sla-total", kasus.diajukan))}
    task: Any = r4b.Task  # its alias for_fhir is not typed
    exact = r4b.Extension(url=PRESISI, valueCode="menit")
    return task(
        extension=[exact] if kasus.presisi == "menit" else None,
        priority="stat" if kasus.darurat else None,
        groupIdentifier=r4b.Identifier(system=NO_KASUS, value=kasus.noKasus),
        status=STATUS.get(kasus.status, RUNNING),
        statusReason=r4b.CodeableConcept(text=kasus.alasan) if kasus.alasan else None,
        businessStatus=concept(STATUS_KASUS, kasus.status),
        intent="order",
        code=r4b.CodeableConcept(
            coding=[
                r4b.Coding(system=TUGAS, code="konsultasi-daring"),
                r4b.Coding(system=LAYANAN, code=kasus.layanan),
            ]
        ),
        for_fhir=reference("Patient", kasus.pasien),
        encounter=reference("Encounter", part_id(document_id, KONSULTASI)),
        executionPeriod=period(kasus.diajukan, kasus.selesai),
        authoredOn=kasus.diajukan,
        requester=party(kasus.pemohon),
        owner=reference("PractitionerRole", kasus.penanggungJawab),
        reasonCode=r4b.CodeableConcept(text=kasus.keluhan),
        restriction=due if kasus.layanan == "lakon" else None,
        input=given,
    )


def _encounter(kasus: KasusKonsultasi) -> Any:
    encounter: Any = r4b.Encounter  # its alias class_fhir is not typed
    return encounter(
        status=ENCOUNTER_STATUS.get(kasus.status, RUNNING),
        class_fhir=r4b.Coding(system=ACT_CODE, code="VR"),
        type=several(concept(LAYANAN, kasus.layanan)),
        subject=reference("Patient", kasus.pasien),
        period=period(kasus.diajukan, kasus.selesai),
        reasonCode=[r4b.CodeableConcept(text=kasus.keluhan)],
        serviceProvider=reference("Organization", kasus.faskes),
    )


MAPPING = Mapping(
    resource_type="Task",
    profile="KasusKonsultasi",
    profiles={KONSULTASI: "KonsultasiDaring"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(konsultasi="Encounter"),
    criteria=(("code", f"{TUGAS}|konsultasi-daring"), ("code:not", f"{LAYANAN}|pemantauan")),
    filters={
        "noKasus": f"group-identifier={NO_KASUS}|{{}}",
        "pasien": "patient=Patient/{}",
        "penanggungJawab": "owner=PractitionerRole/{}",
        "status": f"business-status={STATUS_KASUS}|{{}}",
        "diajukan": "authored-on",
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.groupIdentifier.system",
            "Task.businessStatus.coding.system",
            "Task.intent",
            "Task.code.coding.system",
            "Task.code.coding.code",
            "Task.encounter",
            "Task.input.type",
            "Task.input.valueCodeableConcept.coding.system",
            "Encounter.class",
            "Encounter.type.coding.system",
        }
    ),
)
