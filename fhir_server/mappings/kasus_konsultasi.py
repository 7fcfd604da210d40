"""KasusKonsultasi as Task, with the virtual Encounter of the consultation.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    instant_of,
    period,
    reference,
)
from fhir_server.mappings.konsultasi_daring import (
    CONSTANTS,
    KONSULTASI,
    LAYANAN,
    NO_KASUS,
    RUNNING,
    TUGAS,
    case_code,
    consultation,
    told,
)
from fhir_server.mappings.medium import medium, medium_of
from fhir_server.mappings.pihak import party
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kasus_konsultasi import KasusKonsultasi

STATUS_KASUS: Final = code_system("status-kasus")
PRESISI: Final = structure("presisi-waktu")
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
    case = resources[""]
    inputs = [each.get("valueCodeableConcept", {}) for each in case.get("input", ())]
    return {
        **told(resources),
        "layanan": code_of(case.get("code"), LAYANAN),
        "kanal": medium_of(inputs),
        "darurat": case.get("priority") == "stat",
        "presisi": (extension_of(case, PRESISI) or {}).get("valueCode"),
        "diajukan": instant_of(case.get("authoredOn")),
        "penanggungJawab": id_of(case.get("owner"), "PractitionerRole"),
        "status": code_of(case.get("businessStatus"), STATUS_KASUS),
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
        code=case_code(kasus.layanan),
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
    return consultation(
        layanan=kasus.layanan,
        status=ENCOUNTER_STATUS.get(kasus.status, RUNNING),
        pasien=kasus.pasien,
        mulai=kasus.diajukan,
        selesai=kasus.selesai,
        keluhan=kasus.keluhan,
        faskes=kasus.faskes,
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
    constants=CONSTANTS
    | {
        "Task.code.coding.system",
        "Task.code.coding.code",
        "Task.input.type",
        "Task.input.valueCodeableConcept.coding.system",
        "Encounter.type.coding.system",
    },
)
