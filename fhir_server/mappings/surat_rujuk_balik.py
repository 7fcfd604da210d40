"""What a RujukBalik says about the patient: letter, diagnoses, findings, treatment, plan.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import ICD_10, KFA, LOINC, code_system
from fhir_server.mappings.elements import code_of, concept, day_of, id_of, reference, several
from fhir_server.mappings.surat_rujukan import (
    CLINICAL,
    CONDITION_CATEGORY,
    JENIS_DOKUMEN,
    entries,
    section,
)
from fhir_server.sop.rujuk_balik import DiagnosisAkhir, HasilPenunjang, ObatLanjutan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujuk_balik import RujukBalik

LETTER: Final = {
    "rawat-inap": ("18842-5", "Discharge summary"),
    "rawat-jalan": ("11488-4", "Consult note"),
}
RENCANA = code_system("kategori-rencana")
DISCHARGE_DIAGNOSIS = ("11535-2", "Hospital discharge Dx Narrative")
PROCEDURES = ("47519-4", "History of Procedures Document")
TESTS = ("30954-2", "Relevant diagnostic tests/laboratory data Narrative")
MEDICATIONS = ("10183-2", "Hospital discharge medications Narrative")
PLAN = ("18776-5", "Plan of care note")
KONTROL = "Appointment"
PLAN_STATUS: Final = {
    "disetujui": "active",
    "dipantau": "active",
    "selesai": "completed",
    "ditolak": "revoked",
    "gagal": "revoked",
    "dibatalkan": "revoked",
    "salah-entri": "entered-in-error",
}
"""State of the back-referral → CarePlan.status; before acceptance it is a proposal."""


def findings(balik: RujukBalik) -> dict[str, Any]:
    """Write what was found and done and goes on, each in a role of its own."""
    return {
        **{f"diagnosis-{n}": each for n, each in _diagnoses(balik)},
        **{f"tindakan-{n}": _treatment(balik, e) for n, e in enumerate(balik.tindakan, 1)},
        **{f"penunjang-{n}": _finding(balik, e) for n, e in enumerate(balik.penunjang, 1)},
        **{f"obat-{n}": _medicine(balik, e) for n, e in enumerate(balik.obat, 1)},
    }


def diagnosis_references(balik: RujukBalik, own_id: str) -> list[Any]:
    """Refer to every final diagnosis, new or recorded before."""
    return [
        reference("Condition", each.kondisi or part_id(own_id, f"diagnosis-{n}"))
        for n, each in enumerate(balik.diagnosisAkhir, 1)
    ]


def plan(balik: RujukBalik, own_id: str) -> Any:
    """Write the proposal for monitoring, which who accepts it makes a plan, and the control."""
    watch: dict[str, Any] = {
        "detail": {
            "status": "not-started",
            "description": balik.anjuranPemantauan,
            "performer": [reference("Organization", balik.penerima)],
        }
    }
    status = PLAN_STATUS.get(balik.status, "draft")
    return r4b.CarePlan(
        status=status,
        intent="proposal" if status == "draft" else "plan",
        category=[concept(RENCANA, "pemantauan-rujuk-balik")],
        title=f"Usulan pemantauan {balik.nomor}",
        subject=reference("Patient", balik.pasien),
        created=balik.waktu,
        author=reference("PractitionerRole", balik.penulis),
        addresses=diagnosis_references(balik, own_id) or None,
        activity=several(watch, _control(balik)),
    )


def letter(balik: RujukBalik, own_id: str) -> Any:
    """Write the letter itself; its sections refer to what it says."""
    said = findings(balik)
    code = LETTER.get(balik.perawatan, LETTER["rawat-jalan"])
    kind = r4b.CodeableConcept(
        coding=[
            r4b.Coding(system=LOINC, code=code[0], display=code[1]),
            r4b.Coding(system=JENIS_DOKUMEN, code="surat-rujuk-balik"),
        ]
    )

    def of(role: str) -> dict[str, Any]:
        return {name: each for name, each in said.items() if name.startswith(f"{role}-")}

    plans = [reference("CarePlan", part_id(own_id, "rencana"))]
    return r4b.Composition(
        status="entered-in-error" if balik.status == "salah-entri" else "final",
        type=kind,
        subject=reference("Patient", balik.pasien),
        encounter=reference("Encounter", balik.kunjungan),
        date=balik.waktu,
        author=[reference("PractitionerRole", balik.penulis)],
        title=f"Surat Rujuk Balik {balik.nomor}",
        custodian=reference("Organization", balik.faskes),
        event=[{"detail": [reference("ServiceRequest", own_id)]}],
        section=several(
            section(
                "Diagnosis akhir",
                DISCHARGE_DIAGNOSIS,
                entry=diagnosis_references(balik, own_id),
            ),
            section("Tindakan", PROCEDURES, entry=entries(own_id, "Procedure", of("tindakan"))),
            section(
                "Hasil penunjang", TESTS, entry=entries(own_id, "Observation", of("penunjang"))
            ),
            section(
                "Terapi dan obat lanjutan",
                MEDICATIONS,
                entry=entries(own_id, "MedicationStatement", of("obat")),
            ),
            section("Anjuran pemantauan", PLAN, text=balik.anjuranPemantauan),
            section("Jadwal kontrol", PLAN, entry=plans) if balik.tglKontrol else None,
        ),
    )


def supporting(balik: RujukBalik, own_id: str) -> list[Any]:
    """Refer to the letter and everything it rests on but the diagnoses."""
    kinds = {"tindakan": "Procedure", "penunjang": "Observation", "obat": "MedicationStatement"}
    said = [
        reference(kinds[role.partition("-")[0]], part_id(own_id, role))
        for role in findings(balik)
        if not role.startswith("diagnosis-")
    ]
    letter_of = reference("Composition", part_id(own_id, "surat"))
    return [letter_of, *said, reference("CarePlan", part_id(own_id, "rencana"))]


def read_findings(resources: Iterable[tuple[str, Document]]) -> dict[str, Any]:
    """Read what the letter says, also where another system wrote it."""
    found: dict[str, list[Any]] = {
        name: [] for name in ("diagnosisAkhir", "tindakan", "penunjang", "obat")
    }
    for role, each in resources:
        match each["resourceType"]:
            case "Condition":
                found["diagnosisAkhir"].append(_read_diagnosis(role, each))
            case "Procedure" if words := _words(each.get("code")):
                found["tindakan"].append(words)
            case "Observation" if (words := _words(each.get("code"))) and _value(each):
                found["penunjang"].append(HasilPenunjang(pemeriksaan=words, hasil=_value(each)))
            case "MedicationStatement" | "MedicationRequest":
                found["obat"].append(_read_medicine(each))
    return {name: tuple(several) for name, several in found.items()}


def read_control(plan_found: Document | None) -> dict[str, Any]:
    """Read where and when the patient goes for control."""
    for activity in (plan_found or {}).get("activity", ()):
        detail = activity.get("detail", {})
        if detail.get("kind") == KONTROL:
            performer = next(iter(detail.get("performer", ())), None)
            return {
                "tglKontrol": day_of(detail.get("scheduledPeriod", {}).get("start")),
                "kontrolKe": id_of(performer, "Organization"),
            }
    return {}


def _control(balik: RujukBalik) -> dict[str, Any] | None:
    if balik.tglKontrol is None:
        return None
    place = reference("Organization", balik.kontrolKe)
    detail = {
        "kind": KONTROL,
        "status": "not-started",
        "description": "Kontrol",
        "scheduledPeriod": {"start": balik.tglKontrol, "end": balik.tglKontrol},
        "performer": several(place),
    }
    return {"detail": detail}


def _diagnoses(balik: RujukBalik) -> list[tuple[int, Any]]:
    return [
        (
            number,
            r4b.Condition(
                clinicalStatus=concept(CLINICAL, "active"),
                category=[concept(CONDITION_CATEGORY, "encounter-diagnosis")],
                code=r4b.CodeableConcept(
                    coding=several(each.kode and r4b.Coding(system=ICD_10, code=each.kode)),
                    text=each.nama,
                ),
                subject=reference("Patient", balik.pasien),
                encounter=reference("Encounter", balik.kunjungan),
                recordedDate=balik.waktu,
                recorder=reference("PractitionerRole", balik.penulis),
            ),
        )
        for number, each in enumerate(balik.diagnosisAkhir, 1)
        if each.kondisi is None
    ]


def _treatment(balik: RujukBalik, words: str) -> Any:
    return r4b.Procedure(
        status="completed",
        code=r4b.CodeableConcept(text=words),
        subject=reference("Patient", balik.pasien),
        encounter=reference("Encounter", balik.kunjungan),
    )


def _finding(balik: RujukBalik, penunjang: HasilPenunjang) -> Any:
    return r4b.Observation(
        status="final",
        code=r4b.CodeableConcept(text=penunjang.pemeriksaan),
        subject=reference("Patient", balik.pasien),
        encounter=reference("Encounter", balik.kunjungan),
        effectiveDateTime=balik.waktu,
        valueString=penunjang.hasil,
    )


def _medicine(balik: RujukBalik, obat: ObatLanjutan) -> Any:
    code = obat.kode and r4b.Coding(system=KFA, code=obat.kode)
    amount = obat.jumlah and r4b.Annotation(text=obat.jumlah)
    return r4b.MedicationStatement(
        status="intended",
        medicationCodeableConcept=r4b.CodeableConcept(coding=several(code), text=obat.nama),
        subject=reference("Patient", balik.pasien),
        dateAsserted=balik.waktu,
        informationSource=reference("Organization", balik.faskes),
        note=several(amount),
        dosage=[{"text": obat.signa}],
    )


def _read_diagnosis(role: str, condition: Document) -> DiagnosisAkhir:
    code = condition.get("code", {})
    recorded = role.removeprefix("Condition/") if role.startswith("Condition/") else None
    return DiagnosisAkhir(kode=code_of(code, ICD_10), nama=_words(code), kondisi=recorded)


def _read_medicine(each: Document) -> ObatLanjutan:
    drug = each.get("medicationCodeableConcept", {})
    dosages = (*each.get("dosage", ()), *each.get("dosageInstruction", ()))
    dosage: Document = next(iter(dosages), {})
    return ObatLanjutan(
        nama=_words(drug) or each.get("medicationReference", {}).get("display") or "obat",
        signa=dosage.get("text") or "menurut petunjuk dokter",
        kode=code_of(drug, KFA),
        jumlah=next((note.get("text") for note in each.get("note", ())), None),
    )


def _words(code: Document | None) -> str | None:
    codings = (code or {}).get("coding", ())
    return (code or {}).get("text") or next((c["display"] for c in codings if "display" in c), None)


def _value(observation: Document) -> Any:
    quantity = observation.get("valueQuantity", {})
    number = (
        f"{quantity['value']} {quantity.get('unit', '')}".strip() if "value" in quantity else ""
    )
    return (
        observation.get("valueString") or number or _words(observation.get("valueCodeableConcept"))
    )
