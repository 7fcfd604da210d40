"""The activities of a care plan: what is planned, the birth, and the rhythm of contact.

CarePlan.activity holds either a reference to a request or a detail, never both (cpl-3).

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.kontak_terjadwal import REPEAT
from fhir_server.mappings.medium import MEDIUM
from fhir_server.sop.rencana_asuhan import (
    FasePemantauan,
    JadwalAsuhan,
    Kegiatan,
    KegiatanAsuhan,
    RencanaPersalinan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from fhir_server.resources.wire import Document
    from fhir_server.sop.rencana_asuhan import KontakTerjadwal, RencanaAsuhan

JENIS: Final = code_system("jenis-kegiatan")
PERSALINAN: Final = structure("rencana-persalinan")
BAGIAN: Final = ("tempat", "penolong", "pendamping", "transport", "donorDarah")


def write(rencana: RencanaAsuhan, contacts: list[Any]) -> list[Any]:
    """Write all activities: details first, then what has a request of its own."""
    jadwal = rencana.jadwalPemantauan
    details: list[Any] = [
        _birth(rencana.rencanaPersalinan),
        _monitoring(jadwal),
        *(_phase(each, jadwal) for each in jadwal.fase),
        *(_planned(each) for each in rencana.kegiatan),
    ]
    requests = [reference("ServiceRequest", each) for each in rencana.permintaan]
    return [
        *({"detail": each} for each in details),
        *({"reference": each} for each in [*contacts, *requests]),
    ]


def read(plan: Document, kontak: tuple[KontakTerjadwal, ...]) -> dict[str, Any]:
    """Read the fields that activities hold."""
    details = [each.get("detail", {}) for each in plan.get("activity", ())]
    references = [each.get("reference") for each in plan.get("activity", ())]
    return {
        "rencanaPersalinan": next(_births(details), None),
        "jadwalPemantauan": next(_schedules(details, kontak), None),
        "kegiatan": tuple(_plans(details)),
        "permintaan": ids_of(references, "ServiceRequest"),
    }


def _birth(rencana: RencanaPersalinan) -> dict[str, Any]:
    said = {name: getattr(rencana, name) for name in BAGIAN}
    said = {name: value for name, value in said.items() if value is not None}
    inner = [r4b.Extension(url=name, valueString=value) for name, value in said.items()]
    return {
        "extension": [r4b.Extension(url=PERSALINAN, extension=inner)],
        "code": concept(JENIS, "persalinan"),
        "status": "scheduled",
        "description": "; ".join(f"{name}: {value}" for name, value in said.items()),
    }


def _births(details: list[Document]) -> Iterator[RencanaPersalinan]:
    for each in details:
        found = extension_of(each, PERSALINAN) or {}
        said: dict[str, Any] = {
            e.get("url"): e.get("valueString") for e in found.get("extension", ())
        }
        if said.get("tempat") and said.get("penolong"):
            known: dict[str, Any] = {name: said.get(name) for name in BAGIAN}
            yield RencanaPersalinan(**known)


def _monitoring(jadwal: JadwalAsuhan) -> dict[str, Any]:
    codings = [
        r4b.Coding(system=JENIS, code="pemantauan"),
        r4b.Coding(system=MEDIUM, code=jadwal.kanal),
    ]
    return {
        "kind": "CommunicationRequest",
        "code": r4b.CodeableConcept(coding=codings),
        "status": "scheduled",
        "scheduledPeriod": period(jadwal.mulai, jadwal.berakhir),
        "performer": [reference("PractitionerRole", jadwal.pelaksana)],
    }


def _schedules(
    details: list[Document], kontak: tuple[KontakTerjadwal, ...]
) -> Iterator[JadwalAsuhan]:
    for each in details:
        if code_of(each.get("code"), JENIS) != "pemantauan":
            continue
        start, end = _bounds(each.get("scheduledPeriod", {}))
        by = next(iter(ids_of(each.get("performer"), "PractitionerRole")), None)
        kanal: Any = code_of(each.get("code"), MEDIUM)
        if start and by and kanal:
            yield JadwalAsuhan(
                kanal=kanal,
                pelaksana=by,
                mulai=start,
                berakhir=end,
                fase=tuple(_phases(details)),
                kontak=kontak,
            )


def _phase(fase: FasePemantauan, jadwal: JadwalAsuhan) -> dict[str, Any]:
    frequency, length, unit = REPEAT[fase.frekuensi]
    repeat = {
        "boundsPeriod": period(fase.mulai, fase.berakhir),
        "frequency": frequency,
        "period": length,
        "periodUnit": unit,
    }
    return {
        "kind": "CommunicationRequest",
        "code": concept(JENIS, "chat-pemantauan"),
        "status": "scheduled",
        "scheduledTiming": {"repeat": repeat},
        "performer": [reference("PractitionerRole", jadwal.pelaksana)],
    }


def _phases(details: list[Document]) -> Iterator[FasePemantauan]:
    rhythms: dict[tuple[Any, ...], Any] = {value: key for key, value in REPEAT.items()}
    for each in details:
        if code_of(each.get("code"), JENIS) != "chat-pemantauan":
            continue
        repeat = each.get("scheduledTiming", {}).get("repeat", {})
        rhythm = rhythms.get(
            (repeat.get("frequency"), repeat.get("period"), repeat.get("periodUnit"))
        )
        start, end = _bounds(repeat.get("boundsPeriod", {}))
        if rhythm and start and end:
            yield FasePemantauan(frekuensi=rhythm, mulai=start, berakhir=end)


def _planned(kegiatan: KegiatanAsuhan) -> dict[str, Any]:
    return {
        "code": concept(JENIS, kegiatan.jenis),
        "status": "not-started",
        "scheduledPeriod": kegiatan.tanggal and period(kegiatan.tanggal, kegiatan.tanggal),
        "location": reference("Location", kegiatan.tempat),
        "performer": several(reference("PractitionerRole", kegiatan.pelaksana)),
        "description": kegiatan.uraian,
    }


def _plans(details: list[Document]) -> Iterator[KegiatanAsuhan]:
    for each in details:
        jenis: Any = code_of(each.get("code"), JENIS)
        if jenis in get_args(Kegiatan):
            yield KegiatanAsuhan(
                jenis=jenis,
                uraian=each.get("description"),
                tanggal=_bounds(each.get("scheduledPeriod", {}))[0],
                pelaksana=next(iter(ids_of(each.get("performer"), "PractitionerRole")), None),
                tempat=id_of(each.get("location"), "Location"),
            )


def _bounds(found: Document) -> tuple[date | None, date | None]:
    return day_of(found.get("start")), day_of(found.get("end"))
