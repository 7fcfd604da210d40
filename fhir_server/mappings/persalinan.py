"""Persalinan as Procedure, with the newborns and the complications.

What a birth does to the mother's episodes of care is an effect (``setelah_persalinan``), so that a
delivery written by FHIR does it too.

https://hl7.org/fhir/R4/procedure.html
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.bayi import BABY, MEASURES, newborns, read_mother, read_newborns
from fhir_server.mappings.codes import ICD_9_CM, ICD_10, LOINC, code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.episode_kehamilan import CATEGORY, quantity
from fhir_server.mappings.penyulit import codes_in, complications, role_of
from fhir_server.mappings.ukur import number_of, pregnancy_of
from fhir_server.sop.persalinan import DataIbu, lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.persalinan import Persalinan
    from fhir_server.store.ops import Condition

KIND, CARA = code_system("jenis-tindakan"), code_system("cara-persalinan")
HELPER = code_system("penolong-persalinan")
PLACE_URL, BABY_URL = structure("tempat-persalinan"), structure("bayi-dilahirkan")
CODES: Final = {
    "spontan": ("73.59", "Other manually assisted delivery"),
    "vakum": ("72.79", "Other vacuum extraction"),
    "forsep": ("72.9", "Unspecified instrumental delivery"),
    "sc": ("74.99", "Other cesarean section of unspecified type"),
}
CHAPTERS: Final = {"74.": "sc", "72.7": "vakum", "72.": "forsep", "73.": "spontan"}
STATUS: Final = {"selesai": "completed", "salah-entri": "entered-in-error"}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}
AGE: Final = (LOINC, "18185-9", "Gestational age")
OWN_ID_SIGNS: Final = 12


def to_fhir(persalinan: Persalinan, document_id: str) -> Resources:
    """Write the delivery and everyone and everything it brought."""
    of_mother = complications(persalinan, persalinan.komplikasi, persalinan.pasien)
    return {
        "": _procedure(persalinan, document_id),
        **_gestation(persalinan),
        **of_mother,
        **newborns(persalinan, document_id),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a delivery, also one without its newborns."""
    procedure = resources[""]
    performer: Document = next(iter(procedure.get("performer", ())), {})
    notes = [each.get("text") for each in procedure.get("note", ())]
    babies = [each.get("valueReference", {}) for each in _babies(procedure)]
    return {
        "faskes": id_of(performer.get("onBehalfOf"), "Organization"),
        "pasien": id_of(procedure.get("subject"), "Patient"),
        "kunjungan": id_of(procedure.get("encounter"), "Encounter"),
        "waktu": instant_of(procedure.get("performedDateTime")),
        "cara": _way(procedure.get("code")),
        "peranPenolong": code_of(performer.get("function"), HELPER),
        "penolong": id_of(performer.get("actor"), "PractitionerRole"),
        "jenisTempat": (extension_of(procedure, PLACE_URL) or {}).get("valueCode"),
        "tempat": id_of(procedure.get("location"), "Location"),
        "bayi": read_newborns(resources),
        "komplikasi": codes_in(resources),
        "catatan": notes[0] if notes else None,
        "status": DIBACA.get(procedure.get("status", "")),
        **_age(resources),
        "ibu": read_mother(resources),
        "pasienBayi": ids_of(babies, "Patient"),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the newborns by their references, what belongs to them by their ids."""
    own = primary["id"]
    found = {"usia-hamil": f"Observation/{part_id(own, 'usia-hamil')}"}
    for each in ids_of(primary.get("complicationDetail"), "Condition"):
        role = each.removeprefix(f"{own}-")
        found[role] = f"Condition/{each}"
    for nomor, extension in enumerate(_babies(primary), 1):
        baby = id_of(extension.get("valueReference"), "Patient")
        role = f"{BABY}{nomor}"
        found[role] = f"Patient/{baby}"
        found[f"{role}-ibu"] = f"RelatedPerson/{baby}-ibu"
        found |= {f"{role}-{kind}": f"Observation/{baby}-{kind}" for kind in MEASURES}
    return found


def complete(
    persalinan: Persalinan, before: Table[str, Any] | None, reader: Reader
) -> tuple[Persalinan, tuple[Condition, ...]]:
    """Look at the mother, her visit and her pregnancy."""
    visit(reader, persalinan.kunjungan, persalinan.pasien)
    mother = reader.read(f"Patient/{persalinan.pasien}")
    known = patients.from_fhir({"": mother}) if mother else {}
    if mother is None or known["nama"] is None:
        says = f"pasien: tidak ada pasien {persalinan.pasien} yang bernama."
        raise Invalid([Issue("not-found", says, "pasien", indonesian=says)])
    fields = ("nama", "nik", "alamat", *patients.WILAYAH)
    ibu = DataIbu(**{name: known.get(name) for name in fields})  # type: ignore[arg-type]
    episode = pregnancy_of(reader, persalinan.pasien)
    hpht = day_of((episode or {}).get("period", {}).get("start"))
    made = lengkap(persalinan, hpht, ibu)
    return (made if hpht else _as_before(made, before)), ()


def amend(persalinan: Persalinan, document_id: str, reader: Reader) -> dict[str, Document]:
    """Link the mother's own record to what she is to her newborns."""
    name = f"Patient/{persalinan.pasien}"
    mother = reader.read(name)
    if mother is None:
        return {}
    links = list(mother.get("link", ()))
    known = {each.get("other", {}).get("reference") for each in links}
    for nomor in range(1, len(persalinan.bayi) + 1):
        person = f"RelatedPerson/{part_id(document_id, f'{BABY}{nomor}')}-ibu"
        if person not in known:
            links.append({"other": {"reference": person}, "type": "seealso"})
    return {name: {**mother, "link": links}} if len(links) > len(known) else {}


def own_id(persalinan: Persalinan) -> str:
    """Give the one id of a woman's delivery on a day."""
    woman = hashlib.sha256(persalinan.pasien.encode()).hexdigest()[:OWN_ID_SIGNS]
    return f"persalinan-{persalinan.waktu:%Y%m%d}-{woman}"


def is_delivery(procedure: Document, system: str = KIND) -> bool:
    """Say whether a Procedure is a delivery."""
    return code_of(procedure.get("category"), system) == "persalinan"


def _procedure(persalinan: Persalinan, document_id: str) -> Any:
    helper = reference("PractitionerRole", persalinan.penolong)
    details = [part_id(document_id, role) for role in _complicated(persalinan)]
    return r4b.Procedure(
        extension=[
            r4b.Extension(url=PLACE_URL, valueCode=persalinan.jenisTempat),
            *(_baby(document_id, nomor) for nomor, _ in enumerate(persalinan.bayi, 1)),
        ],
        status=STATUS[persalinan.status],
        category=concept(KIND, "persalinan"),
        code=_code(persalinan.cara),
        subject=reference("Patient", persalinan.pasien),
        encounter=reference("Encounter", persalinan.kunjungan),
        performedDateTime=persalinan.waktu,
        performer=[
            {
                "function": concept(HELPER, persalinan.peranPenolong),
                "actor": helper or r4b.Reference(display=persalinan.peranPenolong),
                "onBehalfOf": reference("Organization", persalinan.faskes),
            }
        ],
        location=reference("Location", persalinan.tempat),
        complication=[concept(ICD_10, code) for code in persalinan.komplikasi] or None,
        complicationDetail=[reference("Condition", each) for each in details] or None,
        note=several(persalinan.catatan and r4b.Annotation(text=persalinan.catatan)),
    )


def _complicated(persalinan: Persalinan) -> list[str]:
    """Give the roles of all complications, the mother's first."""
    of_newborns = [
        role_of(code, f"{BABY}{nomor}-")
        for nomor, bayi in enumerate(persalinan.bayi, 1)
        for code in bayi.komplikasi
    ]
    return [*map(role_of, persalinan.komplikasi), *of_newborns]


def _code(cara: str) -> Any:
    code, display = CODES[cara]
    return r4b.CodeableConcept(
        coding=[
            r4b.Coding(system=ICD_9_CM, code=code, display=display),
            r4b.Coding(system=CARA, code=cara),
        ]
    )


def _way(concept_found: Document | None) -> str | None:
    code = code_of(concept_found, ICD_9_CM) or ""
    chapters = (way for start, way in CHAPTERS.items() if code.startswith(start))
    return code_of(concept_found, CARA) or next(chapters, None)


def _baby(document_id: str, nomor: int) -> Any:
    baby = reference("Patient", part_id(document_id, f"{BABY}{nomor}"))
    return r4b.Extension(url=BABY_URL, valueReference=baby)


def _babies(procedure: Document) -> list[Document]:
    return [each for each in procedure.get("extension", ()) if each.get("url") == BABY_URL]


def _gestation(persalinan: Persalinan) -> dict[str, Any]:
    if persalinan.usiaMinggu is None:
        return {}
    days = Decimal(persalinan.usiaMinggu * 7 + (persalinan.usiaHari or 0))
    age = r4b.Observation(
        status="entered-in-error" if persalinan.status == "salah-entri" else "final",
        category=[concept(CATEGORY, "survey")],
        code=concept(*AGE),
        subject=reference("Patient", persalinan.pasien),
        encounter=reference("Encounter", persalinan.kunjungan),
        effectiveDateTime=persalinan.waktu,
        performer=several(reference("PractitionerRole", persalinan.penolong)),
        valueQuantity=quantity((days / 7).quantize(Decimal("0.01")), "wk"),
    )
    return {"usia-hamil": age}


def _age(resources: Table[str, Document]) -> dict[str, Any]:
    weeks = number_of(resources.get("usia-hamil"))
    minggu, hari = (None, None) if weeks is None else divmod(round(weeks * 7), 7)
    return {"usiaMinggu": minggu, "usiaHari": hari}


def _as_before(persalinan: Persalinan, before: Table[str, Any] | None) -> Persalinan:
    """Keep the gestational age that was counted when the pregnancy was still running."""
    names = ("usiaMinggu", "usiaHari")
    kept: dict[str, Any] = {name: (before or {}).get(name) for name in names}
    return replace(persalinan, **kept)


MAPPING = Mapping(
    resource_type="Procedure",
    profile="Persalinan",
    profiles={
        "Patient": "BayiBaruLahir",
        "RelatedPerson": "IbuBayi",
        "Observation": "HasilLahir",
        "Condition": "PenyulitPersalinan",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    own_id=own_id,
    criteria=(("category", f"{KIND}|persalinan"),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "waktu": "date",
    },
    sort="-date",
    constants=frozenset(
        {
            "Procedure.extension",
            "Procedure.category",
            "Procedure.code.coding.system",
            "Procedure.performer.function.coding.system",
            "Procedure.complication.coding.system",
            "Procedure.complicationDetail",
            "Observation.category",
            "Observation.code",
            "Observation.subject",
            "Observation.valueQuantity.unit",
            "Observation.valueQuantity.system",
            "Observation.valueQuantity.code",
            "Condition.category",
            "Condition.code.coding.system",
            "Condition.clinicalStatus.coding.system",
            "Condition.verificationStatus.coding.system",
            "Condition.subject",
            "Patient.identifier.use",
            "Patient.identifier.system",
            "Patient.name.use",
            "Patient.address.use",
            "Patient.address.country",
            "Patient.address.extension.url",
            "Patient.address.extension.extension.url",
            "Patient._birthDate.extension.url",
            "Patient.maritalStatus",
            "Patient.multipleBirthInteger",
            "Patient.link",
            "RelatedPerson.identifier.use",
            "RelatedPerson.identifier.system",
            "RelatedPerson.name.use",
            "RelatedPerson.patient",
            "RelatedPerson.relationship",
            "RelatedPerson.gender",
        }
    ),
)
