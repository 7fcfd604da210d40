"""A referral by SATUSEHAT Rujukan (the pilot): which step comes next, and what it says there.

    praminta     Task: which criteria are there for this diagnosis
    kriteria     that Task is read, as long as nobody has answered them here (Q100)
    kandidat-N   Task: who can take the patient; answers (Q100) and region (Q101) inside of it;
                 N sums up what it says, as other answers are another search
    calon-X      that Task is read until it has candidates; the facility that was chosen is one
    minta-X      Task for that facility and CarePlan, together
    jawab-X      that Task is read until the facility has answered; its CarePlan is kept
    (no name)    ServiceRequest, which comes back with the national number
    batal-X      the Task for a facility that is not asked any more

X is our own Task of that facility: one that is asked again is asked anew. What time and number a
request has is added when it is sent (``referral_road``), so that it is known again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import author_elsewhere
from fhir_server.bridges.satusehat.payload import NotWanted, Request
from fhir_server.bridges.satusehat.referral_tasks import Says
from fhir_server.bridges.satusehat.wanted import has_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.bridges.satusehat.choices import Choices
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

OVER: Final = ("revoked", "entered-in-error")
MEDICAL: Final = "medis"
BUNDLE: Final = ""


def by_tasks(request: Json, choices: Choices) -> bool:
    """Say whether a request is a referral that goes by SATUSEHAT Rujukan."""
    kinds = f"{choices.canonical.rstrip('/')}/CodeSystem/jenis-rujukan"
    return (
        choices.rujukan
        and request.get("resourceType") == "ServiceRequest"
        and has_code(request, c.SNOMED, c.REFERRAL)
        and has_code({"code": request.get("code")}, c.SNOMED, *c.PLANS)
        and (has_code(request, kinds, MEDICAL) or not _names(request, kinds))
    )


def _names(request: Json, system: str) -> bool:
    codings = (e for kind in request.get("category", ()) for e in kind.get("coding", ()))
    return any(each.get("system") == system for each in codings)


def referral(draft: Draft) -> Rendering:
    """Write the next step of a referral, or end what was cancelled here."""
    found = draft.resource
    if reason := author_elsewhere(found.get("requester"), draft.known):
        return NotWanted(reason)
    return _Steps(draft).following()


class _Steps:
    """One rendering of one referral."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found = draft.resource
        self.says = Says(draft)
        named = draft.known.referring("Task", "focus", draft.name)
        works = [each for each in named if "owner" in each]
        self.works = sorted(works, key=lambda each: (str(each.get("authoredOn", "")), each["id"]))
        self.asked = str(self.works[-1]["id"]) if self.works else "tujuan"

    def following(self) -> Rendering:
        """Give the next requests; what is asked in vain is taken back first."""
        draft, there = self.draft, self.draft.known.remote(self.draft.name)
        closing = tuple(self._closing())
        if self.found.get("status") in OVER and there is None:
            return draft.result(*closing) if closing else NotWanted("cancelled, and never asked")
        if there is not None or self._there(f"jawab-{self.asked}"):
            return draft.result(*closing, self._final())
        return draft.result(*closing, *self._asking(), again=True)

    def _there(self, step: str) -> str | None:
        return self.draft.known.remote(f"{self.draft.name}#{step}")

    def _asking(self) -> Iterator[Request]:
        if task := self._there(f"minta-{self.asked}"):
            yield self._reading(f"jawab-{self.asked}", task, ("minutes", self._minutes()))
        elif self._there(f"calon-{self.asked}"):
            yield self._step(f"minta-{self.asked}", BUNDLE, self.says.approval())
        else:
            yield from self._searching()

    def _searching(self) -> Iterator[Request]:
        yield self._step("praminta", "Task", self.says.pre_request())
        criteria = self.says.form(c.Q100)
        before = self._there("praminta")
        if criteria is None and before:
            yield self._reading("kriteria", before)
        elif criteria is not None:
            body = self.says.candidates(criteria)
            step = f"kandidat-{hashlib.sha256(orjson.dumps(body)).hexdigest()[:16]}"
            yield self._step(step, "Task", body)
            if task := self._there(step):
                yield self._reading(f"calon-{self.asked}", task, ("target", self.says.target()[1]))

    def _minutes(self) -> str:
        return str(self.draft.choices.rujukan_minutes)

    def _closing(self) -> Iterator[Request]:
        """Take back what other facilities were asked; all of it when the referral is cancelled."""
        is_over = self.found.get("status") in OVER
        names = [str(each["id"]) for each in self.works] or [self.asked]
        for name in names:
            task = self._there(f"minta-{name}")
            if task and (is_over or name != self.asked):
                body = [{"op": "replace", "path": "/status", "value": "cancelled"}]
                yield self._step(f"batal-{name}", "Task", body, "PATCH", ("_id", task))

    def _reading(self, step: str, task: str, *note: tuple[str, str]) -> Request:
        return self._step(step, "Task", None, "GET", ("_id", task), *note)

    def _step(
        self, step: str, kind: str, body: Any, method: str = "POST", *note: tuple[str, str]
    ) -> Request:
        key = f"{self.draft.name}#{step}"
        return Request(method, kind, body, key, search=note, step=step.partition("-")[0])

    def _final(self) -> Request:
        """Give the referral itself; what it is based on never changes."""
        body = self.says.request()
        if self.draft.known.remote(self.draft.name):
            return Request("PUT", "ServiceRequest", body, self.draft.name, step="rujukan")
        plan, task = self._there(f"jawab-{self.asked}"), self._there(f"minta-{self.asked}")
        body["basedOn"] = [{"reference": f"CarePlan/{plan}"}]
        body["supportingInfo"] = [{"reference": f"Task/{task}"}]
        return Request("POST", "ServiceRequest", body, self.draft.name, step="rujukan")
