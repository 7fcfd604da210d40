"""``$pengiriman``: how far each resource is on its way to other systems, as Tasks.

R4 has no resource for a delivery; Task is its resource for work that is tracked: ``focus`` is what
is delivered, ``owner`` the system by name, ``status`` how far it is, ``businessStatus`` the exact
state, ``statusReason`` why, ``note`` what a person does, ``output`` the id it has there. They are
made when they are asked for and cannot be written.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fhir_server.errors import BadRequest
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.wire import dump, instant
from fhir_server.store.progress import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.progress import Dispatch, State

Document = dict[str, Any]

STATUS: dict[State, str] = {
    "pending": "requested",
    "waiting": "on-hold",
    "sent": "in-progress",
    "accepted": "completed",
    "adopted": "completed",
    "refused": "rejected",
    "dead": "failed",
    "skipped": "cancelled",
}


def run(context: Context, call: Call) -> Answer:
    """Answer a page of Tasks as a searchset, the last changed first."""
    states = [_state(each) for given in call.all("state") for each in given.split(",")]
    limits = context.settings.count_default, context.settings.count_limit
    count = max(1, min(call.one("_count") or limits[0], limits[1]))
    start = max(0, call.one("_offset") or 0)
    wanted: dict[str, Any] = {
        "target": call.one("target"),
        "states": states,
        "references": [str(each) for each in call.all("focus")],
    }
    dispatches = context.store.dispatches
    found = dispatches.page(**wanted, limit=count, skip=start)
    total = dispatches.count(**wanted)
    base = quoted(call.request.base)[:-1]
    system = context.settings.canonical.rstrip("/")
    entries = (
        b'{"fullUrl":%s/$pengiriman#%s","resource":%s,"search":{"mode":"match"}}'
        % (base, each.key.encode(), dump(task(each, system)))
        for each in found
    )
    return Answer(
        200, join("searchset", entries, links=_links(call, start, count, total), total=total)
    )


def task(dispatch: Dispatch, system: str) -> Document:
    """Write a delivery as a Task."""
    found: Document = {
        "resourceType": "Task",
        "identifier": [{"system": f"{system}/pengiriman", "value": dispatch.key}],
        "status": STATUS[dispatch.state],
        "businessStatus": {
            "coding": [{"system": f"{system}/CodeSystem/pengiriman", "code": dispatch.state}]
        },
        "intent": "order",
        "code": {"text": "pengiriman"},
        "focus": {"reference": dispatch.reference},
        "owner": {"display": dispatch.target},
    }
    if dispatch.changed:
        found["lastModified"] = instant(dispatch.changed)
    if dispatch.since:
        found["authoredOn"] = instant(dispatch.since)
    why = " ".join(filter(None, (dispatch.rule, dispatch.reason)))
    if dispatch.waits:
        why = f"{why} waits for {', '.join(dispatch.waits)}".strip()
    if why:
        found["statusReason"] = {"text": why}
    if dispatch.remedy:
        found["note"] = [{"text": dispatch.remedy}]
    if dispatch.parts:
        found["output"] = [
            {"type": {"text": part.key or "id"}, "valueString": part.remote}
            for part in dispatch.parts
        ]
    if dispatch.history:
        found["input"] = [_attempt(each) for each in dispatch.history]
    return found


def _attempt(entry: Document) -> Document:
    version = f" version {entry['v']}" if "v" in entry else ""
    says = f"{instant(entry['t'])}{version} {entry['outcome']} {entry.get('reason', '')}".rstrip()
    return {"type": {"text": "attempt"}, "valueString": says}


def _state(given: str) -> State:
    for state in STATES:
        if state == given:
            return state
    raise BadRequest(f"state={given!r} is none of {', '.join(STATES)}.")


def _links(call: Call, start: int, count: int, total: int) -> Iterator[tuple[str, str]]:
    address = f"{call.request.base}/$pengiriman"
    yield "self", f"{address}?{call.request.query}".rstrip("?")
    if start + count < total:
        pairs = [
            (name, str(each)) for name in ("target", "state", "focus") for each in call.all(name)
        ]
        pairs += [("_count", str(count)), ("_offset", str(start + count))]
        yield "next", f"{address}?{urlencode(pairs, safe='/,')}"


OPERATION = Operation(
    name="pengiriman",
    levels=frozenset({"system"}),
    says="How far each resource is on its way to other systems, as Tasks.",
    parameters=(
        Parameter("target", "string", says="Only to this system, by its name."),
        Parameter(
            "state",
            "string",
            maximum="*",
            says="Only in these states: " + ", ".join(STATES) + ".",
        ),
        Parameter("focus", "string", maximum="*", says="Only of these resources (Type/id)."),
        Parameter("_count", "integer", says="Tasks on a page."),
        Parameter("_offset", "integer", says="Where the page begins; see the next link."),
        Parameter("return", "Bundle", use="out", minimum=1, says="The Tasks."),
    ),
    run=run,
)
