"""References: they must name what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Issue
from tools.satusehat_simulator.world import references_at

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World

SHAPE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")
UUID = re.compile(r"Location/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
RULES = {
    "Encounter.subject": 10118,
    "Encounter.serviceProvider": 10124,
    "Observation.encounter": 10130,
    "Observation.performer": 10383,
    "ServiceRequest.performer": 10377,
}


def unknown(resource: Document, world: World, pending: set[str]) -> list[Issue]:
    """Name the references that lead nowhere; an unknown urn of a transaction was seen to pass."""
    if not world.ways.references:
        return []
    kind = resource["resourceType"]
    return [
        _refusal(reference, at)
        for reference, at in references_at(resource, kind)
        if reference not in pending
        and not (pending and reference.startswith("urn:uuid:"))
        and not _leads(reference, world)
    ]


def _leads(reference: str, world: World) -> bool:
    kind, _, id = reference.partition("/")
    return world.get(kind, id) is not None if SHAPE.fullmatch(reference) else False


def _refusal(reference: str, at: str) -> Issue:
    element = ".".join(at.replace("[", ".").split(".")[:2])
    rule = 10120 if at.startswith("Encounter.location") else RULES.get(element)
    shaped = SHAPE.fullmatch(reference)
    if rule == 10120:
        shaped = shaped and UUID.fullmatch(reference)
    words = (
        f"reference target(s) not found: {reference}"
        if shaped
        else f"Wrong reference ID format: {reference}"
    )
    return Issue("value", words, at, rule)
