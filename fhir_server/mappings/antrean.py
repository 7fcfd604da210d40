"""Antrean as Appointment.

https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.codes import CANONICAL, code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.sop.antrean import alasan_prioritas, alasan_terbukti, tutup
from fhir_server.store.ops import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from datetime import date, datetime

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.antrean import Antrean
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Condition

UNIT, ALASAN = code_system("unit-layanan"), code_system("alasan-prioritas")
RUJUKAN_INTERNAL = f"{code_system('jenis-rujukan')}|internal"
ALASAN_URL, PANGGIL_URL = structure("alasan-prioritas"), structure("waktu-panggil")
STATUS_URL = structure("status-antrean")
NOMOR = "nomor-antrean"
WALK_IN = ("http://terminology.hl7.org/CodeSystem/v2-0276", "WALKIN")
DAHULU, BIASA = 1, 5
STATUS = {
    "menunggu": "arrived",
    "dipanggil": "checked-in",
    "dilayani": "checked-in",
    "selesai": "fulfilled",
    "batal": "cancelled",
    "tidak-hadir": "noshow",
}
DIBACA = {"checked-in": "dipanggil"} | {v: k for k, v in STATUS.items() if v != "checked-in"}


def to_fhir(antrean: Antrean, _id: str) -> Resources:
    """Write a number in the queue; R4 wants start and end, so it lasts until the unit closes."""
    place = reference("Location", antrean.lokasi)
    appointment = r4b.Appointment(
        extension=_extensions(antrean),
        identifier=[identifier(sid(NOMOR, antrean.faskes), nomor_lengkap(antrean))],
        status=STATUS[antrean.status],
        serviceType=[concept(UNIT, antrean.unit)],
        appointmentType=concept(*WALK_IN),
        priority=DAHULU if antrean.prioritas else BIASA,
        start=antrean.ambil,
        end=antrean.ambil and tutup(antrean.ambil),
        created=antrean.ambil,
        participant=[
            {"actor": reference("Patient", antrean.pasien), "status": "accepted"},
            *([{"actor": place, "status": "accepted"}] if place else ()),
        ],
    )
    return {"": appointment}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a number in the queue; ``Appointment.status`` decides, the extension only refines."""
    appointment = resources[""]
    start = instant_of(appointment.get("start"))
    actors = [each.get("actor") for each in appointment.get("participant", ())]
    status = DIBACA.get(appointment.get("status", ""))
    finer = (extension_of(appointment, STATUS_URL) or {}).get("valueCode")
    reason = (extension_of(appointment, ALASAN_URL) or {}).get("valueCodeableConcept")
    called = (extension_of(appointment, PANGGIL_URL) or {}).get("valueDateTime")
    return {
        "faskes": faskes_of(appointment),
        "unit": code_of(appointment.get("serviceType"), UNIT),
        "tanggal": start and start.date(),
        "pasien": next((found for each in actors if (found := id_of(each, "Patient"))), None),
        "status": finer if STATUS.get(finer or "") == appointment.get("status") else status,
        "alasanPrioritas": code_of(reason, ALASAN),
        "prioritas": appointment.get("priority") == DAHULU,
        "nomor": nomor_of(appointment),
        "ambil": start,
        "panggil": instant_of(called),
        "lokasi": next((found for each in actors if (found := id_of(each, "Location"))), None),
    }


def complete(
    antrean: Antrean, before: Table[str, Any] | None, reader: Reader
) -> tuple[Antrean, tuple[Condition, ...]]:
    """Give the number, gap-free for its unit and day, and the reason to go first."""
    ambil = antrean.ambil or (before or {}).get("ambil") or reader.now
    alasan = _alasan(antrean, (before or {}).get("alasanPrioritas"), reader)
    panggil = antrean.panggil or (before or {}).get("panggil")
    if panggil is None and antrean.status in {"dipanggil", "dilayani"}:
        panggil = reader.now
    known = replace(
        antrean,
        ambil=ambil,
        panggil=panggil,
        alasanPrioritas=alasan,
        prioritas=alasan is not None,
        nomor=(before or {}).get("nomor"),
    )
    if before is not None:
        return known, ()
    return _numbered(known, reader)


def _numbered(antrean: Antrean, reader: Reader) -> tuple[Antrean, tuple[Condition, ...]]:
    """Take the next number; the counter passes those that came by FHIR."""
    key = f"antrean/{antrean.faskes}/{antrean.unit}/{antrean.tanggal:%Y%m%d}"
    last = reader.tally(key)
    steps = [Tally(key, last)]
    while _is_taken(taken := replace(antrean, nomor=last + len(steps)), reader):
        steps.append(Tally(key, last + len(steps)))
    return taken, tuple(steps)


def _is_taken(antrean: Antrean, reader: Reader) -> bool:
    number = f"{sid(NOMOR, antrean.faskes)}|{nomor_lengkap(antrean)}"
    return bool(reader.find("Appointment", [("identifier", number)]))


def called(appointment: Document, when: datetime) -> Document:
    """Call a number: it waits no longer, and it is known since when."""
    kept = [
        each
        for each in appointment.get("extension", ())
        if each.get("url") not in {PANGGIL_URL, STATUS_URL}
    ]
    moment = {"url": PANGGIL_URL, "valueDateTime": when.isoformat(timespec="seconds")}
    return {**appointment, "extension": [*kept, moment], "status": STATUS["dipanggil"]}


def nomor_lengkap(antrean: Antrean) -> str:
    """Write the number with its unit and day (``kia-20240402-014``)."""
    return f"{antrean.unit}-{antrean.tanggal:%Y%m%d}-{antrean.nomor or 0:03d}"


def nomor_of(appointment: Document) -> int | None:
    """Read the number within its unit and day."""
    last = (identifier_of(appointment, sid(NOMOR) + "/") or "").rpartition("-")[2]
    return int(last) if last.isascii() and last.isdigit() else None


def faskes_of(appointment: Document) -> str | None:
    """Read from the identifier's system whose queue it is."""
    own = sid(NOMOR) + "/"
    systems = (each.get("system", "") for each in appointment.get("identifier", ()))
    return next((system.removeprefix(own) for system in systems if system.startswith(own)), None)


def _alasan(antrean: Antrean, stands: str | None, reader: Reader) -> Any:
    """Give why a patient goes first; a reason that stands already is not judged again."""
    if stands is not None and antrean.alasanPrioritas == stands:
        return stands
    patient = reader.read(f"Patient/{antrean.pasien}")
    if patient is None:
        says = f"pasien: tidak ada pasien {antrean.pasien}. Seharusnya: id pasien yang terdaftar."
        raise Invalid([Issue("not-found", says, "pasien", indonesian=says)])
    known = patients.from_fhir({"": patient})
    if (claimed := antrean.alasanPrioritas) is not None:
        allowed, born = reader.settings.queue_pregnant, known["tanggalLahir"]
        referred = claimed != "rujukan-internal" or _is_referred(antrean, reader)
        if wrong := alasan_terbukti(
            claimed, born, antrean.tanggal, ibu_hamil=allowed, dirujuk=referred
        ):
            raise Invalid([_unproved(wrong)])
        return claimed
    derived = alasan_prioritas(
        known["tanggalLahir"], antrean.tanggal, disabilitas=known["disabilitas"]
    )
    if derived is not None:
        return derived
    if _is_referred(antrean, reader):
        return "rujukan-internal"
    return "ibu-hamil" if reader.settings.queue_pregnant and _is_pregnant(antrean, reader) else None


def _is_referred(antrean: Antrean, reader: Reader) -> bool:
    """Say whether an internal referral of the day asks for this unit."""
    pairs = [("patient", f"Patient/{antrean.pasien}"), ("category", RUJUKAN_INTERNAL)]
    asked = reader.find("ServiceRequest", pairs)
    return any(asks_for(each, antrean.unit, antrean.tanggal) for each in asked)


def _is_pregnant(antrean: Antrean, reader: Reader) -> bool:
    pairs = [
        ("patient", f"Patient/{antrean.pasien}"),
        ("type", f"{EPISODE_TYPE}|ANC"),
        ("status", "active"),
    ]
    return bool(reader.find("EpisodeOfCare", pairs))


def _unproved(wrong: Teguran) -> Issue:
    words = wrong.kalimat
    return Issue("business-rule", words, wrong.bidang, indonesian=words, rule=wrong.aturan)


def asks_for(request: Document, unit: str, day: date, system: str = UNIT) -> bool:
    """Say whether an internal referral asks for a unit on a day: it waits still, or was of it."""
    written = instant_of(request.get("authoredOn"))
    of_day = request.get("status") == "completed" and written is not None and written.date() == day
    if request.get("status") != "active" and not of_day:
        return False
    concepts = (request.get("code"), request.get("performerType"))
    places = request.get("locationCode", ())
    return unit in {code_of(each, system) for each in (*concepts, *places)}


def _extensions(antrean: Antrean) -> list[Any] | None:
    reason = concept(ALASAN, antrean.alasanPrioritas)
    called, served = antrean.panggil, antrean.status == "dilayani"
    return several(
        reason and r4b.Extension(url=ALASAN_URL, valueCodeableConcept=reason),
        called and r4b.Extension(url=PANGGIL_URL, valueDateTime=called),
        r4b.Extension(url=STATUS_URL, valueCode=antrean.status) if served else None,
    )


MAPPING = Mapping(
    resource_type="Appointment",
    profile="AntreanLoket",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    criteria=(("appointment-type", "|".join(WALK_IN)),),
    filters={
        "faskes": f"identifier={CANONICAL}/sid/{NOMOR}/{{}}|",
        "unit": f"service-type={UNIT}|{{}}",
        "tanggal": "date",
        "pasien": "patient=Patient/{}",
        "lokasi": "location=Location/{}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="date",
    constants=frozenset(
        {
            "Appointment.extension.url",
            "Appointment.extension.valueCodeableConcept.coding.system",
            "Appointment.serviceType.coding.system",
            "Appointment.appointmentType",
            "Appointment.participant.status",
        }
    ),
)
