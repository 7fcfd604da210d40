"""Searches, with the habits of SATUSEHAT: what it does not know it leaves out of account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tools.satusehat_simulator import referrals
from tools.satusehat_simulator.outcomes import NO_CONSENT, Answer, Issue, Refused, outcome
from tools.satusehat_simulator.people import NIK, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tools.satusehat_simulator.world import Document, World

REFERENCES = {
    "encounter": ("encounter", "Encounter"),
    "subject": ("subject", "Patient"),
    "patient": ("patient", "Patient"),
    "context": ("context", "Encounter"),
    "organization": ("managingOrganization", "Organization"),
    "partof": ("partOf", "Organization"),
    "owner": ("owner", "Organization"),
    "requester": ("requester", "Organization"),
}
IGNORED = {"MedicationDispense": {"encounter"}}
MIN_NAME = 3
AFTER = "_getpagesoffset"


def search(
    world: World, kind: str, asked: Mapping[str, str], url: str, organization: str = ""
) -> Answer:
    """Answer a search with a Bundle of what matches."""
    if kind == "MedicationDispense" and "context" in asked and "subject" not in asked:
        raise Refused(outcome(400, Issue("value", "Missing query parameters: subject")))
    with world.lock:
        _consented(world, kind, asked)
        found = [
            each
            for each in _candidates(world, kind, asked)
            if all(
                _fits(kind, each, name, text)
                for name, text in asked.items()
                if name not in IGNORED.get(kind, ())
            )
        ]
    entries = [
        {"fullUrl": f"{world.base}/{kind}/{each['id']}", "resource": told(each)}
        for each in _page(world, found, asked)
    ]
    if asked.get("_include") == "Task:based-on":
        more = referrals.included(world, found, organization)
        entries += [{"resource": each, "search": {"mode": "include"}} for each in more]
    body = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    return Answer(200, {**body, "link": _links(world, len(found), asked, url)})


def _page(world: World, found: list[Document], asked: Mapping[str, str]) -> list[Document]:
    """Cut out one page, where the ways of this run have pages."""
    start = int(asked.get(AFTER, "0"))
    return found[start : start + world.ways.page] if world.ways.page else found


def _links(world: World, total: int, asked: Mapping[str, str], url: str) -> list[Document]:
    following = int(asked.get(AFTER, "0")) + world.ways.page
    links = [{"relation": "self", "url": url}]
    if world.ways.page and following < total:
        query = urlencode({**asked, AFTER: following})
        links.append({"relation": "next", "url": f"{url.partition('?')[0]}?{query}"})
    return links


def _consented(world: World, kind: str, asked: Mapping[str, str]) -> None:
    """Keep the record of a person who did not agree to share it."""
    for name in ("subject", "patient"):
        person = world.people.get(("Patient", asked.get(name, "").removeprefix("Patient/")))
        if kind != "Patient" and person is not None and not person["consent"]:
            raise Refused(NO_CONSENT)


def _candidates(world: World, kind: str, asked: Mapping[str, str]) -> list[Document]:
    if "identifier" in asked:
        return world.with_identifier(kind, asked["identifier"])
    for name in ("encounter", "context", "subject", "patient"):
        if name in asked and name not in IGNORED.get(kind, ()):
            return world.referring(kind, whole(asked[name], REFERENCES[name][1]))
    return list(world.resources[kind].values())


def whole(text: str, kind: str) -> str:
    """Write a reference that may have been given as the bare id."""
    return text if "/" in text else f"{kind}/{text}"


def _fits(kind: str, resource: Document, name: str, text: str) -> bool:
    if name in REFERENCES:
        element, target = REFERENCES[name]
        if kind == "Patient" or (element not in resource and name in {"subject", "patient"}):
            element = "patient" if element == "subject" else "subject"
        return bool(resource.get(element, {}).get("reference") == whole(text, target))
    return FILTERS[name](resource, text) if name in FILTERS else True


def _named(resource: Document, text: str) -> bool:
    names = resource.get("name", "")
    said = names if isinstance(names, str) else " ".join(each.get("text", "") for each in names)
    return len(text) >= MIN_NAME and text.lower() in said.lower()


def _typed(resource: Document, text: str) -> bool:
    kinds = resource.get("type", [])
    listed = kinds if isinstance(kinds, list) else [kinds]
    code = text.rpartition("|")[2]
    return any(c.get("code") == code for each in listed for c in each.get("coding", ()))


def _coded(resource: Document, text: str) -> bool:
    code = text.rpartition("|")[2]
    return any(c.get("code") == code for c in resource.get("code", {}).get("coding", ()))


def _with_nik(resource: Document, text: str) -> bool:
    return any(each["system"] == NIK and each["value"] == text for each in resource["identifier"])


FILTERS: dict[str, Callable[[Document, str], bool]] = {
    "status": lambda resource, text: resource.get("status") == text,
    "gender": lambda resource, text: resource.get("gender") == text,
    "birthdate": lambda resource, text: resource.get("birthDate", "").startswith(text),
    "name": _named,
    "type": _typed,
    "code": _coded,
    "nik": _with_nik,
}
