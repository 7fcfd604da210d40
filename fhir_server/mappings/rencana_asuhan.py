"""RencanaAsuhan as CarePlan, with its team, goals and a CommunicationRequest a day of contact.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, kegiatan_asuhan, part_id, r4b
from fhir_server.mappings.codes import code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.kontak_terjadwal import (
    KONTAK,
    contact,
    days_of,
    habits,
    role_of,
    withdrawn,
)
from fhir_server.sop.rencana_asuhan import lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rencana_asuhan import JadwalAsuhan, KontakTerjadwal, RencanaAsuhan

NOMOR: Final = sid("no-rencana-asuhan")
KATEGORI: Final = code_system("kategori-rencana")
KELOMPOK: Final = code_system("kelompok-risiko-kspr")
HPHT: Final = structure("hpht")
TUJUAN: Final = "tujuan-"
TIM: Final = "tim"
STATUS: Final = {
    "disusun": "draft",
    "berjalan": "active",
    "ditunda": "on-hold",
    "selesai": "completed",
    "dibatalkan": "revoked",
    "salah-entri": "entered-in-error",
}


def to_fhir(rencana: RencanaAsuhan, document_id: str) -> Resources:
    """Write the plan, whom it is carried by, what it is for, and every day of contact."""
    goals = {f"{TUJUAN}{n}": text for n, text in enumerate(rencana.tujuan, 1)}
    days = {role_of(each): each for each in rencana.jadwalPemantauan.kontak}
    written = {
        "": _plan(rencana, document_id, list(goals), list(days)),
        **{role: _goal(rencana, text) for role, text in goals.items()},
        **{role: _contact(rencana, each, document_id) for role, each in days.items()},
    }
    if rencana.tim:
        written[TIM] = _team(rencana)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a plan, as far as its resources are there."""
    plan = resources[""]
    goals = [each for role, each in resources.items() if role.startswith(TUJUAN)]
    notes = [each.get("text") for each in plan.get("note", ())]
    days = [each for role, each in resources.items() if role.startswith(KONTAK)]
    status = {code: word for word, code in STATUS.items()}
    return {
        "nomor": identifier_of(plan, NOMOR),
        "pasien": id_of(plan.get("subject"), "Patient"),
        "kelompok": code_of(plan.get("category"), KELOMPOK),
        "hpht": day_of((extension_of(plan, HPHT) or {}).get("valueDate")),
        "dibuat": instant_of(plan.get("created")),
        "penyusun": id_of(plan.get("author"), "PractitionerRole"),
        "berakhir": day_of(plan.get("period", {}).get("end")),
        "kunjungan": id_of(plan.get("encounter"), "Encounter"),
        "skor": next(iter(ids_of(plan.get("supportingInfo"), "RiskAssessment")), None),
        "masalah": ids_of(plan.get("addresses"), "Condition"),
        "tim": _members(resources.get(TIM, {})),
        "tujuan": tuple(each.get("description", {}).get("text", "") for each in goals),
        "status": status.get(plan.get("status", "")),
        "catatan": notes[0] if notes else None,
        **kegiatan_asuhan.read(plan, days_of(days)),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find team, goals and contacts among what the plan refers to."""
    activities = [each.get("reference", {}) for each in primary.get("activity", ())]
    own = f"{primary['id']}-"
    found = {}
    for each in [*primary.get("careTeam", ()), *primary.get("goal", ()), *activities]:
        kind, _, resource_id = each.get("reference", "").rpartition("/")
        if resource_id.startswith(own) and kind in {"CareTeam", "Goal", "CommunicationRequest"}:
            found[resource_id.removeprefix(own)] = f"{kind}/{resource_id}"
    return found


def complete(
    rencana: RencanaAsuhan, before: Table[str, Any] | None, reader: Reader
) -> tuple[RencanaAsuhan, tuple[()]]:
    """Fill the schedule; a day that was kept stays kept."""
    jadwal: JadwalAsuhan | None = (before or {}).get("jadwalPemantauan")
    return lengkap(rencana, jadwal.kontak if jadwal else (), habits(reader.settings)), ()


def amend(rencana: RencanaAsuhan, document_id: str, reader: Reader) -> dict[str, Document]:
    """Revoke the contacts that a new schedule no longer has."""
    return withdrawn(rencana.jadwalPemantauan.kontak, document_id, reader)


def _plan(rencana: RencanaAsuhan, document_id: str, goals: list[str], days: list[str]) -> Any:
    team = part_id(document_id, TIM) if rencana.tim else None
    contacts = [
        r4b.Reference(reference=f"CommunicationRequest/{part_id(document_id, role)}")
        for role in days
    ]
    return r4b.CarePlan(
        extension=[r4b.Extension(url=HPHT, valueDate=rencana.hpht)],
        identifier=several(identifier(NOMOR, rencana.nomor)),
        status=STATUS[rencana.status],
        intent="plan",
        category=several(concept(KATEGORI, "ibu-hamil-risti"), concept(KELOMPOK, rencana.kelompok)),
        title="Rencana asuhan ibu hamil risiko tinggi",
        subject=reference("Patient", rencana.pasien),
        encounter=reference("Encounter", rencana.kunjungan),
        period=period(rencana.dibuat.date(), rencana.berakhir),
        created=rencana.dibuat,
        author=reference("PractitionerRole", rencana.penyusun),
        careTeam=several(reference("CareTeam", team)),
        addresses=several(*(reference("Condition", each) for each in rencana.masalah)),
        supportingInfo=several(reference("RiskAssessment", rencana.skor)),
        goal=several(*(reference("Goal", part_id(document_id, each)) for each in goals)),
        activity=kegiatan_asuhan.write(rencana, contacts),
        note=several(rencana.catatan and {"text": rencana.catatan}),
    )


def _goal(rencana: RencanaAsuhan, text: str) -> Any:
    return r4b.Goal(
        lifecycleStatus="active",
        description=r4b.CodeableConcept(text=text),
        subject=reference("Patient", rencana.pasien),
    )


def _team(rencana: RencanaAsuhan) -> Any:
    members: list[Any] = [{"member": reference("PractitionerRole", each)} for each in rencana.tim]
    return r4b.CareTeam(
        status="active", subject=reference("Patient", rencana.pasien), participant=members
    )


def _members(team: Document) -> tuple[str, ...]:
    return ids_of([each.get("member") for each in team.get("participant", ())], "PractitionerRole")


def _contact(rencana: RencanaAsuhan, kontak: KontakTerjadwal, document_id: str) -> Any:
    return contact(
        kontak,
        plan=document_id,
        pasien=rencana.pasien,
        kanal=rencana.jadwalPemantauan.kanal,
        dibuat=rencana.dibuat,
        peminta=rencana.penyusun,
        pelaksana=rencana.jadwalPemantauan.pelaksana,
    )


MAPPING = Mapping(
    resource_type="CarePlan",
    profile="RencanaAsuhanRisti",
    profiles={
        TIM: "TimAsuhan",
        "Goal": "TujuanAsuhan",
        "CommunicationRequest": "JadwalPemantauan",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    criteria=(("category", f"{KATEGORI}|ibu-hamil-risti"),),
    filters={
        "status": lambda word: f"status={STATUS[word]}",
        "nomor": "identifier",
        "pasien": "patient=Patient/{}",
        "kelompok": f"category={KELOMPOK}|{{}}",
    },
    constants=frozenset(
        {
            "CarePlan.extension.url",
            "CarePlan.identifier.system",
            "CarePlan.intent",
            "CarePlan.category.coding.system",
            "CarePlan.category.coding.code",
            "CarePlan.title",
            "CarePlan.period.start",
            "CarePlan.careTeam",
            "CarePlan.goal",
            "CarePlan.activity.detail.kind",
            "CarePlan.activity.detail.status",
            "CarePlan.activity.detail.code",
            "CarePlan.activity.detail.extension.url",
            "CarePlan.activity.detail.extension.extension.url",
            "CareTeam.status",
            "Goal.lifecycleStatus",
        }
    ),
)
