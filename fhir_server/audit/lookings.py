"""Who has looked at a record, as lines for its patient: alike accesses of a day together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.audit import kata
from fhir_server.search.plan import Plan, SortKey
from fhir_server.store.trail import AUDIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from fhir_server.resources.wire import Document
    from fhir_server.search.plan import Filter
    from fhir_server.store.mongo import Store

PAGE: Final = 500
NEWEST: Final = (SortKey("ix.date.l", descending=True), SortKey("_id", descending=True))
_CUSTODIAN: Final = "CST"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose record, from when to when (ms, the end not included), and how many lines at most."""

    patient: str
    low: int | None
    high: int | None
    zone: ZoneInfo
    most: int


@dataclass(frozen=True, slots=True)
class Looking:
    """What somebody did to a record on one day, however often."""

    day: str
    who: str
    place: str
    letter: str
    what: str
    refused: bool
    reason: str
    deed: str = ""


@dataclass(slots=True)
class Line:
    """A ``Looking`` and when: ``first`` and ``last`` of ``times``."""

    looking: Looking
    first: datetime
    last: datetime
    times: int = 1


def lines(store: Store, asked: Asked, language: int) -> tuple[list[Line], datetime | None]:
    """Give the newest lines, and before which moment to go on if there are more."""
    found: dict[Looking, Line] = {}
    for event in _told(_events(store, asked)):
        moment = datetime.fromisoformat(event["recorded"]).astimezone(asked.zone)
        looking = _looking(event, moment, language)
        line = found.get(looking)
        if line is not None:
            line.first, line.times = moment, line.times + 1
            continue
        if len(found) >= asked.most:
            return list(found.values()), moment
        found[looking] = Line(looking, moment, moment)
    return list(found.values()), None


def named(store: Store, lines: Iterable[Line]) -> dict[str, str]:
    """Give the names of the people and organizations of lines, as their resources say them."""
    wanted: dict[str, set[str]] = {}
    for line in lines:
        for reference in (line.looking.who, line.looking.place):
            kind, _, identity = reference.partition("/")
            if identity and kind in {"Practitioner", "Organization", "Patient", "RelatedPerson"}:
                wanted.setdefault(kind, set()).add(identity)
    names = {}
    for kind, ids in wanted.items():
        plan = Plan(kind, {"_id": {"$in": sorted(ids)}}, limit=len(ids))
        for stored in store.search(plan).resources:
            names[f"{kind}/{stored.id}"] = _name(orjson.loads(stored.raw))
    return names


def _events(store: Store, asked: Asked) -> Iterator[Document]:
    wanted: Filter = {"ix.patient": f"Patient/{asked.patient}"}
    limits = {"$gte": asked.low, "$lt": asked.high}
    if times := {sign: value for sign, value in limits.items() if value is not None}:
        wanted["ix.date.l"] = times
    after = None
    while True:
        page = store.search(Plan(AUDIT, wanted, sort=NEWEST, after=after, limit=PAGE))
        for stored in page.resources:
            yield orjson.loads(stored.raw)
        if not page.more:
            return
        after = page.last


def _told(events: Iterable[Document]) -> Iterator[Document]:
    """Leave out the Provenance of what the same access wrote: that is told already."""
    for _, access in groupby(events, key=_access):
        some = list(access)
        yield from [each for each in some if not _is_provenance(each)] or some


def _access(event: Document) -> str:
    """Give what the ids of the events of one access begin with (``audit/rendering.py``)."""
    return str(event["id"]).rpartition("-")[0]


def _is_provenance(event: Document) -> bool:
    return event.get("action") == "C" and _target(event).startswith("Provenance/")


def _looking(event: Document, moment: datetime, language: int) -> Looking:
    agents = event.get("agent", ())
    user: Document = next((each for each in agents if each.get("requestor")), {})
    place: Document = next((each for each in agents if _code(each) == _CUSTODIAN), {})
    target = _target(event)
    return Looking(
        day=moment.date().isoformat(),
        who=_said(user.get("who", {})),
        place=place.get("who", {}).get("reference", ""),
        letter=event.get("action", "E"),
        what=kata.what(target, language),
        refused=event.get("outcome", "0") != "0",
        reason="; ".join(each.get("text", "") for each in event.get("purposeOfEvent", ())),
        deed=kata.happened(target, language),
    )


def _target(event: Document) -> str:
    for entity in event.get("entity", ()):
        if entity.get("type", {}).get("code") == "2":
            what = entity.get("what", {})
            return str(what.get("display") or what.get("reference") or entity.get("description"))
    return ""


def _said(who: Document) -> str:
    return str(who.get("reference") or who.get("identifier", {}).get("value", ""))


def _code(agent: Document) -> str | None:
    return next((each.get("code") for each in agent.get("type", {}).get("coding", ())), None)


def _name(document: Document) -> str:
    name: Any = document.get("name")
    if isinstance(name, str):
        return name
    first = name[0] if name else {}
    parts = [*first.get("prefix", ()), *first.get("given", ()), first.get("family", "")]
    return first.get("text") or " ".join(each for each in parts if each)
