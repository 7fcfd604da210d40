"""PengantarLab as a Task with one ServiceRequest per test, and its Encounter sent to the lab.

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import ICD_10, SNOMED, code_system, sid
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
from fhir_server.mappings.encounter_lab import closed, opened, visit
from fhir_server.mappings.loinc_lab import own_code, test_concept, test_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pengantar_lab import PengantarLab
    from fhir_server.store.ops import Condition

JENIS_TUGAS, PARAMETER = code_system("jenis-tugas"), code_system("parameter-tugas")
UNIT = code_system("unit-layanan")
NOMOR, NOMOR_PEMERIKSAAN = "no-pengantar-lab", "no-pemeriksaan-lab"
LABORATORY = ("108252007", "Laboratory procedure")

STATUS: Final[dict[str, tuple[str, str]]] = {
    "terbuka": ("requested", "active"),
    "diterima": ("accepted", "active"),
    "diproses": ("in-progress", "active"),
    "selesai": ("completed", "completed"),
    "ditolak": ("rejected", "revoked"),
    "batal": ("cancelled", "revoked"),
    "gagal": ("failed", "revoked"),
    "salah-entri": ("entered-in-error", "entered-in-error"),
}
"""Status of the slip → Task.status, ServiceRequest.status."""

_DIBACA = {task: status for status, (task, _) in STATUS.items()} | {
    "draft": "terbuka",
    "received": "terbuka",
    "ready": "diterima",
    "on-hold": "diproses",
}


def to_fhir(pengantar: PengantarLab, own_id: str) -> Resources:
    """Write the slip as the lab's work, and each test as an order under its number."""
    orders = [reference("ServiceRequest", part_id(own_id, k)) for k in pengantar.pemeriksaan]
    new_task: Any = r4b.Task
    task = new_task(
        groupIdentifier=identifier(sid(NOMOR, pengantar.faskes), pengantar.nomor),
        basedOn=orders or None,
        focus=orders[0] if orders else None,
        status=_statuses(pengantar)[0],
        statusReason=r4b.CodeableConcept(text=pengantar.alasan) if pengantar.alasan else None,
        intent="order",
        priority=_priority(pengantar),
        code=concept(JENIS_TUGAS, "pengantar-lab"),
        for_fhir=reference("Patient", pengantar.pasien),
        encounter=reference("Encounter", pengantar.kunjungan),
        authoredOn=pengantar.waktu,
        requester=reference("PractitionerRole", pengantar.peminta),
        owner=reference("Organization", pengantar.lab),
        location=reference("Location", pengantar.lokasiLab),
        executionPeriod=period(pengantar.diterima, pengantar.ditutup),
        note=several(pengantar.catatan and r4b.Annotation(text=pengantar.catatan)),
        input=[_parameter("unit-asal", valueCodeableConcept=concept(UNIT, pengantar.unitAsal))],
        output=several(*map(result, pengantar.hasil)),
    )
    return {"": task, **{kode: _order(pengantar, kode) for kode in pengantar.pemeriksaan}}


def result(report: str) -> Any:
    """Write a HasilLab as an output of its slip's Task."""
    return _parameter("hasil-lab", valueReference=reference("DiagnosticReport", report))


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a slip from its Task; the tests are in the order in which they were asked for."""
    task = resources[""]
    number = task.get("groupIdentifier", {})
    orders = [each for role, each in resources.items() if role]
    order = orders[0] if orders else {}
    return {
        "faskes": _faskes(number.get("system")),
        "nomor": number.get("value"),
        "pasien": id_of(task.get("for"), "Patient"),
        "kunjungan": id_of(task.get("encounter"), "Encounter"),
        "pemeriksaan": tuple(k for o in orders if (k := test_of(o.get("code")))),
        "unitAsal": code_of(_value(task, "input", "unit-asal", "valueCodeableConcept"), UNIT),
        "peminta": id_of(task.get("requester"), "PractitionerRole"),
        "waktu": instant_of(task.get("authoredOn")),
        "lab": id_of(task.get("owner"), "Organization"),
        "lokasiLab": id_of(task.get("location"), "Location"),
        "cito": task.get("priority") in ("stat", "asap", "urgent"),
        "diagnosis": code_of(order.get("reasonCode"), ICD_10),
        "kondisi": id_of(next(iter(order.get("reasonReference", ())), None), "Condition"),
        "catatan": next((each.get("text") for each in task.get("note", ())), None),
        "status": _DIBACA.get(task.get("status", "")),
        "alasan": reason_of(task.get("statusReason")),
        "diterima": instant_of(task.get("executionPeriod", {}).get("start")),
        "ditutup": instant_of(task.get("executionPeriod", {}).get("end")),
        "hasil": tuple(
            found
            for each in task.get("output", ())
            if (found := id_of(each.get("valueReference"), "DiagnosticReport"))
        ),
    }


def parts(task: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find the orders of a slip, each in the role of its test."""
    found: dict[str, str] = {}
    for each in [*task.get("basedOn", ()), task.get("focus", {})]:
        key = f"ServiceRequest/{id_of(each, 'ServiceRequest')}"
        role = test_of(gathered.get(key, {}).get("code"))
        found.setdefault(role or key.removeprefix(f"ServiceRequest/{task['id']}-"), key)
    found.pop("ServiceRequest/None", None)
    return found


def complete(
    pengantar: PengantarLab, before: Table[str, Any] | None, reader: Reader
) -> tuple[PengantarLab, tuple[Condition, ...]]:
    """Name tests by our codes, keep the results that came in, and note when the slip was closed."""
    closed = STATUS[pengantar.status][1] != "active"
    return replace(
        pengantar,
        pemeriksaan=tuple(map(own_code, pengantar.pemeriksaan)),
        hasil=tuple((before or {}).get("hasil", ())),
        ditutup=pengantar.ditutup or (reader.now if closed else None),
    ), ()


def amend(pengantar: PengantarLab, own_id: str, reader: Reader) -> dict[str, Document]:
    """Send the visit to the lab when the slip opens, and back to its unit when it closes."""
    encounter = visit(reader, pengantar.kunjungan, pengantar.pasien)
    if STATUS[pengantar.status][1] != "active":
        moved = closed(reader, encounter, own_id, pengantar.ditutup or pengantar.waktu)
    elif (task := reader.read(f"Task/{own_id}")) is None:
        moved = opened(encounter, pengantar.lokasiLab, pengantar.waktu)
    else:
        moved = _withdrawn(pengantar, task, reader)
    return {f"{each['resourceType']}/{each['id']}": each for each in moved}


def orders_of(task: Document) -> tuple[str, ...]:
    """Give the orders of a slip as ``ServiceRequest/id``."""
    references = [*task.get("basedOn", ()), task.get("focus", {})]
    ids = dict.fromkeys(ids_of(references, "ServiceRequest"))
    return tuple(f"ServiceRequest/{each}" for each in ids)


def _withdrawn(pengantar: PengantarLab, task: Document, reader: Reader) -> list[Document]:
    """Revoke the orders of tests that are no longer asked for."""
    orders = [found for key in orders_of(task) if (found := reader.read(key))]
    return [
        {**each, "status": "revoked"}
        for each in orders
        if each.get("status") == "active" and test_of(each.get("code")) not in pengantar.pemeriksaan
    ]


def reason_of(found: Document | None) -> str | None:
    """Read a reason in words."""
    coding: Document = next(iter((found or {}).get("coding", ())), {})
    return (found or {}).get("text") or coding.get("display") or coding.get("code")


def _order(pengantar: PengantarLab, kode: str) -> Any:
    number = identifier(sid(NOMOR, pengantar.faskes), pengantar.nomor)
    own = identifier(sid(NOMOR_PEMERIKSAAN, pengantar.faskes), f"{pengantar.nomor}/{kode}")
    return r4b.ServiceRequest(
        identifier=[number, own],
        requisition=number,
        status=_statuses(pengantar)[1],
        intent="order",
        category=[concept(SNOMED, *LABORATORY)],
        priority=_priority(pengantar),
        code=test_concept(kode),
        subject=reference("Patient", pengantar.pasien),
        encounter=reference("Encounter", pengantar.kunjungan),
        authoredOn=pengantar.waktu,
        requester=reference("PractitionerRole", pengantar.peminta),
        performer=several(reference("Organization", pengantar.lab)),
        locationReference=several(reference("Location", pengantar.lokasiLab)),
        reasonCode=several(concept(ICD_10, pengantar.diagnosis)),
        reasonReference=several(reference("Condition", pengantar.kondisi)),
    )


def _statuses(pengantar: PengantarLab) -> tuple[str, str]:
    return STATUS.get(pengantar.status, STATUS["terbuka"])


def _priority(pengantar: PengantarLab) -> str:
    return "stat" if pengantar.cito else "routine"


def _parameter(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": concept(PARAMETER, kind), **value}


def _value(task: Document, side: str, kind: str, element: str) -> Any:
    for each in task.get(side, ()):
        if code_of(each.get("type"), PARAMETER) == kind:
            return each.get(element)
    return None


def _faskes(system: str | None) -> str | None:
    prefix = f"{sid(NOMOR)}/"
    return system.removeprefix(prefix) if system and system.startswith(prefix) else None


def _status_filter(status: str) -> str:
    return "status=" + ",".join(task for task, each in _DIBACA.items() if each == status)


MAPPING = Mapping(
    resource_type="Task",
    profile="TugasPengantarLab",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"ServiceRequest": "PengantarLab"},
    gather=(("_include", "Task:based-on"), ("_include", "Task:focus")),
    complete=complete,
    amend=amend,
    criteria=(("code", f"{JENIS_TUGAS}|pengantar-lab"),),
    filters={
        "nomor": "group-identifier",
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "lab": "owner=Organization/{}",
        "status": _status_filter,
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.intent",
            "Task.code",
            "Task.input.type",
            "Task.input.valueCodeableConcept.coding.system",
            "Task.output.type",
            "ServiceRequest.intent",
            "ServiceRequest.category",
            "ServiceRequest.code.coding.system",
            "ServiceRequest.reasonCode.coding.system",
        }
    ),
)
