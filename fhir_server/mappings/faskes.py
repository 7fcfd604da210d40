"""Faskes as Organization.

https://hl7.org/fhir/R4/organization.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import ORGANIZATION, code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
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
    from fhir_server.sop.faskes import Faskes

JENIS, KLASTER = code_system("jenis-faskes"), code_system("klaster")
KLASTER_URL, WILAYAH_KERJA = structure("klaster"), structure("wilayah-kerja")


def to_fhir(faskes: Faskes, _id: str) -> Resources:
    """Write a facility."""
    klaster = concept(KLASTER, faskes.klaster)
    organization = r4b.Organization(
        extension=several(
            klaster and r4b.Extension(url=KLASTER_URL, valueCodeableConcept=klaster),
            *(r4b.Extension(url=WILAYAH_KERJA, valueCode=each) for each in faskes.wilayahKerja),
        ),
        identifier=[identifier(ORGANIZATION, faskes.kode)],
        active=True,
        type=[concept(JENIS, faskes.jenis)],
        name=faskes.nama,
        telecom=several(_phone(faskes.telepon)),
        address=several(_address(faskes)),
        partOf=reference("Organization", faskes.induk),
    )
    return {"": organization}


def _phone(number: str | None) -> Any:
    return None if number is None else r4b.ContactPoint(system="phone", value=number)


def _address(faskes: Faskes) -> Any:
    if faskes.alamat is None and faskes.kota is None:
        return None
    return r4b.Address(line=several(faskes.alamat), city=faskes.kota)


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a facility."""
    organization = resources[""]
    address: Document = next(iter(organization.get("address", ())), {})
    phones = [e.get("value") for e in organization.get("telecom", ()) if e.get("system") == "phone"]
    klaster = extension_of(organization, KLASTER_URL) or {}
    return {
        "kode": identifier_of(organization, ORGANIZATION),
        "jenis": code_of(organization.get("type"), JENIS),
        "nama": organization.get("name"),
        "induk": id_of(organization.get("partOf"), "Organization"),
        "klaster": code_of(klaster.get("valueCodeableConcept"), KLASTER),
        "wilayahKerja": tuple(
            each["valueCode"]
            for each in organization.get("extension", ())
            if each.get("url") == WILAYAH_KERJA and "valueCode" in each
        ),
        "alamat": ", ".join(address.get("line", ())) or address.get("text"),
        "kota": address.get("city"),
        "telepon": next(iter(phones), None),
    }


MAPPING = Mapping(
    resource_type="Organization",
    profile="Faskes",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "kode": f"identifier={ORGANIZATION}|{{}}",
        "jenis": f"type={JENIS}|{{}}",
        "nama": "name",
        "induk": "partof=Organization/{}",
    },
    sort="name",
    constants=frozenset(
        {
            "Organization.active",
            "Organization.telecom.system",
            "Organization.identifier.system",
            "Organization.type.coding.system",
            "Organization.extension.url",
            "Organization.extension.valueCodeableConcept.coding.system",
        }
    ),
)
