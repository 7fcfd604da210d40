"""Referrals that SATUSEHAT Rujukan (the pilot) addresses to us: seeing them, and answering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.login import NoToken
from fhir_server.bridges.satusehat.meaning import Kind, meaning
from fhir_server.bridges.satusehat.record import AGAIN, NotRead
from fhir_server.bridges.satusehat.remedies import both, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.bridges.satusehat.connection import Connection
    from fhir_server.bridges.satusehat.meaning import Said

    Json = dict[str, Any]

SETTLED: Final = (
    "Permintaan ini sudah dijawab lain atau dibatalkan.",
    "It was answered otherwise, or cancelled.",
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One facility's question whether we take a patient.

    ``answer`` is accepted, rejected, cancelled or empty. ``service`` and ``reason`` are told only
    once we have accepted; before, SATUSEHAT keeps the plan from us.
    """

    task: str
    requester: str
    since: str
    answer: str
    service: str
    reason: str


def incoming(connection: Connection, organization: str) -> Sequence[Incoming]:
    """List what we are asked; NotRead if SATUSEHAT does not say."""
    search = [("owner", organization), ("code", c.APPROVAL_REQUEST), ("_include", "Task:based-on")]
    entries = _asked(connection, "GET", "Task", search=search).document.get("entry", ())
    found = [each.get("resource", {}) for each in entries]
    plans = {f"CarePlan/{e.get('id')}": e for e in found if e.get("resourceType") == "CarePlan"}
    return [_incoming(each, plans) for each in found if each.get("resourceType") == "Task"]


def answer(connection: Connection, task: str, *, accept: bool) -> None:
    """Accept or reject a question; to give the same answer twice changes nothing.

    NotRead if it was answered otherwise, was cancelled, or SATUSEHAT does not take the answer.
    """
    word = "accepted" if accept else "rejected"
    there = _state(_asked(connection, "GET", f"Task/{task}").document)
    if there == word:
        return
    if there:
        raise NotRead(f"Task/{task} is {there}.", both(SETTLED))
    said = {"system": c.TASK_STATUS, "code": word, "display": word.capitalize()}
    kind = {"coding": [{"system": c.KEMKES, "code": c.RESPONSE}]}
    operations = [
        {"op": "replace", "path": "/status", "value": "completed"},
        {"op": "add", "path": "/output", "value": [{"type": kind, "valueCoding": said}]},
    ]
    _asked(connection, "PATCH", f"Task/{task}", operations)


def _asked(
    connection: Connection,
    method: str,
    path: str,
    body: Any = None,
    search: Sequence[tuple[str, str]] = (),
) -> Said:
    try:
        said = connection.ask(method, path, body, search)
    except NoToken as missing:
        raise NotRead(missing.meaning.reason, both(AGAIN)) from None
    found = meaning(said)
    if found.kind is not Kind.DONE:
        raise NotRead(found.reason, remedy(found.rule) if found.rule else both(AGAIN))
    return said


def _incoming(task: Json, plans: dict[str, Json]) -> Incoming:
    names = [str(each.get("reference", "")) for each in task.get("basedOn", ())]
    plan = next((plans[each] for each in names if each in plans), {})
    codes = [e.get("code") for each in plan.get("category", ()) for e in each.get("coding", ())]
    services = (known[2] for known in c.PLANS.values() if known[1] in codes)
    return Incoming(
        str(task.get("id", "")),
        str(task.get("requester", {}).get("reference", "")),
        str(task.get("authoredOn", "")),
        _state(task),
        next(services, ""),
        str(plan.get("description", "")),
    )


def _state(task: Json) -> str:
    said = [each.get("valueCoding", {}).get("code") for each in task.get("output", ())]
    answered = next((str(each) for each in said if each in {"accepted", "rejected"}), "")
    return "cancelled" if task.get("status") == "cancelled" else answered
