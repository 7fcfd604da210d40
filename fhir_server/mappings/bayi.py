"""The newborns of a Persalinan: Patient, the mother as RelatedPerson, what was measured at birth.

https://hl7.org/fhir/R4/patient.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.codes import (
    ADMINISTRATIVE_CODE,
    LOINC,
    MARITAL_STATUS,
    NIK,
    NIK_IBU,
    ROLE_CODE,
    sid,
)
from fhir_server.mappings.elements import (
    concept,
    identifier,
    identifier_of,
    reference,
    several,
)
from fhir_server.mappings.episode_kehamilan import CATEGORY, quantity
from fhir_server.mappings.kontak_kia import BIRTH_TIME
from fhir_server.mappings.penyulit import codes_in, complications
from fhir_server.mappings.ukur import number_of
from fhir_server.sop.persalinan import BayiLahir, DataIbu, nama_bayi, urutan_lahir

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.resources.wire import Document
    from fhir_server.sop.persalinan import Persalinan

MEASURES: Final = {
    "berat": ("berat", (LOINC, "8339-4", "Birth weight Measured"), "g"),
    "panjang": ("panjang", (LOINC, "89269-5", "Body height Measured --at birth"), "cm"),
    "kepala": (
        "lingkarKepala",
        (LOINC, "9843-4", "Head Occipital-frontal circumference"),
        "cm",
    ),
    "apgar1": ("apgar1", (LOINC, "9272-6", "1 minute Apgar Score"), "{score}"),
    "apgar5": ("apgar5", (LOINC, "9274-2", "5 minute Apgar Score"), "{score}"),
}
MOST: Final = 6
BABY: Final = "bayi-"


def newborns(persalinan: Persalinan, document_id: str) -> dict[str, Any]:
    """Write every newborn with all that belongs to it, by role."""
    written: dict[str, Any] = {}
    for nomor, bayi in enumerate(persalinan.bayi, 1):
        role = f"{BABY}{nomor}"
        own_id = part_id(document_id, role)
        written[role] = _patient(persalinan, bayi, nomor, own_id)
        written[f"{role}-ibu"] = _mother(persalinan, own_id)
        for kind, (field, code, unit) in MEASURES.items():
            if (value := getattr(bayi, field)) is not None:
                written[f"{role}-{kind}"] = _measure(persalinan, own_id, code, value, unit)
        written |= complications(persalinan, bayi.komplikasi, own_id, f"{role}-")
    return written


def read_newborns(resources: Table[str, Document]) -> tuple[BayiLahir, ...]:
    """Read the newborns in their order of birth."""
    roles = [f"{BABY}{nomor}" for nomor in range(1, MOST + 1)]
    found = (_read(resources, role) for role in roles if role in resources)
    return tuple(each for each in found if each is not None)


def read_mother(resources: Table[str, Document]) -> DataIbu | None:
    """Read what the newborns have of their mother."""
    person = resources.get(f"{BABY}1-ibu", {})
    name = next((each.get("text") for each in person.get("name", ())), None)
    if name is None:
        return None
    home = patients.from_fhir({"": resources.get(f"{BABY}1", {})})
    parts = {each: home.get(each) for each in ("alamat", *patients.WILAYAH)}
    return DataIbu(nama=name, nik=identifier_of(person, NIK), **parts)


def _patient(persalinan: Persalinan, bayi: BayiLahir, nomor: int, own_id: str) -> Any:
    ibu = persalinan.ibu
    order = urutan_lahir(nomor, len(persalinan.bayi))
    time = {"url": BIRTH_TIME, "valueDateTime": persalinan.waktu}
    relation = reference("RelatedPerson", part_id(own_id, "ibu"))
    return r4b.Patient(
        identifier=several(
            identifier(NIK_IBU, ibu.nik if ibu else None),
            identifier(sid("no-rm", persalinan.faskes), bayi.noRM, "usual"),
        ),
        active=persalinan.status != "salah-entri",
        name=[r4b.HumanName(use="official", text=nama_bayi(ibu.nama, order))] if ibu else None,
        gender=bayi.jenisKelamin,
        birthDate=persalinan.waktu.date(),
        birthDate__ext={"extension": [time]},
        deceasedBoolean=None if bayi.hidup else True,
        address=several(_home(ibu)),
        maritalStatus=concept(MARITAL_STATUS, "S"),
        multipleBirthInteger=order,
        managingOrganization=reference("Organization", persalinan.faskes),
        link=[{"other": relation, "type": "refer"}],
    )


def _mother(persalinan: Persalinan, own_id: str) -> Any:
    ibu = persalinan.ibu
    return r4b.RelatedPerson(
        identifier=several(identifier(NIK, ibu.nik, "official")) if ibu else None,
        active=persalinan.status != "salah-entri",
        patient=reference("Patient", own_id),
        relationship=[concept(ROLE_CODE, "MTH", "mother")],
        name=[r4b.HumanName(use="official", text=ibu.nama)] if ibu else None,
        gender="female",
    )


def _measure(persalinan: Persalinan, own_id: str, code: Any, value: Any, unit: str) -> Any:
    kind = "survey" if unit == "{score}" else "vital-signs"
    return r4b.Observation(
        status="entered-in-error" if persalinan.status == "salah-entri" else "final",
        category=[concept(CATEGORY, kind)],
        code=concept(*code),
        subject=reference("Patient", own_id),
        encounter=reference("Encounter", persalinan.kunjungan),
        effectiveDateTime=persalinan.waktu,
        performer=several(reference("PractitionerRole", persalinan.penolong)),
        valueQuantity=quantity(value, unit),
    )


def _home(ibu: DataIbu | None) -> Any:
    """Give the newborn the home of its mother."""
    if ibu is None or ibu.desa is None:
        return None
    codes = {part: getattr(ibu, name) for name, part in patients.WILAYAH.items()}
    inner = [r4b.Extension(url=part, valueCode=code) for part, code in codes.items() if code]
    return r4b.Address(
        use="home",
        line=several(ibu.alamat),
        country="ID",
        extension=[r4b.Extension(url=ADMINISTRATIVE_CODE, extension=inner)],
    )


def _read(resources: Table[str, Document], role: str) -> BayiLahir | None:
    patient = resources[role]
    values = {
        field: number_of(resources.get(f"{role}-{kind}"))
        for kind, (field, _, _) in MEASURES.items()
    }
    if values["berat"] is None or patient.get("gender") not in {"male", "female"}:
        return None
    whole = ("berat", "apgar1", "apgar5")
    known: dict[str, Any] = {
        name: int(value) if name in whole else value
        for name, value in values.items()
        if value is not None
    }
    return BayiLahir(
        jenisKelamin=patient["gender"],
        hidup=patient.get("deceasedBoolean") is not True,
        komplikasi=codes_in(resources, f"{role}-"),
        noRM=identifier_of(patient, sid("no-rm") + "/"),
        **known,
    )
