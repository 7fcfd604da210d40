"""A request follows its work: ServiceRequest.status and state of a referral come from its Task.

A hospital that moves the Task by FHIR closes the request with it, in the same transaction. The
state also stands in ``meta.tag`` of the request, where lists find it. A request whose status
contradicts its work is refused (BR-R1): the Task is what moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import RuleBroken
from fhir_server.mappings import status_rujuk_balik, status_rujukan
from fhir_server.mappings.codes import SNOMED, code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, instant_of
from fhir_server.mappings.rules import has_code, local
from fhir_server.sop.status_rujukan import BR_R1, permintaan_ikut_tugas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

JENIS_TUGAS = code_system("jenis-tugas")
REFUSED = "ditolak"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request whose work has states: code of the Task, system of the states, table."""

    system: str
    state_of: Callable[[Document], str | None]
    status: Mapping[str, tuple[str, str]]


KINDS: Final = {
    "rujukan": Kind(code_system("status-rujukan"), status_rujukan.state_of, status_rujukan.STATUS),
    "rujuk-balik": Kind(
        code_system("status-rujuk-balik"), status_rujuk_balik.state_of, status_rujuk_balik.STATUS
    ),
}


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the one effect, for the code systems below a canonical base."""
    base = canonical.rstrip("/")
    kinds, jenis = f"{base}/CodeSystem/jenis-tugas", f"{base}/CodeSystem/jenis-rujukan"

    def applies(document: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        if document["resourceType"] == "Task":
            return any(has_code(document.get("code"), kinds, each) for each in KINDS)
        return any(
            has_code(each, SNOMED, "3457005") or has_code(each, jenis, "rujuk-balik")
            for each in document.get("category", ())
        )

    return (
        Effect("permintaan-ikut-tugas", frozenset({"Task", "ServiceRequest"}), applies, follow),
    )


def follow(written: Sequence[Document], reader: Reader) -> Consequences:
    """Give the requests that change with their work."""
    own = {_name(each): each for each in written}
    wanted = {name for name in own if name.startswith("ServiceRequest/")}
    wanted |= {found for each in written if (found := local(each.get("focus"), "ServiceRequest"))}
    requests = _requests(wanted, own, reader)
    tasks = _tasks(requests, own, reader)
    changed = {}
    for name, request in requests.items():
        works = [each for each in tasks if local(each.get("focus"), "ServiceRequest") == name]
        if works and (now := _as_its_work(request, newest(works), explicit=name in own)):
            changed[name] = now
    return Consequences(changed)


def newest(tasks: Iterable[Document]) -> Document:
    """Give the Task of the facility that was asked last."""

    def moment(task: Document) -> tuple[float, str]:
        asked = instant_of(task.get("authoredOn"))
        return (asked.timestamp() if asked else 0.0, task["id"])

    return max(tasks, key=moment)


def state_tag(document: Document) -> str | None:
    """Read the state of a referral or back-referral from its request."""
    systems = {each.system for each in KINDS.values()}
    tags = document.get("meta", {}).get("tag", ())
    return next((tag.get("code") for tag in tags if tag.get("system") in systems), None)


def _requests(wanted: set[str], own: Mapping[str, Document], reader: Reader) -> dict[str, Document]:
    missing = sorted(name.partition("/")[2] for name in wanted if name not in own)
    found = reader.find("ServiceRequest", [("_id", ",".join(missing))]) if missing else []
    stored = {_name(each): each for each in found}
    return {name: own.get(name) or stored[name] for name in wanted if name in {*own, *stored}}


def _tasks(
    requests: Mapping[str, Document], own: Mapping[str, Document], reader: Reader
) -> list[Document]:
    """Give the work of requests as it will be; what was never stored has none but what comes."""
    codes = ",".join(f"{JENIS_TUGAS}|{each}" for each in KINDS)
    pairs = [("focus", ",".join(sorted(requests))), ("code", codes)]
    stored = {_name(each): each for each in reader.find("Task", pairs)} if requests else {}
    return [*{**stored, **{n: e for n, e in own.items() if e["resourceType"] == "Task"}}.values()]


def _as_its_work(request: Document, task: Document, *, explicit: bool) -> Document | None:
    """Give the request as its newest Task has it, or None where it is so already."""
    kind = KINDS.get(code_of(task.get("code"), JENIS_TUGAS) or "")
    state = None if kind is None else kind.state_of(task)
    if kind is None or state is None:
        return None
    status = kind.status[state][1]
    given_up = (state, status) == (REFUSED, "active") and request.get("status") == "revoked"
    status = "revoked" if given_up else status
    if explicit and request.get("status") != status:
        raise _contradiction(request, task, state, status)
    return _with(request, kind.system, "dibatalkan" if given_up else state, status)


def _with(request: Document, system: str, state: str, status: str) -> Document | None:
    meta: dict[str, Any] = request.get("meta", {})
    tag = {"system": system, "code": state}
    if request.get("status") == status and tag in meta.get("tag", ()):
        return None
    others = [each for each in meta.get("tag", ()) if each.get("system") != system]
    return {**request, "meta": {**meta, "tag": [*others, tag]}, "status": status}


def _contradiction(request: Document, task: Document, state: str, status: str) -> RuleBroken:
    teguran = permintaan_ikut_tugas(
        f"ServiceRequest/{request['id']}", f"Task/{task['id']}", state, status
    )
    return RuleBroken(
        teguran.english or teguran.kalimat,
        expression="ServiceRequest.status",
        indonesian=teguran.kalimat,
        rule=BR_R1,
    )


def _name(document: Document) -> str:
    return f"{document['resourceType']}/{document['id']}"
