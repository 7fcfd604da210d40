"""What each principal may see, in plain Python over plain documents: no query, no index.

Written from domain §2.3 and the text of docs/access.md, apart from the code that it judges.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.access.leaks.world import ADMINISTRATIVE

DIRECTORY = {"Organization", "Practitioner", "PractitionerRole", "Location", "Questionnaire"}
DIRECTORY |= {
    "HealthcareService",
    "ChargeItemDefinition",
    "Measure",
    "Medication",
    "PlanDefinition",
}
GOING = {"requested", "received", "accepted", "ready", "in-progress", "on-hold"}
LEADS_ON = {
    "ServiceRequest",
    "Composition",
    "DiagnosticReport",
    "QuestionnaireResponse",
    "CarePlan",
}
MAY_NAME_NOBODY = {"Composition", "DocumentReference", "List", "MeasureReport", "Task"}
MAY_NAME_NOBODY |= {"Schedule", "Slot"}
NAMED_BY = {
    "AllergyIntolerance": ["patient", "recorder", "asserter"],
    "Account": ["subject"],
    "Appointment": ["participant.actor"],
    "CarePlan": ["subject", "activity.detail.performer"],
    "CareTeam": ["subject", "participant.member"],
    "ChargeItem": ["subject"],
    "ClinicalImpression": ["subject"],
    "Communication": ["subject", "sender", "recipient"],
    "CommunicationRequest": ["subject", "sender", "recipient", "requester"],
    "Composition": ["subject", "author", "attester.party"],
    "Condition": ["subject", "asserter"],
    "Consent": ["patient"],
    "Coverage": ["beneficiary", "policyHolder", "subscriber", "payor"],
    "DetectedIssue": ["patient"],
    "DiagnosticReport": ["subject"],
    "DocumentReference": ["subject", "author"],
    "Encounter": ["subject"],
    "EpisodeOfCare": ["patient"],
    "Flag": ["subject"],
    "Goal": ["subject"],
    "Group": ["member.entity"],
    "Immunization": ["patient"],
    "Invoice": ["subject", "recipient"],
    "List": ["subject", "source"],
    "MeasureReport": ["subject"],
    "MedicationDispense": ["subject", "receiver"],
    "MedicationRequest": ["subject"],
    "MedicationStatement": ["subject"],
    "Observation": ["subject", "performer"],
    "Procedure": ["subject", "performer.actor"],
    "Provenance": ["target"],
    "QuestionnaireResponse": ["subject", "author"],
    "RelatedPerson": ["patient"],
    "RiskAssessment": ["subject"],
    "Schedule": ["actor"],
    "ServiceRequest": ["subject", "performer"],
    "Specimen": ["subject"],
    "Task": ["for"],
}
"""Where a resource names the patients to whose record it belongs (the Patient compartment)."""
RECORD = set(NAMED_BY) - {"Task"}
FORWARDING = {"konsultasi-daring", "teruskan-ke-tim-dokter", "meneruskan-saran"}
WHO = {"active", "name", "gender", "birthDate", "address"}
VISIT = {"status", "class", "subject", "period", "location", "serviceProvider", "appointment"}
VISIT |= {"serviceType"}
WORK = {"groupIdentifier", "status", "businessStatus", "intent", "priority", "code", "for"}
WORK |= {"authoredOn", "lastModified", "requester", "owner", "executionPeriod", "restriction"}
WORK |= {"location", "partOf"}
DESK = {
    "pendaftaran": {
        "Patient": ("area", None),
        "RelatedPerson": ("area", None),
        "Coverage": ("area", None),
        "Appointment": ("area", None),
        "Schedule": ("all", None),
        "Slot": ("all", None),
        "Encounter": ("area", VISIT),
        "Task": ("given", WORK),
    },
    "kasir": {
        "Patient": ("area", WHO),
        "Coverage": ("area", None),
        "Account": ("area", None),
        "Invoice": ("area", None),
        "Encounter": ("area", VISIT),
        "Task": ("given", WORK),
    },
    "operator-wa": {
        "Patient": ("forwarded", WHO),
        "Communication": ("forwarded", None),
        "Task": ("given", WORK),
    },
    "auditor": {
        "QuestionnaireResponse": ("unnamed", None),
        "MeasureReport": ("all", None),
        "Task": ("given", WORK),
    },
    "camat": {
        "DocumentReference": ("unnamed", None),
        "MeasureReport": ("all", None),
        "Task": ("given", WORK),
    },
}
JAKARTA = ZoneInfo("Asia/Jakarta")
TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
ALWAYS = {"resourceType", "id", "meta", "implicitRules"}


class Oracle:
    """Judges for one world."""

    def __init__(self, world, days=30, opened=()):
        self.world = world
        self.days = days
        self.opened = frozenset(opened)

    def seen(self, who):
        """Give what a principal sees: key → the document as it is shown."""
        shown = {}
        attached = self._attached(who)
        for key, each in self.world.resources.items():
            part = self._part(who, key)
            may = self._may(who, key, each) or key in attached
            if may and self._fits_scope(who, key, each):
                shown[key] = each if part is None else _cut(each, part)
        return shown

    def _attached(self, who):
        """Name the Binaries of the documents that a principal sees."""
        return {
            one["attachment"].get("url")
            for key, each in self.world.of("DocumentReference").items()
            if self._may(who, key, each)
            for one in each["content"]
        }

    def _may(self, who, key, each):
        kind = key.partition("/")[0]
        if who.reach == "everything" or kind in DIRECTORY:
            return True
        if kind in RECORD | {"Patient", "Task"} and self.opened & self._patients(key, each):
            return True
        if not getattr(self, f"_{who.reach}")(who, key, each):
            return False
        written = set(self.world.authors[key]) & {who.organization, who.person}
        return bool(written) or not self._is_denied(who, key, each)

    def _fits_scope(self, who, key, each):
        return who.only is None or who.only(key, each)

    def _patients(self, key, each):
        kind = key.partition("/")[0]
        if kind == "Patient":
            return {key.removeprefix("Patient/")}
        found = {name for path in NAMED_BY.get(kind, ()) for name in _at(each, path.split("."))}
        return {one.removeprefix("Patient/") for one in found if one.startswith("Patient/")}

    def _is_denied(self, who, key, each):
        labels = {one["code"] for one in each["meta"].get("security", ())}
        for consent in self.world.of("Consent").values():
            patient = consent["patient"]["reference"].removeprefix("Patient/")
            said = consent.get("provision", {})
            if consent["status"] not in {"active", "rejected"} or said.get("type") != "deny":
                continue
            if not self._is_now(said.get("period", {})):
                continue
            if patient not in self._patients(key, each):
                continue
            actors = {one["reference"].get("reference") for one in said.get("actor", ())}
            kept = {one["code"] for one in said.get("securityLabel", ())}
            named = actors & {who.organization, who.person, *who.roles}
            if (named or (kept and not actors)) and (not kept or kept & labels):
                return True
        return False

    def _is_now(self, period):
        day = self.world.now.astimezone(JAKARTA).date().isoformat()
        return period.get("start", day)[:10] <= day <= period.get("end", day)[:10]

    # hospitals

    def _referrals(self, who, key, each):
        kind = key.partition("/")[0]
        own = who.organization
        if own in self.world.authors[key]:
            return True
        if kind == "Task":
            sent = _is(each, "owner", own) and each["status"] != "draft"
            if sent or _is(each, "requester", own):
                return True
        if kind == "Communication" and {"reference": own} in each.get("recipient", ()):
            return True
        return key in self._package(own)

    def _package(self, own):
        wanted = set()
        for task in self.world.of("Task").values():
            mine = _is(task, "owner", own) or _is(task, "requester", own)
            if mine and self._is_open(task):
                named = (
                    task.get(name, {}).get("reference") for name in ("focus", "for", "encounter")
                )
                wanted |= {one for one in named if one}
        found = set()
        for _ in range(3):
            wanted -= found
            found |= wanted
            leading = [one for one in wanted if one.partition("/")[0] in LEADS_ON]
            wanted = {
                name
                for one in leading
                for name in _references(self.world.resources.get(one, {}))
                if name.partition("/")[0]
                not in {"Patient", "Group", "List", "CareTeam", "Task", *DIRECTORY}
            }
        return found

    def _is_open(self, task):
        if task["status"] in GOING:
            return True
        moment = task.get("lastModified") or task.get("authoredOn")
        since = self.world.now - timedelta(days=self.days)
        ended = task["status"] in {"completed", "failed"}
        return ended and moment is not None and datetime.fromisoformat(moment) >= since

    # students

    def _assignment(self, who, key, each):
        mine = {
            team["subject"]["reference"].removeprefix("Patient/")
            for team in self.world.of("CareTeam").values()
            if team.get("status", "active") == "active"
            and self._is_now(team.get("period", {}))
            and any(_name(one, "member") in who.roles for one in team.get("participant", ()))
        }
        kind = key.partition("/")[0]
        return kind in RECORD | {"Patient"} and bool(mine & self._patients(key, each))

    # staff

    def _area(self, who, key, each, *, whole=True):
        kind = key.partition("/")[0]
        own = {who.person}
        villages = set(who.villages)
        if whole:
            facility = self.world.resources.get(who.organization, {})
            units = [
                k
                for k, one in self.world.of("Organization").items()
                if _is(one, "partOf", who.organization)
            ]
            own |= {who.organization, *units}
            for one in (facility, *(self.world.resources[unit] for unit in units)):
                said = one.get("extension", ())
                villages |= {e["valueCode"] for e in said if e["url"].endswith("wilayah-kerja")}
        own.discard(None)
        if own & set(self.world.authors[key]):
            return True
        if kind == "Task" and (
            {_name(each, "owner"), _name(each, "requester")} & {*own, *who.parties}
        ):
            return True
        patients = self._patients(key, each)
        if not patients:
            nobody = not set(self.world.authors[key]) - own
            return whole and kind in MAY_NAME_NOBODY and nobody and _names_nobody(each)
        if kind not in RECORD | {"Patient", "Task"}:
            return False
        return any(self._lives_or_came(one, villages, own, whole) for one in patients)

    def _lives_or_came(self, patient, villages, own, whole):
        key = f"Patient/{patient}"
        each = self.world.resources.get(key)
        if each is None:
            return False
        here = set(_villages(each)) & villages
        registered = whole and _name(each, "managingOrganization") in own
        return bool(here or registered or own & set(self.world.authors[key]))

    def _villages(self, who, key, each):
        return self._area(who, key, each, whole=False)

    # pustu, cadres

    def _tasks(self, who, key, each):
        kind = key.partition("/")[0]
        given = [
            one
            for one in self.world.of("Task").values()
            if _name(one, "owner") in who.parties and one["status"] in GOING
        ]
        if kind == "Task":
            return each in given
        if kind == "Patient":
            return any(_is(one, "for", key) for one in given)
        return who.person in self.world.authors[key]

    # desks

    def _desk(self, who, key, each):
        kind = key.partition("/")[0]
        which, _ = DESK[who.role].get(kind, (None, None))
        match which:
            case "area":
                if who.person in self.world.authors[key]:
                    return True
                own_work = kind == "Task"
                return (
                    not own_work
                    and bool(self._patients(key, each))
                    and self._area_of_desk(who, key, each)
                )
            case "all":
                return kind != "MeasureReport" or "subject" not in each
            case "unnamed":
                return not self._patients(key, each) and _names_nobody(each)
            case "given":
                return _name(each, "owner") in who.parties
            case "forwarded":
                return self._is_forwarded(who, key, each)
        return False

    def _area_of_desk(self, who, key, each):
        if key.startswith("Patient/"):
            return self._area(who, key, each)
        return any(
            self._area(who, f"Patient/{one}", self.world.resources[f"Patient/{one}"])
            for one in self._patients(key, each)
            if f"Patient/{one}" in self.world.resources
        )

    def _is_forwarded(self, who, key, each):
        tasks = self.world.of("Task")
        cases = {
            name: one
            for name, one in tasks.items()
            if _name(one, "owner") in who.parties
            and one["status"] in GOING
            and FORWARDING & {e.get("code") for e in one.get("code", {}).get("coding", ())}
        }
        above = {e["reference"] for one in cases.values() for e in one.get("partOf", ())}
        cases |= {name: tasks[name] for name in above if name in tasks}
        if key.startswith("Patient/"):
            return any(_is(one, "for", key) for one in cases.values())
        return any(one["reference"] in cases for one in each.get("basedOn", ()))

    def _part(self, who, key):
        kind = key.partition("/")[0]
        if who.reach == "tasks" and kind == "Patient":
            return WHO
        if who.reach == "desk":
            return DESK[who.role].get(kind, (None, None))[1]
        return None


def _villages(patient):
    for address in patient.get("address", ()):
        for outer in address.get("extension", ()):
            if outer["url"] == ADMINISTRATIVE:
                yield from (e["valueCode"] for e in outer["extension"] if e["url"] == "village")


def _names_nobody(each):
    return "subject" not in each and "for" not in each


def _at(value, path):
    """Give the references at a path of elements."""
    if isinstance(value, list):
        for each in value:
            yield from _at(each, path)
    elif path and isinstance(value, dict):
        yield from _at(value.get(path[0], {}), path[1:])
    elif isinstance(value, dict):
        yield value.get("reference") or ""


def _is(each, name, key):
    return _name(each, name) == key


def _name(each, name):
    return each.get(name, {}).get("reference")


def _references(value):
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from _references(each)


def _cut(each, part):
    kept = {k: v for k, v in each.items() if k in part | ALWAYS}
    meta = dict(each["meta"])
    meta["tag"] = [*meta.get("tag", ()), TAG]
    return {**kept, "meta": meta}
