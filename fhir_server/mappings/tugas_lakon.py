"""The steps of a LAKON case as Tasks: D5 forward, D6 advise, D7 approve, D8 pass on (domain §1.D).

Each is part of the case's Task and has its due time, so that one search lists what is late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import instant_of
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.resources.wire import Document

TUGAS: Final = code_system("jenis-tugas")
PRESISI: Final = structure("presisi-waktu")
PERKIRAAN: Final = structure("waktu-perkiraan")
LANGKAH: Final = {
    "teruskan-ke-tim-dokter": "sla-d5",
    "memberi-saran": "sla-d6",
    "persetujuan-advis": "sla-d7",
    "meneruskan-saran": "sla-d8",
}
"""Code of the Task → its clock."""

OPEN: Final = ("draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold")


def step(  # noqa: PLR0913 - what a step says
    task_id: str,
    kind: str,
    case: Document,
    start: datetime,
    *,
    owner: Document | None = None,
    requester: Document | None = None,
    focus: str | None = None,
    reason: str | None = None,
) -> Document:
    """Write a step of a case that begins now."""
    profile = "PersetujuanAdvis" if kind == "persetujuan-advis" else "TugasLangkahKonsultasi"
    made: dict[str, Any] = {
        "resourceType": "Task",
        "id": task_id,
        "meta": {"profile": [structure(profile)]},
        "extension": precision_of(case),
        "groupIdentifier": case.get("groupIdentifier"),
        "partOf": [{"reference": f"Task/{case['id']}"}],
        "status": "requested",
        "intent": "order",
        "priority": case.get("priority"),
        "code": {"coding": [{"system": TUGAS, "code": kind}]},
        "focus": {"reference": focus} if focus else None,
        "for": case.get("for"),
        "encounter": case.get("encounter"),
        "executionPeriod": {"start": start.isoformat()},
        "authoredOn": start.isoformat(),
        "lastModified": start.isoformat(),
        "requester": requester,
        "owner": owner,
        "reasonCode": {"text": reason} if reason else None,
        "restriction": {"period": {"end": tenggat(LANGKAH[kind], start).isoformat()}},
    }
    return {name: value for name, value in made.items() if value}


def done(task: Document, end: datetime, **more: Any) -> Document:
    """Close a step that was carried out."""
    return _closed(task, "completed", end, more)


def given_up(task: Document, end: datetime, why: str) -> Document:
    """Close a step that nobody will carry out."""
    return _closed(task, "cancelled", end, {"statusReason": {"text": why}})


def kind_of(task: Document) -> str | None:
    """Read which step a Task is, if it is one."""
    for coding in task.get("code", {}).get("coding", ()):
        if coding.get("system", "").endswith("/CodeSystem/jenis-tugas"):
            found: str = coding.get("code", "")
            return found if found in LANGKAH else None
    return None


def start_of(task: Document) -> datetime | None:
    """Read when a step began."""
    return instant_of(task.get("executionPeriod", {}).get("start")) or instant_of(
        task.get("authoredOn")
    )


def end_of(task: Document) -> datetime | None:
    """Read when a step was carried out or decided."""
    if task.get("status") not in {"completed", "rejected", "failed"}:
        return None
    found = task.get("executionPeriod", {}).get("end") or task.get("lastModified")
    return instant_of(found)


def precision_of(resource: Document) -> list[Document]:
    """Give the extension that says how exact the times of a resource are."""
    return [
        {"url": PRESISI, "valueCode": each["valueCode"]}
        for each in resource.get("extension", ())
        if each.get("url", "").endswith("/StructureDefinition/presisi-waktu")
        and "valueCode" in each
    ]


def as_exact_as(resource: Document, message: Document) -> Document:
    """Give a resource as exact as a message that times it: one of an export has no seconds."""
    minutes = [each for each in precision_of(message) if each["valueCode"] == "menit"]
    if not minutes:
        return resource
    others = [e for e in resource.get("extension", ()) if e.get("url") != minutes[0]["url"]]
    return {**resource, "extension": [*others, *minutes]}


def is_guessed(task: Document) -> bool:
    """Say whether the end of a step is an estimate."""
    return any(
        each.get("url", "").endswith("/StructureDefinition/waktu-perkiraan")
        for each in task.get("extension", ())
    )


def _closed(task: Document, status: str, end: datetime, more: dict[str, Any]) -> Document:
    period = {**task.get("executionPeriod", {}), "end": end.isoformat()}
    return {
        **task,
        "status": status,
        "executionPeriod": period,
        "lastModified": end.isoformat(),
        **more,
    }
