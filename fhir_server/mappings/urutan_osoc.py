"""The order of the steps of OSOC on the write road: no step begins before those it follows end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.urutan_osoc import SEBELUM, URUTAN, Selesai, berurutan
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

BEGUN = ("in-progress", "completed")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the codes below a canonical base."""
    system = f"{canonical.rstrip('/')}/CodeSystem/sla"

    def applies(task: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if task.get("status") not in BEGUN or "start" not in task.get("executionPeriod", {}):
            return False
        return bool(SEBELUM.get(step_of(task, system) or ""))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        of = {str(local(each.document.get("for"), "Organization")) for each in concerns}
        steps = {step_of(each.document, system) or "" for each in concerns}
        before = sorted({name for each in steps for name in SEBELUM[each]})
        pairs = [
            ("code", ",".join(f"{system}|{each}" for each in before)),
            ("subject", ",".join(sorted(of))),
            ("status", "completed"),
        ]

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            refuse(_verdicts(concerns, documents(found[0]), system))

        return Check((), (facts("Task", pairs),), decide, when="after")

    return (Rule(URUTAN, frozenset({"Task"}), applies, check),)


def step_of(task: Document, system: str) -> str | None:
    """Read which step of a program a Task is."""
    for each in task.get("code", {}).get("coding", ()):
        if each.get("system") == system:
            code: str | None = each.get("code")
            return code
    return None


def _verdicts(
    concerns: Sequence[Concern], tasks: Sequence[Document], system: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        task = concern.document
        begun = instant_of(task["executionPeriod"]["start"])
        theirs = [each for each in tasks if _whose(each) == _whose(task)]
        over = [done for each in theirs if (done := _over(each, system))]
        if begun is None:
            continue
        if wrong := berurutan(step_of(task, system) or "", _owner(task), begun, over):
            yield concern, "executionPeriod.start", wrong


def _over(task: Document, system: str) -> Selesai | None:
    step, end = step_of(task, system), instant_of(task.get("executionPeriod", {}).get("end"))
    return Selesai(step, _owner(task), end) if step and end else None


def _whose(task: Document) -> str | None:
    return local(task.get("for"), "Organization")


def _owner(task: Document) -> str | None:
    return local(task.get("owner"), "PractitionerRole")
