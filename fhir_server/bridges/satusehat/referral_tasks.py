"""What the requests of a referral by SATUSEHAT Rujukan say, but for their times and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import local_name
from fhir_server.bridges.satusehat.visits import attender, visit_of, visit_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.bridges.satusehat.draft import Draft

    Json = dict[str, Any]

WAYS: Final = dict((c.EMERGENCY_CARE, c.INPATIENT_CARE))
HTML: Final = re.compile(r"<[^>]*>")
DETAILED: Final = re.compile(r"[A-Z]\d[0-9A-Z]\.[0-9A-Z]{1,2}")
AREA: Final = re.compile(r"\d{2},\d{4}")
STATUS: Final = {"active", "on-hold", "completed", "revoked", "entered-in-error"}
AREA_REMEDY: Final = (
    "FHIR_SATUSEHAT_RUJUKAN_AREA=33,3316 (kode provinsi, kabupaten/kota, tanpa titik), atau "
    "QuestionnaireResponse Q101 dengan basedOn ke rujukan ini"
)


class Says:
    """The bodies of one referral's requests."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found = draft.resource

    def _visit(self) -> Json | None:
        return visit_reference(
            self.draft, self.found.get("encounter"), self.found.get("authoredOn")
        )

    def _patient(self) -> Json | None:
        return self.draft.reference(self.found.get("subject"))

    def _way(self) -> str:
        codings = self.found.get("code", {}).get("coding", ())
        return next(str(e["code"]) for e in codings if e.get("code") in WAYS)

    def _management(self) -> Json:
        way = self._way()
        code = self.draft.choices.rujukan_inpatient if way == c.INPATIENT_CARE[0] else way
        known = {"display": WAYS[code]} if code in WAYS else {}
        return {"system": c.SNOMED, "code": code} | known

    def _task(self, kind: str, inputs: list[Json]) -> Json:
        own = self.draft.own_organization()
        return {
            "resourceType": "Task",
            "status": "requested",
            "intent": "instance-order",
            "priority": "routine",
            "code": {"coding": [{"system": c.KEMKES, "code": kind}]},
            "requester": own,
            "owner": own,
            "encounter": self._visit(),
            "input": inputs,
        }

    def pre_request(self) -> Json:
        """Ask for the criteria of the first diagnosis."""
        return self._task(c.PRE_REQUEST, self._diagnoses()[:1])

    def candidates(self, criteria: Json) -> Json:
        """Ask who can take the patient."""
        inside = [self._response("kriteria", c.Q100, criteria), self._area()]
        body = self._task(c.CANDIDATES, [])
        asked = (("referral-criteria", "#kriteria"), ("area", "#wilayah"))
        body["input"] = [
            *(_input(c.KEMKES, code, {"valueReference": {"reference": e}}) for code, e in asked),
            _input(c.SNOMED, c.MANAGEMENT, {"valueCoding": self._management()}),
            *self._diagnoses(),
        ]
        return {**body, "contained": inside, "for": self._patient()}

    def form(self, form: str) -> Json | None:
        """Give the newest answers to a form that name this referral."""
        found = self.draft.known.referring("QuestionnaireResponse", "based-on", self.draft.name)
        same = [
            each
            for each in found
            if each.get("questionnaire", "").partition("|")[0] == form
            and each.get("status") in {"completed", "amended"}
        ]
        return max(same, key=lambda each: str(each.get("authored", "")), default=None)

    def _response(self, name: str, form: str, answers: Json) -> Json:
        return {
            "resourceType": "QuestionnaireResponse",
            "id": name,
            "questionnaire": form,
            "status": "completed",
            "subject": self._patient(),
            "encounter": self._visit(),
            "item": _plain(answers.get("item", [])),
        }

    def _area(self) -> Json:
        answers = self.form(c.Q101) or {"item": self._area_of_setting()}
        for coding in _answers(answers["item"]):
            if not str((coding or {}).get("code", "")).isdecimal():
                self.draft.refuse("QuestionnaireResponse.item", "no code of an area", AREA_REMEDY)
        return self._response("wilayah", c.Q101, answers)

    def _area_of_setting(self) -> list[Json]:
        given = self.draft.choices.rujukan_area.replace(" ", "")
        if not AREA.fullmatch(given):
            self.draft.refuse("ServiceRequest", "no region to search candidates in", AREA_REMEDY)
        names = ("Provinsi", "Kabupaten/Kota")
        items = [
            {
                "linkId": f"1.{place}",
                "text": name,
                "answer": [{"valueCoding": {"system": c.ADMINISTRATIVE_AREA, "code": code}}],
            }
            for place, (name, code) in enumerate(zip(names, given.split(","), strict=True), 1)
        ]
        return [{"linkId": "1", "text": "Jejaring wilayah rujukan", "item": items}]

    def _diagnoses(self) -> list[Json]:
        """Give the diagnoses, the first one first; SATUSEHAT takes detailed ICD-10 codes only."""
        named = [each.get("coding", ()) for each in self.found.get("reasonCode", ())]
        for each in self.found.get("reasonReference", ()):
            condition = self.draft.known.local(local_name(each) or "") or {}
            named.append(condition.get("code", {}).get("coding", ()))
        codes = [e for codings in named for e in codings if e.get("system") == c.ICD_10]
        if not codes or not all(DETAILED.fullmatch(str(e.get("code"))) for e in codes):
            self.draft.refuse(
                "ServiceRequest.reasonReference",
                "SATUSEHAT Rujukan takes diagnoses as ICD-10 with four characters",
                "kode ICD-10 rinci pada diagnosis rujukan, misalnya O14.1, bukan O14",
            )
        unlike = {str(each["code"]): _plain(each) for each in codes}.values()
        kinds = ("primary-diagnosis", *("secondary-diagnosis" for _ in codes))
        return [
            _input(c.KEMKES, kind, {"valueCoding": each})
            for kind, each in zip(kinds, unlike, strict=False)
        ]

    def target(self) -> tuple[Json, str]:
        """Give the facility that is asked, as it is written there, and its number."""
        named = next(iter(self.found.get("performer", ())), None)
        there = self.draft.reference(named)
        if there is None or not there["reference"].startswith("Organization/"):
            self.draft.refuse(
                "ServiceRequest.performer",
                "SATUSEHAT Rujukan asks a facility that it knows",
                "kode SATUSEHAT (nomor faskes) pada data faskes tujuan",
            )
        assert there is not None  # noqa: S101 - refused above
        name = (self.draft.known.local(local_name(named) or "") or {}).get("name")
        return there | _plain({"display": name} if name else {}), there["reference"].split("/")[1]

    def approval(self) -> Json:
        """Ask one facility, with the plan that it sees once it has accepted."""
        target, number = self.target()
        task = self._task(c.APPROVAL_REQUEST, [])
        task["input"] = [_input(c.KEMKES, "referral-task", {"valueReference": target})]
        task |= {"for": self._patient(), "owner": {"reference": f"Organization/{number}"}}
        return {
            "resourceType": "Bundle",
            "type": "transaction",
            "meta": {"tag": [{"system": c.KEMKES, "code": c.APPROVAL}]},
            "entry": [_entry(task), _entry(self._plan())],
        }

    def _plan(self) -> Json:
        reason = self.found.get("code", {}).get("text", "Rujukan")
        wanted = " ".join(e["text"] for e in self.found.get("orderDetail", ()) if e.get("text"))
        system, code, display = c.PLANS[self._way()]
        kind = {"system": system, "code": code, "display": display}
        refers = {"system": c.SNOMED, "code": c.REFERRAL, "display": "Patient referral"}
        service = {"text": f"Permintaan Layanan {wanted}".strip()}
        activity = {"kind": "ServiceRequest", "code": service, "status": "not-started"}
        return {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "category": [{"coding": [kind]}, {"coding": [refers]}],
            "title": "Rencana Rujukan Pasien",
            "description": reason,
            "subject": self._patient(),
            "encounter": self._visit(),
            "author": self._author(),
            "contributor": [self.draft.own_organization()],
            "activity": [{"detail": activity}],
        }

    def _author(self) -> Json:
        visit = visit_of(self.draft, self.found.get("encounter"), self.found.get("authoredOn"))
        found = self.draft.reference(self.found.get("requester"))
        if found is None or not found["reference"].startswith("Practitioner/"):
            found = attender(self.draft, visit)
        if found is None:
            self.draft.refuse(
                "ServiceRequest.requester",
                "a referral there has a person as its author",
                "petugas perujuk dengan NIK",
            )
        assert found is not None  # noqa: S101 - refused above
        return found

    def request(self) -> Json:
        """Refer the patient."""
        target, _ = self.target()
        refers = {"system": c.SNOMED, "code": c.REFERRAL, "display": "Patient referral"}
        given = self.draft.references
        planned = self.found.get("occurrenceDateTime") or self.found.get("authoredOn", "")
        status = self.found["status"]
        body = {
            "resourceType": "ServiceRequest",
            "status": status if status in STATUS else "active",
            "intent": "original-order",
            "priority": self.found.get("priority", "routine"),
            "category": [{"coding": [refers]}],
            "code": {"coding": [self._management()]} | _words(self.found.get("code", {})),
            "subject": self._patient(),
            "encounter": self._visit(),
            "occurrenceDateTime": self.draft.instant(planned, "ServiceRequest.occurrenceDateTime"),
            "requester": self.draft.own_organization(),
            "performer": [target],
            "reasonReference": [
                each for one in self.found.get("reasonReference", ()) for each in given(one)
            ],
            "patientInstruction": self.found.get("patientInstruction"),
        }
        return {name: each for name, each in body.items() if each not in (None, [], {})}


def _input(system: str, code: str, value: Json) -> Json:
    return {"type": {"coding": [{"system": system, "code": code}]}} | value


def _entry(resource: Json) -> Json:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


def _words(concept: Json) -> Json:
    return {"text": concept["text"]} if concept.get("text") else {}


def _answers(items: list[Json]) -> Iterator[Json | None]:
    """Give the coding of every answer; None where it is none."""
    for item in items:
        for answer in item.get("answer", ()):
            yield answer.get("valueCoding")
        yield from _answers(item.get("item", []))


def _plain(part: Any) -> Any:
    """Take extensions and what is empty out, and the marks of HTML out of displays."""
    if isinstance(part, list):
        return [_plain(each) for each in part if each not in (None, [], {}, "")]
    if not isinstance(part, dict):
        return part
    kept = {k: v for k, v in part.items() if k not in {"extension", "id"} and v not in ("", [], {})}
    return {k: _clean(v) if k == "display" else _plain(v) for k, v in kept.items()}


def _clean(text: str) -> str:
    return " ".join(HTML.sub(" ", text).split())
