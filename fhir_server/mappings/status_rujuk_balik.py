"""The state of a RujukBalik as Task.businessStatus, Task.status and ServiceRequest.status; BR-R1.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.alur import Jaga, business_state, number_of
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.rujuk_balik import selesai_dengan_hasil
from fhir_server.sop.status_rujuk_balik import ALUR_RUJUK_BALIK
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored

STATUS: Final[dict[str, tuple[str, str]]] = {
    "dikirim": ("requested", "active"),
    "diterima-sistem": ("received", "active"),
    "disetujui": ("accepted", "active"),
    "dipantau": ("in-progress", "active"),
    "selesai": ("completed", "completed"),
    "ditolak": ("rejected", "revoked"),
    "gagal": ("failed", "revoked"),
    "dibatalkan": ("cancelled", "revoked"),
    "salah-entri": ("entered-in-error", "entered-in-error"),
}
"""State of the back-referral → Task.status, ServiceRequest.status."""

TUGAS: Final = {state: task for state, (task, _) in STATUS.items()}
ALONE: Final = {
    **{task: state for state, task in TUGAS.items()},
    "draft": "dikirim",
    "ready": "disetujui",
    "on-hold": "dipantau",
}
"""Task.status → state, where the businessStatus says nothing that agrees with it."""

state_of = business_state("status-rujuk-balik", TUGAS, ALONE)


def is_back_referral(task: Document, canonical: str) -> bool:
    """Say whether a Task is the work of a back-referral."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "rujuk-balik")


JAGA: Final = Jaga(
    alur=ALUR_RUJUK_BALIK,
    resource_type="Task",
    applies=is_back_referral,
    state_of=state_of,
    status=TUGAS,
)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the end of BR-R1: a back-referral is completed with its outcome sent."""
    base = canonical.rstrip("/")
    outcome = f"{base}/CodeSystem/kategori-komunikasi|hasil-pemantauan"

    def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return not new and task.get("status") == "completed" and is_back_referral(task, base)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        wanted = sorted({found for each in concerns if (found := _request(each.document))})
        pairs = [("based-on", ",".join(wanted)), ("category", outcome)]
        plans = (facts("Communication", pairs),) if wanted else ()

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            sent = documents(found[0]) if found else []
            told = {local(on, "ServiceRequest") for each in sent for on in each.get("basedOn", ())}
            refuse(
                (each, "status", selesai_dengan_hasil(number_of(each.document)))
                for each in concerns
                if _request(each.document) not in told
            )

        return Check((), plans, decide, when="after")

    return (Rule("BR-R1 hasil", frozenset({"Task"}), applies, check),)


def _request(task: Document) -> str | None:
    return local(task.get("focus"), "ServiceRequest")
