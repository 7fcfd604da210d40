"""Lokasi as Location.

https://hl7.org/fhir/R4/location.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    identifier_of,
    reference,
    several,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.lokasi import Lokasi

JENIS, UNIT = code_system("jenis-lokasi"), code_system("unit-layanan")
PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
BENTUK = {
    "ruang": "ro",
    "pustu": "bu",
    "posyandu": "bu",
    "desa": "jdn",
    "dusun": "jdn",
    "rumah": "ho",
}


def to_fhir(lokasi: Lokasi, _id: str) -> Resources:
    """Write a location."""
    location = r4b.Location(
        identifier=several(identifier(ADMINISTRATIVE_AREA, lokasi.kode)),
        status="active",
        name=lokasi.nama,
        mode="instance",
        type=[r4b.CodeableConcept(coding=_kinds(lokasi))],
        physicalType=concept(PHYSICAL_TYPE, BENTUK[lokasi.jenis]),
        managingOrganization=reference("Organization", lokasi.faskes),
        partOf=reference("Location", lokasi.induk),
    )
    return {"": location}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a location."""
    location = resources[""]
    return {
        "nama": location.get("name"),
        "jenis": code_of(location.get("type"), JENIS),
        "kode": identifier_of(location, ADMINISTRATIVE_AREA),
        "induk": id_of(location.get("partOf"), "Location"),
        "faskes": id_of(location.get("managingOrganization"), "Organization"),
        "unit": code_of(location.get("type"), UNIT),
    }


def _kinds(lokasi: Lokasi) -> list[Any]:
    """Give what a place is, and which unit serves there."""
    kinds = [r4b.Coding(system=JENIS, code=lokasi.jenis)]
    return kinds if lokasi.unit is None else [*kinds, r4b.Coding(system=UNIT, code=lokasi.unit)]


def _is_village(location: Document) -> bool:
    return code_of(location.get("type"), JENIS) == "desa"


MAPPING = Mapping(
    resource_type="Location",
    profile="Ruang",
    varieties={"WilayahKerja": _is_village},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "nama": "name",
        "jenis": f"type={JENIS}|{{}}",
        "kode": f"identifier={ADMINISTRATIVE_AREA}|{{}}",
        "induk": "partof=Location/{}",
        "faskes": "organization=Organization/{}",
        "unit": f"type={UNIT}|{{}}",
    },
    sort="name",
    constants=frozenset(
        {
            "Location.status",
            "Location.mode",
            "Location.identifier.system",
            "Location.type.coding.system",
            "Location.physicalType.coding.system",
        }
    ),
)
