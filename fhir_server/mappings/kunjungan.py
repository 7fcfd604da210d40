"""Kunjungan as Encounter.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, kontak_kia, r4b
from fhir_server.mappings import antrean as queue
from fhir_server.mappings.codes import ACT_CODE, code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
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
from fhir_server.mappings.layanan_tertunda import postponed
from fhir_server.mappings.skrining_kunjungan import stops
from fhir_server.sop.antrean import ALUR_ANTREAN
from fhir_server.sop.kunjungan import (
    BERAKHIR,
    INGGRIS,
    LayananTertunda,
    PerhentianRute,
    RiwayatLokasi,
    RiwayatStatus,
    lanjutkan,
    pindahkan,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kunjungan import Kunjungan
    from fhir_server.store.ops import Condition

UNIT, KLASTER = code_system("unit-layanan"), code_system("klaster")
PENJAMIN = code_system("jenis-penjamin")
KLASTER_URL, CARA_BAYAR_URL = structure("klaster"), structure("cara-bayar")
RUTE_URL = structure("rute")
ALASAN_BATAL_URL = structure("alasan-batal")
NO_REG = "no-registrasi"
KONTAK_ANC = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/ANC"
KONTAK_NIFAS = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/puerperium"
KONTAK_NEONATAL = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/neonate"
PRIORITY = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
PRIORITAS = {"gawat-darurat": "EM", "segera": "UR", "rutin": "R"}
DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
STATUS = INGGRIS
DIBACA = {fhir: sop for sop, fhir in STATUS.items()}
PULANG = {
    "pulang": "home",
    "pulang-paksa": "aadvice",
    "dirujuk": "other-hcf",
    "meninggal": "exp",
    "lainnya": "oth",
}
DIPULANGKAN = {fhir: sop for sop, fhir in PULANG.items()}


def to_fhir(kunjungan: Kunjungan, _id: str) -> Resources:
    """Write a visit with the whole course of its states and places."""
    disposition = concept(DISPOSITION, PULANG.get(kunjungan.caraPulang or ""))
    performer = reference("PractitionerRole", kunjungan.petugas)
    encounter = r4b.Encounter(
        extension=_extensions(kunjungan),
        identifier=several(
            identifier(sid(NO_REG, kunjungan.faskes), kunjungan.noReg),
            identifier(KONTAK_ANC, kunjungan.kodeKontak),
            identifier(KONTAK_NIFAS, kunjungan.kodeNifas),
            identifier(KONTAK_NEONATAL, kunjungan.kodeNeonatal),
        ),
        status=STATUS[kunjungan.status],
        statusHistory=[
            {"status": STATUS[each.status], "period": period(each.mulai, each.selesai)}
            for each in kunjungan.riwayatStatus
        ]
        or None,
        class_fhir=r4b.Coding(system=ACT_CODE, code=kunjungan.kelas),
        serviceType=concept(UNIT, kunjungan.unit),
        priority=concept(PRIORITY, PRIORITAS.get(kunjungan.prioritas or "")),
        subject=reference("Patient", kunjungan.pasien),
        episodeOfCare=several(reference("EpisodeOfCare", kunjungan.episode)),
        participant=[{"individual": performer}] if performer else None,
        appointment=several(reference("Appointment", kunjungan.antrean)),
        period=period(kunjungan.mulai, kunjungan.selesai),
        diagnosis=[{"condition": reference("Condition", each)} for each in kunjungan.diagnosis]
        or None,
        hospitalization={"dischargeDisposition": disposition} if disposition else None,
        location=[_location(each) for each in kunjungan.riwayatLokasi] or None,
        serviceProvider=reference("Organization", kunjungan.faskes),
    )
    return {"": encounter}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a visit, also one that another system has moved on."""
    encounter = resources[""]
    course = _course(encounter)
    places = _places(encounter)
    here = [each for each in encounter.get("location", ()) if each.get("status") == "active"]
    duration = encounter.get("period", {})
    persons = [each.get("individual") for each in encounter.get("participant", ())]
    disposition = encounter.get("hospitalization", {}).get("dischargeDisposition")
    status = DIBACA.get(encounter.get("status", ""))
    return {
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "noReg": identifier_of(encounter, sid(NO_REG) + "/"),
        "pasien": id_of(encounter.get("subject"), "Patient"),
        "kelas": encounter.get("class", {}).get("code"),
        "unit": code_of(encounter.get("serviceType"), UNIT),
        "klaster": code_of(_extended(encounter, KLASTER_URL), KLASTER),
        "mulai": instant_of(duration.get("start")),
        "status": status,
        "statusSejak": course[-1].mulai if course and course[-1].status == status else None,
        "selesai": instant_of(duration.get("end")),
        "antrean": next(iter(ids_of(encounter.get("appointment"), "Appointment")), None),
        "episode": next(iter(ids_of(encounter.get("episodeOfCare"), "EpisodeOfCare")), None),
        "kodeKontak": identifier_of(encounter, KONTAK_ANC),
        "kodeNifas": identifier_of(encounter, KONTAK_NIFAS),
        "kodeNeonatal": identifier_of(encounter, KONTAK_NEONATAL),
        "prioritas": _priority(encounter),
        "petugas": next(iter(ids_of(filter(None, persons), "PractitionerRole")), None),
        "lokasi": id_of(here[-1].get("location"), "Location") if here else None,
        "caraBayar": code_of(_extended(encounter, CARA_BAYAR_URL), PENJAMIN),
        "caraPulang": DIPULANGKAN.get(code_of(disposition, DISPOSITION) or ""),
        "diagnosis": ids_of(
            (each.get("condition", {}) for each in encounter.get("diagnosis", ())), "Condition"
        ),
        "alasanBatal": (extension_of(encounter, ALASAN_BATAL_URL) or {}).get("valueString"),
        "riwayatStatus": course,
        "riwayatLokasi": places,
        "rute": _route(encounter),
        "layananTertunda": tuple(
            LayananTertunda(layanan=service, janji=promise)
            for service, promise in postponed(encounter)
        ),
    }


def complete(
    kunjungan: Kunjungan, before: Table[str, Any] | None, reader: Reader
) -> tuple[Kunjungan, tuple[Condition, ...]]:
    """Carry on the history of states and places; the client says only how it is now."""
    known = before or {}
    course, places = known.get("riwayatStatus", ()), known.get("riwayatLokasi", ())
    since = kunjungan.statusSejak or (reader.now if before else kunjungan.mulai)
    if before is None or known.get("status") != kunjungan.status or not course:
        course = lanjutkan(course, kunjungan.status, since)
    ended = kunjungan.status in BERAKHIR
    if kunjungan.lokasi != known.get("lokasi") or ended:
        stays = kunjungan.lokasi == known.get("lokasi")
        places = pindahkan(places, None if ended and stays else kunjungan.lokasi, since)
    end = kunjungan.selesai or (known.get("selesai") or since if ended else None)
    coded, conditions = kontak_kia.coded(kunjungan, known, reader)
    whole = replace(
        coded,
        riwayatStatus=course,
        riwayatLokasi=places,
        statusSejak=course[-1].mulai,
        selesai=end,
    )
    return whole, conditions


def amend(kunjungan: Kunjungan, _id: str, reader: Reader) -> dict[str, Document]:
    """Move the visit's number in the queue on: served with the visit, done or cancelled with it."""
    name = f"Appointment/{kunjungan.antrean}"
    appointment = reader.read(name) if kunjungan.antrean else None
    wanted = {"dilayani": "checked-in", "selesai": "fulfilled", "batal": "cancelled"}
    status = wanted.get(kunjungan.status)
    if appointment is None or status is None or not _moves(appointment, status):
        return {}
    return {name: {**appointment, "status": status}}


def _moves(appointment: Document, status: str) -> bool:
    """Say whether a number in the queue is still to go there; one that ended stays as it is."""
    now = queue.DIBACA.get(appointment.get("status", ""))
    return appointment.get("status") != status and ALUR_ANTREAN.boleh(now, queue.DIBACA[status])


def _extensions(kunjungan: Kunjungan) -> list[Any] | None:
    payer = concept(PENJAMIN, kunjungan.caraBayar)
    why = kunjungan.alasanBatal
    return several(
        r4b.Extension(url=KLASTER_URL, valueCodeableConcept=concept(KLASTER, kunjungan.klaster)),
        payer and r4b.Extension(url=CARA_BAYAR_URL, valueCodeableConcept=payer),
        r4b.Extension(url=ALASAN_BATAL_URL, valueString=why) if why else None,
    )


def _priority(encounter: Document) -> str | None:
    code = code_of(encounter.get("priority"), PRIORITY)
    return next((sop for sop, fhir in PRIORITAS.items() if fhir == code), None)


def _extended(encounter: Document, url: str) -> Document | None:
    return (extension_of(encounter, url) or {}).get("valueCodeableConcept")


def _location(each: RiwayatLokasi) -> dict[str, Any]:
    return {
        "location": reference("Location", each.lokasi),
        "status": "active" if each.selesai is None else "completed",
        "period": period(each.mulai, each.selesai),
    }


def _course(encounter: Document) -> tuple[RiwayatStatus, ...]:
    found = []
    for each in encounter.get("statusHistory", ()):
        status = DIBACA.get(each.get("status", ""))
        start = instant_of(each.get("period", {}).get("start"))
        if status is not None and start is not None:
            end = instant_of(each["period"].get("end"))
            found.append(RiwayatStatus(status=status, mulai=start, selesai=end))  # type: ignore[arg-type]
    return tuple(found)


def _route(encounter: Document) -> tuple[PerhentianRute, ...]:
    """Read the route that was decided on (C3)."""
    found: list[dict[str, Any]] = list(stops(encounter, RUTE_URL))
    return tuple(
        PerhentianRute(
            unit=each["unit"],
            klaster=each["klaster"],
            ruangInfeksi=bool(each.get("ruang-infeksi")),
            alasan=each.get("alasan"),
        )
        for each in found
        if "unit" in each and "klaster" in each
    )


def _places(encounter: Document) -> tuple[RiwayatLokasi, ...]:
    found = []
    for each in encounter.get("location", ()):
        place = id_of(each.get("location"), "Location")
        if place is not None and each.get("status") in {"active", "completed"}:
            span = each.get("period", {})
            start, end = instant_of(span.get("start")), instant_of(span.get("end"))
            found.append(RiwayatLokasi(lokasi=place, mulai=start, selesai=end))
    return tuple(found)


MAPPING = Mapping(
    resource_type="Encounter",
    profile="KunjunganPuskesmas",
    varieties={"KunjunganANC": kontak_kia.is_antenatal},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    amend=amend,
    filters={
        "faskes": "service-provider=Organization/{}",
        "noReg": "identifier",
        "pasien": "patient=Patient/{}",
        "kelas": f"class={ACT_CODE}|{{}}",
        "unit": f"service-type={UNIT}|{{}}",
        "klaster": f"klaster={KLASTER}|{{}}",
        "mulai": "date",
        "status": lambda status: f"status={STATUS.get(status, status)}",
        "antrean": "appointment=Appointment/{}",
        "episode": "episode-of-care=EpisodeOfCare/{}",
        "lokasi": "location=Location/{}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Encounter.extension.url",
            "Encounter.extension.valueCodeableConcept.coding.system",
            "Encounter.identifier.system",
            "Encounter.class.system",
            "Encounter.serviceType.coding.system",
            "Encounter.priority.coding.system",
            "Encounter.hospitalization.dischargeDisposition.coding.system",
        }
    ),
)
