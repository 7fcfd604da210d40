"""Which events are of one pregnancy, and when its contacts are enough: stages of ``counting``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_server.store.pipeline import Stage

DAY_MS = 86_400_000
APART_MS = 90 * DAY_MS
"""Episodes that began further apart are two pregnancies; nearer, one that two places noted."""

PREGNANCY = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type|ANC"

FIRST_ENDS, SECOND_ENDS = 84, 168
"""The last day of the first and of the second trimester, counted from HPHT."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """How many contacts each trimester needs, and how many of all by one of ``doctors``.

    These are ``PractitionerRole/id``.
    """

    trimesters: tuple[int, int, int]
    doctor: int = 0
    doctors: tuple[str, ...] = ()

    def stages(self, key: Stage, event: Stage, zone: str, number: int) -> list[Stage]:
        """Make one event of a pregnancy: told by a code, or at the contact that completes it.

        Several contacts of one day are one. ``number`` is the stream that finds contacts.
        """
        moment = {"$toDate": {"$toLong": "$events.d"}}
        day = {"$dateTrunc": {"date": moment, "unit": "day", "timezone": zone}}
        told = {"$ne": ["$events.k", number]}
        return [
            {
                "$group": {
                    "_id": {**key, "t": told, "y": {"$cond": [told, None, day]}},
                    "v": {"$first": "$v"},
                    "f": {"$min": event},
                    "x": {"$push": "$events.x"},
                }
            },
            {"$set": {"f.t": "$_id.t", "f.x": flat("$x")}},
            {"$sort": {"f.d": 1}},
            {
                "$group": {
                    "_id": {"w": "$_id.w", "c": "$_id.c"},
                    "v": {"$first": "$v"},
                    "all": {"$push": "$f"},
                }
            },
            {"$set": {"f": _first_of("$all", "$$x.t"), "all": _rest_of("$all")}},
            {"$set": {"done": self._completed()}},
            {"$set": {"f": {"$min": ["$f", "$done"]}}},
            {"$match": {"f": {"$ne": None}}},
        ]

    def _completed(self) -> Any:
        """Give the contact that completes what is needed, or null."""
        days = {"$divide": [{"$subtract": ["$$x.d", "$_id.c"]}, DAY_MS]}
        day = {"$floor": days}
        tests: list[Any] = [
            {"$and": [{"$gte": [day, 0]}, {"$lte": [day, FIRST_ENDS]}]},
            {"$and": [{"$gt": [day, FIRST_ENDS]}, {"$lte": [day, SECOND_ENDS]}]},
            {"$gt": [day, SECOND_ENDS]},
        ]
        last = [_nth("$all", test, n) for test, n in zip(tests, self.trimesters, strict=True)]
        if self.doctor:
            seen = {"$gt": [{"$size": {"$setIntersection": ["$$x.x", list(self.doctors)]}}, 0]}
            last.append(_nth("$all", seen, self.doctor))
        known = {"$and": [{"$ne": ["$_id.c", 0]}, *({"$ne": [each, None]} for each in last)]}
        return {"$cond": [known, {"$max": last}, None]}


def begun_between(moments: dict[str, int]) -> list[Stage]:
    """Give the pregnancies that began then: whose, which, when."""
    test = {"ix.type": PREGNANCY, "ix.date.l": moments}
    episode = {"e": {"$concat": ["EpisodeOfCare/", "$_id"]}, "b": "$ix.date.l"}
    return [{"$match": test}, {"$project": {"_id": 0, "p": "$ix.patient", "es": episode}}]


def belonging() -> list[Stage]:
    """Say of each event which of the person's pregnancies (``es``) it is of: ``c``, its beginning.

    0 where no pregnancy is known: then all of the year's events are of one.
    """
    return [
        {"$set": {"es": {"$sortArray": {"input": flat("$es"), "sortBy": {"b": 1}}}}},
        {"$set": {"es": _begun()}},
        {"$set": {"events": _assigned()}},
    ]


def of_pregnancy(number: int) -> list[Stage]:
    """Keep the contacts (the events of a stream) that name one of the person's pregnancies."""
    named = {"$gt": [{"$size": {"$setIntersection": ["$$x.e", "$es.e"]}}, 0]}
    kept = {"$or": [{"$ne": ["$$x.k", number]}, named]}
    return [{"$set": {"events": {"$filter": {"input": "$events", "as": "x", "cond": kept}}}}]


def while_pregnant(longest: int) -> list[Stage]:
    """Keep the events within a pregnancy."""
    within = [{"$gte": ["$$x.d", "$$x.c"]}, {"$lt": [{"$subtract": ["$$x.d", "$$x.c"]}, longest]}]
    kept = {"$and": [{"$ne": ["$$x.c", 0]}, *within]}
    return [{"$set": {"events": {"$filter": {"input": "$events", "as": "x", "cond": kept}}}}]


def _begun() -> Any:
    """Give each episode the beginning of the first one that is the same pregnancy."""
    last = {"$getField": {"field": "h", "input": {"$last": "$$value"}}}
    is_same = {"$lt": [{"$subtract": ["$$this.b", last]}, APART_MS]}
    follows = {"$and": [{"$gt": [{"$size": "$$value"}, 0]}, is_same]}
    head = {"$cond": [follows, last, "$$this.b"]}
    episode = {"e": "$$this.e", "h": head}
    joined = {"$concatArrays": ["$$value", [episode]]}
    return {"$reduce": {"input": "$es", "initialValue": [], "in": joined}}


def _assigned() -> Any:
    """Put an event to its own episode, else to the latest that had begun, else to the first."""
    own = {"$filter": {"input": "$es", "as": "y", "cond": {"$in": ["$$y.e", "$$x.e"]}}}
    begun = {"$filter": {"input": "$es", "as": "y", "cond": {"$lte": ["$$y.h", "$$x.d"]}}}
    choices = [{"$first": own}, {"$last": begun}, {"$first": "$es"}, {"h": 0}]
    head = {"$getField": {"field": "h", "input": {"$ifNull": choices}}}
    each = {"$mergeObjects": ["$$x", {"c": head}]}
    return {"$map": {"input": "$events", "as": "x", "in": each}}


def _nth(values: str, test: Any, number: int) -> Any:
    """Give the n-th of those that pass a test, or null; none is needed gives the least of all."""
    if number == 0:
        return {"$first": values}
    found = {"$filter": {"input": values, "as": "x", "cond": test}}
    return {"$ifNull": [{"$arrayElemAt": [found, number - 1]}, None]}


def _first_of(values: str, test: Any) -> Any:
    return {"$ifNull": [{"$first": {"$filter": {"input": values, "as": "x", "cond": test}}}, None]}


def _rest_of(values: str) -> Any:
    return {"$filter": {"input": values, "as": "x", "cond": {"$not": "$$x.t"}}}


def without(value: Any, start: str) -> Any:
    """Take the id out of ``Type/id``; a reference to another type gives what is nobody's id."""
    is_ours = {"$eq": [{"$substrBytes": [value, 0, len(start)]}, start]}
    return {"$cond": [is_ours, {"$substrBytes": [value, len(start), -1]}, ""]}


def flat(value: str) -> Any:
    """Join an array of arrays."""
    joined = {"$concatArrays": ["$$value", "$$this"]}
    return {"$reduce": {"input": value, "initialValue": [], "in": joined}}
