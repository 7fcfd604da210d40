"""One result of a HasilLab as an Observation and back.

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import UCUM
from fhir_server.mappings.elements import code_of, concept, id_of, reference, several
from fhir_server.mappings.loinc_lab import (
    answer_concept,
    answer_of,
    specimen_of,
    test_concept,
    test_of,
)
from fhir_server.sop.hasil_lab import ButirHasil
from fhir_server.sop.pemeriksaan_lab import DAFTAR

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document
    from fhir_server.sop.hasil_lab import HasilLab, Penanda

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
PENANDA: Final[dict[Penanda, str]] = {
    "normal": "N",
    "rendah": "L",
    "tinggi": "H",
    "kritis-rendah": "LL",
    "kritis-tinggi": "HH",
    "abnormal": "A",
}
_PENANDA = {code: penanda for penanda, code in PENANDA.items()}
STATUS: Final = {
    "sementara": "preliminary",
    "akhir": "final",
    "dikoreksi": "amended",
    "salah-entri": "entered-in-error",
}


def observation(hasil: HasilLab, butir: ButirHasil, own_id: str) -> Any:
    """Write one result; a test that was not done says why in ``dataAbsentReason``."""
    absent = butir.alasanTanpaHasil
    status = STATUS.get(hasil.status, "final")
    return r4b.Observation(
        basedOn=[reference("ServiceRequest", order_id(hasil, butir))],
        status="cancelled" if absent and status != "entered-in-error" else status,
        category=[concept(CATEGORY, "laboratory")],
        code=test_concept(butir.pemeriksaan),
        subject=reference("Patient", hasil.pasien),
        encounter=reference("Encounter", hasil.kunjungan),
        effectiveDateTime=hasil.diambil or hasil.waktu,
        issued=hasil.waktu,
        performer=[reference("PractitionerRole", hasil.pemeriksa)],
        **_value(butir),
        dataAbsentReason=r4b.CodeableConcept(text=absent) if absent else None,
        interpretation=several(_flag(butir)),
        note=several(butir.catatan and r4b.Annotation(text=butir.catatan)),
        specimen=_specimen(butir, own_id),
        referenceRange=several(butir.nilaiRujukan and {"text": butir.nilaiRujukan}),
    )


def order_id(hasil: HasilLab, butir: ButirHasil) -> str:
    """Give the id of the order a result answers: the slip's, unless the document names another."""
    return butir.permintaan or part_id(hasil.pengantar, butir.pemeriksaan)


def kode_of(found: Document) -> str | None:
    """Read which test a result is of; one without a LOINC code is called by its name."""
    return test_of(found.get("code")) or found.get("code", {}).get("text")


def read_observation(found: Document, slip: str | None) -> ButirHasil | None:
    """Read one result, also one that another system wrote; None if it does not say of what."""
    kode = kode_of(found)
    if kode is None:
        return None
    order = id_of(next(iter(found.get("basedOn", ())), None), "ServiceRequest")
    ranges, notes = found.get("referenceRange", ()), found.get("note", ())
    flag = code_of(found.get("interpretation"), INTERPRETATION)
    return ButirHasil(
        pemeriksaan=kode,
        **_read_value(found),
        alasanTanpaHasil=(found.get("dataAbsentReason") or {}).get("text"),
        penanda=_PENANDA.get(flag or ""),
        nilaiRujukan=next((each.get("text") for each in ranges), None),
        catatan=next((each.get("text") for each in notes), None),
        permintaan=None if order == f"{slip}-{kode}" else order,
    )


def _value(butir: ButirHasil) -> dict[str, Any]:
    if butir.angka is not None:
        unit = butir.satuan or unit_of(butir.pemeriksaan)
        quantity = r4b.Quantity(value=butir.angka, unit=unit, system=unit and UCUM, code=unit)
        return {"valueQuantity": quantity}
    if butir.pilihan is not None:
        return {"valueCodeableConcept": answer_concept(butir.pilihan)}
    return {} if butir.teks is None else {"valueString": butir.teks}


def _flag(butir: ButirHasil) -> Any:
    return concept(INTERPRETATION, PENANDA[butir.penanda]) if butir.penanda else None


def unit_of(kode: str) -> str | None:
    """Give the unit in which a test of ours is counted."""
    return DAFTAR[kode].satuan if kode in DAFTAR else None


def _read_value(found: Document) -> dict[str, Any]:
    if "valueQuantity" in found:
        quantity = found["valueQuantity"]
        unit = quantity.get("code") or quantity.get("unit")
        return {"angka": _number(quantity.get("value")), "satuan": unit}
    if "valueInteger" in found:
        return {"angka": _number(found["valueInteger"])}
    concept_found = found.get("valueCodeableConcept")
    if concept_found and (answer := answer_of(concept_found)):
        return {"pilihan": answer}
    coding: Document = next(iter((concept_found or {}).get("coding", ())), {})
    words = (concept_found or {}).get("text") or coding.get("display") or coding.get("code")
    return {"teks": found.get("valueString") or words}


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _specimen(butir: ButirHasil, own_id: str) -> Any:
    kind = specimen_of(butir.pemeriksaan)
    return reference("Specimen", kind and part_id(own_id, f"spesimen-{kind}"))
