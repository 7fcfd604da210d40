"""Codes and their systems, where SATUSEHAT looks them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Issue
from tools.satusehat_simulator.terminology import (
    ACT_CODE,
    KFA,
    KNOWN,
    PARTICIPATION,
    knows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.satusehat_simulator.world import Document

RULES = {
    "Encounter.class": 10001,
    "Observation.code": 10010,
    "Observation.valueCodeableConcept": 10297,
    "Immunization.vaccineCode": 10103,
    "Immunization.reasonCode": 10105,
    "EpisodeOfCare.type": 10109,
}
"""The rule that refuses an unknown code, by the element it stands in."""


def unknown(resource: Document) -> list[Issue]:
    """Name the codes that are not known, and the systems that may not stand where they do."""
    kind = resource["resourceType"]
    found = [
        _refusal(coding, path)
        for coding, path in codings(resource, kind)
        if not knows(str(coding.get("system", "")), str(coding.get("code", "")))
    ]
    return [*found, *_systems(resource, kind)]


def codings(part: Any, path: str) -> Iterator[tuple[Document, str]]:
    """Give every coding of a system that is looked into, with its path."""
    if isinstance(part, dict):
        if part.get("system") in KNOWN and "code" in part:
            yield part, path
        for name, value in part.items():
            if isinstance(value, (dict, list)):
                yield from codings(value, f"{path}.{name}")
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from codings(each, f"{path}[{index}]")


def _refusal(coding: Document, path: str) -> Issue:
    words = f"Code not found: '{coding['code']}' in system: {coding['system']}"
    element = ".".join(path.replace("[", ".").split(".")[:2])
    rule = 10056 if ".route" in path else RULES.get(element)
    return Issue("value", words, f"{path}.code", rule)


def _systems(resource: Document, kind: str) -> Iterator[Issue]:
    if kind == "Encounter":
        yield from _encounter(resource)
    if kind == "EpisodeOfCare":
        yield from _must_be_looked_up(resource.get("type", ()), "EpisodeOfCare.type", 10110)
    if kind == "MedicationDispense":
        yield from _dispensed(resource)
    for name in ("code", "valueCodeableConcept"):
        yield from _no_system(resource.get(name), f"{kind}.{name}")


def _encounter(resource: Document) -> Iterator[Issue]:
    system = resource["class"].get("system")
    if system != ACT_CODE:
        yield Issue("value", f"Invalid coding system: {system}", "Encounter.class.system", 10001)
    for index, each in enumerate(resource.get("participant", ())):
        for number, concept in enumerate(each.get("type", ())):
            for place, coding in enumerate(concept.get("coding", ())):
                if coding.get("system") != PARTICIPATION:
                    at = f"Encounter.participant[{index}].type[{number}].coding[{place}].system"
                    words = f"Invalid coding system: {coding.get('system')}"
                    yield Issue("value", words, at, 10002)


def _must_be_looked_up(concepts: Any, at: str, rule: int) -> Iterator[Issue]:
    systems = [c.get("system") for each in concepts for c in each.get("coding", ())]
    for system in systems or [""]:
        if not str(system).endswith("CodeSystem/episodeofcare-type") or system not in KNOWN:
            yield Issue(
                "value", f"Invalid coding system: {system}", f"{at}[0].coding[0].system", rule
            )


def _dispensed(resource: Document) -> Iterator[Issue]:
    contained = [each for each in resource.get("contained", ()) if each.get("code")]
    given = [each["code"] for each in contained]
    given += [resource[name] for name in ("medicationCodeableConcept",) if name in resource]
    for concept in given:
        for coding in concept.get("coding", ()):
            code = str(coding.get("code", ""))
            if coding.get("system") == KFA and not code.startswith("93"):
                words = f"Code not found: '{code}' in system: {KFA}"
                yield Issue("value", words, "MedicationDispense.medication[x]")


def _no_system(concept: Any, at: str) -> Iterator[Issue]:
    for index, coding in enumerate((concept or {}).get("coding", ())):
        if coding.get("system") == "":
            yield Issue("value", "Invalid coding system: ", f"{at}.coding[{index}].system", 10480)
