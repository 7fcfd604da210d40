"""Functions that ask, filter, cut and join collections.

Each takes the collection, the frame, and its arguments not yet evaluated.

https://hl7.org/fhirpath/N1/#existence
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.evaluation import Frame, single, truth
from fhir_server.resources.fhirpath.operators import boolean
from fhir_server.resources.fhirpath.values import Items, distinct, key, kind_of, order, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Argument = Callable[[Frame], Items]


def _each(items: Items, frame: Frame) -> Iterator[tuple[Any, Frame]]:
    frame.world.spend(len(items))
    for index, item in enumerate(items):
        yield item, Frame(frame.world, [item], index, frame.total)


def _value(frame: Frame, argument: Argument, what: str = "argument") -> Any:
    return single(argument(frame), what)


def _where(items: Items, frame: Frame, criterion: Argument) -> Items:
    return [item for item, inner in _each(items, frame) if truth(criterion(inner)) is True]


def _exists(items: Items, frame: Frame, *criterion: Argument) -> Items:
    return [bool(_where(items, frame, *criterion) if criterion else items)]


def _all(items: Items, frame: Frame, criterion: Argument) -> Items:
    return [all(truth(criterion(inner)) is True for _, inner in _each(items, frame))]


def _select(items: Items, frame: Frame, projection: Argument) -> Items:
    return [found for _, inner in _each(items, frame) for found in projection(inner)]


def _repeat(items: Items, frame: Frame, projection: Argument) -> Items:
    met: set[Any] = set()
    found: Items = []
    fresh = items
    while fresh:
        projected = _select(fresh, frame, projection)
        fresh = []
        for item in projected:
            mark = (
                key(item)
                if plain(item) is not item or not hasattr(item, "path")
                else id(item.value)
            )
            if mark not in met:
                met.add(mark)
                fresh.append(item)
        found += fresh
    return found


def _aggregate(items: Items, frame: Frame, step: Argument, start: Argument | None = None) -> Items:
    total = start(frame) if start else []
    for index, item in enumerate(items):
        frame.world.spend(len(total))
        total = step(Frame(frame.world, [item], index, total))
    return total


def _booleans(items: Items) -> list[bool]:
    values = [plain(item) for item in items]
    if not all(isinstance(value, bool) for value in values):
        raise Inapplicable("Booleans are expected.")
    return values


def _all_true(items: Items, _: Frame) -> Items:
    return [all(_booleans(items))]


def _any_true(items: Items, _: Frame) -> Items:
    return [any(_booleans(items))]


def _all_false(items: Items, _: Frame) -> Items:
    return [not any(_booleans(items))]


def _any_false(items: Items, _: Frame) -> Items:
    return [not all(_booleans(items))]


def _keys(items: Items, frame: Frame) -> set[Any]:
    frame.world.spend(len(items))
    return {key(item) for item in items}


def _subset(items: Items, frame: Frame, other: Argument) -> Items:
    return [_keys(items, frame) <= _keys(other(frame), frame)]


def _superset(items: Items, frame: Frame, other: Argument) -> Items:
    return [_keys(items, frame) >= _keys(other(frame), frame)]


def _distinct(items: Items, frame: Frame) -> Items:
    frame.world.spend(len(items))
    return distinct(items)


def _is_distinct(items: Items, frame: Frame) -> Items:
    return [len(_keys(items, frame)) == len(items)]


def _single(items: Items, _: Frame) -> Items:
    if len(items) > 1:
        raise Inapplicable(f"single() met {len(items)} items.")
    return items


def _count_of(frame: Frame, argument: Argument) -> int:
    value = _value(frame, argument, "number")
    if not isinstance(value, int):
        raise Inapplicable("skip and take need an integer.")
    return max(value, 0)


def _skip(items: Items, frame: Frame, count: Argument) -> Items:
    return items[_count_of(frame, count) :]


def _take(items: Items, frame: Frame, count: Argument) -> Items:
    return items[: _count_of(frame, count)]


def _intersect(items: Items, frame: Frame, other: Argument) -> Items:
    known = _keys(other(frame), frame)
    return [item for item in distinct(items) if key(item) in known]


def _exclude(items: Items, frame: Frame, other: Argument) -> Items:
    known = _keys(other(frame), frame)
    return [item for item in items if key(item) not in known]


def _union(items: Items, frame: Frame, other: Argument) -> Items:
    return _distinct([*items, *other(frame)], frame)


def _combine(items: Items, frame: Frame, other: Argument) -> Items:
    both = [*items, *other(frame)]
    frame.world.spend(len(both))
    return both


def _iif(
    items: Items, frame: Frame, criterion: Argument, yes: Argument, no: Argument | None = None
) -> Items:
    if len(items) > 1:
        raise Inapplicable(f"iif() looks at one item, not at {len(items)}.")
    inner = Frame(frame.world, items or frame.this, frame.index, frame.total)
    if truth(criterion(inner), strict=frame.world.strict):
        return yes(inner)
    return no(inner) if no else []


def _not(items: Items, _: Frame) -> Items:
    value = truth(items)
    return boolean(None if value is None else not value)


def _sort(items: Items, frame: Frame, *criteria: Argument) -> Items:
    rows = [
        ([single(each(inner)) for each in criteria] if criteria else [plain(item)], item)
        for item, inner in _each(items, frame)
    ]
    rows.sort(key=cmp_to_key(_first))
    return [item for _, item in rows]


def _first(left: tuple[list[Any], Any], right: tuple[list[Any], Any]) -> int:
    for one, other in zip(left[0], right[0], strict=True):
        if one is None or other is None:
            found = (one is not None) - (other is not None)
        else:
            found = order(one, other) or 0
        if found:
            return found
    return 0


def _type(items: Items, _: Frame) -> Items:
    return [kind_of(item) for item in items]


def _trace(items: Items, frame: Frame, name: Argument, projection: Argument | None = None) -> Items:
    shown = _select(items, frame, projection) if projection else items
    frame.world.hooks.trace(str(_value(frame, name)), shown)
    return items


FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    "empty": (lambda items, _: [not items], 0, 0),
    "exists": (_exists, 0, 1),
    "all": (_all, 1, 1),
    "allTrue": (_all_true, 0, 0),
    "anyTrue": (_any_true, 0, 0),
    "allFalse": (_all_false, 0, 0),
    "anyFalse": (_any_false, 0, 0),
    "subsetOf": (_subset, 1, 1),
    "supersetOf": (_superset, 1, 1),
    "count": (lambda items, _: [len(items)], 0, 0),
    "distinct": (_distinct, 0, 0),
    "isDistinct": (_is_distinct, 0, 0),
    "where": (_where, 1, 1),
    "select": (_select, 1, 1),
    "repeat": (_repeat, 1, 1),
    "aggregate": (_aggregate, 1, 2),
    "single": (_single, 0, 0),
    "first": (lambda items, _: items[:1], 0, 0),
    "last": (lambda items, _: items[-1:], 0, 0),
    "tail": (lambda items, _: items[1:], 0, 0),
    "skip": (_skip, 1, 1),
    "take": (_take, 1, 1),
    "intersect": (_intersect, 1, 1),
    "exclude": (_exclude, 1, 1),
    "union": (_union, 1, 1),
    "combine": (_combine, 1, 1),
    "iif": (_iif, 2, 3),
    "not": (_not, 0, 0),
    "sort": (_sort, 0, 8),
    "type": (_type, 0, 0),
    "trace": (_trace, 1, 2),
}
