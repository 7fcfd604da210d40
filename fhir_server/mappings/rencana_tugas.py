"""A follow-up plan of the PWS follows its Tasks: each activity says what became of it (C12).

The activity of a Task is the one that names it, else the first of its kind for the same performer
that has none yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, ids_of
from fhir_server.mappings.tindak_lanjut import is_follow_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

KIND: Final = code_system("jenis-tugas")
STATUS: Final = {
    "draft": "scheduled",
    "requested": "scheduled",
    "received": "scheduled",
    "accepted": "scheduled",
    "ready": "scheduled",
    "in-progress": "in-progress",
    "on-hold": "on-hold",
    "completed": "completed",
    "failed": "stopped",
    "rejected": "stopped",
    "cancelled": "cancelled",
    "entered-in-error": "entered-in-error",
}
"""Task.status → CarePlan.activity.detail.status."""


def effects(canonical: str) -> tuple[Effect, ...]:
    """Let a plan follow the field work that is based on it."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return bool(ids_of(document.get("basedOn"), "CarePlan")) and is_follow_up(document, base)

    return (Effect("rencana-tugas", frozenset({"Task"}), applies, follow),)


def follow(tasks: Sequence[Document], reader: Reader) -> Consequences:
    """Write on each plan what its Tasks say."""
    changed: dict[str, Document] = {}
    for task in tasks:
        for each in ids_of(task.get("basedOn"), "CarePlan"):
            name = f"CarePlan/{each}"
            plan = changed.get(name) or reader.read(name)
            if plan is not None and (activities := _followed(plan, task)):
                changed[name] = {**plan, "activity": activities}
    return Consequences(changed)


def tasks_of(activity: Document) -> tuple[str, ...]:
    """Give the ids of the Tasks that an activity became."""
    return ids_of(activity.get("outcomeReference"), "Task")


def _followed(plan: Document, task: Document) -> list[Document]:
    activities: list[Document] = list(plan.get("activity", ()))
    place = _place(activities, task)
    if place is None:
        return []
    found = activities[place]
    refers = {"reference": f"Task/{task['id']}"}
    outcomes = found.get("outcomeReference", [])
    followed = {
        **found,
        "outcomeReference": outcomes if refers in outcomes else [*outcomes, refers],
    }
    if "detail" in found:
        status = STATUS.get(task.get("status", ""), "unknown")
        followed["detail"] = {**found["detail"], "status": status}
    activities[place] = followed
    return activities


def _place(activities: list[Document], task: Document) -> int | None:
    named = [n for n, each in enumerate(activities) if task["id"] in tasks_of(each)]
    free = [
        n
        for n, each in enumerate(activities)
        if not tasks_of(each) and _is_for(each.get("detail", {}), task)
    ]
    return next(iter([*named, *free]), None)


def _is_for(detail: Document, task: Document) -> bool:
    performers = [each.get("reference") for each in detail.get("performer", ())]
    same_kind = code_of(detail.get("code"), KIND) == code_of(task.get("code"), KIND)
    return same_kind and task.get("owner", {}).get("reference") in performers
