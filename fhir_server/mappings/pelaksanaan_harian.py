"""PelaksanaanHarian as the Task of the day and the Schedule of who can be asked.

https://hl7.org/fhir/R4/task.html, https://hl7.org/fhir/R4/schedule.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import concept, id_of, ids_of, instant_of, period, reference
from fhir_server.mappings.rules import has_code
from fhir_server.sop.pelaksanaan_harian import ALUR_PIKET

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pelaksanaan_harian import PelaksanaanHarian

TUGAS: Final = code_system("jenis-tugas")
HARIAN: Final = "pelaksanaan-harian"
STATUS: Final = {
    "dijadwalkan": "requested",
    "berjalan": "in-progress",
    "selesai": "completed",
    "dibatalkan": "cancelled",
}
DIBACA: Final = {status: state for state, status in STATUS.items()} | {
    "received": "dijadwalkan",
    "accepted": "dijadwalkan",
    "ready": "dijadwalkan",
}


def to_fhir(piket: PelaksanaanHarian, _id: str) -> Resources:
    """Write the duty, and the schedule of those who have it."""
    due: Any = {"period": period(piket.mulai, piket.selesai)}
    task: Any = r4b.Task  # its alias for_fhir is not typed
    service = reference("HealthcareService", piket.layanan)
    made = task(
        status=STATUS[piket.status],
        intent="order",
        code=concept(TUGAS, HARIAN),
        focus=service,
        for_fhir=reference("Organization", piket.faskes),
        executionPeriod=period(piket.mulai, piket.selesai),
        authoredOn=piket.mulai,
        owner=reference("PractitionerRole", piket.operator),
        note=[r4b.Annotation(text=piket.catatan)] if piket.catatan else None,
        restriction=due,
    )
    persons = [piket.operator, *piket.dokter]
    actors = [service, *(reference("PractitionerRole", each) for each in persons)]
    schedule = r4b.Schedule(
        active=piket.status != "dibatalkan",
        actor=actors,
        planningHorizon=period(piket.mulai, piket.selesai),
    )
    return {"": made, "jadwal": schedule}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a duty."""
    task, schedule = resources[""], resources.get("jadwal", {})
    ran = task.get("executionPeriod", {})
    operator = id_of(task.get("owner"), "PractitionerRole")
    notes = [each["text"] for each in task.get("note", ()) if "text" in each]
    return {
        "layanan": id_of(task.get("focus"), "HealthcareService"),
        "faskes": id_of(task.get("for"), "Organization"),
        "operator": operator,
        "mulai": instant_of(ran.get("start")),
        "selesai": instant_of(ran.get("end")),
        "dokter": ids_of(schedule.get("actor"), "PractitionerRole")[1:],
        "catatan": "\n".join(notes) or None,
        "status": DIBACA.get(task.get("status", "")),
    }


def is_duty(task: Document, canonical: str) -> bool:
    """Say whether a Task is the duty of a day."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", HARIAN)


def _state(task: Document) -> str | None:
    return DIBACA.get(task.get("status", ""))


JAGA: Final = Jaga(ALUR_PIKET, "Task", is_duty, _state, STATUS)

MAPPING = Mapping(
    resource_type="Task",
    profile="PelaksanaanHarian",
    profiles={"jadwal": "JadwalPiket"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(jadwal="Schedule"),
    criteria=(("code", f"{TUGAS}|{HARIAN}"),),
    filters={
        "layanan": "focus=HealthcareService/{}",
        "faskes": "subject=Organization/{}",
        "operator": "owner=PractitionerRole/{}",
        "mulai": "period",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-authored-on",
    constants=frozenset({"Task.intent", "Task.code", "Task.status"}),
)
