"""What is one resource here and several there: a blood pressure, a report of many examinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.bridges.satusehat import constants as c

if TYPE_CHECKING:
    from collections.abc import Callable

    Json = dict[str, Any]


def parts_of(resource: Json, local: Callable[[str], Json | None]) -> tuple[str, ...]:
    """Name the parts a resource is sent in; empty when it goes as it is."""
    if resource.get("resourceType") == "Observation":
        codes = [first_code(each) for each in resource.get("component", ())]
        return tuple(code for code in (c.SYSTOLIC, c.DIASTOLIC) if code in codes)
    if resource.get("resourceType") == "DiagnosticReport":
        return tuple(examinations(resource, local))
    return ()


def examinations(report: Json, local: Callable[[str], Json | None]) -> dict[str, Json]:
    """Give the results of a laboratory report by their codes: each is a report of its own there."""
    if first_code(report) != c.LABORATORY_REPORT:
        return {}
    found = (local(each.get("reference", "")) for each in report.get("result", ()))
    return {first_code(each): each for each in found if each is not None and first_code(each)}


def first_code(found: Json) -> str:
    """Give the first code of `code`."""
    return next((e.get("code", "") for e in found.get("code", {}).get("coding", ())), "")
