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
AFTER_ICD_10 = "http://hl7.org/fhir/sid/icd-10}"
"""What sorts after every code of that system: the brace follows the bar."""
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
    """Give of each diagnosis whose it is, its category and day (``d``), and its encounter."""
    is_icd = {"$and": [{"$gt": ["$$x", ICD_10]}, {"$lt": ["$$x", AFTER_ICD_10]}]}
    codes = {"$filter": {"input": {"$ifNull": ["$ix.code", []]}, "as": "x", "cond": is_icd}}
    code = {"$ifNull": [{"$first": codes}, ICD_10]}
    local = {"$add": ["$ix.recorded-date.l", wanted.offset]}
    encounter = {"$substrBytes": ["$ix.encounter", len("Encounter/"), -1]}
    alone = {"$concat": ["?", "$_id"]}
    unwanted: Stage = {"d.k": {"$nin": [""]}}
    if wanted.without:
        unwanted["d.k"]["$not"] = {"$regex": f"^({'|'.join(wanted.without)})"}
    project = {
        "_id": {"$cond": [{"$gt": ["$ix.encounter", None]}, encounter, alone]},
        "d": {
            "p": "$ix.patient",
            "k": {"$substrBytes": [code, len(ICD_10), 3]},
            "y": {"$floor": {"$divide": [local, DAY_MS]}},
        },
    }
    return [{"$project": project}, {"$match": unwanted}]


def _encounters(wanted: Burden) -> list[Stage]:
    """Group the encounters of the time with the diagnoses: cheaper than to look each one up."""
    low = wanted.low - LONGEST_STAY_MS
    encounters: list[Stage] = [
        {"$match": {"ix.date.l": {"$gte": low, "$lt": wanted.high}}},
        {"$project": {"c": {"$first": "$ix.klaster"}, "o": "$ix.service-provider"}},
    ]
    return [
        {"$unionWith": {"coll": "Encounter", "pipeline": encounters}},
        {
            "$group": {
                "_id": "$_id",
                "d": {"$push": "$d"},
                "c": {"$max": "$c"},
                "o": {"$max": "$o"},
            }
        },
        {"$unwind": "$d"},
    ]


def _persons(wanted: Burden) -> list[Stage]:
    """Group the patients with the diagnoses, and keep one of each category and day."""
    who: Stage = {
        "_id": 0,
        "p": {"$concat": ["Patient/", "$_id"]},
        "v": {"$first": "$ix.desa"},
        "b": "$ix.birthdate.l",
    }
    known = {"k": "$d.k", "y": "$d.y", "c": "$c", "o": "$o"}
    diagnosis = {"$cond": [{"$gt": ["$d", None]}, known, "$$REMOVE"]}
    return [
        {"$unionWith": {"coll": "Patient", "pipeline": [{"$project": who}]}},
        {
            "$group": {
                "_id": {"$ifNull": ["$p", "$d.p"]},
                "d": {"$push": diagnosis},
                "v": {"$max": "$v"},
                "b": {"$max": "$b"},
            }
        },
        {"$set": {"d": _once("$d"), "here": {"$in": ["$v", list(wanted.villages)]}}},
        {"$unwind": "$d"},
    ]


def _once(diagnoses: str) -> Any:
    """Join what two facilities noted of one category and day; mostly there is nothing to join."""
    key = {"k": "$$x.k", "y": "$$x.y"}
    keys = {"$setUnion": [{"$map": {"input": diagnoses, "as": "x", "in": key}}]}
    same = {"$and": [{"$eq": ["$$x.k", "$$u.k"]}, {"$eq": ["$$x.y", "$$u.y"]}]}
    of_one = {"$filter": {"input": diagnoses, "as": "x", "cond": same}}
    most = {
        name: {"$max": {"$map": {"input": of_one, "as": "x", "in": f"$$x.{name}"}}}
        for name in ("c", "o")
    }
    joined = {"$map": {"input": "$$keys", "as": "u", "in": {"k": "$$u.k", "y": "$$u.y", **most}}}
    alike = {"$eq": [{"$size": "$$keys"}, {"$size": diagnoses}]}
    several = {"$let": {"vars": {"keys": keys}, "in": {"$cond": [alike, diagnoses, joined]}}}
    return {"$cond": [{"$gt": [{"$size": diagnoses}, 1]}, several, diagnoses]}


def _age(wanted: Burden) -> Any:
    """Name the age group on the day of the diagnosis; null where nobody knows the birth."""
    lived = {"$subtract": [{"$multiply": ["$d.y", DAY_MS]}, "$b"]}
    branches = [
        {"case": {"$gte": ["$$lived", n * YEAR_MS]}, "then": name} for n, name in wanted.ages
    ]
    switch = {"$switch": {"branches": branches, "default": None}}
    named = {"$let": {"vars": {"lived": lived}, "in": switch}}
    return {"$cond": [{"$gt": ["$b", None]}, named, None]}


def _counted(wanted: Burden) -> list[Stage]:
    """Count what is alike, so that the tables are made of few rows."""
    provider = {"$cond": ["$here", None, "$d.o"]}
    group = {"k": "$d.k", "v": "$v", "c": "$d.c", "a": _age(wanted), "o": provider}
    named = {name: f"$_id.{name}" for name in group}
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
