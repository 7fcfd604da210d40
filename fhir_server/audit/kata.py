"""What was seen, in words a patient understands: Indonesian, or English where asked for. Pure."""

from __future__ import annotations

from typing import Final

KATA: Final = {
    "Patient": ("data diri", "personal details"),
    "Observation": ("hasil pemeriksaan", "examination results"),
    "DiagnosticReport": ("hasil laboratorium", "laboratory results"),
    "Condition": ("diagnosis", "diagnoses"),
    "Encounter": ("kunjungan", "visits"),
    "EpisodeOfCare": ("masa kehamilan atau perawatan", "episodes of care"),
    "Procedure": ("tindakan", "procedures"),
    "MedicationRequest": ("resep obat", "prescriptions"),
    "MedicationDispense": ("penyerahan obat", "dispensed medicines"),
    "Immunization": ("imunisasi", "immunisations"),
    "AllergyIntolerance": ("alergi", "allergies"),
    "CarePlan": ("rencana asuhan", "care plans"),
    "CareTeam": ("pendamping", "care team"),
    "Communication": ("pesan dan anjuran", "messages and advice"),
    "Composition": ("surat", "letters"),
    "Consent": ("persetujuan", "consents"),
    "Coverage": ("kepesertaan jaminan", "insurance"),
    "ServiceRequest": ("rujukan atau permintaan pemeriksaan", "referrals and orders"),
    "Specimen": ("sampel", "specimens"),
    "Task": ("tugas petugas", "work of the staff"),
    "Appointment": ("janji temu", "appointments"),
    "QuestionnaireResponse": ("isian formulir", "completed forms"),
    "RelatedPerson": ("data keluarga", "family"),
    "Invoice": ("tagihan", "bills"),
    "ChargeItem": ("tagihan", "bills"),
    "AuditEvent": ("catatan akses", "records of access"),
    "Flag": ("tanda peringatan", "warnings"),
    "RiskAssessment": ("penilaian risiko", "risk assessments"),
}
"""By resource type: Indonesian, English."""

WHOLE: Final = ("seluruh rekam medis", "whole record")
OTHER: Final = ("data", "data")

TINDAKAN: Final = {
    "C": ("menambah", "added"),
    "R": ("melihat", "looked at"),
    "U": ("mengubah", "changed"),
    "D": ("menghapus", "deleted"),
    "E": ("mencari", "searched for"),
}
UNKNOWN: Final = ("seseorang yang tidak dikenal", "somebody unknown")
OPERATOR: Final = ("petugas puskesmas", "staff of the puskesmas")
APP: Final = ("aplikasi", "the application")
OF: Final = ("dari", "of")
FAILED: Final = ("ditolak ketika", "was refused when it")
TIMES: Final = ("kali", "times")
YOURS: Final = ("{} Anda", "your {}")


def what(target: str, language: int) -> str:
    """Name what a target (``Observation/x``, ``Patient/x/$everything``) is to a patient."""
    if target.endswith("$everything"):
        return WHOLE[language]
    if target.startswith("/sop/"):
        entity = target.split("/")[3] if target.count("/") > 2 else ""
        return entity.replace("-", " ") or OTHER[language]
    return KATA.get(target.partition("/")[0], OTHER)[language]


def sentence(  # noqa: PLR0913 - a sentence has parts
    language: int, *, who: str, place: str, letter: str, what: str, times: int, refused: bool
) -> str:
    """Say one line: «Bidan Ani dari Puskesmas Todanan melihat hasil pemeriksaan Anda (3 kali)»."""
    said = [who, f"{OF[language]} {place}" if place else ""]
    said += [FAILED[language] if refused else "", TINDAKAN[letter][language]]
    said += [YOURS[language].format(what)]
    said += [f"({times} {TIMES[language]})" if times > 1 else ""]
    return " ".join(each for each in said if each)
