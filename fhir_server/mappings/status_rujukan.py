"""The state of a Rujukan as Task.businessStatus, Task.status and ServiceRequest.status; BR-R1.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.rules import has_code
from fhir_server.sop.status_rujukan import ALUR_RUJUKAN

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

STATUS: Final[dict[str, tuple[str, str]]] = {
    "disusun": ("draft", "draft"),
    "dikirim": ("requested", "active"),
    "diterima-sistem": ("received", "active"),
    "disetujui": ("accepted", "active"),
    "ditolak": ("rejected", "active"),
    "pasien-tiba": ("in-progress", "active"),
    "tidak-datang": ("on-hold", "active"),
    "dalam-perawatan": ("in-progress", "active"),
    "dirujuk-balik": ("completed", "completed"),
    "selesai-tanpa-rujuk-balik": ("completed", "completed"),
    "pembatalan-diminta": ("on-hold", "active"),
    "dibatalkan": ("cancelled", "revoked"),
    "salah-entri": ("entered-in-error", "entered-in-error"),
}
"""State of the referral → Task.status, ServiceRequest.status."""

ALONE: Final[dict[str, str]] = {
    "draft": "disusun",
    "requested": "dikirim",
    "received": "diterima-sistem",
    "accepted": "disetujui",
    "ready": "disetujui",
    "rejected": "ditolak",
    "in-progress": "pasien-tiba",
    "on-hold": "tidak-datang",
    "completed": "selesai-tanpa-rujuk-balik",
    "failed": "selesai-tanpa-rujuk-balik",
    "cancelled": "dibatalkan",
    "entered-in-error": "salah-entri",
}
"""Task.status → state, where the businessStatus says nothing that agrees with it."""


def state_of(task: Document) -> str:
    """Read the state of a referral: the Task's businessStatus, or what its status alone says.

    A hospital that only sets ``Task.status`` leaves an older businessStatus behind; the status
    counts then.
    """
    status = task.get("status", "")
    for coding in task.get("businessStatus", {}).get("coding", ()):
        found: str = coding.get("code", "")
        ours = coding.get("system", "").endswith("/CodeSystem/status-rujukan")
        if ours and STATUS.get(found, ("",))[0] == status:
            return found
    return ALONE.get(status, "disusun")


def is_referral(task: Document, canonical: str) -> bool:
    """Say whether a Task is the work of a referral."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "rujukan")


JAGA: Final = Jaga(
    alur=ALUR_RUJUKAN,
    resource_type="Task",
    applies=is_referral,
    state_of=state_of,
    status={state: task for state, (task, _) in STATUS.items()},
)
