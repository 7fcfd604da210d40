"""SATUSEHAT Rujukan: what the platform itself adds to the Tasks and requests of a referral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.rules.referrals import code_of, plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.satusehat_simulator.world import Document, World

KEMKES = "http://terminology.kemkes.go.id"
AREA = "http://sys-ids.kemkes.go.id/administrative-area"
FORMS = "https://fhir.kemkes.go.id/Questionnaire"
NUMBER = "http://sys-ids.kemkes.go.id/referral-number-satusehat"
ATTRIBUTE = "https://fhir.kemkes.go.id/r4/StructureDefinition/providerAtribute"
QUESTIONS = {
    "000001": "Mengancam nyawa, membahayakan diri dan orang lain/lingkungan",
    "000002": "Adanya gangguan pada jalan nafas, pernafasan, dan sirkulasi",
    "000003": "Adanya penurunan kesadaran",
    "000004": "Adanya gangguan hemodinamik",
    "000005": "Memerlukan tindakan segera",
}


def completed(world: World, made: Document, owner: str) -> Document:
    """Add what the platform answers with to a resource that was just made."""
    kind = code_of(made) if made["resourceType"] == "Task" else ""
    if kind == "referral-pre-request":
        return world.put({**made, **_criteria(), "status": "completed"}, owner)
    if kind == "request-referral-candidate":
        found = _candidates(world, made, owner)
        more = {"output": found} if found else {}
        return world.put({**made, **more, "status": "completed"}, owner)
    if made["resourceType"] == "ServiceRequest" and _is_approved(world, plan_of(made)):
        world.referrals += 1
        number = {"system": NUMBER, "value": f"R{world.referrals:011d}"}
        return world.put({**made, "identifier": [*made.get("identifier", ()), number]}, owner)
    return made


def is_addressed(task: Document, organization: str) -> bool:
    """Say whether a Task is a facility's to answer."""
    return bool(task.get("owner", {}).get("reference") == f"Organization/{organization}")


def included(world: World, tasks: Sequence[Document], organization: str) -> Iterator[Document]:
    """Give the CarePlans of Tasks; who has not accepted is told that there is no consent."""
    for task in tasks:
        for each in task.get("basedOn", ()):
            kind, _, id = str(each.get("reference", "")).partition("/")
            plan = world.get(kind, id)
            if plan is None:
                continue
            is_open = world.owners[kind, id] == organization or "accepted" in _said(task)
            yield plan if is_open else _closed(f"{kind}/{id}")


def _closed(name: str) -> Document:
    details = {"text": f"No consent available for {name}"}
    issue = {"severity": "error", "code": "forbidden", "details": details}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _said(task: Document) -> set[Any]:
    return {each.get("valueCoding", {}).get("code") for each in task.get("output", ())}


def _is_approved(world: World, plan: str) -> bool:
    tasks = world.referring("Task", plan) if plan else []
    return any("accepted" in _said(each) for each in tasks)


def _criteria() -> Document:
    items = [{"linkId": e, "text": text, "type": "boolean"} for e, text in QUESTIONS.items()]
    group = {"linkId": "0", "text": "GAWAT DARURAT", "type": "group", "item": items}
    form = {"resourceType": "Questionnaire", "status": "active", "url": f"{FORMS}/Q100"}
    said = {"coding": [{"system": KEMKES, "code": "referral-criteria"}]}
    return {
        "contained": [{**form, "id": "Q100", "item": [group]}],
        "output": [{"type": said, "valueReference": {"reference": "#Q100"}}],
    }


def _candidates(world: World, task: Document, owner: str) -> list[Document]:
    """Give every facility but the asking one, if criteria and region are answered as they must."""
    forms = {str(e.get("questionnaire", "")).rpartition("/")[2]: e for e in task["contained"]}
    criteria = {link for link, _ in _answers(forms.get("Q100", {}).get("item", []))}
    areas = [said for _, said in _answers(forms.get("Q101", {}).get("item", []))]
    if not criteria or criteria - set(QUESTIONS) or not areas or not all(map(_is_area, areas)):
        return []
    others = [id for id in world.facilities if id != owner]
    return [_candidate(world, id) for id in others]


def _is_area(answer: Document) -> bool:
    coding = answer.get("valueCoding", {})
    return coding.get("system") == AREA and str(coding.get("code", "")).isdecimal()


def _answers(items: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    for item in items:
        for answer in item.get("answer", ()):
            yield str(item.get("linkId")), answer
        yield from _answers(item.get("item", []))


def _candidate(world: World, id: str) -> Document:
    distance = {"url": "distance", "valueQuantity": {"value": 12.5, "unit": "km"}}
    return {
        "extension": [{"url": ATTRIBUTE, "extension": [distance]}],
        "type": {"coding": [{"system": KEMKES, "code": "candidate"}]},
        "valueReference": {
            "reference": f"Organization/{id}",
            "display": f"{world.facilities[id]}<br><b>({id})</b>",
        },
    }
