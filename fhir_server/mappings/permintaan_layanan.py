"""PermintaanLayanan as Task (the other unit's work) and ServiceRequest (what is asked).

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import SNOMED, code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.rules import has_code
from fhir_server.sop.permintaan_layanan import ALUR_PERMINTAAN

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.permintaan_layanan import PermintaanLayanan
    from fhir_server.store.ops import Condition

JENIS_TUGAS, JENIS_RUJUKAN = code_system("jenis-tugas"), code_system("jenis-rujukan")
PARAMETER, UNIT = code_system("parameter-tugas"), code_system("unit-layanan")
NOMOR: Final = "no-permintaan-layanan"
INPATIENT: Final = ("737481003", "Inpatient care management")
STATUS: Final[dict[str, tuple[str, str]]] = {
    "diminta": ("requested", "active"),
    "diterima": ("accepted", "active"),
    "dilayani": ("in-progress", "active"),
    "selesai": ("completed", "completed"),
    "ditolak": ("rejected", "revoked"),
    "batal": ("cancelled", "revoked"),
    "salah-entri": ("entered-in-error", "entered-in-error"),
}
DIBACA: Final = {task: status for status, (task, _) in STATUS.items()} | {
    "draft": "diminta",
    "received": "diminta",
    "ready": "diterima",
    "on-hold": "dilayani",
    "failed": "batal",
}


def to_fhir(permintaan: PermintaanLayanan, own_id: str) -> Resources:
    """Write the work of the other unit, and what it is asked for."""
    return {"": _task(permintaan, own_id), "permintaan": _order(permintaan)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a request from its Task, and from its order what is asked."""
    task, order = resources[""], resources.get("permintaan", {})
    inputs = [
        each.get("valueCodeableConcept")
        for each in task.get("input", ())
        if code_of(each.get("type"), PARAMETER) == "unit-asal"
    ]
    done = task.get("executionPeriod", {})
    return {
        "faskes": id_of(task.get("owner"), "Organization"),
        "nomor": task.get("groupIdentifier", {}).get("value"),
        "pasien": id_of(task.get("for"), "Patient"),
        "kunjungan": id_of(task.get("encounter"), "Encounter"),
        "unitAsal": code_of(filter(None, inputs), UNIT),
        "unitTujuan": code_of(order.get("code"), UNIT),
        "alasan": task.get("description"),
        "peminta": id_of(task.get("requester"), "PractitionerRole"),
        "waktu": instant_of(task.get("authoredOn")),
        "rekomendasi": next(iter(ids_of(order.get("supportingInfo"), "ClinicalImpression")), None),
        "ruang": id_of(task.get("location"), "Location"),
        "status": state_of(task),
        "alasanTolak": task.get("statusReason", {}).get("text"),
        "mulai": instant_of(done.get("start")),
        "selesai": instant_of(done.get("end")),
    }


def complete(
    permintaan: PermintaanLayanan, before: Table[str, Any] | None, reader: Reader
) -> tuple[PermintaanLayanan, tuple[Condition, ...]]:
    """Hold it against the visit, and note when it was served."""
    visit(reader, permintaan.kunjungan, permintaan.pasien)
    known = before or {}
    begun, ended = permintaan.mulai or known.get("mulai"), permintaan.selesai
    if begun is None and permintaan.status == "dilayani":
        begun = reader.now
    if ended is None and permintaan.status not in {"diminta", "diterima", "dilayani"}:
        ended = known.get("selesai") or reader.now
    return replace(permintaan, mulai=begun, selesai=ended), ()


def is_internal(task: Document, canonical: str) -> bool:
    """Say whether a Task is a request between two units."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "rujukan-internal")


def state_of(task: Document) -> str | None:
    """Read the state of a request from its Task."""
    return DIBACA.get(task.get("status", ""))


def _task(permintaan: PermintaanLayanan, own_id: str) -> Any:
    new_task: Any = r4b.Task
    why = permintaan.alasanTolak
    return new_task(
        groupIdentifier=identifier(sid(NOMOR, permintaan.faskes), permintaan.nomor),
        status=STATUS[permintaan.status][0],
        statusReason=r4b.CodeableConcept(text=why) if why else None,
        intent="order",
        code=concept(JENIS_TUGAS, "rujukan-internal"),
        description=permintaan.alasan,
        focus=reference("ServiceRequest", part_id(own_id, "permintaan")),
        for_fhir=reference("Patient", permintaan.pasien),
        encounter=reference("Encounter", permintaan.kunjungan),
        executionPeriod=period(permintaan.mulai, permintaan.selesai),
        authoredOn=permintaan.waktu,
        requester=reference("PractitionerRole", permintaan.peminta),
        owner=reference("Organization", permintaan.faskes),
        location=reference("Location", permintaan.ruang),
        input=[
            {
                "type": concept(PARAMETER, "unit-asal"),
                "valueCodeableConcept": concept(UNIT, permintaan.unitAsal),
            }
        ],
    )


def _order(permintaan: PermintaanLayanan) -> Any:
    ours = r4b.Coding(system=UNIT, code=permintaan.unitTujuan)
    ward = r4b.Coding(system=SNOMED, code=INPATIENT[0], display=INPATIENT[1])
    codings = [ward, ours] if permintaan.unitTujuan == "rawat-inap" else [ours]
    return r4b.ServiceRequest(
        identifier=[identifier(sid(NOMOR, permintaan.faskes), permintaan.nomor)],
        status=STATUS[permintaan.status][1],
        intent="order",
        category=[concept(JENIS_RUJUKAN, "internal")],
        code=r4b.CodeableConcept(coding=codings, text=permintaan.alasan),
        subject=reference("Patient", permintaan.pasien),
        encounter=reference("Encounter", permintaan.kunjungan),
        authoredOn=permintaan.waktu,
        requester=reference("PractitionerRole", permintaan.peminta),
        performer=[reference("Organization", permintaan.faskes)],
        locationReference=several(reference("Location", permintaan.ruang)),
        supportingInfo=several(reference("ClinicalImpression", permintaan.rekomendasi)),
    )


def _status_filter(status: str) -> str:
    return "status=" + ",".join(task for task, each in DIBACA.items() if each == status)


MAPPING = Mapping(
    resource_type="Task",
    profile="TugasRujukanInternal",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(permintaan="ServiceRequest"),
    profiles={"permintaan": "RujukanInternal"},
    complete=complete,
    criteria=(("code", f"{JENIS_TUGAS}|rujukan-internal"),),
    filters={
        "nomor": "group-identifier",
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "status": _status_filter,
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.intent",
            "Task.code",
            "Task.focus",
            "Task.input.type",
            "Task.input.valueCodeableConcept.coding.system",
            "ServiceRequest.intent",
            "ServiceRequest.category",
            "ServiceRequest.code.coding.system",
            "ServiceRequest.code.coding.display",
        }
    ),
)

JAGA = Jaga(
    alur=ALUR_PERMINTAAN,
    resource_type="Task",
    applies=is_internal,
    state_of=state_of,
    status={state: task for state, (task, _) in STATUS.items()},
)
