"""Searches as MongoDB runs them: a Plan becomes a filter, or the stages of an aggregation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.search.plan import Filter, Join, Plan, SortKey

Stage = dict[str, Any]

SERVED = {"v": 1, "t": 1, "m": 1, "raw": 1, "at": 1}
TOO_MANY = 241
RANGES = frozenset({"$gt", "$gte", "$lt", "$lte"})


def is_plain(plan: Plan) -> bool:
    """Tell whether a simple find can answer: no join, no key to be computed."""
    return not plan.joins and not any(key.many for key in plan.sort)


def fields(plan: Plan) -> list[str]:
    """Name the field that each sort key reads, computed ones as they are called here."""
    return [f"_s{at}" if key.many else key.field for at, key in enumerate(plan.sort)]


def order(plan: Plan) -> dict[str, int]:
    """Give the sort as MongoDB takes it."""
    return {
        name: -1 if key.descending else 1 for name, key in zip(fields(plan), plan.sort, strict=True)
    }


def projection(plan: Plan) -> dict[str, int]:
    """Give what a match must bring: what is served, its sort values, its references to follow."""
    wanted: dict[str, int] = dict(SERVED)
    for name in fields(plan):
        wanted[name] = 1
    for each in plan.includes:
        if each.forward:
            wanted[each.field] = 1
    return wanted


def match(plan: Plan) -> Filter:
    """Give the filter of a page that a find can answer."""
    return both(plan.filter, beyond(plan)) if plan.after else plan.filter


def both(one: Filter, other: Filter) -> Filter:
    """Join two filters, both of which must hold."""
    if not one or not other:
        return one or other
    return {"$and": [one, other]} if one.keys() & other.keys() else one | other


def beyond(plan: Plan) -> Filter:
    """Select what sorts after the last match of the page before, over as many keys as there are."""
    if plan.after is None:
        return {}
    choices: list[Filter] = []
    equal: Filter = {}
    for name, key, value in zip(fields(plan), plan.sort, plan.after, strict=True):
        further = _further(plan, name, key, value)
        if further is not None:
            choices.append({**equal, **further})
        equal[name] = value
    if len(choices) == 1:
        return choices[0]
    return {**_bound(plan, fields(plan)[0], plan.sort[0], plan.after[0]), "$or": choices}


def _further(plan: Plan, name: str, key: SortKey, value: Any) -> Filter | None:
    if value is None:
        return None if key.descending else {name: {"$ne": None}}
    if not key.descending:
        return {name: {"$gt": value}}
    return {name: {"$lt": value} if _has_value(plan, name) else {"$not": {"$gte": value}}}


def _bound(plan: Plan, name: str, key: SortKey, value: Any) -> Filter:
    """Bound the first key outside the ``$or``, so that an index is entered at the right place."""
    if value is None:
        return {name: None} if key.descending else {}
    if not key.descending:
        return {name: {"$gte": value}}
    return {name: {"$lte": value} if _has_value(plan, name) else {"$not": {"$gt": value}}}


def _has_value(plan: Plan, name: str) -> bool:
    """Tell whether every match has the field, so that none is left for the end."""
    test = plan.filter.get(name)
    return name in {"_id", "t"} or (isinstance(test, dict) and bool(test.keys() & RANGES))


def page(plan: Plan, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give the collection to begin at and the stages that find one page."""
    best: list[Stage] = [{"$limit": plan.limit + 1}]
    by_order: list[Stage] = [{"$sort": order(plan)}]
    served: list[Stage] = [{"$project": projection(plan)}]
    start = [*_computed(plan), *_positioned(plan), *by_order]
    return _begun(plan, [*start, *_checked(plan), *best, *served], by_order + best, chain_limit)


def count(plan: Plan, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give the collection to begin at and the stages that count all matches."""
    known: list[Stage] = [{"$project": {"_id": 1}}]
    return _begun(plan, [*_checked(plan), *known], [{"$count": "n"}], chain_limit)


def _computed(plan: Plan) -> list[Stage]:
    """Compute the keys that hold several values: the least counts, or the greatest."""
    pairs = zip(fields(plan), plan.sort, strict=True)
    made = {
        name: {"$max" if key.descending else "$min": f"${key.field}"}
        for name, key in pairs
        if key.many
    }
    return [{"$set": made}] if made else []


def _positioned(plan: Plan) -> list[Stage]:
    return [{"$match": beyond(plan)}] if plan.after else []


def _driver(plan: Plan) -> Join | None:
    return next((each for each in plan.joins if each.driving), None)


def _begun(
    plan: Plan, stages: list[Stage], ending: list[Stage], chain_limit: int
) -> tuple[str, list[Stage]]:
    """Begin at the searched type, or at the few resources that a driving join expects.

    ``ending`` puts together what ``stages`` found from several beginnings.
    """
    own: list[Stage] = [{"$match": plan.filter}] if plan.filter else []
    driver = _driver(plan)
    if driver is None:
        counts = ending if "$count" in ending[0] else []
        return plan.resource_type, own + stages + counts
    joined = {
        "from": plan.resource_type,
        "localField": "ids",
        "foreignField": driver.field if driver.forward else "_id",
        "pipeline": own + stages,
        "as": "r",
    }
    return driver.resource_type, [
        *_beginning(plan, driver, chain_limit),
        {"$lookup": joined},
        {"$unwind": "$r"},
        {"$replaceRoot": {"newRoot": "$r"}},
        *ending,
    ]


def _beginning(plan: Plan, driver: Join, limit: int) -> list[Stage]:
    """Make ``ids``: what the searched resources refer to, or their own ids."""
    if driver.few:
        key = {"$concat": [driver.resource_type + "/", "$_id"]}
        return [{"$match": driver.filter}, {"$project": {"ids": key}}]
    found = _targets(driver, limit) if driver.forward else _referred(plan, driver, limit)
    return [*found, {"$set": {"ids": _unless_too_many(limit)}}]


def _targets(join: Join, limit: int) -> list[Stage]:
    """Collect what the references to the join's matches look like."""
    key = {"$concat": [join.resource_type + "/", "$_id"]}
    return [
        {"$match": join.filter},
        {"$limit": limit + 1},
        {"$project": {"_id": 1}},
        {"$group": {"_id": None, "ids": {"$push": key}}},
    ]


def _referred(plan: Plan, join: Join, limit: int) -> list[Stage]:
    """Collect the ids that the join's matches refer to, each once."""
    start = plan.resource_type + "/"
    within = {"$gte": start, "$lt": start[:-1] + "0"}
    return [
        {"$match": join.filter},
        {"$unwind": f"${join.field}"},
        {"$match": {join.field: within}},
        {"$group": {"_id": f"${join.field}"}},
        {"$limit": limit + 1},
        {"$group": {"_id": None, "ids": {"$push": _rest_of("$_id", start)}}},
    ]


def _rest_of(value: str, start: str) -> dict[str, Any]:
    return {"$substrBytes": [value, len(start), -1]}


def _unless_too_many(limit: int) -> dict[str, Any]:
    """Keep the ids, or fail the whole aggregation with TOO_MANY: an empty text is no number."""
    failure = {"$toInt": {"$substrBytes": [{"$first": "$ids"}, 0, 0]}}
    return {"$cond": [{"$gt": [{"$size": "$ids"}, limit]}, failure, "$ids"]}


def _checked(plan: Plan) -> list[Stage]:
    """Keep those candidates for which the other joins find something, looked up one by one."""
    driver = _driver(plan)
    joins = [each for each in plan.joins if each is not driver]
    return [stage for at, each in enumerate(joins) for stage in _check(plan, each, f"_j{at}")]


def _check(plan: Plan, join: Join, name: str) -> list[Stage]:
    keys: Any = {"$concat": [plan.resource_type + "/", "$_id"]}
    if join.forward:
        keys = _ids_in(join.field, join.resource_type + "/")
    joined = {
        "from": join.resource_type,
        "localField": name,
        "foreignField": "_id" if join.forward else join.field,
        "pipeline": [{"$match": join.filter}, {"$limit": 1}, {"$project": {"_id": 1}}],
        "as": name,
    }
    return [{"$set": {name: keys}}, {"$lookup": joined}, {"$match": {name: {"$ne": []}}}]


def _ids_in(field: str, start: str) -> dict[str, Any]:
    """Take the ids out of a field with one reference, several or none."""
    given: Any = {
        "$cond": [{"$isArray": f"${field}"}, f"${field}", [{"$ifNull": [f"${field}", ""]}]]
    }
    ours: Any = {"$eq": [{"$substrBytes": ["$$r", 0, len(start)]}, start]}
    kept: Any = {"$filter": {"input": given, "as": "r", "cond": ours}}
    return {"$map": {"input": kept, "as": "r", "in": _rest_of("$$r", start)}}


def branch(plan: Plan, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give a page of any plan as an aggregation, so that others can join it."""
    if not is_plain(plan):
        return page(plan, chain_limit)
    stages: list[Stage] = [
        {"$match": match(plan)},
        {"$sort": order(plan)},
        {"$limit": plan.limit + 1},
        {"$project": projection(plan)},
    ]
    return plan.resource_type, stages


def united(branches: Sequence[tuple[str, list[Stage]]]) -> tuple[str, list[Stage]]:
    """Run branches one after the other in one command; ``q`` numbers whose a document is."""
    first, *others = [
        (kind, [*stages, {"$set": {"q": {"$literal": number}}}])
        for number, (kind, stages) in enumerate(branches)
    ]
    unions = [{"$unionWith": {"coll": kind, "pipeline": stages}} for kind, stages in others]
    return first[0], [*first[1], *unions]


def included(branches: Sequence[tuple[str, Filter]], limit: int) -> tuple[str, list[Stage]]:
    """Find what is to be included, of several types in one command."""
    parts = [(kind, _branch(kind, wanted, limit)) for kind, wanted in branches]
    (first, stages), others = parts[0], parts[1:]
    unions: list[Stage] = [
        {"$unionWith": {"coll": kind, "pipeline": each}} for kind, each in others
    ]
    return first, [*stages, *unions]


def _branch(kind: str, wanted: Filter, limit: int) -> list[Stage]:
    served = {**SERVED, "k": {"$literal": kind}}
    return [{"$match": wanted}, {"$limit": limit + 1}, {"$project": served}]
