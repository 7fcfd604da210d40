"""A Task of an SOP keeps its kind, and an escalation is not deleted: else it left its table.

Of a Task that was none of ours nothing is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.sop.jenis_tugas import JENIS_TUGAS, jenis_diganti, tidak_dihapus
from fhir_server.store.ops import Check, Concern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Stored

KEPT: Final = frozenset({"eskalasi-darurat"})
"""Kinds whose Tasks stay: an error is said by their status."""


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for Tasks that may have been there."""
    system = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(_document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return not new

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        ids = ",".join(sorted(each.document["id"] for each in concerns))

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            before = {each["id"]: _kind(each, system) for each in documents(found[0])}
            refuse(
                (each, "code", jenis_diganti(was))
                for each in concerns
                if (was := before.get(each.document["id"])) and _kind(each.document, system) != was
            )

        return Check((), (facts("Task", [("_id", ids)]),), decide, when="before")

    return (Rule(JENIS_TUGAS, frozenset({"Task"}), applies, check),)


def deletion(task_ids: Sequence[str], canonical: str, facts: Facts) -> Check:
    """Make the Check of Tasks that somebody deletes."""
    system = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(
            (Concern(JENIS_TUGAS, each), "code", tidak_dihapus(kind))
            for each in documents(found[0])
            if (kind := _kind(each, system)) in KEPT
        )

    return Check((), (facts("Task", [("_id", ",".join(sorted(task_ids)))]),), decide)


def _kind(task: Document, system: str) -> str:
    codings = task.get("code", {}).get("coding", ())
    return next((c.get("code", "") for c in codings if c.get("system") == system), "")
