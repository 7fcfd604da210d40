"""Searches as MongoDB runs them: a Plan becomes a filter, or the stages of an aggregation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.search.plan import KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fhir_server.search.plan import Filter, Join, Plan, SortKey

    Branch = tuple[str, Filter, tuple[Join, ...]]

Stage = dict[str, Any]

SERVED = {"v": 1, "t": 1, "m": 1, "raw": 1, "at": 1}
TOO_MANY = 241
NOTHING: Filter = {"_id": {"$in": []}}
RANGES = frozenset({"$gt", "$gte", "$lt", "$lte"})


def is_plain(plan: Plan) -> bool:
    """Tell whether a simple find can answer: no join, no key to be computed."""
    return not (plan.joins or plan.also) and not any(key.many for key in plan.sort)


def fields(plan: Plan) -> list[str]:
    """Name the field that each sort key reads, computed ones as they are called here."""
    return [f"_s{at}" if key.many else key.field for at, key in enumerate(plan.sort)]


def order(plan: Plan, *, kinds: bool = False) -> dict[str, int]:
    """Give the sort as MongoDB takes it; within one type the type itself sorts nothing."""
    return {
        name: -1 if key.descending else 1
        for name, key in zip(fields(plan), plan.sort, strict=True)
        if kinds or key.field != KIND
    }


def projection(plan: Plan) -> dict[str, int]:
    """Give what a match must bring: what is served, its sort values, its references to follow."""
    wanted: dict[str, int] = dict(SERVED)
    for name in fields(plan):
        wanted[name] = 1
    for each in plan.includes:
        if each.forward and each.source_type == plan.resource_type:
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
        if key.field == KIND:
            if plan.resource_type == value:
                continue
            choices += [{**equal}] if plan.resource_type > value else []
            break
        further = _further(plan, name, key, value)
        if further is not None:
            choices.append({**equal, **further})
        equal[name] = value
    if len(choices) == 1:
        return choices[0]
    if not choices:
        return NOTHING
    if plan.sort[0].field == KIND:
        return {"$or": choices}
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
    if plan.also:
        return _several(plan, chain_limit)
    best: list[Stage] = [{"$limit": plan.limit + 1}]
    by_order: list[Stage] = [{"$sort": order(plan)}]
    served: list[Stage] = [{"$project": projection(plan)}]
    start = [*_computed(plan), *_positioned(plan), *by_order]
    driver = _driver(plan.joins)
    stages = [*start, *_checked(plan.resource_type, plan.joins), *best, *served]
    if driver is None:
        return plan.resource_type, [*_own(plan.filter), *stages]
    stages = [*_own(plan.filter), *stages]
    return _begun(plan.resource_type, driver, stages, by_order + best, chain_limit)


def _several(plan: Plan, chain_limit: int) -> tuple[str, list[Stage]]:
    """Find the page of each type, and of them all the first."""
    parts = []
    for each in (plan, *plan.also):
        begun, stages = page(replace(each, also=(), after=plan.after), chain_limit)
        parts.append((begun, [*stages, {"$set": {KIND: {"$literal": each.resource_type}}}]))
    (first, stages), others = parts[0], parts[1:]
    unions: list[Stage] = [{"$unionWith": {"coll": c, "pipeline": p}} for c, p in others]
    ending: list[Stage] = [{"$sort": order(plan, kinds=True)}, {"$limit": plan.limit + 1}]
    return first, [*stages, *unions, *ending]


def count(plan: Plan, chain_limit: int) -> tuple[str, list[Stage]]:
    """Give the collection to begin at and the stages that count all matches."""
    known: list[Stage] = [{"$project": {"_id": 1}}]
    parts = []
    for each in (plan, *plan.also):
        begun, stages = stream(each.resource_type, each.filter, each.joins, chain_limit)
        parts.append((begun, [*stages, *known]))
    (first, stages), others = parts[0], parts[1:]
    unions: list[Stage] = [{"$unionWith": {"coll": c, "pipeline": p}} for c, p in others]
    return first, [*stages, *unions, {"$count": "n"}]


def stream(
    kind: str, wanted: Filter, joins: Sequence[Join], chain_limit: int
) -> tuple[str, list[Stage]]:
    """Give the collection to begin at and the stages that find all of a type that match."""
    driver = _driver(joins)
    stages = [*_own(wanted), *_checked(kind, joins)]
    if driver is None:
        return kind, stages
    return _begun(kind, driver, stages, [], chain_limit)


def _own(wanted: Filter) -> list[Stage]:
    return [{"$match": wanted}] if wanted else []


def _computed(plan: Plan) -> list[Stage]:
    """Compute the keys that hold several values: the least counts, or the greatest."""
    pairs = zip(fields(plan), plan.sort, strict=True)
    made = {name: _extreme(key) for name, key in pairs if key.many}
    return [{"$set": made}] if made else []


def _extreme(key: SortKey) -> dict[str, Any]:
    which = "$max" if key.descending else "$min"
    if not key.others:
        return {which: f"${key.field}"}
    return {which: [{which: f"${each}"} for each in (key.field, *key.others)]}


def _positioned(plan: Plan) -> list[Stage]:
    return [{"$match": beyond(plan)}] if plan.after else []


def _driver(joins: Sequence[Join]) -> Join | None:
    return next((each for each in joins if each.driving), None)


def _begun(
    kind: str, driver: Join, stages: list[Stage], ending: list[Stage], chain_limit: int
) -> tuple[str, list[Stage]]:
    """Begin at the few resources that a driving join expects, and go on to the searched type.

    ``ending`` puts together what ``stages`` found from several beginnings.
    """
    begun, found = _beginning(kind, driver, chain_limit)
    joined = {
        "from": kind,
        "localField": "ids",
        "foreignField": driver.field if driver.forward else "_id",
        "pipeline": stages,
        "as": "r",
    }
    return begun, [
        *found,
        {"$lookup": joined},
        {"$unwind": "$r"},
        {"$replaceRoot": {"newRoot": "$r"}},
        *ending,
    ]


def _beginning(kind: str, driver: Join, limit: int) -> tuple[str, list[Stage]]:
    """Make ``ids``: what the searched resources refer to, or their own ids."""
    if driver.few:
        key = {"$concat": [driver.resource_type + "/", "$_id"]}
        return driver.resource_type, [{"$match": driver.filter}, {"$project": {"ids": key}}]
    parts = [_ends(kind, each, limit) for each in (driver, *driver.others)]
    (first, stages), others = parts[0], parts[1:]
    unions: list[Stage] = [{"$unionWith": {"coll": c, "pipeline": p}} for c, p in others]
    merged: list[Stage] = [{"$group": {"_id": "$_id"}}] if others else []
    return first, [
        *stages,
        *unions,
        *merged,
        {"$limit": limit + 1},
        {"$group": {"_id": None, "ids": {"$push": "$_id"}}},
        {"$set": {"ids": _unless_too_many(limit)}},
    ]


def _ends(kind: str, join: Join, limit: int) -> tuple[str, list[Stage]]:
    """Give as ``_id`` the references to the join's matches, or what these refer to, each once."""
    begun, found = stream(join.resource_type, join.filter, join.joins, limit)
    if join.forward:
        key = {"$concat": [join.resource_type + "/", "$_id"]}
        return begun, [*found, {"$limit": limit + 1}, {"$project": {"_id": key}}]
    start = kind + "/"
    within = {"$gte": start, "$lt": start[:-1] + "0"}
    return begun, [
        *found,
        {"$unwind": f"${join.field}"},
        {"$match": {join.field: within}},
        {"$group": {"_id": f"${join.field}"}},
        {"$limit": limit + 1},
        {"$project": {"_id": _rest_of("$_id", start)}},
    ]


def _rest_of(value: str, start: str) -> dict[str, Any]:
    return {"$substrBytes": [value, len(start), -1]}


def _unless_too_many(limit: int) -> dict[str, Any]:
    """Keep the ids, or fail the whole aggregation with TOO_MANY: an empty text is no number."""
    failure = {"$toInt": {"$substrBytes": [{"$first": "$ids"}, 0, 0]}}
    return {"$cond": [{"$gt": [{"$size": "$ids"}, limit]}, failure, "$ids"]}


def _checked(kind: str, joins: Sequence[Join], *, even_drivers: bool = False) -> list[Stage]:
    """Keep those candidates for which the other joins find something, looked up one by one."""
    driver = None if even_drivers else _driver(joins)
    looked = [each for each in joins if each is not driver]
    return [stage for at, each in enumerate(looked) for stage in _check(kind, each, f"_j{at}")]


def _check(kind: str, join: Join, name: str) -> list[Stage]:
    ways = (join, *join.others)
    names = [name if len(ways) == 1 else f"{name}_{at}" for at in range(len(ways))]
    pairs = list(zip(names, ways, strict=True))
    tests: list[Filter] = [{each: {"$ne": []}} for each in names]
    if join.unless:
        tests.append(join.unless)
    return [
        {"$set": {each: _keys(kind, way) for each, way in pairs}},
        *({"$lookup": _looked_up(each, way)} for each, way in pairs),
        {"$match": tests[0] if len(tests) == 1 else {"$or": tests}},
    ]


def _keys(kind: str, join: Join) -> Any:
    if join.forward:
        return _ids_in(join.field, join.resource_type + "/")
    return {"$concat": [kind + "/", "$_id"]}


def _looked_up(name: str, join: Join) -> Stage:
    nested = _checked(join.resource_type, join.joins, even_drivers=True)
    ending: list[Stage] = [{"$limit": 1}, {"$project": {"_id": 1}}]
    return {
        "from": join.resource_type,
        "localField": name,
        "foreignField": "_id" if join.forward else join.field,
        "pipeline": [{"$match": join.filter}, *nested, *ending],
        "as": name,
    }


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


def included(
    branches: Sequence[Branch], limit: int, fields: Mapping[str, Iterable[str]]
) -> tuple[str, list[Stage]]:
    """Find what is to be included, of several types in one command.

    ``fields`` names by type the references that are to be followed further.
    """
    parts = [(each[0], _branch(each, limit, fields.get(each[0], ()))) for each in branches]
    (first, stages), others = parts[0], parts[1:]
    unions: list[Stage] = [
        {"$unionWith": {"coll": kind, "pipeline": each}} for kind, each in others
    ]
    return first, [*stages, *unions]


def _branch(branch: Branch, limit: int, fields: Iterable[str]) -> list[Stage]:
    kind, wanted, joins = branch
    served = {**SERVED, **dict.fromkeys(fields, 1), KIND: {"$literal": kind}}
    found = [{"$match": wanted}, *_checked(kind, joins, even_drivers=True)]
    return [*found, {"$limit": limit + 1}, {"$project": served}]
