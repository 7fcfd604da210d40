"""KeluargaPasien as RelatedPerson.

https://hl7.org/fhir/R4/relatedperson.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import ROLE_CODE, code_system
from fhir_server.mappings.elements import code_of, day_of, id_of, period, reference, several

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.keluarga_pasien import KeluargaPasien

HUBUNGAN: Final = code_system("hubungan-keluarga")
V3: Final = {
    "ibu": "MTH",
    "ayah": "FTH",
    "suami": "HUSB",
    "istri": "WIFE",
    "anak": "CHILD",
    "saudara": "SIB",
    "kakek-nenek": "GRPRN",
    "cucu": "GRNDCHILD",
    "kerabat": "FAMMEMB",
    "wali": "GUARD",
    "tetangga": "NBOR",
    "teman": "FRND",
}


def to_fhir(keluarga: KeluargaPasien, _id: str) -> Resources:
    """Write a relative."""
    phone: Any = {"system": "phone", "value": keluarga.hp, "use": "mobile"}
    return {
        "": r4b.RelatedPerson(
            active=keluarga.aktif,
            patient=reference("Patient", keluarga.pasien),
            relationship=[_relationship(keluarga.hubungan)],
            name=[r4b.HumanName(text=keluarga.nama)],
            telecom=[phone] if keluarga.hp else None,
            gender=keluarga.jenisKelamin,
            address=several(keluarga.alamat and r4b.Address(text=keluarga.alamat)),
            period=period(keluarga.mulai, keluarga.sampai),
        )
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a relative, also the mother that a birth has written."""
    person = resources[""]
    names = [each.get("text") for each in person.get("name", ())]
    phones = [e.get("value") for e in person.get("telecom", ()) if e.get("system") == "phone"]
    addresses = [each.get("text") for each in person.get("address", ())]
    words = {code: word for word, code in V3.items()}
    gender = person.get("gender")
    return {
        "pasien": id_of(person.get("patient"), "Patient"),
        "hubungan": code_of(person.get("relationship"), HUBUNGAN)
        or words.get(code_of(person.get("relationship"), ROLE_CODE) or ""),
        "nama": next((each for each in names if each), None),
        "hp": next((each for each in phones if each), None),
        "jenisKelamin": gender if gender in {"male", "female"} else None,
        "alamat": next((each for each in addresses if each), None),
        "mulai": day_of(person.get("period", {}).get("start")),
        "sampai": day_of(person.get("period", {}).get("end")),
        "aktif": person.get("active", True),
    }


def _relationship(hubungan: str) -> Any:
    return r4b.CodeableConcept(
        coding=[
            r4b.Coding(system=ROLE_CODE, code=V3[hubungan]),
            r4b.Coding(system=HUBUNGAN, code=hubungan),
        ]
    )


MAPPING = Mapping(
    resource_type="RelatedPerson",
    profile="KeluargaPasien",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={"pasien": "patient=Patient/{}", "nama": "name", "hp": "phone"},
    constants=frozenset(
        {
            "RelatedPerson.relationship.coding.system",
            "RelatedPerson.telecom.system",
            "RelatedPerson.telecom.use",
        }
    ),
)
