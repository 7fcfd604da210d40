"""Counts diagnoses by category, and by what else is asked (cluster, village, age), in the database.

A diagnosis counts once a person, category and day (BR-C11). Only those of people who live in the
area count in the tables; of others the number alone is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fhir_server.store import pipeline
from fhir_server.store.episodes import DAY_MS
from fhir_server.store.pipeline import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.search.plan import Plan
    from fhir_server.store.pipeline import Stage

By = Literal["cluster", "village", "age"]
ICD_10 = "http://hl7.org/fhir/sid/icd-10|"
YEAR_MS = 365.2425 * DAY_MS
LONGEST_STAY_MS = 180 * DAY_MS


@dataclass(frozen=True, slots=True)
class Burden:
    """What to count: the diagnoses of ``plan`` from ``low`` until before ``high`` (epoch ms).

    ``offset``: how far the clinic's clock is ahead of UTC, in ms. ``ages``: (years, name) from the
    oldest group to the youngest. ``without``: no category that begins so. ``top``: so many
    categories in each table.
    """

    plan: Plan
    low: int
    high: int
    offset: int
    villages: tuple[str, ...]
    ages: tuple[tuple[int, str], ...]
    top: int
    without: tuple[str, ...] = ()
    providers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a category came in a part (a cluster, village or age; None: anywhere)."""

    category: str
    part: str | None
    number: int


def stages(wanted: Burden, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give the collection to begin at, and the stages."""
    test = {"ix.recorded-date.l": {"$gte": wanted.low, "$lt": wanted.high}}
    plan = wanted.plan
    begun, found = pipeline.stream(
        plan.resource_type, both(plan.filter, test), plan.joins, chain_limit
    )
    inside: Any = {"v": {"$in": list(wanted.villages)}}
    return begun, [
        *found,
        *_diagnoses(wanted),
        *_encounters(wanted),
        *_persons(wanted),
        *_counted(wanted),
        {
            "$facet": {
                "all": [{"$match": inside}, *_table(wanted, None)],
                "cluster": [{"$match": inside}, *_table(wanted, "$c")],
                "village": [{"$match": inside}, *_table(wanted, "$v")],
                "age": [{"$match": inside}, *_table(wanted, "$a")],
                "sum": [{"$match": inside}, *_sum()],
                "outside": [{"$match": {"$nor": [inside], **_served(wanted)}}, *_sum()],
            }
        },
    ]


def tables(rows: Sequence[dict[str, Any]]) -> dict[str, list[Tally]]:
    """Read what the stages gave; ``sum`` and ``outside`` have one row."""
    found = rows[0] if rows else {}
    return {
        name: [Tally(each.get("k", ""), each.get("part"), each["n"]) for each in rows_]
        for name, rows_ in found.items()
    }


def _diagnoses(wanted: Burden) -> list[Stage]:
    start = len(ICD_10)
    is_icd = {"$eq": [{"$substrBytes": ["$$x", 0, start]}, ICD_10]}
    codes = {"$filter": {"input": {"$ifNull": ["$ix.code", []]}, "as": "x", "cond": is_icd}}
    category = {"$substrBytes": [{"$ifNull": [{"$first": codes}, ICD_10]}, start, 3]}
    local = {"$add": ["$ix.recorded-date.l", wanted.offset]}
    day = {"$floor": {"$divide": [local, DAY_MS]}}
    unwanted = {"k": {"$nin": [""]}}
    if wanted.without:
        unwanted["k"]["$not"] = {"$regex": f"^({'|'.join(wanted.without)})"}  # type: ignore[assignment]
    project = {
        "_id": 0,
        "p": "$ix.patient",
        "k": category,
        "y": day,
        "n": {"$substrBytes": ["$ix.encounter", len("Encounter/"), -1]},
        "i": "$_id",
    }
    return [{"$project": project}, {"$match": unwanted}]


def _encounters(wanted: Burden) -> list[Stage]:
    """Group the encounters of the time with the diagnoses: cheaper than to look each one up."""
    low = wanted.low - LONGEST_STAY_MS
    encounters: list[Stage] = [
        {"$match": {"ix.date.l": {"$gte": low, "$lt": wanted.high}}},
        {
            "$project": {
                "_id": 0,
                "n": "$_id",
                "c": {"$ifNull": [{"$first": "$ix.klaster"}, None]},
                "o": "$ix.service-provider",
            }
        },
    ]
    diagnosis = {"$cond": [{"$gt": ["$y", None]}, {"p": "$p", "k": "$k", "y": "$y"}, "$$REMOVE"]}
    return [
        {"$unionWith": {"coll": "Encounter", "pipeline": encounters}},
        {
            "$group": {
                "_id": {"$cond": [{"$eq": ["$n", ""]}, "$i", "$n"]},
                "d": {"$push": diagnosis},
                "c": {"$max": "$c"},
                "o": {"$max": "$o"},
            }
        },
        {"$unwind": "$d"},
        {"$project": {"_id": 0, "p": "$d.p", "k": "$d.k", "y": "$d.y", "c": 1, "o": 1}},
    ]


def _persons(wanted: Burden) -> list[Stage]:
    """Group the patients with the diagnoses, and say of each the village and the age."""
    who: Stage = {
        "_id": 0,
        "p": {"$concat": ["Patient/", "$_id"]},
        "v": {"$first": "$ix.desa"},
        "b": "$ix.birthdate.l",
    }
    names = ("k", "y", "c", "o")
    diagnosis = {"$cond": [{"$gt": ["$y", None]}, {n: f"${n}" for n in names}, "$$REMOVE"]}
    years = {"$divide": [{"$subtract": [{"$multiply": ["$d.y", DAY_MS]}, "$b"]}, YEAR_MS]}
    branches = [{"case": {"$gte": [years, since]}, "then": name} for since, name in wanted.ages]
    switch = {"$switch": {"branches": branches, "default": None}}
    return [
        {"$unionWith": {"coll": "Patient", "pipeline": [{"$project": who}]}},
        {
            "$group": {
                "_id": "$p",
                "d": {"$push": diagnosis},
                "v": {"$max": "$v"},
                "b": {"$max": "$b"},
            }
        },
        {"$unwind": "$d"},
        {
            "$group": {
                "_id": {"p": "$_id", "k": "$d.k", "y": "$d.y"},
                "v": {"$first": "$v"},
                "c": {"$max": "$d.c"},
                "o": {"$max": "$d.o"},
                "a": {"$first": {"$cond": [{"$gt": ["$b", None]}, switch, None]}},
            }
        },
        {"$project": {"_id": 0, "k": "$_id.k", "v": 1, "c": 1, "o": 1, "a": 1}},
    ]


def _counted(wanted: Burden) -> list[Stage]:
    """Count what is alike, so that the tables are made of few rows."""
    names = ("k", "v", "c", "a")
    provider = {"$cond": [{"$in": ["$v", list(wanted.villages)]}, None, "$o"]}
    group = {name: f"${name}" for name in names} | {"o": provider}
    named = {name: f"$_id.{name}" for name in (*names, "o")}
    return [
        {"$group": {"_id": group, "n": {"$sum": 1}}},
        {"$project": {"_id": 0, "n": 1, **named}},
    ]


def _sum() -> list[Stage]:
    return [{"$group": {"_id": None, "n": {"$sum": "$n"}}}]


def _served(wanted: Burden) -> dict[str, Any]:
    return {} if wanted.providers is None else {"o": {"$in": list(wanted.providers)}}


def _table(wanted: Burden, part: str | None) -> list[Stage]:
    """Give the categories that came most in each part."""
    counted = {"_id": {"k": "$k", "part": part}, "n": {"$sum": "$n"}}
    ranked = {"$push": {"k": "$_id.k", "n": "$n"}}
    return [
        {"$group": counted},
        {"$sort": {"n": -1, "_id.k": 1}},
        {"$group": {"_id": "$_id.part", "best": ranked}},
        {"$set": {"best": {"$slice": ["$best", wanted.top]}}},
        {"$unwind": "$best"},
        {"$project": {"_id": 0, "part": "$_id", "k": "$best.k", "n": "$best.n"}},
        {"$sort": {"part": 1, "n": -1, "k": 1}},
    ]
