"""What is a puskesmas's own: rules of the SOPs judge it, and leave the records of others alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fhir_server.mappings.rules import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.search.plan import Plan

NOBODY = "-"
"""No resource has this id: a search for it finds nothing."""


def is_visit(encounter: Document, canonical: str) -> bool:
    """Say whether an Encounter is a visit of a puskesmas: its service type is a unit of ours."""
    units = f"{canonical}/CodeSystem/unit-layanan"
    codings = encounter.get("serviceType", {}).get("coding", ())
    return any(each.get("system") == units for each in codings)


def referred(references: Iterable[Document | None], resource_type: str) -> list[str]:
    """Give the ids that references to one type point to, each once, in order."""
    found = (local(each, resource_type) for each in references)
    return sorted({each.partition("/")[2] for each in found if each})


def by_ids(facts: Facts, resource_type: str, ids: Sequence[str]) -> Plan:
    """Ask for resources by their ids; for none, find nothing."""
    return facts(resource_type, [("_id", ",".join(ids) or NOBODY)])


def by_references(facts: Facts, resource_type: str, parameter: str, names: Sequence[str]) -> Plan:
    """Ask for what refers to any of ``Type/id``; for none, find nothing."""
    return facts(resource_type, [(parameter, ",".join(names) or NOBODY)])


def is_later(first: str, second: str) -> bool:
    """Say whether one dateTime is surely later than another; a whole day is all of it."""
    if "T" in first and "T" in second:
        return datetime.fromisoformat(first) > datetime.fromisoformat(second)
    known = min(len(first), len(second), len("2024-04-02"))
    return first[:known] > second[:known]


def is_past(day: str, moment: str) -> bool:
    """Say whether a date, perhaps only a month or a year, is over on the day of a dateTime."""
    return day < moment[: len(day)] and len(moment) >= len(day)
