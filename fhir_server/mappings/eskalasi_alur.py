"""The course of an escalation on the write road: its moves, who is called, why it is downgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.eskalasi_darurat import STATUS, state_of
from fhir_server.mappings.rules import Rule, has_code, refuse
from fhir_server.sop.eskalasi_darurat import (
    ALUR_ESKALASI,
    diturunkan_dengan_alasan,
    punya_dokter,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored


def is_escalation(task: Document, canonical: str) -> bool:
    """Say whether a Task is an escalation."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "eskalasi-darurat")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule that an escalation calls somebody, and is downgraded only with a reason."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return is_escalation(document, base) and _wrong(document) is not None

    def check(concerns: Sequence[Concern], _facts: Facts) -> Check:
        def decide(_found: Sequence[Sequence[Stored]]) -> None:
            refuse(_verdicts(concerns))

        return Check((), (), decide)

    return (Rule("eskalasi-darurat", frozenset({"Task"}), applies, check),)


def _verdicts(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    for each in concerns:
        if (found := _wrong(each.document)) is not None:
            yield each, *found


def _wrong(task: Document) -> tuple[str, Teguran] | None:
    state = state_of(task)
    if state == "tidak-darurat":
        reproof = diturunkan_dengan_alasan("x" if task.get("statusReason") else None)
        return None if reproof is None else ("statusReason", reproof)
    if state in {"diusulkan", "salah-entri", None}:
        return None
    reproof = punya_dokter(task.get("owner", {}).get("reference"))
    return None if reproof is None else ("owner", reproof)


JAGA: Final = Jaga(
    alur=ALUR_ESKALASI,
    resource_type="Task",
    applies=is_escalation,
    state_of=state_of,
    status=STATUS,
    element="businessStatus",
)
