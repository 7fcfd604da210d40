"""PetugasKesehatan as PractitionerRole with its Practitioner.

https://hl7.org/fhir/R4/practitionerrole.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import (
    ADMINISTRATIVE_AREA,
    NAKES_IHS,
    NIK,
    SNOMED,
    code_system,
    sid,
    structure,
)
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    period,
    reference,
    several,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.petugas_kesehatan import PetugasKesehatan

PERAN, UNIT, UNIT_URL = (
    code_system("peran-petugas"),
    code_system("unit-layanan"),
    structure("unit-petugas"),
)
NIP, NO_STR, NO_SIP = sid("nip"), sid("no-str"), sid("no-sip")
ORANG = "orang"
OCCUPATION = {"bidan": "309453006"}
"""Role → its occupation in SNOMED CT, where that is verified; the others have our code alone."""


def to_fhir(petugas: PetugasKesehatan, own_id: str) -> Resources:
    """Write the role, and the person who has it."""
    unit = concept(UNIT, petugas.unit)
    role = r4b.PractitionerRole(
        extension=several(unit and r4b.Extension(url=UNIT_URL, valueCodeableConcept=unit)),
        active=True,
        period=period(petugas.aktifDari, petugas.aktifSampai),
        practitioner=reference("Practitioner", part_id(own_id, ORANG)),
        organization=reference("Organization", petugas.faskes),
        code=[_code(petugas.peran)],
        location=several(*map(_desa, petugas.desaBinaan)),
    )
    return {"": role, ORANG: _practitioner(petugas)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a role and its person, whoever wrote them."""
    role, person = resources[""], resources.get(ORANG, {})
    unit = extension_of(role, UNIT_URL) or {}
    names = person.get("name", ({},))
    phones = [t.get("value") for t in person.get("telecom", ()) if t.get("system") == "phone"]
    places = [each.get("identifier", {}) for each in role.get("location", ())]
    return {
        "nama": names[0].get("text"),
        "peran": code_of(role.get("code"), PERAN),
        "faskes": id_of(role.get("organization"), "Organization"),
        "aktifDari": day_of(role.get("period", {}).get("start")),
        "aktifSampai": day_of(role.get("period", {}).get("end")),
        "unit": code_of(unit.get("valueCodeableConcept"), UNIT),
        "nik": identifier_of(person, NIK),
        "nip": identifier_of(person, NIP),
        "ihsNakes": identifier_of(person, NAKES_IHS),
        "noSTR": identifier_of(person, NO_STR),
        "noSIP": identifier_of(person, NO_SIP),
        "hp": next(iter(phones), None),
        "kualifikasi": tuple(
            each["code"]["text"]
            for each in person.get("qualification", ())
            if each.get("code", {}).get("text")
        ),
        "desaBinaan": tuple(
            each["value"] for each in places if each.get("system") == ADMINISTRATIVE_AREA
        ),
    }


def parts(role: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the person by the role's own reference: another system may have set another id."""
    person = id_of(role.get("practitioner"), "Practitioner")
    return {} if person is None else {ORANG: f"Practitioner/{person}"}


def _code(peran: str) -> Any:
    codings = [r4b.Coding(system=PERAN, code=peran)]
    if (occupation := OCCUPATION.get(peran)) is not None:
        codings.append(r4b.Coding(system=SNOMED, code=occupation))
    return r4b.CodeableConcept(coding=codings)


def _practitioner(petugas: PetugasKesehatan) -> Any:
    phone = petugas.hp and r4b.ContactPoint(system="phone", value=petugas.hp, use="mobile")
    return r4b.Practitioner(
        identifier=several(
            identifier(NIK, petugas.nik, "official"),
            identifier(NIP, petugas.nip),
            identifier(NAKES_IHS, petugas.ihsNakes),
            identifier(NO_STR, petugas.noSTR),
            identifier(NO_SIP, petugas.noSIP),
        ),
        active=True,
        name=[r4b.HumanName(use="official", text=petugas.nama)],
        telecom=several(phone),
        qualification=[{"code": {"text": each}} for each in petugas.kualifikasi] or None,
    )


def _desa(kode: str) -> Any:
    return r4b.Reference(
        type="Location", identifier=r4b.Identifier(system=ADMINISTRATIVE_AREA, value=kode)
    )


MAPPING = Mapping(
    resource_type="PractitionerRole",
    profile="PeranPetugas",
    profiles={ORANG: "PetugasKesehatan"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    filters={
        "nama": "practitioner.name",
        "peran": f"role={PERAN}|{{}}",
        "faskes": "organization=Organization/{}",
    },
    constants=frozenset(
        {
            "PractitionerRole.active",
            "PractitionerRole.extension.url",
            "PractitionerRole.extension.valueCodeableConcept.coding.system",
            "PractitionerRole.practitioner",
            "PractitionerRole.code.coding.system",
            "PractitionerRole.location.type",
            "PractitionerRole.location.identifier.system",
            "Practitioner.active",
            "Practitioner.identifier.system",
            "Practitioner.identifier.use",
            "Practitioner.name.use",
            "Practitioner.telecom.system",
            "Practitioner.telecom.use",
        }
    ),
)
