"""A procedure applied to somebody: a PlanDefinition becomes a CarePlan and its Tasks. Pure.

Steps that are always done and have work of their own become Tasks; those that are done only if
something is so, or that other resources record, stand in the CarePlan as they are written. The
clock of the first steps runs at once; later ones are planned and begin when their turn comes.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of
from fhir_server.sop.sla import BATAS, HARIAN, tenggat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.resources.wire import Document

TUGAS, SLA = code_system("jenis-tugas"), code_system("sla")
LAYANAN: Final = code_system("layanan-konsultasi")
RESOURCE_TYPES: Final = "http://hl7.org/fhir/resource-types"
UNITS: Final = {"min": "minutes", "h": "hours", "d": "days"}
GROUP: Final = "sasaran"


@dataclass(frozen=True, slots=True)
class Applied:
    """For whom, by whom and from when a plan is applied; references are ``Type/id``.

    ``id`` is the CarePlan's; the Tasks are called after it, or after the case if there is one.
    """

    id: str
    subject: str
    start: datetime
    encounter: str | None = None
    practitioner: str | None = None
    organization: str | None = None
    case: Document | None = None


@dataclass(slots=True)
class _Clock:
    """When each step is to begin and to be over."""

    start: datetime
    ends: dict[str, datetime] = field(default_factory=dict)

    def of(self, action: Document, plan: Document) -> tuple[datetime, datetime | None]:
        before = [each.get("actionId") for each in action.get("relatedAction", ())]
        begin = max((self.ends[each] for each in before if each in self.ends), default=self.start)
        end = due(action, plan, begin)
        self.ends[action["id"]] = end or begin
        return begin, end


def actions_for(plan: Document, subject: str) -> list[Document]:
    """Give the steps that are about this kind of subject."""
    kind = subject.partition("/")[0]
    default = _kind(plan) or "Patient"
    return [each for each in plan.get("action", ()) if (_kind(each) or default) == kind]


def case_action(plan: Document, subject: str) -> Document | None:
    """Give the step that is the case itself, of which the others are parts."""
    for each in actions_for(plan, subject):
        always = each.get("requiredBehavior") != "could"
        if always and code_of(each.get("code"), LAYANAN) is not None:
            return each
    return None


def applied(plan: Document, how: Applied) -> list[Document]:
    """Write the CarePlan first, then its Tasks."""
    whole = case_action(plan, how.subject)
    root = f"Task/{how.case['id']}" if how.case else None
    clock = _Clock(how.start)
    activities, tasks = [], []
    for action in actions_for(plan, how.subject):
        begin, end = clock.of(action, plan)
        if whole is not None and action["id"] == whole["id"]:
            clock.ends[action["id"]] = how.start
            activities.append(_reference(root) if root else _told(plan, action))
        elif code_of(action.get("code"), TUGAS) and action.get("requiredBehavior") != "could":
            tasks.append(_task(plan, action, how, begin, end))
            activities.append(_reference(f"Task/{tasks[-1]['id']}"))
        else:
            activities.append(_told(plan, action))
    return [_care_plan(plan, how, activities), *tasks]


def due(action: Document, plan: Document, begin: datetime) -> datetime | None:
    """Say when a step that begins then has to be over: by its limit in the plan."""
    for goal in plan.get("goal", ()):
        if goal.get("id") in action.get("goalId", ()):
            for target in goal.get("target", ()):
                name = code_of(target.get("measure"), SLA)
                if name is not None and (name in BATAS or name in HARIAN):
                    return tenggat(name, begin)
                limit = target.get("due", {})
                if limit.get("code") in UNITS:
                    return begin + timedelta(**{UNITS[limit["code"]]: float(limit["value"])})
    return None


def _task(
    plan: Document, action: Document, how: Applied, begin: datetime, end: datetime | None
) -> Document:
    now = begin == how.start
    sla = [code for code in _slas(plan, action) if how.case is None]
    codings = [c for each in action["code"] for c in each.get("coding", ())]
    codings += [{"system": SLA, "code": each} for each in sla]
    window = {"start": begin.isoformat(), "end": end.isoformat() if end else None}
    made: dict[str, Any] = {
        "resourceType": "Task",
        "id": f"{how.case['id'] if how.case else how.id}-{action['id']}",
        "instantiatesUri": f"{plan['url']}#{action['id']}",
        "basedOn": [{"reference": f"CarePlan/{how.id}"}],
        "groupIdentifier": (how.case or {}).get("groupIdentifier"),
        "partOf": [{"reference": f"Task/{how.case['id']}"}] if how.case else None,
        "status": "requested" if now else "draft",
        "intent": "order" if now else "plan",
        "code": {"coding": codings},
        "description": action.get("title"),
        "for": {"reference": how.subject},
        "encounter": (how.case or {}).get("encounter") or _ref(how.encounter),
        "executionPeriod": {"start": begin.isoformat()} if now and how.case else None,
        "authoredOn": how.start.isoformat(),
        "lastModified": how.start.isoformat(),
        "requester": _ref(how.practitioner or how.organization),
        "owner": _ref(how.organization if how.case is None else None),
        "restriction": {"period": {k: v for k, v in window.items() if v}} if end else None,
    }
    return {name: value for name, value in made.items() if value}


def _care_plan(plan: Document, how: Applied, activities: list[Document]) -> Document:
    direct = how.subject.partition("/")[0] in {"Patient", "Group"}
    version = f"|{plan['version']}" if "version" in plan else ""
    made: dict[str, Any] = {
        "resourceType": "CarePlan",
        "id": how.id,
        "contained": None if direct else [_group(how.subject)],
        "instantiatesCanonical": [f"{plan['url']}{version}"],
        "status": "active",
        "intent": "order",
        "title": plan.get("title"),
        "subject": {"reference": how.subject if direct else f"#{GROUP}"},
        "encounter": (how.case or {}).get("encounter") or _ref(how.encounter),
        "period": {"start": how.start.isoformat()},
        "created": how.start.isoformat(),
        "author": _ref(how.practitioner or how.organization),
        "activity": activities,
    }
    return {name: value for name, value in made.items() if value}


def _group(subject: str) -> Document:
    """Stand for a subject that a CarePlan cannot be about itself."""
    kinds = {"Practitioner": "practitioner", "PractitionerRole": "practitioner", "Device": "device"}
    kind, entity = kinds.get(subject.partition("/")[0], "person"), {"reference": subject}
    group: Document = {"resourceType": "Group", "id": GROUP, "type": kind, "actual": True}
    if subject.startswith("Organization/"):
        return {**group, "managingEntity": entity}
    return {**group, "member": [{"entity": entity}]} if kind != "person" else group


def _told(plan: Document, action: Document) -> Document:
    told: dict[str, Any] = {
        "instantiatesUri": [f"{plan['url']}#{action['id']}"],
        "code": next(iter(action.get("code", ())), None),
        "status": "not-started",
        "description": " ".join(filter(None, (action.get("title"), *_conditions(action)))),
    }
    return {"detail": {name: value for name, value in told.items() if value}}


def _conditions(action: Document) -> Iterator[str]:
    for each in action.get("condition", ()):
        if text := each.get("expression", {}).get("description"):
            yield f"(bila {text})"


def _slas(plan: Document, action: Document) -> Iterator[str]:
    for goal in plan.get("goal", ()):
        if goal.get("id") in action.get("goalId", ()):
            for target in goal.get("target", ()):
                if name := code_of(target.get("measure"), SLA):
                    yield name


def _kind(document: Document) -> str | None:
    for coding in document.get("subjectCodeableConcept", {}).get("coding", ()):
        if coding.get("system") == RESOURCE_TYPES:
            found: str | None = coding.get("code")
            return found
    return None


def _reference(name: str | None) -> Document:
    return {"reference": {"reference": name}}


def _ref(name: str | None) -> Document | None:
    return None if name is None else {"reference": name}
