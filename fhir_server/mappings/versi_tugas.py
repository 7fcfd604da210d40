"""BR-R3 on the write road: who moves a referral says which version of the Task was read.

Two facilities move one Task. A change that names no version (If-Match) could undo what the other
side has just said; it is refused with 428, and nothing is written.

https://hl7.org/fhir/R4/http.html#concurrency and RFC 6585 §3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import PreconditionRequired
from fhir_server.mappings.rules import Rule, has_code
from fhir_server.sop.status_rujukan import BR_R3
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-R3 for the Tasks of referrals and back-referrals."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        code = task.get("code")
        return not new and any(has_code(code, kinds, each) for each in ("rujukan", "rujuk-balik"))

    return (Rule(BR_R3, frozenset({"Task"}), applies, _check),)


def _check(concerns: Sequence[Concern], facts: Facts) -> Check:
    blind = {each.document["id"]: each for each in concerns if each.blind}
    plans = (facts("Task", [("_id", ",".join(sorted(blind)))]),) if blind else ()

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        for stored in found[0] if found else ():
            raise _refusal(blind[stored.id], stored)

    return Check((), plans, decide, when="before")


def _refusal(concern: Concern, stored: Stored) -> PreconditionRequired:
    name = f"Task/{stored.id}"
    return PreconditionRequired(
        f"BR-R3: {name} is moved by two facilities, so a change needs If-Match with the version "
        f"that was read. Read {name}, then repeat with its ETag.",
        expression=concern.where or "Task",
        indonesian=f"{name} digerakkan dua fasilitas; perubahan tanpa If-Match dapat menimpa "
        f"pihak lain. Seharusnya: baca {name}, lalu ulangi dengan ETag-nya ({BR_R3})",
        rule=BR_R3,
    )
