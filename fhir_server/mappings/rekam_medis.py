"""RekamMedis as Task.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, concept, id_of, instant_of, period, reference
from fhir_server.sop.rekam_medis import ALUR_REKAM_MEDIS

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rekam_medis import RekamMedis

TUGAS, PARAMETER = code_system("jenis-tugas"), code_system("parameter-tugas")
UNIT: Final = code_system("unit-layanan")
KIND: Final = "ambil-rekam-medis"
STATUS: Final = {
    "diminta": "requested",
    "diserahkan": "in-progress",
    "kembali": "completed",
    "tidak-ditemukan": "failed",
    "batal": "cancelled",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {
    "received": "diminta",
    "accepted": "diminta",
    "ready": "diminta",
}


def to_fhir(berkas: RekamMedis, _id: str) -> Resources:
    """Write the fetching of a record as the work of registration."""
    new_task: Any = r4b.Task
    unit = {
        "type": concept(PARAMETER, "unit-asal"),
        "valueCodeableConcept": concept(UNIT, berkas.unit),
    }
    task = new_task(
        status=STATUS[berkas.status],
        statusReason=r4b.CodeableConcept(text=berkas.alasan) if berkas.alasan else None,
        intent="order",
        code=concept(TUGAS, KIND),
        for_fhir=reference("Patient", berkas.pasien),
        encounter=reference("Encounter", berkas.kunjungan),
        authoredOn=berkas.waktu,
        requester=reference("PractitionerRole", berkas.peminta),
        owner=reference("PractitionerRole", berkas.pendaftaran),
        executionPeriod=period(berkas.diserahkan, berkas.kembali),
        input=[unit],
    )
    return {"": task}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read the fetching of a record."""
    task = resources[""]
    span = task.get("executionPeriod", {})
    inputs = [each.get("valueCodeableConcept", {}) for each in task.get("input", ())]
    return {
        "pasien": id_of(task.get("for"), "Patient"),
        "kunjungan": id_of(task.get("encounter"), "Encounter"),
        "unit": code_of(inputs, UNIT),
        "peminta": id_of(task.get("requester"), "PractitionerRole"),
        "pendaftaran": id_of(task.get("owner"), "PractitionerRole"),
        "waktu": instant_of(task.get("authoredOn")),
        "diserahkan": instant_of(span.get("start")),
        "kembali": instant_of(span.get("end")),
        "status": DIBACA.get(task.get("status", "")),
        "alasan": task.get("statusReason", {}).get("text"),
    }


def _is_fetching(task: Document, canonical: str) -> bool:
    return code_of(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas") == KIND


JAGA: Final = Jaga(
    alur=ALUR_REKAM_MEDIS,
    resource_type="Task",
    applies=_is_fetching,
    state_of=lambda task: DIBACA.get(task.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="Task",
    profile="TugasRekamMedis",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("code", f"{TUGAS}|{KIND}"),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.intent",
            "Task.code",
            "Task.input.type",
            "Task.input.valueCodeableConcept.coding.system",
        }
    ),
)
