"""The state of a Rujukan as Task.businessStatus, Task.status and ServiceRequest.status; BR-R1.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.rules import Rule, documents, has_code, refuse
from fhir_server.sop.status_rujukan import BR_R1, perpindahan
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

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


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-R1: a referral's Task moves only as the SOP's table allows."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return not new and has_code(task.get("code"), kinds, "rujukan")

    return (Rule(BR_R1, frozenset({"Task"}), applies, _check),)


def _check(concerns: Sequence[Concern], facts: Facts) -> Check:
    ids = ",".join(concern.document["id"] for concern in concerns)

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        before = {task["id"]: task for task in documents(found[0])}
        refuse(_verdicts(concerns, before))

    return Check((), (facts("Task", [("_id", ids)]),), decide, when="before")


def _verdicts(
    concerns: Sequence[Concern], before: dict[str, Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        task = concern.document
        if (old := before.get(task["id"])) is None:
            continue
        number = task.get("groupIdentifier", {}).get("value") or f"Task/{task['id']}"
        if reproof := perpindahan(number, state_of(old), state_of(task)):
            yield concern, "status", reproof
