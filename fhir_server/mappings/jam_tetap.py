"""BR-D8 on the write road: the recorded clock of a step of LAKON is not moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.rules import Rule, refuse
from fhir_server.mappings.tugas_lakon import end_of, is_guessed, kind_of, start_of
from fhir_server.resources.wire import parse
from fhir_server.sop.sla import BR_D8, jam_tetap
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give BR-D8."""
    return (Rule(BR_D8, frozenset({"Task"}), applies, check),)


def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
    """Say whether a Task is a step that was there before."""
    return not new and "partOf" in task and kind_of(task) is not None


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Compare every step with how it stood."""
    ids = ",".join(sorted(each.document["id"] for each in concerns))

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(verdicts(concerns, {each.id: parse(each.raw) for each in found[0]}))

    return Check((), (facts("Task", [("_id", ids)]),), decide, when="before")


def verdicts(
    concerns: Sequence[Concern], before: dict[str, Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge the clocks; a step that was only planned has none, an estimate may be replaced."""
    for each in concerns:
        stood = before.get(each.document["id"], {})
        if stood.get("status", "draft") == "draft":
            continue
        began, ended = start_of(stood), None if is_guessed(stood) else end_of(stood)
        moved = began is not None and began != start_of(each.document)
        if moved or (ended is not None and ended != end_of(each.document)):
            yield each, "executionPeriod", jam_tetap(f"Task/{each.document['id']}")
