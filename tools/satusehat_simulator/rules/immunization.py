"""Immunization: doses given now need lot, expiry and who gave them; reported ones do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Issue
from tools.satusehat_simulator.rules.elements import empty
from tools.satusehat_simulator.terminology import KFA, V2_0443

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.satusehat_simulator.world import Document

GIVEN = {"AP", "OP"}
REPORTED = {"EP"}


def wrong(resource: Document) -> list[Issue]:
    """Name what an Immunization lacks."""
    return list(_wrong(resource)) if resource["resourceType"] == "Immunization" else []


def _wrong(resource: Document) -> Iterator[Issue]:
    systems = {c.get("system") for c in resource.get("vaccineCode", {}).get("coding", ())}
    if KFA not in systems:
        yield _absent("vaccineCode", 10103)
    if empty(resource, "reasonCode"):
        yield _absent("reasonCode", 10105)
    if "primarySource" not in resource:
        yield _absent("primarySource", 10292)
    if not resource.get("occurrenceDateTime") and not resource.get("occurrenceString"):
        yield _absent("occurrence[x]", None)
    if resource["status"] == "completed" and empty(resource, "protocolApplied"):
        yield _absent("protocolApplied", 10450)
    yield from _source(resource)


def _source(resource: Document) -> Iterator[Issue]:
    functions = {
        coding.get("code")
        for each in resource.get("performer", ())
        for coding in each.get("function", {}).get("coding", ())
        if coding.get("system") == V2_0443
    }
    if resource.get("primarySource") is False and not functions & REPORTED:
        yield _absent("performer[0].function", 10307)
    if resource.get("primarySource") is not True or functions & REPORTED:
        return
    if not functions & GIVEN:
        yield _absent("performer[0].function", 10307)
    if resource["status"] == "completed" and empty(resource, "lotNumber"):
        yield _absent("lotNumber", 10306)
    if resource["status"] == "completed" and empty(resource, "expirationDate"):
        yield _absent("expirationDate", 10307)


def _absent(name: str, rule: int | None) -> Issue:
    at = f"Immunization.{name}"
    return Issue("value", f"Element not found: {at}", at, rule)
