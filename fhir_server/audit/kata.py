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
    "Task": ("tugas pelayanan", "care tasks"),
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

DOKUMEN: Final = {
    "pasien": KATA["Patient"],
    "ibu-hamil-risti": ("catatan kehamilan berisiko", "record of a pregnancy at risk"),
    "keluarga-pasien": KATA["RelatedPerson"],
    "layanan-kb": ("layanan KB", "family planning"),
    "pemeriksaan-anc": ("pemeriksaan kehamilan", "pregnancy check-ups"),
    "pemeriksaan-mtbs": ("pemeriksaan anak sakit", "check-ups as a sick child"),
    "pemantauan-isoman": ("pemantauan isolasi mandiri", "isolation at home"),
    "pemantauan-risti": ("pemantauan kehamilan berisiko", "watch over a pregnancy at risk"),
    "penugasan-mahasiswa": ("pendampingan mahasiswa", "accompanying student"),
}
"""Documents of the SOPs whose own name is not how a patient says it."""

WHOLE: Final = ("seluruh rekam medis", "whole record")
OTHER: Final = ("data", "data")

KEJADIAN: Final = {
    "$akses-darurat": (
        "membuka rekam medis Anda dalam keadaan darurat",
        "opened your record in an emergency",
    ),
    "$paket-rujukan": ("melihat berkas rujukan Anda", "looked at the papers of your referral"),
    "$siapa-melihat": (
        "melihat daftar siapa yang melihat rekam medis Anda",
        "looked at the list of who has seen your record",
    ),
    "$match": ("mencocokkan data diri Anda", "matched your personal details"),
    "$document": ("melihat surat Anda", "looked at your letters"),
    "$expunge": ("menghapus data Anda untuk selamanya", "removed your data for good"),
}
"""Operations of which neither a verb nor a type says what happened: Indonesian, English."""

EKSPOR: Final = ("mengunduh salinan data Anda", "downloaded a copy of your data")
"""What happened to everybody in a file of an export."""

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
        words = DOKUMEN.get(entity)
        return words[language] if words else entity.replace("-", " ") or OTHER[language]
    return KATA.get(target.partition("/")[0], OTHER)[language]


def happened(target: str, language: int) -> str:
    """Say in whole words what an operation did; "" where verb and thing say it."""
    name = target.rpartition("/")[2]
    said = EKSPOR if name.endswith(".ndjson") else KEJADIAN.get(name)
    return said[language] if said else ""


def sentence(  # noqa: PLR0913 - a sentence has parts
    language: int,
    *,
    who: str,
    place: str,
    letter: str,
    what: str,
    times: int,
    refused: bool,
    deed: str = "",
) -> str:
    """Say one line: «Bidan Ani dari Puskesmas Todanan melihat hasil pemeriksaan Anda (3 kali)».

    ``deed`` goes before verb and thing.
    """
    said = [who, f"{OF[language]} {place}" if place else ""]
    said += [FAILED[language] if refused else ""]
    said += [deed or f"{TINDAKAN[letter][language]} {YOURS[language].format(what)}"]
    said += [f"({times} {TIMES[language]})" if times > 1 else ""]
    return " ".join(each for each in said if each)
