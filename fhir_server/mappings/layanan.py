"""Layanan as HealthcareService.

https://hl7.org/fhir/R4/healthcareservice.html
"""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import (
    code_of,
    codes_of,
    concept,
    id_of,
    ids_of,
    reference,
    several,
)
from fhir_server.sop.layanan import JamLayanan, Kontak

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.layanan import Layanan

LAYANAN: Final = code_system("layanan-konsultasi")
KARAKTERISTIK: Final = code_system("karakteristik-layanan")
MEDIUM: Final = code_system("medium-komunikasi")
HARI: Final = {
    "senin": "mon",
    "selasa": "tue",
    "rabu": "wed",
    "kamis": "thu",
    "jumat": "fri",
    "sabtu": "sat",
    "minggu": "sun",
}
SALURAN: Final = {
    "telepon": ("phone", ""),
    "whatsapp": ("url", "https://wa.me/"),
    "email": ("email", ""),
    "situs": ("url", ""),
    "instagram": ("url", "https://instagram.com/"),
}


def to_fhir(layanan: Layanan, _id: str) -> Resources:
    """Write a service."""
    eligible: Any = [{"code": r4b.CodeableConcept(text=layanan.syarat)}] if layanan.syarat else None
    traits = [concept(KARAKTERISTIK, each) for each in layanan.karakteristik]
    channels = [concept(MEDIUM, each) for each in layanan.kanal]
    hours: Any = [_hours(each) for each in layanan.jam] or None
    service = r4b.HealthcareService(
        active=layanan.aktif,
        providedBy=reference("Organization", layanan.faskes),
        type=[concept(LAYANAN, layanan.jenis)],
        name=layanan.nama,
        comment=layanan.keterangan,
        telecom=[_telecom(each) for each in layanan.kontak] or None,
        coverageArea=several(*(reference("Location", each) for each in layanan.wilayah)),
        eligibility=eligible,
        characteristic=[*traits, *channels] or None,
        availableTime=hours,
    )
    return {"": service}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a service."""
    service = resources[""]
    texts = [each.get("code", {}).get("text") for each in service.get("eligibility", ())]
    return {
        "nama": service.get("name"),
        "jenis": code_of(service.get("type"), LAYANAN),
        "faskes": id_of(service.get("providedBy"), "Organization"),
        "keterangan": service.get("comment"),
        "syarat": next(filter(None, texts), None),
        "wilayah": ids_of(service.get("coverageArea"), "Location"),
        "karakteristik": codes_of(service.get("characteristic"), KARAKTERISTIK),
        "kanal": codes_of(service.get("characteristic"), MEDIUM),
        "kontak": tuple(_contacts(service)),
        "jam": tuple(_times(service)),
        "aktif": service.get("active") is not False,
    }


def _telecom(kontak: Kontak) -> Any:
    system, prefix = SALURAN[kontak.saluran]
    return r4b.ContactPoint(system=system, value=prefix + kontak.nilai)


def _contacts(service: Document) -> Iterator[Kontak]:
    for each in service.get("telecom", ()):
        value = each.get("value", "")
        for saluran, (system, prefix) in SALURAN.items():
            own = saluran != "situs" or not value.startswith(
                ("https://wa.me/", "https://instagram.")
            )
            if each.get("system") == system and value.startswith(prefix) and own:
                yield Kontak(saluran=saluran, nilai=value.removeprefix(prefix))  # type: ignore[arg-type]
                break


def _hours(jam: JamLayanan) -> dict[str, Any]:
    days = [HARI[each] for each in jam.hari]
    if jam.mulai is None:
        return {"daysOfWeek": days, "allDay": True}
    return {
        "daysOfWeek": days,
        "availableStartTime": jam.mulai,
        "availableEndTime": jam.selesai,
    }


def _times(service: Document) -> Iterator[JamLayanan]:
    names = {code: name for name, code in HARI.items()}
    for each in service.get("availableTime", ()):
        days: Any = tuple(names[day] for day in each.get("daysOfWeek", ()) if day in names)
        start, end = each.get("availableStartTime"), each.get("availableEndTime")
        yield JamLayanan(
            hari=days,
            mulai=time.fromisoformat(start) if start else None,
            selesai=time.fromisoformat(end) if end else None,
        )


MAPPING = Mapping(
    resource_type="HealthcareService",
    profile="LayananKonsultasi",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "nama": "name",
        "jenis": f"service-type={LAYANAN}|{{}}",
        "faskes": "organization=Organization/{}",
    },
    sort="name",
    constants=frozenset(
        {
            "HealthcareService.type.coding.system",
            "HealthcareService.characteristic.coding.system",
            "HealthcareService.availableTime.allDay",
        }
    ),
)
