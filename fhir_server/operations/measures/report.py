"""What was counted, written as a MeasureReport.

https://hl7.org/fhir/R4/measurereport.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.resources.wire import instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fhir_server.operations.measures import Asked, Count, Evaluation, Group, Stratum
    from fhir_server.resources.wire import Document

POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
UCUM = "http://unitsofmeasure.org"


def report(asked: Asked, found: Evaluation, now: datetime) -> Document:
    """Write a complete report; lists of subjects are contained in it."""
    lists: list[Document] = []
    groups = [_group(each, lists) for each in found.groups]
    version = asked.measure.get("version")
    last = (asked.end - timedelta(microseconds=1)).date()
    made: Document = {
        "resourceType": "MeasureReport",
        "contained": lists,
        "status": "complete",
        "type": asked.kind,
        "measure": asked.measure["url"] + (f"|{version}" if version else ""),
        "subject": _reference(asked.subject),
        "date": instant(now),
        "reporter": _reference(found.reporter or asked.reporter),
        "period": {"start": asked.start.date().isoformat(), "end": last.isoformat()},
        "group": groups,
        **found.elements,
    }
    return {name: value for name, value in made.items() if value}


def _group(group: Group, lists: list[Document]) -> Document:
    made: Document = {
        "extension": list(group.extension),
        "code": group.code,
        "population": _populations(group.counts, lists),
        "measureScore": _score(group.score, group.unit),
        "stratifier": [
            {
                "code": [{"text": by}],
                "stratum": [_stratum(each, group.unit, lists) for each in strata],
            }
            for by, strata in group.strata.items()
            if strata
        ],
    }
    return {name: value for name, value in made.items() if value}


def _stratum(stratum: Stratum, unit: str, lists: list[Document]) -> Document:
    made: Document = {
        "extension": list(stratum.extension),
        "value": stratum.value,
        "component": list(stratum.components),
        "population": _populations(stratum.counts, lists),
        "measureScore": _score(stratum.score, unit),
    }
    return {name: value for name, value in made.items() if value}


def _populations(counts: Iterable[Count], lists: list[Document]) -> list[Document]:
    return [_population(each, lists) for each in counts]


def _population(count: Count, lists: list[Document]) -> Document:
    made: Document = {"code": {"coding": [{"system": POPULATION, "code": count.code}]}}
    if count.extension:
        made["extension"] = list(count.extension)
    if count.count is not None:
        made["count"] = count.count
    if count.subjects:
        lists.append(_list(f"daftar-{len(lists) + 1}", count.subjects))
        made["subjectResults"] = {"reference": f"#{lists[-1]['id']}"}
    return made


def _list(identity: str, subjects: Iterable[str]) -> Document:
    return {
        "resourceType": "List",
        "id": identity,
        "status": "current",
        "mode": "snapshot",
        "entry": [{"item": {"reference": each}} for each in subjects],
    }


def _score(score: Any, unit: str) -> Document | None:
    return None if score is None else {"value": score, "unit": unit, "system": UCUM, "code": unit}


def _reference(name: str | None) -> Document | None:
    return None if name is None else {"reference": name}
