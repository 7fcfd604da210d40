"""KasusPemantauan as Task, with the virtual Encounter to which its messages belong.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.alur import Jaga, business_state
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.konsultasi_daring import (
    CONSTANTS,
    KONSULTASI,
    LAYANAN,
    NO_KASUS,
    RUNNING,
    case_code,
    consultation,
    told,
)
from fhir_server.mappings.pihak import party
from fhir_server.mappings.rules import has_code
from fhir_server.sop.kasus_pemantauan import ALUR_PEMANTAUAN

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kasus_pemantauan import KasusPemantauan

STATUS_PEMANTAUAN: Final = code_system("status-pemantauan")
STATUS: Final = {
    **dict.fromkeys(ALUR_PEMANTAUAN.keadaan, RUNNING),
    "terjadwal": "requested",
    "selesai": "completed",
    "salah-entri": "entered-in-error",
}
ALONE: Final = {
    "requested": "terjadwal",
    "completed": "selesai",
    "entered-in-error": "salah-entri",
}


def is_case(task: Document, canonical: str) -> bool:
    """Say whether a Task is a case of the monitoring."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/layanan-konsultasi", "pemantauan")


JAGA: Final = Jaga(
    ALUR_PEMANTAUAN, "Task", is_case, business_state("status-pemantauan", STATUS, ALONE), STATUS
)


def to_fhir(kasus: KasusPemantauan, document_id: str) -> Resources:
    """Write the case and its consultation."""
    return {"": _case(kasus, document_id), KONSULTASI: _encounter(kasus)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a case."""
    case = resources[""]
    return {
        **told(resources),
        "mulai": instant_of(case.get("authoredOn")),
        "pelaksana": id_of(case.get("owner"), "PractitionerRole"),
        "jadwal": next(iter(ids_of(case.get("basedOn"), "CommunicationRequest")), None),
        "pesan": id_of(case.get("focus"), "Communication"),
        "status": code_of(case.get("businessStatus"), STATUS_PEMANTAUAN),
    }


def moved(case: Document, status: str) -> Document:
    """Give a case in another state, all else as it is."""
    coding = {"system": STATUS_PEMANTAUAN, "code": status}
    return {**case, "status": STATUS[status], "businessStatus": {"coding": [coding]}}


def state_of(case: Document) -> str | None:
    """Read the state of a case."""
    return code_of(case.get("businessStatus"), STATUS_PEMANTAUAN)


def _case(kasus: KasusPemantauan, document_id: str) -> Any:
    task: Any = r4b.Task  # its alias for_fhir is not typed
    return task(
        groupIdentifier=r4b.Identifier(system=NO_KASUS, value=kasus.noKasus),
        basedOn=several(reference("CommunicationRequest", kasus.jadwal)),
        status=STATUS[kasus.status],
        statusReason=r4b.CodeableConcept(text=kasus.alasan) if kasus.alasan else None,
        businessStatus=concept(STATUS_PEMANTAUAN, kasus.status),
        intent="order",
        code=case_code("pemantauan"),
        focus=reference("Communication", kasus.pesan),
        for_fhir=reference("Patient", kasus.pasien),
        encounter=reference("Encounter", part_id(document_id, KONSULTASI)),
        executionPeriod=period(kasus.mulai, kasus.selesai),
        authoredOn=kasus.mulai,
        requester=party(kasus.pemohon),
        owner=reference("PractitionerRole", kasus.pelaksana),
        reasonCode=r4b.CodeableConcept(text=kasus.keluhan) if kasus.keluhan else None,
    )


def _encounter(kasus: KasusPemantauan) -> Any:
    ended = {"selesai": "finished", "salah-entri": "entered-in-error"}
    return consultation(
        layanan="pemantauan",
        status=ended.get(kasus.status, RUNNING),
        pasien=kasus.pasien,
        mulai=kasus.mulai,
        selesai=kasus.selesai,
        keluhan=kasus.keluhan,
        faskes=kasus.faskes,
    )


MAPPING = Mapping(
    resource_type="Task",
    profile="KasusPemantauan",
    profiles={KONSULTASI: "KonsultasiPemantauan"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(konsultasi="Encounter"),
    criteria=(("code", f"{LAYANAN}|pemantauan"),),
    filters={
        "noKasus": f"group-identifier={NO_KASUS}|{{}}",
        "pasien": "patient=Patient/{}",
        "pelaksana": "owner=PractitionerRole/{}",
        "status": f"business-status={STATUS_PEMANTAUAN}|{{}}",
        "mulai": "authored-on",
    },
    sort="-authored-on",
    constants=CONSTANTS
    | {
        "Task.code",
        "Encounter.type",
    },
)
