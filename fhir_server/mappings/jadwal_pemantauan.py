"""JadwalPemantauan as CarePlan with one scheduled activity and a CommunicationRequest a contact.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.kontak_terjadwal import (
    KONTAK,
    REPEAT,
    contact,
    days_of,
    habits,
    role_of,
    withdrawn,
)
from fhir_server.mappings.medium import MEDIUM
from fhir_server.mappings.rencana_asuhan import STATUS
from fhir_server.sop.jadwal_pemantauan import lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.jadwal_pemantauan import JadwalPemantauan

KATEGORI: Final = code_system("kategori-rencana")
ALASAN: Final = code_system("alasan-pemantauan")
JENIS: Final = code_system("jenis-kegiatan")


def to_fhir(jadwal: JadwalPemantauan, document_id: str) -> Resources:
    """Write the schedule and every day of contact."""
    days = {role_of(each): each for each in jadwal.kontak}
    contacts = {
        role: contact(
            each,
            plan=document_id,
            pasien=jadwal.pasien,
            kanal=jadwal.kanal,
            dibuat=jadwal.dibuat,
            peminta=jadwal.pelaksana,
            pelaksana=jadwal.pelaksana,
        )
        for role, each in days.items()
    }
    return {"": _plan(jadwal, document_id, list(days)), **contacts}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a schedule."""
    plan = resources[""]
    details = [each["detail"] for each in plan.get("activity", ()) if "detail" in each]
    detail = details[0] if details else {}
    repeat = detail.get("scheduledTiming", {}).get("repeat", {})
    rhythm = (repeat.get("frequency"), repeat.get("period"), repeat.get("periodUnit"))
    bounds = repeat.get("boundsPeriod", {})
    status = {code: word for word, code in STATUS.items()}
    rhythms: dict[tuple[Any, ...], str] = {value: key for key, value in REPEAT.items()}
    return {
        "pasien": id_of(plan.get("subject"), "Patient"),
        "alasan": code_of(plan.get("category"), ALASAN),
        "pelaksana": next(iter(ids_of(detail.get("performer"), "PractitionerRole")), None),
        "dibuat": instant_of(plan.get("created")),
        "mulai": day_of(bounds.get("start")),
        "berakhir": day_of(bounds.get("end")),
        "frekuensi": rhythms.get(rhythm),
        "kanal": code_of(detail.get("code"), MEDIUM),
        "rencana": next(iter(ids_of(plan.get("partOf"), "CarePlan")), None),
        "kontak": days_of(each for role, each in resources.items() if role.startswith(KONTAK)),
        "status": status.get(plan.get("status", "")),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the contacts among the activities of the plan."""
    own = f"{primary['id']}-"
    activities = [each.get("reference", {}) for each in primary.get("activity", ())]
    ids = [each for each in ids_of(activities, "CommunicationRequest") if each.startswith(own)]
    return {each.removeprefix(own): f"CommunicationRequest/{each}" for each in ids}


def complete(
    jadwal: JadwalPemantauan, before: Table[str, Any] | None, reader: Reader
) -> tuple[JadwalPemantauan, tuple[()]]:
    """Fill frequency, end and days; a day that was kept stays kept."""
    return lengkap(jadwal, (before or {}).get("kontak", ()), habits(reader.settings)), ()


def amend(jadwal: JadwalPemantauan, document_id: str, reader: Reader) -> dict[str, Document]:
    """Revoke the contacts that a new schedule no longer has."""
    return withdrawn(jadwal.kontak, document_id, reader)


def _plan(jadwal: JadwalPemantauan, document_id: str, days: list[str]) -> Any:
    contacts = [reference("CommunicationRequest", part_id(document_id, role)) for role in days]
    activities: Any = [{"detail": _rhythm(jadwal)}, *({"reference": each} for each in contacts)]
    return r4b.CarePlan(
        partOf=several(reference("CarePlan", jadwal.rencana)),
        status=STATUS[jadwal.status],
        intent="plan",
        category=several(concept(KATEGORI, "jadwal-pemantauan"), concept(ALASAN, jadwal.alasan)),
        title="Jadwal pemantauan lewat chat",
        subject=reference("Patient", jadwal.pasien),
        period=period(jadwal.mulai, jadwal.berakhir),
        created=jadwal.dibuat,
        author=reference("PractitionerRole", jadwal.pelaksana),
        activity=activities,
    )


def _rhythm(jadwal: JadwalPemantauan) -> dict[str, Any]:
    codings = [
        r4b.Coding(system=JENIS, code="chat-pemantauan"),
        r4b.Coding(system=MEDIUM, code=jadwal.kanal),
    ]
    frequency, length, unit = REPEAT[jadwal.frekuensi] if jadwal.frekuensi else (None, None, None)
    repeat = {
        "boundsPeriod": period(jadwal.mulai, jadwal.berakhir),
        "frequency": frequency,
        "period": length,
        "periodUnit": unit,
    }
    return {
        "kind": "CommunicationRequest",
        "code": r4b.CodeableConcept(coding=codings),
        "status": "scheduled",
        "scheduledTiming": {"repeat": repeat},
        "performer": [reference("PractitionerRole", jadwal.pelaksana)],
    }


MAPPING = Mapping(
    resource_type="CarePlan",
    profile="RencanaJadwalPemantauan",
    profiles={"CommunicationRequest": "JadwalPemantauan"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    criteria=(("category", f"{KATEGORI}|jadwal-pemantauan"),),
    filters={
        "pasien": "patient=Patient/{}",
        "alasan": f"category={ALASAN}|{{}}",
        "status": lambda word: f"status={STATUS[word]}",
        "pelaksana": "performer=PractitionerRole/{}",
        "mulai": "date",
    },
    constants=frozenset(
        {
            "CarePlan.intent",
            "CarePlan.category.coding.system",
            "CarePlan.category.coding.code",
            "CarePlan.title",
            "CarePlan.activity.detail.kind",
            "CarePlan.activity.detail.status",
            "CarePlan.activity.detail.code.coding.system",
            "CarePlan.activity.detail.code.coding.code",
        }
    ),
)
