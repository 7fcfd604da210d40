"""Pasien as Patient.

https://hl7.org/fhir/R4/patient.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import (
    ADMINISTRATIVE_CODE,
    IHS,
    KK,
    MARITAL_STATUS,
    NIK,
    NIK_IBU,
    PATIENT_IHS,
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
    reference,
    several,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pasien import Pasien

NO_RM, NO_BPJS, NO_BUKU_KIA = sid("no-rm"), sid("no-bpjs"), sid("no-buku-kia")
DISABILITAS, GOLONGAN_DARAH = structure("disabilitas"), structure("golongan-darah")
STATUS_KAWIN = {"belum-kawin": "S", "kawin": "M", "cerai-hidup": "D", "cerai-mati": "W"}
WILAYAH = {
    "provinsi": "province",
    "kabupaten": "city",
    "kecamatan": "district",
    "desa": "village",
    "rt": "rt",
    "rw": "rw",
}


def to_fhir(pasien: Pasien, _id: str) -> Resources:
    """Write a patient with the identifiers and administrative codes that SATUSEHAT knows."""
    patient = r4b.Patient(
        extension=_extensions(pasien),
        identifier=several(
            identifier(NIK, pasien.nik, "official"),
            identifier(NIK_IBU, pasien.nikIbu),
            identifier(IHS, pasien.ihs),
            identifier(sid("no-rm", pasien.faskes), pasien.noRM, "usual"),
            identifier(KK, pasien.noKK),
            identifier(NO_BPJS, pasien.noBPJS),
            identifier(NO_BUKU_KIA, pasien.noBukuKIA),
        ),
        active=True,
        name=[r4b.HumanName(use="official", text=pasien.nama)],
        telecom=several(_hp(pasien.hp)),
        gender=pasien.jenisKelamin,
        birthDate=pasien.tanggalLahir,
        address=[_address(pasien)],
        maritalStatus=concept(MARITAL_STATUS, STATUS_KAWIN.get(pasien.statusKawin or "")),
        multipleBirthInteger=pasien.urutanLahir,
        managingOrganization=reference("Organization", pasien.faskes),
    )
    return {"": patient}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a patient, also one whom another system wrote."""
    patient = resources[""]
    married = code_of(patient.get("maritalStatus"), MARITAL_STATUS)
    return {
        "faskes": id_of(patient.get("managingOrganization"), "Organization"),
        "noRM": identifier_of(patient, NO_RM + "/"),
        "nik": identifier_of(patient, NIK),
        "nikIbu": identifier_of(patient, NIK_IBU),
        "ihs": identifier_of(patient, IHS) or identifier_of(patient, PATIENT_IHS),
        "noKK": identifier_of(patient, KK),
        "noBPJS": identifier_of(patient, NO_BPJS),
        "noBukuKIA": identifier_of(patient, NO_BUKU_KIA),
        "nama": _name(patient),
        "tanggalLahir": day_of(patient.get("birthDate")),
        "jenisKelamin": patient.get("gender"),
        "urutanLahir": patient.get("multipleBirthInteger"),
        "hp": _phone(patient),
        **_wilayah(patient),
        "statusKawin": {v: k for k, v in STATUS_KAWIN.items()}.get(married or ""),
        "disabilitas": (extension_of(patient, DISABILITAS) or {}).get("valueBoolean"),
        "golDarah": code_of(
            (extension_of(patient, GOLONGAN_DARAH) or {}).get("valueCodeableConcept"),
            code_system("golongan-darah"),
        ),
    }


def _extensions(pasien: Pasien) -> list[Any] | None:
    golongan = concept(code_system("golongan-darah"), pasien.golDarah)
    return several(
        None
        if pasien.disabilitas is None
        else r4b.Extension(url=DISABILITAS, valueBoolean=pasien.disabilitas),
        golongan and r4b.Extension(url=GOLONGAN_DARAH, valueCodeableConcept=golongan),
    )


def _hp(number: str | None) -> Any:
    return number and r4b.ContactPoint(system="phone", value=number, use="mobile")


def _address(pasien: Pasien) -> Any:
    codes = {part: getattr(pasien, name) for name, part in WILAYAH.items()}
    return r4b.Address(
        use="home",
        line=several(pasien.alamat),
        country="ID",
        extension=[
            r4b.Extension(
                url=ADMINISTRATIVE_CODE,
                extension=[r4b.Extension(url=p, valueCode=c) for p, c in codes.items() if c],
            )
        ],
    )


def _name(patient: Document) -> str | None:
    for name in patient.get("name", ()):
        parts = (*name.get("prefix", ()), *name.get("given", ()), name.get("family", ""))
        if text := name.get("text") or " ".join(parts).strip():
            return str(text)
    return None


def _phone(patient: Document) -> str | None:
    phones = [t for t in patient.get("telecom", ()) if t.get("system") == "phone"]
    mobile = [t for t in phones if t.get("use") == "mobile"] or phones
    return mobile[0].get("value") if mobile else None


def _wilayah(patient: Document) -> dict[str, Any]:
    for address in patient.get("address", ()):
        found = extension_of(address, ADMINISTRATIVE_CODE)
        codes = {e.get("url"): e.get("valueCode") for e in (found or {}).get("extension", ())}
        if codes:
            lines = ", ".join(address.get("line", ())) or None
            return {"alamat": lines, **{name: codes.get(part) for name, part in WILAYAH.items()}}
    return {}


MAPPING = Mapping(
    resource_type="Patient",
    profile="PasienPuskesmas",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "faskes": "organization=Organization/{}",
        "noRM": "identifier",
        "nik": f"identifier={NIK}|{{}}",
        "nikIbu": f"identifier={NIK_IBU}|{{}}",
        "ihs": f"identifier={IHS}|{{}}",
        "noKK": f"identifier={KK}|{{}}",
        "noBPJS": f"identifier={NO_BPJS}|{{}}",
        "noBukuKIA": f"identifier={NO_BUKU_KIA}|{{}}",
        "hp": "phone",
        "nama": "name",
        "tanggalLahir": "birthdate",
        "jenisKelamin": "gender",
        "desa": "desa",
        "kecamatan": "kecamatan",
    },
    sort="name",
    constants=frozenset(
        {
            "Patient.active",
            "Patient.identifier.use",
            "Patient.identifier.system",
            "Patient.name.use",
            "Patient.telecom.system",
            "Patient.telecom.use",
            "Patient.address.use",
            "Patient.address.country",
            "Patient.address.extension.url",
            "Patient.address.extension.extension.url",
            "Patient.extension.url",
            "Patient.extension.valueCodeableConcept.coding.system",
            "Patient.maritalStatus.coding.system",
        }
    ),
)
