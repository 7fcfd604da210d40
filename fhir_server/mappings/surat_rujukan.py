"""What a Rujukan says about the patient: the letter, diagnoses, vital signs, treatment, payer.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import ICD_10, LOINC, UCUM, code_system
from fhir_server.mappings.elements import code_of, concept, reference, several
from fhir_server.sop.rujukan import DiagnosisRujukan, KondisiRujukan, PenjaminRujukan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujukan import Rujukan

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
JENIS_DOKUMEN, JENIS_PENJAMIN = code_system("jenis-dokumen"), code_system("jenis-penjamin")
KESADARAN = code_system("kesadaran")
REFERRAL_NOTE = ("57133-1", "Referral note")
BLOOD_PRESSURE = ("85354-9", "Blood pressure panel with all children optional")
COMPONENTS: Final = {
    "sistolik": ("8480-6", "Systolic blood pressure", "mm[Hg]"),
    "diastolik": ("8462-4", "Diastolic blood pressure", "mm[Hg]"),
}
SIGNS: Final = {
    "nadi": ("8867-4", "Heart rate", "/min"),
    "napas": ("9279-1", "Respiratory rate", "/min"),
    "suhu": ("8310-5", "Body temperature", "Cel"),
    "spo2": ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"),
}
RESPONSIVENESS = ("67775-7", "Level of responsiveness")
LETTER: Final = {
    "disusun": "preliminary",
    "salah-entri": "entered-in-error",
}
"""State of the referral → Composition.status where it is not final."""


def diagnoses(rujukan: Rujukan) -> dict[str, Any]:
    """Write the diagnoses that were not recorded before, each in a role of its own."""
    return {
        f"diagnosis-{place}": _condition(rujukan, each)
        for place, each in enumerate(rujukan.diagnosis, 1)
        if each.kondisi is None
    }


def diagnosis_references(rujukan: Rujukan, own_id: str) -> list[Any]:
    """Refer to every diagnosis, new or recorded before, in the order of the letter."""
    return [
        reference("Condition", each.kondisi or part_id(own_id, f"diagnosis-{place}"))
        for place, each in enumerate(rujukan.diagnosis, 1)
    ]


def findings(rujukan: Rujukan) -> dict[str, Any]:
    """Write the patient's state as vital signs."""
    kondisi = rujukan.kondisi or KondisiRujukan()
    written = {
        name: _sign(rujukan, code, value)
        for name, code in SIGNS.items()
        if (value := getattr(kondisi, name)) is not None
    }
    if kondisi.sistolik is not None or kondisi.diastolik is not None:
        written = {"tekanan-darah": _blood_pressure(rujukan, kondisi), **written}
    if kondisi.kesadaran is not None:
        value = concept(KESADARAN, kondisi.kesadaran)
        written["kesadaran"] = _observed(rujukan, RESPONSIVENESS, valueCodeableConcept=value)
    return written


def treatments(rujukan: Rujukan) -> dict[str, Any]:
    """Write what was done for the patient before leaving."""
    return {
        f"tindakan-{place}": r4b.Procedure(
            status="completed",
            code=r4b.CodeableConcept(text=words),
            subject=reference("Patient", rujukan.pasien),
            encounter=reference("Encounter", rujukan.kunjungan),
        )
        for place, words in enumerate(rujukan.tindakanPra, 1)
    }


def payer(rujukan: Rujukan) -> dict[str, Any]:
    """Write who pays, if it is known."""
    if rujukan.penjamin is None:
        return {}
    patient = reference("Patient", rujukan.pasien)
    jenis = rujukan.penjamin.jenis
    pays = r4b.Reference(display="BPJS Kesehatan") if jenis.startswith("bpjs") else patient
    coverage = r4b.Coverage(
        status="active",
        type=concept(JENIS_PENJAMIN, jenis),
        subscriberId=rujukan.penjamin.nomor,
        beneficiary=patient,
        payor=[pays],
    )
    return {"penjamin": coverage}


def letter(rujukan: Rujukan, own_id: str) -> Any:
    """Write the letter itself; its sections refer to what it says."""
    kind = r4b.CodeableConcept(
        coding=[
            r4b.Coding(system=LOINC, code=REFERRAL_NOTE[0], display=REFERRAL_NOTE[1]),
            r4b.Coding(system=JENIS_DOKUMEN, code="surat-rujukan"),
        ]
    )
    return r4b.Composition(
        status=LETTER.get(rujukan.status, "final"),
        type=kind,
        subject=reference("Patient", rujukan.pasien),
        encounter=reference("Encounter", rujukan.kunjungan),
        date=rujukan.waktu,
        author=[reference("PractitionerRole", rujukan.perujuk)],
        title=f"Surat Rujukan {rujukan.nomor}",
        custodian=reference("Organization", rujukan.faskes),
        event=[{"detail": [reference("ServiceRequest", own_id)]}],
        section=several(
            section("Alasan rujukan", ("42349-1", "Reason for referral"), text=rujukan.alasan),
            section(
                "Diagnosis",
                ("29308-4", "Diagnosis"),
                entry=diagnosis_references(rujukan, own_id),
            ),
            section(
                "Kondisi saat dirujuk",
                ("8716-3", "Vital signs"),
                entry=entries(own_id, "Observation", findings(rujukan)),
            ),
            section(
                "Tindakan pra-rujukan",
                ("47519-4", "History of Procedures"),
                entry=entries(own_id, "Procedure", treatments(rujukan)),
            ),
        ),
    )


def read_diagnosis(role: str, condition: Document) -> DiagnosisRujukan:
    """Read a diagnosis; one that the letter did not make itself is known by its id."""
    code = condition.get("code", {})
    coding: Document = next((c for c in code.get("coding", ()) if c.get("system") == ICD_10), {})
    recorded = role.removeprefix("Condition/") if role.startswith("Condition/") else None
    name = code.get("text") or coding.get("display")
    return DiagnosisRujukan(kode=coding.get("code"), nama=name, kondisi=recorded)


def read_findings(observations: Iterable[Document]) -> KondisiRujukan | None:
    """Read the patient's state from vital signs, also from those another system wrote."""
    found: dict[str, Any] = {}
    names = {code: name for name, (code, *_) in (SIGNS | COMPONENTS).items()}
    for each in observations:
        if kesadaran := code_of(each.get("valueCodeableConcept"), KESADARAN):
            found["kesadaran"] = kesadaran
        for part in (each, *each.get("component", ())):
            name = names.get(code_of(part.get("code"), LOINC) or "")
            value = part.get("valueQuantity", {}).get("value")
            if name is not None and value is not None:
                number = Decimal(str(value))
                found[name] = number if name == "suhu" else int(number)
    return KondisiRujukan(**found) if found else None


def read_payer(coverage: Document | None) -> PenjaminRujukan | None:
    """Read who pays."""
    jenis = code_of((coverage or {}).get("type"), JENIS_PENJAMIN)
    if coverage is None or jenis is None:
        return None
    payer_found: Any = jenis
    return PenjaminRujukan(jenis=payer_found, nomor=coverage.get("subscriberId"))


def _condition(rujukan: Rujukan, diagnosis: DiagnosisRujukan) -> Any:
    code = r4b.Coding(system=ICD_10, code=diagnosis.kode) if diagnosis.kode else None
    return r4b.Condition(
        clinicalStatus=concept(CLINICAL, "active"),
        category=[concept(CONDITION_CATEGORY, "encounter-diagnosis")],
        code=r4b.CodeableConcept(coding=several(code), text=diagnosis.nama),
        subject=reference("Patient", rujukan.pasien),
        encounter=reference("Encounter", rujukan.kunjungan),
        recordedDate=rujukan.waktu,
        recorder=reference("PractitionerRole", rujukan.perujuk),
    )


def _observed(rujukan: Rujukan, code: tuple[str, str], **value: Any) -> Any:
    return r4b.Observation(
        status="final",
        category=[concept(CATEGORY, "vital-signs")],
        code=concept(LOINC, *code),
        subject=reference("Patient", rujukan.pasien),
        encounter=reference("Encounter", rujukan.kunjungan),
        effectiveDateTime=rujukan.waktu,
        **value,
    )


def _sign(rujukan: Rujukan, code: tuple[str, str, str], value: Any) -> Any:
    return _observed(rujukan, code[:2], valueQuantity=_quantity(value, code[2]))


def _blood_pressure(rujukan: Rujukan, kondisi: KondisiRujukan) -> Any:
    components = [
        {"code": concept(LOINC, code, display), "valueQuantity": _quantity(value, unit)}
        for name, (code, display, unit) in COMPONENTS.items()
        if (value := getattr(kondisi, name)) is not None
    ]
    return _observed(rujukan, BLOOD_PRESSURE, component=components)


def _quantity(value: Any, unit: str) -> Any:
    return r4b.Quantity(value=value, unit=unit, system=UCUM, code=unit)


def entries(own_id: str, resource_type: str, written: dict[str, Any]) -> list[Any]:
    """Refer to resources by their roles."""
    return [reference(resource_type, part_id(own_id, role)) for role in written]


def section(
    title: str,
    code: tuple[str, str],
    *,
    text: str | None = None,
    entry: list[Any] | None = None,
) -> Any:
    """Write a section of a letter, or None where it would say nothing."""
    if not text and not entry:
        return None
    words = text and f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(text)}</div>'
    return {
        "title": title,
        "code": concept(LOINC, *code),
        "text": {"status": "generated", "div": words} if words else None,
        "entry": entry or None,
    }
