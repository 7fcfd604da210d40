"""The course of a consultation on the write road: its case, its advice, its approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings import advis as advices
from fhir_server.mappings import kasus_konsultasi as cases
from fhir_server.mappings.alur import Jaga, business_state
from fhir_server.mappings.kasus_pemantauan import is_case
from fhir_server.mappings.konsultasi_daring import RUNNING
from fhir_server.mappings.rules import has_code
from fhir_server.sop.advis import ALUR_ADVIS
from fhir_server.sop.kasus_konsultasi import ALUR_KASUS, ALUR_LAKON
from fhir_server.sop.persetujuan_advis import ALUR_PERSETUJUAN

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

CASE_STATUS: Final = {nama: cases.STATUS.get(nama, RUNNING) for nama in ALUR_LAKON.keadaan}
ENDED: Final = ALUR_LAKON.akhir
CASE_ALONE: Final = {
    "requested": "diajukan",
    "received": "diajukan",
    "accepted": "diteruskan",
    "in-progress": "diteruskan",
    "rejected": "ditolak",
    "completed": "selesai",
    "cancelled": "dibatalkan-pasien",
    "failed": "tidak-dapat-dihubungi",
}
APPROVAL_STATUS: Final = {
    "diminta": "requested",
    "disetujui": "completed",
    "ditolak": "rejected",
    "dibatalkan": "cancelled",
}
APPROVAL_READ: Final = {
    **{status: state for state, status in APPROVAL_STATUS.items()},
    **dict.fromkeys(
        ("draft", "received", "accepted", "ready", "in-progress", "on-hold"), "diminta"
    ),
}
ADVICE_READ: Final = {status: state for state, status in advices.STATUS.items()}


def is_lakon(task: Document, canonical: str) -> bool:
    """Say whether a Task is a case of LAKON."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/layanan-konsultasi", "lakon")


def is_other_case(task: Document, canonical: str) -> bool:
    """Say whether a Task is a case of another online consultation, not of the monitoring."""
    kinds = f"{canonical}/CodeSystem/jenis-tugas"
    own = is_lakon(task, canonical) or is_case(task, canonical)
    return has_code(task.get("code"), kinds, "konsultasi-daring") and not own


def is_approval(task: Document, canonical: str) -> bool:
    """Say whether a Task is the approval of an advice."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "persetujuan-advis")


def is_advice(communication: Document, canonical: str) -> bool:
    """Say whether a Communication is a doctor's advice."""
    kinds = f"{canonical}/CodeSystem/kategori-komunikasi"
    return any(has_code(each, kinds, "advis-dokter") for each in communication.get("category", ()))


def _approval_state(task: Document) -> str | None:
    return APPROVAL_READ.get(task.get("status", ""))


def _advice_state(advice: Document) -> str | None:
    return ADVICE_READ.get(advice.get("status", ""))


case_state = business_state("status-kasus", CASE_STATUS, CASE_ALONE)
JAGA: Final = (
    Jaga(ALUR_LAKON, "Task", is_lakon, case_state, CASE_STATUS),
    Jaga(ALUR_KASUS, "Task", is_other_case, case_state, CASE_STATUS),
    Jaga(ALUR_PERSETUJUAN, "Task", is_approval, _approval_state, APPROVAL_STATUS),
    Jaga(ALUR_ADVIS, "Communication", is_advice, _advice_state, advices.STATUS),
)
