"""How the steps of a referral by SATUSEHAT Rujukan are sent, and what their answers mean.

Every POST has a number of its own, also when it is repeated (else SATUSEHAT answers 20002, or with
a Task that says nothing). The numbers that were tried are kept with the delivery before they are
sent, so that what landed unheard is found by them and taken as it is.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.auth.principals import OPERATOR
from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat import finding
from fhir_server.bridges.satusehat.answers import answer_to
from fhir_server.bridges.satusehat.meaning import Kind, meaning
from fhir_server.bridges.satusehat.remedies import both
from fhir_server.delivery.carrying import digest
from fhir_server.delivery.target import Accepted, Later, Refused, Wait
from fhir_server.errors import FhirError
from fhir_server.interactions.write import commit, prepare
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.bridges.satusehat.connection import Connection
    from fhir_server.bridges.satusehat.meaning import Said
    from fhir_server.delivery.target import Answer, Parcel, View

    Json = dict[str, Any]

WORK: Final = "number of SATUSEHAT Rujukan"
PATIENCE: Final = 5
"""Pauses between two looks whether there is an answer."""
NO_CANDIDATE: Final = (
    "Tidak ada faskes yang cocok: perbaiki jawaban kriteria (Q100) atau wilayah (Q101), atau rujuk "
    "lewat telepon.",
    "Nobody can take the patient by these answers: correct Q100 or Q101, or refer by telephone.",
)
OTHER_TARGET: Final = (
    "Pilih salah satu faskes itu sebagai tujuan rujukan.",
    "Choose one of these facilities as the target of the referral.",
)
REJECTED: Final = (
    "Catat penolakan pada rujukan, lalu pilih tujuan lain.",
    "Record the refusal in the referral, then choose another target.",
)
SILENT: Final = (
    "Telepon faskes tujuan; lalu kirim ulang (bridge retry), atau pilih tujuan lain.",
    "Call the facility; then retry, or choose another target.",
)
NUMBERLESS: Final = (
    "Belum ada nomor rujukan, jadi belum sah: hubungi helpdesk SATUSEHAT, lalu kirim ulang.",
    "Without its number it is no referral yet: ask SATUSEHAT's help desk, then retry.",
)
ANSWER_Q100: Final = (
    "Jawab kriteria dengan QuestionnaireResponse {} yang basedOn-nya rujukan ini.",
    "Answer the criteria by a QuestionnaireResponse {} that is basedOn this referral.",
)


class Road:
    """The way of referrals to SATUSEHAT; ``pause`` is its first pause, in seconds."""

    def __init__(self, name: str, organization: str, connection: Connection, pause: float) -> None:
        self._name = name
        self._organization = organization
        self._connection = connection
        self._pause = pause
        self._steps: dict[str, Callable[[Parcel, View], Answer]] = {
            "kriteria": self._criteria,
            "calon": self._chosen,
            "jawab": self._answered,
            "batal": self._taken_back,
        }

    def find(self, parcel: Parcel, view: View) -> Answer | None:
        """Look whether a POST has landed under one of the numbers that were tried."""
        return self._landed(parcel, view) if parcel.method == "POST" else None

    def send(self, parcel: Parcel, view: View) -> Answer:
        """Do one step."""
        if reading := self._steps.get(parcel.note["step"]):
            return reading(parcel, view)
        if parcel.method == "PUT":
            return self._changed(parcel)
        return self._landed(parcel, view) or self._posted(parcel, view)

    def _posted(self, parcel: Parcel, view: View) -> Answer:
        number = str(uuid.uuid4())
        mark = self._mark(parcel)
        view.context.store.dispatches.mark(self._name, parcel.note["of"], mark, number)
        body = self._numbered(parcel, number, view.context.clock())
        said = self._connection.ask("POST", parcel.path, body)
        found = meaning(said)
        if found.kind is not Kind.DONE:
            return answer_to(found, said, "POST")
        made = next(_made(said.document), None) or said.document
        return self._taken(parcel, view, made, adopted=False)

    def _landed(self, parcel: Parcel, view: View) -> Answer | None:
        """Find what was posted before under one of the numbers that were tried, the last first."""
        of, mark = parcel.note["of"], self._mark(parcel)
        known = view.context.store.dispatches.find(self._name, [of]).get(of)
        numbers = [value for key, value in (known.marks if known else ()) if key == mark]
        kind = parcel.path or "Task"
        word = c.IDENTIFIERS[kind]
        for number in reversed(numbers):
            system = f"{c.SYS_IDS}/{word}/{self._organization}"
            hits = finding.hits(self._connection, kind, [("identifier", f"{system}|{number}")])
            if hits.refusal is not None:
                return answer_to(hits.refusal, None, "GET")
            if hits.resources:
                return self._taken(parcel, view, hits.resources[0], adopted=True)
        return None

    def _taken(self, parcel: Parcel, view: View, made: Json, *, adopted: bool) -> Answer:
        """Take the id of what was made; a referral counts only with its national number."""
        id = str(made.get("id") or "")
        if not id:
            return Later("an answer without an id", unknown=True)
        if parcel.path != "ServiceRequest":
            return Accepted(id, adopted=adopted)
        number = _number(made)
        if number is None:
            return Refused("It came back without a number.", "referral-number", both(NUMBERLESS))
        return _noted(view, parcel.note["of"], number) or Accepted(id, adopted=adopted)

    def _mark(self, parcel: Parcel) -> str:
        return f"{parcel.key}:{digest(parcel)}"

    def _numbered(self, parcel: Parcel, number: str, moment: datetime) -> Any:
        """Write what is sent now: with its number and its time."""
        assert isinstance(parcel.body, dict)  # noqa: S101 - a POST has one
        entries = parcel.body.get("entry")
        if not entries:
            return self._stamped(parcel.body, number, moment)
        urns = [f"urn:uuid:{uuid.uuid4()}" for _ in entries]
        task, plan = (self._stamped(each["resource"], number, moment) for each in entries)
        task |= {"basedOn": [{"reference": urns[1]}], "executionPeriod": {"start": _utc(moment)}}
        written = [
            each | {"fullUrl": urn, "resource": resource}
            for each, urn, resource in zip(entries, urns, (task, plan), strict=True)
        ]
        return parcel.body | {"entry": written}

    def _stamped(self, body: Json, number: str, moment: datetime) -> Json:
        kind, now = body["resourceType"], _utc(moment)
        system = f"{c.SYS_IDS}/{c.IDENTIFIERS[kind]}/{self._organization}"
        own = [{"system": system, "value": number}]
        if kind == "CarePlan":
            own.append({"system": c.PLAN_AUTHOR, "value": self._organization})
            return body | {"identifier": own, "created": now}
        times = {"authoredOn": now} | ({"lastModified": now} if kind == "Task" else {})
        return body | {"identifier": own} | times

    def _read(self, parcel: Parcel) -> Json | Answer:
        """Read the Task of a step as it is there now."""
        said = self._connection.ask("GET", f"Task/{_note(parcel, '_id')}")
        found = meaning(said)
        return said.document if found.kind is Kind.DONE else answer_to(found, said, "GET")

    def _not_yet(self, reason: str) -> Later:
        return Later(reason, PATIENCE * self._pause, counts=False, alone=True)

    def _criteria(self, parcel: Parcel, _view: View) -> Answer:
        """Say which criteria a person has to answer, as SATUSEHAT asks them."""
        task = self._read(parcel)
        if not isinstance(task, dict):
            return task
        asked = "; ".join(_questions(task)) or "not told yet"
        return Wait((), f"Q100: {asked}. {both(ANSWER_Q100).format(c.Q100, c.Q100)}")

    def _chosen(self, parcel: Parcel, _view: View) -> Answer:
        """See whether the facility that was chosen is a candidate."""
        task = self._read(parcel)
        if not isinstance(task, dict):
            return task
        found = dict(_candidates(task))
        if _note(parcel, "target") in found:
            return Accepted(str(task["id"]))
        if found:
            names = "; ".join(f"{name} ({number})" for number, name in found.items())
            reason = f"The target is none of the candidates: {names}"
            return Refused(reason, "candidates", both(OTHER_TARGET))
        if task.get("status") in {"requested", "received", "in-progress"} and "output" not in task:
            return self._not_yet("Candidates are being searched.")
        return Refused("There are no candidates.", "candidates", both(NO_CANDIDATE))

    def _answered(self, parcel: Parcel, view: View) -> Answer:
        """See whether the facility has answered; the CarePlan is what the referral is based on."""
        task = self._read(parcel)
        if not isinstance(task, dict):
            return task
        said = {e.get("valueCoding", {}).get("code") for e in task.get("output", ())}
        if "accepted" in said:
            plan = next((e.get("reference", "") for e in task.get("basedOn", ())), "")
            return Accepted(plan.rpartition("/")[2])
        if "rejected" in said or task.get("status") in {"rejected", "cancelled", "failed"}:
            return Refused("The facility has refused.", "rejected", both(REJECTED))
        minutes = int(_note(parcel, "minutes"))
        since = datetime.fromisoformat(str(task.get("authoredOn")))
        if view.context.clock() - since > timedelta(minutes=minutes):
            reason = f"The facility has not answered within {minutes} minutes."
            return Refused(reason, "no-answer", both(SILENT))
        return self._not_yet("The facility has not answered yet.")

    def _taken_back(self, parcel: Parcel, _view: View) -> Answer:
        """Cancel a Task, unless it has come to nothing already."""
        task = self._read(parcel)
        if not isinstance(task, dict):
            return task
        said = {e.get("valueCoding", {}).get("code") for e in task.get("output", ())}
        if task.get("status") == "cancelled" or "rejected" in said:
            return Accepted(str(task["id"]))
        said_now = self._connection.ask("PATCH", f"Task/{task['id']}", parcel.body)
        return self._done(parcel, said_now, str(task["id"]))

    def _changed(self, parcel: Parcel) -> Answer:
        """Bring a referral up to date; numbers and what it is based on stay."""
        path = f"ServiceRequest/{parcel.remote}"
        there = self._connection.ask("GET", path)
        found = meaning(there)
        if found.kind is not Kind.DONE:
            return answer_to(found, there, "GET")
        assert isinstance(parcel.body, dict)  # noqa: S101 - a PUT has one
        kept = {k: v for k, v in there.document.items() if k != "meta"}
        return self._done(parcel, self._connection.ask("PUT", path, kept | parcel.body), "")

    def _done(self, parcel: Parcel, said: Said, id: str) -> Answer:
        found = meaning(said)
        if found.kind is Kind.DONE:
            return Accepted(id or str(parcel.remote))
        return answer_to(found, said, parcel.method)


def _note(parcel: Parcel, name: str) -> str:
    return next(str(value) for key, value in parcel.note["search"] if key == name)


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _made(answer: Json) -> Iterator[Json]:
    """Give what a transaction made, as far as its answer tells: the Task first."""
    for entry in answer.get("entry", ()):
        said = entry.get("response", {})
        parts = str(said.get("location", "")).split("/_history/")[0].split("/")
        yield {"id": said.get("resourceID") or parts[-1]}


def _number(request: Json) -> str | None:
    found = (e for e in request.get("identifier", ()) if e.get("system") == c.REFERRAL_NUMBER)
    return next((str(each["value"]) for each in found if each.get("value")), None)


def _noted(view: View, reference: str, number: str) -> Later | None:
    """Keep the national number with our own request; Later if somebody else is writing it."""
    store = view.context.store
    stored = store.read(*reference.split("/", 1))
    if stored is None or stored.text is None:
        return None
    document = orjson.loads(stored.raw)
    if _number(document) == number:
        return None
    others = [e for e in document.get("identifier", ()) if e.get("system") != c.REFERRAL_NUMBER]
    own = {"system": c.REFERRAL_NUMBER, "value": number}
    body = dump(document | {"identifier": [*others, own]})
    try:
        with store.trail.working(OPERATOR, WORK):
            commit(view.context, [prepare(view.context, body, stored.id, if_match=stored.version)])
    except FhirError as error:
        return Later(f"The number was not kept: {error.issues[0].diagnostics}", unknown=True)
    return None


def _questions(task: Json) -> Iterator[str]:
    """Give the questions of the criteria, with the number and kind of their answers."""
    for form in task.get("contained", ()):
        if str(form.get("url", form.get("id", ""))).rpartition("/")[2] == "Q100":
            yield from _asked(form.get("item", []))


def _asked(items: list[Json]) -> Iterator[str]:
    for item in items:
        if item.get("item"):
            yield from _asked(item["item"])
        else:
            yield f"{item.get('linkId')} {item.get('text', '')} ({item.get('type', '?')})"


def _candidates(task: Json) -> Iterator[tuple[str, str]]:
    """Give the facilities that can take the patient: number and name."""
    for each in task.get("output", ()):
        named = each.get("valueReference", {})
        kind, _, number = str(named.get("reference", "")).partition("/")
        if kind == "Organization" and number:
            yield number, str(named.get("display", ""))
