"""JanjiLayanan as Appointment, with the ServiceRequest of the service that is missing.

https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings import lokasi as places
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.rules import has_code
from fhir_server.sop.janji_layanan import ALUR_JANJI, tempat_janji

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.janji_layanan import JanjiLayanan
    from fhir_server.store.ops import Condition

UNIT: Final = code_system("unit-layanan")
NOMOR: Final = "janji-layanan"
FOLLOW_UP: Final = ("http://terminology.hl7.org/CodeSystem/v2-0276", "FOLLOWUP")
STATUS: Final = {
    "diusulkan": "proposed",
    "dijadwalkan": "booked",
    "ditepati": "fulfilled",
    "tidak-datang": "noshow",
    "batal": "cancelled",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {
    "pending": "diusulkan",
    "waitlist": "diusulkan",
    "arrived": "dijadwalkan",
    "checked-in": "dijadwalkan",
}
CONSENT: Final = {
    "disetujui": "accepted",
    "menunggu": "needs-action",
    "mungkin": "tentative",
    "ditolak": "declined",
}
ORDERED: Final = {
    "ditepati": "completed",
    "batal": "revoked",
    "salah-entri": "entered-in-error",
}
"""Status of the appointment → ServiceRequest.status where it is not active."""


def to_fhir(janji: JanjiLayanan, own_id: str) -> Resources:
    """Write an appointment, and what it is for unless somebody asked for that already."""
    written: dict[str, Any] = {"": _appointment(janji, own_id)}
    if janji.permintaan is None:
        written["permintaan"] = _order(janji)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an appointment, also one that the patient answered by another system."""
    appointment = resources[""]
    people = appointment.get("participant", ())
    patient: Document = next((p for p in people if id_of(p.get("actor"), "Patient")), {})
    actors = [each.get("actor") for each in people]
    consents = {fhir: sop for sop, fhir in CONSENT.items()}
    ordered = next(iter(ids_of(appointment.get("basedOn"), "ServiceRequest")), None)
    own = part_id(appointment["id"], "permintaan")
    return {
        "faskes": _faskes(appointment),
        "pasien": id_of(patient.get("actor"), "Patient"),
        "kunjungan": visit_of(appointment),
        "layanan": code_of(appointment.get("serviceType"), UNIT),
        "alasan": next((each.get("text") for each in appointment.get("reasonCode", ())), None),
        "mulai": instant_of(appointment.get("start")),
        "selesai": instant_of(appointment.get("end")),
        "tempat": next(iter(ids_of(filter(None, actors), "Location")), None),
        "persetujuan": consents.get(patient.get("status", "")),
        "dibuat": instant_of(appointment.get("created")),
        "petugas": next(iter(ids_of(filter(None, actors), "PractitionerRole")), None),
        "permintaan": None if ordered == own else ordered,
        "status": DIBACA.get(appointment.get("status", "")),
        "alasanBatal": appointment.get("cancelationReason", {}).get("text"),
    }


def parts(appointment: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the order that was made with the appointment."""
    own = part_id(appointment["id"], "permintaan")
    made = own in ids_of(appointment.get("basedOn"), "ServiceRequest")
    return {"permintaan": f"ServiceRequest/{own}"} if made else {}


def complete(
    janji: JanjiLayanan, before: Table[str, Any] | None, reader: Reader
) -> tuple[JanjiLayanan, tuple[Condition, ...]]:
    """Hold visit and place against what is known, and note when the appointment was made."""
    visit(reader, janji.kunjungan, janji.pasien)
    place = reader.read(f"Location/{janji.tempat}")
    kind = None if place is None else places.from_fhir({"": place})["jenis"]
    if (wrong := tempat_janji(kind)) is not None:
        says, english = wrong.kalimat, wrong.english or wrong.kalimat
        issue = Issue("business-rule", english, wrong.bidang, indonesian=says, rule=wrong.aturan)
        raise Invalid([issue])
    return replace(janji, dibuat=janji.dibuat or (before or {}).get("dibuat") or reader.now), ()


def visit_of(appointment: Document) -> str | None:
    """Give the id of the visit whose service was postponed."""
    return next(iter(ids_of(appointment.get("supportingInformation"), "Encounter")), None)


def is_agreed(appointment: Document) -> bool:
    """Say whether every patient who takes part has accepted."""
    people = appointment.get("participant", ())
    patients = [p for p in people if id_of(p.get("actor"), "Patient")]
    return bool(patients) and all(each.get("status") == "accepted" for each in patients)


def is_promised(appointment: Document, _canonical: str) -> bool:
    """Say whether an Appointment is for a service that was postponed."""
    return has_code(appointment.get("appointmentType"), *FOLLOW_UP)


def state_of(appointment: Document) -> str | None:
    """Read the state of an appointment."""
    return DIBACA.get(appointment.get("status", ""))


def _appointment(janji: JanjiLayanan, own_id: str) -> Any:
    order = janji.permintaan or part_id(own_id, "permintaan")
    staff = reference("PractitionerRole", janji.petugas)
    why = janji.alasanBatal
    return r4b.Appointment(
        identifier=[identifier(sid(NOMOR, janji.faskes), own_id)],
        status=STATUS[janji.status],
        cancelationReason=r4b.CodeableConcept(text=why) if why else None,
        serviceType=[concept(UNIT, janji.layanan)],
        appointmentType=concept(*FOLLOW_UP),
        reasonCode=[r4b.CodeableConcept(text=janji.alasan)],
        supportingInformation=[reference("Encounter", janji.kunjungan)],
        start=janji.mulai,
        end=janji.selesai,
        created=janji.dibuat,
        basedOn=[reference("ServiceRequest", order)],
        participant=[
            {
                "actor": reference("Patient", janji.pasien),
                "required": "required",
                "status": CONSENT[janji.persetujuan],
            },
            {"actor": reference("Location", janji.tempat), "status": "accepted"},
            *([{"actor": staff, "status": "accepted"}] if staff else ()),
        ],
    )


def _order(janji: JanjiLayanan) -> Any:
    return r4b.ServiceRequest(
        status=ORDERED.get(janji.status, "active"),
        intent="order",
        code=r4b.CodeableConcept(
            coding=[r4b.Coding(system=UNIT, code=janji.layanan)], text=janji.alasan
        ),
        subject=reference("Patient", janji.pasien),
        encounter=reference("Encounter", janji.kunjungan),
        occurrenceDateTime=janji.mulai,
        authoredOn=janji.dibuat,
        requester=reference("Organization", janji.faskes),
        locationReference=several(reference("Location", janji.tempat)),
    )


def _faskes(appointment: Document) -> str | None:
    prefix = sid(NOMOR) + "/"
    systems = (each.get("system", "") for each in appointment.get("identifier", ()))
    return next((s.removeprefix(prefix) for s in systems if s.startswith(prefix)), None)


MAPPING = Mapping(
    resource_type="Appointment",
    profile="JanjiLayanan",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"permintaan": "LayananTertunda"},
    complete=complete,
    criteria=(("appointment-type", "|".join(FOLLOW_UP)),),
    filters={
        "pasien": "patient=Patient/{}",
        "mulai": "date",
        "tempat": "location=Location/{}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="date",
    constants=frozenset(
        {
            "Appointment.identifier.value",
            "Appointment.serviceType.coding.system",
            "Appointment.appointmentType",
            "Appointment.basedOn",
            "Appointment.participant.required",
            "Appointment.participant.status",
            "ServiceRequest.status",
            "ServiceRequest.intent",
            "ServiceRequest.code.coding.system",
        }
    ),
)

JAGA = Jaga(
    alur=ALUR_JANJI,
    resource_type="Appointment",
    applies=is_promised,
    state_of=state_of,
    status=STATUS,
)
