"""Counts people, pregnancies and services by village and month, inside the database.

A ``Stream`` is a search whose matches are events. A ``Counting`` takes the events of its streams
together, knows each person by NIK (or, without one, by the patient's record), keeps one event per
person, episode or day, and counts these by the person's village. Everything is read from the index
(``ix``), so the same stages run on one server and on a sharded cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fhir_server.store import episodes, pipeline
from fhir_server.store.episodes import DAY_MS, Contacts, flat, without
from fhir_server.store.pipeline import both

if TYPE_CHECKING:
    from fhir_server.search.plan import Plan
    from fhir_server.store.pipeline import Stage

Once = Literal["each", "day", "person", "episode"]

NIK = "https://fhir.kemkes.go.id/id/nik|"
LONGEST_PREGNANCY_MS = 320 * DAY_MS
LONGEST_SERIES_MS = 366 * DAY_MS
"""What makes a case only together may lie so far apart: the vaccines of a first year of life."""
KEPT = ("d", "n", "o", "p")


@dataclass(frozen=True, slots=True)
class Stream:
    """Events: what a search finds, and when it happened (``date`` is a field of the index)."""

    plan: Plan
    date: str
    who: str = "ix.patient"


@dataclass(frozen=True, slots=True)
class Age:
    """An age: so many units (``day``, ``month``) after birth."""

    number: int
    unit: str


@dataclass(frozen=True, slots=True)
class Counting:
    """What to count.

    ``once``: what makes one case. ``needed``: in how many of the streams a case must have an
    event, perhaps the year before; it counts at the last of these. ``first``, ``low``, ``high`` are
    epoch milliseconds: events count from ``first``, cases from ``low`` until before ``high``.

    ``villages`` are the area; cases from elsewhere are given by their own village, and only those
    served by ``providers`` if these are given. ``members``: only these persons.

    ``places`` (``Location/id``, village) tell the village of a service that is for no person.

    ``near`` (milliseconds before, after): only events of the first stream make cases, and only
    with an event of another stream so near. ``age``: events count before the person is so old.
    ``contacts``: the last stream finds contacts, of which so many make one event. ``pregnant``:
    events count only within a pregnancy that is known.
    ``lists``: give the patients as well.
    """

    streams: tuple[Stream, ...]
    once: Once
    first: int
    low: int
    high: int
    zone: str
    villages: tuple[str, ...]
    providers: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    needed: int = 1
    near: tuple[int, int] | None = None
    age: Age | None = None
    contacts: Contacts | None = None
    places: tuple[tuple[str, str], ...] = ()
    pregnant: bool = False
    lists: bool = False

    def window(self, number: int) -> tuple[int, int]:
        """Give from when until before when the events of a stream are looked at."""
        if number and self.near is not None:
            return self.first - self.near[0], self.high + self.near[1]
        if self.contacts is not None and number == len(self.streams) - 1:
            return self.first - LONGEST_PREGNANCY_MS, self.high
        if self.needed > 1:
            return self.first - LONGEST_SERIES_MS, self.high
        return self.first, self.high


@dataclass(frozen=True, slots=True)
class Cell:
    """How many cases a village has in a month (1 to 12); ``village`` is None where it is unknown.

    ``patients`` are ``Patient/id``, if they were asked for.
    """

    village: str | None
    month: int
    number: int
    patients: tuple[str, ...] = ()


def stages(wanted: Counting, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give the collection to begin at, and the stages."""
    parts = [_events(wanted, number, chain_limit) for number in range(len(wanted.streams))]
    (first, found), others = parts[0], parts[1:]
    unions: list[Stage] = [{"$unionWith": {"coll": c, "pipeline": p}} for c, p in others]
    return first, [*found, *unions, *_persons(wanted), *_cases(wanted), *_cells(wanted)]


def cells(rows: list[dict[str, Any]]) -> list[Cell]:
    """Read what the stages gave."""
    return [
        Cell(row["_id"].get("v"), row["_id"]["m"], row["n"], tuple(sorted(set(row.get("p", ())))))
        for row in rows
    ]


def _events(wanted: Counting, number: int, chain_limit: int) -> tuple[str, list[Stage]]:
    """Find the events of one stream: person, date, stream, encounter, provider, episodes."""
    stream = wanted.streams[number]
    low, high = wanted.window(number)
    test: dict[str, Any] = {stream.date: {"$gte": low, "$lt": high}}
    if wanted.members is not None:
        test[stream.who] = {"$in": list(wanted.members)}
    plan = stream.plan
    begun, found = pipeline.stream(
        plan.resource_type, both(plan.filter, test), plan.joins, chain_limit
    )
    event: Stage = {
        "_id": 0,
        "p": {"$ifNull": [f"${stream.who}", {"$concat": [f"{plan.resource_type}/", "$_id"]}]},
        "d": f"${stream.date}",
        "k": {"$literal": number},
        "i": "$_id",
        "o": "$ix.service-provider",
        "e": {"$ifNull": ["$ix.episode-of-care", []]},
        "n": {"$ifNull": ["$ix.encounter", ""]},
    }
    if wanted.contacts is not None:
        event["x"] = {"$ifNull": ["$ix.participant", []]}
    if wanted.places:
        event["v"] = _village_of_place(wanted, f"${stream.who}")
    return begun, [*found, {"$project": event}]


def _village_of_place(wanted: Counting, who: str) -> Any:
    """Give the village of a service that is for no person, by its place."""
    places = [{"l": name, "v": village} for name, village in wanted.places]
    here = {"$eq": ["$$x.l", "$ix.location"]}
    found = {"$first": {"$filter": {"input": places, "as": "x", "cond": here}}}
    village = {"$getField": {"field": "v", "input": {"$ifNull": [found, {"v": None}]}}}
    return {"$cond": [{"$gt": [who, None]}, None, village]}


def _by_encounter() -> list[Stage]:
    """Take from the encounter (``e``) who provided it, where the resource itself does not say."""
    joined = {
        "from": "Encounter",
        "localField": "e",
        "foreignField": "_id",
        "pipeline": [{"$project": {"ix.service-provider": 1}}],
        "as": "e",
    }
    return [
        {"$set": {"e": without("$e", "Encounter/")}},
        {"$lookup": joined},
        {"$set": {"o": {"$ifNull": ["$o", {"$first": "$e.ix.service-provider"}]}}},
    ]


def _persons(wanted: Counting) -> list[Stage]:
    """Put the events of one person together, whatever record they were noted under.

    All patients are grouped with the events: that is much less work than to look each one up.
    """
    names = ("p", "d", "k", "i", "o", "e", "n", *(("x",) if wanted.contacts else ()))
    event = {"$cond": [{"$gt": ["$d", None]}, {name: f"${name}" for name in names}, "$$REMOVE"]}
    group: Stage = {
        "events": {"$push": event},
        "v": {"$max": "$v"},
        "b": {"$max": "$b"},
        "nik": {"$max": "$nik"},
    }
    person: Stage = {
        "events": {"$push": "$events"},
        "v": {"$max": "$v"},
        "b": {"$max": "$b"},
    }
    known: list[Stage] = [{"events.0": {"$exists": True}}]
    if wanted.once == "episode":
        group["es"] = {"$push": "$es"}
        person["es"] = {"$push": "$es"}
        known.append({"es.0": {"$exists": True}})  # another record of the same person may have one
    return [
        {"$unionWith": {"coll": "Patient", "pipeline": _patients(wanted)}},
        *_episodes(wanted),
        {"$group": {"_id": "$p", **group}},
        {"$match": {"$or": known}},
        {"$group": {"_id": {"$ifNull": ["$nik", "$_id"]}, **person}},
        {"$set": {"events": flat("$events")}},
        *_aged(wanted),
        *_near(wanted),
    ]


def _patients(wanted: Counting) -> list[Stage]:
    """Give the village, birth and NIK of every patient who may have an event."""
    known: Stage = {
        "_id": 0,
        "p": {"$concat": ["Patient/", "$_id"]},
        "v": {"$first": "$ix.desa"},
        "b": "$ix.birthdate.l",
        "nik": _nik(),
    }
    if wanted.members is None:
        return [{"$project": known}]
    ids = [each.partition("/")[2] for each in wanted.members]
    return [{"$match": {"_id": {"$in": ids}}}, {"$project": known}]


def _episodes(wanted: Counting) -> list[Stage]:
    if wanted.once != "episode":
        return []
    since = wanted.window(len(wanted.streams) - 1)[0] - LONGEST_PREGNANCY_MS
    begun = {"$gte": min(since, wanted.first - LONGEST_PREGNANCY_MS), "$lt": wanted.high}
    union = {"coll": "EpisodeOfCare", "pipeline": episodes.begun_between(begun)}
    return [{"$unionWith": union}]


def _nik() -> Any:
    """Give the patient's NIK as the index spells it, or nothing."""
    is_nik = {"$eq": [{"$substrBytes": ["$$x", 0, len(NIK)]}, NIK]}
    known = {"$ifNull": ["$ix.identifier", []]}
    return {"$first": {"$filter": {"input": known, "as": "x", "cond": is_nik}}}


def _aged(wanted: Counting) -> list[Stage]:
    """Keep the events before an age; whose birth nobody knows is of no age."""
    if wanted.age is None:
        return []
    born = {"$toDate": {"$toLong": "$b"}}
    reached = {"startDate": born, "unit": wanted.age.unit, "amount": wanted.age.number}
    reached["timezone"] = wanted.zone
    young = {"$lt": ["$$x.d", "$u"]}
    return [
        {"$match": {"b": {"$ne": None}}},
        {"$set": {"u": {"$toLong": {"$dateAdd": reached}}}},
        {"$set": {"events": {"$filter": {"input": "$events", "as": "x", "cond": young}}}},
    ]


def _near(wanted: Counting) -> list[Stage]:
    """Keep the events of the first stream that have one of another stream near."""
    if wanted.near is None:
        return []
    before, after = wanted.near
    distance = {"$subtract": ["$$y.d", "$$x.d"]}
    tests = [
        {"$ne": ["$$y.k", 0]},
        {"$gte": [distance, -before]},
        {"$lt": [distance, after + DAY_MS]},
    ]
    others = {"$filter": {"input": "$events", "as": "y", "cond": {"$and": tests}}}
    kept = {"$and": [{"$eq": ["$$x.k", 0]}, {"$gt": [{"$size": others}, 0]}]}
    return [{"$set": {"events": {"$filter": {"input": "$events", "as": "x", "cond": kept}}}}]


def _cases(wanted: Counting) -> list[Stage]:
    """Keep one event per case, at the moment when enough of the streams have one."""
    made: list[Stage] = []
    if wanted.once == "episode":
        made = episodes.belonging()
        if wanted.contacts is not None:
            made += episodes.of_pregnancy(len(wanted.streams) - 1)
        if wanted.pregnant:
            made += episodes.while_pregnant(LONGEST_PREGNANCY_MS)
    made.append({"$unwind": "$events"})
    key = {"w": "$_id", "c": _case(wanted)}
    event = {name: f"$events.{name}" for name in KEPT}
    if wanted.contacts is not None:
        made += wanted.contacts.stages(key, event, wanted.zone, len(wanted.streams) - 1)
    else:
        made += _grouped(wanted, key, {"v": {"$first": "$v"}, "f": {"$min": event}})
    return [*made, {"$match": {"f.d": {"$gte": wanted.low, "$lt": wanted.high}}}]


def _grouped(wanted: Counting, key: Stage, kept: Stage) -> list[Stage]:
    if wanted.needed == 1:
        return [{"$group": {"_id": key, **kept}}]
    case = {"w": "$_id.w", "c": "$_id.c"}
    last = {
        "$arrayElemAt": [{"$sortArray": {"input": "$f", "sortBy": {"d": 1}}}, wanted.needed - 1]
    }
    return [
        {"$group": {"_id": {**key, "k": "$events.k"}, **kept}},
        {"$group": {"_id": case, "v": {"$first": "$v"}, "f": {"$push": "$f"}}},
        {"$match": {f"f.{wanted.needed - 1}": {"$exists": True}}},
        {"$set": {"f": last}},
    ]


def _case(wanted: Counting) -> Any:
    match wanted.once:
        case "each":
            return "$events.i"
        case "day":
            moment = {"$toDate": {"$toLong": "$events.d"}}
            return {"$dateTrunc": {"date": moment, "unit": "day", "timezone": wanted.zone}}
        case "episode":
            return "$events.c"
    return {"$literal": 0}


def _cells(wanted: Counting) -> list[Stage]:
    """Count the cases of each village and month; of those from elsewhere only who was served."""
    month = {"$month": {"date": {"$toDate": {"$toLong": "$f.d"}}, "timezone": wanted.zone}}
    key: Stage = {"v": "$v", "m": month}
    cell: Stage = {"n": {"$sum": 1}}
    if wanted.lists:
        cell["p"] = {"$addToSet": "$f.p"}
    if wanted.providers is None:
        return [{"$group": {"_id": key, **cell}}]
    return [{"$group": {"_id": {**key, **_served(wanted)}, **cell}}, *_of_area(wanted)]


def _served(wanted: Counting) -> Stage:
    """Tell of a case from elsewhere who provided it, or its encounter; of others nothing.

    So few are left to look up: an encounter is asked for only where it decides.
    """
    elsewhere = {"$not": [{"$in": ["$v", list(wanted.villages)]}]}
    unsaid = {"$eq": [{"$ifNull": ["$f.o", ""]}, ""]}
    return {
        "o": {"$cond": [elsewhere, "$f.o", "$$REMOVE"]},
        "n": {"$cond": [{"$and": [elsewhere, unsaid]}, "$f.n", "$$REMOVE"]},
    }


def _of_area(wanted: Counting) -> list[Stage]:
    """Keep the cells of the area's villages, and of the others what its providers did."""
    inside = {"_id.v": {"$in": list(wanted.villages)}}
    group: Stage = {"_id": {"v": "$_id.v", "m": "$_id.m"}, "n": {"$sum": "$n"}}
    sets: list[Stage] = []
    if wanted.lists:
        group["p"] = {"$push": "$p"}
        sets = [{"$set": {"p": flat("$p")}}]
    return [
        {"$set": {"o": "$_id.o", "e": "$_id.n"}},
        *_by_encounter(),
        {"$match": {"$or": [inside, {"o": {"$in": list(wanted.providers or ())}}]}},
        {"$group": group},
        *sets,
    ]
