"""Rekomendasi as ClinicalImpression: conclusion, the results it rests on, what is recommended.

https://hl7.org/fhir/R4/clinicalimpression.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import code_of, concept, id_of, ids_of, instant_of, reference
from fhir_server.mappings.encounter_lab import visit
from fhir_server.sop.rekomendasi import bukan_dari_kunjungan

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rekomendasi import Rekomendasi
    from fhir_server.store.ops import Condition

ANJURAN: Final = code_system("anjuran-tindak-lanjut")
ANJURAN_URL: Final = structure("anjuran")


def to_fhir(rekomendasi: Rekomendasi, _id: str) -> Resources:
    """Write a recommendation."""
    results = [reference("DiagnosticReport", each) for each in rekomendasi.hasil]
    impression = r4b.ClinicalImpression(
        extension=[
            r4b.Extension(url=ANJURAN_URL, valueCodeableConcept=concept(ANJURAN, each))
            for each in rekomendasi.anjuran
        ],
        status="completed",
        subject=reference("Patient", rekomendasi.pasien),
        encounter=reference("Encounter", rekomendasi.kunjungan),
        effectiveDateTime=rekomendasi.waktu,
        date=rekomendasi.waktu,
        assessor=reference("PractitionerRole", rekomendasi.pemeriksa),
        problem=[reference("Condition", each) for each in rekomendasi.diagnosis] or None,
        investigation=[{"code": {"text": "Hasil laboratorium"}, "item": results}]
        if results
        else None,
        summary=rekomendasi.simpulan,
    )
    return {"": impression}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a recommendation."""
    impression = resources[""]
    items = [item for e in impression.get("investigation", ()) for item in e.get("item", ())]
    return {
        "pasien": id_of(impression.get("subject"), "Patient"),
        "kunjungan": id_of(impression.get("encounter"), "Encounter"),
        "pemeriksa": id_of(impression.get("assessor"), "PractitionerRole"),
        "waktu": instant_of(impression.get("effectiveDateTime") or impression.get("date")),
        "simpulan": impression.get("summary"),
        "anjuran": recommended(impression),
        "hasil": ids_of(items, "DiagnosticReport"),
        "diagnosis": ids_of(impression.get("problem"), "Condition"),
    }


def complete(
    rekomendasi: Rekomendasi, _before: Table[str, Any] | None, reader: Reader
) -> tuple[Rekomendasi, tuple[Condition, ...]]:
    """Refuse results that are not of this visit."""
    visit(reader, rekomendasi.kunjungan, rekomendasi.pasien)
    for each in rekomendasi.hasil:
        report = reader.read(f"DiagnosticReport/{each}") or {}
        if id_of(report.get("encounter"), "Encounter") != rekomendasi.kunjungan:
            wrong = bukan_dari_kunjungan(each)
            english = wrong.english or wrong.kalimat
            raise Invalid(
                [Issue("value", english, wrong.bidang, indonesian=wrong.kalimat, rule=wrong.aturan)]
            )
    return rekomendasi, ()


def recommended(impression: Document, base: str = "") -> tuple[str, ...]:
    """Read what is recommended; ``base`` is the canonical base where it is not ours."""
    url, system = ANJURAN_URL, ANJURAN
    if base:
        url = f"{base}/StructureDefinition/anjuran"
        system = f"{base}/CodeSystem/anjuran-tindak-lanjut"
    found = (
        code_of(each.get("valueCodeableConcept"), system)
        for each in impression.get("extension", ())
        if each.get("url") == url
    )
    return tuple(each for each in found if each is not None)


MAPPING = Mapping(
    resource_type="ClinicalImpression",
    profile="RekomendasiTindakLanjut",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "pemeriksa": "assessor=PractitionerRole/{}",
    },
    sort="-date",
    constants=frozenset(
        {
            "ClinicalImpression.extension.url",
            "ClinicalImpression.extension.valueCodeableConcept.coding.system",
            "ClinicalImpression.status",
            "ClinicalImpression.investigation.code",
        }
    ),
)
