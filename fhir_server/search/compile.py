"""How a search asks the index: a Query becomes a Plan. Pure.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search import chain, date, include
from fhir_server.search.criteria import Both, Criterion, Either, Neither
from fhir_server.search.escapes import cut
from fhir_server.search.kinds import KINDS, OF_CODES
from fhir_server.search.plan import KIND, Plan, SortKey

if TYPE_CHECKING:
    from fhir_server.config import Settings
    from fhir_server.search.criteria import Condition
    from fhir_server.search.field import Component, Field, Place, SearchParameter
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.plan import Filter
    from fhir_server.search.query import Query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SORTABLE = frozenset({"string", "token", "reference", "date", "number", "quantity", "uri"})


def compile(query: Query, parameters: Parameters, settings: Settings) -> Plan:
    """Compile one page of a search.

    Raises BadRequest for values that cannot be read, NotSupported for what is not answered.
    """
    if query.each:
        return _several(query, parameters, settings)
    place = parameters.place
    own, chains = chain.parted(query.criteria)

    def compiled(asked: Condition, _resource_type: str = "") -> Filter:
        return condition(asked, place)

    count = settings.count_default if query.count is None else query.count
    return Plan(
        query.resource_type,
        both([compiled(each) for each in own]),
        chain.joins(chains, own, compiled),
        _sort(query),
        query.after,
        min(count, settings.count_limit),
        tuple(each for one in query.includes for each in include.compiled(one)),
        query.total,
        count == 0 or query.summary == "count",
    )


def _several(query: Query, parameters: Parameters, settings: Settings) -> Plan:
    """Compile a search over several types: the types in order, within what is sorted by."""
    plans = []
    for each in query.each:
        plan = compile(replace(each, after=query.after), parameters, settings)
        keys = [replace(key, many=key.field != "t") for key in plan.sort if key.field != "_id"]
        ending = (SortKey(KIND), SortKey("_id", plan.sort[-1].descending))
        plans.append(replace(plan, sort=(*keys, *ending)))
    return replace(plans[0], also=tuple(plans[1:]))


def condition(asked: Condition, place: Place) -> Filter:
    """Compile what is asked of the resource itself to a filter."""
    if isinstance(asked, Criterion):
        return criterion(asked, place)
    match asked:
        case Either(conditions):
            return either([condition(each, place) for each in conditions])
        case Both(conditions):
            return both([condition(each, place) for each in conditions])
        case Neither(conditions):
            return {"$nor": [condition(each, place) for each in conditions]}
    raise NotSupported("A chain or _has cannot stand inside or, not or parentheses of _filter.")


def both(filters: list[Filter]) -> Filter:
    """Join filters that must all hold."""
    merged: Filter = {}
    for each in filters:
        if merged.keys() & each.keys():
            return {"$and": filters}
        merged |= each
    return merged


def either(filters: list[Filter]) -> Filter:
    """Join filters of which one must hold; several equalities of a field are one test."""
    if len(filters) == 1:
        return filters[0]
    if all(len(each) == 1 and each.keys() == filters[0].keys() for each in filters):
        (path,) = filters[0]
        values = [value for each in filters for value in _equals(each[path])]
        if None not in values and not path.startswith("$"):
            return {path: {"$in": values}}
    return {"$or": filters}


def _equals(test: Any) -> list[Any]:
    if isinstance(test, list):
        return [None]
    if isinstance(test, dict):
        return list(test["$in"]) if test.keys() == {"$in"} else [None]
    return [test]


def negation(test: Filter) -> Filter:
    """Turn a filter round: what does not match it, also for want of any value."""
    if len(test) == 1:
        ((path, value),) = test.items()
        if not path.startswith("$") and not isinstance(value, dict):
            return {path: {"$ne": value}}
        if isinstance(value, dict) and value.keys() == {"$in"}:
            return {path: {"$nin": value["$in"]}}
    return {"$nor": [test]}


def criterion(asked: Criterion, place: Place) -> Filter:
    """Compile one parameter with all its values to a filter."""
    parameter = asked.parameter
    if parameter.refused:
        raise NotSupported(parameter.refused)
    if asked.modifier == "missing":
        return _missing(parameter, asked.values)
    found = either([_value(parameter, asked.modifier, each, place) for each in asked.values])
    return negation(found) if asked.modifier == "not" and parameter.type == "token" else found


def _value(parameter: SearchParameter, modifier: str | None, value: str, place: Place) -> Filter:
    if parameter.type == "composite":
        return _composite(parameter, modifier, value, place)
    kind = OF_CODES.get(parameter.code) or KINDS[parameter.type]
    tests = []
    for each in parameter.fields:
        if each.path == "t":
            tests.append(_instant(modifier, value, place))
        else:
            tests.append(kind.condition(each, modifier, value, place))
    return either(tests)


def _instant(modifier: str | None, value: str, place: Place) -> Filter:
    """Ask the time of the last change, which the store keeps as one instant, not as a range."""
    if modifier is not None:
        raise NotSupported(f"Modifier :{modifier} is not supported on _lastUpdated.")
    prefix, start, end = date.asked(value, place)
    low, high = _moment(start), _moment(end)
    match prefix:
        case "ne":
            return {"$or": [{"t": {"$lt": low}}, {"t": {"$gte": high}}]}
        case "gt" | "sa":
            return {"t": {"$gte": high}}
        case "lt" | "eb":
            return {"t": {"$lt": low}}
        case "ge":
            return {"t": {"$gte": low}}
        case "le":
            return {"t": {"$lt": high}}
    return {"t": {"$gte": low, "$lt": high}}


def _moment(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if milliseconds > 0 else _EPOCH


def _composite(
    parameter: SearchParameter, modifier: str | None, value: str, place: Place
) -> Filter:
    if modifier is not None:
        raise NotSupported(f"Modifier :{modifier} is not supported on composite parameters.")
    parts = cut(value, "$")
    wanted = [each.parameter for each in parameter.components]
    if len(parts) != len(wanted) or not all(parts):
        raise BadRequest(f"{parameter.code}={value!r}: right would be {'$'.join(wanted)}.")
    tests = []
    if parameter.pairs:
        pairs = zip(parameter.pairs, parts, strict=True)
        tests.append(both([_value(each, None, part, place) for each, part in pairs]))
    inside = zip(parameter.components, parts, strict=True)
    together = both([_component(each, part, place) for each, part in inside])
    tests += [{each.path: {"$elemMatch": together}} for each in parameter.fields]
    return either(tests)


def _component(component: Component, value: str, place: Place) -> Filter:
    return KINDS[component.type].condition(component.field, None, value, place)


def _missing(parameter: SearchParameter, values: tuple[str, ...]) -> Filter:
    if values not in {("true",), ("false",)}:
        raise BadRequest(f"{parameter.code}:missing is asked as true or false.")
    there = [{each.path: {"$ne": None}} for each in parameter.fields]
    if parameter.pairs:
        there.append(both([_missing(each, ("false",)) for each in parameter.pairs]))
    if values == ("false",):
        return either(there)
    if parameter.pairs:
        return {"$nor": there}
    return both([{each.path: None} for each in parameter.fields])


def _sort(query: Query) -> tuple[SortKey, ...]:
    keys = [_key(each.parameter, descending=each.descending) for each in query.sort]
    descending = bool(keys) and keys[-1].descending
    if any(key.field == "_id" for key in keys):
        place = next(at for at, key in enumerate(keys) if key.field == "_id")
        return tuple(keys[: place + 1])
    return (*keys, SortKey("_id", descending))


def _key(parameter: SearchParameter, *, descending: bool) -> SortKey:
    if parameter.refused:
        raise NotSupported(parameter.refused)
    if parameter.type not in SORTABLE or not parameter.fields:
        raise NotSupported(f"Sorting by {parameter.code} is not supported.")
    paths = [_sorted_by(field, parameter.type) for field in parameter.fields]
    many = len(paths) > 1 or parameter.fields[0].many
    return SortKey(paths[0], descending, many, tuple(paths[1:]))


def _sorted_by(field: Field, kind: str) -> str:
    if field.path in {"t", "_id"}:
        return field.path
    suffix: str = KINDS[kind].SORT  # type: ignore[attr-defined]
    return field.path + suffix
