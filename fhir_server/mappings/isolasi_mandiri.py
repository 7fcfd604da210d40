"""IsolasiMandiri as EpisodeOfCare, with its Condition, its CarePlan and a Flag.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.codes import ICD_10, code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    instant_of,
    period,
    reference,
)
from fhir_server.sop.isolasi_mandiri import IsolasiMandiri, SyaratRumah, layak, lengkap
from fhir_server.sop.kehamilan import tahun_genap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document

HL7: Final = "http://terminology.hl7.org/CodeSystem/"
JENIS: Final = code_system("jenis-episode")
RENCANA: Final = code_system("kategori-rencana")
KEGIATAN: Final = code_system("jenis-kegiatan")
PENANDA: Final = code_system("penanda")
ISOLASI: Final = structure("isolasi-mandiri")
KONDISI, PLAN, FLAG = "kondisi", "rencana", "penanda"
HOME: Final = ("kamarTerpisah", "kamarMandi", "oksimeter")
STATUS: Final = {
    "berjalan": "active",
    "selesai": "finished",
    "dirujuk": "finished",
    "meninggal": "finished",
    "salah-entri": "entered-in-error",
}
ALONE: Final = {"active": "berjalan", "finished": "selesai", "entered-in-error": "salah-entri"}
PLAN_STATUS: Final = {"berjalan": "active", "salah-entri": "entered-in-error"}
FLAG_STATUS: Final = {"berjalan": "active", "salah-entri": "entered-in-error"}
CLINICAL: Final = {"selesai": "resolved", "meninggal": "inactive"}
CERTAIN: Final = {"U07.1": "confirmed", "U07.2": "provisional", "Z29.0": "confirmed"}


def to_fhir(isolasi: IsolasiMandiri, document_id: str) -> Resources:
    """Write the isolation, why, what is planned, and the flag that all staff see."""
    return {
        "": _episode(isolasi, document_id),
        KONDISI: _condition(isolasi),
        PLAN: _plan(isolasi, document_id),
        FLAG: _flag(isolasi),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an isolation."""
    episode, condition = resources[""], resources.get(KONDISI, {})
    said = extension_of(episode, ISOLASI) or {}
    home: dict[str, Any] = {
        name: each for name in HOME if (each := _part(said, name).get("valueBoolean")) is not None
    }
    symptoms = _part(said, "gejala").get("valueBoolean")
    return {
        "pasien": id_of(episode.get("patient"), "Patient"),
        "faskes": id_of(episode.get("managingOrganization"), "Organization"),
        "diagnosis": code_of(condition.get("code"), ICD_10),
        "gejala": symptoms,
        "syaratRumah": SyaratRumah(**home) if len(home) == len(HOME) else None,
        "mulai": day_of(episode.get("period", {}).get("start")),
        "penanggungJawab": id_of(episode.get("careManager"), "PractitionerRole"),
        "tglSpesimen": day_of(_part(said, "spesimen").get("valueDate")),
        "tglOnset": day_of(condition.get("onsetDateTime")) if symptoms else None,
        "gejalaTerakhir": day_of(_part(said, "gejalaTerakhir").get("valueDate")),
        "komorbid": tuple(
            e["valueString"] for e in said.get("extension", ()) if e.get("url") == "komorbid"
        ),
        "alasanPengecualian": _part(said, "alasanPengecualian").get("valueString"),
        "selesaiDihitung": day_of(_part(said, "selesaiDihitung").get("valueDate")),
        "status": state_of(episode),
        "diakhiri": instant_of(_part(said, "diakhiri").get("valueDateTime")),
        "diakhiriOleh": id_of(_part(said, "diakhiriOleh").get("valueReference")),
        "alasan": _part(said, "alasan").get("valueString"),
    }


def state_of(episode: Document) -> str | None:
    """Read the state: what the end says, where it agrees with the status."""
    status = episode.get("status", "")
    said = _part(extension_of(episode, ISOLASI) or {}, "akhir").get("valueCode", "")
    return said if STATUS.get(said) == status else ALONE.get(status)


def isolation_of(patient: str, reader: Reader) -> str | None:
    """Give the id of a patient's present isolation, or None."""
    pairs = [("patient", f"Patient/{patient}"), ("type", f"{JENIS}|isoman"), ("status", "active")]
    return min((str(each["id"]) for each in reader.find("EpisodeOfCare", pairs)), default=None)


def complete(
    isolasi: IsolasiMandiri, _before: Table[str, Any] | None, reader: Reader
) -> tuple[IsolasiMandiri, tuple[()]]:
    """Compute the end; refuse whom the home does not suit (eligibility)."""
    patient = reader.read(f"Patient/{isolasi.pasien}") or {}
    born = day_of(patient.get("birthDate"))
    age = 0 if born is None else tahun_genap(born, isolasi.mulai)
    if reproof := layak(isolasi, age):
        raise Invalid(
            [
                Issue(
                    "business-rule",
                    reproof.english or reproof.kalimat,
                    reproof.bidang,
                    indonesian=reproof.kalimat,
                    rule=reproof.aturan,
                )
            ]
        )
    return lengkap(isolasi), ()


def said_of(isolasi: IsolasiMandiri) -> Any:
    """Write what R4's EpisodeOfCare has no element for."""
    home = isolasi.syaratRumah
    ended_by = reference("PractitionerRole", isolasi.diakhiriOleh)
    parts: list[tuple[str, str, Any]] = [
        ("gejala", "valueBoolean", isolasi.gejala),
        *((name, "valueBoolean", getattr(home, name)) for name in HOME),
        ("spesimen", "valueDate", isolasi.tglSpesimen),
        ("gejalaTerakhir", "valueDate", isolasi.gejalaTerakhir),
        ("selesaiDihitung", "valueDate", isolasi.selesaiDihitung),
        *(("komorbid", "valueString", each) for each in isolasi.komorbid),
        ("alasanPengecualian", "valueString", isolasi.alasanPengecualian),
        ("akhir", "valueCode", None if isolasi.status == "berjalan" else isolasi.status),
        ("diakhiri", "valueDateTime", isolasi.diakhiri),
        ("diakhiriOleh", "valueReference", ended_by),
        ("alasan", "valueString", isolasi.alasan),
    ]
    return r4b.Extension(
        url=ISOLASI,
        extension=[r4b.Extension(url=u, **{k: v}) for u, k, v in parts if v is not None],
    )


def _episode(isolasi: IsolasiMandiri, own_id: str) -> Any:
    found: Any = [{"condition": reference("Condition", part_id(own_id, KONDISI))}]
    return r4b.EpisodeOfCare(
        extension=[said_of(isolasi)],
        status=STATUS[isolasi.status],
        type=[concept(JENIS, "isoman", "Isolasi mandiri")],
        diagnosis=found,
        patient=reference("Patient", isolasi.pasien),
        managingOrganization=reference("Organization", isolasi.faskes),
        period=period(isolasi.mulai, isolasi.diakhiri and isolasi.diakhiri.date()),
        careManager=reference("PractitionerRole", isolasi.penanggungJawab),
    )


def _condition(isolasi: IsolasiMandiri) -> Any:
    wrong = isolasi.status == "salah-entri"
    clinical = concept(f"{HL7}condition-clinical", CLINICAL.get(isolasi.status, "active"))
    certain = "entered-in-error" if wrong else CERTAIN[isolasi.diagnosis]
    onset: Any = isolasi.tglOnset
    recorded: Any = isolasi.mulai
    return r4b.Condition(
        clinicalStatus=None if wrong else clinical,
        verificationStatus=concept(f"{HL7}condition-ver-status", certain),
        category=[concept(f"{HL7}condition-category", "problem-list-item")],
        code=concept(ICD_10, isolasi.diagnosis),
        subject=reference("Patient", isolasi.pasien),
        onsetDateTime=onset,
        recordedDate=recorded,
        recorder=reference("PractitionerRole", isolasi.penanggungJawab),
    )


def _plan(isolasi: IsolasiMandiri, own_id: str) -> Any:
    bounds = period(isolasi.mulai, isolasi.selesaiDihitung)
    twice: Any = {"boundsPeriod": bounds, "frequency": 2, "period": 1, "periodUnit": "d"}
    daily: Any = {"boundsPeriod": bounds, "frequency": 1, "period": 1, "periodUnit": "d"}
    status = "in-progress" if isolasi.status == "berjalan" else "completed"
    readings: Any = {
        "code": concept(KEGIATAN, "pemantauan"),
        "status": status,
        "scheduledTiming": {"repeat": twice},
        "performer": [reference("Patient", isolasi.pasien)],
        "description": "Gejala, suhu, SpO₂ dan napas, pagi dan sore",
    }
    chat: Any = {
        "code": concept(KEGIATAN, "chat-pemantauan"),
        "status": status,
        "scheduledTiming": {"repeat": daily},
        "performer": [reference("PractitionerRole", isolasi.penanggungJawab)],
        "description": "Petugas menanyakan keadaan lewat chat",
    }
    return r4b.CarePlan(
        status=PLAN_STATUS.get(isolasi.status, "completed"),
        intent="plan",
        category=[concept(RENCANA, "isoman")],
        title="Rencana isolasi mandiri",
        subject=reference("Patient", isolasi.pasien),
        period=bounds,
        author=reference("PractitionerRole", isolasi.penanggungJawab),
        addresses=[reference("Condition", part_id(own_id, KONDISI))],
        activity=[{"detail": readings}, {"detail": chat}],
    )


def _flag(isolasi: IsolasiMandiri) -> Any:
    ended = isolasi.diakhiri and isolasi.diakhiri.date()
    return r4b.Flag(
        status=FLAG_STATUS.get(isolasi.status, "inactive"),
        category=[concept(f"{HL7}flag-category", "clinical")],
        code=concept(PENANDA, "isoman", "Isolasi mandiri"),
        subject=reference("Patient", isolasi.pasien),
        period=period(isolasi.mulai, ended),
        author=reference("PractitionerRole", isolasi.penanggungJawab),
    )


def _part(extension: Document, name: str) -> Document:
    return next((e for e in extension.get("extension", ()) if e.get("url") == name), {})


MAPPING = Mapping(
    resource_type="EpisodeOfCare",
    profile="EpisodeIsolasiMandiri",
    profiles={
        KONDISI: "DiagnosisPuskesmas",
        PLAN: "RencanaIsolasiMandiri",
        FLAG: "PenandaIsoman",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(kondisi="Condition", rencana="CarePlan", penanda="Flag"),
    complete=complete,
    criteria=(("type", f"{JENIS}|isoman"),),
    filters={
        "pasien": "patient=Patient/{}",
        "mulai": "date",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "EpisodeOfCare.extension.url",
            "EpisodeOfCare.extension.extension.url",
            "EpisodeOfCare.type",
            "EpisodeOfCare.diagnosis",
            "Condition.category",
            "Condition.clinicalStatus.coding.system",
            "Condition.verificationStatus.coding.system",
            "Condition.code.coding.system",
            "CarePlan.intent",
            "CarePlan.category",
            "CarePlan.title",
            "CarePlan.addresses",
            "CarePlan.activity.detail.code",
            "CarePlan.activity.detail.description",
            "CarePlan.activity.detail.scheduledTiming.repeat.frequency",
            "CarePlan.activity.detail.scheduledTiming.repeat.period",
            "CarePlan.activity.detail.scheduledTiming.repeat.periodUnit",
            "Flag.category",
            "Flag.code",
        }
    ),
)
